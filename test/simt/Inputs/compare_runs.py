"""compare_runs.py Y STATES Y STATES: whether two runs of a model differ in rounding only."""

import sys

import numpy as np
from safetensors.numpy import load_file


def say(name: str, one: np.ndarray, other: np.ndarray) -> None:
    error = np.abs(one - other).max() / np.abs(one).max()
    print(f"{name}: {'near' if one.shape == other.shape and error < 1e-5 else error}")


y, states, other_y, other_states = sys.argv[1:]
say("y", np.load(y), np.load(other_y))
one, other = load_file(states), load_file(other_states)
for name in sorted(one):
    say(name, one[name], other[name])
