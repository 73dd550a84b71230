"""Registers of the benchmark's models on GPUs, as ptxas sees them.

    spills.py COMPILER PTXAS WORK WORKLOAD... [--OPTION=VALUE...]

Options are the compiler's. Sizes are those of the oldest architecture of an
object: one is for all of them, one for sm_90 alone. Prints a line per workload,
architecture and kernel; exit 1 where one spills.
"""

import itertools
import json
import pathlib
import re
import subprocess
import sys

from bench.workloads import WORKLOADS

OBJECTS = ((80, 90, 100), (90,))
CLEAN = "0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads"
FOUND = re.compile(r"properties for (\w+)\n(.*)\n.* Used (\d+) registers")


def compile_ptx(compiler, work, name, architectures, options):
    model = work / f"{name}.json"
    model.write_text(json.dumps(WORKLOADS[name].model_json()))
    targets = ",".join(f"sm_{n}" for n in architectures)
    command = [compiler, "compile", model, "--weights", "random:1", "--name", "model"]
    command += ["--target", f"cuda:{targets}", "--emit", "ptx", "-o", work / name]
    subprocess.run([*command, *options], check=True, capture_output=True)


def main() -> int:
    compiler, ptxas, work, *names = sys.argv[1:]
    options = [name for name in names if name.startswith("--")]
    names = [name for name in names if name not in options]
    work, spilled = pathlib.Path(work), 0
    for name, architectures in itertools.product(names, OBJECTS):
        compile_ptx(compiler, work, name, architectures, options)
        jobs = []
        for n in architectures:
            extension = f".sm_{n}.ptx" if len(architectures) > 1 else ".ptx"
            command = [ptxas, "-v", f"-arch=sm_{n}", work / f"{name}{extension}", "-o", "/dev/null"]
            pipe = subprocess.PIPE
            jobs.append((n, subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)))
        for n, job in jobs:
            _, text = job.communicate()
            kernels = FOUND.findall(text)
            if job.returncode or not kernels:
                raise RuntimeError(text)
            for kernel, memory, registers in kernels:
                print(name, f"sm_{n}", kernel, registers, "registers,", memory.strip())
                spilled += memory.strip() != CLEAN
    print(f"{spilled} spills")
    return 1 if spilled else 0


if __name__ == "__main__":
    sys.exit(main())
