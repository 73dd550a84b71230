"""Whole models as functions of (weights, x) for JAX: discretax's own, and rewritten scans."""

import jax
import jax.numpy as jnp
import numpy as np

from bench.peers import common

KEYS = ("scale", "shift", "D", "W", "bias", "Bint", "Cint")


def tree(p, extra=()):
    """The weights, each block with what `extra` adds."""
    keys = KEYS + (("M", "Fin") if p.kind == "linoss" else ("lam",))
    blocks = [{k: b[k] for k in keys} for b in p.blocks]
    for b, e in zip(blocks, extra, strict=bool(extra)):
        b |= e
    return {"enc": p.enc, "hw": p.hw, "hb": p.hb, "blocks": blocks}


def body(b, h, mix, H):
    """One block: norm, recurrence, gelu, GLU, skip; h is (..., H)."""
    u = h * b["scale"] + b["shift"]
    y = mix(b, u) + u * b["D"]
    g = jax.nn.gelu(y) @ b["W"].T + b["bias"]
    return h + g[..., :H] * jax.nn.sigmoid(g[..., H:])


def head(w, m):
    return jax.nn.log_softmax(m @ w["hw"].T + w["hb"], axis=-1)


def split(b):
    """Rows of Bint alternate between re and im: as matrices of their own."""
    return b["Bint"][0::2], b["Bint"][1::2], b["Cint"][:, 0::2], b["Cint"][:, 1::2]


def scan_linoss(M, step_input, start, xs, unroll, inclusive=True):
    """lax.scan of z' = M0 z + M1 y + f, y' = M2 z + M3 y + g on (zr, zi, yr, yi)."""

    def f(s, v):
        zr, zi, yr, yi = s
        fr, fi, gr, gi = step_input(v)
        n = (
            M[0] * zr + M[1] * yr + fr,
            M[0] * zi + M[1] * yi + fi,
            M[2] * zr + M[3] * yr + gr,
            M[2] * zi + M[3] * yi + gi,
        )
        return n, ((n[2], n[3]) if inclusive else s)

    return jax.lax.scan(f, start, xs, unroll=unroll)


def scan_diagonal(lam, start, xs, unroll, inclusive=True):
    lr, li = lam.real, lam.imag

    def f(s, v):
        n = (lr * s[0] - li * s[1] + v[0], lr * s[1] + li * s[0] + v[1])
        return n, (n if inclusive else s)

    return jax.lax.scan(f, start, xs, unroll=unroll)


def scan_local(b, kind, ure, uim, unroll):
    """Over axis 0, all else in parallel, from a zero state; real arithmetic."""
    zero = jnp.zeros(ure.shape[1:], jnp.float32)
    if kind == "linoss":
        F = b["Fin"]
        scaled = lambda v: (F[0] * v[0], F[0] * v[1], F[1] * v[0], F[1] * v[1])  # noqa: E731
        return scan_linoss(b["M"], scaled, (zero,) * 4, (ure, uim), unroll)
    return scan_diagonal(b["lam"], (zero, zero), (ure, uim), unroll)


def mix_scan(kind, unroll):
    def mix(b, u):  # u (L, B, H)
        Br, Bi, Cr, Ci = split(b)
        _, (sr, si) = scan_local(b, kind, u @ Br.T, u @ Bi.T, unroll)
        return sr @ Cr.T + si @ Ci.T

    return mix


def carry(b, kind, end):
    """Exclusive scan over chunks (axis 0) of the states at their ends; b['AT'] crosses a chunk."""
    zero = tuple(jnp.zeros(e.shape[1:], jnp.float32) for e in end)
    if kind == "linoss":
        same = lambda v: v  # noqa: E731
        return scan_linoss(b["AT"], same, zero, end, 8, inclusive=False)[1]
    return scan_diagonal(b["AT"], zero, end, 8, inclusive=False)[1]


def mix_two(kind, unroll):
    """Chunks in parallel, then what they carry, then the correction; u (T, chunks, B, H)."""

    def mix(b, u):
        Br, Bi, Cr, Ci = split(b)
        end, (sr, si) = scan_local(b, kind, u @ Br.T, u @ Bi.T, unroll)
        x = carry(b, kind, end)
        pw = b["pw"]
        if kind == "linoss":
            q = pw[:, :, None, None, :]
            sr = sr + q[:, 2] * x[0] + q[:, 3] * x[2]
            si = si + q[:, 2] * x[1] + q[:, 3] * x[3]
        else:
            q = pw[:, None, None, :]
            sr, si = (
                sr + q.real * x[0] - q.imag * x[1],
                si + q.real * x[1] + q.imag * x[0],
            )
        return sr @ Cr.T + si @ Ci.T

    return mix


def bmm_scan(levels, U, n):
    """U (G, U*T, cols) to outputs (G, O*T, cols); what chunks carry by recursion."""
    K, KL, K0 = levels[0]
    y = K @ U
    if len(levels) == 1:
        return y
    E = KL @ U  # (G, S, cols)
    G, S, cols = E.shape
    E2 = E.reshape(G, S * n[1], cols // n[1])
    X = bmm_scan(levels[1:], E2, n[1:]).reshape(G, S, cols)
    return y + K0 @ X


def mix_bmm(levels, N):
    def mix(b, u):  # u (N, H), rows (t1, t2, .., batch)
        lv = b["lv"]
        G = lv[0][0].shape[0]
        U = (b["Bint"] @ u.T).reshape(G, -1, N // levels[0])
        Y = bmm_scan(lv, U, levels).reshape(-1, N)
        return Y.T @ b["Cint"].T

    return mix


def build_discretax(p, B):
    import equinox as eqx

    from bench import models

    arrays, static = eqx.partition(models.build(p.name), eqx.is_array)
    return (lambda w, x: models.forward(*eqx.combine(w, static), x)), arrays, p.input(B)


def build(p, variant, B):
    """The function of (weights, x), the weights, the input."""
    c, H, x = p.c, p.H, p.input(B)
    if variant == "discretax":
        return build_discretax(p, B)
    if variant.startswith("scan"):
        mix, w, x = mix_scan(p.kind, int(variant[4:])), tree(p), x.transpose(1, 0, 2)
        mean = lambda h: h.mean(0)  # noqa: E731
    elif variant == "two":
        T, chunks = c.two
        powers = [common.pow_table(b, p.kind, T) for b in p.blocks]
        mix, w = mix_two(p.kind, 1), tree(p, [{"pw": q, "AT": q[-1]} for q in powers])
        x = x.reshape(B, chunks, T, -1).transpose(2, 1, 0, 3)
        mean = lambda h: h.mean((0, 1))  # noqa: E731
    elif variant == "bmm":
        w = tree(p, [{"lv": common.bmm_levels(b, p.kind, c.levels)} for b in p.blocks])
        x, mw = common.permute(x, c.levels)
        mix = mix_bmm(c.levels, len(mw) * B)
        mean = lambda h: (mw @ h.reshape(len(mw), B * H)).reshape(B, H)  # noqa: E731
    else:
        raise SystemExit(f"no variant {variant}")

    def f(w, x):
        h = x @ w["enc"].T
        for b in w["blocks"]:
            h = body(b, h, mix, H)
        return head(w, mean(h))

    return f, w, np.ascontiguousarray(x)
