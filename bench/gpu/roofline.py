"""Bytes and times of kernels by arithmetic: nothing here is measured."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Work:
    """What a call has to do; bytes are of global memory unless said otherwise."""

    flops: float
    memory_bytes: float  # that has to be moved at least once
    l2_bytes: float  # that thread blocks read of weights, through the L2 cache
    block_floor: float  # of one kernel per block, activations in global memory between them
    pieces: int  # thread blocks that have something to do


def sequences(
    report: dict[str, Any],
    flops: float,
    hidden: int,
    batch: int,
    length: int,
    gpu: dict[str, Any],
) -> Work:
    """Whole sequences: a thread block per stream, or per chunk; enough of either fill all SMs.

    Input and answers, records of streams and the weights once; each thread block reads all
    weights for each chunk. The floor of one kernel per block is 8 H bytes per time step and
    block: it reads the stream and writes it.
    """
    kernel = find_kernel(report, "ssm_time")
    blocks = sum(u["layers"] for u in report["units"] if u["scans"] and u["products"])
    chunks = -(-length // kernel["rows"])
    # With more streams than SMs all are busy, in pieces or not.
    by_chunk = any(k["by_chunk"] for k in report["kernels"])
    in_pieces = by_chunk and batch < gpu["sm_count"] and chunks > 1
    steps = 4.0 * report["input_features"]
    answers = 4.0 * report["output_features"] * (1 if report["pooled"] else length)
    records = 2.0 * report["state_bytes"]
    own = batch * (length * steps + answers + records) + report["blob_bytes"]
    return Work(
        flops=flops,
        memory_bytes=own,
        l2_bytes=float(batch) * chunks * report["blob_bytes"],
        block_floor=8.0 * hidden * blocks * batch * length + report["blob_bytes"],
        pieces=batch * chunks if in_pieces else batch,
    )


def steps(report: dict[str, Any], flops: float, streams: int) -> Work:
    """One time step of many streams: weights once per thread block, records read and written."""
    kernel = find_kernel(report, "ssm_rows")
    blocks = -(-streams // kernel["rows"])
    row = 4.0 * (report["input_features"] + report["output_features"])
    own = streams * (row + 2.0 * report["state_bytes"]) + report["blob_bytes"]
    return Work(
        flops=flops,
        memory_bytes=own,
        l2_bytes=float(blocks) * report["blob_bytes"],
        block_floor=own,
        pieces=blocks,
    )


def needed(report: dict[str, Any], gpu: dict[str, Any], steps: float, traffic: float) -> float:
    """Seconds that the algorithm needs of a whole GPU: the longest of its units' work.

    Products at the peak, with what is done with their sums and in scans, each operation in the
    time of a multiply-add; the scans' f64; `traffic`, the bytes that have to be moved at least.
    Loads, stores, addresses, loops and waiting are no part of it, nor is a scan's second pass.
    """
    units = report["units"]
    sums = sum(
        u["layers"] * 16 * p["panels"] * p["ops_per_sum"] for u in units for p in u["products"]
    )
    flops = sum(u["layers"] * u["product_flops_per_row"] for u in units)
    scans = sum(u["layers"] * s["modes"] * s["ops"] for u in units for s in u["scans"])
    f64 = sum(u["layers"] * s["modes"] * s["f64_ops"] for u in units for s in u["scans"])
    f32 = 0.5e9 * gpu["f32_gflops"]  # operations of a second
    products = flops / (1e9 * gpu["peak_gflops"])
    others = (sums + scans) / f32
    on_lanes = gpu.get("products_by", "FMA") == "FMA"
    arithmetic = products + others if on_lanes else max(products, others)
    arithmetic = max(arithmetic, f64 * gpu["f64_ratio"] / f32)
    return max(steps * arithmetic, traffic / (1e9 * gpu["memory_gb_per_second"]))


def find_kernel(report: dict[str, Any], name: str) -> dict[str, Any]:
    for kernel in report["kernels"]:
        if kernel["name"] == name:
            return kernel
    names = ", ".join(k["name"] for k in report["kernels"])
    raise RuntimeError(f"there is no kernel {name}; found {names}")


def roofline(gpu: dict[str, Any], work: Work) -> tuple[float, str]:
    """Least seconds on a GPU, and what sets them.

    SMs that have no thread block add nothing to the speed of arithmetic.
    """
    busy = min(1.0, work.pieces / gpu["sm_count"])
    limits = {
        gpu.get("products_by", "FMA"): work.flops / (1e9 * gpu["peak_gflops"] * busy),
        "memory": work.memory_bytes / (1e9 * gpu["memory_gb_per_second"]),
        "L2": work.l2_bytes / (1e6 * gpu["clock_mhz"] * gpu["l2_bytes_per_cycle"] * busy),
    }
    bound = max(limits, key=lambda name: limits[name])
    return limits[bound], bound
