"""calibrate.py COMPILER DATA WORK: see calibrate.test."""

import pathlib
import subprocess
import sys

import numpy as np
from safetensors.numpy import load_file

compiler, data, work = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])


def run(command: str, model, weights, x, out, *options) -> None:
    flag = "-o" if command == "calibrate" else "--output"
    line = [compiler, command, model, "--weights", weights, "--input", x, flag, out, *options]
    subprocess.run(line, check=True, capture_output=True)


def close(got, wanted) -> bool:
    scale = np.maximum(1, np.abs(wanted).max())
    return bool(np.abs(got.astype(np.float64) - wanted).max() <= 1e-6 * scale)


def is_statistic(name: str) -> bool:
    return ".norm." in name


for name in ("s5-dropout", "linoss-postnorm-dropout-batch-1"):
    model = data / "training" / name
    before = load_file(model / "model.safetensors")
    features = before["layers.0.linear.weight"].shape[1]
    rng = np.random.default_rng(3)
    x = (3 + 2 * rng.standard_normal((4, 61, features))).astype(np.float32)
    np.save(work / "x.npy", x)
    files = {how: work / f"{name}.{how}.safetensors" for how in ("once", "f64", "again")}
    run("calibrate", model, model / "model.safetensors", work / "x.npy", files["once"],
        "--threads", "3")  # fmt: skip
    run("calibrate", model, model / "model.safetensors", work / "x.npy", files["f64"],
        "--reference")  # fmt: skip
    run("calibrate", model, files["once"], work / "x.npy", files["again"])
    once, exact, again = (load_file(file) for file in files.values())
    norms = [key for key in once if is_statistic(key)]
    told = []
    if all(close(once[key], exact[key]) for key in norms) and not any(
        once[key] for key in norms if key.endswith("first_time")
    ):
        told.append("norms as interpreted")
    if name == "s5-dropout":
        h = x.astype(np.float64) @ before["layers.0.linear.weight"].T.astype(np.float64)
        h += before.get("layers.0.linear.bias", 0)
        path = "layers.1.blocks.0.norm.running_"
        if close(once[path + "mean"], h.mean((0, 1))) and close(once[path + "var"], h.var((0, 1))):
            told.append("first as computed by hand")
    print(f"{name}: {', '.join(told)}")
    others = [key for key in before if not is_statistic(key)]
    if all(np.array_equal(once[key], again[key]) for key in once) and all(
        np.array_equal(once[key], before[key]) for key in others
    ):
        print(f"{name}: the same again, other weights as they were")
    # Inference with what was found is what calibration saw at its end.
    run("run", model, files["once"], work / "x.npy", work / "y.npy")
    run("run", model, files["f64"], work / "x.npy", work / "y64.npy", "--reference")
    if close(np.load(work / "y.npy"), np.load(work / "y64.npy")):
        print(f"{name}: answers with them as interpreted")
