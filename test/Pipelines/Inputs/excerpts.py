"""Holds a page that shows IR to what the compiler does.

    excerpts.py PAGE TOOL WORK INPUT...

Runs the commands of the page (what is indented by four blanks and starts with
the name of a tool) in the folder WORK, which gets copies of the files INPUT,
with the folder of TOOL in the path. Then compares every block of MLIR with the
file that the last `<!-- FILE -->` in front of it names: its lines must occur in
the file in this order, but for the names of values, for comments, and for what
is left out (`...`). Prints what does not occur, and `N excerpts, N differ`.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

VALUE = re.compile(r"%\w+(?:[:#]\d+)*")
LEFT_OUT = re.compile(r"\.\.\.")


def commands(page: str, tools: str) -> list[str]:
    text = re.sub(r"\\\n\s*", "", page)
    names = "|".join(map(re.escape, sorted(os.listdir(tools), reverse=True)))
    return re.findall(rf"^    ((?:{names}) .+)$", text, re.MULTILINE)


def excerpts(page: str) -> list[tuple[str, list[str]]]:
    """The file and the lines of each block of MLIR."""
    file, found = None, []
    for match in re.finditer(r"<!-- (\S+) -->|^```mlir\n(.*?)^```", page, re.M | re.S):
        if match[1]:
            file = match[1]
        else:
            found.append((file, match[2].splitlines()))
    return found


def fragments(line: str) -> list[str]:
    line = re.sub(r"//.*", "", line)
    return [part.strip() for part in LEFT_OUT.split(line) if part.strip(" ,)")]


def pattern(fragment: str) -> re.Pattern:
    words = [r"%\w+(?:[:#]\d+)*".join(map(re.escape, VALUE.split(w))) for w in fragment.split()]
    return re.compile(r"\s+".join(words))


def missing(lines: list[str], ir: str) -> list[str]:
    """The lines that do not come next."""
    place, lost = 0, []
    for line in lines:
        for fragment in fragments(line):
            found = pattern(fragment).search(ir, place)
            if found:
                place = found.end()
            else:
                lost.append(f"{line.strip()}  [{fragment}]")
    return lost


def main() -> int:
    page, tool, work, *inputs = sys.argv[1:]
    tools = str(pathlib.Path(tool).resolve().parent)
    text = pathlib.Path(page).read_text()
    for file in inputs:
        shutil.copy(file, work)
    environment = os.environ | {"PATH": os.pathsep.join([tools, os.environ["PATH"]])}
    for command in commands(text, tools):
        print("+", command, flush=True)
        subprocess.run(command, shell=True, check=True, cwd=work, env=environment)
    blocks = excerpts(text)
    differ = 0
    for file, lines in blocks:
        lost = missing(lines, pathlib.Path(work, file).read_text())
        differ += bool(lost)
        for line in lost:
            print(f"{file}: does not have, or not in this place: {line}")
    print(f"{len(blocks)} excerpts, {differ} differ")
    return 1 if differ or not blocks else 0


if __name__ == "__main__":
    sys.exit(main())
