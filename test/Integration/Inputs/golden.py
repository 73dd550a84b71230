"""Compiled code against discretax in float64.

    golden.py COMPILER FPMODE GOLDENS WORK PATTERN...

For every case in the folder GOLDENS that matches a pattern: outputs, what
enters the head, and final states within tolerance; step, chunk and forward,
any place in a batch and any floating-point mode of the caller identical to
the last bit; NaN and infinity neither lost nor spread. Classes that ssmc does
not support must be refused. FPMODE is fpmode.c as a shared library. Prints a
line per failure and `N cases, N failed`.
"""

import ctypes
import fnmatch
import json
import pathlib
import subprocess
import sys

import numpy as np
from native import build
from safetensors.numpy import load_file

SUPPORTED = {
    "LinearEncoder", "EmbeddingEncoder", "S5", "LRU", "LinOSS", "StandardBlock",
    "ClassificationHead", "RegressionHead", "S5SequenceMixer", "LRUSequenceMixer",
    "LinOSSSequenceMixer", "GLU",
}  # fmt: skip
# MXCSR: FTZ and DAZ on, rounding towards plus infinity, all exceptions masked.
UNUSUAL_MODE = 0x1F80 | 0x8000 | 0x0040 | 0x4000


def targets(node) -> set[str]:
    """Every class that a model.json names."""
    if isinstance(node, list):
        return set().union(*map(targets, node))
    if not isinstance(node, dict):
        return set()
    inner = targets(list(node.values()))
    return inner | ({node["target"]} if "target" in node else set())


def is_damped(node) -> bool:
    """Whether a model.json has a damped LinOSS, float32's hardest case."""
    if isinstance(node, list):
        return any(map(is_damped, node))
    if not isinstance(node, dict):
        return False
    linoss = node.get("target") in ("LinOSS", "LinOSSSequenceMixer")
    damped = node.get("damping", True) and node.get("discretization", "IMEX") == "IMEX"
    return (linoss and damped) or any(map(is_damped, node.values()))


def distance(value, wanted) -> float:
    """The largest error, relative to the largest magnitude of the reference."""
    if value.shape != wanted.shape:
        raise ValueError(f"shape {value.shape}, expected {wanted.shape}")
    scale = np.abs(wanted).max(initial=0) or 1.0
    error = np.abs(value - wanted).max(initial=0) / scale
    return float(error) if np.isfinite(error) else np.inf


def identical(a, b) -> bool:
    """Same bits; NaNs are alike."""
    nans = np.isnan(a) & np.isnan(b)
    return a.shape == b.shape and bool(np.all((a.view(np.int32) == b.view(np.int32)) | nans))


