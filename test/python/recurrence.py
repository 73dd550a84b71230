"""Executable specification of discretax 0.3.0, in plain NumPy.

Every discretax class is one function ``(config, params, x) -> (y, state)``
written as the step-by-step recurrence of its paper, in float64, with nothing
but NumPy.  It is what the expected outputs of test/data/goldens were checked
against, and the text to read when in doubt about what a layer means.

``config`` is one dictionary of ``model.json``, ``params`` the tensors of
``model.safetensors`` below that layer (``weight``, ``norm.running_mean``...),
``x`` the layer's input, time first.  All initial states are zero, and the
state after step k already contains the input of step k.

`forward` is inference: dropout is off, BatchNorm uses its running statistics.
"""

import numpy as np

BATCH_NORM_EPSILON = 1e-5  # eqx.nn.BatchNorm default
S5_LARGEST_REAL_PART = -1e-4  # clip_eigs
DELTANET_NORM_EPSILON = 1e-6
GELU_SCALE = float(np.sqrt(2 / np.pi))


def scope(params, prefix):
    """Returns the parameters whose names start with `prefix`, without it."""
    prefix += "."
    return {
        name.removeprefix(prefix): value
        for name, value in params.items()
        if name.startswith(prefix)
    }


def as_complex(pairs):
    """Turns a trailing [re, im] axis into complex numbers."""
    return pairs[..., 0] + 1j * pairs[..., 1]


def as_pairs(values):
    """Turns complex numbers into a trailing [re, im] axis."""
    return np.stack([values.real, values.imag], axis=-1)


# -- Elementwise functions ----------------------------------------------------


def sigmoid(x):
    return np.exp(-np.logaddexp(0.0, -x))


def relu(x):
    return np.maximum(x, 0.0)


def swish(x):
    return x * sigmoid(x)


def gelu(x):
    """The tanh approximation: the default of jax.nn.gelu, not the erf form."""
    return 0.5 * x * (1 + np.tanh(GELU_SCALE * (x + 0.044715 * x**3)))


ACTIVATIONS = {
    "relu": relu,
    "gelu": gelu,
    "swish": swish,
    "silu": swish,
    "tanh": np.tanh,
}


def linear(params, x):
    """eqx.nn.Linear on the last axis: W x (+ b), with W of shape (out, in)."""
    y = x @ params["weight"].T
    return y + params["bias"] if "bias" in params else y


# -- Sequence mixers: (L, H) -> (L, H) and the state after the last step ------


def s5_sequence_mixer(config, params, u, deltas=None):
    """S5 (Smith et al. 2023, eq. 5 and 6): x' = A x + B u, y = Re(C x) + D u.

    Extensions: a time delta per step, which multiplies the step size; both
    directions, for which C has a half each (lindermanlab/S5): the second one reads the
    states of the same recurrence from the last step to the first, and there is no state
    to go on from.
    """
    real = params["Lambda_re"]
    if config.get("clip_eigs", True):
        real = np.minimum(real, S5_LARGEST_REAL_PART)
    eigenvalues = real + 1j * params["Lambda_im"]
    b, c = as_complex(params["B"]), as_complex(params["C"])
    own_step = config.get("step_rescale", 1.0) * np.exp(params["log_step"][:, 0])

    def discretized(step):
        if config.get("discretization", "zoh") == "zoh":
            a_bar = np.exp(eigenvalues * step)
            # Not a_bar - 1, which leaves nothing of a step below 1e-16.
            scale = np.expm1(eigenvalues * step) / eigenvalues
        else:  # bilinear
            inverse = 1 / (1 - step / 2 * eigenvalues)
            a_bar = inverse * (1 + step / 2 * eigenvalues)
            scale = inverse * step
        return a_bar, scale[:, None] * b

    a_bar, b_bar = discretized(own_step)

    # Only one eigenvalue of each conjugate pair is kept: the other's
    # contribution doubles the real part.
    gain = 2.0 if config.get("conj_sym", True) else 1.0
    halves = np.split(c, 2, axis=1) if config.get("bidirectional", False) else [c]
    y = params["D"] * u
    for half, steps in zip(halves, (range(len(u)), reversed(range(len(u)))), strict=False):
        x = np.zeros(len(a_bar), a_bar.dtype)
        for k in steps:
            if deltas is not None:
                a_bar, b_bar = discretized(deltas[k] * own_step)
            x = a_bar * x + b_bar @ u[k]
            y[k] = y[k] + gain * (half @ x).real
    return y, as_pairs(x if len(halves) == 1 else x[:0])


