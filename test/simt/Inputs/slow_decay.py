"""States that hardly decay, over long sequences, on a CPU and on the emulated device.

    slow_decay.py COMPILER DRIVER GOLDENS WORK CASE STEPS

Errors of final states against float64. A thread block per stream errs as a CPU does, by
the rounding of the carried state in each step. Pieces pass states on in float64 and
round them once per chunk. What rounding comes to depends on the input by luck, so the
median over several inputs counts. Prints a line for each way, and whether it is so: by
the kernel of streams in the one, and not in the other.
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

SEEDS = 3
WAYS = (  # places of the device, options, and the error allowed relative to the CPU's
    ("streams", 1, ("--chunk", "3"), 1.1),  # with so short chunks, pieces are not worth it
    ("pieces", 1000, (), 0.4),
)


def draw_inputs(steps: int, features: int):
    """Noise, noise around 1, constants, sines: each (steps, features) in float32."""
    time = np.arange(steps)[:, None]
    for seed in range(SEEDS):
        random = np.random.default_rng(seed)
        noise = random.standard_normal((steps, features))
        sines = np.sin(time * random.uniform(1e-3, 0.5, features))
        for x in (noise, noise + 1, np.broadcast_to(noise[:1], noise.shape), sines):
            yield x.astype(np.float32)


def main() -> None:
    compiler, library, goldens, work, case, steps = sys.argv[1:]
    model, work = pathlib.Path(goldens) / case, pathlib.Path(work)
    config = json.loads((model / "model.json").read_text())
    weights = load_file(model / "model.safetensors")
    cases = [
        (x, recurrence.forward(config, weights, x)[2])
        for x in draw_inputs(int(steps), config["layers"][0]["in_features"])
    ]

    def median_error(how: str, built) -> float:
        errors = []
        for x, wanted in cases:
            _, records = built.forward(x[None])
            state = {path: built.unpack(records[0], path) for path in wanted}
            errors.append(max(distance(state[path], wanted[path]) for path in wanted))
        print(f"{how}: {np.median(errors):.2e}, at most {max(errors):.2e}")
        return float(np.median(errors))

    on_cpu = median_error("CPU", native.build(compiler, model, work / "cpu"))
    driver = cuda.load_driver(library)
    for how, places, options, allowed in WAYS:
        counts = work / f"{how}.json"
        with cuda.environment(multiprocessors=1, resident=places, counts=counts):
            gpu = cuda.build(compiler, model, work / how, driver, *options)
            ours = median_error(how, gpu)
            gpu.close()
        by_streams = json.loads(counts.read_text())["ssm_time"]["launches"]
        holds = ours <= allowed * on_cpu and by_streams == (len(cases) if how == "streams" else 0)
        print(f"{how}: {f'{allowed:.1f} of a CPU error or less' if holds else 'not so'}")


if __name__ == "__main__":
    main()
