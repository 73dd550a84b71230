"""Compiled models of random configurations against the f64 interpreter.

    random_models.py COMPILER FPMODE WORK FIRST LAST

Models FIRST to LAST - 1, each with the options, sizes, weights, input and CPU
that its number chooses. Prints a line per model, a line per failure, and
`N models, N failed`.
"""

import json
import pathlib
import subprocess
import sys

import numpy as np
from bits import check_bits
from golden import distance
from native import build, load_mode_switch
from safetensors.numpy import load_file

WIDTHS = [1, 2, 3, 5, 8, 10, 16, 17, 31, 33, 48, 64, 100, 256]
STATES = [1, 2, 3, 7, 8, 9, 16, 30, 64, 100]
LIMIT = 1e-5  # the promise, of outputs and states
LENGTHS = [1, 2, 5, 23, 24, 25, 48, 61, 100, 170]


class Chooser:
    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)

    def one(self, values):
        return values[int(self.rng.integers(len(values)))]

    def some(self, options: dict) -> dict:
        """Half of the options, to leave the defaults of others to the compiler."""
        return {key: value for key, value in options.items() if self.rng.random() < 0.5}

    def truth(self) -> bool:
        return bool(self.rng.random() < 0.5)


def s5_options(pick: Chooser) -> dict:
    options = pick.some({
        "conj_sym": pick.truth(), "clip_eigs": pick.truth(),
        "discretization": pick.one(["zoh", "bilinear"]), "step_rescale": pick.one([0.5, 2.0]),
        "C_init": pick.one(["lecun_normal", "trunc_standard_normal"]), "dt_min": 0.01,
    })  # fmt: skip
    state = pick.one(STATES)
    if options.get("conj_sym", True):
        state += state % 2
    if state % 4 == 0 and pick.truth():
        options["ssm_blocks"] = 2
    return options | {"state_dim": state}


def lru_options(pick: Chooser) -> dict:
    options = pick.some({"r_min": 0.2, "r_max": 0.9, "max_phase": 3})
    return options | {"state_dim": pick.one(STATES)}


def linoss_options(pick: Chooser) -> dict:
    scheme = pick.one([
        {}, {"damping": True}, {"damping": False}, {"discretization": "IM", "damping": False},
    ])  # fmt: skip
    options = pick.some({"r_min": 0.5, "theta_max": 1.5, "state_dim": pick.one(STATES)})
    return options | scheme


def s4d_options(pick: Chooser) -> dict:
    return pick.some({"transposed": pick.truth(), "dt_min": 0.01, "state_dim": pick.one(STATES)})


FAMILIES = {
    "S5": s5_options, "LRU": lru_options, "LinOSS": linoss_options, "S4D": s4d_options,
}  # fmt: skip


def stack(pick: Chooser, width: int, family: str) -> list[dict]:
    """A model of the family, or StandardBlocks with its mixer."""
    common = {"drop_rate": 0.3, "prenorm": pick.truth()}
    if family != "S4D" and pick.rng.random() < 0.6:
        common |= {"num_blocks": pick.one([0, 1, 2, 3]), "use_bias": pick.truth()}
        target = {"target": family, "hidden_dim": width}
        return [target | FAMILIES[family](pick) | pick.some(common)]
    blocks = []
    for _ in range(pick.one([1, 2])):
        mixer = {"target": family + "SequenceMixer"} | FAMILIES[family](pick)
        gate = {"target": "GLU"} | pick.some({"use_bias": pick.truth(), "out_features": width})
        if pick.rng.random() < 0.3:
            gate["out_features"] = 1
        block = {"target": "StandardBlock", "in_features": width} | pick.some(common)
        blocks.append(block | {"sequence_mixer": mixer, "channel_mixer": gate})
        family = pick.one(list(FAMILIES))
    return blocks


