"""The Python side of ssmc, the compiler of state-space sequence models."""

from .export import ExportError, export

__all__ = ["ExportError", "export"]
