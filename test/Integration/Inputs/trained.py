"""Calls a compiled model in training mode through its C interface."""

import ctypes
import re
import threading

import numpy as np
from native import Native

BODY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32)
FOR = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p
)


class Executor(ctypes.Structure):
    """An ssmc_executor of Python's threads; `refuses`: it fails after a while."""

    _fields_ = [
        ("workers", ctypes.c_int32), ("parallel_for", FOR), ("yield_", ctypes.c_void_p),
    ]  # fmt: skip

    def __init__(self, workers: int, refuses: bool = False):
        def parallel_for(_, count, body, context):
            if refuses:
                return 1
            call = BODY(body)
            threads = [threading.Thread(target=call, args=(context, i, i)) for i in range(count)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return 0

        super().__init__(workers, FOR(parallel_for), None)


class Trained:
    """A model that was compiled with --train."""

    def __init__(self, native: Native, header: str):
        self.native = native
        entry = re.compile(r"^ \* +(\d+)  (\S+): (\d+) features", re.MULTILINE)
        self.norms = {m[2]: (int(m[1]), int(m[3])) for m in entry.finditer(header)}
        name = native.name
        self.statistics_bytes = int(
            re.search(rf"#define {name}_STATISTICS_BYTES (\d+)", header)[1])  # fmt: skip
        native.function("train_workspace_bytes").restype = ctypes.c_size_t
        native.function("train_workspace_bytes").argtypes = [
            ctypes.c_int64, ctypes.c_int64, ctypes.c_int32,
        ]  # fmt: skip

    def train(self, x, keys, statistics=None, workers=0, refuses=False):
        """y and the new statistics; `statistics`: those before, or None."""
        native = self.native
        batch, length = x.shape[:2]
        x, y = np.ascontiguousarray(x), native.answers(batch, length)
        new = native.memory(self.statistics_bytes)
        size = native.function("train_workspace_bytes")(batch, length, max(workers, 1))
        ws = native.memory(size)
        executor = Executor(workers, refuses) if workers else None
        pointer = np.frombuffer(executor, np.uint8) if executor else None
        if keys is not None:
            keys = np.ascontiguousarray(keys, np.uint32)
        native.call("train_forward", statistics, new, keys, x, y, batch, length,
                    pointer, ws, ws.size)  # fmt: skip
        if native.overruns():
            raise RuntimeError("train_forward wrote beyond its memory")
        return y, new

    def unpack(self, statistics: np.ndarray) -> dict[str, np.ndarray]:
        """Named as in safetensors files."""
        tensors = {}
        for path, (offset, features) in self.norms.items():
            numbers = statistics[offset : offset + 8 * features].view(np.float32)
            tensors[path + ".running_mean"] = numbers[:features]
            tensors[path + ".running_var"] = numbers[features:]
            end = offset + 8 * features
            tensors[path + ".first_time"] = statistics[end : end + 4].view(np.int32)[0] != 0
        return tensors
