"""The report on GPU kernels as Markdown."""

from collections.abc import Iterable
from typing import Any

HEAD = """# GPU kernels, without a GPU

**Nothing on this page was measured on a GPU.** Registers, spills and shared memory are what
ptxas assigned; bytes and FLOPs are counted; every time is *predicted*: by roofline (the least
time that arithmetic, memory or the L2 cache allow) and by the compiler's cost model, which
adds what thread blocks wait for (docs/cost-model.md).

Two *predicted* shares say how good a schedule is. That of the peak counts FLOPs of products and
recurrences alone. That of the roofline is the least time of all that the algorithm has to do,
divided by the predicted one: products, what is done with their sums and scans, an operation in
the time of a multiply-add (exponentials and divisions are ten); f64 of oscillators on the units for
it; or, if that is longer, memory for 8 H bytes per time step and block (with one kernel for all
layers: inputs and answers) and the weights once. Loads of operands, addresses, second passes,
launches and waiting are what is left of 100 %.
"""


PEAKS = {
    "fma": "the GPU's FMA peak",
    "bf16x3": "a third of the bf16 peak of tensor cores, by `mma.sync`",
    "tf32": "the tf32 peak of tensor cores, by `mma.sync`",
}


def table(head: list[str], rows: Iterable[list[Any]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def size(count: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1024 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    raise AssertionError


def time(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds < 1e-3:
        return f"{1e6 * seconds:.1f} us"
    return f"{1e3 * seconds:.2f} ms" if seconds < 1 else f"{seconds:.2f} s"


def kernels(report: dict[str, Any]) -> str:
    """What ptxas made of the kernels."""
    rows = []
    for sm, found in report["ptxas"].items():
        launches = {k["name"]: k for k in report["kernels"][sm]}
        for kernel in found:
            known = launches[kernel["name"]]
            rows.append(
                [
                    f"`{kernel['name']}`",
                    f"sm_{sm}",
                    known["rows"],
                    known["threads"],
                    kernel["registers"],
                    f"{kernel['spill_stores']} / {kernel['spill_loads']}",
                    size(known["shared_bytes"] + kernel["static_shared"]),
                    kernel["blocks_per_sm"],
                    f"{100 * kernel['occupancy']:.0f} %",
                ]
            )
    if not rows:
        return "No ptxas on this machine: registers and occupancy are not known.\n"
    head = ["kernel", "", "rows", "threads", "registers", "spilled bytes (stores / loads)"]
    return table([*head, "shared memory", "blocks per SM", "occupancy"], rows)


def loops(report: dict[str, Any]) -> str:
    """What the loops of products are made of, where there was a disassembler."""
    rows = [
        [
            f"`{kernel['name']}`",
            f"sm_{sm}",
            loop["instructions"],
            loop["multiply_adds"],
            loop["shared_loads"],
            loop["global_loads"],
            f"{100 * loop['issued_for_them'] / loop['instructions']:.0f} %",
        ]
        for sm, found in report["ptxas"].items()
        for kernel in found
        if kernel["name"].startswith(("ssm_unit_block", "ssm_time"))
        for loop in kernel.get("loops", [])
    ]
    head = ["loop of a product in machine code", "", "instructions", "multiply-adds of a thread"]
    head += ["LDS", "LDG", "multiply-adds of the instructions"]
    return table(head, rows) if rows else ""


def traffic(report: dict[str, Any]) -> str:
    """Bytes of global memory against what one kernel per block would move."""
    rows, seen = [], set()
    for entry in report["predicted"]:
        key = (entry["call"], entry["batch"], entry["length"])
        if key in seen:
            continue
        seen.add(key)
        work = entry["work"]
        rows.append(
            [
                f"{entry['call']} {entry['batch']} x {entry['length']}",
                f"{work['flops'] / 1e9:.3g} G",
                size(work["memory_bytes"]),
                size(work["block_floor"]),
                size(work["l2_bytes"]),
            ]
        )
    head = ["call", "FLOPs", "global memory, least", "one kernel per block, least"]
    return table([*head, "weights read by thread blocks (L2)"], rows)


def percent(entry: dict[str, Any], key: str) -> str:
    plan = entry.get(key)
    if not plan:
        return "-"
    scheme = f"{plan['scheme']}, " if key == "kernel" else ""
    shares = f"{plan['percent_of_peak']:.0f} %, {plan['percent_of_roofline']:.0f} %"
    return f"{time(plan['predicted_seconds'])} ({scheme}{shares}, {plan['bound']})"


def schedule(entry: dict[str, Any]) -> str:
    plan = entry.get("plan")
    if not plan:
        return "-"
    staged = ", weights staged" if plan["stage_weights"] else ""
    sizes = f"{plan['rows']} rows, {plan['threads']} threads x {plan['blocks_per_sm']}"
    return f"{plan['scheme']}: {sizes}{staged}"


def predictions(report: dict[str, Any]) -> str:
    rows = [
        [
            f"{entry['call']} {entry['batch']} x {entry['length']}",
            entry["gpu"],
            f"{time(entry['roofline_seconds'])} "
            f"({entry['roofline_percent_of_peak']:.0f} %, {entry['roofline_bound']})",
            percent(entry, "kernel"),
            percent(entry, "plan"),
            schedule(entry),
        ]
        for entry in report["predicted"]
    ]
    head = ["call", "GPU", "predicted: roofline", "predicted: kernels as they are"]
    return table([*head, "predicted: best schedule", "that schedule"], rows)


def counted(report: dict[str, Any]) -> str:
    """What the emulated device counted in one call."""
    if "counted" not in report:
        return ""
    rows = []
    for row in report["counted"]:
        floor = f"{row['of_floor']:.2f} x {size(row['floor_bytes'])}" if "of_floor" in row else "-"
        conflicts = row["shared_wavefronts"] / max(1, row["shared_wavefronts_least"])
        rows.append(
            [
                f"{row['batch']} x {row['length']}",
                f"`{row['kernel']}`",
                row["launches"],
                row["blocks"],
                size(row["moved_bytes"]),
                floor,
                size(row["loaded_sector_bytes"]),
                f"{conflicts:.2f}",
            ]
        )
    head = ["counted in the emulation", "kernel", "launches", "thread blocks"]
    head += ["global memory, different bytes per launch", "of 8 H per step and weights"]
    return table(
        [*head, "loaded, sectors of 32 B", "shared memory: cycles per conflict-free"], rows
    )


def write_page(results: dict[str, Any]) -> str:
    parts = [HEAD]
    for name, report in results["workloads"].items():
        w = report["workload"]
        parts.append(
            f"## {name}: {w['kind']}, {w['hidden']} features, state {w['state']},"
            f" {w['blocks']} blocks\n\n"
            f"{report['flops_per_step']} FLOPs per time step, {size(report['blob_bytes'])} of"
            f" packed weights. In brackets: share of {PEAKS[report.get('products', 'fma')]}, then"
            " of the roofline, both predicted, and the limit.\n"
        )
        parts += [kernels(report), loops(report), traffic(report)]
        parts += [counted(report), predictions(report)]
    return "\n".join(part for part in parts if part)
