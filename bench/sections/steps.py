"""One time step of one and of 64 streams, beside the time to read the weights once."""

from bench.context import Bench, Row, split_peaks
from bench.workloads import WORKLOADS

STEPS = "jax:step_natural@1 jax:step_real@1 iree:step_real@1 onnx:step@1 torch:compile_step@1"

JOBS = (
    ("W1", 1, STEPS),
    ("W2", 1, "jax:step_natural@1 onnx:step@1"),
    ("W4", 1, STEPS),
    ("W1", 64, f"{STEPS} onnx:step@2"),
    ("W4", 64, "jax:step_natural@1 jax:step_real@1 onnx:step@1 onnx:step@2"),
)


def run_job(bench: Bench, name: str, batch: int, specs: str, seconds: float) -> Row:
    bench.say(f"steps: {name}, {batch} streams")
    numbers, errors = bench.inspect(name)
    size = numbers.get("packed weights", 0)
    makers = [
        lambda: bench.ours_stepping(name, "ssmc@1", batch),
        lambda: bench.ours_stepping(name, "ssmc (no answer)@1", batch, answer=0),
        lambda: bench.expert_stepping(name, batch),
    ]
    if size:
        makers.append(lambda: bench.builder.bandwidth(size, "reading the weights"))
    if batch > 1:
        makers.append(lambda: bench.ours_stepping(name, "ssmc@2", batch, threads=2))
        for code in bench.codes():
            label = f"ssmc {code}@1"
            makers.append(lambda c=code, lb=label: bench.ours_stepping(name, lb, batch, code=c))
    programs, failed = bench.build(*makers)
    programs = [*bench.peaks(), *programs, *bench.peers(specs, name, batch)]
    peaks, rows = split_peaks(bench.measure(programs, seconds))
    return {
        "workload": name,
        "batch": batch,
        "flops": WORKLOADS[name].flops(batch, 1),
        "weight_bytes": size,
        "inspect": numbers,
        "peak": peaks,
        "rows": rows + failed + errors,
    }


def run(bench: Bench) -> list[Row]:
    return [bench.job(run_job, *job, bench.seconds / 2) for job in JOBS]
