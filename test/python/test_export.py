"""ssmc.export, with live discretax models.

An exported model is read back by the NumPy specification and must answer what
the live one does; and its tensors must have the documented names and shapes.
"""

import itertools
import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file

import recurrence
import ssmc
from live import build, run, with_statistics

HIDDEN, LENGTH = 4, 7


def combinations(**options):
    """Every combination of the values of the options, as dictionaries."""
    return [
        dict(zip(options, values, strict=True)) for values in itertools.product(*options.values())
    ]


def load(folder):
    config = json.loads((folder / "model.json").read_text())
    return config, load_file(folder / "model.safetensors")


def check(folder, *layers, x=None, tolerance=2e-5):
    """Exports a live model and compares it with what its files say."""
    model, state = build(*layers)
    state = with_statistics(model, state)
    ssmc.export(model, state, folder)
    config, tensors = load(folder)
    if x is None:
        x = np.random.default_rng(1).standard_normal((LENGTH, HIDDEN)).astype(np.float32)
    live = run(model, state, x)
    y, _, _ = recurrence.forward(config, tensors, x)
    assert live.shape == y.shape
    np.testing.assert_allclose(live, y, rtol=0, atol=tolerance * max(1.0, np.abs(y).max()))
    return config, tensors


def block(sequence, channel=None, **options):
    return {
        "target": "StandardBlock",
        "in_features": HIDDEN,
        "sequence_mixer": sequence,
        "channel_mixer": {"target": "GLU"} | (channel or {}),
        **options,
    }


S5 = {"target": "S5", "hidden_dim": HIDDEN, "num_blocks": 1, "state_dim": 4}
LRU = {"target": "LRU", "hidden_dim": HIDDEN, "num_blocks": 1, "state_dim": 3}
LINOSS = {"target": "LinOSS", "hidden_dim": HIDDEN, "num_blocks": 1, "state_dim": 3}
DELTANET = {"target": "DeltaNet", "hidden_dim": HIDDEN, "num_blocks": 1, "chunk_size": 1}


@pytest.mark.parametrize(
    "options",
    combinations(
        discretization=["zoh", "bilinear"],
        conj_sym=[True, False],
        clip_eigs=[True, False],
        prenorm=[True, False],
        use_bias=[True, False],
    ),
    ids=str,
)
def test_s5(tmp_path, options):
    config, _ = check(tmp_path, S5 | options)
    written = config["layers"][0]
    assert {k: written[k] for k in options} == options
    assert written["state_dim"] == 4


@pytest.mark.parametrize(
    "options",
    combinations(
        ssm_blocks=[1, 2], C_init=["lecun_normal", "trunc_standard_normal"], step_rescale=[0.5, 3.0]
    )
    + [{"dt_min": 0.01, "dt_max": 0.1}, {"num_blocks": 3}, {"drop_rate": 0.75}]
    + [{"state_dim": 5, "conj_sym": False}],
    ids=str,
)
def test_s5_shapes_and_initial_values(tmp_path, options):
    config, _ = check(tmp_path, S5 | options)
    written = config["layers"][0]
    for name in ("step_rescale", "num_blocks", "drop_rate", "state_dim"):
        if name in options:
            assert written[name] == options[name]


def test_s5_empty_state_keeps_its_blocks(tmp_path):
    config, tensors = check(tmp_path, S5 | {"state_dim": 2, "ssm_blocks": 2})
    assert config["layers"][0]["ssm_blocks"] == 2
    assert tensors["layers.0.blocks.0.sequence_mixer.B"].shape == (0, HIDDEN, 2)


@pytest.mark.parametrize(
    "options",
    combinations(prenorm=[True, False], use_bias=[True, False], num_blocks=[1, 2])
    + [{"r_min": 0.5, "r_max": 0.9, "max_phase": 1.0}],
    ids=str,
)
def test_lru(tmp_path, options):
    config, _ = check(tmp_path, LRU | options)
    written = config["layers"][0]
    assert all(written[k] == v for k, v in options.items() if k in written)


@pytest.mark.parametrize(
    "options",
    [
        scheme | rest
        for scheme in (
            {"discretization": "IM", "damping": False},
            {"discretization": "IMEX", "damping": False},
            {"discretization": "IMEX", "damping": True},
        )
        for rest in combinations(prenorm=[True, False], use_bias=[True, False])
    ]
    + [{"r_min": 0.2, "theta_max": 1.0}],
    ids=str,
)
def test_linoss(tmp_path, options):
    # float32 itself loses four digits in damped LinOSS's coefficients.
    damped = options.get("damping", True)
    config, tensors = check(tmp_path, LINOSS | options, tolerance=2e-3 if damped else 2e-5)
    written = config["layers"][0]
    assert all(written[k] == v for k, v in options.items() if k in written)
    assert ("layers.0.blocks.0.sequence_mixer.G_diag" in tensors) == damped


