"""What must not grow: code with depth, memory and error with length.

scale.py text COMPILER SIZE_TOOL WORK     code of 4 and of 24 blocks
scale.py memory COMPILER GOLDENS WORK     forward of 100 and of 1e6 steps
scale.py mean COMPILER GOLDENS WORK       a pooled answer after 1e7 steps
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


def text_bytes(compiler: str, size_tool: str, work: pathlib.Path, blocks: int) -> int:
    layers = [
        {"target": "LinearEncoder", "in_features": 3, "out_features": 64},
        {"target": "S5", "hidden_dim": 64, "num_blocks": blocks},
        {"target": "ClassificationHead", "in_features": 64, "out_features": 10},
    ]
    model, prefix = work / f"model{blocks}.json", work / f"blocks{blocks}"
    model.write_text(json.dumps({"format": 1, "layers": layers}))
    command = [compiler, "compile", model, "-o", prefix, "--weights", "random:1"]
    subprocess.run(command, check=True)
    table = subprocess.check_output([size_tool, "-A", f"{prefix}.o"], text=True)
    sections = re.findall(r"^\.text\S*\s+(\d+)", table, re.MULTILINE)
    return sum(map(int, sections))


def text(compiler: str, size_tool: str, work: pathlib.Path) -> None:
    few, many = (text_bytes(compiler, size_tool, work, blocks) for blocks in (4, 24))
    growth = many / few - 1
    print(f"text: {few} and {many} bytes, {growth:+.1%}")
    print("within 10 %" if few > 1000 and abs(growth) < 0.1 else "too different")


def tiny(compiler: str, goldens: pathlib.Path, work: pathlib.Path, reduce: bool):
    """Two LRU blocks of width 3 and state 1, with a pooled or per-step head."""
    model = work / f"reduce-{reduce}"
    shutil.copytree(goldens / "lru-state-1", model, dirs_exist_ok=True)
    config = json.loads((model / "model.json").read_text())
    config["layers"][-1]["reduce"] = reduce
    (model / "model.json").write_text(json.dumps(config))
    return build(compiler, model, model / "model")


def memory(compiler: str, goldens: pathlib.Path, work: pathlib.Path) -> None:
    native = tiny(compiler, goldens, work, reduce=True)
    x = np.random.default_rng(4).standard_normal((1, 1_000_000, 3)).astype(np.float32)
    native.forward(x[:, :100].copy())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    native.forward(x)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"grown by {grown} KiB")
    print("independent of L" if grown < 1024 else "grows with L")


def mean(compiler: str, goldens: pathlib.Path, work: pathlib.Path) -> None:
    """A pooled regression is the mean of what the per-step head says."""
    steps, chunk = 10_000_000, 100_000
    x = np.random.default_rng(5).standard_normal((1, chunk, 3)).astype(np.float32) + 1
    answers = {}
    for reduce in (True, False):
        native = tiny(compiler, goldens, work, reduce)
        records, ws = native.records(1), native.workspace(1)
        y = np.empty((1, 1 if reduce else chunk, native.outputs), np.float32)
        total = np.zeros(native.outputs)
        for _ in range(steps // chunk):
            native.call("chunk", records, None, 1, None, chunk, x, y, None, ws, ws.size)
            total += y[0].astype(np.float64).sum(axis=0)
        answers[reduce] = y[0, 0] if reduce else total / steps
    error = np.abs(answers[True] - answers[False]).max() / np.abs(answers[False]).max()
    print(f"mean after {steps} steps: error {error:.1e}")
    print("below 1e-6" if error < 1e-6 else f"{answers}")


if __name__ == "__main__":
    what, compiler, other, work = sys.argv[1:]
    folder = pathlib.Path(work)
    if what == "text":
        text(compiler, other, folder)
    else:
        {"memory": memory, "mean": mean}[what](compiler, pathlib.Path(other), folder)
