"""One random configuration, computed in every way and compared."""

import json
import pathlib
import subprocess

import numpy as np
from bits import check_bits
from fuzz_training import check_training
from golden import allowed, distance
from native import Native, build, same
from random_models import (
    DELTAS,
    INPUTS,
    Chooser,
    is_both_ways,
    is_empty,
    random_deltas,
    random_input,
    random_layers,
    random_weights,
    takes_deltas,
)
from rounding import MARGIN, draws
from runtime_weights import Late
from safetensors.numpy import load_file
from timed import Timed, with_time
from whole import LENGTHS, check_whole

from recurrence import forward

REFERENCE_LIMIT = 1e-9
# Ways of computing that are checked besides, and how often.
EXTRAS = {
    "bits": 0.1, "target": 0.12, "reference": 0.25, "threads": 0.12, "runtime": 0.15, "train": 0.15,
}  # fmt: skip


def draw(compiler, seed: int, index: int) -> dict:
    """A configuration: plain data from which everything follows."""
    pick = Chooser([seed, index])
    layers = random_layers(pick, compiler)
    x = random_input(pick, layers)
    options = {"target": pick.one(["x86-64-v3", "native"])}
    if pick.chance(0.3):
        options["chunk"] = pick.one([1, 8, 24, 48, 120])
    config = {
        "layers": layers,
        "batch": x.shape[0],
        "length": x.shape[1] if pick.chance(0.97) else 700,
        "input": pick.one(list(INPUTS)) if pick.chance(0.4) else "normal",
        "seed": int(pick.rng.integers(2**31)),
        "options": options,
        "extras": [name for name, share in EXTRAS.items() if pick.chance(share)],
    }
    if any(map(is_both_ways, layers)) and "train" in config["extras"]:  # which they lack
        extras = ["bits" if name == "train" else name for name in config["extras"]]
        config["extras"] = list(dict.fromkeys(extras))
    if takes_deltas(layers) and pick.chance(0.4):
        config["deltas"] = pick.one(list(DELTAS))
    return config


class Failure(Exception):
    """kind: what failed, in a word; shrinking keeps it."""

    def __init__(self, kind: str, what: str):
        super().__init__(f"{kind}: {what}")
        self.kind = kind


class TimedLate(Timed, Late):
    """A library whose functions take weights and time deltas."""


