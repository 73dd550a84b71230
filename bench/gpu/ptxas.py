"""What ptxas says of kernels: registers, spills, memory; and how many fit on an SM."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Assembled:
    """A kernel as machine code of one architecture; sizes in bytes, registers of a thread."""

    name: str
    registers: int
    stack: int
    spill_stores: int
    spill_loads: int
    static_shared: int


def find() -> str | None:
    """The path of ptxas, if there is one: in PATH, $CUDA_HOME/bin or /usr/local/cuda/bin."""
    folders = [Path(os.environ["CUDA_HOME"]) / "bin"] if "CUDA_HOME" in os.environ else []
    more = ":".join(map(str, [*folders, "/usr/local/cuda/bin"]))
    return shutil.which("ptxas") or shutil.which("ptxas", path=more)


def parse(text: str) -> list[Assembled]:
    """The kernels in what `ptxas -v` prints."""
    kernels = []
    for part in re.split(r"Compiling entry function '", text)[1:]:
        name = part.split("'", 1)[0]

        def number(pattern: str, part: str = part) -> int:
            found = re.search(pattern, part)
            return int(found.group(1)) if found else 0

        kernels.append(
            Assembled(
                name,
                registers=number(r"Used (\d+) registers"),
                stack=number(r"(\d+) bytes stack frame"),
                spill_stores=number(r"(\d+) bytes spill stores"),
                spill_loads=number(r"(\d+) bytes spill loads"),
                static_shared=number(r"(\d+) bytes smem"),
            )
        )
    return kernels


def cubin_of(ptx: Path, sm: int) -> Path:
    return ptx.with_suffix(f".sm_{sm}.cubin")


def assemble(ptxas: str, ptx: Path, sm: int) -> list[Assembled]:
    command = [ptxas, "-v", f"-arch=sm_{sm}", ptx, "-o", cubin_of(ptx, sm)]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ptxas for sm_{sm}: {done.stderr.strip()[-1000:]}")
    return parse(done.stdout + done.stderr)


def count_blocks(gpu: dict[str, Any], threads: int, registers: int, shared: int) -> int:
    """Thread blocks of an SM: lib/Analysis/GpuCostModel.cpp's countBlocksPerSm.

    A warp gets registers 256 at a time from a quarter of the SM's; the system keeps 1 KB of
    each block's shared memory.
    """
    warps = -(-threads // 32)
    of_warp = -(-registers * 32 // 256) * 256
    by_registers = gpu["registers_per_sm"] // 4 // of_warp * 4 // warps if registers else 0
    by_shared = gpu["shared_per_sm"] // (shared + 1024)
    by_threads = gpu["threads_per_sm"] // (32 * warps)
    return min(by_registers, by_shared, by_threads, gpu["max_blocks_per_sm"])
