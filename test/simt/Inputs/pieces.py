"""Long sequences of few streams, whose chunks run side by side, on the emulated device.

    pieces.py COMPILER DRIVER GOLDENS WORK CASE...

With more processors than streams, thread blocks share chunks of a piece of the
sequence and pass on carries by flags; with one, each has a stream. For every golden:
both within tolerance of float64; in pieces, the same bits in every order of blocks,
with as few at a time as one, without races; likewise a sequence of several pieces on a device
of few places, one that is continued, and several streams with lengths of their own. States of
long sequences may be as far off as those of the CPU's code. Prints a line per case with its
errors and pieces, a line per failure, and `N cases, N failed`.
"""

import json
import pathlib
import sys

import cuda
import numpy as np
from golden import Case, distance
from native import build, same
from safetensors.numpy import load_file

import recurrence

STREAMS, PROCESSORS = 3, 4
PLACES = 16  # of thread blocks; two groups of chunks make a piece
SETTINGS = [(order, resident) for order in cuda.ORDERS[:3] for resident in (1, 2, 3, 1000)]
FEW = [("forward", 2), ("reverse", 1), ("random:1", 3), ("random:2", 1)]
LONGER = 1.2  # times the error of the CPU's code, which sequences of any length may have


def piece_steps(model) -> int:
    """The shortest sequence of as many chunks as a piece has: the workspace grows until then."""

    def workspace(steps: int) -> int:
        return model.workspace_bytes(1, steps)

    low, high = 0, 10**6  # the workspace of `high` steps is the largest there is
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if workspace(middle) == workspace(10**6) else (middle, high)
    return high


