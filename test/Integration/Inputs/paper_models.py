"""The models of the papers' own code, in NumPy and float64, from the papers.

S5: Smith, Warrington, Linderman 2023, sections 2 to 4 and appendix G (blocks, gated
activations, two directions); LinOSS: Rusch and Rus 2025, section 2 (IM, IMEX) and appendix A. Layer
normalization: Ba, Kiros, Hinton 2016. Checkpoints have the names that flax and Equinox
give to the modules of lindermanlab/S5 and tk-rusch/linoss.
"""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gelu(x):
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def complex_of(pairs):
    return pairs[..., 0] + 1j * pairs[..., 1]


def scan(a, forcing):
    """x of each row: a times that of the row before, plus the row."""
    state, states = np.zeros(len(a), complex), []
    for row in forcing:
        state = a * state + row
        states.append(state)
    return np.array(states)


class S5:
    """A classifier of lindermanlab/S5 with random parameters."""

    def __init__(self, rng, *, activation="half_glu1", prenorm=True, batchnorm=True, mode="pool",
                 discretization="zoh", conj_sym=True, clip_eigs=False, step_rescale=1.0,
                 features=3, width=20, states=6, layers=2, classes=5,
                 bidirectional=(), halves=False):  # fmt: skip
        """`bidirectional`: which layers are, whose C is two tensors with `halves`."""
        self.options = {
            "activation": activation, "prenorm": prenorm, "mode": mode,
            "discretization": discretization, "conj_sym": conj_sym, "clip_eigs": clip_eigs,
            "step_rescale": step_rescale, "norm": "batch" if batchnorm else "layer",
        }  # fmt: skip
        self.layers, self.features = layers, features

        def dense(fan_in, fan_out):
            kernel = rng.standard_normal((fan_in, fan_out)) / np.sqrt(fan_in)
            return {"kernel": kernel, "bias": rng.uniform(-0.3, 0.3, fan_out)}

        def norm():
            return {"scale": rng.uniform(-1.5, 1.5, width), "bias": rng.uniform(-1, 1, width)}

        def layer(index):
            directions = 2 if index in bidirectional else 1
            c = rng.standard_normal((width, directions * states, 2)) / np.sqrt(max(states, 1))
            params = {
                "seq": {
                    "Lambda_re": rng.uniform(-1, 0.001, states),
                    "Lambda_im": rng.uniform(0.1, 20, states),
                    "B": rng.standard_normal((states, width, 2)) / np.sqrt(width),
                    "C": c,
                    "D": rng.standard_normal(width),
                    # Two blocks of half a conjugate pair have no states, but a step.
                    "log_step": rng.uniform(-6, -2, (max(states, 1), 1)),
                },
                "norm": norm(),
            }
            if halves and directions == 2:
                both = params["seq"].pop("C")
                params["seq"] |= {"C1": both[:, :states], "C2": both[:, states:]}
            if activation != "gelu":
                params["out2"] = dense(width, width)
            if activation == "full_glu":
                params["out1"] = dense(width, width)
            return params

        encoder = {f"layers_{i}": layer(i) for i in range(layers)}
        encoder["encoder"] = dense(features, width)
        checkpoint = {"params": {"encoder": encoder, "decoder": dense(width, classes)}}
        if batchnorm:
            checkpoint["batch_stats"] = {"encoder": {
                f"layers_{i}": {"norm": {"mean": rng.standard_normal(width),
                                         "var": rng.uniform(0.2, 2, width)}}
                for i in range(layers)
            }}  # fmt: skip
        self.checkpoint = to_f32(checkpoint)

    def __call__(self, x):
        """Log-probabilities of one sequence (L, features)."""
        params = to_f64(self.checkpoint["params"])
        stats = to_f64(self.checkpoint.get("batch_stats", {}))
        x = dense(params["encoder"]["encoder"], x)
        for i in range(self.layers):
            name = f"layers_{i}"
            layer = params["encoder"][name]
            mine = stats["encoder"][name]["norm"] if stats else None
            before = x
            if self.options["prenorm"]:
                x = self.norm(layer["norm"], mine, x)
            x = before + self.activate(layer, self.mix(layer["seq"], x))
            if not self.options["prenorm"]:
                x = self.norm(layer["norm"], mine, x)
        x = x[-1] if self.options["mode"] == "last" else x.mean(axis=0)
        return np.log(softmax(dense(params["decoder"], x)))

    def norm(self, params, stats, x):
        if stats is None:
            mean, var, epsilon = x.mean(-1, keepdims=True), x.var(-1, keepdims=True), 1e-6
        else:
            mean, var, epsilon = stats["mean"], stats["var"], 1e-5
        return (x - mean) / np.sqrt(var + epsilon) * params["scale"] + params["bias"]

    def mix(self, params, u):
        """Equations 2, 5 and 6, or the bilinear map of appendix A."""
        real = params["Lambda_re"]
        if self.options["clip_eigs"]:
            real = np.minimum(real, -1e-4)
        eigenvalues = real + 1j * params["Lambda_im"]
        step = self.options["step_rescale"] * np.exp(params["log_step"][:, 0])
        b = complex_of(params["B"])
        if "C1" in params:
            c = complex_of(np.concatenate([params["C1"], params["C2"]], axis=1))
        else:
            c = complex_of(params["C"])
        if self.options["discretization"] == "zoh":
            a = np.exp(eigenvalues * step)
            gain = (a - 1) / eigenvalues
        else:
            a = (1 + step / 2 * eigenvalues) / (1 - step / 2 * eigenvalues)
            gain = step / (1 - step / 2 * eigenvalues)
        states = scan(a, u @ b.T * gain)
        if c.shape[1] == 2 * len(a):  # the second half reads what comes after each step
            backwards = scan(a, (u @ b.T * gain)[::-1])[::-1]
            states = np.concatenate([states, backwards], axis=1)
        return (2 if self.options["conj_sym"] else 1) * (states @ c.T).real + params["D"] * u

    def activate(self, layer, x):
        active = gelu(x)
        match self.options["activation"]:
            case "full_glu":
                return dense(layer["out1"], active) * sigmoid(dense(layer["out2"], active))
            case "half_glu1":
                return active * sigmoid(dense(layer["out2"], active))
            case "half_glu2":
                return x * sigmoid(dense(layer["out2"], active))
        return active


