"""S4D for JAX, rewritten by hand: what depends on weights only is computed beforehand.

Variants: fft, the convolution with each channel's kernel by FFT, the kernel's transform at
hand; blocks, the same recurrence in two levels: inside a block of T steps a convolution as a
product with a Toeplitz matrix of each channel, between blocks the states of all modes.
"""

import jax
import jax.numpy as jnp
import numpy as np

from bench.peers.rewrites import head

BLOCK = 64  # steps; 32 are slower, 128 no faster


def kernel(b, length: int) -> np.ndarray:
    """2 Re sum_n c_n a_n^l for l below length: (H, length), from f64."""
    a, c = b["lam"].astype(np.complex128), b["C"].astype(np.complex128)
    powers = np.exp(np.log(a)[:, :, None] * np.arange(length))
    return 2 * np.einsum("hn,hnl->hl", c, powers).real


def mix_fft(b, u):  # u (B, L, H)
    length = u.shape[1]
    transformed = jnp.fft.rfft(u.transpose(0, 2, 1), n=2 * length)
    y = jnp.fft.irfft(transformed * b["K"], n=2 * length)[..., :length]
    return y.transpose(0, 2, 1)


def fft_weights(b, length: int) -> dict[str, np.ndarray]:
    return {"K": np.fft.rfft(kernel(b, length), n=2 * length).astype(np.complex64)}


def mix_blocks(b, u):  # u (B, L, H)
    batch, length, channels = u.shape
    chunks = length // BLOCK
    x = u.reshape(batch, chunks, BLOCK, channels).transpose(3, 2, 0, 1)
    x = x.reshape(channels, BLOCK, batch * chunks)
    ends = (b["E"] @ x).reshape(channels, -1, batch, chunks)  # (H, 2 N, B, chunks)
    modes = ends.shape[1] // 2
    ends = ends.transpose(3, 0, 1, 2)
    re, im = ends[:, :, :modes], ends[:, :, modes:]
    a_re, a_im = b["AT"][0][:, :, None], b["AT"][1][:, :, None]

    def step(state, end):
        r, i = state
        return (a_re * r - a_im * i + end[0], a_re * i + a_im * r + end[1]), state

    zero = jnp.zeros(re.shape[1:], jnp.float32)
    _, (r, i) = jax.lax.scan(step, (zero, zero), (re, im), unroll=8)
    carried = jnp.concatenate([r, i], 2).transpose(1, 2, 3, 0)
    carried = carried.reshape(channels, 2 * modes, batch * chunks)
    y = b["T"] @ x + b["R"] @ carried
    y = y.reshape(channels, BLOCK, batch, chunks).transpose(2, 3, 1, 0)
    return y.reshape(batch, length, channels)


def blocks_weights(b, length: int) -> dict[str, np.ndarray]:
    assert length % BLOCK == 0, "lengths are multiples of a block here"
    a, c = b["lam"].astype(np.complex128), b["C"].astype(np.complex128)
    k = kernel(b, BLOCK)
    lag = np.arange(BLOCK)[:, None] - np.arange(BLOCK)
    toeplitz = np.where(lag >= 0, k[:, np.maximum(lag, 0)], 0)
    t = np.arange(BLOCK)
    ends = a[:, :, None] ** (BLOCK - 1 - t)  # (H, N, T)
    reads = 2 * (c[:, :, None] * a[:, :, None] ** (t + 1)).transpose(0, 2, 1)  # (H, T, N)
    across = a**BLOCK
    weights = {
        "T": toeplitz,
        "E": np.concatenate([ends.real, ends.imag], 1),
        "R": np.concatenate([reads.real, -reads.imag], 2),
        "AT": np.stack([across.real, across.imag]),
    }
    return {name: np.ascontiguousarray(w, np.float32) for name, w in weights.items()}


VARIANTS = {"fft": (mix_fft, fft_weights), "blocks": (mix_blocks, blocks_weights)}


def build(p, variant: str, batch: int):
    """The function of (weights, x), the weights, the input."""
    mix, weights_of = VARIANTS[variant]
    keys = ("scale", "shift", "W", "bias")
    blocks = [{k: b[k] for k in keys} | weights_of(b, p.L) for b in p.blocks]
    weights = {"enc": p.enc, "hw": p.hw, "hb": p.hb, "blocks": blocks}

    def f(w, x):
        h = x @ w["enc"].T
        for b in w["blocks"]:
            y = mix(b, h * b["scale"] + b["shift"])
            g = jax.nn.gelu(y) @ b["W"].T + b["bias"]
            h = h + g[..., : p.H] * jax.nn.sigmoid(g[..., p.H :])
        return head(w, h.mean(1))

    return f, weights, p.input(batch)
