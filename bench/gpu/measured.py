"""The page of what was measured on a GPU."""

from typing import Any

from bench.gpu.page import table, time


def nominal_peak(gpu: dict[str, Any]) -> float:
    """FLOP/s of f32 multiply-adds at the clock that the driver names; 0 if it names none."""
    lanes = 64 if (gpu["major"], gpu["minor"]) == (8, 0) else 128
    return 2.0 * lanes * gpu["sm_count"] * 1e3 * gpu["clock_khz"]


def has_failed(results: dict[str, Any]) -> bool:
    """Whether one of our programs has: peers may."""
    rows = [row for job in results["jobs"] for row in job["rows"]]
    return any("error" in row for row in rows if row["program"].startswith("ssmc"))


def row_of(row: dict[str, Any], job: dict[str, Any], peak: float) -> list[str]:
    if "min" not in row:
        error = (row.get("error", "no answer").strip().splitlines() or ["no answer"])[-1]
        return [row["program"], f"failed: {error[:120]}", "", "", "", ""]
    speed = job["flops"] / row["min"]
    share = f"{100 * speed / peak:.1f} %" if peak else "-"
    error = f"{row['err']:.0e}" if "err" in row else "-"
    rate = f"{speed / 1e12:.2f} T"
    return [row["program"], time(row["min"]), time(row["median"]), rate, share, error]


def write_page(results: dict[str, Any]) -> str:
    gpu = results["gpu"]
    peak = nominal_peak(gpu)
    parts = [
        "# Measured on a GPU\n",
        f"{gpu['gpu']}, compute capability {gpu['major']}.{gpu['minor']}, {gpu['sm_count']} SMs."
        f" Nominal peak of f32 multiply-adds {peak / 1e12:.1f} TFLOP/s. Times are the GPU's and"
        " the host's, from the call until the GPU has finished; programs of a table took turns."
        " Errors are against f64, of the largest magnitude.\n",
    ]
    head = ["program", "min", "median", "FLOP/s", "of nominal peak", "error"]
    for job in results["jobs"]:
        parts.append(f"## {job['call']} {job['workload']}, batch {job['batch']}\n")
        parts.append(table(head, [row_of(row, job, peak) for row in job["rows"]]))
    return "\n".join(parts)
