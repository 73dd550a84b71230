"""10,000 streams and subsets of them; how long single calls take, at most."""

from bench import drive
from bench.context import Bench, Row, split_peaks
from bench.workloads import WORKLOADS

MANY = 10_000
SUBSETS = (10, 100, 1000)
SAMPLE_RATE, CHUNK = 48_000, 64


def many(bench: Bench) -> Row:
    """All of W1's 10,000 streams in one call, and random subsets by their ids."""
    bench.say(f"streams: {MANY} of W1")
    w = WORKLOADS["W1"]
    everyone = {"batch": MANY, "length": 8, "check": 8}
    calls = {"all": everyone, "all (no answers)": everyone | {"answer": 0}}
    for n in SUBSETS:
        calls[f"subset of {n}"] = {"batch": n, "count": MANY, "length": 32}
    makers, sizes = [], {}
    for code in ("", *bench.codes()):
        for name, options in calls.items():
            label = f"{name}, {code}" if code else name
            sizes[label] = options["batch"]
            makers.append(
                lambda lb=label, o=options, c=code: bench.ours_stepping("W1", lb, **o, code=c)
            )
    programs, failed = bench.build(*makers)
    measured = bench.measure([*bench.peaks(1), *programs], bench.seconds / 3)
    peaks, rows = split_peaks(measured)
    for row in rows:
        row["streams"] = sizes[row["program"]]
        row["flops_of_call"] = w.flops(row["streams"], 1)
    return {"peak": peaks, "rows": rows + failed}


def latency(bench: Bench, most: int) -> list[Row]:
    """Percentiles over single calls: steps, and chunks of 64 samples at 48 kHz."""
    out = []
    for name in ("W1", "W4"):
        for steps in (1, CHUNK):
            bench.say(f"latency: {name}, calls of {steps} time steps")
            program = bench.builder.model(name).program(
                f"{name}, {steps} steps", mode="latency", steps=steps, length=CHUNK * 100
            )
            running = drive.Running(program, 60).wait_until_ready()
            if running.alive:
                first = running.ask(50, 1)  # warms up, and says how many fit into the time
                fitting = round(bench.seconds / 6 / first.get("p50", 1))
                running.info |= running.ask(max(min(most, fitting), 50), 1)
            running.end()
            out.append({"workload": name, "steps": steps, **running.info})
            if steps == CHUNK and "p50" in running.info:
                out[-1]["real_time"] = out[-1]["p50"] / (CHUNK / SAMPLE_RATE)
    return out


def run(bench: Bench) -> Row:
    return {"many": many(bench), "latency": latency(bench, 1_000_000)}
