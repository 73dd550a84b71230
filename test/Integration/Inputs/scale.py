"""What must not grow: code with depth, memory and error with length.

scale.py text COMPILER SIZE_TOOL WORK     code of 4 and of 24 blocks, of 4 and of 96 heads
scale.py memory COMPILER GOLDENS WORK     forward of 100 and of 1e6 steps
scale.py mean COMPILER GOLDENS WORK       a pooled answer after 1e7 steps
scale.py decay COMPILER GOLDENS WORK      states long after the last input
"""

import json
import pathlib
import re
import resource
import shutil
import subprocess
import sys

import numpy as np
from native import build
from safetensors.numpy import load_file, save_file

import recurrence


def text_bytes(compiler: str, size_tool: str, prefix: pathlib.Path, mixer: dict) -> int:
    layers = [
        {"target": "LinearEncoder", "in_features": 3, "out_features": 64},
        {"hidden_dim": 64, **mixer},
        {"target": "ClassificationHead", "in_features": 64, "out_features": 10},
    ]
    model = prefix.with_suffix(".json")
    model.write_text(json.dumps({"format": 1, "layers": layers}))
    command = [compiler, "compile", model, "-o", prefix, "--weights", "random:1"]
    subprocess.run(command, check=True)
    table = subprocess.check_output([size_tool, "-A", f"{prefix}.o"], text=True)
    sections = re.findall(r"^\.text\S*\s+(\d+)", table, re.MULTILINE)
    return sum(map(int, sections))


def text(compiler: str, size_tool: str, work: pathlib.Path) -> None:
    """Layers of one shape share code; heads, of large states too, are a loop."""
    blocks = [{"target": "S5", "num_blocks": n} for n in (4, 24)]
    heads = [{"target": "DeltaNet", "n_heads": n, "head_dim": 48} for n in (4, 96)]
    for what, mixers in (("blocks", blocks), ("heads", heads)):
        few, many = (
            text_bytes(compiler, size_tool, work / f"{what}{i}", mixer)
            for i, mixer in enumerate(mixers)
        )
        growth = many / few - 1
        print(f"text of more {what}: {few} and {many} bytes, {growth:+.1%}")
        print("within 10 %" if few > 1000 and abs(growth) < 0.1 else "too different")


def memory(compiler: str, goldens: pathlib.Path, work: pathlib.Path) -> None:
    """Peak memory after 100 and after 1e6 steps, and the workspace that sufficed."""
    native = build(compiler, goldens / "lru-state-1", work / "memory")
    x = np.empty((1, 1_000_000, 3), np.float32)  # in place: no peak before ours
    np.random.default_rng(4).standard_normal(dtype=np.float32, out=x)
    native.forward(x[:, :100].copy())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    native.forward(x)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"grown by {grown} KiB; workspace of {native.workspace(1).size} bytes")
    print("independent of L" if grown < 1024 else "grows with L")


def exact_mean(model: pathlib.Path, x: np.ndarray, steps: int) -> np.ndarray:
    """The answer in f64 when x is repeated for `steps` steps: states become
    periodic, too."""
    config = json.loads((model / "model.json").read_text())
    weights, periods = load_file(model / "model.safetensors"), 100
    _, hidden, _ = recurrence.forward(config, weights, np.tile(x, (periods, 1)))
    last, one_before = hidden[-len(x) :], hidden[-2 * len(x) : -len(x)]
    if not np.allclose(last, one_before, rtol=0, atol=1e-12):
        raise ValueError("is not periodic yet")
    total = hidden.sum(axis=0) + (steps // len(x) - periods) * last.sum(axis=0)
    head = {"layers": [config["layers"][-1]]}
    prefix = f"layers.{len(config['layers']) - 1}."
    own = {f"layers.0.{k[len(prefix) :]}": w for k, w in weights.items() if k.startswith(prefix)}
    return recurrence.forward(head, own, total[None] / steps)[0]


def mean(compiler: str, goldens: pathlib.Path, work: pathlib.Path) -> None:
    model = goldens / "lru-state-1"
    native = build(compiler, model, work / "mean")
    steps, chunk, period = 10_000_000, 100_000, 50
    x = np.random.default_rng(5).standard_normal((period, 3)).astype(np.float32) + 1
    part = np.tile(x, (chunk // period, 1))[None]
    records, ws = native.records(1), native.workspace(1)
    for _ in range(steps // chunk):
        y = native.chunk(records, None, part, None, ws)[0]
    wanted = exact_mean(model, x, steps)
    error = np.abs(y - wanted).max() / np.abs(wanted).max()
    print(f"mean after {steps} steps: error {error:.1e}")
    print("below 1e-6" if error < 1e-6 else f"{y}, expected {wanted}")


def decay(compiler: str, goldens: pathlib.Path, work: pathlib.Path) -> None:
    """Without input, states decay to nearly nothing and are never denormal numbers,
    with which every operation takes a hundred times as long."""
    steps, longest = 25, 400_000
    for golden in ("lru-state-1", "linoss-damped-wide"):
        model, path = work / golden, "layers.1.blocks.0"
        shutil.copytree(goldens / golden, model, dirs_exist_ok=True)
        weights = load_file(goldens / golden / "model.safetensors")
        weights[f"{path}.norm.running_mean"][:] = 0
        save_file(weights, model / "model.safetensors")
        native = build(compiler, model, model / "model")
        records, ws = native.records(1), native.workspace(1)
        x = np.zeros((1, steps, 3), np.float32)
        x[0, 0] = 1
        sizes = []
        while not sizes or (sizes[-1].any() and len(sizes) < longest // steps):
            native.chunk(records, None, x, None, ws)
            sizes.append(np.abs(native.unpack(records[0], path)))
            x[:] = 0
        seen = np.array(sizes)
        tiny = np.finfo(seen.dtype).tiny
        last = seen[-1].max()
        print(f"{golden}: from {seen[0].max():.1e} to {last:.1e} in {len(seen) * steps} steps")
        reached = seen[seen > 0].min() < 1e4 * tiny and last < 1e4 * tiny
        denormal = ((seen > 0) & (seen < tiny)).any()
        print("no denormals" if reached and not denormal else f"lingers: {seen[-1]}")


if __name__ == "__main__":
    what, compiler, other, work = sys.argv[1:]
    folder = pathlib.Path(work)
    if what == "text":
        text(compiler, other, folder)
    else:
        {"memory": memory, "mean": mean, "decay": decay}[what](
            compiler, pathlib.Path(other), folder
        )
