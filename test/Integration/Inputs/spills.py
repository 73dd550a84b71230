"""Registers of the benchmark's models on GPUs, as ptxas sees them.

    spills.py COMPILER PTXAS WORK WORKLOAD... [--OPTION=VALUE...]

Options are the compiler's. Prints a line per workload, architecture and
kernel; exit 1 where one spills.
"""

import json
import pathlib
import re
import subprocess
import sys

from bench.workloads import WORKLOADS

ARCHITECTURES = (80, 90, 100)
FOUND = re.compile(r"properties for (\w+)\n(.*)\n.* Used (\d+) registers")


def compile_ptx(compiler, work, name, options):
    model = work / f"{name}.json"
    model.write_text(json.dumps(WORKLOADS[name].model_json()))
    targets = ",".join(f"sm_{n}" for n in ARCHITECTURES)
    command = [compiler, "compile", model, "--weights", "random:1", "--name", "model"]
    command += ["--target", f"cuda:{targets}", "--emit", "ptx", "-o", work / name]
    subprocess.run([*command, *options], check=True, capture_output=True)


def main() -> int:
    compiler, ptxas, work, *names = sys.argv[1:]
    options = [name for name in names if name.startswith("--")]
    names = [name for name in names if name not in options]
    work, spilled = pathlib.Path(work), 0
    for name in names:
        compile_ptx(compiler, work, name, options)
        jobs = []
        for n in ARCHITECTURES:
            command = [ptxas, "-v", f"-arch=sm_{n}", work / f"{name}.sm_{n}.ptx", "-o", "/dev/null"]
            pipe = subprocess.PIPE
            jobs.append((n, subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)))
        for n, job in jobs:
            _, text = job.communicate()
            kernels = FOUND.findall(text)
            if job.returncode or not kernels:
                raise RuntimeError(text)
            for kernel, memory, registers in kernels:
                print(name, f"sm_{n}", kernel, registers, "registers,", memory.strip())
                spilled += "0 bytes spill stores, 0 bytes spill loads" not in memory
                spilled += "0 bytes stack frame" not in memory.strip()[:19]
    print(f"{spilled} spills")
    return 1 if spilled else 0


if __name__ == "__main__":
    sys.exit(main())
