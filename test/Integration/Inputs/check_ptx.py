"""What x86 would hide in kernels' PTX: the order of flags and data, and roundings.

    check_ptx.py FILE.ptx ...

Of every kernel, over all paths of its control flow:

- from a store to global memory there is no way to a store-release of a flag that
  passes no barrier: what the block's threads have published, one of them releases;
- from a load-acquire there is no way to a load from global memory that passes no
  barrier: what one thread has waited for, all read.

A kernel that draws chunks and passes on carries has both. Nothing is called, all
arithmetic on floats names its rounding (what does not could be contracted to other
roundings by ptxas), and kernels are named ssm_*. Prints a line per kernel with the
number of its flags' accesses, and a line per failure; exit 1 if there is one.
"""

import dataclasses
import re
import sys

INSTRUCTION = re.compile(r"^\s*(?:@(!?%\w+)\s+)?([a-z][\w.]*)(?:\s+(.*?))?;\s*$")
ROUNDED = re.compile(
    r"^(add|sub|mul|fma|mad|div|rcp|sqrt|rsqrt|sin|cos|ex2|lg2|tanh)\b.*\.f(16|32|64)"
)
STORES = ("st.global", "st.b", "st.v", "st.f", "red.", "st.volatile", "st.relaxed")


@dataclasses.dataclass
class Instruction:
    line: int
    operation: str
    arguments: str
    conditional: bool


def read_kernels(text):
    """(name, labels, instructions) of each function; `labels` are places of them."""
    name, instructions, labels = None, [], {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("//")[0]
        if found := re.search(r"\.(entry|func)\b\s*(?:\([^)]*\)\s*)?(\w+)\s*\(", line):
            name, instructions, labels = found[2], [], {}
        elif name and line.startswith("}"):
            yield name, labels, instructions
            name = None
        elif found := re.match(r"^(\$?\w+):", line):
            labels[found[1]] = len(instructions)
        elif found := INSTRUCTION.match(line):
            condition, operation, arguments = found.groups()
            instructions.append(Instruction(number, operation, arguments or "", bool(condition)))


def successors(place, instructions, labels):
    instruction = instructions[place]
    following = [place + 1] if place + 1 < len(instructions) else []
    if instruction.operation.startswith("bra"):
        target = [labels[instruction.arguments.strip()]]
        return target + following if instruction.conditional else target
    if instruction.operation in ("ret", "exit", "trap"):
        return following if instruction.conditional else []
    if instruction.operation.startswith("brx"):
        raise ValueError(f"line {instruction.line}: an indirect branch, which is not followed here")
    return following


def reach(starts, instructions, labels):
    """Places that are reached from behind these without a barrier."""
    seen, todo = set(), []
    for start in starts:
        todo += successors(start, instructions, labels)
    while todo:
        place = todo.pop()
        if place in seen or instructions[place].operation.startswith("bar"):
            continue
        seen.add(place)
        todo += successors(place, instructions, labels)
    return seen


def is_release(instruction):
    return instruction.operation.startswith("st.release")


def is_acquire(instruction):
    return instruction.operation.startswith("ld.acquire")


def is_data_store(instruction):
    return instruction.operation.startswith(STORES)


def is_data_load(instruction):
    return instruction.operation.startswith(("ld.global", "ld.b", "ld.v", "ld.f", "ld.volatile"))


def check(name, labels, instructions):
    def places(wanted):
        return [i for i, instruction in enumerate(instructions) if wanted(instruction)]

    def fail(place, what):
        found = instructions[place]
        failures.append(f"{name}, line {found.line}: {found.operation} {what}")

    failures = []
    releases, acquires = places(is_release), places(is_acquire)
    published = reach(places(is_data_store), instructions, labels)
    for place in releases:
        if place in published:
            fail(place, "is reached from a store without a barrier")
    seen = reach(acquires, instructions, labels)
    for place in places(is_data_load):
        if place in seen:
            fail(place, "is reached from an acquire without a barrier")
    for place, instruction in enumerate(instructions):
        operation = instruction.operation
        if operation.startswith("call"):
            fail(place, "calls a function")
        if ROUNDED.match(operation) and ".rn" not in operation:
            fail(place, "names no rounding to nearest")
        if ".approx" in operation:
            fail(place, "is an approximation")
        if operation.startswith(("ld.acquire", "st.release")) and ".gpu" not in operation:
            fail(place, "is seen by other thread blocks, but not for them")
        if operation.startswith(("ld.relaxed", "st.relaxed", "membar", "fence")):
            fail(place, "is an access of a flag that is not understood here")
    if not name.startswith("ssm_"):
        failures.append(f"{name} is no name of a kernel")
    draws = places(lambda instruction: instruction.operation.startswith("atom"))
    print(f"{name}: {len(draws)} draws, {len(releases)} releases, {len(acquires)} acquires")
    if bool(releases) != bool(acquires) or (releases and not draws):
        failures.append(f"{name} releases, acquires or draws without the others")
    return failures


def main() -> int:
    failures = []
    for file in sys.argv[1:]:
        with open(file) as opened:
            kernels = list(read_kernels(opened.read()))
        if not kernels:
            failures.append(f"{file} has no kernels")
        for kernel in kernels:
            failures += check(*kernel)
    for failure in failures:
        print("failed:", failure)
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
