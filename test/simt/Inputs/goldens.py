"""Kernels for GPUs against discretax in float64, on the emulated device.

    goldens.py COMPILER DRIVER GOLDENS WORK PATTERN... [--OPTION=VALUE...] [TOLERANCE]

Options are the compiler's; TOLERANCE is that of products that are not in f32, in
the place of golden.py's where it is larger.
For every case in the folder GOLDENS that matches a pattern: outputs and final
states within the tolerance of golden.py, however the sequence is cut and in
company; every call the same bits in every order of threads and thread blocks,
and without races; lengths kept to; NaN and infinity neither lost nor spread.
All of that in chunks as long as the compiler chooses, most sequences by whole streams, and
once more in chunks of 3 steps, side by side: two groups of them or more, where the case
has 49 steps.
Prints a line per case with its errors, a line per failure, and `N cases, N
failed`.
"""

import fnmatch
import pathlib
import sys

import cuda
import numpy as np
from bits import check_bad_input
from golden import Case
from native import same

STREAMS, PREFIX = 5, 60
SHORT = 3  # time steps of a chunk


class CudaCase(Case):
    options: tuple[str, ...] = ()
    least_tolerance = 0.0

    def compare(self) -> None:
        for kind, tolerance in self.tolerance.items():
            self.tolerance[kind] = max(tolerance, self.least_tolerance)
        self.tolerance["cut"] = self.tolerance["y"]
        with cuda.environment(races=1):
            model = cuda.build(
                self.compiler, self.model, self.work / "model", self.swap_mode, *self.options
            )
        x = self.data["x"][None]
        y, states = model.forward(x)
        self.close("y", "y", y[0], self.data["y64"])
        for path, wanted in self.states.items():
            self.close("state", f"state {path}", model.unpack(states[0], path), wanted)
        self.before_the_pool(model, states[0])
        self.cuts(model, x[:, :PREFIX])
        self.company(model, x[:, :PREFIX])
        model.close()
        self.side_by_side(x[:, :PREFIX])

    def side_by_side(self, x) -> None:
        """Chunks of a stream run side by side as long as the device has places."""
        with cuda.environment(races=1, resident=1000):
            model = cuda.build(
                self.compiler,
                self.model,
                self.work / "short",
                self.swap_mode,
                *self.options,
                f"--chunk={SHORT}",
            )
        if x.shape[1] > SHORT:
            self.expect(model.is_cut(STREAMS, x.shape[1]), "no sequence is cut into pieces")
        y, states = model.forward(x)
        for steps in (7, 2 * SHORT):
            y2, states2 = model.pieces(x, steps)
            self.near(model, f"pieces of {steps}", (y[0], states[0]), (y2[0], states2[0]))
        # Steps may round otherwise than chunks side by side.
        check_bad_input(model, x, y, bool(self.states), self.expect, by_steps=False)
        self.company(model, x)
        model.close()

    def before_the_pool(self, model, record) -> None:
        """What enters a pooled head, by its mean."""
        for path in model.layout:
            if path.endswith(".sums"):
                mean = model.unpack(record, path) / len(self.data["h64"])
                self.close("h", "mean before the head", mean, self.data["h64"].mean(axis=0))

    def near(self, model, what, ours, theirs) -> None:
        """Answers and records of two ways to compute the same."""
        (y, record), (y2, record2) = ours, theirs
        self.close("cut", f"{what}: y", y2, y)
        for path in self.states:
            state, state2 = model.unpack(record, path), model.unpack(record2, path)
            self.close("cut", f"{what}: state {path}", state2, state)

    def cuts(self, model, x) -> None:
        """Step, chunk and forward are one, but for the last bits."""
        y, states = model.forward(x)
        for steps in sorted({0, 1, 7, x.shape[1]}):
            y2, states2 = model.pieces(x, steps)
            self.near(model, f"chunks of {steps}", (y[0], states[0]), (y2[0], states2[0]))
        check_bad_input(model, x, y, bool(self.states), self.expect)

    def company(self, model, x) -> None:
        """Several streams, each of its length and at its place, in every order."""
        rng = np.random.default_rng(x.size)
        length = x.shape[1]
        batch = np.stack([np.roll(x[0], 3 * row, axis=0) for row in range(STREAMS)])
        lengths = rng.integers(1, length + 1, STREAMS)
        lengths[0] = length
        spoilt = batch.copy()
        for row, n in enumerate(lengths):
            spoilt[row, n:] = 2**31 - 1 if spoilt.dtype == np.int32 else np.nan
        place = rng.permutation(STREAMS + 2)[:STREAMS]
        first = self.calls(model, spoilt, lengths, place)
        for row, n in enumerate(lengths):
            y, states = model.forward(batch[row : row + 1, :n])
            ours = first["forward"][row] if model.pooled else first["forward"][row, :n]
            self.near(model, f"stream {row} alone", (y[0], states[0]), (ours, first["final"][row]))
        for order in cuda.ORDERS:
            with cuda.environment(order=order, resident=2):
                for what, got in self.calls(model, spoilt, lengths, place).items():
                    equal = same if got.dtype == np.float32 else np.array_equal
                    self.expect(equal(first[what], got), f"{order}: {what} differs")

    def calls(self, model, batch, lengths, place) -> dict[str, np.ndarray]:
        """What every call answers, among them some of a single stream."""
        result = {}
        result["forward"], result["final"] = model.forward(batch, lengths)
        result["of one stream"], result["its end"] = model.forward(batch[:1])
        records = model.records(STREAMS + 2)
        unused = records.copy()
        result["chunk"] = model.chunk(records, place, batch, lengths)
        result["after chunk"] = records.copy()
        rest = np.setdiff1d(np.arange(STREAMS + 2), place)
        self.expect(np.array_equal(records[rest], unused[rest]), "others' records were touched")
        self.expect(same(result["forward"], result["chunk"]), "forward and chunk differ")
        self.expect(np.array_equal(result["final"], records[place]), "their records differ")
        alone = records.copy()
        result["step"] = model.step(records, place, batch[:, 0])
        for row in range(STREAMS):
            y = model.step(alone, place[row : row + 1], batch[row : row + 1, 0])
            self.expect(same(result["step"][row], y[0]), "step in company differs")
        result["after step"] = records
        self.expect(np.array_equal(records, alone), "records after a step differ")
        return result


def main() -> int:
    compiler, library, goldens, work, *patterns = sys.argv[1:]
    CudaCase.options = tuple(p for p in patterns if p.startswith("--"))
    patterns = [p for p in patterns if p not in CudaCase.options]
    if patterns[-1][0].isdigit():
        CudaCase.least_tolerance = float(patterns.pop())
    driver = cuda.load_driver(library)
    goldens, work = pathlib.Path(goldens), pathlib.Path(work)
    names = sorted(p.parent.name for p in goldens.glob("*/case.safetensors"))
    names = [n for n in names if any(fnmatch.fnmatchcase(n, p) for p in patterns)]
    failed = 0
    for name in names:
        case = CudaCase(compiler, driver, goldens, work, name)
        case.run()
        failed += bool(case.failures)
        print(name, *(f"{kind} {error:.1e}" for kind, error in case.errors.items()), flush=True)
        for failure in case.failures:
            print("  failed:", failure, flush=True)
    print(f"{len(names)} cases, {failed} failed")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main())
