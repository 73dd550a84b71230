"""A live discretax model, exported and compiled, answers what it did before."""

import os
import pathlib
import subprocess

import numpy as np
import pytest

import ssmc
from live import build, run, with_statistics

ROOT = pathlib.Path(__file__).parents[2]
COMPILER = os.environ.get("SSMC", ROOT / "build" / "bin" / "ssmc")

S5 = {"target": "S5", "hidden_dim": 8, "num_blocks": 2, "state_dim": 8}
LRU = {"target": "LRU", "hidden_dim": 8, "num_blocks": 2, "state_dim": 5, "prenorm": False}
LINOSS = {"target": "LinOSS", "hidden_dim": 8, "num_blocks": 2, "state_dim": 5, "damping": False}
BLOCK = {
    "target": "StandardBlock",
    "in_features": 8,
    "sequence_mixer": {"target": "LRUSequenceMixer", "state_dim": 3},
    "channel_mixer": {"target": "GLU", "use_bias": False},
}


@pytest.mark.parametrize("model", [S5, LRU, LINOSS, BLOCK], ids=lambda layer: layer["target"])
@pytest.mark.parametrize("head", ["ClassificationHead", "RegressionHead"])
@pytest.mark.parametrize("reduce", [True, False])
def test_exported_model(tmp_path, model, head, reduce):
    encoder = {"target": "LinearEncoder", "in_features": 2, "out_features": 8, "use_bias": True}
    head = {"target": head, "in_features": 8, "out_features": 3, "reduce": reduce}
    live, state = build(encoder, model, head)
    state = with_statistics(live, state)
    ssmc.export(live, state, tmp_path)

    x = np.random.default_rng(3).standard_normal((50, 2)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    command = [COMPILER, "run", tmp_path, "--input", tmp_path / "x.npy"]
    subprocess.run([*command, "--output", tmp_path / "y.npy"], check=True)
    wanted = run(live, state, x)
    got = np.load(tmp_path / "y.npy").reshape(wanted.shape)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=2e-5 * np.abs(wanted).max())
