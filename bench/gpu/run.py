"""python -m bench.gpu.run: measures on this machine's GPU what bench.gpu.prepare left.

Our models against jax.jit of discretax, rewritten scans in JAX and PyTorch, each where it is
installed. All of a job are alive at the same time and take turns; each has shown before that
its outputs agree with those in f64. A run ends when the GPU has finished. Writes
gpu-measured.json and gpu-measured.md; says so, and fails, where there is no GPU.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import drive
from bench.drive import Program
from bench.gpu import measured
from bench.native import python_environment
from bench.workloads import STEPS, WORKLOADS

# Streams that fill any GPU, in memory that peers have.
LARGE = {"W1": 1024, "W2": 128, "W3": 128, "W4": 128, "tiny": 4}
STEP_BATCHES = (1, 64, 4096)
SEQUENCE_PEERS = ("jax:discretax", "jax:two", "jax:bmm", "torch:compile_bmm")
STEP_PEERS = ("jax:step_natural", "jax:step_real", "torch:compile_step")
# f32 products as on a CPU: by default JAX rounds their factors to TF32. And memory is shared.
ENVIRONMENT = {
    "JAX_DEFAULT_MATMUL_PRECISION": "highest",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
}
# As in the benchmark for CPUs: discretax's own f32 scan is 3e-3 off on W3.
TOLERANCES = {"discretax": 1e-2}


class NoGpu(RuntimeError):
    """Why nothing can be measured."""


class Bench:
    def __init__(self, folder: Path, seconds: float, with_peers: bool):
        self.folder, self.seconds, self.with_peers = folder.resolve(), seconds, with_peers
        self.harness = self.folder / "bin/gpu-harness"
        file = self.folder / "gpu.json"
        if not file.exists() or not self.harness.exists():
            raise RuntimeError(f"{folder}: not prepared; `python -m bench.gpu.prepare` does")
        self.models = json.loads(file.read_text())["models"]

    def probe(self) -> dict[str, Any]:
        done = subprocess.run([self.harness, "mode=probe"], capture_output=True, text=True)
        if done.returncode:
            raise NoGpu(done.stderr.strip().removeprefix("harness: "))
        return json.loads(done.stdout)

    def ours(self, name: str, mode: str, batch: int) -> Program:
        w, model = WORKLOADS[name], self.models[name]
        values = {
            "mode": mode,
            "library": self.folder / model["library"],
            "name": name,
            "state": model["STATE_BYTES"],
            "inputs": model["INPUT_FEATURES"],
            "outputs": model["OUTPUT_FEATURES"],
            "x": self.folder / "data" / name / "x.f32",
            "batch": batch,
            "length": w.length if mode == "forward" else STEPS,
            "checked": min(batch, w.batch),
        }
        truth = self.folder / "data" / name / "truth.npy" if mode == "forward" else None
        return Program(
            f"ssmc {mode}", [self.harness, *(f"{k}={v}" for k, v in values.items())], truth=truth
        )

    def peers(self, specs: tuple[str, ...], name: str, batch: int) -> list[Program]:
        if not self.with_peers:
            return []
        return [self.peer(*spec.split(":"), name, batch) for spec in installed(specs)]

    def peer(self, library: str, variant: str, name: str, batch: int) -> Program:
        module = "bench.gpu.run_torch" if library == "torch" else f"bench.peers.run_{library}"
        command = [sys.executable, "-m", module, "--data", self.folder / "data"]
        command += ["--cache", self.folder / "cache", "--workload", name, "--threads", 2]
        command += ["--batch", batch, "--variant", variant]
        return Program(
            f"{library} {variant}",
            command,
            threads=2,
            tolerance=TOLERANCES.get(variant, 1e-3),
            environment=python_environment() | ENVIRONMENT,
        )

    def measure(self, call: str, name: str, batch: int, programs: list[Program]) -> dict[str, Any]:
        print(f"{call} {name}, batch {batch}", file=sys.stderr, flush=True)
        length = WORKLOADS[name].length if call == "forward" else 1
        rows = drive.measure(programs, self.seconds)
        flops = WORKLOADS[name].flops(batch, length)
        return {"call": call, "workload": name, "batch": batch, "flops": flops, "rows": rows}


def installed(specs: tuple[str, ...]) -> tuple[str, ...]:
    """Peers whose libraries are there; says which are not."""
    found = tuple(s for s in specs if importlib.util.find_spec(s.split(":")[0]))
    for spec in sorted(set(specs) - set(found)):
        print(f"left out: {spec}, not installed", file=sys.stderr)
    return found


def run(bench: Bench, names: list[str], calls: list[str]) -> list[dict[str, Any]]:
    jobs = []
    for name in names:
        if "forward" in calls:
            for batch in sorted({1, WORKLOADS[name].batch, LARGE.get(name, 128)}):
                programs = [bench.ours(name, "forward", batch)]
                programs += bench.peers(SEQUENCE_PEERS, name, batch)
                jobs.append(bench.measure("forward", name, batch, programs))
        if "step" in calls:
            for batch in STEP_BATCHES:
                programs = [bench.ours(name, mode, batch) for mode in ("step", "graph")]
                programs += bench.peers(STEP_PEERS, name, batch)
                jobs.append(bench.measure("step", name, batch, programs))
    return jobs


def main() -> int:
    p = argparse.ArgumentParser(prog="python -m bench.gpu.run", description=__doc__)
    p.add_argument("--folder", type=Path, default=Path("build/bench-gpu"))
    p.add_argument("--seconds", type=float, default=5, help="that a job takes turns")
    p.add_argument("--workloads", nargs="+", help="default: all that were prepared")
    p.add_argument("--calls", nargs="+", default=["forward", "step"], choices=["forward", "step"])
    p.add_argument("--without-peers", action="store_true")
    p.add_argument("--output", type=Path, help="folder (default: that of --folder)")
    options = p.parse_args()
    try:
        bench = Bench(options.folder, options.seconds, not options.without_peers)
        results: dict[str, Any] = {"measured": True, "gpu": bench.probe()}
        names = options.workloads or list(bench.models)
        results["jobs"] = run(bench, names, options.calls)
    except (NoGpu, RuntimeError, KeyError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    output = options.output or bench.folder
    output.mkdir(parents=True, exist_ok=True)
    (output / "gpu-measured.json").write_text(json.dumps(results, indent=1) + "\n")
    text = measured.write_page(results)
    (output / "gpu-measured.md").write_text(text)
    print(text)
    return 1 if measured.has_failed(results) else 0


if __name__ == "__main__":
    sys.exit(main())
