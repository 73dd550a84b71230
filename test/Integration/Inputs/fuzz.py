"""Compiled models of random configurations against NumPy and discretax, both f64.

    fuzz.py COMPILER FPMODE WORK [--count N] [--seconds S] [--seed S] [--discretax N]
                                 [--jobs N]
    fuzz.py COMPILER FPMODE WORK --repeat CONFIG.json

Draws N models (random_models.py), or as many as S seconds allow (12 at least), each
with weights, inputs and ways of computing of its own: some with a time delta per step,
with weights that come at run time, in training mode. Outputs and states are compared with
test/python/recurrence.py, all ways of computing with each other, bit for bit; and N
models with discretax itself (fuzz_live.py). FPMODE is fpmode.c as a shared library.

A failure is made smaller as long as it stays the same kind of failure, and left in
WORK/failed-INDEX as config.json, for --repeat. The last line is `N configurations, N
failed, N of N against discretax`.
"""

import argparse
import collections
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import traceback

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one process per job

from fuzz_check import Check, Failure, draw
from fuzz_shrink import shrink
from native import load_mode_switch
from random_models import drawn, is_both_ways, options_of, schema

LIMIT = 300  # seconds for one configuration
SHRINK_SECONDS = 60
FEWEST = 12  # configurations, however slow the machine is


# -- Configurations in processes of their own ----------------------------------


class Runner:
    """Starts checks; code that crashes or hangs takes only its own process along."""

    def __init__(self, compiler, swap_mode, work: pathlib.Path):
        self.compiler, self.swap_mode, self.work = compiler, swap_mode, work

    def start(self, config: dict, folder: pathlib.Path) -> int:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(config, indent=1))
        (folder / "result.json").unlink(missing_ok=True)
        sys.stdout.flush()
        if child := os.fork():
            return child
        signal.alarm(LIMIT)
        result = {"kind": None}
        try:
            check = Check(self.compiler, self.swap_mode, config, folder)
            check.run()
            result |= {"errors": check.errors, "finite": check.finite}
        except Failure as failure:
            result = {"kind": failure.kind, "what": str(failure)}
        except BaseException as error:
            result = {"kind": type(error).__name__, "what": traceback.format_exc()}
        (folder / "result.json").write_text(json.dumps(result))
        os._exit(0)

    def result(self, folder: pathlib.Path, status: int) -> dict:
        file = folder / "result.json"
        if file.exists() and status == 0:
            return json.loads(file.read_text())
        return {"kind": "crash", "what": f"crash: status {status} (a signal, or no end)"}

    def once(self, config: dict) -> dict:
        folder = self.work / "try"
        shutil.rmtree(folder, ignore_errors=True)
        _, status = os.waitpid(self.start(config, folder), 0)
        return self.result(folder, status)

    def shrink(self, config: dict, kind: str) -> dict:
        """The smallest configuration found that fails in the same way."""
        end = time.monotonic() + SHRINK_SECONDS

        def fails(candidate: dict) -> bool:
            if time.monotonic() > end:
                raise TimeoutError
            return self.once(candidate)["kind"] == kind

        return shrink(fails, config)


def report(runner: Runner, name: str, config: dict, result: dict, command: str) -> None:
    """A failure: as drawn, as small as it gets, and how to see it again."""
    print(f"failed: {name}: {result['what']}", flush=True)
    kind = result["kind"]
    if kind != "refused":  # nothing that is refused is smaller
        config = runner.shrink(config, kind)
    folder = runner.work / f"failed-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    file = folder / "config.json"
    file.write_text(json.dumps(config, indent=1) + "\n")
    (folder / "model.json").write_text(json.dumps({"layers": config["layers"]}, indent=1) + "\n")
    print(f"  smallest found: {json.dumps(config)}")
    print(f"  {runner.once(config).get('what')}\n  again: {command} --repeat {file}", flush=True)


