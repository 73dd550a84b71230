"""Calls a compiled model through its C interface."""

import ctypes
import pathlib
import re
import subprocess

import numpy as np

OK = 0


def aligned(size: int, alignment: int) -> np.ndarray:
    """Zeroed bytes at an aligned address."""
    memory = np.zeros(size + alignment, np.uint8)
    start = -memory.ctypes.data % alignment
    return memory[start : start + size]


class Native:
    """A shared library that `ssmc compile --emit=shared,header` wrote."""

    def __init__(self, prefix: pathlib.Path, name: str):
        header = prefix.with_suffix(".h").read_text()

        def macro(suffix: str) -> int:
            return int(re.search(rf"#define {name.upper()}_{suffix} (\d+)", header)[1])

        self.align, self.state_bytes = macro("ALIGN"), macro("STATE_BYTES")
        self.features, self.outputs = macro("INPUT_FEATURES"), macro("OUTPUT_FEATURES")
        self.pooled = bool(macro("POOLED"))
        self.library = ctypes.CDLL(str(prefix.with_suffix(".so")))
        self.name = name
        self.function("strerror").restype = ctypes.c_char_p
        self.function("workspace_bytes").restype = ctypes.c_size_t
        self.function("workspace_bytes").argtypes = [ctypes.c_int64, ctypes.c_int32]

    def function(self, suffix: str):
        return getattr(self.library, f"{self.name}_{suffix}")

    def call(self, suffix: str, *arguments) -> None:
        values = [a.ctypes.data if isinstance(a, np.ndarray) else a for a in arguments]
        types = [
            ctypes.c_int64(v) if isinstance(a, int) else ctypes.c_void_p(v)
            for a, v in zip(arguments, values, strict=True)
        ]
        status = self.function(suffix)(*types)
        if status != OK:
            raise RuntimeError(f"{suffix}: {self.function('strerror')(status).decode()}")

    def workspace(self, streams: int) -> np.ndarray:
        return aligned(self.function("workspace_bytes")(streams, 1), self.align)

    def records(self, streams: int) -> np.ndarray:
        records = aligned(streams * self.state_bytes, self.align)
        records[:] = 0xA5  # what nobody cleared must not matter
        self.call("state_reset", records, 0, streams)
        return records

    def forward(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """x is (B, L, F), or tokens (B, L); returns y and the final states."""
        batch, length = x.shape[:2]
        shape = (batch, self.outputs) if self.pooled else (batch, length, self.outputs)
        x, y = np.ascontiguousarray(x), np.full(shape, np.nan, np.float32)
        records, ws = self.records(batch), self.workspace(batch)
        self.call("forward", x, y, batch, None, length, records, None, ws, ws.size)
        return y, records

    def chunks(self, x: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
        """The same in calls of at most `steps` time steps; 0: by `step`."""
        batch, length = x.shape[:2]
        records, ws = self.records(batch), self.workspace(batch)
        parts = []
        for start in range(0, length, steps or 1):
            part = np.ascontiguousarray(x[:, start : start + (steps or 1)])
            now = part.shape[1]
            shape = (batch, self.outputs) if self.pooled else (batch, now, self.outputs)
            y = np.full(shape, np.nan, np.float32)
            if steps:
                arguments = (records, None, batch, None, now, part, y)
                self.call("chunk", *arguments, None, ws, ws.size)
            else:
                self.call("step", records, None, batch, part, y, None, ws, ws.size)
            parts.append(y)
        return (parts[-1] if self.pooled else np.concatenate(parts, axis=1)), records


def build(compiler: str, model: pathlib.Path, prefix: pathlib.Path, *options: str) -> Native:
    command = [compiler, "compile", model, "-o", prefix, "--name", "model"]
    subprocess.run([*command, "--emit", "shared,header", *options], check=True)
    return Native(prefix, "model")
