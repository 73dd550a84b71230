"""Input that ssmc must refuse, or that is nearly bad.

    bad_input.py empty COMPILER GOLDENS WORK    no sequences, no time steps
    bad_input.py disk COMPILER GOLDENS WORK     no space for what `run` writes
    bad_input.py damage COMPILER GOLDENS WORK   files with random damage

Prints a line per failure, and `N checks, N failed`.
"""

import pathlib
import resource
import shutil
import signal
import subprocess
import sys

import numpy as np
from safetensors.numpy import load_file

# Goldens: an answer per time step, one per sequence, one for tokens, all mixers.
PER_STEP, POOLED, TOKENS = "head-per-step-classification", "s5-regression", "s5-tokens"
MIXED = "mixed-every-mixer"


class Checks:
    def __init__(self, compiler, goldens, work):
        self.compiler, self.goldens, self.work = compiler, goldens, work
        self.count = self.failed = 0

    def expect(self, holds: bool, what: str) -> None:
        self.count += 1
        self.failed += not holds
        if not holds:
            print("failed:", what)

    def run(self, model, x, *options, limit=None):
        """`ssmc run` on an array or a file; writes y.npy and states.safetensors, of
        at most `limit` bytes."""

        def prepare():
            if limit is not None:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        source = x
        if isinstance(x, np.ndarray):
            source = self.work / "x.npy"
            np.save(source, x)
        for name in ("y.npy", "states.safetensors"):
            (self.work / name).unlink(missing_ok=True)
        command = [self.compiler, "run", model, "--input", source, *options]
        command += ["--output", self.work / "y.npy"]
        command += ["--state-out", self.work / "states.safetensors"]
        return subprocess.run(
            command, preexec_fn=prepare, capture_output=True, text=True, errors="replace"
        )

    def left(self) -> list[str]:
        """Files that a failed run left behind: y, states and temporary ones."""
        return sorted(p.name for p in self.work.glob("*") if p.name[0] in "ys")

    def refused(self, result, what: str, *words: str) -> None:
        """One error with status 1 that says `words`, and no file."""
        self.expect(result.returncode == 1, f"{what}: status {result.returncode}")
        self.expect("error: " in result.stderr, f"{what}: no error in {result.stderr!r}")
        for word in words:
            self.expect(word in result.stderr, f"{what}: no {word!r} in {result.stderr!r}")
        self.expect(not self.left(), f"{what}: left {self.left()}")


def empty(checks: Checks) -> None:
    """No time steps: an empty output and cleared states, but no mean. No sequences:
    nothing at all."""
    model = checks.goldens / PER_STEP
    for options in ([], ["--reference"], ["--mode", "step"]):
        result = checks.run(model, np.zeros((0, 3), np.float32), *options)
        checks.expect(result.returncode == 0, f"no steps {options}: {result.stderr}")
        if result.returncode == 0:
            y, states = (
                np.load(checks.work / "y.npy"),
                load_file(checks.work / "states.safetensors"),
            )
            checks.expect(y.shape == (0, 5), f"no steps {options}: shape {y.shape}")
            clear = all(not state.any() for state in states.values())
            checks.expect(clear and states, f"no steps {options}: states {states}")
    for shape in ((2, 0, 3), (0, 7, 3)):
        result = checks.run(model, np.zeros(shape, np.float32))
        checks.expect(result.returncode == 0, f"shape {shape}: {result.stderr}")
        if result.returncode == 0:
            y = np.load(checks.work / "y.npy")
            checks.expect(y.shape == (*shape[:2], 5), f"shape {shape}: got {y.shape}")
    for golden, x in ((POOLED, np.zeros((0, 3), np.float32)), (TOKENS, np.zeros((2, 0), np.int32))):
        for options in ([], ["--reference"]):
            result = checks.run(checks.goldens / golden, x, *options)
            shape = str(list(x.shape)).replace(" ", "")
            checks.refused(result, f"an answer for no steps {options}", "no time steps", shape)


