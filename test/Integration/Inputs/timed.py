"""Calls models that take a time delta per step: dt is the last feature of x."""

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
            parts = [np.ascontiguousarray(part) for part in (x[..., :-1], x[..., -1])]
            arguments = [*arguments[:place], *parts, *arguments[place + 1 :]]
        super().call(suffix, *arguments)


def with_time(x: np.ndarray, dt: np.ndarray) -> np.ndarray:
    """x (..., F) and dt (...) as Timed takes them."""
    return np.concatenate([x, dt[..., None]], axis=-1).astype(np.float32)
