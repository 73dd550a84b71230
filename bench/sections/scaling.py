"""What must not matter: length, batch, decayed states, a busy neighbour."""

import os
import subprocess

from bench.context import Bench, Row, split_peaks
from bench.workloads import WORKLOADS


def lengths(bench: Bench) -> list[Row]:
    """Time per step and memory of W1 for 1e3 to 1e7 steps, on noise."""
    bench.say("lengths of W1, 1e3 to 1e7")
    most = 7 if bench.seconds > 1 else 4
    counts = [10**e for e in range(3, most + 1)]
    programs = [bench.builder.model("W1").program(f"{n}", mode="forward", length=n) for n in counts]
    rows = bench.measure(programs, bench.seconds / 3)
    for row, n in zip(rows, counts, strict=True):
        row["length"] = n
        row.pop("y", None)
    return rows


def batches(bench: Bench) -> list[Row]:
    """W1 with 1 to 32 sequences in a call."""
    bench.say("batches of W1")
    counts = (1, 2, 4, 8, 16, 32)
    rows = bench.measure([bench.ours("W1", n) for n in counts], bench.seconds / 4)
    return [row | {"batch": n} for row, n in zip(rows, counts, strict=True)]


def decay(bench: Bench) -> list[Row]:
    """States that decay through the denormal numbers to zero, and live ones."""
    bench.say("decaying states")
    model = bench.builder.model("W1decay")
    programs = [
        model.program(signal, mode="forward", length=100_000, signal=signal, records=1)
        for signal in ("noise", "impulse")
    ]
    rows = bench.measure(programs, bench.seconds / 4)
    for row in rows:
        row.pop("y", None)
    return rows


def busy(bench: Bench) -> list[Row]:
    """One and two threads while the other core does something else."""
    out, other = [], str(min(os.sched_getaffinity(0)))  # programs of one thread have the largest
    for name, batch in (("W1", 1), ("W1", 32), ("W2", 1)):
        bench.say(f"busy second core: {name}, batch {batch}")
        neighbour = subprocess.Popen(["taskset", "-c", other, *map(str, bench.builder.busy())])
        try:
            programs = [bench.ours(name, batch, threads) for threads in (1, 2)]
            rows = bench.measure(programs, bench.seconds / 4)
        finally:
            neighbour.kill()
            neighbour.wait()
        out.append({"workload": name, "batch": batch, "rows": rows})
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
