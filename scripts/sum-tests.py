"""sum-tests.py FOLDER SUITE...: adds up FOLDER/SUITE.xml (xunit).

Prints `N passed, N failed` as its last line. A suite without a readable
result, or with no test in it, counts as one failure: it did not run.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def count(file: pathlib.Path) -> tuple[int, int, int]:
    """Returns (passed, failed, skipped) of one xunit file."""
    try:
        cases = list(ElementTree.parse(file).iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        print(f"{file.stem}: no results: {error}")
        return 0, 1, 0
    failed = sum(1 for c in cases if c.find("failure") is not None or c.find("error") is not None)
    skipped = sum(1 for c in cases if c.find("skipped") is not None)
    if not cases:
        print(f"{file.stem}: no tests")
        return 0, 1, 0
    return len(cases) - failed - skipped, failed, skipped


def main() -> int:
    folder, suites = pathlib.Path(sys.argv[1]), sys.argv[2:]
    passed = failed = 0
    for suite in suites:
        p, f, s = count(folder / f"{suite}.xml")
        print(f"{suite}: {p} of {p + f} passed" + (f", {s} skipped" if s else ""))
        passed, failed = passed + p, failed + f
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
