"""Builds what is native: the machine's own limits, the code by hand, our models."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.drive import Program
from bench.machine.describe import vectors
from bench.workloads import WORKLOADS, Workload

ROOT = Path(__file__).resolve().parent.parent
AVX2_CPU = "x86-64-v3"  # any with AVX2 and FMA


class BuildError(RuntimeError):
    """A program could not be built: the page says why."""


def run(command: list[Any], **options: Any) -> str:
    text = [str(part) for part in command]
    done = subprocess.run(text, capture_output=True, text=True, **options)
    if done.returncode:
        raise BuildError(f"{' '.join(text[:2])}: {done.stderr.strip()[-1500:]}")
    return done.stdout


def python_environment() -> dict[str, str]:
    """Where Python finds this package and ssmc's."""
    path = {"PYTHONPATH": f"{ROOT}:{ROOT / 'python'}", "PYTHONDONTWRITEBYTECODE": "1"}
    return os.environ | path


def is_newer(product: Path, sources: list[Path]) -> bool:
    if not product.exists():
        return False
    return all(product.stat().st_mtime > source.stat().st_mtime for source in sources)


@dataclass(frozen=True)
class Model:
    """A model that ssmc has compiled, as a shared library."""

    name: str
    prefix: Path
    constants: dict[str, int]
    compiled: dict[str, Any]  # how long that took, and its peak memory
    code: str = ""  # the CPU, when it is another one than the builder's target

    def program(self, label: str, threads: int = 1, **options: Any) -> Program:
        """The harness around it; see ours/harness.cpp for its options."""
        values = {
            "library": f"{self.prefix}.so",
            "name": self.name,
            "state": self.constants["STATE_BYTES"],
            "inputs": self.constants["INPUT_FEATURES"],
            "outputs": self.constants["OUTPUT_FEATURES"],
            "threads": threads,
            **options,
        }
        harness = self.prefix.parent.parent / "bin" / "harness"
        command = [harness, *(f"{k}={v}" for k, v in values.items())]
        facts = {
            "compile_s": self.compiled["seconds"],
            "compile_cpu_s": self.compiled["cpu_seconds"],
            "compiler_peak_mb": self.compiled["peak_mb"],
        }
        if self.code:
            facts["code"] = self.code
        return Program(label, command, threads, facts=facts)


