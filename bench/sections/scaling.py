"""What must not matter: length, batch, decayed states, a busy neighbour."""

import os
import subprocess

from bench import compare
from bench.context import Bench, Row, split_peaks
from bench.workloads import WORKLOADS


def relate(rows: list[Row], first: Row, sizes: list[int]) -> list[Row]:
    """Adds times per unit of size, by round, as shares of the first program's."""
    out = []
    for row, size in zip(rows, sizes, strict=True):
        row.pop("y", None)
        values = [value * sizes[0] / size for value in compare.ratios(row, first)]
        found = {"relative": compare.spread(values), "rounds": len(values)} if values else {}
        out.append({k: v for k, v in row.items() if k != "each"} | found | {"size": size})
    return out


def lengths(bench: Bench) -> list[Row]:
    """CPU time per step and memory of W1 for 1e3 to 1e7 steps, on noise; relative to 1e3."""
    bench.say("lengths of W1, 1e3 to 1e7")
    model, out = bench.builder.model("W1"), []
    groups = ((1e3, 1e4, 1e5, 1e6), (1e3, 1e7)) if bench.seconds > 1 else ((1e3, 1e4),)
    for group, rounds in zip(groups, (4, 2), strict=False):
        counts = [int(n) for n in group]
        programs = [model.program(f"{n}", mode="forward", length=n) for n in counts]
        rows = bench.measure_together(programs, counts[-1] * 0.8e-6, rounds)
        out += relate(rows, rows[0], counts)[bool(out) :]
    return out


def batches(bench: Bench) -> list[Row]:
    """W1 with 1 to 32 sequences in a call, relative to 1."""
    bench.say("batches of W1")
    counts = [1, 2, 4, 8, 16, 32]
    rows = bench.measure_together([bench.ours("W1", n) for n in counts], 0.15, 8)
    return relate(rows, rows[0], counts)


def decay(bench: Bench) -> list[Row]:
    """States that decay through the denormal numbers to zero, relative to live ones."""
    bench.say("decaying states")
    model = bench.builder.model("W1decay")
    programs = [
        model.program(signal, mode="forward", length=100_000, signal=signal, records=1)
        for signal in ("noise", "impulse")
    ]
    rows = bench.measure_together(programs, 0.3, 8)
    return relate(rows, rows[0], [1, 1])


def busy(bench: Bench) -> list[Row]:
    """One and two threads in turns while the other core does something else."""
    out, other = [], str(min(os.sched_getaffinity(0)))  # programs of one thread have the largest
    for name, batch in (("W1", 1), ("W1", 32), ("W2", 1)):
        bench.say(f"busy second core: {name}, batch {batch}")
        neighbour = subprocess.Popen(["taskset", "-c", other, *map(str, bench.builder.busy())])
        try:
            programs = [bench.ours(name, batch, threads) for threads in (1, 2)]
            rows = bench.measure_in_turns(programs, bench.seconds / 4)
        finally:
            neighbour.kill()
            neighbour.wait()
        values = compare.ratios(rows[1], rows[0])
        kept = [{k: v for k, v in row.items() if k != "each"} for row in rows]
        job = {"workload": name, "batch": batch, "rows": kept, "rounds": len(values)}
        out.append(job | {"relative": compare.spread(values)})
    return out


def bandwidths(bench: Bench) -> Row:
    """Reading buffers of sizes from L1 to memory, and FMA peaks, in turns."""
    bench.say("bandwidths and FMA peak")
    sizes = [2**n for n in (14, 15, 17, 18, 20, 21, 22, 23, 24, 26, 28)]
    programs = [bench.builder.bandwidth(size, "read") for size in sizes]
    peaks, rows = split_peaks(bench.measure([*bench.peaks(), *programs], bench.seconds / 3))
    return {
        "peak": peaks,
        "read": [{"bytes": r["bytes"], "gb_per_s": r["bytes"] / r["min"] / 1e9} for r in rows],
    }


def run(bench: Bench) -> Row:
    return {
        "machine": bandwidths(bench),
        "lengths": lengths(bench),
        "batches": batches(bench),
        "decay": decay(bench),
        "busy": busy(bench),
        "step_flops": WORKLOADS["W1"].flops_of_step(),
    }
