"""python -m bench.report RESULTS DOCS: DOCS/benchmarks.md, pictures, a copy of the results."""

import json
import sys
from pathlib import Path

from bench.report import limits, page, pictures


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    results = json.loads(Path(sys.argv[1]).read_text())
    docs = Path(sys.argv[2])
    folder = docs / "benchmarks"
    drawn = pictures.plot_all(results, folder)
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (docs / "benchmarks.md").write_text(page.write_page(results, set(drawn)))
    for limit in limits.all_limits(results):
        mark = {True: "met   ", False: "MISSED", None: "-     "}[limit.met]
        print(f"{mark} {limit.text}: {limit.found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
