"""States that hardly decay, over long sequences, on a CPU and on the emulated device.

    slow_decay.py COMPILER DRIVER GOLDENS WORK CASE STEPS

Errors of final states against float64: a thread block per stream errs as a CPU does,
by the rounding of the carried state in each step, and pieces no more. Prints a line for
each way, and whether it is so.
"""

import json
import pathlib
import sys

import cuda
import native
import numpy as np
from golden import distance
from safetensors.numpy import load_file

import recurrence

ALIKE = 1.1  # times the CPU's error


def main() -> None:
    compiler, library, goldens, work, case, steps = sys.argv[1:]
    model, work = pathlib.Path(goldens) / case, pathlib.Path(work)
    x = load_file(model / "case.safetensors")["x"]
    x = np.take(x, np.arange(int(steps)), axis=0, mode="wrap")[None]
    config = json.loads((model / "model.json").read_text())
    wanted = recurrence.forward(config, load_file(model / "model.safetensors"), x[0])[2]

    def error(how, built) -> float:
        _, records = built.forward(x)
        worst = max(distance(built.unpack(records[0], path), wanted[path]) for path in wanted)
        print(f"{how}: {worst:.2e}")
        return worst

    on_cpu = error("CPU", native.build(compiler, model, work / "cpu"))
    driver = cuda.load_driver(library)
    for how, places in (("streams", 1), ("pieces", 1000)):
        with cuda.environment(multiprocessors=1, resident=places):
            gpu = cuda.build(compiler, model, work / "gpu", driver)
            ours = error(how, gpu)
            gpu.close()
        print(f"{how}: {'as a CPU or better' if ours <= ALIKE * on_cpu else 'worse'}")


if __name__ == "__main__":
    main()
