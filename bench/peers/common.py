"""What every peer needs: weights, constants of the rewritten scans, timing. NumPy only."""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from bench.workloads import STEPS, WORKLOADS


class Params:
    """Discretized weights of a workload, as bench.models left them."""

    def __init__(self, data: str, name: str):
        folder = Path(data) / name
        c = self.c = WORKLOADS[name]
        self.name, self.kind = name, c.kind
        self.L, self.H, self.P, self.NB = c.length, c.hidden, c.modes, c.blocks
        z = self.z = dict(np.load(folder / "weights.npz"))
        self.truth = np.load(folder / "truth.npy")
        self.truth_of_steps = np.load(folder / "truth_of_steps.npy")
        self.x = np.fromfile(folder / "x.f32", np.float32).reshape(c.batch, c.length, c.features)
        self.enc, self.hw, self.hb = z["enc"], z["head_w"], z["head_b"]
        self.blocks = [self._block(i) for i in range(self.NB)]

    def _block(self, i: int) -> dict[str, np.ndarray]:
        b = {k.split(".", 1)[1]: v for k, v in self.z.items() if k.startswith(f"{i}.")}
        if self.kind in ("s4d", "deltanet"):
            return b
        B, C = b.pop("B"), b.pop("C")  # complex (P, H) and (H, P)
        b["Bint"] = np.stack([B.real, B.imag], 1).reshape(2 * self.P, self.H)  # rows p.re, p.im
        b["Cint"] = np.stack([C.real, -C.imag], 2).reshape(self.H, 2 * self.P)
        if self.kind == "linoss":
            b["Fin"] = b.pop("F")
        return b

    def input(self, batch: int) -> np.ndarray:
        """Inputs (batch, L, F): those there are, again and again where they are too few."""
        return np.resize(self.x, (batch, self.L, self.c.features))

    def streams(self, batch: int) -> np.ndarray:
        """Inputs (STEPS, batch, F) of any number of streams: those there are, again and again."""
        x = np.resize(self.x, (batch, self.L, self.c.features))[:, :STEPS]
        return np.ascontiguousarray(x.transpose(1, 0, 2))

    def error(self, y: np.ndarray, truth: np.ndarray | None = None) -> float:
        """Largest error, relative to the largest magnitude, of as many outputs as are known."""
        truth = self.truth if truth is None else truth
        n = min(len(y), len(truth))
        expected = truth[:n]
        found = np.asarray(y, np.float64)[:n].reshape(expected.shape)
        return float(np.abs(found - expected).max() / np.abs(expected).max())


# -- The scan as batched products ----------------------------------------------


def system(b, kind):
    """A block's recurrence as small real systems: A (G,S,S), Bin (G,S,U), Cout (G,U,S)."""
    if kind == "linoss":
        M = np.repeat(b["M"].astype(np.float64).T.reshape(-1, 2, 2), 2, 0)
        Bin = np.repeat(b["Fin"].astype(np.float64).T.reshape(-1, 2, 1), 2, 0)
        Cout = np.broadcast_to(np.array([[0.0, 1.0]]), (len(M), 1, 2))
        return M, Bin, Cout
    lr, li = b["lam"].real.astype(np.float64), b["lam"].imag.astype(np.float64)
    A = np.stack([np.stack([lr, -li], 1), np.stack([li, lr], 1)], 1)
    eye = np.broadcast_to(np.eye(2), A.shape)
    return A, eye, eye


def bmm_levels(b, kind, levels):
    """Per level the f32 matrices K (in a chunk), KL (chunk end), K0 (from the carried state)."""
    A, Bin, Cout = system(b, kind)
    out = []
    for T in levels:
        G, S, U = Bin.shape
        O = Cout.shape[1]  # noqa: E741 - outputs
        pw = [np.broadcast_to(np.eye(S), A.shape)]
        for _ in range(T):
            pw.append(pw[-1] @ A)
        K = np.zeros((G, O, T, U, T))
        for t in range(T):
            for s in range(t + 1):
                K[:, :, t, :, s] = Cout @ pw[t - s] @ Bin
        KL = np.stack([pw[T - 1 - s] @ Bin for s in range(T)], 3)
        K0 = np.stack([Cout @ pw[t + 1] for t in range(T)], 2)
        shapes = ((K, (G, O * T, U * T)), (KL, (G, S, U * T)), (K0, (G, O * T, S)))
        out.append(tuple(np.ascontiguousarray(m.reshape(s), np.float32) for m, s in shapes))
        A = pw[T]
        # The next level scans the carry itself, x <- A x + e, as it was before each chunk.
        Bin = Cout = np.broadcast_to(np.eye(S), A.shape)
    return shift_levels(out)


