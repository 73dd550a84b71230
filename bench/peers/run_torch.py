"""PyTorch: the scan as recursive batched products, and one streaming step.

Variants: compile_bmm, eager_bmm, compile_step, eager_step.
"""

import os
import warnings

import numpy as np

from bench.peers import common

a = common.arguments()
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", f"{a.cache}/inductor")
warnings.filterwarnings("ignore")

import torch  # noqa: E402 - after its environment
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

torch.set_num_threads(a.threads)
torch.set_grad_enabled(False)


def tensor(v: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(v))


class Block(nn.Module):
    """One block on rows: time steps in the order of `common.permute`, or streams."""

    def __init__(self, p: common.Params, b: dict[str, np.ndarray], is_step: bool):
        super().__init__()
        self.H, self.levels = p.H, p.c.levels
        for k in ("scale", "shift", "D", "bias", "Bint"):
            self.register_buffer(k, tensor(b[k]))
        self.register_buffer("Wt", tensor(b["W"].T))
        self.register_buffer("Bt", tensor(b["Bint"].T))
        self.register_buffer("Ct", tensor(b["Cint"].T))
        if is_step:
            lam = b["lam"]
            self.register_buffer("lr", tensor(np.repeat(lam.real, 2)))
            self.register_buffer("li", tensor(np.stack([-lam.imag, lam.imag], 1).ravel()))
            return
        for i, level in enumerate(common.bmm_levels(b, p.kind, self.levels)):
            for k, m in zip("KEX", level, strict=True):
                self.register_buffer(f"{k}{i}", tensor(m))

    def finish(self, h, u, y):
        g = F.gelu(torch.addcmul(y, u, self.D), approximate="tanh")
        g = torch.addmm(self.bias, g, self.Wt)
        return torch.addcmul(h, g[:, : self.H], torch.sigmoid(g[:, self.H :]))

    def scan(self, U, i):
        K, E, X = (getattr(self, f"{k}{i}") for k in "KEX")
        if i == len(self.levels) - 1:
            return torch.bmm(K, U)
        e = torch.bmm(E, U)
        G, S, cols = e.shape
        e = e.reshape(G, S * self.levels[i + 1], -1)
        x = self.scan(e, i + 1).reshape(G, S, cols)
        return torch.baddbmm(torch.bmm(X, x), K, U)

    def forward(self, h):
        u = torch.addcmul(self.shift, h, self.scale)
        U = torch.mm(self.Bint, u.t())
        rows = U.shape[1]
        U = U.view(self.K0.shape[0], -1, rows // self.levels[0])
        return self.finish(h, u, self.scan(U, 0).view(-1, rows).t() @ self.Ct)

    def step(self, h, s):
        u = torch.addcmul(self.shift, h, self.scale)
        swapped = s.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)
        s = torch.addcmul(torch.addcmul(u @ self.Bt, self.lr, s), self.li, swapped)
        return self.finish(h, u, s @ self.Ct), s


class Sequence(nn.Module):
    def __init__(self, p: common.Params, mean: np.ndarray):
        super().__init__()
        self.H = p.H
        self.blocks = nn.ModuleList(Block(p, b, False) for b in p.blocks)
        for k, v in (("enc", p.enc.T), ("hw", p.hw.T), ("hb", p.hb), ("mean", mean)):
            self.register_buffer(k, tensor(v))

    def forward(self, x):
        h = x @ self.enc
        for b in self.blocks:
            h = b(h)
        m = (self.mean @ h.view(len(self.mean), -1)).view(-1, self.H)
        return torch.log_softmax(torch.addmm(self.hb, m, self.hw), -1)


class Step(nn.Module):
    def __init__(self, p: common.Params):
        super().__init__()
        self.blocks = nn.ModuleList(Block(p, b, True) for b in p.blocks)
        for k, v in (("enc", p.enc.T), ("hw", p.hw.T), ("hb", p.hb)):
            self.register_buffer(k, tensor(v))

    def forward(self, x, s, acc, t):
        h, new = x @ self.enc, []
        for i, b in enumerate(self.blocks):
            h, z = b.step(h, s[i])
            new.append(z)
        acc, t = acc + h, t + 1
        y = torch.log_softmax(torch.addmm(self.hb, acc / t, self.hw), -1)
        return y, torch.stack(new), acc, t


def lower(module: nn.Module, *example):
    """The module as it is called, and what compiling it took the first time."""
    watch = common.Stopwatch()
    if a.variant.startswith("compile"):
        module = torch.compile(module, fullgraph=True, dynamic=False)
    module(*example)
    key = f"torch-{a.workload}-{a.batch}-{a.variant}-{a.threads}"
    return module, common.remember(a.cache, key, watch.read())


def time_step(p: common.Params) -> None:
    sequence = [tensor(x) for x in p.streams(a.batch)]
    state = [torch.zeros(p.NB, a.batch, 2 * p.P), torch.zeros(a.batch, p.H), torch.zeros(1)]
    step, figures = lower(Step(p), sequence[0], *state)
    for x in sequence:
        y, *state = step(x, *state)
    kept = [state]

    def run():
        _, *kept[0] = step(sequence[0], *kept[0])

    common.serve(run, err=p.error(y.numpy(), p.truth_of_steps), **figures)


def time_sequence(p: common.Params) -> None:
    x, mean = common.permute(p.input(a.batch), p.c.levels)
    x = tensor(x)
    model, figures = lower(Sequence(p, mean), x)
    common.serve(lambda: model(x), err=p.error(model(x).numpy()), **figures)


if __name__ == "__main__":
    params = common.Params(a.data, a.workload)
    (time_step if a.variant.endswith("step") else time_sequence)(params)
