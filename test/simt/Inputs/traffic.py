"""Bytes of global memory that kernels move, counted on the emulated device.

    traffic.py COMPILER DRIVER WORK

For blocks of 64, 128 and 256 features: what the kernel of a block loads and stores,
against 8 bytes per feature and time step and its weights once; and what a step of
some streams does, against the weights once and the states, read and written. A byte
that is accessed again within a launch comes from a cache, and is counted once.
Prints a line per kernel, and how often weights are loaded.
"""

import json
import pathlib
import sys

import cuda
import numpy as np

from bench.workloads import Workload

STEPS, STREAMS = 1024, 8
BLOCK_LIMIT, STEP_LIMIT = 1.15, 1.1


def main() -> int:
    compiler, library, work = sys.argv[1:]
    driver, work, failed = cuda.load_driver(library), pathlib.Path(work), 0
    for kind, hidden, state in (("s5", 64, 64), ("s5", 128, 128), ("lru", 256, 256)):
        model, counts = work / f"{kind}{hidden}.json", work / "counts.json"
        workload = Workload(kind, 4, hidden, state, 1, 10, STEPS)
        model.write_text(json.dumps(workload.model_json()))
        with cuda.environment(multiprocessors=4, counts=counts):
            built = cuda.build(compiler, model, work / model.stem, driver, "--weights", "random:1")
            x = np.random.default_rng(0).standard_normal((1, STEPS, 4)).astype(np.float32)
            built.forward(x)
            built.step(built.records(STREAMS), None, np.repeat(x[:, 0], STREAMS, axis=0))
            built.close()
        found = json.loads(counts.read_text())
        block, step = found["ssm_unit_block0"], found["ssm_rows"]
        weights = block["global_loads"]["by_parameter"]["0"]
        moved = sum(block[what]["unique_bytes"] for what in ("global_loads", "global_stores"))
        floor = 8 * hidden * STEPS + weights["unique_bytes"]
        print(kind, hidden, f"block {moved} bytes, {moved / floor:.3f} x floor")
        failed += moved > BLOCK_LIMIT * floor
        copies = weights["bytes"] / weights["unique_bytes"]
        print(kind, hidden, f"weights {copies:.1f} times by {block['blocks']} thread blocks")
        moved = sum(step[what]["unique_bytes"] for what in ("global_loads", "global_stores"))
        weights = step["global_loads"]["by_parameter"]["0"]["unique_bytes"]
        floor = weights + 2 * STREAMS * built.state_bytes
        print(kind, hidden, f"step {moved} bytes, {moved / floor:.3f} x floor")
        failed += moved > STEP_LIMIT * floor
    print(f"{failed} too many")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
