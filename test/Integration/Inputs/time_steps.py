"""Models with a time delta per step.

usage: time_steps.py SSMC GOLDENS WORK NAME...

* dt = 1 is the model compiled without;
* the delta multiplies the step: pieces of a sequence with deltas of their own are
  what fixed models with other steps give, piece by piece;
* any deltas give what the f64 interpreter gives, in all ways of calling, with all
  bits alike;
* deltas whose phase is out of reach give NaN wherever the interpreter has it;
* 0 leaves states as they are, NaN and infinity go nowhere but forward in time.
"""

import json
import pathlib
import subprocess
import sys

import numpy as np
from bits import check_cuts, check_lengths
from native import Native, same
from safetensors.numpy import load_file, save_file
from timed import Timed, with_time

compiler, goldens, work = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
work.mkdir(parents=True, exist_ok=True)
failures = []


def expect(condition, message: str) -> None:
    if not condition:
        failures.append(f"{name}: {message}")


def ssmc(*arguments) -> None:
    command = [compiler, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(command)}: {result.stderr}")


def run(model, x, *options, dt=None, start=None):
    """y and the states of one sequence."""
    np.save(work / "x.npy", x)
    if dt is not None:
        np.save(work / "dt.npy", np.asarray(dt, np.float32))
        options += ("--dt", work / "dt.npy")
    if start is not None:
        save_file(start, work / "start.safetensors")
        options += ("--state-in", work / "start.safetensors")
    ssmc("run", model, "--input", work / "x.npy", "--output", work / "y.npy",
         "--state-out", work / "end.safetensors", *options)  # fmt: skip
    return np.load(work / "y.npy"), load_file(work / "end.safetensors")


def error(a, b) -> float:
    return np.abs(a - b).max(initial=0) / max(np.abs(b).max(initial=0), 1e-30)


def errors(a, b) -> float:
    """Of (y, states)."""
    return max([error(a[0], b[0]), *(error(a[1][key], b[1][key]) for key in a[1])])


def rescaled(folder, factor: float):
    """A copy of the model whose steps are `factor` times as long."""
    copy = work / f"rescaled-{factor}"
    copy.mkdir(exist_ok=True)
    weights = load_file(folder / "model.safetensors")
    for key, value in weights.items():
        if key.endswith(".log_step"):
            weights[key] = (value.astype(np.float64) + np.log(factor)).astype(np.float32)
        if key.endswith(".steps"):
            step = factor / (1 + np.exp(-value.astype(np.float64)))
            weights[key] = np.log(step / (1 - step)).astype(np.float32)
    save_file(weights, copy / "model.safetensors")
    (copy / "model.json").write_text((folder / "model.json").read_text())
    return copy


def check_against_fixed(folder, x) -> None:
    """Without a word from the interpreter."""
    length = len(x)
    fixed, ones = run(folder, x), run(folder, x, dt=np.ones(length))
    expect(errors(ones, fixed) < 1e-6, f"dt = 1 differs by {errors(ones, fixed):.1e}")
    half = length // 2
    first = run(rescaled(folder, 0.75), x[:half])
    second = run(rescaled(folder, 0.4), x[half:], start=first[1])
    dt = np.where(np.arange(length) < half, 0.75, 0.4)
    both = run(folder, x, dt=dt)
    found = max(error(both[1][key], second[1][key]) for key in both[1])
    # Steps of the copies are rounded to f32: a phase of 100 moves by 1e-5.
    expect(found < 1e-4, f"deltas are no factors of the steps: {found:.1e}")


def check_against_reference(folder, x, dt, tolerance: float) -> None:
    found = errors(run(folder, x, dt=dt), run(folder, x, "--reference", dt=dt))
    expect(found < tolerance, f"error {found:.1e} against the interpreter")
    options = ("--without-head",)
    found = errors(run(folder, x, *options, dt=dt), run(folder, x, "--reference", *options, dt=dt))
    expect(found < tolerance, f"error {found:.1e} before the head")


