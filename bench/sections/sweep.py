"""S5 of every width and state: does any size fall behind?"""

import contextlib
from concurrent.futures import ThreadPoolExecutor

from bench.context import Bench, Row, split_peaks
from bench.native import BuildError
from bench.workloads import Workload

WIDTHS = (16, 24, 32, 48, 64, 96, 100, 128, 192, 256, 384, 512)
STATES = (16, 30, 64, 128, 256)


def make_workload(hidden: int, state: int) -> Workload:
    """Two blocks; a length that is a multiple of usual chunks and takes a few ms."""
    one = Workload("s5", 1, hidden, state, 2, 10, 240)
    length = min(max(round(2.5e8 / one.flops_of_step() / 240), 1), 20) * 240
    return Workload("s5", 1, hidden, state, 2, 10, length)


def measure_shape(bench: Bench, shape: tuple[int, int, Workload]) -> Row:
    hidden, state, w = shape
    row = {"hidden": hidden, "state": state, "flops": w.flops(), "length": w.length}
    try:
        model = bench.builder.random_model(f"h{hidden}s{state}", w)
    except BuildError as error:
        return row | {"error": str(error)}
    program = model.program("ssmc@1", mode="forward", length=w.length)
    peaks, rows = split_peaks(bench.measure([*bench.peaks()[:1], program], bench.seconds / 40))
    rows[0].pop("y", None)
    return row | rows[0] | {"peak": peaks, "compiled": model.compiled}


def run(bench: Bench) -> list[Row]:
    shapes = [(h, s, make_workload(h, s)) for h in WIDTHS for s in STATES]
    if bench.seconds <= 1:
        shapes = shapes[:1]
    bench.say(f"sweep: compiling {len(shapes)} models")

    def build(shape):
        with contextlib.suppress(BuildError):  # told where it is measured
            bench.builder.random_model(f"h{shape[0]}s{shape[1]}", shape[2])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(build, shapes))
    bench.say("sweep: measuring")
    return [measure_shape(bench, shape) for shape in shapes]