@pytest.mark.parametrize(
    "mixer",
    [
        {"target": "S5SequenceMixer", "state_dim": 6, "discretization": "bilinear"},
        {"target": "LRUSequenceMixer", "state_dim": 5},
        {"target": "LinOSSSequenceMixer", "state_dim": 5, "discretization": "IM", "damping": False},
        {"target": "S4DSequenceMixer", "state_dim": 7},
    ],
    ids=lambda mixer: mixer["target"],
)
@pytest.mark.parametrize("prenorm", [True, False])
@pytest.mark.parametrize("channel", [{}, {"use_bias": False}, {"out_features": 1}], ids=str)
def test_standard_block(tmp_path, mixer, prenorm, channel):
    layer = block(mixer, channel, prenorm=prenorm, drop_rate=0.3)
    config, _ = check(tmp_path, layer)
    written = config["layers"][0]
    assert written["prenorm"] == prenorm and written["drop_rate"] == pytest.approx(0.3)
    assert written["sequence_mixer"].items() >= mixer.items()
    assert written["channel_mixer"].items() >= {"target": "GLU", **channel}.items()


@pytest.mark.parametrize("sequence", ["LRUSequenceMixer", "IdentitySequenceMixer"])
@pytest.mark.parametrize(
    "channel",
    [
        {"target": "SwiGLU", "intermediate_dim": 5, "use_bias": True},
        {"target": "SwiGLU", "intermediate_dim": 12},
        {"target": "MLPChannelMixer", "non_linearity": "tanh", "use_bias": True},
        {"target": "MLPChannelMixer", "non_linearity": "relu", "out_features": 1},
        {"target": "IdentityChannelMixer"},
    ],
    ids=str,
)
def test_other_channel_mixers(tmp_path, sequence, channel):
    config, _ = check(tmp_path, block({"target": sequence}, channel))
    written = config["layers"][0]
    assert written["sequence_mixer"]["target"] == sequence
    assert written["channel_mixer"].items() >= channel.items()


@pytest.mark.parametrize("head", ["ClassificationHead", "RegressionHead"])
@pytest.mark.parametrize("reduce", [True, False])
@pytest.mark.parametrize("use_bias", [True, False])
def test_encoder_and_head(tmp_path, head, reduce, use_bias):
    encoder = {"target": "LinearEncoder", "in_features": 2, "out_features": HIDDEN}
    head = {"target": head, "in_features": HIDDEN, "out_features": 3, "reduce": reduce}
    x = np.random.default_rng(2).standard_normal((LENGTH, 2)).astype(np.float32)
    config, _ = check(tmp_path, encoder | {"use_bias": use_bias}, LRU, head, x=x)
    assert [layer["target"] for layer in config["layers"]] == [
        "LinearEncoder", "LRU", head["target"],
    ]  # fmt: skip
    assert config["layers"][0]["use_bias"] == use_bias
    assert config["layers"][2] == head


def test_tokens(tmp_path):
    encoder = {"target": "EmbeddingEncoder", "num_classes": 9, "out_features": HIDDEN}
    x = np.array([3, 0, 8, 8, 1], np.int32)
    config, _ = check(tmp_path, encoder, S5, x=x)
    assert config["layers"][0] == encoder


def test_several_models_in_one_list(tmp_path):
    check(tmp_path, S5, LRU | {"num_blocks": 2}, block({"target": "LRUSequenceMixer"}), LRU)


def test_names_and_shapes(tmp_path):
    head = {"target": "ClassificationHead", "in_features": HIDDEN, "out_features": 3}
    encoder = {"target": "LinearEncoder", "in_features": 2, "out_features": HIDDEN}
    x = np.zeros((LENGTH, 2), np.float32)
    _, tensors = check(tmp_path, encoder, S5, LRU, LINOSS, head, x=x)
    h, p, n = HIDDEN, 2, 3  # S5 with conj_sym keeps one of each pair: state_dim / 2
    block = {
        "norm.running_mean": (h,), "norm.running_var": (h,),
        "channel_mixer.w1.weight": (h, h), "channel_mixer.w1.bias": (h,),
        "channel_mixer.w2.weight": (h, h), "channel_mixer.w2.bias": (h,),
    }  # fmt: skip
    mixers = [
        {"Lambda_re": (p,), "Lambda_im": (p,), "B": (p, h, 2), "C": (h, p, 2), "D": (h,),
         "log_step": (p, 1)},
        {"nu_log": (n,), "theta_log": (n,), "gamma_log": (n,), "B_re": (n, h), "B_im": (n, h),
         "C_re": (h, n), "C_im": (h, n), "D": (h,)},
        {"A_diag": (n,), "steps": (n,), "G_diag": (n,), "B": (n, h, 2), "C": (h, n, 2), "D": (h,)},
    ]  # fmt: skip
    expected = {
        "layers.0.linear.weight": (h, 2),
        "layers.4.linear.weight": (3, h),
        "layers.4.linear.bias": (3,),
    }
    for i, mixer in enumerate(mixers, start=1):
        prefix = f"layers.{i}.blocks.0"
        expected |= {f"{prefix}.{name}": shape for name, shape in block.items()}
        expected |= {f"{prefix}.sequence_mixer.{name}": shape for name, shape in mixer.items()}
    assert {name: value.shape for name, value in tensors.items()} == expected
    assert {value.dtype for value in tensors.values()} == {np.dtype(np.float32)}


