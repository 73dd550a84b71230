"""Bytes that kernels move, counted on the emulated device of the tests (test/simt)."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from bench.native import Builder, run
from bench.workloads import WORKLOADS

# Streams, chunks' worth of time steps, and thread blocks that the emulated device has
# places for (0: what fits): streams that fill the places take the kernel for streams where
# the model's sequences are not always cut, one takes the kernels of units.
CALLS = ((8, 2, 8), (1, 4, 0))


def find_driver(build: Path) -> Path | None:
    driver = build / "test/simt/libcuda.so.1"
    return driver.resolve() if driver.exists() else None


def compile_model(builder: Builder, name: str, folder: Path) -> dict[str, int]:
    """A shared library with PTX, and the LLVM IR that is run instead; sizes of the header."""
    command = [builder.ssmc, "compile", folder / f"{name}.json", "--weights", "random:1"]
    options = ["--name", name, "--target", "cuda:compute_80", "--emit", "shared,header,nvvm"]
    run([*command, *options, "-o", folder / f"{name}-emulated"])
    header = (folder / f"{name}-emulated.h").read_text()
    return {k: int(v) for k, v in re.findall(rf"#define {name}_(\w+) (\d+)\b", header)}


def count(
    harness: Path,
    driver: Path,
    folder: Path,
    name: str,
    call: dict[str, int],
    places: int,
    sizes: dict[str, int],
) -> dict[str, Any]:
    """What one call does, by kernel, on a device with that many places."""
    prefix, counts = folder / f"{name}-emulated", folder / f"{name}-counts.json"
    counts.unlink(missing_ok=True)
    values = {
        "mode": "once",
        "library": f"{prefix}.so",
        "name": name,
        "state": sizes["STATE_BYTES"],
        "inputs": sizes["INPUT_FEATURES"],
        "outputs": sizes["OUTPUT_FEATURES"],
        **call,
    }
    environment = {
        "LD_LIBRARY_PATH": str(driver.parent),
        "SSMC_SIMT_IR": f"{prefix}.nvvm.ll",
        "SSMC_SIMT_COUNTS": str(counts),
        "SSMC_SIMT_RESIDENT": str(places),
    }
    command = [str(harness), *(f"{k}={v}" for k, v in values.items())]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"emulation of {name}: {done.stderr.strip()[-1000:]}")
    return json.loads(counts.read_text())


def summarize(name: str, kernel: str, counted: dict[str, Any], steps: int) -> dict[str, Any]:
    """A kernel's bytes; the floor of a block is 8 H per time step and its weights per launch."""
    loads, stores = counted["global_loads"], counted["global_stores"]
    moved = loads["unique_bytes"] + stores["unique_bytes"]
    shared = [counted["shared_loads"], counted["shared_stores"]]
    row = {
        "kernel": kernel,
        "launches": counted["launches"],
        "blocks": counted["blocks"],
        "loaded_bytes": loads["bytes"],
        "loaded_sector_bytes": loads["sector_bytes"],
        "moved_bytes": moved,
        "shared_wavefronts": sum(s["wavefronts"] for s in shared),
        "shared_wavefronts_least": sum(s["wavefronts_without_conflicts"] for s in shared),
    }
    if "block" in kernel:
        w = WORKLOADS[name]
        weights = loads["by_parameter"].get("0", {}).get("unique_bytes", 0)
        floor = 8 * w.hidden * w.blocks * steps + weights
        row |= {"floor_bytes": floor, "of_floor": moved / floor}
    return row


def count_workload(
    builder: Builder, driver: Path, name: str, folder: Path, rows: int
) -> list[dict[str, Any]]:
    """The kernels of each call that did something."""
    flags = ("-static-libstdc++", "-static-libgcc", "-ldl")
    harness = builder.compile_native("gpu-harness", "gpu/harness.cpp", *flags)
    sizes = compile_model(builder, name, folder)
    found = []
    for batch, chunks, places in CALLS:
        call = {"batch": batch, "length": chunks * rows}
        kernels = count(harness, driver, folder, name, call, places, sizes)
        for kernel, counted in kernels.items():
            if counted["launches"]:
                steps = batch * chunks * rows
                found.append(call | summarize(name, kernel, counted, steps))
    return found
