"""floor.py BUILD: the speed of an emitted object against jax.jit(discretax).

LinearEncoder 1->64, S5 of hidden 64, 4 blocks and state_dim 64,
ClassificationHead 10; one sequence of 784 steps; one thread on one core. The
two and the FMA peak take turns, round after round, in one process, so that a
busy machine hits all of them. Prints times, their ratio, and the share of the
peak. Exit status 1 if the answers differ or ours is not twice as fast.
"""

import ctypes
import os
import pathlib
import statistics
import subprocess
import sys
import time

os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import equinox as eqx  # noqa: E402
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from discretax.encoder import LinearEncoder  # noqa: E402
from discretax.heads import ClassificationHead  # noqa: E402
from discretax.models import S5  # noqa: E402

import ssmc  # noqa: E402

HIDDEN, BLOCKS, STATE, CLASSES, LENGTH = 64, 4, 64, 10, 784
ROUNDS, REPEATS = 15, 10
FLOOR = 2.0


def flops() -> int:
    """Multiply-adds of the products, the scan and the head; no gelu, no sigmoid."""
    modes = STATE // 2  # S5 keeps one of each conjugate pair
    block = 8 * HIDDEN * modes + 4 * HIDDEN * HIDDEN + 8 * modes
    return LENGTH * (BLOCKS * block + 2 * HIDDEN + HIDDEN) + 2 * HIDDEN * CLASSES


def make():
    """The model in inference mode, with statistics as after training."""

    def parts():
        keys = jax.random.split(jax.random.PRNGKey(0), 3)
        return eqx.nn.Sequential(
            [
                LinearEncoder(in_features=1, out_features=HIDDEN, key=keys[0]),
                S5(hidden_dim=HIDDEN, num_blocks=BLOCKS, state_dim=STATE, key=keys[1]),
                ClassificationHead(in_features=HIDDEN, out_features=CLASSES, key=keys[2]),
            ]
        )

    model, state = eqx.nn.make_with_state(parts)()
    rng = np.random.default_rng(1)
    for block in model.layers[1].blocks:
        mean = jnp.asarray(rng.normal(0, 0.1, HIDDEN), jnp.float32)
        variance = jnp.asarray(rng.uniform(0.5, 1.5, HIDDEN), jnp.float32)
        state = state.set(block.norm.ema_state_index, (mean, variance))
        state = state.set(block.norm.ema_first_time_index, jnp.asarray(False))
    return eqx.nn.inference_mode(model), state


def jax_program(model, state, x):
    """What a user of discretax runs: the whole model under jit, compiled."""
    x = jax.device_put(x)

    @eqx.filter_jit
    def forward(model, state, x):
        return model(x, state, key=jax.random.PRNGKey(0))[0]

    compiled = forward.lower(model, state, x).compile()
    return lambda: np.asarray(compiled(model, state, x).block_until_ready())


def our_program(build: pathlib.Path, folder: pathlib.Path, x: np.ndarray):
    """Compiles the exported model and calls it through its C interface."""
    command = [build / "bin/ssmc", "compile", folder, "-o", folder / "floor", "--name", "floor"]
    subprocess.run([*command, "--target", "native"], check=True)
    library = folder / "floor.so"
    subprocess.run(["clang-22", "-shared", folder / "floor.o", "-o", library], check=True)
    functions = ctypes.CDLL(str(library))
    functions.floor_workspace_bytes.restype = ctypes.c_size_t
    functions.floor_workspace_bytes.argtypes = [ctypes.c_int64, ctypes.c_int32]
    size = functions.floor_workspace_bytes(1, 1)
    memory = np.empty(size + 64, np.uint8)
    workspace = memory.ctypes.data + (-memory.ctypes.data) % 64
    y = np.empty((1, CLASSES), np.float32)
    arguments = (
        ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data), ctypes.c_int64(1), None,
        ctypes.c_int64(LENGTH), None, None, ctypes.c_void_p(workspace), ctypes.c_size_t(size),
    )  # fmt: skip

    def run():
        status = functions.floor_forward(*arguments)
        if status:
            raise SystemExit(f"floor_forward: status {status}")
        return y[0]

    run.keep = (memory, functions)
    return run


def peak_program(folder: pathlib.Path):
    library = folder / "fmapeak.so"
    source = pathlib.Path(__file__).with_name("fmapeak.c")
    flags = ["-O3", "-march=native", "-shared", "-fPIC"]
    subprocess.run(["clang-22", *flags, source, "-o", library], check=True)
    function = ctypes.CDLL(str(library)).fma_peak
    function.restype = ctypes.c_double
    sink = (ctypes.c_float * 16)()
    return lambda: function(sink)


def seconds(run) -> float:
    start = time.perf_counter()
    for _ in range(REPEATS):
        run()
    return (time.perf_counter() - start) / REPEATS


def main() -> int:
    build = pathlib.Path(sys.argv[1]).resolve()
    folder = build / "bench" / "floor"
    model, state = make()
    ssmc.export(model, state, folder)
    x = np.random.default_rng(2).standard_normal((LENGTH, 1)).astype(np.float32)
    theirs, ours = jax_program(model, state, x), our_program(build, folder, x)
    peak = peak_program(folder)

    wanted, got = theirs(), ours().copy()
    error = float(np.abs(got - wanted).max() / np.abs(wanted).max())
    times = {"jax.jit(discretax)": [], "ssmc": []}
    peaks = []
    for _ in range(ROUNDS):
        times["jax.jit(discretax)"].append(seconds(theirs))
        times["ssmc"].append(seconds(ours))
        peaks.append(peak())

    top = max(peaks)
    print(f"S5 64x4, state 64, {LENGTH} steps, batch 1, one thread; FMA peak {top:.1f} GFLOP/s")
    print(f"{'':20} {'min':>10} {'median':>10} {'of peak (min)':>14}")
    for name, values in times.items():
        share = flops() / min(values) * 1e-9 / top
        print(
            f"{name:20} {1e6 * min(values):7.0f} us {1e6 * statistics.median(values):7.0f} us"
            f" {share:13.1%}"
        )
    least = min(times["jax.jit(discretax)"]) / min(times["ssmc"])
    rounds = [a / b for a, b in zip(*times.values(), strict=True)]
    typical = statistics.median(rounds)
    print(f"ssmc is {least:.2f} times as fast (minima), {typical:.2f} (median of the rounds)")
    print(f"largest difference of the answers, relative: {error:.1e}")
    return 0 if typical >= FLOOR and error < 1e-4 else 1


if __name__ == "__main__":
    sys.exit(main())