class LinOSS:
    """A model of tk-rusch/linoss with random parameters."""

    def __init__(self, rng, *, discretization="IM", classification=True, features=3, width=20,
                 states=7, layers=2, outputs=5):  # fmt: skip
        self.options = {"discretization": discretization, "classification": classification}
        self.layers, self.features = layers, features

        def linear(fan_in, fan_out):
            weight = rng.standard_normal((fan_out, fan_in)) / np.sqrt(fan_in)
            return {"weight": weight, "bias": rng.uniform(-0.3, 0.3, fan_out)}

        def block():
            return {
                "norm": {
                    "running_mean": rng.standard_normal(width),
                    "running_var": rng.uniform(0.2, 2, width),
                },
                "ssm": {
                    "A_diag": rng.uniform(0.05, 1, states),
                    "B": rng.uniform(-1, 1, (states, width, 2)) / np.sqrt(width),
                    "C": rng.uniform(-1, 1, (width, states, 2)) / np.sqrt(states),
                    "D": rng.standard_normal(width),
                    "steps": rng.uniform(0, 1, states),
                },
                "glu": {"w1": linear(width, width), "w2": linear(width, width)},
            }

        self.checkpoint = to_f32({
            "linear_encoder": linear(features, width),
            "blocks": {str(i): block() for i in range(layers)},
            "linear_layer": linear(width, outputs),
        })  # fmt: skip

    def __call__(self, x):
        """Probabilities, or tanh of the linear map at every step."""
        params = to_f64(self.checkpoint)
        x = linear(params["linear_encoder"], x)
        for i in range(self.layers):
            block = params["blocks"][str(i)]
            norm = block["norm"]
            u = (x - norm["running_mean"]) / np.sqrt(norm["running_var"] + 1e-5)
            u = gelu(self.mix(block["ssm"], u))
            x = x + linear(block["glu"]["w1"], u) * sigmoid(linear(block["glu"]["w2"], u))
        if self.options["classification"]:
            return softmax(linear(params["linear_layer"], x.mean(axis=0)))
        return np.tanh(linear(params["linear_layer"], x))

    def mix(self, params, u):
        """y'' = -A y + B u with z = y': implicit, or implicit in z and explicit in y."""
        a, dt = np.maximum(params["A_diag"], 0), sigmoid(params["steps"])
        b, c = complex_of(params["B"]), complex_of(params["C"])
        shrink = 1 / (1 + dt**2 * a) if self.options["discretization"] == "IM" else 1
        z, y, outputs = np.zeros(len(a), complex), np.zeros(len(a), complex), []
        for row in u:
            z = shrink * (z + dt * (b @ row - a * y))
            y = y + dt * z
            outputs.append((c @ y).real)
        return np.array(outputs) + params["D"] * u


def dense(params, x):
    return x @ params["kernel"] + params["bias"]


def linear(params, x):
    return x @ params["weight"].T + params["bias"]


def convert_all(tree, dtype):
    if isinstance(tree, dict):
        return {name: convert_all(child, dtype) for name, child in tree.items()}
    return tree.astype(dtype)


def to_f32(tree):
    return convert_all(tree, np.float32)


def to_f64(tree):
    return convert_all(tree, np.float64)


def flatten(tree, separator, path=""):
    """Flat names, as checkpoints on disk have them."""
    flat = {}
    for name, child in tree.items():
        inner = f"{path}{separator}{name}" if path else name
        flat |= flatten(child, separator, inner) if isinstance(child, dict) else {inner: child}
    return flat
