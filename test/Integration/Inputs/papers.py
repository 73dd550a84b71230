"""Checkpoints of the papers' code, converted and compiled, against NumPy.

    papers.py COMPILER FPMODE WORK [NAME...]

Prints a line per model with the largest errors of the interpreter and of compiled
code, relative to the largest output, and a line per failure.
"""

import pathlib
import subprocess
import sys

import numpy as np
from bits import check_bits
from native import build, load_mode_switch
from paper_models import S5, LinOSS, flatten
from safetensors.numpy import save_file
from whole import LENGTHS, check_whole

LIMIT, INTERPRETER_LIMIT = 1e-5, 1e-12
MODELS = {
    "s5-defaults": (S5, {}),
    "s5-full-glu-postnorm": (S5, {"activation": "full_glu", "prenorm": False}),
    "s5-half-glu2-last": (S5, {"activation": "half_glu2", "mode": "last", "width": 16}),
    "s5-gelu-layer": (S5, {"activation": "gelu", "batchnorm": False, "clip_eigs": True}),
    "s5-layer-postnorm": (S5, {"activation": "half_glu2", "batchnorm": False, "prenorm": False}),
    "s5-layer-bilinear": (S5, {"batchnorm": False, "discretization": "bilinear", "width": 5,
                               "conj_sym": False, "step_rescale": 0.5, "mode": "last"}),
    "s5-layer-one-feature": (S5, {"batchnorm": False, "width": 1}),
    "s5-both-ways": (S5, {"bidirectional": (0, 1, 2), "layers": 3}),
    "s5-both-ways-first": (S5, {"bidirectional": (0,), "layers": 3, "halves": True,
                                "activation": "full_glu", "width": 33, "states": 9}),
    "s5-both-ways-last": (S5, {"bidirectional": (2,), "layers": 3, "batchnorm": False,
                               "mode": "last", "conj_sym": False}),
    "s5-both-ways-between": (S5, {"bidirectional": (1, 3), "layers": 5, "prenorm": False,
                                  "activation": "half_glu2", "discretization": "bilinear",
                                  "width": 16, "states": 8, "halves": True}),
    "s5-both-ways-alone": (S5, {"bidirectional": (0,), "layers": 1, "width": 1, "states": 1,
                                "features": 1, "activation": "gelu"}),
    "s5-both-ways-no-states": (S5, {"bidirectional": (0, 1), "states": 0}),
    "linoss-im": (LinOSS, {}),
    "linoss-imex-regression": (LinOSS, {"discretization": "IMEX", "classification": False}),
    "linoss-many-classes": (LinOSS, {"outputs": 19, "width": 33}),
}  # fmt: skip


def switches(options: dict) -> list[str]:
    """Options of `python -m ssmc.convert`."""
    words = []
    for name, value in options.items():
        name = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{name}" if value else f"--no-{name}")
        else:
            words += [f"--{name}", str(value)]
    return words


def convert(model, work: pathlib.Path) -> pathlib.Path:
    """By the command line, from either kind of file."""
    if isinstance(model, S5):
        kind, file = "s5", work / "checkpoint.npz"
        np.savez(file, **flatten(model.checkpoint, "/"))
    else:
        kind, file = "linoss", work / "checkpoint.safetensors"
        save_file(flatten(model.checkpoint, "."), file)
    command = [sys.executable, "-m", "ssmc.convert", kind, file, "-o", work / "model"]
    subprocess.run([*command, *switches(model.options)], check=True)
    return work / "model"


def check(compiler, swap_mode, work: pathlib.Path, name: str) -> list[str]:
    failures = []

    def expect(holds: bool, what: str) -> None:
        if not holds:
            failures.append(what)

    kind, options = MODELS[name]
    rng = np.random.default_rng(sorted(MODELS).index(name))
    model = kind(rng, **options)
    work.mkdir(parents=True, exist_ok=True)
    folder = convert(model, work)
    x = rng.standard_normal((3, 61, model.features)).astype(np.float32)

    def compare(what: str, y, wanted, limit: float) -> str:
        error = np.abs(y - wanted).max() / np.abs(wanted).max()
        expect(error <= limit, f"{what}: error {error:.2e}")
        return f"{what} {error:.1e}"

    wanted = np.array([model(row) for row in x.astype(np.float64)])
    np.save(work / "x.npy", x)
    command = [compiler, "run", folder, "--reference", "--input", work / "x.npy"]
    subprocess.run([*command, "--output", work / "y.npy"], check=True)
    errors = [compare("interpreter", np.load(work / "y.npy"), wanted, INTERPRETER_LIMIT)]
    native = build(compiler, folder, work / "native", swap_mode=swap_mode)
    y, _ = native.forward(x)
    errors.append(compare("compiled", y, wanted, LIMIT))

    # A padded batch: what lies behind a sequence's length takes no part in its mean,
    # and its last step is its own.
    lengths = np.array([17, 61, 1])
    ragged = np.where(np.arange(61)[:, None] < lengths[:, None, None], x, np.nan)
    ragged = ragged.astype(np.float32)
    y, _ = native.forward(ragged, lengths)
    for row, n in enumerate(lengths):
        got = y[row] if native.pooled else y[row, :n]
        errors.append(compare(f"of {n}", got, model(x[row, :n].astype(np.float64)), LIMIT))
    if native.bidirectional:
        shape = (len(LENGTHS), max(LENGTHS), native.features)
        check_whole(
            native,
            rng.standard_normal(shape).astype(np.float32),
            lambda number, *flags: build(
                compiler, folder, work / f"other{number}", *flags, swap_mode=swap_mode
            ),
            expect,
        )
    else:
        y, records = native.forward(x[:1])
        check_bits(native, x[:1], y, records, True, expect)
    print(name, *errors, flush=True)
    return failures


def main() -> int:
    compiler, library, work, *names = sys.argv[1:]
    swap_mode, failed = load_mode_switch(library), 0
    names = names or list(MODELS)
    for name in names:
        failures = check(compiler, swap_mode, pathlib.Path(work) / name, name)
        failed += bool(failures)
        for failure in failures:
            print(f"  failed: {name}: {failure}")
    print(f"{len(names)} models, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