class Fuzz:
    """The loop over configurations."""

    def __init__(self, runner: Runner, arguments, command: str):
        self.runner, self.arguments, self.command = runner, arguments, command
        self.failed, self.done, self.unbounded, self.seen = [], 0, 0, set()
        self.worst, self.running, self.ways = {}, {}, collections.Counter()

    def more(self, started: int) -> bool:
        """Whether to start another one."""
        late = self.arguments.seconds and time.monotonic() > self.end
        if late and started >= FEWEST:
            return False
        return not self.arguments.count or started < self.arguments.count

    def run(self) -> None:
        self.end = time.monotonic() + (self.arguments.seconds or 0)
        started = 0
        while self.more(started) or self.running:
            if self.more(started) and len(self.running) < self.arguments.jobs:
                config = draw(self.runner.compiler, self.arguments.seed, started)
                folder = self.runner.work / str(started)
                child = self.runner.start(config, folder)
                self.running[child] = (started, config, folder)
                started += 1
                continue
            child, status = os.waitpid(-1, 0)
            self.finish(*self.running.pop(child), status)

    def finish(self, index: int, config: dict, folder: pathlib.Path, status: int) -> None:
        result = self.runner.result(folder, status)
        self.done += 1
        self.seen |= drawn(config["layers"])
        both_ways = any(map(is_both_ways, config["layers"]))
        others = {"deltas": "deltas" in config, "bidirectional": both_ways}
        self.ways.update([*config["extras"], *(way for way, is_used in others.items() if is_used)])
        if result["kind"]:
            self.failed.append((index, config, result))
        else:
            self.unbounded += not result["finite"]
            for kind, error in result["errors"].items():
                self.worst[kind] = max(error, self.worst.get(kind, 0))
        for file in folder.glob("model-*"):
            file.unlink()

    def discretax(self) -> tuple[int, int]:
        """How many were compared with discretax, and how many failed."""
        if not self.arguments.discretax:
            return 0, 0
        program = pathlib.Path(__file__).with_name("fuzz_live.py")
        command = [sys.executable, program, self.runner.work, str(self.arguments.discretax)]
        result = subprocess.run(command, capture_output=True, text=True)
        lines = result.stdout.splitlines()
        print(*lines[:-1], sep="\n")
        if result.returncode or not lines:
            print(f"failed: {program.name}: status {result.returncode}, {result.stderr}")
            return 0, 1
        compared, failed = map(int, lines[-1].split())
        return compared, failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("compiler")
    parser.add_argument("fpmode")
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--count", type=int, help="configurations (default: 100)")
    parser.add_argument("--seconds", type=float, help="start none later than that")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="default: the time")
    parser.add_argument("--discretax", type=int, default=0, help="how many live models")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--repeat", type=pathlib.Path, help="only this config.json")
    arguments = parser.parse_args()
    if not arguments.count and not arguments.seconds:
        arguments.count = 100
    runner = Runner(arguments.compiler, load_mode_switch(arguments.fpmode), arguments.work)
    arguments.work.mkdir(parents=True, exist_ok=True)
    command = " ".join(["PYTHONPATH=test/python", sys.executable, *sys.argv[:4]])
    if arguments.repeat:
        result = runner.once(json.loads(arguments.repeat.read_text()))
        print(result)
        return 1 if result["kind"] else 0

    print(f"seed {arguments.seed}", flush=True)
    fuzz = Fuzz(runner, arguments, command)
    fuzz.run()
    print("largest errors:", *(f"{kind} {error:.1e}" for kind, error in fuzz.worst.items()))
    print("also:", *(f"{way} {number}" for way, number in sorted(fuzz.ways.items())))
    print(f"{fuzz.unbounded} models grow beyond all bounds: only compiled")
    rare = sorted(options_of(schema(arguments.compiler)) - fuzz.seen)
    print(f"not drawn: {', '.join(rare) or 'nothing'}", flush=True)
    compared, wrong = fuzz.discretax()
    for index, config, result in fuzz.failed:
        report(runner, f"{arguments.seed}-{index}", config, result, command)
    failed = len(fuzz.failed) + wrong
    short = arguments.discretax and compared < arguments.discretax
    print(f"{fuzz.done} configurations, {failed} failed, "
          f"{compared} of {arguments.discretax} against discretax")  # fmt: skip
    return 1 if failed or short or not fuzz.done else 0


if __name__ == "__main__":
    sys.exit(main())
