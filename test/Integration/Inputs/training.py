"""Compiled training-mode forward against discretax in float64.

    training.py COMPILER FPMODE CASES WORK [PATTERN...]
    training.py COMPILER FPMODE --random WORK FIRST LAST

For every case in the folder CASES: two calls, the second with the statistics of the
first; outputs and statistics within tolerance, which a single wrong entry of a mask
is not; the same bits on any number of threads and in any mode of the caller. Random
models are held to the f64 interpreter. Prints a line per case, a line per failure,
and `N cases, N failed`.
"""

import fnmatch
import json
import pathlib
import subprocess
import sys

import numpy as np
from bits import MODES
from golden import distance
from native import build, load_mode_switch, same
from random_models import Chooser, one_way, random_input, random_layers
from safetensors.numpy import load_file
from trained import Trained

Y_LIMIT, STATISTICS_LIMIT = 1e-5, 1e-6


def compile_trained(compiler, model, work, swap_mode, *options) -> Trained:
    native = build(compiler, model, work / "model", "--train", *options, swap_mode=swap_mode)
    return Trained(native, (work / "model.h").read_text())


def check_statistics(got: dict, wanted: dict, expect) -> float:
    worst = 0.0
    expect(got.keys() == wanted.keys(), f"statistics {sorted(got)}, expected {sorted(wanted)}")
    for name, value in wanted.items():
        if name.endswith("first_time"):
            expect(got[name] == value, f"{name} is {got[name]}")
            continue
        error = np.abs(got[name] - value).max() / max(1, np.abs(value).max())
        worst = max(worst, float(error))
        expect(error <= STATISTICS_LIMIT, f"{name}: error {error:.2e}")
    return worst


def check_bits(trained: Trained, x, keys, statistics, y, new, rng, expect) -> None:
    for workers in (1, 2, 5):
        y2, new2 = trained.train(x, keys, statistics, workers)
        expect(same(y, y2) and np.array_equal(new, new2), f"{workers} workers: other bits")
    trained.native.mode = rng.choice(MODES)
    y2, new2 = trained.train(x, keys, statistics)
    expect(same(y, y2) and np.array_equal(new, new2), "mode of the caller: other bits")
    trained.native.mode = None
    try:
        trained.train(x, keys, statistics, 2, refuses=True)
        expect(len(x) == 1, "an executor that fails goes unnoticed")
    except RuntimeError as error:
        expect("executor" in str(error), str(error))


def check_case(compiler, swap_mode, folder, work, expect) -> list[str]:
    case = load_file(folder / "case.safetensors")
    trained = compile_trained(compiler, folder, work, swap_mode)
    statistics, errors = None, []
    for call in ("first", "second"):
        x, keys = case[f"{call}.x"], case[f"{call}.keys"]
        y, new = trained.train(x, keys, statistics)
        error = distance(y, case[f"{call}.y64"])
        expect(error <= Y_LIMIT, f"{call}: y: error {error:.2e}")
        wanted = {}
        for prefix in (f"{call}.statistics.", f"{call}.statistics64."):
            wanted |= {k[len(prefix) :]: v for k, v in case.items() if k.startswith(prefix)}
        worst = check_statistics(trained.unpack(new), wanted, expect)
        check_bits(trained, x, keys, statistics, y, new, np.random.default_rng(1), expect)
        errors.append(f"{call}: y {error:.1e} statistics {worst:.1e}")
        statistics = new
    return errors


def check_random(compiler, swap_mode, number: int, work, expect) -> list[str]:
    pick = Chooser(number)
    layers = [one_way(layer) for layer in random_layers(pick, compiler)]
    x = random_input(pick, layers)
    keys = pick.rng.integers(0, 2**32, (len(x), 2), np.uint32)
    model = work / "model.json"
    model.write_text(json.dumps({"layers": layers}, indent=1))
    np.save(work / "x.npy", x)
    np.save(work / "keys.npy", keys)
    weights = ["--weights", f"random:{number}"]
    trained = compile_trained(compiler, model, work, swap_mode, *weights)
    command = [compiler, "run", model, *weights, "--train", "--reference"]
    command += ["--input", work / "x.npy", "--keys", work / "keys.npy"]
    command += ["--output", work / "y.npy", "--weights-out", work / "w.safetensors"]
    subprocess.run(command, check=True, capture_output=True)
    y, new = trained.train(x, keys)
    error = distance(y, np.load(work / "y.npy"))
    expect(error <= Y_LIMIT, f"y: error {error:.2e}")
    written = load_file(work / "w.safetensors")
    wanted = {name: written[name] for name in trained.unpack(new)}
    worst = check_statistics(trained.unpack(new), wanted, expect)
    check_bits(trained, x, keys, None, y, new, pick.rng, expect)
    return [f"y {error:.1e} statistics {worst:.1e}", str(x.shape),
            *(layer["target"] for layer in layers)]  # fmt: skip


def main() -> int:
    compiler, library, cases, work, *rest = sys.argv[1:]
    swap_mode = load_mode_switch(library)
    if cases == "--random":
        todo = range(int(rest[0]), int(rest[1]))
    else:
        folders = sorted(p for p in pathlib.Path(cases).iterdir() if p.is_dir())
        todo = [f for f in folders if any(fnmatch.fnmatch(f.name, p) for p in rest or ["*"])]
    failed = 0
    for case in todo:
        name = str(case) if isinstance(case, int) else case.name
        failures = []

        def expect(holds: bool, what: str, failures=failures) -> None:
            if not holds:
                failures.append(what)

        folder = pathlib.Path(work) / name
        folder.mkdir(parents=True, exist_ok=True)
        try:
            check = check_random if isinstance(case, int) else check_case
            print(name, *check(compiler, swap_mode, case, folder, expect), flush=True)
        except (subprocess.CalledProcessError, RuntimeError, OSError, ValueError) as error:
            failures.append(f"{error} {getattr(error, 'stderr', '')}")
        failed += bool(failures)
        for failure in failures:
            print(f"  failed: {name}: {failure}")
    print(f"{len(todo)} cases, {failed} failed")
    return 1 if failed or not todo else 0


if __name__ == "__main__":
    sys.exit(main())
