"""Calls a model compiled for GPUs through its C interface.

What the device sees is copied there and back for every call, so that all of it
works with any driver; the emulated one notices what lies outside.
"""

import contextlib
import ctypes
import os
import pathlib
import subprocess

import numpy as np
from native import SPOILT, Native

ORDERS = ("forward", "reverse", "random:1")


def load_driver(path):
    """Before a model is opened: it then finds this library by its name."""
    driver = ctypes.CDLL(str(path))
    driver.cuInit(0)
    return driver


@contextlib.contextmanager
def environment(**variables):
    """Settings of the emulated device: SSMC_SIMT_NAME for name=value."""
    names = {f"SSMC_SIMT_{name.upper()}": str(value) for name, value in variables.items()}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class Cuda(Native):
    """A shared library with a model's object; like Native, but on a device."""

    def __init__(self, prefix: pathlib.Path, name: str, driver):
        super().__init__(prefix, name)
        self.driver, self.handle, self.arrays = driver, ctypes.c_void_p(), []
        self.context = ctypes.c_void_p()
        self.check(driver.cuDevicePrimaryCtxRetain(ctypes.byref(self.context), 0))
        self.check(driver.cuCtxPushCurrent_v2(self.context))
        # Unless said otherwise a multiprocessor has room for one thread block: a few
        # streams then fill the device, and go by whole streams.
        places = os.environ.get("SSMC_SIMT_MULTIPROCESSORS", "4")
        with environment(resident=os.environ.get("SSMC_SIMT_RESIDENT", places)):
            Native.call(self, "cuda_open", ctypes.addressof(self.handle), 0)

    def declare(self) -> None:
        self.function("cuda_workspace_bytes").restype = ctypes.c_size_t

    def close(self) -> None:
        Native.call(self, "cuda_close", self.handle.value)

    def check(self, error: int) -> None:
        if error:
            raise RuntimeError(f"the driver says {error}")

    # -- Memory ----------------------------------------------------------------

    def memory(self, size: int) -> np.ndarray:
        whole = np.full(size + self.align, SPOILT, np.uint8)
        start = -whole.ctypes.data % self.align
        return whole[start : start + size]

    def put(self, array, copy_back=False):
        """The address of a copy of an array on the device; None: NULL."""
        if array is None:
            return None
        array = np.ascontiguousarray(array)
        address = ctypes.c_void_p()
        self.check(self.driver.cuMemAlloc_v2(ctypes.byref(address), ctypes.c_size_t(array.nbytes)))
        size = ctypes.c_size_t(array.nbytes)
        self.check(self.driver.cuMemcpyHtoD_v2(address, ctypes.c_void_p(array.ctypes.data), size))
        self.arrays.append((address, array if copy_back else None))
        return address.value

    def call(self, suffix: str, *arguments) -> None:
        """Runs a function, waits, copies back what may have been written."""
        try:
            Native.call(self, f"cuda_{suffix}", self.handle.value, *arguments, None)
            self.check(self.driver.cuStreamSynchronize(None))
            for address, array in self.arrays:
                if array is not None:
                    to, size = ctypes.c_void_p(array.ctypes.data), ctypes.c_size_t(array.nbytes)
                    self.check(self.driver.cuMemcpyDtoH_v2(to, address, size))
        finally:
            for address, _ in self.arrays:
                self.driver.cuMemFree_v2(address)
            self.arrays.clear()

    def workspace(self, streams: int) -> int:
        return streams

    def workspace_bytes(self, streams: int, steps: int) -> int:
        return self.function("cuda_workspace_bytes")(
            self.handle, ctypes.c_int64(streams), ctypes.c_int64(steps)
        )

    def is_cut(self, streams: int, steps: int) -> bool:
        """Whether the workspace has room for pieces of sequences, besides records."""
        return self.workspace_bytes(streams, steps) > streams * self.state_bytes

    def device_workspace(self, streams: int, steps: int):
        size = self.workspace_bytes(streams, steps)
        return (self.put(self.memory(size)) if size else None), size

    def records(self, streams: int) -> np.ndarray:
        records = self.memory(streams * self.state_bytes).reshape(streams, self.state_bytes)
        self.call("state_reset", self.put(records, copy_back=True), 0, streams)
        return records

    # -- Calls -----------------------------------------------------------------

    def forward(self, x: np.ndarray, lengths=None) -> tuple[np.ndarray, np.ndarray]:
        batch, steps = x.shape[:2]
        y = self.answers(batch, steps)
        records = self.memory(batch * self.state_bytes).reshape(batch, self.state_bytes)
        self.call("forward", self.put(x), self.put(y, True), batch, self.put(lengths), steps,
                  self.put(records, True), *self.device_workspace(batch, steps))  # fmt: skip
        return y, records

    def chunk(self, records, ids, x, lengths=None, ws=None) -> np.ndarray:
        n, steps = x.shape[:2]
        y = self.answers(n, steps)
        self.call("chunk", self.put(records, True), self.put(ids), n, self.put(lengths), steps,
                  self.put(x), self.put(y, True), *self.device_workspace(n, steps))  # fmt: skip
        return y

    def step(self, records, ids, x, ws=None) -> np.ndarray:
        y = self.answers(len(x))
        self.call("step", self.put(records, True), self.put(ids), len(x), self.put(x),
                  self.put(y, True), *self.device_workspace(len(x), 1))  # fmt: skip
        return y


def build(compiler, model, prefix, driver, *options) -> Cuda:
    """Compiles for GPUs and opens the model on the emulated device."""
    prefix = pathlib.Path(prefix)
    command = [compiler, "compile", model, "-o", prefix, "--name", "model"]
    command += ["--target", "cuda:compute_80", "--emit", "obj,header,nvvm", *options]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"status {result.returncode}: {result.stderr}")
    link = ["cc", "-shared", prefix.with_suffix(".o"), "-o", prefix.with_suffix(".so")]
    subprocess.run(link, check=True)
    with environment(ir=prefix.with_suffix(".nvvm.ll")):
        return Cuda(prefix, "model", driver)
