"""python -m bench.models DATA NAME...: discretax models, their weights, inputs and true outputs.

Writes for each workload

    DATA/NAME/model.json, model.safetensors   what ssmc compiles
    DATA/NAME/weights.npz                     discretized in f64, rounded once; the peers' weights
    DATA/NAME/expert.f32                      the same with norms folded, for bench/expert
    DATA/NAME/x.f32                           inputs (batch, length, features)
    DATA/NAME/truth.npy                       outputs in f64 (batch, classes)
    DATA/NAME/truth_of_steps.npy              the same after the first STEPS time steps
"""

import dataclasses
import pathlib
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from discretax.blocks import StandardBlock
from discretax.channel_mixers import GLU
from discretax.encoder import LinearEncoder
from discretax.heads import ClassificationHead
from discretax.models import LRU, S5, DeltaNet, LinOSS
from discretax.sequence_mixers import S4DSequenceMixer

import ssmc
from bench import truth
from bench.expert import weights as expert_weights
from bench.workloads import STEPS, WORKLOADS, Workload

FAMILIES = {"s5": S5, "lru": LRU, "linoss": LinOSS, "deltanet": DeltaNet}


def middle(w: Workload, key) -> list:
    """A model of the family, or a list of blocks where discretax has no such model."""
    if w.kind in FAMILIES:
        family = FAMILIES[w.kind]
        return [family(hidden_dim=w.hidden, num_blocks=w.blocks, **w.mixer_options(), key=key)]
    keys = jax.random.split(key, 3 * w.blocks).reshape(w.blocks, 3, -1)
    return [
        StandardBlock(
            in_features=w.hidden,
            sequence_mixer=S4DSequenceMixer(w.hidden, key=first, state_dim=w.state),
            channel_mixer=GLU(w.hidden, key=second),
            key=third,
        )
        for first, second, third in keys
    ]


def blocks_of(model) -> list:
    inner = model.layers[1:-1]
    return list(getattr(inner[0], "blocks", inner))


def build(name: str):
    """The model in inference mode, with the statistics of a training that went well."""
    w = WORKLOADS[name]
    keys = jax.random.split(jax.random.PRNGKey(0), 4)

    def parts():
        return eqx.nn.Sequential(
            [
                LinearEncoder(in_features=w.features, out_features=w.hidden, key=keys[0]),
                *middle(w, keys[1]),
                ClassificationHead(in_features=w.hidden, out_features=w.classes, key=keys[2]),
            ]
        )

    model, state = eqx.nn.make_with_state(parts)()
    rng = np.random.default_rng(1)
    for block in blocks_of(model):
        mean = rng.normal(0, 0.1, w.hidden) * (name != "W1decay")
        variance = rng.uniform(0.5, 1.5, w.hidden)
        values = (jnp.asarray(mean, jnp.float32), jnp.asarray(variance, jnp.float32))
        state = state.set(block.norm.ema_state_index, values)
        state = state.set(block.norm.ema_first_time_index, jnp.asarray(False))
    if name == "W1decay":
        model = eqx.tree_at(
            lambda m: [g for b in m.layers[1].blocks for g in (b.channel_mixer.w1.bias,)],
            model,
            [jnp.zeros(w.hidden)] * w.blocks,
        )
    return eqx.nn.inference_mode(model), state


def forward(model, state, xs):
    """Batched inference exactly as a user of discretax writes it."""
    return jax.vmap(
        lambda x: model(x, state, key=jax.random.PRNGKey(0))[0],
        axis_name="batch",
    )(xs)


