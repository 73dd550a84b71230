"""DeltaNet for JAX, rewritten by hand: the chunkwise form of Yang et al. 2024, section 3.

In a chunk of C steps u = (I + A)^-1 (beta v - beta k S^T), A the strictly lower part of
(beta k) k^T; chunks pass on S. Variants: chunk8, chunk16, chunk32, all of a sequence's
inverses before the scan over chunks, by products ((I + A)^-1 is a product of
I + (-A)^(2^i)) instead of discretax's C dependent updates (at C = 64 these powers
overflow: larger chunks would need those updates, and are slower anyway); and recurrence,
a scan over time. What depends on weights only is one matrix.
"""

import jax
import jax.numpy as jnp
import numpy as np

from bench.peers.rewrites import head

EPSILON = 1e-6
VARIANTS = ("chunk8", "chunk16", "chunk32", "recurrence")


def project(b, u, heads: int):
    """q, k, v as (heads, B, L, D) and beta (B, L) of u (B, L, H)."""
    batch, length, _ = u.shape
    x = u @ b["QKVB"].T
    beta = jax.nn.sigmoid(x[..., -1])
    x = x[..., :-1].reshape(batch, length, 3, heads, -1).transpose(2, 3, 0, 1, 4)
    length_of = lambda a: jnp.sqrt((a * a).sum(-1, keepdims=True)) + EPSILON  # noqa: E731
    return x[0] / length_of(x[0]), x[1] / length_of(x[1]), x[2], beta


def invert(a, chunk: int):
    """(I + a)^-1 of strictly lower triangular a (..., C, C): a^C = 0."""
    inverse, power = jnp.eye(chunk, dtype=a.dtype) - a, a
    for _ in range(int(np.log2(chunk)) - 1):
        power = power @ power
        inverse = inverse + inverse @ power
    return inverse


def mix_chunks(chunk: int, heads: int):
    def mix(b, u):
        batch, length, _ = u.shape
        q, k, v, beta = project(b, u, heads)
        split = lambda a: a.reshape(heads, batch, length // chunk, chunk, -1)  # noqa: E731
        q, k, v = split(q), split(k), split(v)
        gate = beta.reshape(1, batch, length // chunk, chunk, 1)
        kt = k.swapaxes(-1, -2)
        inverse = invert(jnp.tril((gate * k) @ kt, -1), chunk)
        values, keys = inverse @ (gate * v), inverse @ (gate * k)
        inside = jnp.tril(q @ kt)

        def step(s, now):  # s (heads, B, k, v)
            q, kt, values, keys, inside = now
            new = values - keys @ s
            return s + kt @ new, q @ s + inside @ new

        start = jnp.zeros((heads, batch, k.shape[-1], v.shape[-1]), jnp.float32)
        xs = [jnp.moveaxis(a, 2, 0) for a in (q, kt, values, keys, inside)]
        _, o = jax.lax.scan(step, start, tuple(xs))
        # (chunks, heads, B, C, D) to (B, L, heads D)
        return o.transpose(2, 0, 3, 1, 4).reshape(batch, length, -1) @ b["out"].T

    return mix


def mix_steps(heads: int):
    def mix(b, u):
        batch, length, _ = u.shape
        q, k, v, beta = project(b, u, heads)

        def step(s, now):  # s (heads, B, v, k)
            q, k, v, gate = now
            e = gate[None, :, None] * (v - (s * k[..., None, :]).sum(-1))
            s = s + e[..., None] * k[..., None, :]
            return s, (s * q[..., None, :]).sum(-1)

        start = jnp.zeros((heads, batch, v.shape[-1], k.shape[-1]), jnp.float32)
        xs = [jnp.moveaxis(a, 2, 0) for a in (q, k, v)] + [beta.T]
        _, o = jax.lax.scan(step, start, tuple(xs), unroll=4)
        return o.transpose(2, 0, 1, 3).reshape(batch, length, -1) @ b["out"].T

    return mix


def build(p, variant: str, batch: int):
    """The function of (weights, x), the weights, the input."""
    mix = (
        mix_steps(p.c.heads) if variant == "recurrence" else mix_chunks(int(variant[5:]), p.c.heads)
    )
    blocks = []
    for b in p.blocks:
        joined = np.concatenate([b["q"], b["k"], b["v"], b["beta"]])
        blocks.append({k: b[k] for k in ("scale", "shift", "W", "out")} | {"QKVB": joined})
    weights = {"enc": p.enc, "hw": p.hw, "hb": p.hb, "blocks": blocks}

    def f(w, x):
        h = x @ w["enc"].T
        for b in w["blocks"]:
            y = mix(b, h * b["scale"] + b["shift"])
            g = jax.nn.gelu(y) @ b["W"].T
            h = h + g[..., : p.H] * jax.nn.sigmoid(g[..., p.H :])
        return head(w, h.mean(1))

    return f, weights, p.input(batch)