def disk(checks: Checks) -> None:
    """Writing fails at the first byte, in y, and in the states."""
    model = checks.goldens / PER_STEP
    x = np.zeros((600, 3), np.float32)  # y has 12 kB, the states far less
    for limit in (0, 4096):
        result = checks.run(model, x, "--reference", limit=limit)
        checks.refused(result, f"a disk with {limit} bytes", "cannot be written", "too large")
    pooled = checks.goldens / POOLED  # y has some 140 bytes, the states a thousand
    steps = load_file(pooled / "case.safetensors")["x"][:2].astype(np.float32)
    result = checks.run(pooled, steps, "--reference", limit=400)
    checks.refused(result, "no space for states", "states.safetensors", "cannot be written")
    result = checks.run(model, x, "--reference")
    checks.expect(result.returncode == 0, f"with space: {result.stderr}")
    (checks.work / "states.safetensors").unlink()
    (checks.work / "y.npy").unlink()
    (checks.work / "y.npy").mkdir()
    (checks.work / "y.npy" / "file").touch()
    command = [checks.compiler, "run", model, "--input", checks.work / "x.npy", "--reference"]
    command += ["--output", checks.work / "y.npy"]
    result = subprocess.run(command, capture_output=True, text=True)
    shutil.rmtree(checks.work / "y.npy")
    checks.refused(result, "a folder in the way", "y.npy", "directory")


def spoil(data: bytes, rng) -> bytes:
    """A file with bytes changed, left out, repeated or cut off."""
    data = bytearray(data)
    head = min(len(data), 1500)  # where structure is
    for _ in range(rng.integers(1, 4)):
        start = int(rng.integers(min(head, len(data)) + 1))
        span = int(rng.integers(1, 12))
        kind = rng.integers(5)
        if kind == 0:
            data[start : start + span] = rng.bytes(len(data[start : start + span]))
        elif kind == 1:
            del data[start : start + span]
        elif kind == 2:
            data[start:start] = data[start : start + span]
        elif kind == 3:
            data[start : start + 1] = bytes([rng.choice(list(b'0123456789-{}[],:"ex'))])
        else:
            del data[int(rng.integers(len(data) + 1)) :]
    return bytes(data)


def damage(checks: Checks) -> None:
    """Damage gives an answer or one message, never a crash."""
    damage_golden(checks, checks.goldens / PER_STEP, "0.5,1,-2e-1\n3,4,5\n")
    damage_golden(checks, checks.goldens / MIXED, "0.5,-2e-1\n3,4\n")


def damage_golden(checks: Checks, golden: pathlib.Path, lines: str) -> None:
    rng = np.random.default_rng(17)
    whole = {name: golden / name for name in ("model.json", "model.safetensors")}
    np.save(checks.work / "whole.npy", load_file(golden / "case.safetensors")["x"])
    whole["in.npy"] = checks.work / "whole.npy"
    whole["in.csv"] = checks.work / "in.csv"
    whole["in.csv"].write_text(lines * 20)
    folder = checks.work / "model"
    folder.mkdir(exist_ok=True)
    refused = 0
    for trial in range(120):
        for name, path in whole.items():
            shutil.copy(path, folder / name)
        name = list(whole)[trial % len(whole)]
        (folder / name).write_bytes(spoil(whole[name].read_bytes(), rng))
        source = folder / ("in.csv" if name == "in.csv" else "in.npy")
        result = checks.run(folder, source, "--reference")
        what = (
            f"{golden.name} {trial}, {name}: status {result.returncode}, {result.stderr[-400:]!r}"
        )
        if result.returncode:
            refused += 1
            checks.expect(result.returncode == 1 and "error: " in result.stderr, what)
            checks.expect(name in result.stderr, f"does not name the file: {what}")
            checks.expect(not checks.left(), f"{what}: left {checks.left()}")
    checks.expect(refused > 60, f"{golden.name}: only {refused} files show their damage")


def main() -> int:
    what, compiler, goldens, work = sys.argv[1:]
    checks = Checks(compiler, pathlib.Path(goldens), pathlib.Path(work) / what)
    checks.work.mkdir(parents=True, exist_ok=True)
    {"empty": empty, "disk": disk, "damage": damage}[what](checks)
    print(f"{checks.count} checks, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
