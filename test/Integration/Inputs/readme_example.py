"""The C program of README.md, and what it should answer.

readme_example.py code README               prints the program
readme_example.py input DIGITS              writes one image as raw f32
readme_example.py check DIGITS MODEL FILE   compares the last answer in FILE
"""

import pathlib
import sys

import numpy as np
from safetensors.numpy import load_file

IMAGE = 7


def code(readme: str) -> str:
    """The indented lines from the first #include on."""
    lines = pathlib.Path(readme).read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("    #include"))
    end = next(i for i in range(start, len(lines)) if lines[i] and lines[i][0] != " ")
    return "\n".join(line[4:] for line in lines[start:end]) + "\n"


def check(digits: str, model: str, file: str) -> None:
    steps = np.fromfile(file, "<f4").reshape(64, 10)
    wanted = load_file(f"{digits}/{model}/expected.safetensors")["log_probabilities64"][IMAGE]
    error = np.abs(steps[-1] - wanted).max() / np.abs(wanted).max()
    print("error below 1e-5" if error < 1e-5 else f"error {error:.2e}: {steps[-1]} {wanted}")


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    if what == "code":
        print(code(*arguments), end="")
    elif what == "input":
        x = load_file(f"{arguments[0]}/test.safetensors")["x"][IMAGE]
        sys.stdout.buffer.write(x.astype("<f4").tobytes())
    else:
        check(*arguments)
