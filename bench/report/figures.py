"""Looks figures up in the results."""

from collections.abc import Iterator
from typing import Any

Row = dict[str, Any]
AVX2_CODE = "x86-64-v3"  # beside code for this CPU where that has AVX-512

TITLES = {
    "ssmc": "**ssmc**",
    "by hand": "C++ by hand",
    "jax discretax": "jax.jit of discretax",
    "jax two": "JAX, two-level real scan",
    "jax bmm": "JAX, batched products",
    "jax fft": "JAX, convolution by FFT",
    "jax blocks": "JAX, blocks of steps as products",
    "jax recurrence": "JAX, step by step",
    "jax chunk8": "JAX, chunks of 8",
    "jax chunk16": "JAX, chunks of 16",
    "jax chunk32": "JAX, chunks of 32",
    "iree bmm": "IREE, batched products",
    "iree discretax": "IREE of discretax",
    "onnx bmm": "ONNX Runtime, batched products",
    "torch compile_bmm": "torch.compile, batched products",
    "jax step_natural": "jax.jit, as one writes it",
    "jax step_real": "jax.jit, real arithmetic",
    "iree step_real": "IREE",
    "onnx step": "ONNX Runtime",
    "torch compile_step": "torch.compile",
    "ssmc (no answer)": "**ssmc**, no answer asked",
    f"ssmc {AVX2_CODE}": f"**ssmc**, {AVX2_CODE} code",
    "by hand (no answer)": "C++ by hand, no answer",
}
NOT_PEERS = ("ssmc", "by hand", "reading", "build")


def title(program: str) -> str:
    name = program.split("@")[0]
    return TITLES.get(name, name)


def job_name(job: Row) -> str:
    return f"{job['workload']} b{job['batch']}"


def jobs(results: Row, section: str) -> list[Row]:
    found = results.get(section, [])
    return found if isinstance(found, list) else []


def find_job(results: Row, section: str, workload: str, batch: int) -> Row | None:
    for job in jobs(results, section):
        if (job["workload"], job["batch"]) == (workload, batch):
            return job
    return None


def find(job: Row | None, program: str) -> Row | None:
    """The row of a program that was measured."""
    for row in (job or {}).get("rows", []):
        if row["program"] == program and "min" in row:
            return row
    return None


def share(job: Row, row: Row, flops: float | None = None) -> float:
    """Percent of the FMA peak of as many threads, and of the vectors that the code uses:
    fastest run, highest peak."""
    peaks = job["peak"]
    code = row.get("code")
    peak = peaks[code] if code else peaks.get(str(row["threads"])) or peaks["1"]
    return 100 * (flops or job["flops"]) / row["min"] / 1e9 / peak[0]


def peers(job: Row, threads: int) -> Iterator[Row]:
    for row in job["rows"]:
        is_peer = not row["program"].startswith(NOT_PEERS)
        if is_peer and "min" in row and row["threads"] == threads:
            yield row


def best_peer(job: Row | None, threads: int = 1) -> Row | None:
    return min(peers(job, threads), key=lambda r: r["min"], default=None) if job else None


def ratio(slow: Row | None, fast: Row | None) -> float | None:
    return slow["min"] / fast["min"] if slow and fast else None
