"""Compiled code against discretax in float64.

    golden.py COMPILER FPMODE GOLDENS WORK PATTERN...

For every case in the folder GOLDENS that matches a pattern: outputs, what
enters the head, and final states within tolerance; the same bits however the
sequence is computed (see bits.py), and by code for AVX2 and for this machine;
NaN and infinity neither lost nor spread. FPMODE is fpmode.c as a shared library.
Prints a line per case with its errors, a line per failure, and `N cases, N failed`.
"""

import fnmatch
import json
import pathlib
import subprocess
import sys

import numpy as np
from bits import check_bits
from native import build, load_mode_switch, same
from safetensors.numpy import load_file

# Carries and coefficients of less than f64 or f32 hi + lo are worse: 9e-6 (slow
# decay) to 4e-4 (damped LinOSS). Every CPU gives the same bits, so that there is
# no noise to allow for.
STATE_TOLERANCE = 5e-6


def allowed(jax: float) -> float:
    """The promise: no worse than f32 discretax, or 1e-5; a tenth where that is bad."""
    return max(1e-5, jax if jax <= 2e-5 else jax / 10)


def distance(value, wanted) -> float:
    """The largest error, relative to the largest magnitude of the reference."""
    if value.shape != wanted.shape:
        raise ValueError(f"shape {value.shape}, expected {wanted.shape}")
    scale = np.abs(wanted).max(initial=0) or 1.0
    error = np.abs(value - wanted).max(initial=0) / scale
    return float(error) if np.isfinite(error) else np.inf


class Case:
    def __init__(self, compiler, swap_mode, goldens, work, name):
        self.compiler, self.swap_mode, self.model = compiler, swap_mode, goldens / name
        self.work, self.name, self.failures, self.errors = work / name, name, [], {}
        self.work.mkdir(parents=True, exist_ok=True)
        self.data = load_file(self.model / "case.safetensors")
        self.states = {
            path.removeprefix("state64."): state
            for path, state in self.data.items()
            if path.startswith("state64.") and state.size
        }
        jax = json.loads((goldens / "manifest.json").read_text())[name]
        self.tolerance = {
            "y": allowed(jax["y_relative_error"]),
            "h": allowed(jax["h_relative_error"]),
            "state": STATE_TOLERANCE,
        }

    def expect(self, holds: bool, what: str) -> None:
        if not holds:
            self.failures.append(f"{self.name}: {what}")

    def close(self, kind: str, what: str, value, wanted) -> None:
        error, limit = distance(value, wanted), self.tolerance[kind]
        self.errors[kind] = max(error, self.errors.get(kind, 0))
        self.expect(error <= limit, f"{what}: error {error:.2e}, allowed {limit:.2e}")

    def run(self) -> None:
        try:
            self.compare()
        except (subprocess.CalledProcessError, RuntimeError, OSError, ValueError) as error:
            self.expect(False, str(error))

    def compare(self) -> None:
        native = build(self.compiler, self.model, self.work / "model", swap_mode=self.swap_mode)
        x = self.data["x"][None]
        y, states = native.forward(x)
        self.close("y", "y", y[0], self.data["y64"])
        got = {path: native.unpack(states[0], path) for path in self.states}
        for path, wanted in self.states.items():
            self.close("state", f"state {path}", got[path], wanted)
        self.before_the_head(native, y[0], states[0], got)
        check_bits(native, x, y, states, bool(self.states), self.expect)

    def before_the_head(self, native, y, record, states) -> None:
        """Without its head, and compiled for this machine's vectors."""
        hidden, file = self.work / "h.npy", self.work / "states.safetensors"
        source = f"{self.model}/case.safetensors:x"
        command = [self.compiler, "run", self.model, "--without-head", "--input", source]
        command += ["--output", hidden, "--state-out", file]
        subprocess.run(command, check=True, capture_output=True)
        h, others = np.load(hidden), load_file(file)
        self.close("h", "before the head", h, self.data.get("h64", self.data["y64"]))
        for path, state in states.items():
            other = others[path].reshape(state.shape)
            self.expect(same(state, other), f"another target gives another state {path}")
        if "h64" not in self.data:
            self.expect(same(y, h), "another target gives other outputs")
        for path in native.layout:
            if path.endswith(".sums"):
                sums = np.cumsum(h.astype(np.float64), axis=0)[-1]
                what = "another target gives another mean"
                self.expect(np.array_equal(native.unpack(record, path), sums), what)


def main() -> int:
    compiler, library, goldens, work, *patterns = sys.argv[1:]
    swap_mode = load_mode_switch(library)
    goldens, work = pathlib.Path(goldens), pathlib.Path(work)
    names = sorted(p.parent.name for p in goldens.glob("*/case.safetensors"))
    names = [n for n in names if any(fnmatch.fnmatchcase(n, p) for p in patterns)]
    failed = 0
    for name in names:
        case = Case(compiler, swap_mode, goldens, work, name)
        case.run()
        failed += bool(case.failures)
        print(name, *(f"{kind} {error:.1e}" for kind, error in case.errors.items()), flush=True)
        for failure in case.failures:
            print("  failed:", failure)
    print(f"{len(names)} cases, {failed} failed")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main())
