"""The NumPy specifications against what discretax computed in float64."""

import json
import pathlib

import equinox as eqx
import jax
import numpy as np
import pytest
from safetensors.numpy import load_file

import live
import recurrence
from training_recurrence import training_forward

DATA = pathlib.Path(__file__).parents[1] / "data"
GOLDENS, TRAINING = DATA / "goldens", DATA / "training"
# Where float64 itself loses digits: the ZOH of eigenvalues of 1e-4.
TOLERANCE = {"s5-zoh-cancellation": 1e-7}


@pytest.mark.parametrize("case", sorted(p.parent.name for p in GOLDENS.glob("*/case.safetensors")))
def test_golden(case):
    config = json.loads((GOLDENS / case / "model.json").read_text())
    tensors = load_file(GOLDENS / case / "model.safetensors")
    expected = load_file(GOLDENS / case / "case.safetensors")
    y, hidden, states = recurrence.forward(config, tensors, expected["x"])

    results = {"y64": y, "h64": hidden} | {f"state64.{p}": s for p, s in states.items()}
    for name, value in results.items():
        wanted = expected[name] if name in expected else expected["y64"]
        scale = np.abs(wanted).max(initial=1e-30)
        np.testing.assert_allclose(value, wanted, rtol=0, atol=TOLERANCE.get(case, 1e-9) * scale)


@pytest.mark.parametrize("case", sorted(p.name for p in TRAINING.iterdir() if p.is_dir()))
def test_training(case):
    """Two calls, the second with the statistics of the first."""
    config = json.loads((TRAINING / case / "model.json").read_text())
    tensors = load_file(TRAINING / case / "model.safetensors")
    expected = load_file(TRAINING / case / "case.safetensors")
    for call in ("first", "second"):
        x, keys = expected[f"{call}.x"], expected[f"{call}.keys"]
        y, statistics = training_forward(config, tensors, x, keys)
        wanted = {f"{call}.y64": y}
        for name, value in statistics.items():
            key = f"{call}.statistics64.{name}"
            wanted[key if key in expected else f"{call}.statistics.{name}"] = value
        assert len(wanted) == 1 + sum(k.startswith(f"{call}.statistics.") for k in expected)
        for name, value in wanted.items():
            scale = max(np.abs(expected[name]).max(), "statistics" in name)
            np.testing.assert_allclose(value, expected[name], rtol=0, atol=1e-9 * scale)
        tensors |= statistics


def test_training_of_one_output():
    """A GLU of one output is dropped by one entry per step, as in live discretax."""
    mixers = {
        "sequence_mixer": {"target": "IdentitySequenceMixer"},
        "channel_mixer": {"target": "GLU", "out_features": 1},
    }
    layer = {"target": "StandardBlock", "in_features": 5, "drop_rate": 0.5} | mixers
    model, state = live.build(layer)
    state = live.with_statistics(model, state)
    leaves, _ = jax.tree_util.tree_flatten_with_path(eqx.filter(model, eqx.is_array))
    tensors = {live.path_of(keys): np.asarray(leaf) for keys, leaf in leaves}
    mean, variance = state.get(live.norms(model)[0].ema_state_index)
    statistics = {"running_mean": mean, "running_var": variance, "first_time": False}
    tensors |= {f"layers.0.norm.{name}": np.asarray(part) for name, part in statistics.items()}
    x = np.random.default_rng(0).standard_normal((2, 7, 5)).astype(np.float32)
    keys = jax.random.split(jax.random.PRNGKey(3), 2)
    call = jax.vmap(lambda row, key: model(row, state, key=key)[0], axis_name="batch")
    y, _ = training_forward({"layers": [layer]}, tensors, x, np.asarray(keys))
    np.testing.assert_allclose(call(x, keys), y, rtol=0, atol=1e-6)
