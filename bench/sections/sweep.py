"""S5 of every width and state: does any size fall behind?"""

from concurrent.futures import ThreadPoolExecutor

from bench.context import Bench, Row, split_peaks
from bench.drive import Program
from bench.native import BuildError
from bench.workloads import Workload

WIDTHS = (16, 24, 32, 48, 64, 96, 100, 128, 192, 256, 384, 512)
STATES = (16, 30, 64, 128, 256)
# AVX2 code beside that for AVX-512 is measured of fewer, which have all that limits are about.
FEWER = ((32, 64, 96, 100, 128, 256, 512), (16, 30, 64, 256))
AT_ONCE = 16  # programs that take turns: each is measured over some seconds

Shape = tuple[int, int, Workload]


def make_workload(hidden: int, state: int) -> Workload:
    """Two blocks; a length that is a multiple of usual chunks and takes a few ms."""
    one = Workload("s5", 1, hidden, state, 2, 10, 240)
    length = min(max(round(2.5e8 / one.flops_of_step() / 240), 1), 20) * 240
    return Workload("s5", 1, hidden, state, 2, 10, length)


def build(bench: Bench, shape: Shape, code: str) -> tuple[Row, Program | None]:
    """What is known before, and the program unless it cannot be built."""
    hidden, state, w = shape
    row = {"hidden": hidden, "state": state, "flops": w.flops(), "length": w.length}
    try:
        model = bench.builder.random_model(f"h{hidden}s{state}", w, code)
    except BuildError as error:
        return row | {"error": str(error)} | ({"code": code} if code else {}), None
    program = model.program(f"ssmc {code}@1", mode="forward", length=w.length)
    return row | {"compiled": model.compiled}, program


def measure_shapes(bench: Bench, built: list[tuple[Row, Program | None]]) -> list[Row]:
    """Rows of shapes that take turns."""
    programs = [program for _, program in built if program]
    measured = bench.measure([*bench.peaks(1), *programs], bench.seconds / 4, visit=0.06)
    peaks, rows = split_peaks(measured)
    found = iter(rows)
    out = []
    for row, program in built:
        out.append((row | next(found) if program else row) | {"peak": peaks})
        out[-1].pop("y", None)
    return out


def run(bench: Bench) -> list[Row]:
    shapes = [(h, s, make_workload(h, s)) for h in WIDTHS for s in STATES]
    if bench.seconds <= 1:
        shapes = shapes[:1]
    wanted = [(shape, "") for shape in shapes]
    for code in bench.codes():
        wanted += [((h, s, w), code) for h, s, w in shapes if h in FEWER[0] and s in FEWER[1]]
    wanted.sort(key=lambda each: each[0][:2])  # both codes of a shape at about the same time
    bench.say(f"sweep: compiling {len(wanted)} models")
    with ThreadPoolExecutor(2) as pool:
        built = list(pool.map(lambda each: build(bench, *each), wanted))
    bench.say("sweep: measuring")
    groups = [built[i : i + AT_ONCE] for i in range(0, len(built), AT_ONCE)]
    return [row for group in groups for row in measure_shapes(bench, group)]
