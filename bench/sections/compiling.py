"""How long ssmc takes, and how much memory: W1 to W4 and 100 MB of weights."""

from bench.context import Bench, Row
from bench.native import BuildError, measure_command

MODELS = ("W1", "W2", "W3", "W4", "big")


def compile_once(bench: Bench, name: str, target: str) -> dict[str, float]:
    prefix = bench.builder.folder / "models" / f"timed-{name}"
    command = [bench.builder.ssmc, "compile", bench.builder.data / name, "-o", prefix]
    command += ["--name", "timed"]
    command += [] if target == "default" else ["--target", target]
    figures = measure_command(command)
    return figures | {"object_bytes": prefix.with_suffix(".o").stat().st_size}


def run(bench: Bench, names: tuple[str, ...] = MODELS) -> list[Row]:
    bench.say("compiling")
    out = []
    for name in names:
        weights = (bench.builder.data / name / "model.safetensors").stat().st_size
        for target in ("default", bench.builder.target):
            row = {"workload": name, "target": target, "weight_bytes": weights}
            try:
                times = 3 if target == "default" else 1
                runs = [compile_once(bench, name, target) for _ in range(times)]
                row |= {key: min(r[key] for r in runs) for key in runs[0]}
            except BuildError as error:
                row["error"] = str(error)
            out.append(row)
    return out