def test_single_layer(tmp_path):
    model, state = build(LRU)
    state = with_statistics(model, state)
    ssmc.export(model, state, tmp_path / "sequential")
    ssmc.export(model.layers[0], state, tmp_path / "new" / "alone")
    for name in ("model.json", "model.safetensors"):
        whole = (tmp_path / "sequential" / name).read_bytes()
        assert (tmp_path / "new" / "alone" / name).read_bytes() == whole
    assert len(list((tmp_path / "sequential").iterdir())) == 2


def test_no_blocks_take_the_width_of_their_neighbours(tmp_path):
    head = {"target": "RegressionHead", "in_features": HIDDEN, "out_features": 3}
    encoder = {"target": "LinearEncoder", "in_features": 2, "out_features": HIDDEN}
    empty = {"target": "S5", "hidden_dim": HIDDEN, "num_blocks": 0}
    x = np.ones((LENGTH, 2), np.float32)
    for name, layers, inputs in (("after", [encoder, empty], x), ("before", [empty, head], None)):
        config, _ = check(tmp_path / name, *layers, x=inputs)
        assert empty in config["layers"]


def test_half_precision_is_widened(tmp_path):
    model, state = build(LRU)
    state = with_statistics(model, state)
    for dtype in (jnp.float16, jnp.bfloat16):
        narrow = jax.tree.map(lambda a, d=dtype: a.astype(d) if eqx.is_array(a) else a, model)
        ssmc.export(narrow, state, tmp_path)
        _, tensors = load(tmp_path)
        stored = tensors["layers.0.blocks.0.sequence_mixer.D"]
        assert stored.dtype == np.float32
        kept = narrow.layers[0].blocks[0].sequence_mixer.D.astype(jnp.float32)
        np.testing.assert_array_equal(stored, np.asarray(kept))


def test_infinite_parameters_are_legal(tmp_path):
    model, state = build(LRU | {"r_min": 1.0, "r_max": 1.0})
    ssmc.export(model, with_statistics(model, state), tmp_path)
    _, tensors = load(tmp_path)
    assert np.isinf(tensors["layers.0.blocks.0.sequence_mixer.nu_log"]).all()


