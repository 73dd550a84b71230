"""python -m bench.gpu.prepare: everything that the benchmark on a GPU needs, in one folder.

Runs where ssmc is built, with ptxas and with discretax (build/venv has it). Compiles W1 to W4
for GPUs and the program around them, and writes weights, inputs and true outputs. The folder
and this repository's bench/ are then all that `python -m bench.gpu.run` takes along to a
machine with a GPU, which needs no LLVM and no CUDA toolkit, and Python with NumPy.
"""

import argparse
import json
import sys
from pathlib import Path

from bench.native import Builder, BuildError
from bench.workloads import WORKLOADS

TARGET = "cuda:sm_80,sm_86,sm_89,sm_90,sm_100,sm_120"
DEFAULT = ("W1", "W2", "W3", "W4")


def prepare(builder: Builder, names: list[str], target: str) -> None:
    builder.export(names)
    flags = ("-static-libstdc++", "-static-libgcc", "-ldl")
    builder.compile_native("gpu-harness", "gpu/harness.cpp", *flags)
    models = {}
    for name in names:
        model = builder.model(name, target)
        models[name] = {"library": f"models/{model.prefix.name}.so", **model.constants}
        print(f"{name}: compiled for {target}", file=sys.stderr)
    text = json.dumps({"target": target, "models": models}, indent=1)
    (builder.folder / "gpu.json").write_text(text + "\n")


def main() -> int:
    p = argparse.ArgumentParser(prog="python -m bench.gpu.prepare", description=__doc__)
    p.add_argument("--build", type=Path, default=Path("build"))
    p.add_argument("--folder", type=Path, default=Path("build/bench-gpu"))
    p.add_argument("--workloads", nargs="+", default=DEFAULT, choices=sorted(WORKLOADS))
    p.add_argument("--target", default=TARGET, help="architectures, as for ssmc")
    options = p.parse_args()
    try:
        prepare(Builder(options.build, folder=options.folder), options.workloads, options.target)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(options.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
