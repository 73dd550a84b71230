"""Arrays of a checkpoint by dotted path: where they come from, and what is wrong with them."""

from __future__ import annotations

import pathlib
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

__all__ = ["Checkpoint", "ConvertError", "read_checkpoint"]

MAX_LISTED = 8

# A size of a shape; one that may be any has a name, for messages.
Size = int | str


class ConvertError(ValueError):
    """The checkpoint lacks a tensor, or holds what model.json cannot say."""


class Checkpoint:
    """The arrays by dotted path, in float32 or float64; knows which nobody asked for."""

    def __init__(self, tree: Mapping[str, Any]):
        """`tree`: arrays, nested or flat with paths of `/` or `.`.

        Raises:
            ConvertError: an array holds something else than numbers that a float can hold.
        """
        self.arrays = dict(_flatten(tree, ""))
        self.left = set(self.arrays)

    def has(self, path: str) -> bool:
        """A tensor of this path, or below it."""
        return path in self.arrays or any(name.startswith(f"{path}.") for name in self.arrays)

    def take(self, name: str, *legal: tuple[Size, ...]) -> np.ndarray:
        """The tensor, which must have one of the shapes.

        Raises:
            ConvertError: there is none, or one of another shape.
        """
        if name not in self.arrays:
            raise ConvertError(f"the checkpoint has no tensor {name}; {self._siblings(name)}")
        array = self.arrays[name]
        if not any(_fits(array.shape, shape) for shape in legal):
            expected = " or ".join(_format(shape) for shape in dict.fromkeys(legal))
            raise ConvertError(f"{name} has shape {_format(array.shape)}; expected {expected}")
        self.left.discard(name)
        return array

    def count(self, pattern: str) -> int:
        """How many numbers match; they are 0, 1, ... without a gap."""
        found = {int(m[1]) for name in self.arrays if (m := re.match(pattern, name))}
        if found != set(range(len(found))):
            raise ConvertError(f"layers are numbered {sorted(found)}; expected 0, 1, ...")
        return len(found)

    def expect_nothing_left(self, model: str) -> None:
        if self.left:
            raise ConvertError(f"nothing reads {_list(self.left)}; expected {model} and no more")

    def _siblings(self, name: str) -> str:
        """What there is instead, next to the tensor or to what it would be part of."""
        parent = name
        while parent:
            parent = parent.rpartition(".")[0]
            prefix = f"{parent}." if parent else ""
            rest = [n[len(prefix) :] for n in self.arrays if n.startswith(prefix)]
            if rest:
                return f"{parent or 'it'} has {_list({n.partition('.')[0] for n in rest})}"
        return "it is empty"


def _fits(shape: tuple[int, ...], legal: tuple[Size, ...]) -> bool:
    return len(shape) == len(legal) and all(
        isinstance(wanted, str) or size == wanted for size, wanted in zip(shape, legal, strict=True)
    )


def _format(shape: tuple[Size, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _list(names: Iterable[str]) -> str:
    """Some of them, layers_2 before layers_10."""

    def key(name: str) -> list[str]:
        return [part.zfill(9) if part.isdigit() else part for part in re.split(r"(\d+)", name)]

    ordered = sorted(names, key=key)
    more = f" and {len(ordered) - MAX_LISTED} more" if len(ordered) > MAX_LISTED else ""
    return ", ".join(ordered[:MAX_LISTED]) + more


def _flatten(node: Any, path: str) -> Iterable[tuple[str, np.ndarray]]:
    if isinstance(node, Mapping):
        for name, child in node.items():
            name = str(name).replace("/", ".")
            yield from _flatten(child, f"{path}.{name}" if path else name)
        return
    array = np.asarray(node)
    if array.dtype.kind != "f" and array.dtype.name != "bfloat16":
        raise ConvertError(f"{path} holds {array.dtype}; expected floats")
    with np.errstate(over="ignore"):
        narrow = array.astype(np.float32)
    for wrong, expected in (
        (np.isnan(narrow), "numbers (infinity is one)"),
        (np.isinf(narrow) & ~np.isinf(array), "numbers that a float can hold, or infinity"),
    ):
        if wrong.any():
            place = np.unravel_index(wrong.argmax(), array.shape)
            index = ",".join(map(str, place))
            raise ConvertError(f"{path} is {array[place]:g} at [{index}]; expected {expected}")
    yield path, array.astype(np.float64) if array.dtype.itemsize >= 8 else narrow


def read_checkpoint(file: str | pathlib.Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz or .safetensors file by their names in it.

    Raises:
        ConvertError: the file is neither, or damaged.
        OSError: it cannot be read.
    """
    file = pathlib.Path(file)
    if file.suffix not in _READERS:
        raise ConvertError(f"has the suffix {file.suffix!r}; expected .npz or .safetensors")
    try:
        return _READERS[file.suffix](file)
    except (ValueError, EOFError, KeyError, NotImplementedError, RuntimeError,
            zipfile.BadZipFile, zlib.error, safetensors.SafetensorError) as error:  # fmt: skip
        reason = " ".join(str(error).split())
        raise ConvertError(f"is no whole {file.suffix} file: {reason}") from error


def _read_npz(file: pathlib.Path) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(file):  # NumPy takes all else for a pickle
        pass
    with np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


_READERS = {".npz": _read_npz, ".safetensors": safetensors.numpy.load_file}