def check_large(folder, x, dt) -> None:
    """A step after which no phase is known (docs/concepts.md), for the interpreter too."""
    dt, middle = dt.copy(), len(x) // 2
    dt[middle] = 1e30
    compiled, interpreted = run(folder, x, dt=dt), run(folder, x, "--reference", dt=dt)
    for key, state in compiled[1].items():
        expect(np.array_equal(np.isnan(state), np.isnan(interpreted[1][key])),
               f"dt = 1e30: the interpreter's {key} is NaN elsewhere")  # fmt: skip
    expect(np.array_equal(np.isnan(compiled[0]), np.isnan(interpreted[0])),
           "dt = 1e30: the interpreter is NaN elsewhere")  # fmt: skip
    if "zoh" in folder.name:
        expect(np.isnan(compiled[0][middle:]).all(), "dt = 1e30 gives numbers")


def check_edges(native, x, dt) -> None:
    timed, middle = with_time(x, dt)[None], len(x) // 2
    # 0: the state stays, to the last bit; the sums of a head go on.
    scans = [path for path in native.layout if not path.endswith((".sums", ".count"))]
    _, records = native.forward(timed[:, :middle])
    before = records.copy()
    still = with_time(x[middle : middle + 5], np.zeros(5))[None]
    native.chunk(records, None, still)
    for path in scans:
        expect(same(native.unpack(before[0], path), native.unpack(records[0], path)),
               f"dt = 0 moves {path}")  # fmt: skip
    y = native.forward(timed)[0]
    for value in (np.nan, np.inf, -np.inf):
        bad = timed.copy()
        bad[0, middle, -1] = value
        y2, records = native.forward(bad)
        y3, _ = native.pieces(bad, 0)
        expect(same(y2, y3), f"dt = {value}: forward and step differ")
        expect(np.isnan(y2 if native.pooled else y2[:, middle:]).all(), f"dt = {value} was lost")
        expect(native.pooled or same(y[:, :middle], y2[:, :middle]), f"dt = {value} went back")
        for path in scans:
            expect(np.isnan(native.unpack(records[0], path)).any(), f"dt = {value} not in {path}")


def check_calls(folder, x, dt) -> None:
    """Through the C interface."""
    prefix = work / folder.name / "timed"  # a library is loaded once per path
    prefix.parent.mkdir(exist_ok=True)
    ssmc("compile", folder, "-o", prefix, "--name", "timed", "--dt", "input",
         "--target", "x86-64-v3", "--emit", "shared,header")  # fmt: skip
    native = Timed(prefix, "timed")
    timed = with_time(x, dt)[None]
    y, states = native.forward(timed)
    check_cuts(native, timed, y, states, expect)
    rng = np.random.default_rng(1)
    batch = np.repeat(timed[:, :40], 31, axis=0)
    batch[..., -1] = rng.uniform(-0.1, 2, batch.shape[:2])
    check_lengths(native, batch, rng, expect)
    # More streams than a step takes through the layers together.
    many = np.repeat(timed[:, :9], 217, axis=0)
    many[..., -1] = rng.uniform(-0.1, 2, many.shape[:2])
    y, states = native.forward(many)
    for steps in (0, 4):
        y2, states2 = native.pieces(many, steps)
        how = f"of {len(many)} streams, in pieces of {steps or 1}, some have others' deltas"
        expect(same(y, y2) and np.array_equal(states, states2), how)
    check_edges(native, x, dt)
    ws, y = native.workspace(1), native.answers(1)
    try:
        Native.call(native, "step", native.records(1), None, 1, x[0], None, y, None, ws, ws.size)
        expect(False, "takes NULL for dt")
    except RuntimeError:
        pass
    expect(not native.overruns(), "wrote beyond y, the states or the workspace")


for name in sys.argv[4:]:
    folder = goldens / name
    x = load_file(folder / "case.safetensors")["x"]
    dt = np.exp(np.random.default_rng(0).uniform(np.log(0.1), np.log(3), len(x)))
    # Damped coefficients are ill-conditioned; undamped, deltas of up to 3 leave what is
    # stable, and outputs grow to 1.6e5.
    imex = "linoss" in name and name != "linoss-im"
    check_against_fixed(folder, x)
    check_against_reference(folder, x, dt.astype(np.float32), 1e-4 if imex else 2e-5)
    if name.startswith("s5"):
        check_large(folder, x, dt)
    config = json.loads((folder / "model.json").read_text())
    if config["layers"][0]["target"] != "EmbeddingEncoder":
        check_calls(folder, x, dt)
print("\n".join(failures) or f"{len(sys.argv) - 4} models agree")
sys.exit(bool(failures))
