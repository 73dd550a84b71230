"""Outputs in f64, from the formulas once more: what every program is checked against."""

import numpy as np

from bench.workloads import Workload


def scan(b: dict[str, np.ndarray], kind: str, v: np.ndarray) -> np.ndarray:
    """The recurrence from a zero state; v (batch, L, P) complex, and so is the result."""
    out = np.empty_like(v)
    z = s = np.zeros((v.shape[0], v.shape[2]), complex)
    for t in range(v.shape[1]):
        if kind == "linoss":
            m, f = b["M"], b["F"]
            z, s = m[0] * z + m[1] * s + f[0] * v[:, t], m[2] * z + m[3] * s + f[1] * v[:, t]
        else:
            s = b["lam"] * s + v[:, t]
        out[:, t] = s
    return out


def scan_channels(b: dict[str, np.ndarray], u: np.ndarray) -> np.ndarray:
    """S4D: every channel of u (batch, L, H) drives modes of its own, which it reads out."""
    y = np.empty_like(u)
    x = np.zeros((u.shape[0], *b["lam"].shape), complex)
    for t in range(u.shape[1]):
        x = b["lam"] * x + u[:, t, :, None]
        y[:, t] = 2 * (b["C"] * x).sum(-1).real
    return y


def delta_rule(b: dict[str, np.ndarray], u: np.ndarray, heads: int) -> np.ndarray:
    """DeltaNet: S' = S + beta (v - S k) k^T and o = S' q, q and k of length one."""
    batch, length, _ = u.shape
    q, k, v = ((u @ b[n].T).reshape(batch, length, heads, -1) for n in ("q", "k", "v"))
    q = q / (np.linalg.norm(q, axis=-1, keepdims=True) + 1e-6)
    k = k / (np.linalg.norm(k, axis=-1, keepdims=True) + 1e-6)
    beta = 1 / (1 + np.exp(-u @ b["beta"].T))  # (batch, L, 1)
    o = np.empty_like(v)
    s = np.zeros((batch, heads, v.shape[-1], k.shape[-1]))
    for t in range(length):
        e = beta[:, t, :, None] * (v[:, t] - (s * k[:, t, :, None]).sum(-1))
        s = s + e[..., None] * k[:, t, :, None]
        o[:, t] = (s * q[:, t, :, None]).sum(-1)
    return o.reshape(batch, length, -1) @ b["out"].T


def mix(b: dict[str, np.ndarray], w: Workload, u: np.ndarray) -> np.ndarray:
    if w.kind == "s4d":
        return scan_channels(b, u)
    if w.kind == "deltanet":
        return delta_rule(b, u, w.heads)
    return (scan(b, w.kind, u @ b["B"].T) @ b["C"].T).real + u * b["D"]


def gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def forward(weights: dict[str, np.ndarray], w: Workload, x: np.ndarray) -> np.ndarray:
    """Log-probabilities (batch, classes) of x (batch, L, features)."""
    h = x.astype(np.float64) @ weights["enc"].T
    for i in range(w.blocks):
        b = {k.split(".")[1]: v for k, v in weights.items() if k.startswith(f"{i}.")}
        u = h * b["scale"] + b["shift"]
        gates = gelu(mix(b, w, u)) @ b["W"].T + b.get("bias", 0)
        h = h + gates[..., : w.hidden] / (1 + np.exp(-gates[..., w.hidden :]))
    o = h.mean(1) @ weights["head_w"].T + weights["head_b"]
    o -= o.max(-1, keepdims=True)
    return o - np.log(np.exp(o).sum(-1, keepdims=True))
