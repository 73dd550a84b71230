"""What a second thread gains, beside what it gains the FMA peak in the same moments."""

from bench import compare
from bench.context import Bench, Row

JOBS = (("W1", 1), ("W1", 32), ("W2", 1), ("W3", 1), ("W4", 1), ("W4", 8))


def run_job(bench: Bench, name: str, batch: int, seconds: float) -> Row:
    bench.say(f"two threads: {name}, batch {batch}")
    peaks = [bench.builder.peak(n) for n in (1, 2)]
    programs = [bench.ours(name, batch, threads) for threads in (1, 2)]
    rows = bench.measure_in_turns([peaks[0], programs[0], programs[1], peaks[1]], seconds)
    peak, one, two, peak2 = rows
    kept = [{k: v for k, v in row.items() if k != "each"} for row in rows]
    job = {"workload": name, "batch": batch, "rows": kept}
    gains = compare.ratios(one, two)
    ratios = compare.ratios(peak, peak2)
    if not gains or not ratios:
        return job
    work = peak2["flops"] / peak["flops"]
    machine = [work * ratio for ratio in ratios]
    quiet = one["min"] / two["min"], work * peak["min"] / peak2["min"]
    return job | {
        "rounds": len(gains),
        "gain": compare.spread(gains),
        "peak_gain": compare.spread(machine),
        "part": compare.spread([g / m for g, m in zip(gains, machine, strict=True)]),
        "of_minima": {"gain": quiet[0], "peak_gain": quiet[1]},
    }


def run(bench: Bench) -> list[Row]:
    jobs = JOBS if bench.seconds > 1 else JOBS[:1]
    return [run_job(bench, *job, bench.seconds / 3) for job in jobs]
