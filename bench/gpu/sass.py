"""Inner loops of products in machine code: how many of their instructions multiply and add."""

import collections
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SECTION = re.compile(r"\s*\.section\s+\.text\.(\w+)")
LABEL = re.compile(r"(\.L_x_\w+):")
INSTRUCTION = re.compile(r"\s+/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?([A-Z][\w.]*)([^;]*);")
BRANCH = re.compile(r"\((\.L_x_\w+)\)")


@dataclass(frozen=True)
class Loop:
    """Instructions from a loop's first to the branch back: of one trip, if none is skipped."""

    kernel: str
    instructions: int
    multiply_adds: int  # FFMA, and FFMA2, which is two; of a thread
    issued_for_them: int
    shared_loads: int
    global_loads: int

    @property
    def share(self) -> float:
        return self.issued_for_them / self.instructions


def find() -> Path | None:
    """nvdisasm: in PATH, or beside ptxas."""
    found = shutil.which("nvdisasm")
    if found:
        return Path(found)
    homes = [os.environ.get("CUDA_HOME"), "/usr/local/cuda"]
    places = [Path(home) / "bin/nvdisasm" for home in homes if home]
    return next((place for place in places if place.exists()), None)


def disassemble(program: Path, cubin: Path) -> str:
    command = [program, "-c", cubin]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def loops(text: str, least: int = 32) -> list[Loop]:
    """Innermost loops with at least `least` multiply-adds a trip, from nvdisasm's text."""
    found: list[Loop] = []
    kernel, code, labels = "", [], {}
    for line in [*text.splitlines(), ".section .text.end"]:
        if match := SECTION.match(line):
            found += innermost(kernel, code, labels, least)
            kernel, code, labels = match[1], [], {}
        elif match := LABEL.match(line):
            labels[match[1]] = len(code)
        elif match := INSTRUCTION.match(line):
            code.append((match[1], match[2]))
    return found


def innermost(
    kernel: str, code: list[tuple[str, str]], labels: dict[str, int], least: int
) -> list[Loop]:
    backward = []
    for last, (name, operands) in enumerate(code):
        target = BRANCH.search(operands) if name.startswith("BRA") else None
        if target and labels.get(target[1], last + 1) <= last:
            backward.append((labels[target[1]], last))
    loops = []
    for first, last in backward:
        if any((a, b) != (first, last) and first <= a and b <= last for a, b in backward):
            continue
        names = collections.Counter(name.split(".")[0] for name, _ in code[first : last + 1])
        fmas = names["FFMA"] + 2 * names["FFMA2"]
        if fmas >= least:
            issued = names["FFMA"] + names["FFMA2"]
            count = last + 1 - first
            loops.append(Loop(kernel, count, fmas, issued, names["LDS"], names["LDG"]))
    return loops