@pytest.mark.parametrize(
    "options",
    combinations(n_heads=[1, 2], prenorm=[True, False], num_blocks=[1, 2])
    + [{"head_dim": 3}, {"n_heads": 3, "head_dim": 5}],
    ids=str,
)
def test_deltanet(tmp_path, options):
    config, _ = check(tmp_path, DELTANET | options)
    written = config["layers"][0]
    assert written["head_dim"] == options.get("head_dim", HIDDEN // options.get("n_heads", 4))
    assert all(written[k] == v for k, v in options.items() if k in written)


def test_deltanet_in_a_block(tmp_path):
    mixer = {"target": "DeltaNetSequenceMixer", "n_heads": 2, "chunk_size": 1}
    config, _ = check(tmp_path, block(mixer, {"use_bias": False}))
    assert config["layers"][0]["sequence_mixer"] == mixer | {"head_dim": HIDDEN // 2}


# -- What is refused, and how it is named --------------------------------------


def edited(where, value, *layers):
    """A model with one leaf or field exchanged, and its state."""
    model, state = build(*layers)
    model = eqx.tree_at(where, model, value, is_leaf=lambda leaf: leaf is None)
    return model, with_statistics(model, state)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: (eqx.nn.Sequential([eqx.nn.Lambda(jax.nn.relu)]), None),
         r"layers\[0\]: equinox\.nn\S*Lambda cannot be exported"),
        (lambda: (eqx.nn.MLP(2, 2, 2, 1, key=jax.random.PRNGKey(0)), None),
         r"layers\[0\]: equinox\S*MLP cannot be exported"),
        (lambda: build(block({"target": "LRUSequenceMixer"},
                             {"target": "MLPChannelMixer", "non_linearity": "elu"})),
         r"channel_mixer\.non_linearity is 'elu'; expected one of relu, gelu"),
        (lambda: (build(S5)[0], None),
         r"layers\.0\.blocks\.0\.norm: no state; pass the eqx\.nn\.State"),
        (lambda: build(LINOSS | {"discretization": "IM"}),
         r"LinOSS 'IM' cannot be damped"),
        (lambda: build(LINOSS | {"discretization": "im", "damping": False}),
         r"discretization is 'im'; expected one of IM, IMEX"),
        (lambda: build(S5 | {"discretization": "ZOH"}),
         r"discretization is 'ZOH'; expected one of zoh, bilinear"),
        (lambda: build(S5 | {"C_init": "complex_normal"}),
         r"sequence_mixer\.C has shape \[4, 4, 2\]; expected \[4, 2, 2\]"),
        (lambda: build(S5 | {"state_dim": 12, "ssm_blocks": 4}),
         r"log_step has shape \[6, 1\]; expected \[4, 1\]"),
        (lambda: build({"target": "S5", "hidden_dim": 4, "num_blocks": 0}),
         r"layers\[0\]: a model of no blocks alone does not know its width"),
        (lambda: edited(lambda m: m.layers[0].blocks[0].sequence_mixer.D,
                        jnp.array([0, 0, jnp.nan, 0]), LRU),
         r"layers\.0\.blocks\.0\.sequence_mixer\.D\[2\] is NaN"),
        (lambda: edited(lambda m: m.layers[0].blocks[1].drop.p, 0.5, LRU | {"num_blocks": 2}),
         r"layers\.0\.blocks\.1: drop_rate is 0\.5, but 0\.1 in block 0"),
        (lambda: edited(lambda m: m.layers[0].blocks[0].sequence_mixer.D,
                        jnp.zeros(4, jnp.int32), LRU),
         r"sequence_mixer\.D holds int32; expected floating point"),
        (lambda: edited(lambda m: m.layers[0].blocks[0].sequence_mixer.D,
                        jnp.zeros((3, 4)), LRU),
         r"sequence_mixer\.D has shape \[3, 4\]; expected 1 axes"),
        (lambda: edited(lambda m: m.layers[0].linear.bias, None,
                        {"target": "RegressionHead", "in_features": 4, "out_features": 2}),
         r"layers\.0\.linear: a head without bias"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:.*never updated")
def test_refusals_name_the_place(tmp_path, model, message):
    with pytest.raises(ssmc.ExportError, match=message):
        ssmc.export(*model(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"eps": 1e-3, "channelwise_affine": False, "mode": "ema"}, "or eps 0.001"),
        ({"channelwise_affine": True, "mode": "ema"}, "BatchNorm with its own scale and offset"),
        ({"channelwise_affine": False, "mode": "batch"}, "BatchNorm mode 'batch'"),
    ],
)
def test_other_norms(tmp_path, options, message):
    model, state = build(LRU)
    norm, _ = eqx.nn.make_with_state(eqx.nn.BatchNorm)(HIDDEN, "batch", **options)
    model = eqx.tree_at(lambda m: m.layers[0].blocks[0].norm, model, norm)
    with pytest.raises(ssmc.ExportError, match=rf"layers\.0\.blocks\.0\.norm: .*{message}"):
        ssmc.export(model, state, tmp_path)


def test_foreign_class_of_a_known_name(tmp_path):
    class S5(eqx.Module):
        blocks: list

    with pytest.raises(ssmc.ExportError, match=r"layers\[0\]: test_export\S*S5 cannot be exported"):
        ssmc.export(S5([]), None, tmp_path)


def test_state_of_another_model(tmp_path):
    encoder = {"target": "LinearEncoder", "in_features": 2, "out_features": HIDDEN}
    model, _ = build(encoder, LRU)
    _, state = build(LRU)
    with pytest.raises(ssmc.ExportError, match="the state holds no statistics of this norm"):
        ssmc.export(model, state, tmp_path)


def test_batched_state(tmp_path):
    model, state = build(LRU)
    state = jax.tree.map(lambda leaf: jnp.stack([leaf] * 3), state)
    with pytest.raises(ssmc.ExportError, match=r"norm\.running_mean has shape \[3, 4\]"):
        ssmc.export(model, state, tmp_path)


def test_untrained_statistics_warn(tmp_path):
    model, state = build(S5)
    with pytest.warns(UserWarning, match=r"layers\.0\.blocks\.0\.norm: .* never updated"):
        ssmc.export(model, state, tmp_path)
    # so that training mode replaces them, as discretax does
    assert load_file(tmp_path / "model.safetensors")["layers.0.blocks.0.norm.first_time"]


def test_many_untrained_norms_are_one_warning_of_the_caller(tmp_path):
    model, state = build(S5 | {"num_blocks": 3}, LRU)
    with pytest.warns(UserWarning) as record:
        ssmc.export(model, state, tmp_path)
    (warning,) = record
    assert str(warning.message).startswith("layers.0.blocks.0.norm and 3 more: the running stat")
    assert warning.filename == __file__
