"""What the figures were measured on, and with."""

import datetime
import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

PACKAGES = ("discretax", "equinox", "jax", "torch", "onnxruntime", "iree-base-compiler")


def read_first(pattern: str, path: str) -> str:
    found = re.search(pattern, Path(path).read_text(), re.M)
    return found.group(1).strip() if found else "unknown"


def vectors() -> list[str]:
    """What this CPU has of the sets that matter here."""
    flags = read_first(r"^flags\s*:(.*)", "/proc/cpuinfo").split()
    return [f for f in ("avx2", "fma", "avx512f", "avx512vl") if f in flags]


def ask(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except OSError:
        return "not installed"


def caches() -> dict[str, str]:
    out = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = ((index / f).read_text().strip() for f in ("level", "type", "size"))
        out[f"L{level} {kind.lower()}"] = size
    return out


def describe() -> dict[str, Any]:
    flags = read_first(r"^flags\s*:(.*)", "/proc/cpuinfo").split()
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            packages[name] = "not installed"
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": read_first(r"^model name\s*:(.*)", "/proc/cpuinfo"),
        "family": read_first(r"^cpu family\s*:(.*)", "/proc/cpuinfo"),
        "model": read_first(r"^model\s*:(.*)", "/proc/cpuinfo"),
        "cpus": len(os.sched_getaffinity(0)),
        "vectors": vectors(),
        "virtual": "hypervisor" in flags,
        "caches": caches(),
        "memory_gb": round(int(read_first(r"^MemTotal:\s*(\d+)", "/proc/meminfo")) / 2**20),
        "kernel": platform.release(),
        "commit": ask("git", "rev-parse", "--short", "HEAD"),
        "gcc": (ask("g++", "--version").splitlines() or ["none"])[0],
        "python": platform.python_version(),
        "packages": packages,
        "load_before": os.getloadavg()[0],
    }
