"""python -m bench.gpu.report: what is known of the kernels of W1 to W4 without a GPU.

Compiles each workload with random weights for GPUs, and writes gpu-kernels.json and
gpu-kernels.md: registers, spills, shared memory and occupancy as ptxas says (where there is
one), bytes that have to be moved, FLOPs, and PREDICTED times on named GPUs, by roofline and by
the compiler's cost model. `--products bf16x3` is for kernels whose products are on tensor
cores: peaks are theirs then. `--count` runs a few time steps on the emulated device of the tests,
and adds the bytes that were moved there.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.gpu import emulation, ptxas, roofline, sass
from bench.gpu.page import write_page
from bench.native import Builder, BuildError, run
from bench.workloads import WORKLOADS, Workload

DEFAULT = ("W1", "W2", "W3", "W4")
STREAMS = 4096  # of a step


def batches(w: Workload) -> list[tuple[int, int]]:
    """Batches and lengths: one sequence, the benchmark's batch, and enough for any GPU."""
    return [(b, w.length) for b in sorted({1, w.batch, 1024})]


def assemble(
    build: Path, folder: Path, name: str, sms: list[int], products: str
) -> dict[str, list[dict]]:
    """ptxas' figures of a model's kernels by architecture; none without ptxas."""
    program, disassembler = ptxas.find(), sass.find()
    found = {}
    for sm in sms:
        prefix = folder / f"{name}-sm_{sm}"
        target = f"cuda:compute_{sm}"
        command = [build / "bin/ssmc", "compile", folder / f"{name}.json", "--weights", "random:1"]
        command += ["--target", target, "--products", products]
        run([*command, "--emit", "ptx", "-o", prefix])
        if program:
            kernels = ptxas.assemble(program, prefix.with_suffix(".ptx"), sm)
            found[str(sm)] = [asdict(k) for k in kernels]
            if disassembler:
                code = sass.disassemble(
                    disassembler, ptxas.cubin_of(prefix.with_suffix(".ptx"), sm)
                )
                add_loops(found[str(sm)], sass.loops(code))
    return found


def add_loops(kernels: list[dict[str, Any]], loops: list[sass.Loop]) -> None:
    """The loops of each kernel in which most of its multiply-adds are done."""
    for kernel in kernels:
        own = [loop for loop in loops if loop.kernel == kernel["name"]]
        most = max((loop.multiply_adds for loop in own), default=0)
        kernel["loops"] = [asdict(loop) for loop in own if 2 * loop.multiply_adds >= most]


def add_occupancy(report: dict[str, Any]) -> None:
    """Thread blocks and warps of an SM, for the first GPU of each architecture."""
    for sm, kernels in report["ptxas"].items():
        gpu = next(g for g in report["gpus"] if str(g["sm"]) == sm)
        launches = {k["name"]: k for k in report["kernels"][sm]}
        for kernel in kernels:
            launch = launches[kernel["name"]]
            shared = launch["shared_bytes"] + kernel["static_shared"]
            threads = launch["threads"]
            blocks = ptxas.count_blocks(gpu, threads, kernel["registers"], shared)
            occupancy = blocks * threads / gpu["threads_per_sm"]
            kernel |= {"blocks_per_sm": blocks, "occupancy": occupancy}


def code_for(gpu: dict[str, Any], sms: list[int]) -> int | None:
    """The architecture whose code a GPU runs: its own, or the newest that is older."""
    return max((sm for sm in sms if sm <= gpu["sm"]), default=None)


def predict(report: dict[str, Any], plans: dict[int, dict[str, Any]], w: Workload) -> list[dict]:
    """Rooflines, beside what the cost model predicted; GPUs without code for them are left out."""
    rows = []
    for gpu in report["gpus"]:
        sm = code_for(gpu, list(plans))
        if sm is None:
            continue
        plan = plans[sm]
        for entry in plan["predictions"]:
            if entry["gpu"] == gpu["name"]:
                batch, length = entry["batch"], entry["length"]
                flops = w.flops(batch, length)
                work = roofline.sequences(plan, flops, w.hidden, batch, length, gpu)
                for key in ("kernel", "plan"):
                    add_shares(entry[key], gpu, plan, work, batch * length)
                rows.append(entry | describe(gpu, work) | {"call": "forward"})
        work = roofline.steps(plan, w.flops(STREAMS, 1), STREAMS)
        row = {"gpu": gpu["name"], "batch": STREAMS, "length": 1, "call": "step"}
        rows.append(row | describe(gpu, work))
    return sorted(rows, key=lambda row: (row["call"], row["batch"]))