def discretized(mixer, kind: str) -> dict[str, np.ndarray]:
    """The recurrence's matrices in f64, by discretax's formulas without their cancellations."""
    if kind == "deltanet":
        return {
            name: np.asarray(getattr(mixer, f"{name}_proj").weight, np.float64)
            for name in ("q", "k", "v", "beta", "out")
        }
    if kind == "s4d":
        kernel = mixer.kernel
        exact = lambda field: np.asarray(field, np.float64)  # noqa: E731
        rate = -np.exp(exact(kernel.log_a_real)) + 1j * exact(kernel.A_imag)
        angle = rate * np.exp(exact(kernel.log_dt))[:, None]
        c = np.asarray(kernel.C, np.complex128) * np.expm1(angle) / rate
        return {"lam": np.exp(angle), "C": c}
    get = lambda field: np.asarray(getattr(mixer, field), np.float64)  # noqa: E731
    if kind == "s5":
        eigenvalues = np.minimum(get("Lambda_re"), -1e-4) + 1j * get("Lambda_im")
        angle = eigenvalues * np.exp(get("log_step")[:, 0])
        b = (np.expm1(angle) / eigenvalues)[:, None] * (get("B")[..., 0] + 1j * get("B")[..., 1])
        c = 2 * (get("C")[..., 0] + 1j * get("C")[..., 1])
        return {"lam": np.exp(angle), "B": b, "C": c}
    if kind == "lru":
        lam = np.exp(-np.exp(get("nu_log")) + 1j * np.exp(get("theta_log")))
        b = (get("B_re") + 1j * get("B_im")) * np.exp(get("gamma_log"))[:, None]
        return {"lam": lam, "B": b, "C": get("C_re") + 1j * get("C_im")}
    step = 1 / (1 + np.exp(-get("steps")))
    damping = np.maximum(get("G_diag"), 0)
    root = 1 + np.sqrt(1 + step * damping)
    a = np.clip(get("A_diag"), (damping / root) ** 2, (root / step) ** 2)
    s = 1 + step * damping
    return {
        "M": np.stack([1 / s, -step / s * a, step / s, 1 - step**2 / s * a]),
        "F": np.stack([step / s, step**2 / s]),
        "B": get("B")[..., 0] + 1j * get("B")[..., 1],
        "C": get("C")[..., 0] + 1j * get("C")[..., 1],
    }


def collect(model, state, w: Workload) -> dict[str, np.ndarray]:
    """All weights in f64, by name; those of block i start with `i.`."""
    encoder, head = model.layers[0].linear, model.layers[-1].linear
    weights = {"enc": encoder.weight, "head_w": head.weight, "head_b": head.bias}
    for i, block in enumerate(blocks_of(model)):
        mean, variance = (np.asarray(v, np.float64) for v in state.get(block.norm.ema_state_index))
        scale = 1 / np.sqrt(variance + 1e-5)
        gates = block.channel_mixer
        of_block = {
            "scale": scale,
            "shift": -mean * scale,
            "W": np.concatenate([gates.w1.weight, gates.w2.weight]),
            **discretized(block.sequence_mixer, w.kind),
        }
        if gates.w1.bias is not None:
            of_block["bias"] = np.concatenate([gates.w1.bias, gates.w2.bias])
        if hasattr(block.sequence_mixer, "D"):
            of_block["D"] = block.sequence_mixer.D
        weights |= {f"{i}.{name}": value for name, value in of_block.items()}
    return {
        name: np.asarray(v, np.complex128 if np.iscomplexobj(v) else np.float64)
        for name, v in weights.items()
    }


def make_input(w: Workload) -> np.ndarray:
    shape = (w.batch, w.length, w.features)
    return np.random.default_rng(2).standard_normal(shape).astype(np.float32)


def export(folder: pathlib.Path, name: str) -> None:
    w = WORKLOADS[name]
    model, state = build(name)
    folder.mkdir(parents=True, exist_ok=True)
    ssmc.export(model, state, folder)
    if name == "big":
        return
    weights, x = collect(model, state, w), make_input(w)
    if w.has_expert:
        expert_weights.pack(weights, w).tofile(folder / "expert.f32")
    x.tofile(folder / "x.f32")
    np.save(folder / "truth.npy", truth.forward(weights, w, x))
    np.save(folder / "truth_of_steps.npy", truth.forward(weights, w, x[:, :STEPS]))
    single = {
        k: v.astype(np.complex64 if np.iscomplexobj(v) else np.float32) for k, v in weights.items()
    }
    np.savez(folder / "weights.npz", **single)
    print(name, dataclasses.asdict(w), flush=True)


if __name__ == "__main__":
    for each in sys.argv[2:]:
        export(pathlib.Path(sys.argv[1]) / each, each)
