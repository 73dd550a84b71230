"""The CUDA driver through ctypes: arrays on the device, and launches."""

import ctypes
import os

import numpy as np


class DeviceError(RuntimeError):
    pass


class Device:
    """Device 0 of the driver in a library, with the kernels of a file of LLVM IR."""

    def __init__(self, library, ir):
        os.environ["SSMC_SIMT_IR"] = str(ir)
        self.driver = ctypes.CDLL(str(library))
        self.module, context = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("cuInit", 0)
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), 0)
        self.call("cuCtxPushCurrent_v2", context)
        self.call("cuModuleLoadData", ctypes.byref(self.module), b"image")

    def call(self, name, *arguments):
        error = getattr(self.driver, name)(*arguments)
        if error:
            raise DeviceError(f"{name}: {error}")

    def put(self, array):
        """A copy of an array on the device: its address."""
        array = np.ascontiguousarray(array)
        address = self.empty(array.nbytes)
        self.call("cuMemcpyHtoD_v2", address, array.ctypes.data_as(ctypes.c_void_p),
                  ctypes.c_size_t(array.nbytes))  # fmt: skip
        return address

    def empty(self, size):
        address = ctypes.c_void_p()
        self.call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(size))
        return address

    def get(self, address, shape, dtype=np.float32):
        array = np.empty(shape, dtype)
        self.call("cuMemcpyDtoH_v2", array.ctypes.data_as(ctypes.c_void_p), address,
                  ctypes.c_size_t(array.nbytes))  # fmt: skip
        return array

    def launch(self, name, grid, block, shared, *arguments):
        """Arguments: addresses, and ints for i64. The grid: x, or (x, y)."""
        function = ctypes.c_void_p()
        self.call("cuModuleGetFunction", ctypes.byref(function), self.module, name.encode())
        if shared > 48 * 1024:
            self.call("cuFuncSetAttribute", function, 8, shared)
        values = [ctypes.c_int64(a) if isinstance(a, int) else a for a in arguments]
        pointers = (ctypes.c_void_p * max(len(values), 1))(
            *(ctypes.cast(ctypes.byref(v), ctypes.c_void_p) for v in values)
        )
        x, y = grid if isinstance(grid, tuple) else (grid, 1)
        sizes = [ctypes.c_uint(n) for n in (x, y, 1, block, 1, 1, shared)]
        self.call("cuLaunchKernel", function, *sizes, None, pointers, None)

    def close(self):
        self.call("cuModuleUnload", self.module)


def orders(seeds=4):
    """Settings of the environment for every order that is worth a try."""
    for order in ["forward", "reverse", *(f"random:{seed}" for seed in range(seeds))]:
        os.environ["SSMC_SIMT_ORDER"] = order
        yield order
    del os.environ["SSMC_SIMT_ORDER"]