def lru_sequence_mixer(config, params, u):
    """LRU (Orvieto et al. 2023, eq. 7): x' = lambda x + gamma B u."""
    a = np.exp(-np.exp(params["nu_log"]) + 1j * np.exp(params["theta_log"]))
    gamma = np.exp(params["gamma_log"])
    b = gamma[:, None] * (params["B_re"] + 1j * params["B_im"])
    c = params["C_re"] + 1j * params["C_im"]

    x = np.zeros(len(a), a.dtype)
    y = np.empty_like(u)
    for k in range(len(u)):
        x = a * x + b @ u[k]
        y[k] = (c @ x).real + params["D"] * u[k]  # no factor 2, unlike S5
    return y, as_pairs(x)


def clamp_ends(g, dt):
    """Between which damped LinOSS is stable."""
    root = 2 * np.sqrt(1 + dt * g)
    return (2 + dt * g - root) / dt**2, (2 + dt * g + root) / dt**2


def clamp_ends_as_squares(g, dt):
    """The same without a difference, of which small dt leave nothing."""
    root = 1 + np.sqrt(1 + dt * g)
    with np.errstate(divide="ignore", over="ignore"):
        return (g / root) ** 2, (root / dt) ** 2


def linoss_step(config, params, dt, ends=clamp_ends):
    """m11, m12, m21, m22, f1, f2: a step of LinOSS of the size dt is
    z' = m11 z + m12 y + f1 b u,  y' = m21 z + m22 y + f2 b u."""
    if config.get("discretization", "IMEX") == "IM":
        a = relu(params["A_diag"])
        schur = 1 / (1 + dt**2 * a)
        m11, m12 = 1 - dt**2 * a * schur, -dt * a * schur
        m21, m22 = dt * schur, schur
        f1, f2 = dt * m11, dt * m21
    elif config.get("damping", True):  # IMEX, damped
        g = relu(params["G_diag"])
        low, high = ends(g, dt)
        a = params["A_diag"]
        a = low + relu(a - low) - relu(a - high)  # clamps to [low, high]
        s = 1 + dt * g
        m11, m12 = 1 / s, -dt / s * a
        m21, m22 = dt / s, 1 - dt**2 / s * a
        f1, f2 = dt / s, dt**2 / s
    else:  # IMEX, undamped
        a = relu(params["A_diag"])
        m11, m12 = np.ones_like(a), -dt * a
        m21, m22 = dt, 1 - dt**2 * a
        f1, f2 = dt, dt**2
    return m11, m12, m21, m22, f1, f2


def linoss_sequence_mixer(config, params, u, deltas=None):
    """LinOSS (Rusch and Rus 2025): y'' = -A y - G y' + B u, with z = y'.

    An extension: a time delta per step, which multiplies the step size.
    """
    dt = sigmoid(params["steps"])
    b, c = as_complex(params["B"]), as_complex(params["C"])
    m11, m12, m21, m22, f1, f2 = linoss_step(config, params, dt)

    z = np.zeros(len(dt), b.dtype)
    y = np.zeros(len(dt), b.dtype)
    out = np.empty_like(u)
    for k in range(len(u)):
        if deltas is not None:
            step = linoss_step(config, params, deltas[k] * dt, clamp_ends_as_squares)
            m11, m12, m21, m22, f1, f2 = step
        force = b @ u[k]
        z, y = m11 * z + m12 * y + f1 * force, m21 * z + m22 * y + f2 * force
        out[k] = (c @ y).real + params["D"] * u[k]
    return out, as_pairs(np.stack([z, y], axis=-1))  # (N, [z, y], [re, im])


