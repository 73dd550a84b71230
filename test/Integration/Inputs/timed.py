"""Calls models that take a time delta per step: dt is the last feature of x.

Of token models, whose x is (B, L), it is the second number of (B, L, 2), its bits.
"""

import numpy as np
from native import Native

PLACE_OF_X = {"forward": 0, "chunk": 5, "step": 3}


class Timed(Native):
    """Like Native, with one feature more: what works there works here, and what
    must not be read (behind lengths) is not read of dt either."""

    def declare(self) -> None:
        super().declare()
        self.features += 1

    def call(self, suffix: str, *arguments) -> None:
        if suffix in PLACE_OF_X:
            place = PLACE_OF_X[suffix]
            x = arguments[place]
            dt = np.ascontiguousarray(x[..., -1]).view(np.float32)
            x = x[..., 0] if x.dtype == np.int32 else x[..., :-1]
            parts = [np.ascontiguousarray(x), dt]
            arguments = [*arguments[:place], *parts, *arguments[place + 1 :]]
        super().call(suffix, *arguments)


def with_time(x: np.ndarray, dt: np.ndarray) -> np.ndarray:
    """x (..., F), or tokens (...), and dt (...) as Timed takes them."""
    if x.dtype == np.int32:
        return np.stack([x, dt.astype(np.float32).view(np.int32)], axis=-1)
    return np.concatenate([x, dt[..., None]], axis=-1).astype(np.float32)
