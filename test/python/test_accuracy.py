"""A long sequence through a model as discretax initialises it: compiled code against
the f64 recurrences, and discretax's own f32 beside it.

`pytest -s` prints the errors, which docs/accuracy.md lists.
"""

import json
import os
import pathlib
import subprocess

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load_file

import ssmc
from live import build, with_statistics
from recurrence import forward

ROOT = pathlib.Path(__file__).parents[2]
COMPILER = os.environ.get("SSMC", ROOT / "build" / "bin" / "ssmc")


def distance(value, wanted) -> float:
    """The largest error, relative to the largest magnitude of what is right."""
    return float(np.abs(value.reshape(wanted.shape) - wanted).max() / np.abs(wanted).max())


def compiled(folder, x, *options):
    """Output and final states of compiled code."""
    np.save(folder / "x.npy", x)
    command = [COMPILER, "run", folder, "--input", folder / "x.npy", *options]
    command += ["--output", folder / "y.npy", "--state-out", folder / "states.safetensors"]
    subprocess.run(command, check=True, capture_output=True)
    return np.load(folder / "y.npy"), load_file(folder / "states.safetensors")


def jitted(model, state, x):
    """The answer of jax.jit(discretax) in f32, and what enters its head."""
    layers = eqx.nn.inference_mode(model).layers

    @jax.jit
    def run(value):
        now, hidden = state, value
        for layer in layers:
            hidden = value
            value, now = layer(value, now, key=jax.random.PRNGKey(0))
        return value, hidden

    return [np.asarray(part) for part in run(jnp.asarray(x))]


def test_long_sequence(tmp_path):
    """The benchmark's W3: damped LinOSS, the hardest for f32. With this seed some mode
    amplifies what it is fed ten times more than with most."""
    live, state = build(
        {"target": "LinearEncoder", "in_features": 6, "out_features": 128},
        {"target": "LinOSS", "hidden_dim": 128, "num_blocks": 4, "state_dim": 64},
        {"target": "ClassificationHead", "in_features": 128, "out_features": 5},
    )
    state = with_statistics(live, state)
    ssmc.export(live, state, tmp_path)
    x = np.random.default_rng(4).standard_normal((17984, 6)).astype(np.float32)

    config = json.loads((tmp_path / "model.json").read_text())
    y64, h64, states64 = forward(config, load_file(tmp_path / "model.safetensors"), x)
    y, states = compiled(tmp_path, x)
    h, _ = compiled(tmp_path, x, "--without-head")
    errors = {"y": distance(y, y64), "h": distance(h, h64)}
    for path, wanted in states64.items():
        errors[path] = distance(states[path], wanted)
    theirs = dict(zip("yh", map(distance, jitted(live, state, x), (y64, h64)), strict=True))
    print({kind: f"{error:.1e}" for kind, error in errors.items()})
    print("discretax in f32:", {kind: f"{error:.1e}" for kind, error in theirs.items()})
    assert max(errors.values()) <= 1e-5
    for kind, error in theirs.items():
        assert error <= 2e-5 or errors[kind] <= error / 10