def s4d_sequence_mixer(config, params, u):
    """S4D (Gu et al. 2022): one diagonal ZOH system per channel, no D term."""
    params = scope(params, "kernel")
    dt = np.exp(params["log_dt"])[:, None]
    a = -np.exp(params["log_a_real"]) + 1j * params["A_imag"]
    a_bar = np.exp(dt * a)
    c = as_complex(params["C"]) * (a_bar - 1) / a

    x = np.zeros(a.shape, a.dtype)  # (H, N // 2)
    y = np.empty_like(u)
    for k in range(len(u)):
        x = a_bar * x + u[k][:, None]
        y[k] = 2 * (c * x).sum(axis=1).real
    return y, as_pairs(x)


def deltanet_sequence_mixer(config, params, u):
    """DeltaNet (Yang et al. 2024): S' = S + beta (v - S k) k^T, o = S' q."""
    heads = config.get("n_heads", 4)

    def split_heads(name):
        rows = linear(scope(params, name), u)
        return rows.reshape(len(u), heads, -1)

    def normalise(rows):
        length = np.sqrt((rows**2).sum(axis=-1, keepdims=True))
        return rows / (length + DELTANET_NORM_EPSILON)

    q, k = normalise(split_heads("q_proj")), normalise(split_heads("k_proj"))
    v = split_heads("v_proj")
    beta = sigmoid(linear(scope(params, "beta_proj"), u))[:, 0]  # all heads'

    state = np.zeros((heads, v.shape[-1], k.shape[-1]), v.dtype)
    o = np.empty_like(v)
    for t in range(len(u)):
        error = v[t] - np.einsum("hvk,hk->hv", state, k[t])
        state = state + beta[t] * error[:, :, None] * k[t][:, None, :]
        o[t] = np.einsum("hvk,hk->hv", state, q[t])
    return linear(scope(params, "out_proj"), o.reshape(len(u), -1)), state


def identity_sequence_mixer(config, params, u, deltas=None):
    return u, np.zeros(0)


# -- Channel mixers: applied to every time step alone -------------------------


def glu(config, params, x):
    """w1(x) * sigmoid(w2(x)): the gate is w2."""
    return linear(scope(params, "w1"), x) * sigmoid(linear(scope(params, "w2"), x))


def swi_glu(config, params, x):
    gate = swish(linear(scope(params, "gate_proj"), x))
    return linear(scope(params, "down_proj"), gate * linear(scope(params, "up_proj"), x))


def mlp_channel_mixer(config, params, x):
    activation = ACTIVATIONS[config.get("non_linearity", "gelu")]
    return activation(linear(scope(params, "linear"), x))


def identity_channel_mixer(config, params, x):
    return x


def half_glu(config, params, x, raw):
    """An extension, of lindermanlab/S5's code: x is gelu(raw)."""
    gate = sigmoid(linear(scope(params, "w2"), x))
    return (raw if config.get("raw_value", False) else x) * gate


MIXERS = {
    "S5SequenceMixer": s5_sequence_mixer,
    "LRUSequenceMixer": lru_sequence_mixer,
    "LinOSSSequenceMixer": linoss_sequence_mixer,
    "S4DSequenceMixer": s4d_sequence_mixer,
    "DeltaNetSequenceMixer": deltanet_sequence_mixer,
    "IdentitySequenceMixer": identity_sequence_mixer,
    "GLU": glu,
    "SwiGLU": swi_glu,
    "MLPChannelMixer": mlp_channel_mixer,
    "IdentityChannelMixer": identity_channel_mixer,
}


# -- Blocks, models, encoders and heads ---------------------------------------


def norm(config, params, x):
    """BatchNorm, inference only: the running statistics; no learned scale or offset.

    Extensions: LayerNorm, and a scale and an offset for either.
    """
    kind = config.get("norm", "batch")
    if kind == "layer":
        mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    else:
        mean, variance = params["running_mean"], params["running_var"]
    y = (x - mean) / np.sqrt(variance + config.get("norm_epsilon", BATCH_NORM_EPSILON))
    return y if kind == "batch" else y * params["scale"] + params["bias"]


