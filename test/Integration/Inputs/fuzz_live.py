"""Answers of compiled random models against live discretax in float64.

    fuzz_live.py WORK COUNT

WORK/INDEX is what fuzz.py left of a configuration: model.json, model.safetensors,
x.npy, and y.npy of compiled code. Compares COUNT of them: also discretax with
recurrence.py, which is much closer. Models with options that discretax does not
have are left out. Prints a line per failure and, as the last one, how many were
compared and how many failed.
"""

import json
import pathlib
import sys

import equinox as eqx
import jax
import numpy as np
from golden import allowed, distance
from rounding import MARGIN, draws
from safetensors.numpy import load_file

from live import answer, known, load
from recurrence import forward

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_default_matmul_precision", "highest")

AGREEMENT = 1e-9


def usable(config: dict, length: int) -> dict:
    """With a chunk_size that divides the length, which discretax demands: the size
    changes nothing else."""
    layers = []
    for layer in config["layers"]:
        mixer = layer.get("sequence_mixer", layer)
        if mixer["target"].startswith("DeltaNet") and length % mixer.get("chunk_size", 64):
            mixer = mixer | {"chunk_size": length}
            layer = layer | {"sequence_mixer": mixer} if "sequence_mixer" in layer else mixer
        layers.append(layer)
    return {"layers": layers}


def discretax(model, state, x) -> np.ndarray:
    """Its answer in float64, which is not worth XLA's optimizer."""
    options = {"compiler_options": {"xla_backend_optimization_level": 0}}
    value = x if np.issubdtype(x.dtype, np.integer) else x.astype(np.float64)
    return np.asarray(eqx.filter_jit(answer, **options)(model, state, jax.numpy.asarray(value)))


def check(folder: pathlib.Path) -> str | None:
    """What is wrong; '' if nothing is, None if discretax has no such model."""
    config = json.loads((folder / "model.json").read_text())
    x, y = np.load(folder / "x.npy")[0], np.load(folder / "y.npy")[0]
    if not known(config["layers"]) or (folder / "dt.npy").exists():
        return None
    tensors = load_file(folder / "model.safetensors")
    wanted, _, _ = forward(config, tensors, x)
    live = discretax(*load(usable(config, len(x)), tensors), x)
    if not np.isfinite(live).all():
        return f"discretax: not finite, the recurrence {np.abs(wanted).max():.1e}"
    agreement, error = distance(wanted, live), distance(y, live)
    if agreement > AGREEMENT:
        return f"recurrence and discretax differ by {agreement:.1e}"
    if error <= 1e-5:
        return ""
    single, _, _ = forward(config, tensors, x, np.float32)
    rounded = draws(lambda summed: distance(forward(config, summed, x)[0], wanted), tensors)
    limit = max(allowed(distance(single, wanted)), MARGIN * max(rounded))
    return f"compiled and discretax differ by {error:.1e}" if error > limit else ""


def main() -> int:
    work, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    folders = [p.parent for p in work.glob("*/y.npy") if p.parent.name.isdigit()]
    folders.sort(key=lambda folder: int(folder.name))
    compared = failed = 0
    for folder in folders:
        if compared == count:
            break
        what = check(folder)
        compared += what is not None
        if what:
            failed += 1
            print(f"failed: {folder}: {what}")
    print(compared, failed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
