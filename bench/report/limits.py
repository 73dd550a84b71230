"""What the compiler has to reach, and whether it does on this machine."""

from dataclasses import dataclass

from bench.report.figures import (
    AVX2_CODE,
    Row,
    best_peer,
    find,
    find_job,
    jobs,
    ratio,
    share,
    title,
)

SEQUENCES = (("W1", 1), ("W1", 32), ("W2", 1), ("W3", 1), ("W4", 1), ("W4", 8))
SHARES = {"W1": 80, "W2": 85, "W3": 85, "W4": 88}


@dataclass
class Limit:
    text: str
    found: str
    met: bool | None  # None: not measured
    narrow: "Limit | None" = None  # the same of x86-64-v3 code on a CPU with AVX-512


def at_least(text: str, value: float | None, limit: float, unit: str = "", note: str = "") -> Limit:
    if value is None:
        return Limit(text, "not measured", None)
    return Limit(text, f"{value:.3g}{unit}{note}", value >= limit)


def at_most(text: str, value: float | None, limit: float, unit: str = "", note: str = "") -> Limit:
    if value is None:
        return Limit(text, "not measured", None)
    return Limit(text, f"{value:.3g}{unit}{note}", value <= limit)


def of_share(text: str, limit: float, job: Row | None) -> Limit:
    """A share of the FMA peak that a model reaches, and that its AVX2 code does."""

    def judge(program: str, note: str = "") -> Limit:
        row = find(job, program)
        return at_least(text, share(job, row) if row else None, limit, " %", note)

    silent = find(job, "ssmc (no answer)@1")
    note = f" (no answers {share(job, silent):.3g})" if silent else ""
    found = judge("ssmc@1", note)
    code = f"ssmc {AVX2_CODE}@1"
    found.narrow = judge(code) if find(job, code) else None
    return found


def of_sequences(results: Row) -> list[Limit]:
    out = []
    found = [(w, b, find_job(results, "sequences", w, b)) for w, b in SEQUENCES]
    for w, b, job in found:
        out.append(of_share(f"{w} b{b}: at least {SHARES[w]} % of FMA peak", SHARES[w], job))
    for w in ("W1", "W2", "W4", "W4s5"):
        job = find_job(results, "sequences", w, 1)
        value = ratio(find(job, "ssmc@1"), find(job, "by hand@1"))
        text = f"{w} b1: at most 1.02 times the time of the code by hand"
        out.append(at_most(text, value, 1.02, " x"))
    for w, b, job in found:
        best = best_peer(job)
        value = ratio(best, find(job, "ssmc@1"))
        note = f" ({title(best['program'])})" if best else ""
        text = f"{w} b{b}: at least 1.8 times as fast as the best peer"
        out.append(at_least(text, value, 1.8, " x", note))
    for w in ("S4D", "DeltaNet"):
        job = find_job(results, "sequences", w, 1)
        best = best_peer(job)
        value = ratio(best, find(job, "ssmc@1"))
        note = f" ({title(best['program'])})" if best else ""
        text = f"{w}: at least 2 times as fast as jax.jit of discretax and by hand in JAX"
        out.append(at_least(text, value, 2, " x", note))
    job = find_job(results, "sequences", "W3", 1)
    row, other = find(job, "ssmc@1"), find(job, "jax discretax@1")
    note = f" (jax.jit of discretax {other['err']:.1e})" if other else ""
    error = row["err"] if row else None
    out.append(at_most("W3: error against f64 below 1e-5", error, 1e-5, "", note))
    return out


def of_steps(results: Row) -> list[Limit]:
    out = []
    for w in ("W1", "W2", "W4"):
        job = find_job(results, "steps", w, 1)
        read = find(job, "reading the weights")
        value = ratio(find(job, "ssmc (no answer)@1"), read)
        answering = ratio(find(job, "ssmc@1"), read)
        note = f" (with an answer {answering:.2f})" if answering else ""
        text = f"{w}, one step: at most 1.1 times reading the weights once"
        out.append(at_most(text, value, 1.1, " x", note))
    for w, peer, limit in (
        ("W1", "jax step_natural@1", 25),
        ("W1", "iree step_real@1", 10),
        ("W4", "onnx step@1", 3.5),
    ):
        job = find_job(results, "steps", w, 1)
        value = ratio(find(job, peer), find(job, "ssmc@1"))
        text = f"{w}, one step: at least {limit} times as fast as {title(peer)}"
        out.append(at_least(text, value, limit, " x"))
    for w, limit in (("W1", 2), ("W4", 1.4)):
        job = find_job(results, "steps", w, 64)
        out.append(of_share(f"{w}, 64 streams: at least 75 % of FMA peak", 75, job))
        row = find(job, "ssmc@1")
        text = f"{w}, 64 streams: at least {limit} times as fast as the best peer"
        out.append(at_least(text, ratio(best_peer(job), row), limit, " x"))
    many = (results.get("streams") or {}).get("many")
    for row in (many or {}).get("rows", []):
        if "min" in row and row["streams"] >= 64 and not row.get("code"):
            text = f"W1, 10,000 streams, {row['program']}: at least 70 % of FMA peak"
            value = share(many, row, row["flops_of_call"])
            out.append(at_least(text, value, 70, " %"))
            narrow = find(many, f"{row['program']}, {AVX2_CODE}")
            if narrow:
                value = share(many, narrow, narrow["flops_of_call"])
                out[-1].narrow = at_least(text, value, 70, " %")
    return out