class Check:
    """One configuration in a folder of its own."""

    def __init__(self, compiler, swap_mode, config: dict, work: pathlib.Path):
        self.compiler, self.swap_mode, self.config, self.work = compiler, swap_mode, config, work
        self.errors = {}

    def ssmc(self, kind: str, *arguments) -> None:
        command = [self.compiler, *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            raise Failure(kind, f"{' '.join(command)}: {result.returncode}, {result.stderr}")

    def run(self) -> None:
        self.write()
        self.oracle()
        if not self.finite:
            return
        native = self.compile(**self.config["options"])
        y, records = native.forward(self.fed)
        np.save(self.work / "y.npy", y)
        self.close("y", y, self.y64, 0)
        what = "bidirectional without a layer that is, or the other way round"
        self.expect("directions", native.bidirectional == self.both_ways(), what)
        if native.bidirectional:
            self.rows(native, y)
        else:
            self.states(native, records)
            self.cuts(native, y, records)
        if self.config.get("deltas") == "ones":
            self.fixed(y)
        for extra in self.config["extras"]:
            getattr(self, extra)(native, y, records)
        self.expect("overrun", not native.overruns(), "wrote beyond y, the states or the workspace")

    def write(self) -> None:
        config, work = self.config, self.work
        (work / "model.json").write_text(json.dumps({"layers": config["layers"]}, indent=1))
        try:
            random_weights(self.compiler, work, config["seed"])
        except subprocess.CalledProcessError as error:
            raise Failure("refused", error.stderr) from error
        self.rng = np.random.default_rng(config["seed"])
        pick = Chooser(config["seed"])
        shape = (config["batch"], config["length"])
        self.x = random_input(pick, config["layers"], *shape, config["input"])
        np.save(work / "x.npy", self.x)
        self.deltas, self.fed = None, self.x
        (work / "dt.npy").unlink(missing_ok=True)
        if kind := config.get("deltas"):
            self.deltas = random_deltas(pick.rng, kind, shape)
            self.fed = with_time(self.x, self.deltas)
            np.save(work / "dt.npy", self.deltas)

    def forward(self, tensors, dtype=np.float64) -> list:
        """What the recurrence gives for the rows of the batch."""
        deltas = [None] * len(self.x) if self.deltas is None else self.deltas
        rows = zip(self.x, deltas, strict=True)
        return [forward(self.config, tensors, x, dtype, deltas=dt) for x, dt in rows]

    def oracle(self) -> None:
        self.tensors = load_file(self.work / "model.safetensors")
        results = self.forward(self.tensors)
        self.y64, self.h64 = (np.stack([result[i] for result in results]) for i in (0, 1))
        paths = results[0][2]
        self.states64 = {path: np.stack([result[2][path] for result in results]) for path in paths}
        everything = (self.y64, self.h64, *self.states64.values())
        largest = max(np.abs(array).max(initial=0) for array in everything)
        self.finite = bool(largest < 1e30)
        self.single = self.draws = None

    def f32(self, which) -> float:
        """The error of the same recurrences in f32: what the tolerance allows for."""
        if self.single is None:
            self.single = self.forward(self.tensors, np.float32)
        return self.distance_of(self.single, which)

    def rounding(self, which) -> float:
        """The largest error of answers that only round sums (see rounding.py)."""
        if self.draws is None:
            self.draws = draws(self.forward, self.tensors)
        return max(self.distance_of(results, which) for results in self.draws)

    def distance_of(self, results: list, which) -> float:
        """The error of a result of `forward` per row of the batch."""
        if isinstance(which, str):
            value, wanted = [result[2][which] for result in results], self.states64[which]
        else:
            value, wanted = [result[which] for result in results], (self.y64, self.h64)[which]
        return distance(np.stack(value), wanted)

    def expect(self, kind: str, holds: bool, what: str) -> None:
        if not holds:
            raise Failure(kind, what)

    def close(self, what: str, value, wanted, which) -> None:
        """`which`: 0 for y, 1 for what enters the head, or a state's path."""
        error, kind = distance(value, wanted), what.partition(" ")[0]
        self.errors[kind] = max(error, self.errors.get(kind, 0))
        if not error <= 1e-5:
            limit = allowed(self.f32(which))
            if error > limit:
                limit = max(limit, MARGIN * self.rounding(which))
            self.expect(kind, error <= limit, f"{what}: error {error:.2e}, allowed {limit:.2e}")

    def compile(self, timed=True, **options) -> Native:
        """`timed`: with time deltas, if the configuration has them."""
        late = options.get("weights") == "runtime"
        kind = Late if late else Native
        if timed and self.deltas is not None:
            options["dt"] = "input"
            kind = TimedLate if late else Timed
        flags = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        prefix = self.work / "-".join(["model", *map(str, options.values())])
        settings = {"swap_mode": self.swap_mode, "kind": kind}
        try:
            return build(self.compiler, self.work, prefix, *flags, **settings)
        except RuntimeError as error:
            raise Failure("compile", str(error)) from error

    # -- Ways of computing -----------------------------------------------------

    def same(self, kind: str, y, records, y2, records2, what: str) -> None:
        self.expect(kind, same(y, y2), f"{what}: other outputs")
        if records is not None:
            self.expect(kind, np.array_equal(records, records2), f"{what}: other states")

    def both_ways(self) -> bool:
        """Whether a block goes through time in both directions: without modes, there are none."""
        return any(
            is_both_ways(layer) and layer.get("num_blocks") != 0 and not is_empty(layer)
            for layer in self.config["layers"]
        )

    def states(self, native: Native, records) -> None:
        for path, wanted in self.states64.items():
            if wanted.size:
                got = np.stack([native.unpack(record, path) for record in records])
                self.close(f"state {path}", got.reshape(wanted.shape), wanted, path)

    def rows(self, native: Native, y) -> None:
        """Sequences alone, as they are and of other lengths."""
        for row, x in enumerate(self.fed):
            n = int(self.rng.integers(1, len(x) + 1))
            alone, _ = native.forward(x[None])
            self.expect("rows", same(alone[0], y[row]), f"row {row} alone: other outputs")
            lengths = np.full(len(y), len(x))
            lengths[row] = n
            ragged, _ = native.forward(self.fed, lengths)
            short, _ = native.forward(x[None, :n])
            got = ragged[row] if native.pooled else ragged[row, :n]
            self.expect("rows", same(short[0], got), f"row {row} of length {n}: other outputs")

    def cuts(self, native: Native, y, records) -> None:
        """By step, by chunks of random lengths, and ragged."""
        x, (batch, length) = self.fed, self.fed.shape[:2]
        self.same("step", y, records, *native.pieces(x, 0), "by step")
        steps = int(self.rng.integers(1, length + 1))
        self.same("chunk", y, records, *native.pieces(x, steps), f"chunks of {steps}")
        lengths = self.rng.integers(1, length + 1, batch)
        ragged, short = native.forward(x, lengths)
        part, rest = native.records(batch), x.copy()
        y2 = native.chunk(part, None, x, lengths)
        self.same("ragged", ragged, short, y2, part, f"lengths {lengths}, chunk and forward")
        for row, n in enumerate(lengths):
            rest[row, : length - n] = x[row, n:]
            if not native.pooled:
                holds = same(ragged[row, :n], y[row, :n])
                self.expect("ragged", holds, f"lengths {lengths}: other outputs")
        y2 = native.chunk(part, None, rest, length - lengths)
        self.expect("ragged", np.array_equal(records, part), f"rest after {lengths}: other states")
        if native.pooled:
            self.expect("ragged", same(y, y2), f"rest after {lengths}: other outputs")

    def bits(self, native: Native, y, records) -> None:
        """All that bits.py knows."""
        failures = []
        if native.bidirectional:
            return self.whole_bits(native)
        x = self.fed[:1, :100]
        y, records = native.forward(x)
        keeps = any(size and "complex" in kind for _, size, kind in native.layout.values())
        spreads = self.spreads() and (keeps or self.deltas is None)
        check_bits(native, x, y, records, keeps,
                   lambda holds, what: holds or failures.append(what), spreads)  # fmt: skip
        self.expect("bits", not failures, "; ".join(failures))

    def whole_bits(self, native: Native) -> None:
        """All that whole.py knows."""
        failures, pick = [], Chooser(self.config["seed"] + 1)
        x = random_input(pick, self.config["layers"], len(LENGTHS), max(LENGTHS))
        options = []
        if self.deltas is not None:
            x = with_time(x, random_deltas(self.rng, self.config["deltas"], x.shape[:2]))
            options = ["--dt", "input"]

        def compile_other(number: int, *flags: str) -> Native:
            prefix, settings = self.work / f"model-other{number}", {"kind": type(native)}
            return build(self.compiler, self.work, prefix, *flags, *options,
                         swap_mode=self.swap_mode, **settings)  # fmt: skip

        check_whole(native, x, compile_other,
                    lambda holds, what: holds or failures.append(what),
                    self.reaches_back())  # fmt: skip
        self.expect("bits", not failures, "; ".join(failures))

    def reaches_back(self) -> bool:
        """Whether NaN in the first feature of the last step reaches every output."""
        if self.x.dtype == np.int32:
            return False
        late = np.repeat(self.x[0, :1], 2, axis=0)
        late[1, 0] = np.nan
        with np.errstate(invalid="ignore"):
            return bool(np.isnan(forward(self.config, self.tensors, late)[0]).all())

    def spreads(self) -> bool:
        """Whether NaN and infinity in any feature reach every output: not so in models
        that are the identity, or of which each feature goes its own way."""
        if self.x.dtype == np.int32:
            return True
        for value, feature in ((np.nan, 0), (np.inf, -1), (-np.inf, 0)):
            x = self.x[0, :1].copy()
            x[0, feature] = value
            if np.isfinite(forward(self.config, self.tensors, x)[0]).any():
                return False
        return True

    def target(self, native: Native, y, records) -> None:
        """Vectors of another width, another number of rows."""
        ours = self.config["options"]["target"]
        other = "x86-64-v3" if ours == "native" else "native"
        options = {"target": other, "chunk": int(self.rng.choice([1, 8, 40, 96]))}
        self.same("target", y, records, *self.compile(**options).forward(self.fed), str(options))

    def fixed(self, y) -> None:
        """Deltas of 1 are the model without: their f64 arithmetic differs at most."""
        y2, _ = self.compile(timed=False, **self.config["options"]).forward(self.x)
        error = distance(y2, y)
        if error > 1e-6:
            limit = MARGIN * self.rounding(0)
            self.expect("ones", error <= limit, f"dt = 1: {error:.2e}, allowed {limit:.2e}")

    def runtime(self, native: Native, y, records) -> None:
        """Weights that come at run time."""
        if not self.tensors:
            return  # refused
        late = self.compile(weights="runtime", **self.config["options"])
        try:
            late.weights = late.load(self.work / "model.safetensors")
        except RuntimeError as error:
            raise Failure("runtime", str(error)) from error
        self.same("runtime", y, records, *late.forward(self.fed), "weights at run time")
        if not late.bidirectional:
            pieces = late.pieces(self.fed, 0)
            self.same("runtime", y, records, *pieces, "weights at run time, by step")

    def train(self, native: Native, y, records) -> None:
        """Training mode, which has regular steps."""
        check_training(self)

    def reference(self, native: Native, y, records) -> None:
        """The f64 interpreter."""
        z, states = self.through_run("reference", "--reference")
        error = distance(z, self.y64)
        self.expect("reference", error <= REFERENCE_LIMIT, f"y: error {error:.2e}")
        for path, wanted in self.states64.items():
            if wanted.size and states is not None:
                error = distance(states[path].reshape(wanted.shape), wanted)
                self.expect("reference", error <= REFERENCE_LIMIT, f"{path}: error {error:.2e}")

    def threads(self, native: Native, y, records) -> None:
        """`ssmc run`, on threads; without its head (a linear map of something else)."""
        options = ["--threads", self.rng.integers(1, 4)]
        z, _ = self.through_run("run", *options)
        self.expect("run", same(z, y), f"{options}: other outputs")
        *before, last = self.config["layers"]
        if last["target"].endswith("Head") and any(
            layer.get("num_blocks") != 0 for layer in before
        ):
            h, _ = self.through_run("run", "--without-head")
            self.close("h", h, self.h64, 1)

    def through_run(self, kind: str, *options):
        work = self.work
        if self.deltas is not None:
            options = [*options, "--dt", work / "dt.npy"]
        states = None if self.both_ways() else work / "z.safetensors"
        if states:
            options = [*options, "--state-out", states]
        self.ssmc(kind, "run", work, "--input", work / "x.npy", "--output", work / "z.npy",
                  *options)  # fmt: skip
        return np.load(work / "z.npy"), states and load_file(states)
