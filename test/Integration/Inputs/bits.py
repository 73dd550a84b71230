"""However a sequence is computed, the bits are the same."""

import numpy as np
from native import Native, same

# MXCSR with all exceptions masked: as programs start; denormals flushed; rounding
# up, down and to zero; all at once.
MODES = [0x1F80, 0x9FC0, 0x5F80, 0x3F80, 0x7F80, 0x9FC0 | 0x4000]
STREAMS, SPARE = 31, 3
PREFIX = 60  # time steps: two chunks and a tail


def check_cuts(native: Native, x, y, states, expect) -> None:
    """One stream (1, L, ...) in calls of any length."""
    length = x.shape[1]
    for steps in sorted({0, 1, 2, 7, 64, length}):
        y2, states2 = native.pieces(x, steps)
        how = f"chunks of {steps}" if steps else "step"
        expect(same(y, y2), f"forward and {how} differ")
        expect(np.array_equal(states, states2), f"states after forward and {how} differ")


def companions(native: Native, x, rng) -> tuple[np.ndarray, np.ndarray]:
    """A batch of beginnings: copies of the stream x (1, L, ...) in ten places, and
    others; two of them hold NaN and infinity. Returns it and the places."""
    x = x[:, :PREFIX]
    places = np.sort(rng.choice(STREAMS, 10, replace=False))
    batch = np.repeat(x, STREAMS, axis=0)
    others = np.setdiff1d(np.arange(STREAMS), places)
    for row in others:
        if native.dtype == np.int32:
            batch[row] = rng.integers(-40, 40, x.shape[1:])
        else:
            scale = np.abs(x).max(initial=0) or 1.0
            batch[row] = scale * rng.standard_normal(x.shape[1:]).astype(np.float32)
    if native.dtype != np.int32:
        batch[others[3], x.shape[1] // 3 :, 0] = np.nan
        batch[others[8], x.shape[1] // 2, -1] = np.inf
    return batch, places


def check_company(native: Native, x, rng, expect) -> None:
    """A stream's place, company and moments, and the caller's mode, do not matter."""
    batch, places = companions(native, x, rng)
    alone = [native.forward(batch[row : row + 1]) for row in range(STREAMS)]
    y = np.concatenate([one[0] for one in alone])
    states = np.concatenate([one[1] for one in alone])
    expect(all(same(y[places[0]], y[row]) for row in places), "copies differ")
    native.mode = rng.choice(MODES)
    y2, states2 = native.forward(batch)
    expect(same(y, y2), "the place in a batch matters")
    finite = np.isfinite(y.reshape(STREAMS, -1)).all(axis=1)
    expect(np.array_equal(states[finite], states2[finite]), "states in a batch differ")
    y2, states2 = tick_at_random(native, batch, rng, expect)
    expect(same(y[..., -1:, :], y2[..., -1:, :]), "last answers of streams that tick at random")
    expect(native.pooled or same(y, y2), "answers of streams that tick at random differ")
    expect(np.array_equal(states[finite], states2[finite]), "states after random ticks differ")
    native.mode = None
    check_lengths(native, batch, rng, expect)


def tick_at_random(native: Native, batch, rng, expect):
    """Each stream in its own time: subsets in any order, by step and by chunks of
    different lengths, in any floating-point mode."""
    length = batch.shape[1]
    records, ws = native.records(STREAMS + SPARE), native.workspace(STREAMS)
    unused = records.copy()
    place = rng.permutation(STREAMS + SPARE)[:STREAMS]
    y = np.zeros((STREAMS, native.outputs) if native.pooled else
                 (STREAMS, length, native.outputs), np.float32)  # fmt: skip
    seen = np.zeros(STREAMS, np.int64)
    while (seen < length).any():
        who = rng.permutation(np.flatnonzero(seen < length))
        who = who[: rng.integers(1, len(who) + 1)]
        native.mode = rng.choice(MODES)
        if rng.random() < 0.5:
            lengths = np.ones(len(who), np.int64)
            answer = native.step(records, place[who], batch[who, seen[who]], ws)
            answer = answer if native.pooled else answer[:, None]
        else:
            steps = rng.integers(1, length + 1)
            lengths = np.minimum(rng.integers(0, steps + 1, len(who)), length - seen[who])
            part = spoilt(native, (len(who), steps, *batch.shape[2:]))
            for b, (row, n) in enumerate(zip(who, lengths, strict=True)):
                part[b, :n] = batch[row, seen[row] : seen[row] + n]
            answer = native.chunk(records, place[who], part, lengths, ws)
        for b, (row, n) in enumerate(zip(who, lengths, strict=True)):
            if native.pooled:
                y[row] = answer[b]
            else:
                y[row, seen[row] : seen[row] + n] = answer[b, :n]
        seen[who] += lengths
    rest = np.setdiff1d(np.arange(STREAMS + SPARE), place)
    expect(np.array_equal(records[rest], unused[rest]), "other streams' states were touched")
    return y, records[place]


def spoilt(native: Native, shape) -> np.ndarray:
    """Inputs that would be noticed if they were read."""
    if native.dtype == np.int32:
        return np.full(shape, 2**31 - 1, np.int32)
    return np.full(shape, np.nan, np.float32)


def check_lengths(native: Native, batch, rng, expect) -> None:
    """What lies behind `lengths` is neither read nor written."""
    length = batch.shape[1]
    lengths = rng.integers(1, length + 1, STREAMS)
    ragged = spoilt(native, batch.shape)
    for row, n in enumerate(lengths):
        ragged[row, :n] = batch[row, :n]
    y, _ = native.forward(ragged, lengths)
    for row, n in enumerate(lengths):
        alone = native.forward(batch[row : row + 1, :n])[0][0]
        mine = y[row] if native.pooled else y[row, :n]
        expect(same(alone, mine), f"a length of {n} in a batch of {length} steps matters")
        if not native.pooled:
            expect((y[row, n:].view(np.uint8) == 0xFF).all(), "wrote behind the length")


def check_bad_input(native: Native, x, y, has_state: bool, expect, by_steps=True) -> None:
    """NaN or infinity in a stream is neither lost nor does it go back in time, in whole
    sequences and, `by_steps`, one step after the other, with the same bits."""
    if native.dtype == np.int32:
        return
    middle = x.shape[1] // 2
    for value, feature in ((np.nan, 0), (np.inf, -1), (-np.inf, 0)):
        bad = x.copy()
        bad[0, middle, feature] = value
        answers = {"forward": native.forward(bad)[0]}
        if by_steps:
            answers["step"] = native.pieces(bad, 0)[0]
        for how, y2 in answers.items():
            if native.pooled:
                expect(not np.isfinite(y2).any(), f"{how}: {value} was lost: {y2[0]}")
                continue
            expect(same(y[:, :middle], y2[:, :middle]), f"{how}: {value} went back in time")
            after = y2[0, middle:] if has_state else y2[0, middle : middle + 1]
            expect(not np.isfinite(after).any(), f"{how}: {value} was lost, in {after[0]} or later")
            if np.isnan(value):
                expect(np.isnan(after).all(), f"{how}: NaN became infinity")


def check_bits(native: Native, x, y, states, has_state: bool, expect, spreads=True) -> None:
    """All of the above for one stream x (1, L, ...), its answers and final states;
    `spreads`: whether each feature has an influence on each output."""
    rng = np.random.default_rng(x.size)
    check_cuts(native, x, y, states, expect)
    check_company(native, x, rng, expect)
    if spreads:
        check_bad_input(native, x, y, has_state, expect)
    expect(not native.overruns(), "wrote beyond y, the states or the workspace")