def of_threads(results: Row) -> list[Limit]:
    out = []
    for job in jobs(results, "threads"):
        if "part" in job:
            name = f"{job['workload']} b{job['batch']}"
            text = f"{name}, two threads: at least 0.95 times what the FMA peak gains"
            found = f"{job['part'][1]:.3f} ({job['gain'][1]:.2f} x of {job['peak_gain'][1]:.2f} x)"
            out.append(Limit(text, found, job["part"][1] >= 0.95))
    for job in (results.get("scaling") or {}).get("busy", []):
        if job["relative"]:
            name = f"{job['workload']} b{job['batch']}"
            text = f"{name}, two threads, the second core busy: at most 1.15 times one thread"
            out.append(at_most(text, job["relative"][1], 1.15, " x"))
    return out


def of_scaling(results: Row) -> list[Limit]:
    scaling, out = results.get("scaling") or {}, []
    lengths = [r for r in scaling.get("lengths", []) if "relative" in r]
    if lengths:
        times = [r["relative"][1] for r in lengths]
        text = f"time per step, L = {lengths[0]['size']:.0e} to {lengths[-1]['size']:.0e}"
        worst = 100 * (max(times) / min(times) - 1)
        out.append(at_most(f"{text}: flat within 3 %", worst, 3, " %"))
        sizes = {r["workspace_bytes"] for r in lengths}
        found = f"{', '.join(map(str, sorted(sizes)))} bytes"
        out.append(Limit("workspace independent of L", found, len(sizes) == 1))
    batches = [r["relative"][1] for r in scaling.get("batches", []) if "relative" in r]
    if batches:
        worst = 100 * (max(batches) - 1)
        out.append(at_most("cost linear in batch (1 to 32): within 3 %", worst, 3, " %"))
    decay = {r["program"]: r for r in scaling.get("decay", []) if "relative" in r}
    value = decay["impulse"]["relative"][1] if "impulse" in decay else None
    out.append(at_most("states that decay through denormals: no slower", value, 1.02, " x"))
    return out


def of_late(results: Row) -> list[Limit]:
    late, out = results.get("late") or {}, []
    for job in late.get("weights", []):
        found = {r["program"]: r for r in job["rows"] if "relative" in r}
        value = found["at run time"]["relative"][1] if "at run time" in found else None
        text = f"{job['workload']}: weights at run time, to those compiled in"
        out.append(at_most(text, value, 1.03, " x"))
        if job["workload"] == "W4":
            seconds = job["loading"].get("median")
            value = None if seconds is None else 1e3 * seconds
            out.append(at_most("W4: weights loaded in under 100 ms", value, 100, " ms"))
    found = {r["program"]: r for r in late.get("time_deltas", []) if "relative" in r}
    if "dt" in found:
        value = found["dt"]["relative"][1]
        out.append(at_most("W1 with a time delta per step, to the fixed step", value, 1.6, " x"))
    return out


def of_sweep(results: Row) -> list[Limit]:
    measured = [r for r in jobs(results, "sweep") if "min" in r]
    out = of_shapes([r for r in measured if not r.get("code")])
    narrow = {limit.text: limit for limit in of_shapes([r for r in measured if r.get("code")])}
    for limit in out:
        limit.narrow = narrow.get(limit.text)
    return out


def of_shapes(rows: list[Row]) -> list[Limit]:
    shares = {(r["hidden"], r["state"]): share(r, r) for r in rows}
    if len(shares) < 2:
        return []
    out = []
    for width, limit in ((64, 75), (32, 60)):
        worst = min((v, k) for k, v in shares.items() if k[0] >= width)
        note = f" (H = {worst[1][0]}, state {worst[1][1]})"
        text = f"sweep, H >= {width}: nothing below {limit} % of FMA peak"
        out.append(at_least(text, worst[0], limit, " %", note))

    def missing(low, at, high, key) -> float:
        """The most points below the line between two neighbours."""
        gaps = [0.0]
        for other in {k[1 - key] for k in shares}:
            a, v, b = (shares.get((s, other) if key == 0 else (other, s)) for s in (low, at, high))
            if None not in (a, v, b) and (key == 0 or other >= 32):
                gaps.append(a + (b - a) * (at - low) / (high - low) - v)
        return max(gaps)

    text = "within 8 points of the line between its neighbours"
    out.append(at_most(f"sweep, H = 100: {text}", missing(96, 100, 128, 0), 8, " points"))
    out.append(at_most(f"sweep, state 30: {text}", missing(16, 30, 64, 1), 8, " points"))
    return out


def of_compiling(results: Row) -> list[Limit]:
    out = []
    for row in jobs(results, "compiling"):
        if row["target"] != "default":
            continue
        if row["workload"] != "big":
            text = f"{row['workload']}: compiled for the default targets in under 1.5 s"
            out.append(at_most(text, row.get("seconds"), 1.5, " s"))
            continue
        times = row["peak_mb"] * 2**20 / row["weight_bytes"] if "peak_mb" in row else None
        out.append(at_most("100 MB of weights: in under 4 s", row.get("seconds"), 4, " s"))
        text = "100 MB of weights: peak memory under 4 times that"
        out.append(at_most(text, times, 4, " x"))
    return out


def all_limits(results: Row) -> list[Limit]:
    groups = (of_sequences, of_steps, of_threads, of_sweep, of_scaling, of_late, of_compiling)
    return [limit for group in groups for limit in group(results)]
