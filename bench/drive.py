"""Programs that take turns: each its own process, all of a job alive at the same time.

A program says when it is ready, then answers requests "n inner" on standard
input with the seconds of n times `inner` runs (machine/serve.h, peers/common.py).
Every round visits every program of the job, so that a busy machine hits all.
"""

import contextlib
import json
import math
import os
import select
import statistics
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

VISIT = 0.12  # seconds that a visit takes, for a program whose runs are shorter
RUN = 0.002  # seconds of one measurement, for a program whose runs are shorter


@dataclass
class Program:
    """How to start a program, and what is expected of it."""

    name: str
    command: list[Any]
    threads: int = 1
    truth: Path | None = None  # outputs that its `y` must agree with
    tolerance: float = 1e-4  # of the largest magnitude
    environment: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)  # known before, part of its result


def largest_core() -> int:
    return max(os.sched_getaffinity(0))


def parse_answer(text: bytes) -> dict[str, Any]:
    try:
        return json.loads(text)
    except ValueError:  # C writes nan, JSON has NaN
        return {"error": f"an answer that is no JSON: {text[:200].decode(errors='replace')}"}


class Running:
    """A program that has been started. Errors end up in `info`."""

    def __init__(self, program: Program, limit: float):
        self.program, self.limit = program, limit
        self.seconds: list[float] = []
        self.cpu: list[float] = []
        self.info: dict[str, Any] = {}
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the process
        self.unread = b""
        threads = str(program.threads)
        environment = os.environ | {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        command = [str(part) for part in program.command]
        if program.threads == 1:
            command = ["taskset", "-c", str(largest_core()), *command]
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.errors,
                env=environment | program.environment,
            )
        except OSError as error:
            self.process = None
            self.info = {"error": str(error)}

    def wait_until_ready(self) -> "Running":
        if self.process:
            self.info = self.read(self.limit)
            self.check()
        return self

    def check(self) -> None:
        """Compares the outputs with the truth; programs of Python bring the error along."""
        y, truth = self.info.pop("y", None), self.program.truth
        if y is not None and truth is not None:
            expected = np.load(truth)
            found = np.asarray(y, np.float64).reshape(-1, expected.shape[-1])
            expected = expected[: len(found)]
            self.info["err"] = float(np.abs(found - expected).max() / np.abs(expected).max())
        if not self.info.get("err", 0) < self.program.tolerance:
            self.info["error"] = (
                f"the output differs from the f64 one by {self.info['err']:.1e} of its largest"
                f" magnitude; {self.program.tolerance:.0e} would be accepted"
            )

    def read(self, limit: float) -> dict[str, Any]:
        """The next answer, a line that starts with @; libraries print others."""
        end = time.monotonic() + limit
        pipe = self.process.stdout.fileno()
        while True:
            line, newline, rest = self.unread.partition(b"\n")
            if newline:
                self.unread = rest
                if line.startswith(b"@"):
                    return parse_answer(line[1:])
                continue
            if not select.select([pipe], [], [], max(0, end - time.monotonic()))[0]:
                self.process.kill()
                return {"error": f"no answer in {limit:.0f} s"}
            more = os.read(pipe, 1 << 16)
            if not more:
                self.process.wait()
                self.errors.seek(0)
                text = self.errors.read().strip()[-1500:]
                return {"error": text or f"exit status {self.process.returncode}"}
            self.unread += more

    def send(self, n: int, inner: int) -> None:
        try:
            self.process.stdin.write(f"{n} {inner}\n".encode())
            self.process.stdin.flush()
        except OSError:
            pass  # read() tells why

    def ask(self, n: int, inner: int, limit: float = 300) -> dict[str, Any]:
        self.send(n, inner)
        return self.read(limit)

    def visit(self, keep: bool = True, seconds: float = VISIT) -> None:
        """One round: as many runs as fit into `seconds`, at least one."""
        estimate = min(self.seconds[-20:], default=None)
        if estimate is None:
            answer = self.ask(1, 1)
            estimate = answer.get("t", [1])[0]
            if "t" in answer and estimate > seconds:
                self.take(answer, keep)
                return
        inner = max(1, min(math.ceil(RUN / estimate), 100000))
        n = max(1, min(round(seconds / (inner * estimate)), 30))
        self.take(self.ask(n, inner), keep)

    def take(self, answer: dict[str, Any], keep: bool) -> None:
        if "error" in answer:
            self.info["error"] = answer["error"]
            return
        self.info["rss_peak_mb"] = answer["rss_peak_mb"]
        if keep:
            self.seconds += answer["t"]
            self.cpu += answer["c"]

    @property
    def alive(self) -> bool:
        return "error" not in self.info

    def end(self) -> None:
        self.errors.close()
        if self.process is None:
            return
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def result(self) -> dict[str, Any]:
        r = {"program": self.program.name, "threads": self.program.threads}
        r |= self.program.facts | self.info
        if self.alive and self.seconds:
            r |= {
                "min": min(self.seconds),
                "median": statistics.median(self.seconds),
                "cpu_min": min(self.cpu),
                "runs": len(self.seconds),
            }
        return r


def start(programs: list[Program], limit: float, at_once: int = 2) -> list[Running]:
    """All programs, ready or failed; compilation is not interleaved with anything."""

    def launch(program: Program) -> Running:
        running = Running(program, limit)
        try:
            return running.wait_until_ready()
        except Exception as error:  # one program's answer must not end the others
            running.info["error"] = f"{type(error).__name__}: {error}"
            return running

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(launch, programs))


def measure(
    programs: list[Program],
    seconds: float,
    limit: float = 400,
    least: int = 3,
    most: int = 60,
    visit: float = VISIT,
) -> list[dict[str, Any]]:
    """Visits all programs round after round for about `seconds`; their results in order."""
    running = start(programs, limit)
    try:
        end, rounds = time.monotonic() + seconds, 0
        while rounds <= most and (rounds <= least or time.monotonic() < end):
            for each in running:
                if each.alive:
                    each.visit(keep=rounds > 0, seconds=visit)  # the first one warms up
            rounds += 1
    finally:
        for each in running:
            each.end()
    return [each.result() for each in running]
