"""Weights that come at run time on the emulated device.

    late_weights.py COMPILER DRIVER GOLDENS WORK CASE... [--OPTION=VALUE...]

Options are the compiler's. For every case in the folder GOLDENS: outputs and records of
two sets of weights, in one open model, are to the last bit those of objects that were
compiled with them, in whole sequences, in chunks side by side, and step by step with
the set changing in between; saved states go to objects with the same weights, for CPUs,
too, and to no other set; files that are damaged or of another model are refused, and
leave the sets alone. Prints a line per case.
"""

import ctypes
import pathlib
import sys

import cuda
import native
import numpy as np
from native import Native, same
from runtime_weights import others
from safetensors.numpy import load_file, save_file

MESSAGE, E_BLOB_MODEL = 300, 8
FORMAT, TENSOR, SHAPE, NAN = 11, 12, 13, 14


class Late(cuda.Cuda):
    """An open model whose calls take the set of weights in `weights`."""

    weights = None

    def load(self, path) -> int:
        return self.load_bytes(path.read_bytes())

    def load_bytes(self, file: bytes) -> int:
        # Files may begin anywhere.
        data = np.frombuffer(b"\0" + file, np.uint8)[1:]
        weights, message = ctypes.c_void_p(1), ctypes.create_string_buffer(MESSAGE)
        status = self.function("cuda_load")(
            self.handle, ctypes.byref(weights), ctypes.c_void_p(data.ctypes.data),
            ctypes.c_size_t(data.size), message, ctypes.c_size_t(MESSAGE))  # fmt: skip
        if status:
            if weights.value is not None:
                raise RuntimeError("there is a set after an error")
            raise Refused(status, message.value.decode(errors="replace"))
        return weights.value

    def unload(self, weights) -> None:
        Native.call(self, "cuda_unload", weights)

    def call(self, suffix, *arguments) -> None:
        if suffix != "state_reset":
            arguments = (self.weights, *arguments)
        super().call(suffix, *arguments)


class Refused(Exception):
    pass


def saved(model, record, *weights) -> np.ndarray:
    blob = np.zeros(model.state_bytes + 32, np.uint8)
    Native.call(model, "state_save", *weights, np.ascontiguousarray(record), blob, blob.size)
    return blob


def reopen(prefix, driver, kind=cuda.Cuda, **settings):
    with cuda.environment(ir=prefix.with_suffix(".nvvm.ll"), **settings):
        return kind(prefix, "model", driver)


