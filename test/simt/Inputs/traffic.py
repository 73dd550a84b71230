"""Bytes of global memory that kernels move, counted on the emulated device.

    traffic.py COMPILER DRIVER WORK CASE...

CASE is FAMILY:FEATURES:STATE, or "all": S5, LRU and LinOSS of 64, 128 and 256 features,
states of 32 to 256. What the kernel of a block loads and stores, against 8 bytes per
feature and time step and its weights once; and what a step of some streams does,
against the weights once and the states, read and written. A byte that is loaded or
stored again within a launch is counted once; what chunks leave for each other is counted
twice, loaded and stored, and once without the loads, which the caches have. Of rows each
byte is loaded by one thread: every other load of that memory is of what chunks have left,
which those behind in a group read again. Prints a line per kernel, how often weights are
loaded, and `N too many`.
"""

import json
import pathlib
import sys

import cuda
import numpy as np

from bench.workloads import Workload

STEPS, STREAMS = 1024, 8
BLOCK_LIMIT, STEP_LIMIT = 1.15, 1.1
# The parameter of ssm_unit_block0 that points to rows, and, into the same workspace, to what
# chunks leave for each other.
ROWS = "8"
# Chunk c of a group of 16 loads what the c chunks before it have left, 4 at a time, and what
# enters the group; the last one twice, and what it has left itself. All 16 leave 17 states.
MOST_READINGS = (sum((c + 3) // 4 * 4 for c in range(16)) + 16 + 16 + 1 + 1) / 17


def parse_cases(names: list[str]) -> list[tuple[str, int, int]]:
    if names != ["all"]:
        cases = [name.split(":") for name in names]
        return [(kind, int(hidden), int(state)) for kind, hidden, state in cases]
    sizes = [(h, p) for h in (64, 128, 256) for p in (32, 64, 128, 256)]
    return [(kind, *size) for kind in ("s5", "lru", "linoss") for size in sizes]


def main() -> int:
    compiler, library, work, *names = sys.argv[1:]
    driver, work, failed = cuda.load_driver(library), pathlib.Path(work), 0
    for kind, hidden, state in parse_cases(names):
        model, counts = work / f"{kind}-{hidden}-{state}.json", work / "counts.json"
        label = f"{kind} {hidden} {state}"
        workload = Workload(kind, 4, hidden, state, 1, 10, STEPS)
        model.write_text(json.dumps(workload.model_json()))
        with cuda.environment(multiprocessors=4, resident=1000, counts=counts):
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
        rows, row_bytes = block["global_loads"]["by_parameter"][ROWS], 4 * hidden * STEPS
        again = rows["unique_bytes"] - row_bytes
        stored = moved - again
        print(label, f"block {moved} bytes, {moved / floor:.3f} x floor,", end=" ")
        print(f"{stored / floor:.3f} x without loads of what it stored", flush=True)
        failed += moved > BLOCK_LIMIT * floor
        left = block["global_stores"]["unique_bytes"] - row_bytes
        readings = (rows["bytes"] - row_bytes) / left
        print(label, f"what chunks leave is {left} bytes, loaded {readings:.1f} times")
        failed += readings > MOST_READINGS
        copies = weights["bytes"] / weights["unique_bytes"]
        print(label, f"weights {copies:.1f} times by {block['blocks']} thread blocks")
        moved = sum(step[what]["unique_bytes"] for what in ("global_loads", "global_stores"))
        weights = step["global_loads"]["by_parameter"]["0"]["unique_bytes"]
        floor = weights + 2 * STREAMS * built.state_bytes
        print(label, f"step {moved} bytes, {moved / floor:.3f} x floor")
        failed += moved > STEP_LIMIT * floor
    print(f"{failed} too many")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
