"""Weights that come at run time against weights in the object.

    runtime_weights.py COMPILER GOLDENS WORK CASE...

For every case in the folder GOLDENS, or among PAPERS, compiled both ways: what NAME_load packs is
what the compiler packs, to the last bit; so are outputs, states and saved states;
and a second set of weights is used beside the first one, in turn with it on the
same streams, and instead of it. Prints a line per case.
"""

import ctypes
import pathlib
import re
import subprocess
import sys

import numpy as np
from native import Native, same
from paper_models import S5
from papers import convert
from safetensors.numpy import load_file, save_file

MESSAGE = 300
E_BLOB_MODEL, E_WEIGHTS = 8, 10
PAPERS = {
    "layer-half-glu": {"batchnorm": False},
    "both-ways": {"batchnorm": False, "activation": "half_glu2", "bidirectional": (1,)},
}


class Late(Native):
    """A library whose functions take weights: those in `weights`."""

    weights = None

    def __init__(self, prefix, name, swap_mode=None):
        super().__init__(prefix, name, swap_mode)
        header = prefix.with_suffix(".h").read_text()
        sizes = [
            int(re.search(rf"#define {name}_{suffix} (\d+)", header)[1])
            for suffix in ("WEIGHTS_BYTES", "LOAD_WORKSPACE_BYTES")
        ]
        self.set_bytes, self.load_bytes = sizes

    def load(self, path) -> np.ndarray:
        weights, ws = self.memory(self.set_bytes), self.memory(self.load_bytes)
        # Files may begin anywhere.
        file = np.frombuffer(b"\0" + path.read_bytes(), np.uint8)[1:]
        message = ctypes.create_string_buffer(MESSAGE)
        status = self.function("load")(
            *[
                argument
                for memory in (weights, file, ws)
                for argument in (
                    ctypes.c_void_p(memory.ctypes.data),
                    ctypes.c_size_t(memory.size),
                )
            ],
            message,
            ctypes.c_size_t(MESSAGE),
        )
        if status or self.overruns():
            raise RuntimeError(f"load: {status} {message.value.decode()}")
        return weights

    def call(self, suffix, *arguments):
        if suffix != "state_reset":
            arguments = (self.weights, *arguments)
        super().call(suffix, *arguments)


def compile_model(compiler, model, prefix, *options) -> None:
    subprocess.run(
        [compiler, "compile", str(model), "-o", str(prefix), "--name", "m"]
        + ["--emit", "obj,header,shared", "--target", "x86-64-v3", *options],
        check=True,
        capture_output=True,
    )


def saved(model, record) -> bytes:
    blob = np.zeros(model.state_bytes + 32, np.uint8)
    model.call("state_save", np.ascontiguousarray(record), blob, blob.size)
    return blob.tobytes()


def others(path, where) -> pathlib.Path:
    """The weights of `path`, all a little larger."""
    tensors = load_file(path)
    for name, tensor in tensors.items():
        if tensor.dtype == np.float32:
            tensors[name] = tensor * np.float32(1.01)
    save_file(tensors, where)
    return where


def differences(late, fixed, sets, objects, x) -> list[str]:
    """`late` with each of `sets` against the model in `fixed` with the same."""
    failures = []
    results = []
    for model, weights, code in zip(fixed, sets, objects, strict=True):
        late.weights = weights
        if weights[64:].tobytes() not in code.read_bytes():
            failures.append("packed weights differ")
        (y, records), (z, others) = model.forward(x), late.forward(x)
        if not same(y, z) or not np.array_equal(records, others):
            failures.append("outputs or states differ")
        results.append(y)
        if not late.bidirectional and saved(model, records[0]) != saved(late, others[0]):
            failures.append("saved states differ")
    if same(*results):
        failures.append("both sets give the same")
    if late.bidirectional:
        late.weights = sets[0]
        if not same(late.forward(x)[0], results[0]):
            failures.append("the first set, again, differs")
        return failures
    # In turn, on the same streams.
    records, wanted = late.records(len(x)), fixed[0].records(len(x))
    for t in range(min(9, x.shape[1])):
        late.weights, model = sets[t % 2], fixed[t % 2]
        y, z = model.step(wanted, None, x[:, t]), late.step(records, None, x[:, t])
        if not same(y, z) or not (records == wanted).all():
            failures.append(f"step {t} differs")
            break
    return failures + refusals(late, sets, records)


def refusals(late, sets, records) -> list[str]:
    failures = []
    ruined = late.memory(late.set_bytes)
    ruined[:] = sets[0]
    ruined[16] ^= 1  # another configuration
    late.weights = ruined
    for weights, wanted in ((ruined, "not a set of weights"), (None, "null pointer")):
        late.weights = weights
        try:
            late.call("step", records, None, 0, None, None, None, None, 0)
            failures.append(f"no error: {wanted}")
        except RuntimeError as error:
            if wanted not in str(error):
                failures.append(str(error))
    late.weights = sets[0]
    blob = np.frombuffer(saved(late, records[0]), np.uint8)
    late.weights = sets[1]
    try:
        late.call("state_load", late.records(1)[0], blob, blob.size)
        failures.append("a state of other weights was loaded")
    except RuntimeError as error:
        if "other weights" not in str(error):
            failures.append(str(error))
    return failures


def paper(name: str, work) -> pathlib.Path:
    """A case of PAPERS, with the weights and inputs of its seed."""
    rng = np.random.default_rng(list(PAPERS).index(name))
    folder = work / name
    folder.mkdir()
    model = S5(rng, width=17, states=5, **PAPERS[name])
    case = convert(model, folder).rename(folder / name)
    x = rng.standard_normal((3, 61, model.features)).astype(np.float32)
    save_file({"x": x}, case / "case.safetensors")
    return case


def check(compiler, case, work) -> list[str]:
    prefixes = [work / f"{case.name}-{kind}" for kind in ("late", "a", "b")]
    files = [case / "model.safetensors", work / f"{case.name}.safetensors"]
    others(*files)
    compile_model(compiler, case / "model.json", prefixes[0], "--weights", "runtime")
    for prefix, file in zip(prefixes[1:], files, strict=True):
        compile_model(compiler, case / "model.json", prefix, "--weights", str(file))
    late = Late(prefixes[0], "m")
    sets = [late.load(file) for file in files]
    x = load_file(case / "case.safetensors")["x"].astype(late.dtype)
    batched = 3 - (late.dtype == np.int32)
    x = x.reshape(-1, *x.shape[1 - batched :]) if x.ndim >= batched else x[None]
    fixed = [Native(prefix, "m") for prefix in prefixes[1:]]
    objects = [prefix.with_suffix(".o") for prefix in prefixes[1:]]
    return differences(late, fixed, sets, objects, np.ascontiguousarray(x[:, :200]))


def main() -> None:
    compiler, goldens, work, *cases = sys.argv[1:]
    work = pathlib.Path(work)
    for name in cases:
        case = paper(name, work) if name in PAPERS else pathlib.Path(goldens) / name
        failures = check(compiler, case, work)
        print(f"{name}: {', '.join(failures) or 'the same'}")


if __name__ == "__main__":
    main()
