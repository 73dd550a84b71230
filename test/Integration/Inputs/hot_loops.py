"""Prints the innermost loops of a function in x86 assembly that multiply and add.

    hot_loops.py FILE.s FUNCTION

One line per loop:

    loop: FMAS multiply-adds on REGISTERS, STACK stack accesses, CALLS calls

REGISTERS is the widest class of the multiply-adds if all have it (xmm, ymm or
zmm), "mixed" otherwise.
"""

import re
import sys

LABEL = re.compile(r"^(\.L\w+):")
JUMP = re.compile(r"\s+j\w+\s+(\.L\w+)")
FMA = re.compile(r"\s+vfn?madd.*%([xyz]mm)")


def body_of(lines, function):
    """The lines between the label of `function` and its end."""
    start = next(i for i, line in enumerate(lines) if line.startswith(function + ":"))
    end = next(i for i in range(start, len(lines)) if re.match(r"\s+\.size\s", lines[i]))
    return lines[start:end]


def innermost_loops(body):
    """The (first, last) lines of loops that hold no other: backward jumps."""
    labels = {m.group(1): i for i, line in enumerate(body) if (m := LABEL.match(line))}
    jumps = [(m.group(1), i) for i, line in enumerate(body) if (m := JUMP.match(line))]
    loops = [(labels[to], i) for to, i in jumps if labels.get(to, i) < i]
    return [
        loop
        for loop in loops
        if not any(loop != other and loop[0] <= other[0] and other[1] <= loop[1] for other in loops)
    ]


def describe(lines, frame):
    """The widths of the multiply-adds, and the line to print; `frame`: the registers
    through which the function reaches its stack."""
    widths = [m.group(1) for line in lines if (m := FMA.match(line))]
    width = widths[0] if len(set(widths)) == 1 else "mixed"
    stack = sum(bool(re.search(rf"\(%({frame})\b", line)) for line in lines)
    calls = sum(bool(re.match(r"\s+call", line)) for line in lines)
    return (
        widths,
        f"loop: {len(widths)} multiply-adds on {width}, {stack} stack accesses, {calls} calls",
    )


def main():
    path, function = sys.argv[1:]
    with open(path) as file:
        body = body_of(file.read().splitlines(), function)
    # Without a frame pointer, rbp is a register like any other.
    frame = "rsp|rbp" if any("movq\t%rsp, %rbp" in line for line in body) else "rsp"
    for first, last in innermost_loops(body):
        widths, line = describe(body[first : last + 1], frame)
        if widths:
            print(line)


main()
