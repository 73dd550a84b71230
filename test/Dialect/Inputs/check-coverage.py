"""Lists operations without a round trip and constraints without a negative test.

    check-coverage.py DIALECT_FOLDER TEST_FOLDER

An operation's round trip is its use in a test that does not start with
`invalid-`; the negative test of its constraint (Cn) is a function called
@OP_cN..., in one that does.
"""

import pathlib
import re
import sys


def main():
    dialect, tests = map(pathlib.Path, sys.argv[1:])
    valid, invalid = "", ""
    for file in sorted(tests.glob("*.mlir")):
        if file.name.startswith("invalid-"):
            invalid += file.read_text()
        else:
            valid += file.read_text()

    operations, gaps = 0, []
    for file in sorted(dialect.glob("*Ops.td")):
        text = file.read_text()
        for op, body in re.findall(
            r'\ndef Ssm_\w+Op : [^"]*"(\w+)"(.*?)(?=\ndef |\Z)', text, re.DOTALL
        ):
            operations += 1
            if not re.search(rf"\bssm\.{op}\b", valid):
                gaps.append(f"ssm.{op} has no round trip")
            for constraint in re.findall(r"\* \((C\d+)\)", body):
                if not re.search(rf"@{op}_{constraint.lower()}(_|\()", invalid):
                    gaps.append(f"ssm.{op} ({constraint}) has no negative test")
    print(f"{operations} operations, {len(gaps)} gaps")
    print("\n".join(gaps))


main()