def standard_block(config, params, x, **deltas):
    """x + channel_mixer(gelu(sequence_mixer(norm(x)))), or norm(...) of that."""
    sequence, channel = config["sequence_mixer"], config["channel_mixer"]
    prenorm = config.get("prenorm", True)
    statistics = scope(params, "norm")

    u = norm(config, statistics, x) if prenorm else x
    u, state = MIXERS[sequence["target"]](sequence, scope(params, "sequence_mixer"), u, **deltas)
    inner = scope(params, "channel_mixer")
    if channel["target"] == "HalfGLU":
        u = half_glu(channel, inner, gelu(u), u)
    else:
        u = MIXERS[channel["target"]](channel, inner, gelu(u))
    y = x + u
    return (y if prenorm else norm(config, statistics, y)), {"": state}


def block_of(config):
    """A model's options as those of each of its standard blocks."""
    return {
        "sequence_mixer": {**config, "target": config["target"] + "SequenceMixer"},
        "channel_mixer": {"target": "GLU"},
    } | {name: config[name] for name in ("prenorm", "norm", "norm_epsilon") if name in config}


def model(config, params, x, **deltas):
    """S5, LRU, LinOSS and DeltaNet: num_blocks standard blocks with a GLU."""
    block = block_of(config)
    states = {}
    for i in range(config.get("num_blocks", 4)):
        x, state = standard_block(block, scope(params, f"blocks.{i}"), x, **deltas)
        states[f".blocks.{i}"] = state[""]
    return x, states


def linear_encoder(config, params, x):
    return linear(scope(params, "linear"), x), {}


def embedding_encoder(config, params, x):
    """Negative ids count from the end, once; then ids are clamped, not errors."""
    table = params["embedding.weight"]
    rows = np.where(x < 0, x + np.int64(len(table)), x)
    return table[np.clip(rows, 0, len(table) - 1)], {}


def regression_head(config, params, x):
    """The mean over time comes before the linear map.

    Without `reduce` the map is applied to every time step: what discretax
    documents, not what it does (it fails). Extensions: the last time step instead
    of the mean; tanh of what the map gives.
    """
    y = linear(scope(params, "linear"), pooled(config, x))
    return (np.tanh(y) if config.get("activation") == "tanh" else y), {}


def pooled(config, x):
    if not config.get("reduce", True):
        return x
    return x[..., -1, :] if config.get("pooling") == "last" else x.mean(axis=-2)


def classification_head(config, params, x):
    """Log-probabilities: the log-softmax of what the regression head gives.

    An extension: the probabilities.
    """
    logits = linear(scope(params, "linear"), pooled(config, x))
    logits = logits - logits.max(axis=-1, keepdims=True)
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return (np.exp(logs) if config.get("activation") == "softmax" else logs), {}


LAYERS = {
    "StandardBlock": standard_block,
    "S5": model,
    "LRU": model,
    "LinOSS": model,
    "DeltaNet": model,
    "LinearEncoder": linear_encoder,
    "EmbeddingEncoder": embedding_encoder,
    "RegressionHead": regression_head,
    "ClassificationHead": classification_head,
}


def forward(config, tensors, x, dtype=np.float64, deltas=None):
    """Runs a whole model; returns (y, hidden, states).

    `dtype` float32 shows how much of the result the arithmetic of discretax loses.
    `deltas` (L) are the time deltas of irregular sampling, of models of S5 and LinOSS.

    `hidden` is what enters the head (the output when there is no head);
    `states` maps the path of every block to its mixer's last state.
    """
    params = {name: np.asanyarray(value, dtype) for name, value in tensors.items()}
    x = np.asarray(x) if np.issubdtype(x.dtype, np.integer) else x.astype(dtype)
    hidden, states = x, {}
    for i, layer in enumerate(config["layers"]):
        entered = x
        layer_of = LAYERS[layer["target"]]
        has_time = deltas is not None and layer_of in (standard_block, model)
        timed = {"deltas": deltas.astype(dtype)} if has_time else {}
        x, last = layer_of(layer, scope(params, f"layers.{i}"), x, **timed)
        hidden = entered if layer["target"].endswith("Head") else x
        states.update({f"layers.{i}{path}": s for path, s in last.items()})
    return x, hidden, states