class Builder:
    """Everything goes into `folder`, BUILD/bench if there is none."""

    def __init__(self, build: Path, target: str = "native", folder: Path | None = None):
        self.build = build.resolve()
        self.folder = (folder or build / "bench").resolve()
        self.data = self.folder / "data"
        self.target = target
        self.ssmc = self.build / "bin" / "ssmc"
        # On a CPU with AVX-512 the code for CPUs without it runs, too, beside the peak of
        # AVX2's multiply-adds.
        wide = {"avx512f", "avx512vl"} <= set(vectors())
        self.narrow = AVX2_CPU if wide and target != AVX2_CPU else ""
        for name in ("bin", "models", "data", "cache"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    # -- Machine and harness -------------------------------------------------

    def compile_native(self, product: str, source: str, *flags: str, compiler: str = "") -> Path:
        path, file = self.folder / "bin" / product, ROOT / "bench" / source
        sources = [*file.parent.glob("*"), *(ROOT / "bench/machine").glob("*.h")]
        if not is_newer(path, [s for s in sources if s.suffix in (".c", ".cpp", ".h")]):
            default = "clang-22" if file.suffix == ".c" else "clang++-22"
            language = [] if file.suffix == ".c" else ["-std=c++20"]
            compiler = compiler or default
            run([compiler, *language, "-O3", f"-I{ROOT}", *flags, file, "-o", path, "-pthread"])
        return path

    def peak(self, threads: int = 1, code: str = "") -> Program:
        """With the widest vectors of this CPU, or of `code`."""
        product = f"peak-{code}" if code else "peak"
        path = self.compile_native(product, "machine/peak.c", f"-march={code or 'native'}")
        facts = {"code": code} if code else {}
        return Program(f"fma peak {code}@{threads}", [path, threads], threads, facts=facts)

    def busy(self) -> list[Any]:
        return [self.compile_native("peak", "machine/peak.c", "-march=native"), "busy"]

    def bandwidth(self, size: int, label: str) -> Program:
        path = self.compile_native("bandwidth", "machine/bandwidth.c", "-march=native")
        return Program(label, [path, size])

    # -- Models --------------------------------------------------------------

    def export(self, names: list[str], python: Path | str = sys.executable) -> None:
        """Weights, inputs and true outputs, unless they are there."""
        sources = [ROOT / "bench" / name for name in ("models.py", "truth.py", "workloads.py")]
        text = b"".join(s.read_bytes() for s in [*sources, ROOT / "bench/expert/weights.py"])
        stamp = hashlib.sha256(text).hexdigest()
        missing = [n for n in names if not is_stamped(self.data / n / "stamp", stamp)]
        if missing:
            run([python, "-m", "bench.models", self.data, *missing], env=python_environment())
        for name in missing:
            (self.data / name / "stamp").write_text(stamp)

    def model(self, name: str, target: str = "") -> Model:
        """A workload's model with its weights."""
        return self.compile(name, [self.data / name], target)

    def timed_model(self, name: str) -> Model:
        """The same with a time delta per step."""
        return self.compile(f"{name}timed", [self.data / name, "--dt", "input"], "")

    def late_model(self, name: str) -> Model:
        """The same with weights that come at run time."""
        return self.compile(f"{name}late", [self.data / name, "--weights", "runtime"], "")

    def late_program(self, name: str, label: str, **options: Any) -> Program:
        """That model with the workload's weights, loaded when the program starts."""
        model = self.late_model(name)
        sizes = {
            "weights_bytes": model.constants["WEIGHTS_BYTES"],
            "load_bytes": model.constants["LOAD_WORKSPACE_BYTES"],
        }
        weights = self.data / name / "model.safetensors"
        return model.program(label, weights=weights, **sizes, **options)

    def random_model(self, name: str, workload: Workload, target: str = "") -> Model:
        """A model with random weights, for sweeps."""
        file = self.folder / "models" / f"{name}.json"
        text = json.dumps(workload.model_json())
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
        return self.compile(name, [file, "--weights", "random:1"], target)

    def compile(self, name: str, source: list[Any], target: str) -> Model:
        if not self.ssmc.exists():
            raise BuildError(f"{self.ssmc}: not built; `make build` does")
        target = target or self.target
        prefix = self.folder / "models" / f"{name}-{re.sub('[,:]', '-', target)}"
        header, record = Path(f"{prefix}.h"), Path(f"{prefix}.json")
        path = Path(source[0])
        inputs = [path] if path.is_file() else list(path.glob("model.*"))
        if not is_newer(record, [self.ssmc, *inputs]):
            output = ["-o", prefix, "--name", name, "--emit", "obj,header,shared"]
            command = [self.ssmc, "compile", *source, *output]
            command += [] if target == "default" else ["--target", target]
            record.write_text(json.dumps(measure_command(command)))
        constants = dict(re.findall(rf"#define {name}_(\w+) (\d+)\b", header.read_text()))
        constants = {k: int(v) for k, v in constants.items()}
        code = "" if target == self.target else target
        return Model(name, prefix, constants, json.loads(record.read_text()), code)

    def inspect(self, name: str) -> dict[str, int]:
        """Numbers of `ssmc inspect`, by name."""
        target = [] if self.target == "default" else ["--target", self.target]
        text = run([self.ssmc, "inspect", self.data / name, *target])
        pattern = r"^  ([a-z][a-z ]*?)  +(\d+)(?: bytes| \(|$)"
        return {k: int(v) for k, v in re.findall(pattern, text, re.M)}

    # -- Code by hand --------------------------------------------------------

    def expert(self, name: str) -> Path:
        """The hand-fused program for the shape of a workload."""
        w = WORKLOADS[name]
        shape = {
            "HIDDEN": w.hidden,
            "STATES": 2 * w.modes,
            "BLOCKS": w.blocks,
            "FEATURES": w.features,
            "CLASSES": w.classes,
        }
        flags = [f"-D{k}={v}" for k, v in shape.items()]
        # It was written for, and measured with, g++.
        compiler = os.environ.get("CXX") or shutil.which("g++") or "clang++-22"
        product = f"expert-{name}"
        return self.compile_native(
            product, "expert/expert.cpp", "-march=native", *flags, compiler=compiler
        )


def is_stamped(file: Path, stamp: str) -> bool:
    return file.exists() and file.read_text() == stamp


def measure_command(command: list[Any]) -> dict[str, Any]:
    """Seconds and peak memory (MB) of a command.

    Started by a small process: memory of the one that starts it counts as the
    command's own until it begins.
    """
    code = (
        "import os, subprocess, sys, time; t = time.perf_counter();"
        "p = subprocess.Popen(sys.argv[1:]); _, status, r = os.wait4(p.pid, 0);"
        "print(time.perf_counter() - t, r.ru_utime + r.ru_stime, r.ru_maxrss / 1024);"
        "sys.exit(status != 0)"
    )
    text = run([sys.executable, "-S", "-E", "-c", code, *command])
    seconds, cpu, memory = (float(v) for v in text.split()[-3:])
    return {"seconds": seconds, "cpu_seconds": cpu, "peak_mb": memory}
