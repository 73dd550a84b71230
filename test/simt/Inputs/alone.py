"""Groups of as many streams as a piece has chunks, on the emulated device.

    alone.py COMPILER DRIVER WORK KIND...

Of two blocks of KIND (s5, lru, linoss), with a pooled head: two groups of 4 streams,
each with one chunk in a piece, which goes on from the record of the piece before, and a
stream that is left, whose chunks run side by side. Streams are of different lengths.
Answers and states are a CPU's but for the last bits, and the same in every order of
thread blocks. Prints a line per kind, and exits with 1 if any fails.
"""

import json
import pathlib
import sys

import cuda
import native
import numpy as np
from golden import distance

from bench.workloads import Workload

STREAMS, STEPS, CHUNK, BLOCKS = 9, 100, 32, 2
PLACES = 2  # a group: two chunks for each
PIECES = (4, 4, 1)  # of the groups
TOLERANCE = 1e-5


def check(compiler, driver, work: pathlib.Path, kind: str) -> str:
    model, counts = work / f"{kind}.json", work / "counts.json"
    workload = Workload(kind, 4, 64, 64, BLOCKS, 10, STEPS)
    model.write_text(json.dumps(workload.model_json()))
    options = ("--weights", "random:1")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((STREAMS, STEPS, 4)).astype(np.float32)
    lengths = np.array([STEPS, 1, 32, 33, 64, 99, STEPS, 70, STEPS])

    on_cpu = native.build(compiler, model, work / f"{kind}-cpu", *options)
    wanted, states = on_cpu.forward(x, lengths)
    results = []
    with cuda.environment(multiprocessors=1, resident=PLACES, races=1, counts=counts):
        options += ("--chunk", str(CHUNK))
        built = cuda.build(compiler, model, work / f"{kind}-gpu", driver, *options)
        for order in cuda.ORDERS:
            with cuda.environment(order=order):
                results.append(built.forward(x, lengths))
        y, records = results[0]
        worst = distance(y, wanted)
        for path in built.layout:
            for ours, theirs in zip(records, states, strict=True):
                theirs = on_cpu.unpack(theirs, path)
                worst = max(worst, distance(built.unpack(ours, path), theirs))
        built.close()
    launches = {name: kernel["launches"] for name, kernel in json.loads(counts.read_text()).items()}
    if launches["ssm_time"] or launches["ssm_unit_block0"] != len(results) * BLOCKS * sum(PIECES):
        return f"launches: {launches}"
    if not worst <= TOLERANCE:
        return f"off by {worst:.1e}"
    same = all(
        np.array_equal(a, b) for other in results for a, b in zip(results[0], other, strict=True)
    )
    return f"as a CPU in {len(results)} orders" if same else "orders differ"


def main() -> int:
    compiler, library, work, *kinds = sys.argv[1:]
    driver, failed = cuda.load_driver(library), 0
    for kind in kinds:
        found = check(compiler, driver, pathlib.Path(work), kind)
        print(f"{kind}: {found}", flush=True)
        failed += not found.startswith("as a CPU")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
