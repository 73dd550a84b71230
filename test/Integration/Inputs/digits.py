"""The trained models on all held-out handwritten digits.

    digits.py COMPILER DIGITS WORK

Prints, per model, the largest error relative to the largest log-probability,
how many predictions differ from the reference's, and how many are right.
"""

import pathlib
import sys

import numpy as np
from native import build
from safetensors.numpy import load_file


def main() -> None:
    compiler, digits, work = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    test = load_file(digits / "test.safetensors")
    for name in ("s5", "lru", "linoss"):
        wanted = load_file(digits / name / "expected.safetensors")["log_probabilities64"]
        y, _ = build(compiler, digits / name, work / name).forward(test["x"])
        error = np.abs(y - wanted).max() / np.abs(wanted).max()
        different = (y.argmax(axis=1) != wanted.argmax(axis=1)).sum()
        right = (y.argmax(axis=1) == test["labels"]).mean()
        accuracy = "error below 1e-5" if error < 1e-5 else f"ERROR {error:.2e}"
        print(f"{name}: {accuracy}, {different} of {len(y)} differ, {right:.1%} right")


if __name__ == "__main__":
    main()
