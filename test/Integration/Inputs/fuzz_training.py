"""Training-mode forward of a random configuration against NumPy in f64."""

import numpy as np
import training
from golden import allowed, distance
from rounding import MARGIN, draws

from training_recurrence import training_forward


def errors(result, wanted) -> dict[str, float]:
    """Of y and each statistic, of (y, statistics); statistics relative to 1 at least."""
    found = {"y": distance(result[0], wanted[0])}
    for name, value in wanted[1].items():
        got = np.asarray(result[1][name], np.float64)
        scale = max(1, np.abs(value).max(initial=0))
        error = np.abs(got - value).max(initial=0) / scale
        found[name] = float(error) if np.isfinite(error) else np.inf
    return found


def check_call(check, x, keys, tensors, result, what: str) -> bool:
    """Whether the reference is finite; `check` fails if `result` is too far from it."""

    def compute(tensors, dtype=np.float64):
        return training_forward(check.config, tensors, x, keys, dtype)

    statistics, wanted = result[1], compute(tensors)
    if not max(np.abs(value).max(initial=0) for value in (wanted[0], *wanted[1].values())) < 1e30:
        return False
    check.expect("train", statistics.keys() == wanted[1].keys(), f"{what}: {sorted(statistics)}")
    found = errors(result, wanted)
    single, rounded = None, None
    for name, error in found.items():
        kind = "train-y" if name == "y" else "train-statistics"
        check.errors[kind] = max(error, check.errors.get(kind, 0))
        if error <= (training.Y_LIMIT if name == "y" else training.STATISTICS_LIMIT):
            continue
        single = single or errors(compute(tensors, np.float32), wanted)
        rounded = rounded or draws(lambda summed: errors(compute(summed), wanted), tensors)
        plain = allowed(single[name]) if name == "y" else single[name]
        limit = max(plain, MARGIN * max(draw[name] for draw in rounded))
        check.expect("train", error <= limit, f"{what}: {name}: {error:.2e}, allowed {limit:.2e}")
    return True


def check_training(check) -> None:
    """Two calls, the second with the statistics of the first; then the bits."""
    rng, x, tensors = check.rng, check.x, check.tensors
    keys = rng.integers(0, 2**32, (len(x), 2), np.uint32)
    target = ("--target", check.config["options"]["target"])
    trained = training.compile_trained(
        check.compiler, check.work, check.work, check.swap_mode, *target)  # fmt: skip
    y, new = trained.train(x, keys)
    if not check_call(check, x, keys, tensors, (y, trained.unpack(new)), "first call"):
        return
    y2, newer = trained.train(x, keys, new)
    moved = tensors | trained.unpack(new)
    check_call(check, x, keys, moved, (y2, trained.unpack(newer)), "second call")
    failures = []

    def expect(holds: bool, what: str) -> None:
        if not holds:
            failures.append(what)

    training.check_bits(trained, x, keys, None, y, new, rng, expect)
    check.expect("train", not failures, "; ".join(failures))
