"""python -m bench.smoke BUILD FOLDER: a tiny model through the benchmark, without peers.

Builds every native program into FOLDER, compares their outputs with the f64 ones, lets them
take turns for a moment, and writes the page. Prints what agreed; times mean nothing here.
"""

import sys
from pathlib import Path

from bench.context import Bench, Row, split_peaks
from bench.native import Builder
from bench.report import limits, page
from bench.sections import late
from bench.workloads import WORKLOADS

NAME = "tiny"


def run_sequences(bench: Bench) -> Row:
    batch = WORKLOADS[NAME].batch
    programs = [bench.ours(NAME, batch, threads) for threads in (1, 2)]
    programs += [bench.ours(NAME, batch, 1, code) for code in bench.codes()]
    programs.append(bench.expert(NAME, batch))
    peaks, rows = split_peaks(bench.measure([*bench.peaks(), *programs], 0))
    flops = WORKLOADS[NAME].flops(batch)
    return {"workload": NAME, "batch": batch, "flops": flops, "peak": peaks, "rows": rows}


def run_steps(bench: Bench) -> Row:
    size = bench.builder.inspect(NAME)["packed weights"]
    programs = [
        bench.ours_stepping(NAME, "ssmc@1", 64),
        bench.ours_stepping(NAME, "ssmc, subset@1", 30, count=100),
        bench.ours_stepping(NAME, "ssmc@2", 64, threads=2),
        bench.expert_stepping(NAME, 64),
        bench.builder.bandwidth(size, "reading the weights"),
    ]
    peaks, rows = split_peaks(bench.measure([*bench.peaks(1), *programs], 0))
    flops = WORKLOADS[NAME].flops(64, 1)
    return {"workload": NAME, "batch": 64, "flops": flops, "peak": peaks, "rows": rows}


def run_compared(bench: Bench) -> list[Row]:
    """The ways to take ratios: rows have a time of every round."""
    programs = [bench.ours(NAME, batch) for batch in (1, 2)]
    rows = bench.measure_together(programs, 0.02, 1) + bench.measure_in_turns(programs, 0)
    return [row if row["each"] else {"error": "no rounds"} | row for row in rows]


def run_late(bench: Bench) -> list[Row]:
    """Weights that are loaded when the program starts, and loading them again and again."""
    job = late.weights(bench, NAME)
    return [*job["rows"], job["loading"]]


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    builder = Builder(Path(sys.argv[1]), folder=Path(sys.argv[2]))
    builder.export([NAME])
    builder.compile_native("harness", "ours/harness.cpp", "-ldl")
    bench = Bench(builder, Path(sys.executable), seconds=0, with_peers=False, rounds=(1, 1))
    results = {"sequences": [run_sequences(bench)], "steps": [run_steps(bench)]}
    failed = 0
    for section, jobs in results.items():
        for row in jobs[0]["rows"]:
            failed += "min" not in row
            error = f", error {row['err']:.0e}" if "err" in row else ""
            print(f"{section}: {row['program']}: {row.get('error', 'ok')}{error}")
    for row in run_compared(bench):
        failed += "error" in row
        print(f"compared: {row['program']}: {row.get('error', 'ok')}")
    for row in run_late(bench):
        failed += "min" not in row
        print(f"late: {row['program']}: {row.get('error', 'ok')}")
    text = page.job_tables(results, "sequences", "ms", 1e3) + page.failures(results)
    print(f"page: {len(text.splitlines())} lines, {len(limits.all_limits(results))} limits")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
