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


def gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def forward(weights: dict[str, np.ndarray], w: Workload, x: np.ndarray) -> np.ndarray:
    """Log-probabilities (batch, classes) of x (batch, L, features)."""
    h = x.astype(np.float64) @ weights["enc"].T
    for i in range(w.blocks):
        b = {k.split(".")[1]: v for k, v in weights.items() if k.startswith(f"{i}.")}
        u = h * b["scale"] + b["shift"]
        y = (scan(b, w.kind, u @ b["B"].T) @ b["C"].T).real + u * b["D"]
        gates = gelu(y) @ b["W"].T + b["bias"]
        h = h + gates[..., : w.hidden] / (1 + np.exp(-gates[..., w.hidden :]))
    o = h.mean(1) @ weights["head_w"].T + weights["head_b"]
    o -= o.max(-1, keepdims=True)
    return o - np.log(np.exp(o).sum(-1, keepdims=True))
