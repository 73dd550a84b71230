"""What every section of the benchmark is given."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import compare, drive
from bench.drive import Program
from bench.native import Builder, BuildError, Model, python_environment
from bench.workloads import WORKLOADS

Row = dict[str, Any]


@dataclass
class Bench:
    """Builds and measures; `seconds` is how long a job of sequences takes turns."""

    builder: Builder
    python: Path  # of the environment that has the peers
    seconds: float = 20
    with_peers: bool = True
    rounds: tuple[int, int] = (3, 60)  # at least, at most
    minutes: float = 18  # after which peers are left out, and turns are shorter
    began: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        print(f"[{time.monotonic() - self.began:6.0f} s] {text}", file=sys.stderr, flush=True)

    @property
    def is_late(self) -> bool:
        return time.monotonic() - self.began > 60 * self.minutes

    # -- Programs --------------------------------------------------------------

    def ours(
        self, name: str, batch: int = 1, threads: int = 1, code: str = "", **options: Any
    ) -> Program:
        """Whole sequences of a workload, by code for another CPU than the target if said so."""
        model = self.builder.model(name, code)
        w, data = WORKLOADS[name], self.builder.data / name
        values = {"mode": "forward", "x": data / "x.f32", "length": w.length, **options}
        label = f"ssmc {code}@{threads}" if code else f"ssmc@{threads}"
        program = model.program(label, threads, batch=batch, **values)
        program.truth = data / "truth.npy" if values.get("x") else None
        return program

    def ours_stepping(self, name: str, label: str, batch: int = 1, **options: Any) -> Program:
        """One time step of `batch` streams per run."""
        model: Model = self.builder.model(name, options.pop("code", ""))
        values = {"mode": "streams", "batch": batch, "length": 64, **options}
        return model.program(label, values.pop("threads", 1), **values)

    def expert(self, name: str, batch: int = 1) -> Program:
        data, w = self.builder.data / name, WORKLOADS[name]
        command = [self.builder.expert(name), "forward", data / "expert.f32", data / "x.f32"]
        truth = data / "truth.npy"
        return Program("by hand@1", [*command, batch, w.length], truth=truth)

    def expert_stepping(self, name: str, batch: int = 1) -> Program:
        data = self.builder.data / name
        command = [self.builder.expert(name), "step", data / "expert.f32", "-"]
        return Program("by hand (no answer)@1", [*command, batch, 64])

    def peer(self, spec: str, name: str, batch: int) -> Program:
        """`spec` is library:variant@threads."""
        library, rest = spec.split(":")
        variant, threads = rest.split("@")
        command = [self.python, "-m", f"bench.peers.run_{library}", "--data", self.builder.data]
        command += ["--cache", self.builder.folder / "cache", "--workload", name]
        command += ["--batch", batch, "--variant", variant, "--threads", threads]
        # On W3 matrices rounded to f32 alone make 1.3e-4, discretax's own f32 scan 3e-3; the
        # page shows every error.
        tolerance = 1e-2 if variant == "discretax" else 1e-3
        label = f"{library} {variant}@{threads}"
        return Program(
            label,
            command,
            int(threads),
            tolerance=tolerance,
            environment=python_environment(),
        )

    def peers(self, specs: str, name: str, batch: int) -> list[Program]:
        if not self.with_peers or self.is_late:
            return []
        return [self.peer(spec, name, batch) for spec in specs.split()]

    # -- Measuring -------------------------------------------------------------

    def measure(
        self, programs: list[Program], seconds: float | None = None, visit: float = drive.VISIT
    ) -> list[Row]:
        least, most = self.rounds
        seconds = self.seconds if seconds is None else seconds
        if self.is_late:
            least, seconds = 1, seconds / 4
        return drive.measure(programs, seconds, least=least, most=most, visit=visit)

    def measure_in_turns(self, programs: list[Program], seconds: float) -> list[Row]:
        least = min(5, self.rounds[1])  # a median of fewer says little
        return compare.in_turns(programs, seconds / 4 if self.is_late else seconds, least)

    def measure_together(self, programs: list[Program], work: float, rounds: int) -> list[Row]:
        if self.seconds <= 1:
            work, rounds = work / 20, 1
        return compare.together(programs, work, 1 if self.is_late else rounds)

    def build(self, *makers) -> tuple[list[Program], list[Row]]:
        """Programs that could be built, and a row with the error of each that could not."""
        programs, failed = [], []
        for make in makers:
            try:
                programs.append(make())
            except BuildError as error:
                failed.append({"program": "build", "threads": 1, "error": str(error)})
        return programs, failed

    def inspect(self, name: str) -> tuple[dict[str, int], list[Row]]:
        """Numbers of `ssmc inspect`, or a row with its error."""
        try:
            return self.builder.inspect(name), []
        except BuildError as error:
            return {}, [{"program": "ssmc inspect", "threads": 1, "error": str(error)}]

    def job(self, run: Callable[..., Row], name: str, batch: int, *rest: Any) -> Row:
        """A job of a section; one that fails leaves its error, and the others go on."""
        late = self.is_late
        try:
            job = run(self, name, batch, *rest)
            if late and self.with_peers:
                error = f"left out: {self.minutes:.0f} minutes were over (--minutes)"
                job["rows"].append({"program": "peers", "threads": 1, "error": error})
            return job
        except BuildError as error:
            row = {"program": "build", "threads": 1, "error": str(error)}
            return {"workload": name, "batch": batch, "flops": 0, "peak": {}, "rows": [row]}

    def peaks(self, *threads: int) -> list[Program]:
        """FMA peaks that shares of a job are of: AVX2's when its code runs as well."""
        builder = self.builder
        narrow = [builder.peak(1, builder.narrow)] if builder.narrow else []
        return [*(builder.peak(n) for n in threads or (1, 2)), *narrow]

    def codes(self) -> list[str]:
        """Other CPUs whose code runs beside the target's."""
        return [self.builder.narrow] if self.builder.narrow else []


def split_peaks(rows: list[Row]) -> tuple[dict[str, list[float]], list[Row]]:
    """FMA peaks of a job and the other rows.

    A peak is [highest, median] GFLOP/s, by threads ("1", "2"), or by CPU where the code is
    for another one.
    """
    peaks, rest = {}, []
    for row in rows:
        if "flops" not in row:
            rest.append(row)
        elif "min" in row:
            values = [row["flops"] / row[which] / 1e9 for which in ("min", "median")]
            peaks[row.get("code") or str(row["threads"])] = values
    return peaks, rest
