"""What arrives when the code runs, weights and time deltas, beside code that knows it before."""

from bench.context import Bench, Row
from bench.sections.scaling import relate
from bench.workloads import WORKLOADS


def weights(bench: Bench, name: str) -> Row:
    """Whole sequences by weights of run time, relative to weights that were compiled in; and
    how long loading a file that is in memory takes."""
    bench.say(f"weights at run time: {name}")
    late = bench.builder.late_program(
        name,
        "at run time",
        mode="forward",
        x=bench.builder.data / name / "x.f32",
        length=WORKLOADS[name].length,
    )
    late.truth = bench.builder.data / name / "truth.npy"
    rows = bench.measure_together([bench.ours(name), late], 0.3, 8)
    loading = bench.builder.late_program(name, "loading", mode="load", length=1)
    return {
        "workload": name,
        "rows": relate(rows, rows[0], [1, 1]),
        "loading": bench.measure([loading], bench.seconds / 40)[0],
    }


def time_deltas(bench: Bench) -> list[Row]:
    """W1 with a time delta per step, relative to the fixed step."""
    bench.say("time deltas of W1")
    length = WORKLOADS["W1"].length
    programs = [
        bench.builder.model("W1").program("fixed", mode="forward", length=length),
        bench.builder.timed_model("W1").program("dt", mode="forward", length=length, dt=length),
    ]
    rows = bench.measure_together(programs, 0.15, 8)
    return relate(rows, rows[0], [1, 1])


def run(bench: Bench) -> Row:
    return {
        "weights": [weights(bench, name) for name in ("W1", "W2", "W3", "W4")],
        "time_deltas": time_deltas(bench),
    }