class PiecesCase(Case):
    def compare(self) -> None:
        self.config = json.loads((self.model / "model.json").read_text())
        self.weights = load_file(self.model / "model.safetensors")
        self.driver, self.prefix = self.swap_mode, self.work / "model"
        x, length = self.data["x"][None], len(self.data["x"])
        alone = self.open(multiprocessors=1)
        y, states = alone.forward(x)
        self.near("streams", alone, y[0], states[0])

        model = self.open(races=1)
        y, states = model.forward(x)
        self.near("chunks side by side", model, y[0], states[0])
        model.close()

        pieces = self.several_pieces()
        model = self.open()
        self.every_order("forward", lambda: model.forward(x), (y, states))
        self.continued(model, x, length // 2 + 3)
        self.company(model, alone, x[0])
        alone.close()
        model.close()
        print(self.name, f"{pieces} pieces", end=" ")

    def open(self, **settings):
        """Opens the model on a device that has as many processors as the settings say."""
        if settings.get("multiprocessors") != 1:  # as many places as there are
            settings = {"multiprocessors": PROCESSORS, "resident": 1000, **settings}
        with cuda.environment(**settings):
            if not self.prefix.with_suffix(".so").exists():
                return cuda.build(self.compiler, self.model, self.prefix, self.driver)
            with cuda.environment(ir=self.prefix.with_suffix(".nvvm.ll")):
                return cuda.Cuda(self.prefix, "model", self.driver)

    def several_pieces(self) -> int:
        """A sequence of two pieces and some chunks; in how many launches it runs."""
        file = self.work / "counts.json"
        model = self.open(multiprocessors=2, resident=PLACES, counts=file)
        steps = piece_steps(model) * 9 // 4
        x = np.take(self.data["x"], np.arange(steps), axis=0, mode="wrap")[None]
        y, states = model.forward(x)
        self.every_order("several pieces", lambda: model.forward(x), (y, states), FEW)
        y64, _, states64 = recurrence.forward(self.config, self.weights, x[0])
        least = self.tolerance["state"]
        if self.error_of(model, states, states64) > least:
            self.tolerance["state"] = max(least, LONGER * self.error_on_cpu(x, states64))
        self.near("several pieces", model, y[0], states[0], y64, states64)
        self.tolerance["state"] = least
        model.close()
        counts = json.loads(file.read_text())
        calls = 1 + len(FEW)
        pieces = counts["ssm_unit_input"]["launches"] // calls
        self.expect(pieces == 3, f"a sequence of two pieces and more is {pieces} pieces")
        self.expect(counts["ssm_time"]["launches"] == 0, "is computed stream by stream")
        return pieces

    def error_on_cpu(self, x, states64) -> float:
        """Of states: what roundings of activations add up to is the model's affair."""
        native = build(self.compiler, self.model, self.work / "cpu")
        return self.error_of(native, native.forward(x)[1], states64)

    def error_of(self, model, records, states64) -> float:
        return max(distance(model.unpack(records[0], p), s) for p, s in states64.items())

    def agree(self, what, model, one, other) -> None:
        """Two ways to the same outputs and record, which round differently."""
        self.close("y", f"y of {what}", one[0], other[0].astype(np.float64))
        for path in self.states:
            value, wanted = (model.unpack(record, path) for record in (one[1], other[1]))
            self.close("state", f"state {path} of {what}", value, wanted)

    def near(self, how, model, y, record, y64=None, states64=None) -> None:
        self.close("y", f"y of {how}", y, self.data["y64"] if y64 is None else y64)
        for path, wanted in (states64 or self.states).items():
            self.close("state", f"state {path} of {how}", model.unpack(record, path), wanted)

    def every_order(self, what, call, wanted, settings=SETTINGS) -> None:
        for order, resident in settings:
            with cuda.environment(order=order, resident=resident):
                y, states = call()
            how = f"{what}, {order}, {resident} blocks at a time"
            self.expect(same(y, wanted[0]), f"{how}: other outputs")
            self.expect(np.array_equal(states, wanted[1]), f"{how}: other states")

    def continued(self, model, x, cut) -> None:
        """Two calls of a sequence; the first ends in the middle of a chunk."""

        def call():
            records = model.records(1)
            parts = [model.chunk(records, None, part) for part in (x[:, :cut], x[:, cut:])]
            return (parts[1] if model.pooled else np.concatenate(parts, axis=1)), records

        y, states = call()
        self.near("a continued sequence", model, y[0], states[0])
        self.every_order("continued", call, (y, states), FEW)

    def company(self, model, alone, x) -> None:
        """Streams whose records lie anywhere; one ends in its first chunk."""
        batch = np.stack([np.roll(x, 7 * row, axis=0) for row in range(STREAMS)])
        lengths = np.array([len(x) - 1, len(x), 5], np.int64)
        spoilt = batch.copy()
        for row, n in enumerate(lengths):
            spoilt[row, n:] = 2**31 - 1 if spoilt.dtype == np.int32 else np.nan
        place = np.array([4, 0, 2], np.int64)

        def call():
            records = model.records(STREAMS + 2)
            y = model.chunk(records, place, spoilt, lengths)
            rows = y if model.pooled else np.concatenate([y[b, :n] for b, n in enumerate(lengths)])
            return rows.copy(), records

        y, records = call()
        self.every_order("in company", call, (y, records), FEW)
        self.expect(np.array_equal(records[[1, 3]], model.records(2)), "others' records changed")
        start = 0
        for row, n in enumerate(lengths):
            want, state = alone.forward(batch[row : row + 1, :n])
            got = y[row] if model.pooled else y[start : start + n]
            start += n
            given = got, records[place[row]]
            self.agree(f"stream {row} in company", model, given, (want[0], state[0]))


def main() -> int:
    compiler, library, goldens, work, *names = sys.argv[1:]
    driver = cuda.load_driver(library)
    failed = 0
    for name in names:
        case = PiecesCase(compiler, driver, pathlib.Path(goldens), pathlib.Path(work), name)
        case.run()
        failed += bool(case.failures)
        print(*(f"{kind} {error:.1e}" for kind, error in case.errors.items()), flush=True)
        for failure in case.failures:
            print("  failed:", failure, flush=True)
    print(f"{len(names)} cases, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
