"""Prints the innermost loops of kernels that multiply and add, from their object code.

    hot_loops.py OBJDUMP OBJECT PATTERN [--mca TOOL CPU]

One line per such loop of the functions whose names match the regular expression
PATTERN anywhere:

    FUNCTION: KIND loop: N multiply-adds on REGISTERS, N sums, N stack accesses, N calls

KIND is "k" if sums are carried from trip to trip, as in a product's loop, else
"row": products of a few terms need no loop of their own. REGISTERS is the class of
the multiply-adds if all have one: xmm, ymm or zmm, or v on AArch64; "scalar" if
any is on single numbers, "mixed" otherwise. Sums are the registers that they add
to. With --mca, in addition `N % of CPU's multiply-adds`: those of the loop in
the cycles that llvm-mca says its ports and decoding need, out of two per cycle.

At last, one line: FUNCTIONS functions, LOOPS loops, SPILLS vectors spilled, the
vector registers that any of these functions stores to its stack.
"""

import argparse
import re
import subprocess

FUNCTION = re.compile(r"^(?:[0-9a-f]+ )?<(?!L\d+>)(.*)>:")
LABEL = re.compile(r"^<(L\d+)>:")
JUMP = re.compile(r"\s(?:j\w+|b|b\.\w+|cbn?z|tbn?z)\s.*<(L\d+)>")
FMA = re.compile(r"\s(?:vfn?m(?:add|sub)\w*?([sp])[sd]\s.*%([xyz]mm)\d+|(fmla|fmadd)\s+([vds])\d+)")
STACK = re.compile(r"\(%rsp|\[sp\b")
CALL = re.compile(r"\s(?:call\w*|bl|blr)\s")
SPILL = re.compile(r"\sv?mov\w+\s+%[xyz]mm\d+, .*\(%rsp|\sst[rp]\s+q\d+.*\[sp\b")


def functions(objdump, path, pattern):
    """(name, lines) of each function that matches."""
    command = [objdump, "-d", "--no-show-raw-insn", "--no-leading-addr", "--symbolize-operands"]
    found, body = [], None
    for line in subprocess.check_output([*command, path], text=True).splitlines():
        if match := FUNCTION.match(line):
            body = []
            if re.search(pattern, match[1]):
                found.append((match[1], body))
        elif body is not None:
            body.append(line.split(" # ")[0])
    return found


def innermost_loops(body):
    """The lines of each loop that holds no other: from a label to a jump back."""
    labels = {m[1]: i for i, line in enumerate(body) if (m := LABEL.match(line))}
    jumps = [(m[1], i) for i, line in enumerate(body) if (m := JUMP.search(line))]
    loops = sorted({(labels[to], i) for to, i in jumps if labels.get(to, i) < i})
    for first, last in loops:
        inside = [o for o in loops if o != (first, last) and first <= o[0] and o[1] <= last]
        if not inside:
            yield body[first : last + 1]


def register_class(fmas):
    kinds = set()
    for match in fmas:
        scalar = match[1] == "s" or match[3] == "fmadd"
        kinds.add("scalar" if scalar else match[2] or "v")
    if "scalar" in kinds:
        return "scalar"
    return kinds.pop() if len(kinds) == 1 else "mixed"


def destination(line):
    """The register that an instruction writes: the last in AT&T syntax."""
    operands = line.split(None, 1)[1]
    registers = re.findall(r"%[xyz]mm\d+|\b[vq]\d+", operands)
    return registers[-1 if "%" in operands else 0]


def carries_sums(loop):
    """Whether a multiply-add adds to a register that nothing in the loop sets before."""
    written = set()
    for line in loop:
        if LABEL.match(line) or not re.search(r"[xyz]mm\d|\bv\d", line):
            continue
        adds_to_destination = FMA.search(line) and not re.search("213|132", line)
        if adds_to_destination and destination(line) not in written:
            return True
        written.add(destination(line))
    return False


def mca_share(tool, cpu, loop, fmas):
    """Multiply-adds per cycle out of two, in percent, that ports and decoding allow."""
    lines = [re.sub(r"<L\d+>", "1b", line) for line in loop if not LABEL.match(line)]
    text = "\n".join(re.sub(r"\s, (.*) <.*>", r"\t(%rip), \1", line) for line in lines)
    command = [tool, "-mtriple=x86_64", f"-mcpu={cpu}", "-skip-unsupported-instructions=any"]
    report = subprocess.check_output(command, input="1:\n" + text, text=True)
    cycles = float(re.search(r"Block RThroughput:\s*([\d.]+)", report)[1])
    return 100 * fmas / 2 / cycles


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("objdump")
    parser.add_argument("object")
    parser.add_argument("pattern")
    parser.add_argument("--mca", nargs=2)
    arguments = parser.parse_args()
    count = spills = 0
    found = functions(arguments.objdump, arguments.object, arguments.pattern)
    for name, body in found:
        # Without a frame pointer, rbp is a register like any other; with one, the
        # stack is reached through it, too.
        stack = STACK
        if any("movq\t%rsp, %rbp" in line for line in body):
            stack = re.compile(STACK.pattern + r"|\(%rbp")
        spills += sum(bool(SPILL.search(line)) for line in body)
        for loop in innermost_loops(body):
            lines = [line for line in loop if FMA.search(line)]
            if not lines:
                continue
            count += 1
            kind = register_class([FMA.search(line) for line in lines])
            sums = len({destination(line) for line in lines})
            stacked = sum(bool(stack.search(line)) for line in loop)
            calls = sum(bool(CALL.search(line)) for line in loop)
            shape = "k" if carries_sums(loop) else "row"
            text = f"{name}: {shape} loop: {len(lines)} multiply-adds on {kind}, {sums} sums, "
            text += f"{stacked} stack accesses, {calls} calls"
            if arguments.mca:
                share = mca_share(*arguments.mca, loop, len(lines))
                text += f", {share:.0f} % of {arguments.mca[1]}'s multiply-adds"
            print(text)
    print(f"{len(found)} functions, {count} loops, {spills} vectors spilled")


if __name__ == "__main__":
    main()
