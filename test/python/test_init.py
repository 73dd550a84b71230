"""`ssmc init` gives a model the values that live discretax gives it."""

import json
import os
import pathlib
import re
import subprocess

import equinox as eqx
import jax
import numpy as np
import pytest
from safetensors.numpy import load_file

import recurrence
from init_models import MODELS, model
from live import build

ROOT = pathlib.Path(__file__).parents[2]
COMPILER = os.environ.get("SSMC", ROOT / "build" / "bin" / "ssmc")
# One unit in the last place, of float32.
EPSILON = 2.0**-23


def initialize(layers, seed, folder):
    (folder / "model.json").write_text(json.dumps({"layers": layers}))
    weights = folder / "w.safetensors"
    command = [COMPILER, "init", folder / "model.json", "--seed", str(seed), "-o", weights]
    subprocess.run(command, check=True)
    return load_file(weights)


def leaves(model):
    """All parameters of a live model by the names of model.safetensors."""
    arrays = eqx.filter(model, eqx.is_array)
    tensors = {}
    for keys, leaf in jax.tree_util.tree_flatten_with_path(arrays)[0]:
        path = ".".join(str(getattr(k, "name", getattr(k, "idx", None))) for k in keys)
        value = np.asarray(leaf)
        parts = np.stack([value.real, value.imag], -1) if np.iscomplexobj(value) else value
        tensors[path] = parts
    return tensors


def bases(layers):
    """By path: blocks, size and eigenvalues of the HiPPO basis of every S5 mixer."""
    for i, layer in enumerate(layers):
        mixer = layer.get("sequence_mixer", layer)
        if not mixer["target"].startswith("S5"):
            continue
        paths = [f"layers.{i}.sequence_mixer"]
        if mixer is layer:
            count = layer["num_blocks"]
            paths = [f"layers.{i}.blocks.{j}.sequence_mixer" for j in range(count)]
        for path in paths:
            yield path, mixer["state_dim"] // mixer.get("ssm_blocks", 1)


def basis_error(size):
    """What float32 leaves of an eigenvector of the basis: LAPACK's backward
    error, 4 units in the last place of the norm, over the distance of two
    eigenvalues."""
    n = np.arange(size)
    p = np.sqrt(n + 0.5)
    skew = np.triu(np.outer(p, p), 1)
    values = np.linalg.eigvalsh(1j * (skew - skew.T))
    gap = np.diff(values).min(initial=1)
    return 4 * EPSILON * max(np.abs(values).max(), 1) / min(gap, 1)


def align(path, got, wanted, tolerance):
    """Takes the sign that an eigenvector has free out of B and C, which must
    have the same one, and compares them."""
    b, c = got[path + ".B"], got[path + ".C"]
    wanted_b, wanted_c = wanted[path + ".B"], wanted[path + ".C"]
    sign = np.where((b * wanted_b).sum((1, 2)) < 0, -1, 1)
    if wanted_c.shape[1] == 2 * c.shape[1]:  # complex_normal: not in the basis
        np.testing.assert_allclose(c, wanted_c[:, : c.shape[1]], rtol=4 * EPSILON)
    else:
        wanted_c = wanted_c * sign[:, None]
        atol = tolerance * np.abs(wanted_c).max(initial=0)
        np.testing.assert_allclose(c, wanted_c, rtol=0, atol=atol)
    atol = tolerance * np.abs(wanted_b).max(initial=0)
    np.testing.assert_allclose(b * sign[:, None, None], wanted_b, rtol=0, atol=atol)


def absolute_tolerance(name, path, tensors):
    """What a parameter may differ by besides a few units in the last place:
    where its formula cancels."""

    def get(key):
        return tensors[f"{path}.{key}"].astype(np.float64)

    match name:
        case "nu_log":  # a logarithm of a logarithm
            return 2 * EPSILON
        case "gamma_log":  # of 1 - |lambda|^2
            squares = -np.expm1(-2 * np.exp(get("nu_log")))
            return 4 * EPSILON / np.maximum(squares, EPSILON)
        case "A_diag" if path + ".G_diag" in tensors:  # a difference of 2 / dt^2
            dt = 1 / (1 + np.exp(-get("steps")))
            return 8 * EPSILON * (2 + dt * get("G_diag")) / dt**2
        case "Lambda_im":
            return 4 * EPSILON * np.abs(get("Lambda_im")).max(initial=0)
    return 0


