"""Training-mode forward of discretax 0.3.0 in plain NumPy, with JAX's random numbers.

As recurrence.py, in float64, for batches (B, L, F) with one key per element:
BatchNorm takes the batch into its statistics and divides by the new ones, dropout
draws its masks. test/data/training is what discretax computed.
"""

import numpy as np

import recurrence
from recurrence import LAYERS, MIXERS, block_of, gelu, half_glu, scope

BATCH_NORM_MOMENTUM = 0.99  # eqx.nn.BatchNorm default


# -- JAX's random numbers ------------------------------------------------------


def threefry2x32(key, high, low):
    """Threefry-2x32 with 20 rounds (Salmon et al. 2011): JAX's generator.

    `key` is two uint32; `high` and `low`, arrays of uint32, are the counters.
    """
    k0, k1 = (np.uint32(word) for word in key)
    keys = (k0, k1, k0 ^ k1 ^ np.uint32(0x1BD11BDA))
    rotations = ((13, 15, 26, 6), (17, 29, 16, 24))
    x, y = high + k0, low + k1
    for i in range(5):
        for r in rotations[i % 2]:
            x = x + y
            y = ((y << np.uint32(r)) | (y >> np.uint32(32 - r))) ^ x
        x = x + keys[(i + 1) % 3]
        y = y + keys[(i + 2) % 3] + np.uint32(i + 1)
    return x, y


def counters(count):
    """The numbers below `count` as two arrays of uint32: high, low."""
    numbers = np.arange(count, dtype=np.uint64)
    return (numbers >> np.uint64(32)).astype(np.uint32), numbers.astype(np.uint32)


def split(key, count):
    """jax.random.split with jax_threefry_partitionable (the default): (count, 2)."""
    with np.errstate(over="ignore"):
        return np.stack(threefry2x32(key, *counters(count)), axis=-1)


def bernoulli(key, p, shape):
    """jax.random.bernoulli: a uniform float32 of 23 bits, in C order, below p."""
    with np.errstate(over="ignore"):
        high, low = threefry2x32(key, *counters(int(np.prod(shape))))
    uniform = ((high ^ low) >> np.uint32(9)).astype(np.float64) * 2.0**-23
    return (uniform < np.float32(p)).reshape(shape)


# -- Blocks --------------------------------------------------------------------


def norm(config, params, x):
    """What `recurrence.norm` gives with new statistics, and these."""
    if config.get("norm", "batch") == "layer":
        return recurrence.norm(config, params, x), {}
    mean = x.mean(axis=(0, 1))
    variance = ((x - mean) ** 2).mean(axis=(0, 1))  # biased
    if not params["first_time"]:
        keep = BATCH_NORM_MOMENTUM
        mean = (1 - keep) * mean + keep * params["running_mean"]
        variance = (1 - keep) * variance + keep * params["running_var"]
    new = {"running_mean": mean, "running_var": variance}
    return recurrence.norm(config, params | new, x), new | {"first_time": np.array(False)}


def drop(x, keys, drop_rate):
    """x (B, L, H) with the entries that each element's key keeps over 1 - drop_rate; the
    others are 0. A rate of 0 uses no keys."""
    if drop_rate == 0:
        return x
    keep = np.float32(1) - np.float32(drop_rate)
    mask = np.stack([bernoulli(key, keep, x.shape[1:]) for key in keys])
    return np.where(mask, x / (1 - drop_rate or 1.0), 0.0)


def standard_block(config, params, x, keys):
    """y and the new statistics."""
    sequence, channel = config["sequence_mixer"], config["channel_mixer"]
    prenorm, rate = config.get("prenorm", True), config.get("drop_rate", 0.1)
    first, second = np.stack([split(key, 3)[1:] for key in keys], axis=1)

    u, statistics = norm(config, scope(params, "norm"), x) if prenorm else (x, {})
    inner = scope(params, "sequence_mixer")
    u = np.stack([MIXERS[sequence["target"]](sequence, inner, row)[0] for row in u])
    dropped, inner = drop(gelu(u), first, rate), scope(params, "channel_mixer")
    if channel["target"] == "HalfGLU":
        u = half_glu(channel, inner, dropped, u)
    else:
        u = MIXERS[channel["target"]](channel, inner, dropped)
    y = x + drop(u, second, rate)  # one entry per step of a mixer of one output
    if not prenorm:
        y, statistics = norm(config, scope(params, "norm"), y)
    return y, {f"norm.{name}": value for name, value in statistics.items()}


def training_forward(config, tensors, x, keys, dtype=np.float64):
    """One training-mode call on a batch x (B, L, F) or (B, L) with keys (B, 2).

    Returns y and the new statistics, by the names of the tensors they replace.
    """
    params = {name: np.asanyarray(value, dtype) for name, value in tensors.items()}
    x = x if np.issubdtype(x.dtype, np.integer) else x.astype(dtype)
    statistics, layers = {}, config["layers"]
    # Sequential splits a key by its layers, a model its own by its blocks.
    layer_keys = np.stack([split(key, len(layers)) for key in keys], axis=1)
    for i, layer in enumerate(layers):
        path, kind = f"layers.{i}", LAYERS[layer["target"]]
        if kind is recurrence.standard_block:
            blocks = [(path, layer, layer_keys[i])]
        elif kind is recurrence.model:
            number = layer.get("num_blocks", 4)
            block = block_of(layer) | {"drop_rate": layer.get("drop_rate", 0.1)}
            its_keys = [split(key, number) for key in layer_keys[i]]
            blocks = [
                (f"{path}.blocks.{j}", block, [keys[j] for keys in its_keys]) for j in range(number)
            ]
        else:
            x, _ = kind(layer, scope(params, path), x)
            continue
        for its_path, block, block_keys in blocks:
            x, new = standard_block(block, scope(params, its_path), x, block_keys)
            statistics |= {f"{its_path}.{name}": value for name, value in new.items()}
    return x, statistics
