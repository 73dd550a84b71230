"""The NumPy specification against what discretax computed in float64."""

import json
import pathlib

import numpy as np
import pytest
from safetensors.numpy import load_file

import recurrence

GOLDENS = pathlib.Path(__file__).parents[1] / "data" / "goldens"
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
