"""resume.py SSMC GOLDEN FOLDER: runs a golden in one go, and in two with states
saved between, alone and in a batch; says how they compare."""

import subprocess
import sys

import numpy as np
from safetensors.numpy import load_file

ssmc, golden, folder = sys.argv[1:]
case = load_file(f"{golden}/case.safetensors")


def run(name, x, *options, start=None):
    np.save(f"{folder}/x.npy", x)
    command = [ssmc, "run", golden, "--input", f"{folder}/x.npy", "--output", f"{folder}/y.npy"]
    if start:
        command += ["--state-in", f"{folder}/{start}.safetensors"]
    command += ["--state-out", f"{folder}/{name}.safetensors", *options]
    subprocess.run(command, check=True)
    return np.load(f"{folder}/y.npy"), load_file(f"{folder}/{name}.safetensors")


def is_close(got, wanted, tolerance):
    return np.abs(got - wanted).max() <= tolerance * np.abs(wanted).max()


y, states = run("whole", case["x"])
wanted = {name.removeprefix("state64."): s for name, s in case.items() if "state64." in name}
as_reference = all(
    states[name].shape == state.shape and is_close(states[name], state, 3e-4)
    for name, state in wanted.items()
)
print("whole run: states", "as the reference's" if as_reference else "differ")

# A batch: the sequence, and the same backwards.
pair = np.stack([case["x"], case["x"][::-1]])
middle = pair.shape[1] // 2
for kind, options, tolerance in [("compiled", [], 0), ("interpreted", ["--reference"], 1e-12)]:
    y, states = run("whole", pair, *options)
    run("first", pair[:, :middle], *options)
    rest, last = run("rest", pair[:, middle:], *options, start="first")
    same = all(is_close(last[name], states[name], tolerance) for name in states)
    same &= is_close(rest, y if y.ndim == 2 else y[:, middle:], tolerance)
    print(f"{kind}:", ("the same" if tolerance else "same bits") if same else "different")
    alone, state = run("alone", case["x"], *options)
    same = all((state[name] == states[name][0]).all() for name in states)
    print(f"{kind}: alone", "same bits" if same and (alone == y[0]).all() else "different")
