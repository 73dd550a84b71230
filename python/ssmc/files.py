"""Files that other programs may be reading."""

from __future__ import annotations

import os
import pathlib

__all__ = ["replace_file"]


def replace_file(file: pathlib.Path, content: bytes) -> None:
    """Writes a file in one step: never half of it, nor beside an old half."""
    partial = file.with_name(file.name + ".partial")
    try:
        partial.write_bytes(content)
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)