class Check:
    def __init__(self, compiler, driver, model, work, options):
        self.driver, self.model, self.work = driver, model, work
        self.failures = []
        self.files = [model / "model.safetensors", work / f"{model.name}-b.safetensors"]
        others(*self.files)
        self.prefixes = [work / f"{model.name}-{kind}" for kind in ("late", "a", "b")]
        json = model / "model.json"
        for prefix, weights in zip(self.prefixes, ["runtime", *self.files], strict=True):
            arguments = ["--weights", str(weights), *options]
            cuda.build(compiler, json, prefix, driver, *arguments).close()
        self.cpu = native.build(compiler, model, work / f"{model.name}-cpu")

    def expect(self, holds: bool, what: str) -> None:
        if not holds:
            self.failures.append(what)

    def run(self, x) -> None:
        for processors in (1, 4):  # a thread block per stream; chunks side by side
            late = reopen(self.prefixes[0], self.driver, Late, multiprocessors=processors)
            fixed = [
                reopen(prefix, self.driver, multiprocessors=processors)
                for prefix in self.prefixes[1:]
            ]
            sets = [late.load(file) for file in self.files]
            self.sequences(late, sets, fixed, x)
            self.in_turn(late, sets, fixed, x)
            self.refusals(late, sets, x)
            for weights in sets:
                late.unload(weights)
            for model in (late, *fixed):
                model.close()

    def sequences(self, late, sets, fixed, x) -> None:
        answers = []
        for weights, model in zip(sets, fixed, strict=True):
            late.weights = weights
            (y, records), (z, ours) = model.forward(x), late.forward(x)
            self.expect(same(y, z) and np.array_equal(records, ours), "forward differs")
            y, records = model.pieces(x, 7)
            z, ours = late.pieces(x, 7)
            self.expect(same(y, z) and np.array_equal(records, ours), "chunks differ")
            blob = saved(late, ours[0], weights)
            self.expect(np.array_equal(blob, saved(model, records[0])), "saved states differ")
            answers.append(y)
        self.expect(not same(*answers), "both sets give the same")

    def in_turn(self, late, sets, fixed, x) -> None:
        """The set changes between steps of the same streams; a third one comes and goes."""
        records, wanted = late.records(len(x)), fixed[0].records(len(x))
        for t in range(min(9, x.shape[1])):
            late.weights = sets[t % 2]
            y = fixed[t % 2].step(wanted, None, x[:, t])
            self.expect(same(y, late.step(records, None, x[:, t])), f"step {t} differs")
            late.unload(late.load(self.files[t % 2]))
        self.expect(np.array_equal(records, wanted), "records after steps differ")

    def refusals(self, late, sets, x) -> None:
        late.weights = sets[0]
        y, records = late.forward(x)
        blob = saved(late, records[0], sets[0])
        into = late.memory(late.state_bytes)
        Native.call(self.cpu, "state_load", into, blob, blob.size)
        self.expect(np.array_equal(into, records[0]), "a CPU loads another state")
        try:
            Native.call(late, "state_load", sets[1], into, blob, blob.size)
            self.failures.append("a state of other weights was loaded")
        except RuntimeError as error:
            self.expect("other weights" in str(error), str(error))
        for status, file in self.bad_files():
            try:
                late.load_bytes(file)
                self.failures.append("a bad file was loaded")
            except Refused as error:
                self.expect(error.args[0] == status and error.args[1], f"{error.args}, {status}")
        other = reopen(self.prefixes[0], self.driver, Late)
        for weights, wanted in ((None, "null pointer"), (sets[0], "not a set of weights")):
            other.weights = weights
            try:
                other.step(other.records(1), None, x[:1, 0])
                self.failures.append(f"no error: {wanted}")
            except RuntimeError as error:
                self.expect(wanted in str(error), str(error))
        other.close()
        z, _ = late.forward(x)
        self.expect(same(y, z), "the set has changed")

    def bad_files(self):
        file = self.files[0].read_bytes()
        for cut in (0, 7, 40, len(file) - 1):
            yield FORMAT, file[:cut]
        yield FORMAT, file[:8] + b"[" + file[9:]
        yield FORMAT, file + b"\0"
        tensors = load_file(self.files[0])
        name = next(n for n, t in tensors.items() if t.dtype == np.float32 and t.size > 1)
        target = self.work / "bad.safetensors"
        for status, change in (
            (TENSOR, lambda t: t.pop(name)),
            (TENSOR, lambda t: t.update({"more": t[name]})),
            (SHAPE, lambda t: t.update({name: t[name][None]})),
            (SHAPE, lambda t: t.update({name: t[name].astype(np.float16)})),
            (NAN, lambda t: t.update({name: t[name] * np.float32(np.nan)})),
        ):
            changed = dict(tensors)
            change(changed)
            save_file(changed, target)
            yield status, target.read_bytes()


def main() -> None:
    compiler, library, goldens, work, *names = sys.argv[1:]
    options = [name for name in names if name.startswith("--")]
    driver = cuda.load_driver(library)
    for name in names:
        if name in options:
            continue
        folder = pathlib.Path(goldens) / name
        case = Check(compiler, driver, folder, pathlib.Path(work), options)
        x = load_file(folder / "case.safetensors")["x"].astype(case.cpu.dtype)
        case.run(np.ascontiguousarray(x[None, :50]))
        print(f"{name}: {', '.join(case.failures) or 'the same'}", flush=True)


if __name__ == "__main__":
    main()
