"""Kernels for GPUs against discretax in float64, on the emulated device.

    goldens.py COMPILER DRIVER GOLDENS WORK PATTERN...

For every case in the folder GOLDENS that matches a pattern: outputs and final
states within the tolerance of golden.py, and the same bits in every order of
threads and thread blocks, however the sequence is cut, in company, and with
lengths of its own; no races; NaN and infinity neither lost nor spread. Prints a line per
case with its errors, a line per failure, and `N cases, N failed`.
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


class CudaCase(Case):
    def compare(self) -> None:
        with cuda.environment(races=1):
            model = cuda.build(self.compiler, self.model, self.work / "model", self.swap_mode)
        x = self.data["x"][None]
        y, states = model.forward(x)
        self.close("y", "y", y[0], self.data["y64"])
        for path, wanted in self.states.items():
            self.close("state", f"state {path}", model.unpack(states[0], path), wanted)
        self.before_the_pool(model, states[0])
        self.cuts(model, x[:, :PREFIX])
        self.company(model, x[:, :PREFIX])
        model.close()

    def before_the_pool(self, model, record) -> None:
        """What enters a pooled head, by its mean."""
        for path in model.layout:
            if path.endswith(".sums"):
                mean = model.unpack(record, path) / len(self.data["h64"])
                self.close("h", "mean before the head", mean, self.data["h64"].mean(axis=0))

    def cuts(self, model, x) -> None:
        """Step, chunk and forward are one."""
        y, states = model.forward(x)
        for steps in sorted({0, 1, 7, x.shape[1]}):
            y2, states2 = model.pieces(x, steps)
            self.expect(same(y, y2), f"forward and chunks of {steps} differ")
            self.expect(np.array_equal(states, states2), f"states after chunks of {steps} differ")
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
        alone = [model.forward(batch[row : row + 1, :n]) for row, n in enumerate(lengths)]
        for order in cuda.ORDERS:
            with cuda.environment(order=order, resident=2):
                self.in_order(model, spoilt, lengths, alone, order, rng)

    def in_order(self, model, batch, lengths, alone, order, rng) -> None:
        y, states = model.forward(batch, lengths)
        place = rng.permutation(STREAMS + 2)[:STREAMS]
        records = model.records(STREAMS + 2)
        unused = records.copy()
        y2 = model.chunk(records, place, batch, lengths)
        for row, n in enumerate(lengths):
            want, state = alone[row][0][0], alone[row][1][0]
            for how, got in (("forward", y[row]), ("chunk", y2[row])):
                got = got if model.pooled else got[:n]
                self.expect(same(want, got), f"{order}: {how} in company differs")
            self.expect(np.array_equal(state, states[row]), f"{order}: states differ")
            self.expect(np.array_equal(state, records[place[row]]), f"{order}: records differ")
        rest = np.setdiff1d(np.arange(STREAMS + 2), place)
        self.expect(np.array_equal(records[rest], unused[rest]), f"{order}: others' records")
        before = records.copy()
        y3 = model.step(records, place, batch[:, 0])
        for row in range(STREAMS):  # the same, one by one
            y4 = model.step(before, place[row : row + 1], batch[row : row + 1, 0])
            self.expect(same(y3[row], y4[0]), f"{order}: step in company differs")
        self.expect(np.array_equal(records, before), f"{order}: records after a step differ")


def main() -> int:
    compiler, library, goldens, work, *patterns = sys.argv[1:]
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
