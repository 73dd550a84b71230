"""roofline.py REPORT.json BATCH LEAST: shares of the roofline that a report predicts.

Of whole sequences in that batch, with the kernels as they are, on A100, H100 and B200.
Prints a line for each, and how many are below LEAST percent; exit 1 if any is.
"""

import json
import pathlib
import sys

GPUS = ("A100 SXM 80 GB", "H100 SXM", "B200")


def main() -> int:
    report, batch, least = sys.argv[1:]
    workloads = json.loads(pathlib.Path(report).read_text())["workloads"]
    below = 0
    for name, workload in workloads.items():
        for entry in workload["predicted"]:
            if (entry["call"], entry["batch"]) != ("forward", int(batch)):
                continue
            if entry["gpu"] in GPUS:
                share = entry["kernel"]["percent_of_roofline"]
                print(f"{name} on {entry['gpu']}: {share:.1f} % of the roofline")
                below += share < float(least)
    print(f"{below} below {least} %")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