def shift_levels(levels):
    """Makes every level below the first an exclusive scan: rows of K, K0 come a step later."""
    out = [levels[0]]
    for K, KL, K0 in levels[1:]:
        G, S = KL.shape[:2]
        T = K.shape[1] // S
        K4 = K.reshape(G, S, T, -1)
        Ks = np.concatenate([np.zeros_like(K4[:, :, :1]), K4[:, :, :-1]], 2).reshape(K.shape)
        K04 = K0.reshape(G, S, T, S)
        eye = np.broadcast_to(np.eye(S, dtype=np.float32)[None, :, None], (G, S, 1, S))
        out.append((Ks, KL, np.concatenate([eye, K04[:, :, :-1]], 2).reshape(K0.shape)))
    return out


def permute(x, levels):
    """(B, L, F) to rows ordered (t1, t2, .., batch), t1 the fastest digit of time; mean's weights.

    A length that the levels do not divide is padded at the end; the weights (L',) leave the
    padding out of the mean.
    """
    B, L, F = x.shape
    n, full = len(levels), int(np.prod(levels))
    x = np.concatenate([x, np.zeros((B, full - L, F), x.dtype)], 1)
    w = np.where(np.arange(full) < L, np.float32(1 / L), np.float32(0))
    x = x.reshape((B, *reversed(levels), F))
    x = np.ascontiguousarray(x.transpose((*range(n, 0, -1), 0, n + 1))).reshape(full * B, F)
    return x, np.ascontiguousarray(w.reshape(tuple(reversed(levels))).transpose()).ravel()


def pow_table(b, kind, T):
    """A^(t+1) for t < T: (T, P) complex for S5 and LRU, (T, 4, N) real for LinOSS."""
    if kind != "linoss":
        return np.stack([b["lam"].astype(np.complex128) ** (t + 1) for t in range(T)]).astype(
            np.complex64
        )
    A = b["M"].astype(np.float64).T.reshape(-1, 2, 2)
    out, p = [], np.broadcast_to(np.eye(2), A.shape)
    for _ in range(T):
        p = p @ A
        out.append(p.reshape(-1, 4).T)
    return np.stack(out).astype(np.float32)


# -- Taking part ---------------------------------------------------------------


def memory(line: str) -> float:
    """A line of /proc/self/status, in MB."""
    for each in Path("/proc/self/status").read_text().splitlines():
        if each.startswith(line):
            return int(each.split()[1]) / 1024
    return 0.0


class Stopwatch:
    """Wall clock and CPU seconds (with those of finished children) of a compilation."""

    def __init__(self):
        self.wall, self.cpu = time.perf_counter(), sum(os.times()[:4])

    def read(self) -> dict[str, float]:
        wall, cpu = time.perf_counter() - self.wall, sum(os.times()[:4]) - self.cpu
        return {"compile_s": wall, "compile_cpu_s": cpu}


def remember(cache: str, key: str, figures: dict[str, float]) -> dict[str, float]:
    """Keeps a compiler's first figures: those of a run that finds its work done mean nothing."""
    file = Path(cache) / f"{key}.json"
    if file.exists():
        return json.loads(file.read_text())
    file.write_text(json.dumps(figures))
    return figures


def serve(run, **info) -> None:
    """Says that the program is ready, then times `run` on request (bench/drive.py)."""
    print("@" + json.dumps(info | {"rss_now_mb": memory("VmRSS")}), flush=True)
    for line in sys.stdin:
        n, inner = (int(v) for v in line.split())
        ts, cs = [], []
        for _ in range(n):
            t, c = time.perf_counter(), time.process_time()
            for _ in range(inner):
                run()
            cs.append((time.process_time() - c) / inner)
            ts.append((time.perf_counter() - t) / inner)
        print("@" + json.dumps({"t": ts, "c": cs, "rss_peak_mb": memory("VmHWM")}), flush=True)


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True)
    p.add_argument("--cache", required=True)
    p.add_argument("--workload", required=True)
    p.add_argument("--batch", type=int, default=1)
    p.add_argument("--variant", required=True)
    p.add_argument("--threads", type=int, default=1)
    return p.parse_args()
