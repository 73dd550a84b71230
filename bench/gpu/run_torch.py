"""The PyTorch peer of bench.peers.run_torch on a GPU: the same modules and variants."""

import numpy as np
import torch

from bench.peers import common
from bench.peers import run_torch as cpu

DEVICE = "cuda"


def to_device(v: np.ndarray) -> torch.Tensor:
    return cpu.tensor(v).to(DEVICE)


def time_step(p: common.Params) -> None:
    sequence = [to_device(x) for x in p.streams(cpu.a.batch)]
    shapes = ((p.NB, cpu.a.batch, 2 * p.P), (cpu.a.batch, p.H), (1,))
    state = [torch.zeros(*shape, device=DEVICE) for shape in shapes]
    step, figures = cpu.lower(cpu.Step(p).to(DEVICE), sequence[0], *state)
    for x in sequence:
        y, *state = step(x, *state)
    kept = [state]

    def run():
        _, *kept[0] = step(sequence[0], *kept[0])
        torch.cuda.synchronize()

    common.serve(run, err=p.error(y.cpu().numpy(), p.truth_of_steps), **figures)


def time_sequence(p: common.Params) -> None:
    x, mean = common.permute(p.input(cpu.a.batch), p.c.levels)
    x = to_device(x)
    model, figures = cpu.lower(cpu.Sequence(p, mean).to(DEVICE), x)

    def run():
        model(x)
        torch.cuda.synchronize()

    common.serve(run, err=p.error(model(x).cpu().numpy()), **figures)


if __name__ == "__main__":
    params = common.Params(cpu.a.data, cpu.a.workload)
    (time_step if cpu.a.variant.endswith("step") else time_sequence)(params)
