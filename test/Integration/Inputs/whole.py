"""What bidirectional models promise: they run whole sequences, with the same bits
however these are grouped and whatever the code was compiled with, and nothing else.
"""

import numpy as np
from bits import MODES, spoilt
from native import Native, same

LENGTHS = (1, 2, 4, 5, 6, 23, 24, 25, 49, 97, 130)
OPTIONS = (
    ("--chunk", "5", "--tile", "2x1", "--target", "x86-64-v3"),
    ("--chunk", "24", "--target", "x86-64-v3"),
    ("--chunk", "1"),
)


def refusals(native: Native) -> list[str]:
    """The functions that a bidirectional model must not run, but does."""
    state, ws = native.memory(1 << 12), native.memory(1 << 20)
    blob, y = native.memory(state.size + 32), native.answers(1, 1)
    x = np.zeros(native.features, np.float32)
    calls = {
        "state_reset": (state, 0, 1),
        "state_save": (state, blob, blob.size),
        "state_load": (state, blob, blob.size),
        "step": (state, None, 1, x, y, None, ws, ws.size),
        "chunk": (state, None, 1, None, 1, x, y, None, ws, ws.size),
        "forward": (x, y, 1, None, 1, state, None, ws, ws.size),
    }
    run = []
    for name, arguments in calls.items():
        try:
            native.call(name, *arguments)
            run.append(name)
        except RuntimeError as error:
            if "whole sequences only" not in str(error):
                run.append(f"{name} ({error})")
    if native.function("workspace_bytes")(1, 1) != 0:
        run.append("workspace_bytes")
    return run


def check_whole(native: Native, x, compile_other, expect, spreads=True) -> None:
    """`x`: a sequence for each of LENGTHS. `compile_other` compiles the same model with
    options, as one of a number. `spreads`: whether the last step's first feature has an
    influence on each output."""
    expect(not (run := refusals(native)), f"run: {run}")
    alone = [native.forward(x[i : i + 1, :n])[0][0] for i, n in enumerate(LENGTHS)]

    def compare(other: Native, what: str) -> None:
        ragged = spoilt(other, x.shape)
        for row, n in enumerate(LENGTHS):
            ragged[row, :n] = x[row, :n]
        y, _ = other.forward(ragged, np.array(LENGTHS))
        for row, n in enumerate(LENGTHS):
            mine = y[row] if other.pooled else y[row, :n]
            expect(same(alone[row], mine), f"{what}: a length of {n} differs")
            if not other.pooled:
                behind = y[row, n:].view(np.uint8)
                expect((behind == 0xFF).all(), f"{what}: wrote behind the length")
        expect(not other.overruns(), f"{what}: wrote beyond y or the workspace")

    compare(native, "a batch")
    for mode in MODES:
        native.mode = mode
        compare(native, f"mode {mode:#x}")
    native.mode = None
    for number, options in enumerate(OPTIONS):
        compare(compile_other(number, *options), " ".join(options))
    # What comes late is seen by what comes early, and NaN is not lost.
    if spreads and x.dtype != np.int32:
        late = x[:1].copy()
        late[0, -1, 0] = np.nan
        y, _ = native.forward(late)
        expect(np.isnan(y).all(), "NaN in the last step was lost")
    # A workspace for fewer steps is too small; its size is told.
    needed = native.function("forward_workspace_bytes")
    expect(needed(130, 1) > needed(129, 1) > 0, "the workspace does not grow with the length")
    ws = native.memory(needed(129, 1))
    try:
        native.call("forward", x, native.answers(1, 130), 1, None, 130, None, None, ws, ws.size)
        expect(False, "ran in too small a workspace")
    except RuntimeError as error:
        expect("workspace too small" in str(error), f"too small a workspace: {error}")
    native.overruns()
