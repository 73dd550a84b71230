"""Runs a compiled scan and compares it with float64 NumPy.

check_scan.py LIBRARY FAMILY: the library has `scan.FAMILY` with MLIR's C
interface: (f, state, parameters...; y, new state).
check_scan.py DRIVER FAMILY IR: the LLVM IR has the kernel `scan_FAMILY`, to run
on the device of a CUDA driver; it takes the same buffers, then extents.

The coefficients expected are the textbook formulas, in complex form.
"""

import ctypes
import pathlib
import sys

import numpy as np

sys.path.append(str(pathlib.Path(__file__).parents[2] / "simt" / "Inputs"))

MODES, BATCH, LENGTH = 5, 2, 400
TOLERANCE = 1e-6  # of the largest element: float32 states, coefficients as if exact


def descriptor(array):
    """A memref descriptor: allocated, aligned, offset, sizes, strides."""
    strides = [s // array.itemsize for s in array.strides]
    fields = [("pointers", ctypes.c_void_p * 2), ("numbers", ctypes.c_int64 * (1 + 2 * array.ndim))]
    kind = type("Memref", (ctypes.Structure,), {"_fields_": fields})
    return kind((array.ctypes.data,) * 2, (0, *array.shape, *strides))


def s5(bilinear):
    def family(rng):
        # One eigenvalue above what clip_eigs allows, one with a tiny step.
        lambda_re = np.float32([-0.5, 0.3, -0.01, -2.0, -1e-3])
        lambda_im = np.float32(rng.uniform(0, 8, MODES))
        log_step = np.float32(rng.uniform(-6, 0, (MODES, 1)))
        eigenvalues = np.minimum(np.float64(lambda_re), -1e-4) + 1j * np.float64(lambda_im)
        z = eigenvalues * np.exp(np.float64(log_step[:, 0]))
        a = (1 + z / 2) / (1 - z / 2) if bilinear else np.exp(z)
        return [lambda_re, lambda_im, log_step], diagonal(a)

    return family


def lru(rng):
    nu_log = np.float32([-5.0, -4.0, 0.5, np.inf, -6.0])  # inf: an eigenvalue of 0
    theta_log = np.float32([1.8, 0.3, -np.inf, 0.2, 0.9])
    modulus = np.exp(-np.exp(np.float64(nu_log)))
    a = modulus * np.exp(1j * np.exp(np.float64(theta_log)))
    return [nu_log, theta_log], diagonal(a)


def linoss(scheme):
    def family(rng):
        # At the damped scheme's bounds and between them.
        a_diag = np.float32([0.5, -1.0, 2.0, 100.0, 0.05])
        steps = np.float32(rng.uniform(-2, 1, MODES))
        g_diag = np.float32([0.1, 1.0, -0.5, 3.0, 0.7])
        dt = 1 / (1 + np.exp(-np.float64(steps)))
        a, g = np.maximum(np.float64(a_diag), 0), np.maximum(np.float64(g_diag), 0)
        if scheme == "im":
            s = 1 + dt**2 * a
        elif scheme == "imex":
            a_diag, a, s = a_diag[[0, 1, 2, 4, 4]], a[[0, 1, 2, 4, 4]], np.ones(MODES)
        else:
            root = 2 * np.sqrt(1 + dt * g)
            low, high = (2 + dt * g - root) / dt**2, (2 + dt * g + root) / dt**2
            a, s = np.clip(np.float64(a_diag), low, high), 1 + dt * g
        parameters = [a_diag, steps] + [g_diag] * (scheme == "damped")
        return parameters, oscillator(1 / s, dt * a / s, dt)

    return family


def step_sizes(rng):
    """Coefficients of each time step."""
    nu = np.float32(rng.uniform(-1, 1, MODES))
    step = rng.uniform(0, 0.2, (BATCH, LENGTH, MODES))
    z = -np.exp(np.float64(nu)) * step
    return [step, nu], diagonal(np.exp(z) + 1j * np.sin(z))


def many_modes(rng):
    a = rng.uniform(0.1, 0.9, 200) * np.exp(1j * rng.uniform(0, 8, 200))
    return [a.real.copy(), a.imag.copy()], diagonal(a)


def diagonal(a):
    """`a`: (modes), or (batch, time, modes)."""
    modes = a.shape[-1]

    def run(f, state):
        x = state[:, 0] + 1j * state[:, 1]
        forcing = f[..., :modes] + 1j * f[..., modes:]
        y = np.empty_like(f)
        for t in range(f.shape[1]):
            x = (a[:, t] if a.ndim == 3 else a) * x + forcing[:, t]
            y[:, t] = np.concatenate([x.real, x.imag], axis=-1)
        return y, np.stack([x.real, x.imag], axis=1)

    return (BATCH, 2, modes), run


def oscillator(k1, k2, dt):
    def run(f, state):
        z, y = state[:, 0], state[:, 1]  # (batch, plane, mode)
        out = np.empty_like(f)
        for t in range(f.shape[1]):
            z = k1 * z - k2 * y + f[:, t].reshape(len(f), 2, MODES)
            y = y + dt * z
            out[:, t] = y.reshape(len(f), -1)
        return out, np.stack([z, y], axis=1)

    return (BATCH, 2, 2, MODES), run


FAMILIES = {
    "s5_zoh": s5(bilinear=False),
    "s5_bilinear": s5(bilinear=True),
    "lru": lru,
    "linoss_im": linoss("im"),
    "linoss_imex": linoss("imex"),
    "linoss_damped": linoss("damped"),
    "step_sizes": step_sizes,
    "many_modes": many_modes,
}


def load_library(library, family):
    """A function that runs the scan in a library on arrays."""
    function = getattr(ctypes.CDLL(library), f"_mlir_ciface_scan.{family}")

    def scan(f, state, parameters, y):
        arrays = [f, state, *parameters, y, state]
        function(*(ctypes.byref(descriptor(array)) for array in arrays))

    return scan


def load_kernel(driver, family, ir):
    """The same for a kernel."""
    from device import Device

    device = Device(driver, ir)

    def scan(f, state, parameters, y):
        # Extents that types leave open.
        extents = list(f.shape[:2])
        for parameter in parameters:
            extents += parameter.shape[:2] if varies(parameter) else ()
        new_state, output = device.put(state), device.empty(y.nbytes)
        buffers = [device.put(f), new_state, *map(device.put, parameters), output, new_state]
        modes = state.shape[-1]
        threads = 32 if modes <= 32 else 128
        grid = len(f), -(-modes // threads)
        device.launch(f"scan_{family}", grid, threads, 0, *buffers, *extents)
        y[:], state[:] = device.get(output, y.shape), device.get(new_state, state.shape)

    return scan


def varies(parameter):
    return parameter.ndim == 3


def main():
    library, family, *ir = sys.argv[1:]
    scan = (load_kernel if ir else load_library)(library, family, *ir)
    rng = np.random.default_rng(0)
    parameters, (state_shape, reference) = FAMILIES[family](rng)
    f = np.float32(rng.normal(size=(BATCH, LENGTH, 2 * state_shape[-1])))
    initial = np.float32(rng.normal(size=state_shape))

    def run(steps, state):
        """The output at some time steps; `state` becomes the new state."""
        part, *those = (
            np.ascontiguousarray(p[:, steps]) if varies(p) else p for p in (f, *parameters)
        )
        y = np.empty_like(part)
        scan(part, state, those, y)
        return y

    state = initial.copy()
    y = run(slice(None), state)
    expected_y, expected_state = reference(np.float64(f), np.float64(initial))
    for name, got, expected in [("y", y, expected_y), ("state", state, expected_state)]:
        error = np.abs(got - expected).max() / np.abs(expected).max()
        print(f"{name}: error {error:.1e}")
        assert error < TOLERANCE

    # Two chunks give the same bits as the whole.
    chunked = initial.copy()
    halves = [run(slice(7), chunked), run(slice(7, None), chunked)]
    assert np.array_equal(np.concatenate(halves, axis=1), y)
    assert np.array_equal(chunked, state)
    print("equal")


if __name__ == "__main__":
    main()
