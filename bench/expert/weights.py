"""The weights that expert.cpp reads: norms folded into the products after them, all f32."""

import numpy as np

from bench.workloads import Workload


def planes(m: np.ndarray) -> np.ndarray:
    """Complex (P, n) as real (2P, n): real parts, then imaginary parts."""
    return np.concatenate([m.real, m.imag])


def pack(weights: dict[str, np.ndarray], w: Workload) -> np.ndarray:
    """In the order of `readModel` in expert.cpp; matrices as (inputs, outputs)."""
    parts = [weights["enc"].T]
    for i in range(w.blocks):
        b = {k.split(".")[1]: v for k, v in weights.items() if k.startswith(f"{i}.")}
        parts += [
            planes(b["B"] * b["scale"]).T,
            planes((b["B"] @ b["shift"])[:, None]),
            b["lam"].real,
            b["lam"].imag,
            planes(np.conj(b["C"]).T),
            b["D"] * b["scale"],
            b["D"] * b["shift"],
            b["W"][: w.hidden].T,
            b["bias"][: w.hidden],
            b["W"][w.hidden :].T,
            b["bias"][w.hidden :],
        ]
    parts += [weights["head_w"].T, weights["head_b"]]
    return np.concatenate([np.ravel(p).astype(np.float32) for p in parts])