def exact(name, path):
    """Parameters that are drawn from an interval and not transformed."""
    return name in ("weight", "bias", "A_imag", "log_dt") and "embedding" not in path


@pytest.mark.parametrize("index", range(len(MODELS)), ids=MODELS.keys())
def test_values(index, tmp_path):
    layers = list(MODELS.values())[index]
    seed = 2**32 - 1 - index if index % 2 else index
    got = initialize(layers, seed, tmp_path)
    live, _ = build(*layers, seed=seed)
    wanted = leaves(live)
    assert {n for n in got if not re.search(r"\.norm\.", n)} == set(wanted)

    for path, size in bases(layers):
        align(path, got, wanted, basis_error(size))
        for name in ("B", "C"):  # of what is left, the same sign
            del wanted[f"{path}.{name}"]
    for full, value in wanted.items():
        path, name = full.rsplit(".", 1)
        if exact(name, path):
            np.testing.assert_array_equal(got[full], value, err_msg=full)
            continue
        atol = np.broadcast_to(absolute_tolerance(name, path, got), value.shape)
        error = np.zeros_like(value, np.float64)
        finite = np.isfinite(value)
        np.testing.assert_array_equal(got[full][~finite], value[~finite], err_msg=full)
        error[finite] = np.abs(got[full][finite] - value[finite].astype(np.float64))
        assert (error[finite] <= (atol + 4 * EPSILON * np.abs(value))[finite]).all(), full


def test_unit_circle(tmp_path):
    """On it 1 - |lambda|^2 is nothing but rounding: -infinity for most modes of LRU, half
    the logarithm of a bit or two for the others. Which is which differs by mode."""
    layers = model("LRU", r_min=1, r_max=1, state_dim=64)
    got = initialize(layers, 0, tmp_path)["layers.1.blocks.0.sequence_mixer.gamma_log"]
    live, _ = build(*layers, seed=0)
    wanted = leaves(live)["layers.1.blocks.0.sequence_mixer.gamma_log"]
    bits = np.log([2.0**-23, 2.0**-22]) / 2
    for values in (got, wanted):
        finite = values[np.isfinite(values)]
        assert np.abs(finite[:, None] - bits).min(axis=1, initial=1).max() < 1e-6
        assert 0.2 < len(finite) / len(values) < 0.5
    assert not np.isnan(got).any()


@pytest.mark.parametrize("name", ["s5", "s5-odd-state", "s5-truncated-normal-blocks", "s5-mixer"])
def test_input_output_behaviour(name, tmp_path):
    """Signs of eigenvectors change no output, and no product of C and B."""
    layers = MODELS[name]
    got = initialize(layers, 3, tmp_path)
    live, _ = build(*layers, seed=3)
    wanted = got | leaves(live)
    for path, size in bases(layers):
        products = [
            np.einsum(
                "hp,pk->phk",
                *(w[..., 0] + 1j * w[..., 1] for w in (t[path + ".C"], t[path + ".B"])),
            )
            for t in (got, wanted)
        ]
        atol = 4 * basis_error(size) * np.abs(products[1]).max()
        np.testing.assert_allclose(*products, rtol=0, atol=atol)
    features = layers[0]["in_features"]
    x = np.random.default_rng(0).standard_normal((40, features)).astype(np.float32)
    y, hidden, _ = recurrence.forward({"layers": layers}, got, x)
    y_wanted, hidden_wanted, _ = recurrence.forward({"layers": layers}, wanted, x)
    for a, b in ((y, y_wanted), (hidden, hidden_wanted)):
        np.testing.assert_allclose(a, b, rtol=0, atol=2e-5 * np.abs(b).max())


def test_statistics_are_defined(tmp_path):
    """discretax leaves them as they lie in memory."""
    got = initialize(MODELS["lru"], 0, tmp_path)
    norm = "layers.1.blocks.0.norm."
    assert (got[norm + "running_mean"] == 0).all()
    assert (got[norm + "running_var"] == 1).all()
    assert got[norm + "first_time"].dtype == bool and got[norm + "first_time"]