def random_layers(pick: Chooser, number: int) -> list[dict]:
    width = pick.one(WIDTHS)
    layers = []
    encoder = number % 4
    if encoder == 0:
        size = {"num_classes": pick.one([1, 7, 300]), "out_features": width}
        layers.append({"target": "EmbeddingEncoder"} | size)
    elif encoder < 3:
        size = {"in_features": pick.one([1, 3, 10, 40]), "out_features": width}
        layers.append({"target": "LinearEncoder"} | size | pick.some({"use_bias": pick.truth()}))
    families = list(FAMILIES)
    layers += stack(pick, width, families[number % len(families)])
    if number % 7 == 3:  # log-probabilities as what later layers read
        size = {"in_features": width, "out_features": width}
        layers.append({"target": "ClassificationHead", "reduce": False} | size)
    if number % 5 == 0:
        layers += stack(pick, width, pick.one(families))
    if number % 6 < 4:
        head = pick.one(["ClassificationHead", "RegressionHead"])
        size = {"in_features": width, "out_features": pick.one([1, 2, 10, 19])}
        layers.append({"target": head} | size | {"reduce": number % 6 < 2})
    return layers


def random_input(pick: Chooser, layers: list[dict]) -> np.ndarray:
    shape = (pick.one([1, 2, 3]), pick.one(LENGTHS))
    first = layers[0]
    if first["target"] == "EmbeddingEncoder":
        return pick.rng.integers(-2, first["num_classes"] + 2, shape).astype(np.int32)
    features = first.get("in_features", first.get("hidden_dim"))
    return pick.rng.standard_normal((*shape, features)).astype(np.float32)


def check(compiler, swap_mode, work: pathlib.Path, number: int) -> list[str]:
    """What is wrong with a model; prints its errors."""
    work.mkdir(parents=True, exist_ok=True)
    pick, failures = Chooser(number), []
    layers = random_layers(pick, number)
    x = random_input(pick, layers)
    model, input_file = work / "model.json", work / "x.npy"
    model.write_text(json.dumps({"layers": layers}, indent=1))
    np.save(input_file, x)
    weights = ["--weights", f"random:{number}"]
    native = build(compiler, model, work / "model", *weights,
                   "--target", pick.one(["x86-64-v3", "native"]), swap_mode=swap_mode)  # fmt: skip
    command = [compiler, "run", model, *weights, "--reference", "--input", input_file]
    command += ["--output", work / "y.npy", "--state-out", work / "states.safetensors"]
    subprocess.run(command, check=True, capture_output=True)

    def expect(holds: bool, what: str) -> None:
        if not holds:
            failures.append(what)

    y, records = native.forward(x)
    errors = {"y": distance(y, np.load(work / "y.npy"))}
    expect(errors["y"] <= LIMIT, f"y: error {errors['y']:.2e}")
    for path, wanted in load_file(work / "states.safetensors").items():
        got = np.array([native.unpack(record, path) for record in records]).reshape(wanted.shape)
        error = distance(got, wanted)
        errors["states"] = max(error, errors.get("states", 0))
        expect(error <= LIMIT, f"state {path}: error {error:.2e}")
    y, records = native.forward(x[:1])
    keeps = any(size and "complex" in kind for _, size, kind in native.layout.values())
    check_bits(native, x[:1], y, records, keeps, expect)
    print(number, *(f"{kind} {error:.1e}" for kind, error in errors.items()),
          x.shape, " ".join(layer["target"] for layer in layers), flush=True)  # fmt: skip
    return failures


def main() -> int:
    compiler, library, work, first, last = sys.argv[1:]
    swap_mode = load_mode_switch(library)
    numbers, failed = range(int(first), int(last)), 0
    for number in numbers:
        try:
            failures = check(compiler, swap_mode, pathlib.Path(work) / str(number), number)
        except (subprocess.CalledProcessError, RuntimeError, OSError, ValueError) as error:
            failures = [f"{error} {getattr(error, 'stderr', '')}"]
        failed += bool(failures)
        for failure in failures:
            print(f"  failed: model {number}: {failure}")
    print(f"{len(numbers)} models, {failed} failed")
    return 1 if failed or not numbers else 0


if __name__ == "__main__":
    sys.exit(main())