def add_shares(
    plan: dict[str, Any] | None,
    gpu: dict[str, Any],
    report: dict[str, Any],
    work: roofline.Work,
    steps: int,
) -> None:
    """Of a prediction: the share of the peak, and that of the roofline of what has to be done.

    A kernel per block has to move its rows, one for all layers inputs and answers only.
    """
    if plan:
        by_block = plan["scheme"] == "look-back"
        traffic = work.block_floor if by_block else work.memory_bytes
        seconds = plan["predicted_seconds"]
        plan["percent_of_peak"] = 100 * work.flops / seconds / (1e9 * gpu["peak_gflops"])
        needed = roofline.needed(report, gpu, steps, traffic)
        plan["percent_of_roofline"] = 100 * needed / seconds


def describe(gpu: dict[str, Any], work: roofline.Work) -> dict[str, Any]:
    seconds, bound = roofline.roofline(gpu, work)
    peak = 1e9 * gpu["peak_gflops"]
    return {
        "work": asdict(work),
        "roofline_seconds": seconds,
        "roofline_bound": bound,
        "roofline_percent_of_peak": 100 * work.flops / seconds / peak,
        "peak_gflops": gpu["peak_gflops"],
    }


def ask(
    build: Path,
    model: Path,
    sm: int,
    works: list[str],
    kernels: list[dict[str, Any]],
    products: str,
) -> dict[str, Any]:
    """Kernels and predictions of the compiler."""
    registers = [text for k in kernels for text in ("-r", f"{k['name']}={k['registers']}")]
    how = [] if products == "fma" else ["-p", products]
    return json.loads(run([build / "bin/ssm-gpu-plan", model, sm, *works, *registers, *how]))


def report_workload(
    build: Path, folder: Path, name: str, sms: list[int], products: str
) -> dict[str, Any]:
    w = WORKLOADS[name]
    model = folder / f"{name}.json"
    model.write_text(json.dumps(w.model_json()))
    command = [build / "bin/ssmc", "compile", model, "--weights", "random:1"]
    run([*command, "--emit", "model", "-o", folder / name])
    figures = assemble(build, folder, name, sms, products)
    works = [f"{batch}x{length}" for batch, length in batches(w)]
    file = folder / f"{name}.model.mlir"
    plans = {sm: ask(build, file, sm, works, figures.get(str(sm), []), products) for sm in sms}
    report = plans[sms[0]] | {"kernels": {str(sm): plan["kernels"] for sm, plan in plans.items()}}
    del report["predictions"]
    report |= {"workload": asdict(w), "flops_per_step": w.flops_of_step(), "ptxas": figures}
    report["products"] = products
    add_occupancy(report)
    report["predicted"] = predict(report, plans, w)
    return report


def count(build: Path, folder: Path, name: str, report: dict[str, Any]) -> list[dict[str, Any]]:
    driver = emulation.find_driver(build)
    if "80" not in report["kernels"]:
        raise RuntimeError("the emulated device is an sm_80: add 80 to --architectures")
    if not driver:
        raise RuntimeError(f"{build}/test/simt/libcuda.so.1: not built; `make test` does")
    rows = next(k["rows"] for k in report["kernels"]["80"] if k["name"] == "ssm_time")
    return emulation.count_workload(Builder(build, folder=folder), driver, name, folder, rows)


def main() -> int:
    p = argparse.ArgumentParser(prog="python -m bench.gpu.report", description=__doc__)
    p.add_argument("--build", type=Path, default=Path("build"))
    p.add_argument("--folder", type=Path, help="for all files (default BUILD/bench-gpu)")
    p.add_argument("--workloads", nargs="+", default=DEFAULT, choices=sorted(WORKLOADS))
    p.add_argument("--architectures", nargs="+", type=int, default=[80, 90, 100])
    p.add_argument("--products", default="fma", choices=["fma", "bf16x3", "tf32"])
    p.add_argument("--count", action="store_true", help="run on the emulated device, too")
    options = p.parse_args()
    folder = options.folder or options.build / "bench-gpu"
    folder.mkdir(parents=True, exist_ok=True)
    if not ptxas.find():
        print("no ptxas: registers, spills and occupancy are left out", file=sys.stderr)
    if options.count and options.products != "fma":
        p.error("--count runs kernels whose products are fma")
    results: dict[str, Any] = {"measured": False, "workloads": {}}
    try:
        for name in options.workloads:
            report = report_workload(
                options.build, folder, name, options.architectures, options.products
            )
            if options.count:
                report["counted"] = count(options.build, folder, name, report)
            results["workloads"][name] = report
            print(f"{name} done", file=sys.stderr)
    except (BuildError, RuntimeError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    (folder / "gpu-kernels.json").write_text(json.dumps(results, indent=1) + "\n")
    (folder / "gpu-kernels.md").write_text(write_page(results))
    print(folder / "gpu-kernels.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
