"""Calls a compiled model through its C interface.

Memory that a call may write lies between guards, and what it has no business to
read is NaN: see Native.guards and Native.chunk.
"""

import ctypes
import pathlib
import re
import subprocess

import numpy as np

GUARD, SPOILT = 64, 0xFF  # bytes of 0xFF are NaN, as floats and as doubles
MODE_FLAGS = 0x3F  # MXCSR: exceptions that have occurred


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """The same bits; NaNs are alike."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    bits = np.int64 if a.dtype.itemsize == 8 else np.int32
    nans = np.isnan(a) & np.isnan(b)
    return bool(np.all((a.view(bits) == b.view(bits)) | nans))


class Native:
    """A shared library that `ssmc compile --emit=shared,header` wrote.

    With `swap_mode` (of fpmode.c), calls are made in the floating-point mode
    `mode`, which must be there again afterwards.
    """

    def __init__(self, prefix: pathlib.Path, name: str, swap_mode=None):
        header = prefix.with_suffix(".h").read_text()

        def macro(suffix: str) -> int:
            return int(re.search(rf"#define {name}_{suffix} (\d+)", header)[1])

        self.align = macro("ALIGN")
        self.features, self.outputs = macro("INPUT_FEATURES"), macro("OUTPUT_FEATURES")
        self.pooled = bool(macro("POOLED"))
        self.dtype = np.int32 if f"typedef int32_t {name}_in_t" in header else np.float32
        entry = re.compile(r"^ \* +(\d+)  (\S+): (?:(\d+) )?(.*)\)", re.MULTILINE)
        self.layout = {m[2]: (int(m[1]), int(m[3] or 1), m[4]) for m in entry.finditer(header)}
        self.bidirectional = f"{name}_forward_workspace_bytes" in header
        self.state_bytes = 0 if self.bidirectional else macro("STATE_BYTES")
        self.library = ctypes.CDLL(str(prefix.with_suffix(".so")))
        self.name, self.swap_mode, self.mode, self.guarded = name, swap_mode, None, []
        self.function("strerror").restype = ctypes.c_char_p
        self.declare()

    def declare(self) -> None:
        self.function("workspace_bytes").restype = ctypes.c_size_t
        self.function("workspace_bytes").argtypes = [ctypes.c_int64, ctypes.c_int32]
        if self.bidirectional:
            self.function("forward_workspace_bytes").restype = ctypes.c_size_t
            self.function("forward_workspace_bytes").argtypes = [ctypes.c_int64, ctypes.c_int32]

    def function(self, suffix: str):
        return getattr(self.library, f"{self.name}_{suffix}")

    def call(self, suffix: str, *arguments) -> None:
        """An int is passed as int64_t, everything else as a pointer."""
        values = [a.ctypes.data if isinstance(a, np.ndarray) else a for a in arguments]
        types = [
            ctypes.c_int64(v) if isinstance(a, int) else ctypes.c_void_p(v)
            for a, v in zip(arguments, values, strict=True)
        ]
        function = self.function(suffix)
        if self.mode is None:
            status = function(*types)
        else:
            before = self.swap_mode(self.mode)
            status = function(*types)
            after = self.swap_mode(before)
            if after & ~MODE_FLAGS != self.mode:
                raise RuntimeError(f"{suffix}: mode {self.mode:#x} became {after:#x}")
        if status:
            raise RuntimeError(f"{suffix}: {self.function('strerror')(status).decode()}")

    # -- Memory ----------------------------------------------------------------

    def memory(self, size: int) -> np.ndarray:
        """`size` spoilt bytes at an aligned address, between guards."""
        whole = np.full(size + 2 * GUARD + self.align, SPOILT, np.uint8)
        start = GUARD + -(whole.ctypes.data + GUARD) % self.align
        self.guarded.append((whole, start, start + size))
        return whole[start : start + size]

    def overruns(self) -> bool:
        """Whether a guard was written over since the last question."""
        hit = any(
            (whole[:start] != SPOILT).any() or (whole[end:] != SPOILT).any()
            for whole, start, end in self.guarded
        )
        self.guarded.clear()
        return hit

    def workspace(self, streams: int) -> np.ndarray:
        return self.memory(self.function("workspace_bytes")(streams, 1))

    def records(self, streams: int) -> np.ndarray:
        """Records of streams that have seen nothing: (streams, STATE_BYTES)."""
        records = self.memory(streams * self.state_bytes).reshape(streams, self.state_bytes)
        self.call("state_reset", records, 0, streams)
        return records

    def answers(self, *shape: int) -> np.ndarray:
        """Memory for y: (n, T, outputs), or (n, outputs) if pooled or T is absent."""
        shape = (shape[0], self.outputs) if self.pooled else (*shape, self.outputs)
        size = int(np.prod(shape)) * 4
        return self.memory(size).view(np.float32).reshape(shape)

    @staticmethod
    def panels(record: np.ndarray, offset: int, shape: tuple[int, ...]) -> np.ndarray:
        numbers = record[offset : offset + int(np.prod(shape)) * 4].view(np.float32)
        return numbers.reshape(shape)

    def unpack(self, record: np.ndarray, path: str) -> np.ndarray:
        """A state in a record, in the layout of the golden files."""
        offset, size, kind = self.layout[path]
        width = np.dtype({"float": "f4", "double": "f8", "int64_t": "i8"}[kind.split("(")[1]])
        # Panels of 16 lanes of v (of channels), in each rows of k (of re and im of modes).
        if matrix := re.match(r"matrices of (\d+) x (\d+)", kind):
            v, k = int(matrix[1]), int(matrix[2])
            parts = self.panels(record, offset, (size, -(-v // 16), k, 16))
            return parts.transpose(0, 1, 3, 2).reshape(size, -1, k)[:, :v].copy()
        if channels := re.match(r"complex modes of each of (\d+)", kind):
            h = int(channels[1])
            parts = self.panels(record, offset, (-(-h // 16), size, 2, 16))
            return parts.transpose(0, 3, 1, 2).reshape(-1, size, 2)[:h].copy()
        if "complex" not in kind:
            return record[offset : offset + size * 8].view(width)
        planes = 2 if "oscillators" in kind else 1
        groups = -(-size // 8)
        parts = record[offset : offset + planes * groups * 16 * width.itemsize].view(width)
        modes = parts.reshape(planes, groups, 2, 8).transpose(1, 3, 0, 2)
        modes = np.ascontiguousarray(modes.reshape(groups * 8, planes, 2)[:size])
        return modes if planes == 2 else modes[:, 0].copy()

    # -- Calls -----------------------------------------------------------------

    def forward(self, x: np.ndarray, lengths=None) -> tuple[np.ndarray, np.ndarray]:
        """x is (B, L, F), or tokens (B, L); returns y and the final states, if any."""
        batch, length = x.shape[:2]
        x, y = np.ascontiguousarray(x), self.answers(batch, length)
        if self.bidirectional:
            ws = self.memory(self.function("forward_workspace_bytes")(length, 1))
            self.call("forward", x, y, batch, lengths, length, None, None, ws, ws.size)
            return y, None
        records, ws = self.records(batch), self.workspace(batch)
        self.call("forward", x, y, batch, lengths, length, records, None, ws, ws.size)
        return y, records

    def chunk(self, records, ids, x, lengths=None, ws=None) -> np.ndarray:
        """Goes on from the records: x is (n, T, ...), ids and lengths are (n)."""
        n, steps = x.shape[:2]
        ws = self.workspace(n) if ws is None else ws
        x, y = np.ascontiguousarray(x), self.answers(n, steps)
        self.call("chunk", records, ids, n, lengths, steps, x, y, None, ws, ws.size)
        return y

    def step(self, records, ids, x, ws=None) -> np.ndarray:
        """One time step: x is (n, ...)."""
        ws = self.workspace(len(x)) if ws is None else ws
        x, y = np.ascontiguousarray(x), self.answers(len(x))
        self.call("step", records, ids, len(x), x, y, None, ws, ws.size)
        return y

    def pieces(self, x: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
        """`forward` in chunks of `steps` time steps, or by `step` if that is 0."""
        batch, length = x.shape[:2]
        records, ws = self.records(batch), self.workspace(batch)
        parts = []
        for start in range(0, length, steps or 1):
            if steps:
                parts.append(self.chunk(records, None, x[:, start : start + steps], None, ws))
            else:
                y = self.step(records, None, x[:, start], ws)
                parts.append(y if self.pooled else y[:, None])
        return (parts[-1] if self.pooled else np.concatenate(parts, axis=1)), records


def load_mode_switch(library: str):
    swap_mode = ctypes.CDLL(library).swap_mode
    swap_mode.argtypes, swap_mode.restype = [ctypes.c_uint], ctypes.c_uint
    return swap_mode


def build(compiler, model, prefix, *options, swap_mode=None, kind=Native) -> Native:
    """Compiles to a shared library and opens it; `kind`: as what."""
    command = [compiler, "compile", model, "-o", prefix, "--name", "model"]
    command += ["--emit", "shared,header", *options]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"status {result.returncode}: {result.stderr}")
    return kind(pathlib.Path(prefix), "model", swap_mode)
