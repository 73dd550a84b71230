"""Runs kernels.ll on the emulated device.

    run_kernels.py DRIVER IR TEST

Prints what the test wants to see.
"""

import json
import os
import sys

import numpy as np
from device import Device, DeviceError, orders

THREADS = 128


def scan(device):
    """A chunked scan with barriers: the same bits in every order, and right."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, THREADS)).astype(np.float32)
    y = device.empty(x.nbytes)
    device.launch("scan", 5, THREADS, 4 * THREADS, device.put(x), y)
    result = device.get(y, x.shape)
    wanted = np.cumsum(x.astype(np.float64), axis=1)
    print("error", "small" if np.abs(result - wanted).max() < 1e-4 else result)
    return result.tobytes()


def look_back(device, chunks=50, draw=1):
    """Blocks wait for each other; fewer may be resident than there are."""
    x = np.arange(chunks, dtype=np.float32)
    out, zeros = device.empty(x.nbytes), np.zeros(chunks + 1, np.int32)
    flags, ticket = device.put(zeros), device.put(zeros)
    device.launch("look_back", chunks, 64, 0, device.put(x), out, flags, ticket, draw)
    wanted = np.zeros(chunks, np.float32)
    for i in range(chunks):
        wanted[i] = x[i] + (np.float32(0.5) * wanted[i - 1] if i else 0)
    result = device.get(out, chunks)
    print("chain", "right" if np.array_equal(result, wanted) else result)
    return result.tobytes()


def flag_too_early(device):
    words = [device.put(np.zeros(1, np.int32)) for _ in range(3)]
    device.launch("flag_too_early", 2, 1, 0, *words)
    return int(device.get(words[2], 1, np.int32)[0])


def warp(device):
    x = np.arange(64, dtype=np.float32)
    y, z, ballot = device.empty(8), device.empty(256), device.empty(4)
    device.launch("warp", 1, 64, 0, device.put(x), y, z, ballot)
    print("sums", *device.get(y, 2), "votes", hex(device.get(ballot, 1, np.uint32)[0]))
    print("below", *device.get(z, 64, np.int32)[[0, 1, 31, 32, 33]])


def multiply(device):
    x = device.put(np.array([1e-30, 1e-10], np.float32))
    for kernel in ("multiply_flushed", "multiply_exactly"):
        y = device.empty(4)
        device.launch(kernel, 1, 1, 0, x, y)
        print(kernel, "0" if device.get(y, 1)[0] == 0 else "not 0")


def to_words(a, b, c, tf32):
    """Fragments of mma.sync as the PTX manual places them, a row per lane."""
    words = np.zeros((32, 10), np.uint32)
    group, place = np.divmod(np.arange(32), 4)
    for i in range(4):
        row, part = group + i % 2 * 8, i // 2
        if tf32:
            words[:, i] = a[row, place + 4 * part].view(np.uint32)
        else:
            pair = [a[row, 2 * place + 8 * part + u].view(np.uint32) for u in (0, 1)]
            words[:, i] = pair[0] >> 16 | pair[1] & 0xFFFF0000
        words[:, 6 + i] = c[group + i // 2 * 8, 2 * place + i % 2].view(np.uint32)
    for i in range(2):
        if tf32:
            words[:, 4 + i] = b[place + 4 * i, group].view(np.uint32)
        else:
            pair = [b[2 * place + 8 * i + u, group].view(np.uint32) for u in (0, 1)]
            words[:, 4 + i] = pair[0] >> 16 | pair[1] & 0xFFFF0000
    return words


def mma_once(device, a, b, c, tf32):
    sums, d = device.empty(4 * 32 * 4), np.zeros((16, 8), np.float32)
    device.launch("mma", 1, 32, 0, device.put(to_words(a, b, c, tf32)), sums, int(tf32))
    lanes = device.get(sums, (32, 4))
    group, place = np.divmod(np.arange(32), 4)
    for i in range(4):
        d[group + i // 2 * 8, 2 * place + i % 2] = lanes[:, i]
    return d


def mma(device):
    """Small integers come out exactly; what is below the largest term's last bit is cut."""
    rng = np.random.default_rng(0)
    for name, depth in (("bf16", 16), ("tf32", 8)):
        a, b, c = (
            rng.integers(-99, 100, shape).astype(np.float32)
            for shape in ((16, depth), (depth, 8), (16, 8))
        )
        d = mma_once(device, a, b, c, depth == 8)
        print(name, "right" if np.array_equal(d, a @ b + c) else d - (a @ b + c))
        a, b, c = np.zeros_like(a), np.ones_like(b), np.ones_like(c)
        a[0], a[1, 0], a[2, 0], a[3, :2] = 2**-25, np.inf, np.nan, [2**24, 1]
        d = mma_once(device, a, b, c, depth == 8)
        print(name, *(float(value) for value in d[:4, 0]))


def round_floats(device):
    x = np.array([257, 259, 257.01, 2049, -2049, 1e-30, np.nan, np.inf] * 4, np.float32)
    bf16, tf32 = device.empty(128), device.empty(128)
    device.launch("round", 1, 32, 0, device.put(x), bf16, tf32)
    for name, words in (("bf16", bf16), ("tf32", tf32)):
        print(name, *(f"{value:g}" for value in device.get(words, 32)[:8]))


def same_value(device):
    y = device.empty(4 * THREADS)
    device.launch("same_value", 1, THREADS, 256, y)
    print("all see", *set(device.get(y, THREADS)))


def mistake(device, case):
    device.launch("mistake", 2, 64, 256, device.put(np.zeros(32, np.float32)), case)


def every_order(driver, ir, function):
    """Prints how many different results there are."""
    results = set()
    for order in orders():
        device = Device(driver, ir)
        results.add(function(device))
        device.close()
        print("order", order)
    print("results:", len(results))
    return results


def count(driver, ir, file):
    os.environ["SSMC_SIMT_COUNTS"] = file
    device = Device(driver, ir)
    x, y = device.put(np.zeros((2, THREADS), np.float32)), device.empty(8 * THREADS)
    device.launch("scan", 2, THREADS, 4 * THREADS, x, y)
    for stride in (1, 2, 32, 33):
        device.launch("columns", 1, 32, 32 * 33 * 4, y, stride)
    device.close()
    with open(file) as opened:
        counts = json.load(opened)
    for kernel in ("scan", "columns"):
        for what, value in counts[kernel].items():
            print(kernel, what, json.dumps(value, sort_keys=True))


def try_once(function):
    try:
        function()
    except DeviceError as error:
        print(error, flush=True)
        return 1
    return 0


def main():
    driver, ir, test, *rest = sys.argv[1:]
    if test == "count":
        return count(driver, ir, *rest)
    if test in ("scan", "look_back", "flag_too_early"):
        if rest:  # in this environment's order
            return try_once(lambda: look_back(Device(driver, ir), draw=int(rest[0])))
        results = every_order(driver, ir, globals()[test])
        if test == "flag_too_early":
            print("seen:", *sorted(results))
        return None
    return try_once(lambda: globals()[test](Device(driver, ir), *map(int, rest)))


if __name__ == "__main__":
    sys.exit(main())
