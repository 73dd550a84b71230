"""python -m bench --build BUILD: measures everything and writes BUILD/bench/results.json.

Sections: machine and scaling, sequences, steps, streams, threads, late, sweep, compiling. A section
that cannot be measured leaves its error in the results instead.
"""

import argparse
import json
import sys
import time
import traceback
from pathlib import Path

from bench.context import Bench
from bench.machine.describe import describe
from bench.native import ROOT, Builder, BuildError
from bench.sections import compiling, late, scaling, sequences, steps, streams, sweep, threads

SECTIONS = {
    "sequences": sequences.run,
    "steps": steps.run,
    "streams": streams.run,
    "threads": threads.run,
    "scaling": scaling.run,
    "late": late.run,
    "sweep": sweep.run,
    "compiling": compiling.run,
}
LAYOUT = 2  # of the results: those of another one are not gone on with
MODELS = ["W1", "W2", "W3", "W4", "W4s5", "S4D", "DeltaNet", "W1decay", "big"]


def parse_arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--build", type=Path, required=True, help="the build's folder")
    p.add_argument("--seconds", type=float, default=20, help="for each job of sequences")
    p.add_argument("--minutes", type=float, default=18, help="then peers are left out")
    p.add_argument("--only", default=",".join(SECTIONS), help="sections, separated by commas")
    p.add_argument("--without-peers", action="store_true", help="only ours and by hand")
    p.add_argument("--target", default="native", help="CPU that our models are compiled for")
    p.add_argument("--output", type=Path, help="default: BUILD/bench/results.json")
    a = p.parse_args()
    unknown = set(a.only.split(",")) - set(SECTIONS)
    if unknown:
        p.error(f"--only: no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    return a


def main() -> int:
    a = parse_arguments()
    bench = Bench(
        Builder(a.build, a.target),
        Path(sys.executable),
        seconds=a.seconds,
        with_peers=not a.without_peers,
        minutes=a.minutes,
    )
    output = a.output or bench.builder.folder / "results.json"
    # Sections that are not measured now keep the figures they have.
    results = json.loads(output.read_text()) if output.exists() else {}
    if results.get("layout") != LAYOUT:
        results = {"layout": LAYOUT}
    results["machine"] = describe()
    bench.say("weights, inputs and f64 outputs")
    try:
        bench.builder.export(MODELS)
        bench.builder.compile_native("harness", "ours/harness.cpp", "-ldl")
    except BuildError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    failed = 0
    for name in a.only.split(","):
        start = time.monotonic()
        try:
            results[name] = SECTIONS[name](bench)
        except Exception as error:  # whatever it is: the other sections still count
            traceback.print_exc()
            results[name] = {"error": f"{type(error).__name__}: {error}"}
            failed += 1
        results.setdefault("taken", {})[name] = round(time.monotonic() - start)
        # Errors name files: as seen from the repository.
        text = json.dumps(results, indent=1).replace(f"{ROOT}/", "")
        output.write_text(text + "\n")
    bench.say(f"wrote {output}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
