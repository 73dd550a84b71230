"""Live discretax models for the tests: built, given statistics, and run."""

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


def norms(model):
    """Every BatchNorm of a model."""

    def is_norm(node):
        return isinstance(node, eqx.nn.BatchNorm)

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


def run(model, state, x):
    """What the live model answers in inference mode for one sequence x (L, F).

    A head with reduce=False is mapped over time, as it is documented: its own
    call fails.
    """
    value = jnp.asarray(x)
    for layer in eqx.nn.inference_mode(model).layers:
        if isinstance(layer, AbstractHead) and not layer.reduce:
            value = jax.vmap(lambda row, layer=layer: layer(row, state=None)[0])(value)
        else:
            value, state = layer(value, state, key=jax.random.PRNGKey(0))
    return np.asarray(value)
