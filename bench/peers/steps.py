"""One time step of a batch of streams, in JAX: (weights, state, x) to (answer, state)."""

import jax
import jax.numpy as jnp
import numpy as np

from bench.peers.rewrites import body, head, tree


def run_blocks(p, w, s, x, mix):
    """`mix(b, z, u)` returns the mixer's output and its new state."""
    h, states = x @ w["enc"].T, []
    for b, z in zip(w["blocks"], s["z"], strict=True):

        def mix_and_keep(b, u, z=z):
            y, new = mix(b, z, u)
            states.append(new)
            return y

        h = body(b, h, mix_and_keep, p.H)
    acc, t = s["acc"] + h, s["t"] + 1
    return head(w, acc / t), {"z": states, "acc": acc, "t": t}


def zero_state(p, B, width, dtype):
    z = [np.zeros((B, width), dtype) for _ in p.blocks]
    return {"z": z, "acc": np.zeros((B, p.H), np.float32), "t": np.float32(0)}


def step_natural(p, B):
    """As one writes it: complex state, weights as arguments."""
    w = tree(p)
    for b in w["blocks"]:
        b["B"] = b["Bint"][0::2] + 1j * b["Bint"][1::2]
        b["C"] = b["Cint"][:, 0::2] - 1j * b["Cint"][:, 1::2]

    def mix(b, z, u):
        new = b["lam"] * z + u @ b["B"].T
        return (new @ b["C"].T).real, new

    def f(w, s, x):
        return run_blocks(p, w, s, x, mix)

    state = zero_state(p, B, p.P, np.complex64)
    return jax.jit(f, donate_argnums=1), jax.device_put(w), jax.device_put(state)


def step_real(p, B):
    """Real state, weights baked in, products on re and im interleaved."""
    w = jax.device_put(tree(p))
    for b in w["blocks"]:
        b["lr"] = jnp.repeat(b["lam"].real, 2)
        b["li"] = jnp.stack([-b["lam"].imag, b["lam"].imag], 1).ravel()
        b["Bt"], b["Ct"] = jnp.array(b["Bint"].T), jnp.array(b["Cint"].T)

    def mix(b, z, u):
        swapped = z.reshape(B, -1, 2)[:, :, ::-1].reshape(B, -1)
        new = b["lr"] * z + b["li"] * swapped + u @ b["Bt"]
        return new @ b["Ct"], new

    def f(_, s, x):
        return run_blocks(p, w, s, x, mix)

    state = zero_state(p, B, 2 * p.P, np.float32)
    return jax.jit(f, donate_argnums=1), None, jax.device_put(state)
