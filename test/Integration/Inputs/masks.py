"""Masks of dropout, entry by entry.

    masks.py COMPILER CASES WORK

Threefry in NumPy first gives the masks that the training cases hold. Then models
whose output tells what was dropped are compiled: x + 1/2 drop(drop(gelu(norm(x)))) and
x + 1/2 drop(1). Prints a line per comparison, and `N comparisons, N failed`.
"""

import json
import pathlib
import sys

import numpy as np
from native import build
from safetensors.numpy import load_file, save_file
from trained import Trained


def rotate(x, places):
    return (x << np.uint32(places)) | (x >> np.uint32(32 - places))


def threefry(key, counter):
    """Two words for each of the 64-bit counters (Salmon et al. 2011), 20 rounds."""
    key = [np.uint32(word) for word in key]
    key.append(key[0] ^ key[1] ^ np.uint32(0x1BD11BDA))
    counter = np.asarray(counter, np.uint64)
    x = (counter >> np.uint64(32)).astype(np.uint32) + key[0]
    y = (counter & np.uint64(0xFFFFFFFF)).astype(np.uint32) + key[1]
    for i in range(5):
        for places in ((13, 15, 26, 6), (17, 29, 16, 24))[i % 2]:
            x = x + y
            y = rotate(y, places) ^ x
        x = x + key[(i + 1) % 3]
        y = y + key[(i + 2) % 3] + np.uint32(i + 1)
    return x, y


def split(key, *indices):
    """jax.random.split(...)[index], one after the other."""
    for index in indices:
        key = [word[0] for word in threefry(key, [index])]
    return key


def bernoulli(key, rate, shape):
    """What is kept."""
    a, b = threefry(key, np.arange(np.prod(shape, dtype=np.int64)))
    uniform = ((a ^ b) >> np.uint32(9)).astype(np.float32) * np.float32(2.0**-23)
    return (uniform < np.float32(1) - np.float32(rate)).reshape(shape)


def masks_of(keys, rate, shape, *indices):
    with np.errstate(over="ignore"):
        return np.array([bernoulli(split(key, *indices), rate, shape) for key in keys])


def check_cases(cases: pathlib.Path, compare) -> None:
    for folder in sorted(p for p in cases.iterdir() if p.is_dir()):
        layers = json.loads((folder / "model.json").read_text())["layers"]
        case = load_file(folder / "case.safetensors")
        for name, mask in case.items():
            call, dot, rest = name.partition(".mask.")
            if not dot:
                continue
            path, _, number = rest.rpartition(".")
            places = [int(part) for part in path.split(".") if part.isdigit()]
            rate = layers[places[0]].get("drop_rate", 0.1)
            got = masks_of(case[f"{call}.keys"], rate, mask.shape[1:], *places, 1 + int(number))
            compare(f"{folder.name} {name}", got, mask)


def check_compiled(compiler, work: pathlib.Path, shape, rate, rng, compare) -> None:
    batch, _, width = shape
    layer = {"target": "StandardBlock", "in_features": width, "drop_rate": rate}
    layer["sequence_mixer"] = {"target": "IdentitySequenceMixer"}
    layer["channel_mixer"] = {"target": "GLU", "use_bias": True}
    work.mkdir(parents=True, exist_ok=True)
    (work / "model.json").write_text(json.dumps({"layers": [layer]}))
    x = rng.standard_normal(shape).astype(np.float32)
    keys = rng.integers(0, 2**32, (batch, 2), np.uint32)
    first, second = (masks_of(keys, rate, shape[1:], 0, i) for i in (1, 2))
    for what, wanted in (("both", first & second), ("second", second)):
        zeros, ones = np.zeros(width, np.float32), np.ones(width, np.float32)
        gate = "layers.0.channel_mixer."
        save_file({
            "layers.0.norm.running_mean": zeros, "layers.0.norm.running_var": ones,
            "layers.0.norm.first_time": np.array(True),
            gate + "w1.weight": np.diag(ones if what == "both" else zeros),
            gate + "w1.bias": zeros if what == "both" else ones,
            gate + "w2.weight": np.diag(zeros), gate + "w2.bias": zeros,
        }, work / "model.safetensors")  # fmt: skip
        native = build(compiler, work, work / what, "--train", "--target", "x86-64-v3")
        trained = Trained(native, (work / f"{what}.h").read_text())
        y, _ = trained.train(x, keys)
        compare(f"compiled {shape} rate {rate} {what}", y != x, wanted)
        y, _ = trained.train(x, None)
        compare(f"compiled {shape} without keys", y != x, np.ones_like(wanted))


def main() -> int:
    compiler, cases, work = sys.argv[1:]
    results = []

    def compare(what: str, got, wanted) -> None:
        wrong = int((got != wanted).sum())
        results.append(wrong)
        print(f"{what}: {got.size} entries, {wrong} differ")

    check_cases(pathlib.Path(cases), compare)
    rng = np.random.default_rng(5)
    shapes = [((3, 70, 17), 0.1), ((1, 100, 40), 0.9), ((2, 41, 16), 0.5), ((4, 3, 2), 1e-3)]
    for number, (shape, rate) in enumerate(shapes):
        check_compiled(compiler, pathlib.Path(work) / str(number), shape, rate, rng, compare)
    failed = sum(wrong > 0 for wrong in results)
    print(f"{len(results)} comparisons, {failed} failed")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
