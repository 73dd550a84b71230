"""Whole sequences, W1 to W4: ours, by hand, and every peer, on one and two threads."""

from bench.context import Bench, Row, split_peaks
from bench.workloads import WORKLOADS

REWRITES = "jax:two@1 jax:bmm@1 jax:bmm@2 iree:bmm@1 onnx:bmm@1 onnx:bmm@2"
DISCRETAX = "jax:discretax@1 jax:discretax@2"

JOBS = (
    ("W1", 1, f"{DISCRETAX} {REWRITES} torch:compile_bmm@1 iree:discretax@1"),
    ("W1", 32, f"{DISCRETAX} {REWRITES}"),
    ("W2", 1, f"{DISCRETAX} {REWRITES} torch:compile_bmm@1"),
    ("W3", 1, f"{DISCRETAX} {REWRITES} torch:compile_bmm@1"),
    ("W4", 1, f"{DISCRETAX} {REWRITES} torch:compile_bmm@1"),
    ("W4", 8, "jax:discretax@1 jax:bmm@1 jax:bmm@2 onnx:bmm@1 onnx:bmm@2"),
    ("W4s5", 1, ""),
    ("S4D", 1, "jax:discretax@1 jax:fft@1 jax:blocks@1"),
    ("DeltaNet", 1, "jax:discretax@1 jax:chunk8@1 jax:chunk16@1 jax:chunk32@1 jax:recurrence@1"),
)


def run_job(bench: Bench, name: str, batch: int, specs: str) -> Row:
    w = WORKLOADS[name]
    bench.say(f"sequences: {name}, batch {batch}")
    makers = [
        lambda: bench.ours(name, batch, 1),
        lambda: bench.ours(name, batch, 2),
    ]
    makers += [lambda code=code: bench.ours(name, batch, 1, code) for code in bench.codes()]
    if w.has_expert:
        makers.append(lambda: bench.expert(name, batch))
    programs, failed = bench.build(*makers)
    rows = bench.measure([*bench.peaks(), *programs, *bench.peers(specs, name, batch)])
    peaks, rows = split_peaks(rows)
    numbers, errors = bench.inspect(name)
    return {
        "workload": name,
        "batch": batch,
        "flops": w.flops(batch),
        "inspect": numbers,
        "peak": peaks,
        "rows": rows + failed + errors,
    }


def run(bench: Bench) -> list[Row]:
    return [bench.job(run_job, *job) for job in JOBS]
