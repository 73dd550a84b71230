"""Ratios between programs that hold on a machine whose speed changes from moment to moment.

The fastest of many runs is a fair figure of short runs only: one that takes seconds meets
all that the machine does meanwhile. Two ways to compare like with like:

* `together`: programs of one thread share a core and run at the same time. The scheduler
  changes between them every few milliseconds, so each meets the same share of every moment;
  compared is the CPU time that a run of each takes.
* `in_turns`: short visits, one program after the other, and a ratio per round.
"""

import math
import statistics
import time
from typing import Any

from bench import drive
from bench.drive import Program, Running

MOST_RUNS = 1_000_000  # of one request, see machine/serve.h
MORE = 1.25  # work of the others, so that the program of the longest runs ends first

Row = dict[str, Any]


def estimate_run(running: Running) -> float:
    """CPU seconds of a run; of one that is short, when caches are warm."""
    first = running.info.get("first", 0.0)
    if first > 0.05:
        return first
    runs = max(1, round(0.02 / first)) if first else 1
    return min(running.ask(runs, 1).get("c", [1.0]))


def send_work(running: Running, work: float, estimate: float) -> None:
    inner = max(1, math.ceil(drive.RUN / estimate))
    running.send(min(max(1, round(work / (inner * estimate))), MOST_RUNS), inner)


def mean_until(answer: Row, end: float) -> float:
    """CPU seconds of a run, of those that ended in the first `end` seconds."""
    now, kept = 0.0, []
    for wall, cpu in zip(answer["t"], answer["c"], strict=True):
        now += wall * answer["inner"]
        if now > end and kept:
            break
        kept.append(cpu)
    return statistics.fmean(kept)


def run_together(running: list[Running], estimates: list[float], work: float) -> list[Row]:
    """The answers to one request of each, with "inner": all at the same time."""
    longest = max(estimates)
    work = max(work, longest)
    answers = []
    for r, estimate in zip(running, estimates, strict=True):
        send_work(r, work if estimate == longest else MORE * work, estimate)
    for r, estimate in zip(running, estimates, strict=True):
        answer = r.read(400)
        r.take(answer, keep=True)
        answers.append(answer | {"inner": max(1, math.ceil(drive.RUN / estimate))})
    return answers


def together(programs: list[Program], work: float, rounds: int, limit: float = 400) -> list[Row]:
    """`rounds` times at least `work` seconds of CPU of each program, all on one core at a time.

    The results, in the order of the programs, have `each`: the CPU seconds of a run, by round,
    while all programs ran.
    """
    running = drive.start(programs, limit)
    each: dict[int, list[float]] = {id(r): [] for r in running}
    try:
        estimates = {id(r): estimate_run(r) for r in running if r.alive}
        for _ in range(rounds):
            alive = [r for r in running if r.alive]
            if not alive:
                break
            answers = run_together(alive, [estimates[id(r)] for r in alive], work)
            taken = [(r, a) for r, a in zip(alive, answers, strict=True) if r.alive]
            end = min((sum(a["t"]) * a["inner"] for _, a in taken), default=0)
            for r, answer in taken:
                each[id(r)].append(mean_until(answer, end))
    finally:
        for r in running:
            r.end()
    # Times by the wall clock are those of programs that share a core.
    return [
        r.result()
        | {"each": each[id(r)]}
        | ({"min": min(r.cpu), "median": statistics.median(r.cpu)} if each[id(r)] else {})
        for r in running
    ]


def in_turns(
    programs: list[Program], seconds: float, least: int = 3, visit: float = 0.05
) -> list[Row]:
    """Visits of `visit` seconds for about `seconds`; `each` is a visit's median, by round."""
    running = drive.start(programs, 400)
    each: list[list[float]] = [[] for _ in programs]
    try:
        for r in running:
            if r.alive:
                r.visit(keep=False, seconds=visit)
        pairs = list(zip(running, each, strict=True))
        end, rounds = time.monotonic() + seconds, 0
        while rounds < least or time.monotonic() < end:
            # Back and forth: a machine that gets slower does so for all alike.
            for r, out in pairs if rounds % 2 == 0 else reversed(pairs):
                before = len(r.seconds)
                if r.alive:
                    r.visit(seconds=visit)
                if r.alive:
                    out.append(statistics.median(r.seconds[before:]))
            rounds += 1
    finally:
        for r in running:
            r.end()
    return [r.result() | {"each": out} for r, out in zip(running, each, strict=True)]


def ratios(above: Row, below: Row) -> list[float]:
    """Of each round; none when one of the programs failed."""
    if "error" in above or "error" in below:
        return []
    return [a / b for a, b in zip(above["each"], below["each"], strict=True)]


def spread(values: list[float]) -> list[float]:
    """The smallest, the median and the largest, without a tenth at each end if there are many."""
    ordered = sorted(values)
    cut = len(ordered) // 10
    kept = ordered[cut : len(ordered) - cut]
    return [kept[0], statistics.median(kept), kept[-1]] if kept else []
