"""Live discretax models for the tests: built, given statistics, and run."""

import importlib
import inspect

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from discretax.heads.base import AbstractHead
from discretax.utils.from_config import build_from_dict


def build(*layers, seed=0):
    """An eqx.nn.Sequential of model.json's layers, and its fresh state."""

    def make(key):
        keys = jax.random.split(key, len(layers))
        parts = [
            build_from_dict(layer).resolve(key=k) for layer, k in zip(layers, keys, strict=True)
        ]
        return eqx.nn.Sequential(parts)

    return eqx.nn.make_with_state(make)(jax.random.PRNGKey(seed))


MODULES = [
    importlib.import_module(f"discretax.{name}")
    for name in ("encoder", "heads", "models", "blocks", "sequence_mixers", "channel_mixers")
]


def known(options) -> bool:
    """Whether discretax has every class and option that the layers of a model.json
    name. (A StandardBlock would take any option.)"""
    if isinstance(options, list):
        return all(map(known, options))
    for module in MODULES:
        if kind := getattr(module, options["target"], None):
            names = options.keys() - {"target"}
            inner = [value for value in options.values() if isinstance(value, dict)]
            return names <= inspect.signature(kind).parameters.keys() and known(inner)
    return False


def path_of(keys) -> str:
    """The name of a leaf in model.safetensors."""
    return ".".join(str(getattr(key, "name", getattr(key, "idx", None))) for key in keys)


def load(config, tensors):
    """The model of a model.json and its state, holding the tensors of a
    model.safetensors; in float64 if jax_enable_x64 is on."""
    real = jnp.float64 if jax.config.jax_enable_x64 else jnp.float32
    skeleton, state = eqx.filter_eval_shape(lambda: build(*config["layers"]))

    def fill(keys, leaf):
        if not isinstance(leaf, jax.ShapeDtypeStruct):
            return leaf
        value = jnp.asarray(tensors[path_of(keys)], real)
        if jnp.issubdtype(leaf.dtype, jnp.complexfloating):
            value = value[..., 0] + 1j * value[..., 1]
        return value

    model = jax.tree_util.tree_map_with_path(fill, skeleton)
    state = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), state)
    nodes, _ = jax.tree_util.tree_flatten_with_path(model, is_leaf=is_norm)
    for keys, norm in nodes:
        if is_norm(norm):
            parts = (tensors[f"{path_of(keys)}.running_{name}"] for name in ("mean", "var"))
            state = state.set(norm.ema_state_index, tuple(jnp.asarray(p, real) for p in parts))
            state = state.set(norm.ema_first_time_index, jnp.asarray(False))
    return model, state


def is_norm(node) -> bool:
    return isinstance(node, eqx.nn.BatchNorm)


def norms(model):
    """Every BatchNorm of a model."""
    return [node for node in jax.tree.leaves(model, is_leaf=is_norm) if is_norm(node)]


def with_statistics(model, state, seed=0):
    """The state as training would leave it: statistics that are not trivial."""
    rng = np.random.default_rng(seed)
    for norm in norms(model):
        mean = jnp.asarray(rng.normal(0, 0.5, norm.input_size), jnp.float32)
        variance = jnp.asarray(rng.uniform(0.3, 3, norm.input_size), jnp.float32)
        state = state.set(norm.ema_state_index, (mean, variance))
        state = state.set(norm.ema_first_time_index, jnp.asarray(False))
    return state


def answer(model, state, value):
    """What the live model answers in inference mode for one sequence (L, F).

    A head with reduce=False is mapped over time, as it is documented: its own
    call fails.
    """
    for layer in eqx.nn.inference_mode(model).layers:
        if isinstance(layer, AbstractHead) and not layer.reduce:
            value = jax.vmap(lambda row, layer=layer: layer(row, state=None)[0])(value)
        else:
            value, state = layer(value, state, key=jax.random.PRNGKey(0))
    return value


def run(model, state, x):
    """`answer` as an array."""
    return np.asarray(answer(model, state, jnp.asarray(x)))
