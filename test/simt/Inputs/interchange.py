"""Streams that move between a CPU and an emulated GPU.

    interchange.py COMPILER DRIVER GOLDENS WORK CASE...

Thirds of a golden's sequence: on the CPU, on the device, on the CPU, with the
state saved by one and loaded by the other. Prints a line per failure, and
`N cases, N failed`.
"""

import pathlib
import re
import sys

import cuda
import native
import numpy as np
from golden import Case
from native import Native


class MovingCase(Case):
    def compare(self) -> None:
        prefix = self.work / "gpu"
        gpu = cuda.build(self.compiler, self.model, prefix, self.swap_mode)
        cpu = native.build(self.compiler, self.model, self.work / "cpu")
        header = prefix.with_suffix(".h").read_text()
        self.saved_bytes = int(re.search(r"model_STATE_BLOB_BYTES (\d+)", header)[1])
        x = self.data["x"][None]
        cuts = [0, x.shape[1] // 3, x.shape[1] // 3 * 2, x.shape[1]]
        record, answers, last = cpu.records(1), [], cpu
        for place, start, end in zip((cpu, gpu, cpu), cuts, cuts[1:], strict=False):
            record, last = self.move(last, place, record), place
            answers.append(place.chunk(record, None, x[:, start:end]))
        y = answers[-1][0] if cpu.pooled else np.concatenate(answers, axis=1)[0]
        self.close("y", "y", y, self.data["y64"])
        for path, wanted in self.states.items():
            self.close("state", f"state {path}", cpu.unpack(record[0], path), wanted)
        gpu.close()

    def move(self, source, target, record) -> np.ndarray:
        """A record as the target's host functions load what the source's saved."""
        saved = np.zeros(self.saved_bytes, np.uint8)
        loaded = target.memory(target.state_bytes)
        Native.call(source, "state_save", record, saved, saved.size)
        Native.call(target, "state_load", loaded, saved, saved.size)
        return loaded[None]


def main() -> int:
    compiler, library, goldens, work, *names = sys.argv[1:]
    driver = cuda.load_driver(library)
    failed = 0
    for name in names:
        case = MovingCase(compiler, driver, pathlib.Path(goldens), pathlib.Path(work), name)
        case.run()
        failed += bool(case.failures)
        for failure in case.failures:
            print("failed:", failure)
    print(f"{len(names)} cases, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