class Case:
    def __init__(self, compiler, mode, goldens, work, name):
        self.compiler, self.swap_mode, self.model = compiler, mode, goldens / name
        self.work, self.name, self.failures = work / name, name, []
        self.work.mkdir(parents=True, exist_ok=True)
        self.config = json.loads((self.model / "model.json").read_text())
        self.data = load_file(self.model / "case.safetensors")
        jax = json.loads((goldens / "manifest.json").read_text())[name]
        floor = 1e-4 if is_damped(self.config) else 2e-5
        self.tolerance = {
            "y": max(jax["y_relative_error"], floor),
            "h": max(jax["h_relative_error"], floor),
            "state": 3e-4 if is_damped(self.config) else 1e-4,
        }

    def expect(self, holds: bool, what: str) -> None:
        if not holds:
            self.failures.append(f"{self.name}: {what}")

    def close(self, what: str, value, wanted, kind: str) -> None:
        error, limit = distance(value, wanted), self.tolerance[kind]
        self.expect(error <= limit, f"{what}: error {error:.2e}, allowed {limit:.2e}")

    def run(self) -> None:
        try:
            if targets(self.config) <= SUPPORTED:
                self.accuracy()
                self.bits()
            else:
                self.refusal()
        except (subprocess.CalledProcessError, RuntimeError, OSError, ValueError) as error:
            self.expect(False, str(error))

    def refusal(self) -> None:
        prefix = self.work / "model"
        command = [self.compiler, "compile", self.model, "-o", prefix]
        result = subprocess.run(command, capture_output=True, text=True)
        self.expect(result.returncode == 1, f"exit status {result.returncode}, expected 1")
        self.expect("not supported" in result.stderr, f"message {result.stderr!r}")
        self.expect(not list(self.work.glob("model*")), "left a file behind")

    def accuracy(self) -> None:
        """What `ssmc run --without-head` gives, and its states."""
        hidden, states = self.work / "h.npy", self.work / "states.safetensors"
        source = f"{self.model}/case.safetensors:x"
        command = [self.compiler, "run", self.model, "--without-head", "--input", source]
        subprocess.run([*command, "--output", hidden, "--state-out", states], check=True)
        wanted = self.data.get("h64", self.data["y64"])
        self.close("before the head", np.load(hidden), wanted, "h")
        got = load_file(states)
        for name, value in self.data.items():
            path = name.removeprefix("state64.")
            if path != name and value.size:
                self.close(f"state {path}", got[path].reshape(value.shape), value, "state")

    def bits(self) -> None:
        """One stream, however it is computed."""
        native = build(self.compiler, self.model, self.work / "model")
        x = self.data["x"][None]
        y, states = native.forward(x)
        self.close("y", y[0], self.data["y64"], "y")
        for steps in sorted({0, 1, 2, 7, 64, x.shape[1]}):
            y2, states2 = native.chunks(x, steps)
            how = f"chunks of {steps}" if steps else "step"
            self.expect(identical(y, y2), f"forward and {how} differ")
            self.expect(np.array_equal(states, states2), f"states after {how} differ")
        before = self.swap_mode(UNUSUAL_MODE)
        y2, states2 = native.forward(x)
        after = self.swap_mode(before)
        self.expect((after & ~0x3F) == UNUSUAL_MODE, f"mode {after:#x} not restored")
        self.expect(identical(y, y2), "the caller's floating-point mode matters")
        self.company(native, x, y, states)

    def company(self, native, x, y, states) -> None:
        """A batch: the same stream in the middle, and one with bad input last."""
        other = x[:, ::-1]
        bad = [x.copy()]
        if np.issubdtype(x.dtype, np.floating):
            middle = x.shape[1] // 2
            bad = [x.copy(), x.copy()]
            bad[0][0, middle, 0], bad[1][0, middle, -1] = np.nan, np.inf
        y2, states2 = native.forward(np.concatenate([other, x, *bad]))
        self.expect(identical(y, y2[1:2]), "the place in a batch matters")
        size = native.state_bytes
        self.expect(np.array_equal(states, states2[size : 2 * size]), "states in a batch differ")
        if len(bad) == 2:
            for row, what in ((y2[2], "NaN"), (y2[3], "infinity")):
                self.spread(y[0], row, native.pooled, middle, what)

    def spread(self, clean, row, pooled, middle, what) -> None:
        """Bad input at step `middle` changes its own and later answers only."""
        if pooled:
            self.expect(not np.isfinite(row).any(), f"{what} was lost: {row}")
        else:
            self.expect(identical(clean[:middle], row[:middle]), f"{what} went back in time")
            self.expect(not np.isfinite(row[middle]).all(), f"{what} was lost: {row[middle]}")


def main() -> int:
    compiler, mode, goldens, work, *patterns = sys.argv[1:]
    swap_mode = ctypes.CDLL(mode).swap_mode
    swap_mode.argtypes, swap_mode.restype = [ctypes.c_uint], ctypes.c_uint
    goldens, work = pathlib.Path(goldens), pathlib.Path(work)
    names = sorted(p.parent.name for p in goldens.glob("*/case.safetensors"))
    names = [n for n in names if any(fnmatch.fnmatchcase(n, p) for p in patterns)]
    failed = 0
    for name in names:
        case = Case(compiler, swap_mode, goldens, work, name)
        case.run()
        failed += bool(case.failures)
        for failure in case.failures:
            print(failure)
    print(f"{len(names)} cases, {failed} failed")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main())
