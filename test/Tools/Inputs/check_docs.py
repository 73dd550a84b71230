"""Whether what the documentation names is there.

    check_docs.py ROOT SSM_OPT SSMC

In README.md, CONTRIBUTING.md, CHANGELOG.md and docs/*.md: relative links; paths
in backquotes that start with a folder of the repository (`*` stands for
anything); passes and pipelines; operations and attributes `ssm.NAME`; the options of ssmc in
docs/driver.md. Prints what is missing, and `N names, N missing`.
"""

import pathlib
import re
import subprocess
import sys

FOLDERS = "bench|cmake|dialect|docs|examples|lib|python|runtime|scripts|test|tools"
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(rf"(?:{FOLDERS})/[\w./*-]*")
PASS = re.compile(r"-{0,2}((?:verify-|ssm-|convert-)[\w-]+|expand-math)(?:=.*)?")
OPERATION = re.compile(r"ssm\.[a-z]\w*(?:\.\w+)*")
ATTRIBUTE = re.compile(r'"(ssm\.[a-z]\w*(?:\.\w+)*)"')
# What a reader is told how to add.
EXAMPLES = re.compile(r"foo", re.IGNORECASE)
NO_PASS = {"ssm-opt", "ssm-translate", "ssm-lsp-server", "ssm-compiler"}


def help_of(*command: str) -> str:
    return subprocess.run([*command, "--help"], capture_output=True, text=True).stdout


def exists(root: pathlib.Path, path: str) -> bool:
    return any(True for _ in root.glob(path.rstrip("/"))) if path else False


def names_in(page: pathlib.Path, root: pathlib.Path, passes: set[str], operations: set[str]):
    """Every name of a page, and whether it is there."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    for link in LINK.findall(text):
        yield link, (page.parent / link).exists()
    for code in CODE.findall(text):
        if EXAMPLES.search(code):
            continue
        if PATH.fullmatch(code):
            yield code, exists(root, code)
        elif (name := PASS.fullmatch(code)) and name[1] not in NO_PASS and "..." not in code:
            yield code, name[1] in passes
        for name in OPERATION.findall(code):
            yield name, name in operations


def main() -> int:
    root, ssm_opt, ssmc = pathlib.Path(sys.argv[1]), *sys.argv[2:]
    passes = set(re.findall(r"^\s+--([\w-]+)", help_of(ssm_opt), re.MULTILINE))
    operations = {
        f"ssm.{name}"
        for file in (root / "dialect").glob("*.td")
        for name in re.findall(r"\b(?:Ssm_\w*Op|Op)<\"(\w+)\"", file.read_text())
    }
    # Attributes are in quotes where they are read.
    for file in (root / "lib").rglob("*.cpp"):
        operations.update(ATTRIBUTE.findall(file.read_text()))
    for file in (root / "lib").rglob("*.h"):
        operations.update(ATTRIBUTE.findall(file.read_text()))
    options = set()
    for command in re.findall(r"^  (\w+)  ", help_of(ssmc), re.MULTILINE):
        options |= set(re.findall(r"^  (--[\w-]+)", help_of(ssmc, command), re.MULTILINE))
    pages = [root / "README.md", root / "CONTRIBUTING.md", root / "CHANGELOG.md"]
    pages += sorted((root / "docs").glob("*.md"))
    total, missing = 0, 0
    for page in pages:
        found = list(names_in(page, root, passes, operations))
        if page.name == "driver.md":
            named = re.findall(r"`(--[\w-]+)", page.read_text())
            found += [(option, option in options) for option in named]
        for name, there in found:
            total += 1
            if not there:
                missing += 1
                print(f"{page.relative_to(root)}: no {name}")
    print(f"{total} names, {missing} missing")
    return 1 if missing or not total else 0


if __name__ == "__main__":
    sys.exit(main())
