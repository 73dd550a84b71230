"""The measurements behind decisions in docs/design.md; `pytest -s` prints them.

Float32 arithmetic is emulated: computed in float64, rounded where compiled code
rounds. Nothing here runs compiled code; see test/Integration for that.
"""

import json
import pathlib

import numpy as np
from safetensors.numpy import load_file

import recurrence

GOLDENS = pathlib.Path(__file__).parents[1] / "data" / "goldens"


def single(x):
    """Rounds to float32."""
    if np.iscomplexobj(x):
        return single(x.real) + 1j * single(x.imag)
    return x.astype(np.float32).astype(np.float64)


def exact(x):
    return x


def distance(value, wanted):
    return np.abs(value - wanted).max() / np.abs(wanted).max()


def damped_linoss(round_state):
    """A sequence mixer for recurrence.py in the order of operations of `ssm.scan
    oscillator`: coefficients as sums of two float32, every result rounded by
    `round_state`, all else exact."""

    def mixer(config, params, u):
        dt, g = recurrence.sigmoid(params["steps"]), recurrence.relu(params["G_diag"])
        root, s = np.sqrt(1 + dt * g), 1 + dt * g
        a = np.clip(params["A_diag"], (g / (1 + root)) ** 2, ((1 + root) / dt) ** 2)
        b, c = recurrence.as_complex(params["B"]), recurrence.as_complex(params["C"])

        def add_product(total, coefficient, state):
            high = single(coefficient)
            total = round_state(total + single(coefficient - high) * state)
            return round_state(total + high * state)

        z = y = np.zeros(len(dt), complex)
        out = np.empty_like(u)
        for k in range(len(u)):
            force = round_state(dt / s * (b @ u[k]))
            z = add_product(add_product(force, 1 / s, z), -dt * a / s, y)
            y = add_product(y, dt, z)
            out[k] = (c @ y).real + params["D"] * u[k]
        return out, recurrence.as_pairs(np.stack([z, y], axis=-1))

    return mixer


def errors_of(case, mixer, monkeypatch):
    """Errors of what enters the head and of the final states."""
    monkeypatch.setitem(recurrence.MIXERS, "LinOSSSequenceMixer", mixer)
    config = json.loads((GOLDENS / case / "model.json").read_text())
    data = load_file(GOLDENS / case / "case.safetensors")
    tensors = load_file(GOLDENS / case / "model.safetensors")
    _, hidden, states = recurrence.forward(config, tensors, data["x"])
    state = max(distance(s, data[f"state64.{path}"]) for path, s in states.items())
    return distance(hidden, data["h64"]), state


def test_rounding_the_state_of_an_oscillator(monkeypatch):
    for case, least in (("linoss-offset-100", 1e-4), ("linoss-defaults", 1e-5)):
        hidden32, state32 = errors_of(case, damped_linoss(single), monkeypatch)
        hidden64, state64 = errors_of(case, damped_linoss(exact), monkeypatch)
        print(f"\n{case}: state in f32 {state32:.1e}, in f64 {state64:.1e};", end=" ")
        print(f"before the head {hidden32:.1e} and {hidden64:.1e}")
        assert state32 > least
        assert max(state64, hidden64) < 1e-10


def test_where_a_mean_is_removed():
    rng = np.random.default_rng(1)
    features, rows = 64, 512
    weight = rng.standard_normal((features, features)) / 8
    print()
    for ratio in (1, 10, 100, 1000):
        mean = ratio * rng.standard_normal(features)
        centred = rng.standard_normal((rows, features))
        wanted = centred @ weight.T

        def chain(x, bias):
            """bias + x weight^T in float32, one fused multiply-add after the other."""
            total = np.broadcast_to(single(bias), (rows, features))
            for k in range(features):
                total = single(total + x[:, k : k + 1] * single(weight[:, k]))
            return total

        in_bias = distance(chain(single(centred + mean), -(weight @ mean)), wanted)
        stream = distance(chain(single(centred), np.zeros(features)), wanted)
        print(f"|mean| / std {ratio}: mean in the bias {in_bias:.1e}, centred {stream:.1e}")
        assert stream < 1e-6
        assert in_bias > 1e-8 * ratio
