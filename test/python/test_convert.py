"""ssmc.convert: names, shapes and messages. What converted models compute is tested
where they are compiled, in test/Integration/papers.test."""

import json
import pathlib
import re

import equinox as eqx
import jax
import numpy as np
import pytest
from safetensors.numpy import load_file

from ssmc.convert import ConvertError, convert_linoss, convert_s5, main

H, P, F = 4, 3, 2


def s5_checkpoint():
    seq = {"Lambda_re": (P,), "Lambda_im": (P,), "B": (P, H, 2), "C": (H, P, 2), "D": (H,)}
    seq["log_step"] = (P, 1)
    arrays = {f"seq/{name}": shape for name, shape in seq.items()}
    arrays |= {"norm/scale": (H,), "norm/bias": (H,)}
    arrays |= {"out2/kernel": (H, H), "out2/bias": (H,)}
    flat = {f"params/encoder/layers_0/{name}": shape for name, shape in arrays.items()}
    flat |= {"params/encoder/encoder/kernel": (F, H), "params/encoder/encoder/bias": (H,)}
    flat |= {"params/decoder/kernel": (H, 5), "params/decoder/bias": (5,)}
    for name in ("mean", "var"):
        flat[f"batch_stats/encoder/layers_0/norm/{name}"] = (H,)
    return {name: np.zeros(shape, np.float32) for name, shape in flat.items()}


def of_two_layers():
    flat = s5_checkpoint()
    return flat | {name.replace("layers_0", "layers_1"): array for name, array in flat.items()}


def without(part, checkpoint=None):
    """The checkpoint without the tensors that have this in their names, if any is given."""
    checkpoint = s5_checkpoint() if checkpoint is None else checkpoint
    return {k: v for k, v in checkpoint.items() if part is None or part not in k}


def linoss_checkpoint():
    flat = {"linear_encoder.weight": (H, F), "linear_encoder.bias": (H,)}
    ssm = {"A_diag": (P,), "B": (P, H, 2), "C": (H, P, 2), "D": (H,), "steps": (P,)}
    flat |= {f"blocks.0.ssm.{name}": shape for name, shape in ssm.items()}
    for name in ("running_mean", "running_var"):
        flat[f"blocks.0.norm.{name}"] = (H,)
    for name in ("w1", "w2"):
        flat |= {f"blocks.0.glu.{name}.weight": (H, H), f"blocks.0.glu.{name}.bias": (H,)}
    flat |= {"linear_layer.weight": (5, H), "linear_layer.bias": (5,)}
    return {name: np.zeros(shape, np.float32) for name, shape in flat.items()}


def load(folder):
    config = json.loads((folder / "model.json").read_text())
    return config["layers"], load_file(folder / "model.safetensors")


def test_s5_names_shapes_and_options(tmp_path):
    checkpoint = s5_checkpoint()
    kernel = checkpoint["params/encoder/encoder/kernel"]
    kernel[:] = np.arange(kernel.size).reshape(kernel.shape)
    convert_s5(checkpoint, tmp_path, activation="half_glu2", mode="last", step_rescale=0.5)
    layers, tensors = load(tmp_path)
    assert [layer["target"] for layer in layers] == [
        "LinearEncoder", "StandardBlock", "ClassificationHead",
    ]  # fmt: skip
    block = layers[1]
    assert block["norm"] == "batch_affine" and block["norm_epsilon"] == 1e-5
    assert block["channel_mixer"] == {"target": "HalfGLU", "raw_value": True}
    assert block["sequence_mixer"]["state_dim"] == 2 * P
    assert block["sequence_mixer"]["step_rescale"] == 0.5
    assert layers[2]["pooling"] == "last"
    assert np.array_equal(tensors["layers.0.linear.weight"], kernel.T)
    assert tensors["layers.1.norm.running_var"].shape == (H,)
    assert tensors["layers.1.channel_mixer.w2.weight"].shape == (H, H)
    assert tensors["layers.2.linear.weight"].shape == (5, H)


def test_nested_checkpoints_are_those_of_flat_ones(tmp_path):
    nested: dict = {}
    for name, array in s5_checkpoint().items():
        node = nested
        *folders, last = name.split("/")
        for folder in folders:
            node = node.setdefault(folder, {})
        node[last] = array
    convert_s5(nested, tmp_path / "nested", activation="half_glu1")
    convert_s5(s5_checkpoint(), tmp_path / "flat", activation="half_glu1")
    for file in ("model.json", "model.safetensors"):
        assert (tmp_path / "nested" / file).read_bytes() == (tmp_path / "flat" / file).read_bytes()


def test_layer_norm(tmp_path):
    checkpoint = without("batch_stats/")
    convert_s5(checkpoint, tmp_path, activation="half_glu1", norm="layer", conj_sym=False)
    layers, tensors = load(tmp_path)
    assert layers[1]["norm"] == "layer" and layers[1]["norm_epsilon"] == 1e-6
    assert layers[1]["sequence_mixer"]["state_dim"] == P
    assert "layers.1.norm.scale" in tensors and "layers.1.norm.running_var" not in tensors


STATISTICS = "batch_stats/encoder/layers_"


@pytest.mark.parametrize(
    "removed, options, message",
    [
        ("batch_stats/", {}, r"norm is 'batch' \(--norm\), but the checkpoint has no statistics of"
         r" such norms, batch_stats.encoder.layers_0.norm.mean .* or 'layer' for a model that was"),
        (None, {"norm": "layer"}, r"norm is 'layer' \(--norm\), but the checkpoint has "
         "batch_stats.encoder.layers_0.norm; expected 'batch'"),
        (f"{STATISTICS}1/", {}, "no batch_stats.encoder.layers_1.norm, but batch_stats.encoder."
         "layers_0.norm; expected statistics of every layer, or of none with norm 'layer'"),
        (f"{STATISTICS}0/", {"norm": "layer"}, "no batch_stats.encoder.layers_0.norm, but batch_"),
        (f"{STATISTICS}1/norm/var", {}, r"no tensor batch_stats.encoder.layers_1.norm.var; "
         r"batch_stats.encoder.layers_1.norm has mean$"),
        (None, {"norm": "group"}, "norm is 'group'; expected 'batch' or 'layer'"),
    ],
)  # fmt: skip
def test_norms_are_those_of_the_option(tmp_path, removed, options, message):
    checkpoint = without(removed, of_two_layers())
    with pytest.raises(ConvertError, match=message):
        convert_s5(checkpoint, tmp_path, activation="half_glu1", **options)
    assert not list(tmp_path.iterdir())


def of_gates(first, second=None):
    """A checkpoint of two layers with these of out1 and out2."""
    checkpoint = without("/out2/", of_two_layers())
    for index, names in enumerate((first, first if second is None else second)):
        for name in names:
            gate = f"params/encoder/layers_{index}/{name}"
            checkpoint |= {f"{gate}/kernel": np.zeros((H, H)), f"{gate}/bias": np.zeros(H)}
    return checkpoint


@pytest.mark.parametrize(
    "gates, activation, message",
    [
        ([["out2"]], "gelu", r"activation is 'gelu' \(--activation\), but params.encoder.layers_0 "
         "has out2; expected 'half_glu1' or 'half_glu2'"),
        ([["out2"]], "full_glu", r"\(--activation\), .* has out2; expected 'half_glu1' or 'half_"),
        ([[]], "half_glu1", r"\(--activation\), .* has neither out1 nor out2; expected 'gelu'"),
        ([["out1", "out2"]], "half_glu2",
         r"\(--activation\), .* has out1 and out2; expected 'full_glu'"),
        ([["out2"], []], "gelu", "layers_0 has out2, params.encoder.layers_1 has neither out1 nor "
         "out2; expected the same in every layer"),
        ([["out1"]], "full_glu", "layers_0 has out1; expected out2 beside it"),
    ],
)  # fmt: skip
def test_gates_are_those_of_the_activation(tmp_path, gates, activation, message):
    with pytest.raises(ConvertError, match=message):
        convert_s5(of_gates(*gates), tmp_path, activation=activation)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "dtype, kept", [("f2", "f4"), ("f4", "f4"), ("f8", "f8"), (">f4", "f4"), (">f8", "f8")]
)
def test_doubles_stay_doubles(tmp_path, dtype, kept):
    numbers = np.array([1 / 3, -2, 3, np.inf, 0], dtype)
    checkpoint = s5_checkpoint() | {"params/decoder/bias": numbers}
    convert_s5(checkpoint, tmp_path, activation="half_glu1")
    tensors = load(tmp_path)[1]
    assert tensors["layers.2.linear.bias"].dtype == np.dtype(kept)
    assert np.array_equal(tensors["layers.2.linear.bias"], numbers)
    assert tensors["layers.2.linear.weight"].dtype == np.float32


def test_linoss_names_and_heads(tmp_path):
    convert_linoss(linoss_checkpoint(), tmp_path, discretization="IM")
    layers, tensors = load(tmp_path)
    assert layers[1]["sequence_mixer"] == {
        "target": "LinOSSSequenceMixer", "state_dim": P, "discretization": "IM", "damping": False,
    }  # fmt: skip
    assert layers[2]["activation"] == "softmax"
    assert tensors["layers.1.sequence_mixer.A_diag"].shape == (P,)
    convert_linoss(linoss_checkpoint(), tmp_path, discretization="IMEX", classification=False)
    assert load(tmp_path)[0][2] == {
        "target": "RegressionHead", "in_features": H, "out_features": 5, "reduce": False,
        "activation": "tanh",
    }  # fmt: skip


def test_both_forms_of_a_bidirectional_s5(tmp_path):
    both = np.arange(H * 2 * P * 2, dtype=np.float32).reshape(H, 2 * P, 2)
    name = "params/encoder/layers_0/seq/C"
    joined = s5_checkpoint() | {name: both}
    halves = s5_checkpoint() | {f"{name}1": both[:, :P], f"{name}2": both[:, P:]}
    del halves[name]
    for checkpoint in (joined, halves):
        convert_s5(checkpoint, tmp_path, activation="half_glu1")
        layers, tensors = load(tmp_path)
        assert layers[1]["sequence_mixer"]["bidirectional"] is True
        assert layers[1]["sequence_mixer"]["state_dim"] == 2 * P
        assert np.array_equal(tensors["layers.1.sequence_mixer.C"], both)


def test_both_directions_of_no_states(tmp_path):
    seq = "params/encoder/layers_0/seq"
    empty = {"Lambda_re": (0,), "Lambda_im": (0,), "B": (0, H, 2), "log_step": (1, 1)}
    empty |= {"C1": (H, 0, 2), "C2": (H, 0, 2)}
    checkpoint = without(f"{seq}/C")
    checkpoint |= {f"{seq}/{name}": np.zeros(shape) for name, shape in empty.items()}
    convert_s5(checkpoint, tmp_path, activation="half_glu1")
    layers, tensors = load(tmp_path)
    mixer = layers[1]["sequence_mixer"]
    assert (mixer["state_dim"], mixer["ssm_blocks"]) == (2, 2) and mixer["bidirectional"] is True
    assert tensors["layers.1.sequence_mixer.C"].shape == (H, 0, 2)
    with pytest.raises(ConvertError, match="Lambda_re is empty; expected states without conj_sym"):
        convert_s5(checkpoint, tmp_path, activation="half_glu1", conj_sym=False)


def with_shapes(**shapes):
    """A checkpoint whose S5SSM has tensors of these shapes, or, where None, none."""
    checkpoint = s5_checkpoint()
    for name, shape in shapes.items():
        checkpoint.pop(path := f"params/encoder/layers_0/seq/{name}", None)
        if shape is not None:
            checkpoint[path] = np.zeros(shape, np.float32)
    return checkpoint


@pytest.mark.parametrize(
    "shapes, message",
    [
        ({"C": (H, P + 1, 2)}, r"seq.C has shape \[4, 4, 2\]; expected \[4, 3, 2\] or \[4, 6, 2\]"),
        ({"C": (H,)}, r"seq.C has shape \[4\]; expected"),
        ({"C": (H, P)}, r"seq.C has shape \[4, 3\]; expected"),
        ({"C": None, "C1": (H, P, 2), "C2": (H, P - 1, 2)},
         r"seq.C2 has shape \[4, 2, 2\]; expected \[4, 3, 2\]"),
        ({"C": None, "C1": (H + 1, P, 2), "C2": (H, P, 2)}, r"seq.C1 has shape \[5, 3, 2\]"),
        ({"C": None, "C1": (), "C2": (H, P, 2)}, r"seq.C1 has shape \[\]"),
        ({"C": None, "C1": (H, P, 2)}, "no tensor params.encoder.layers_0.seq.C2"),
        ({"C": None, "C2": (H, P, 2)}, "no tensor params.encoder.layers_0.seq.C1"),
        ({"C": None}, "no tensor params.encoder.layers_0.seq.C;"),
        ({"C1": (H, P, 2), "C2": (H, P, 2)}, "nothing reads params.encoder.layers_0.seq.C; exp"),
        ({"Lambda_re": ()}, r"seq.Lambda_re has shape \[\]; expected \[states\]"),
        ({"Lambda_im": (P + 1,)}, r"seq.Lambda_im has shape \[4\]; expected \[3\]"),
        ({"B": (P, H)}, r"seq.B has shape \[3, 4\]; expected \[3, 4, 2\]"),
        ({"D": (1,)}, r"seq.D has shape \[1\]; expected \[4\]"),
        ({"log_step": (P,)}, r"seq.log_step has shape \[3\]; expected \[3, 1\]"),
    ],
)  # fmt: skip
def test_shapes_of_an_s5_that_do_not_fit(tmp_path, shapes, message):
    with pytest.raises(ConvertError, match=message):
        convert_s5(with_shapes(**shapes), tmp_path, activation="half_glu1")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name, shape, expected",
    [
        ("encoder/encoder/kernel", (H,), r"[features, width]"),
        ("encoder/encoder/bias", (F,), "[4]"),
        ("encoder/layers_0/norm/scale", (H, 1), "[4]"),
        ("encoder/layers_0/norm/bias", (P,), "[4]"),
        ("encoder/layers_0/out1/kernel", (H, P), "[4, 4]"),
        ("encoder/layers_0/out1/bias", (P,), "[4]"),
        ("encoder/layers_0/out2/kernel", (P, H), "[4, 4]"),
        ("encoder/layers_0/out2/bias", (), "[4]"),
        ("decoder/kernel", (5, H), "[4, classes]"),
        ("decoder/bias", (H,), "[5]"),
    ],
)
def test_shapes_around_an_s5_that_do_not_fit(tmp_path, name, shape, expected):
    checkpoint = of_gates(["out1", "out2"])
    checkpoint[f"params/{name}"] = np.zeros(shape)
    message = f"params/{name} has shape {list(shape)}; expected {expected}".replace("/", ".")
    with pytest.raises(ConvertError, match=re.escape(message)):
        convert_s5(checkpoint, tmp_path, activation="full_glu")


@pytest.mark.parametrize("name", ["mean", "var"])
def test_shapes_of_statistics_that_do_not_fit(tmp_path, name):
    checkpoint = s5_checkpoint() | {f"{STATISTICS}0/norm/{name}": np.zeros((1, H))}
    message = rf"batch_stats.encoder.layers_0.norm.{name} has shape \[1, 4\]; expected \[4\]"
    with pytest.raises(ConvertError, match=message):
        convert_s5(checkpoint, tmp_path, activation="half_glu1")


@pytest.mark.parametrize(
    "name, shape, expected",
    [
        ("linear_encoder.weight", (H,), "[width, features]"),
        ("linear_encoder.bias", (F,), "[4]"),
        ("blocks.0.ssm.A_diag", (P, 1), "[states]"),
        ("blocks.0.ssm.B", (H, P, 2), "[3, 4, 2]"),
        ("blocks.0.ssm.C", (H, 2 * P, 2), "[4, 3, 2]"),
        ("blocks.0.ssm.D", (P,), "[4]"),
        ("blocks.0.ssm.steps", (P, 1), "[3]"),
        ("blocks.0.norm.running_mean", (), "[4]"),
        ("blocks.0.norm.running_var", (P,), "[4]"),
        ("blocks.0.glu.w1.weight", (2 * H, H), "[4, 4]"),
        ("blocks.0.glu.w1.bias", (P,), "[4]"),
        ("blocks.0.glu.w2.weight", (H, P), "[4, 4]"),
        ("linear_layer.weight", (H, 5), "[outputs, 4]"),
        ("linear_layer.bias", (H,), "[5]"),
    ],
)
def test_shapes_of_a_linoss_that_do_not_fit(tmp_path, name, shape, expected):
    checkpoint = linoss_checkpoint() | {name: np.zeros(shape)}
    message = f"{name} has shape {list(shape)}; expected {expected}"
    with pytest.raises(ConvertError, match=re.escape(message)):
        convert_linoss(checkpoint, tmp_path, discretization="IM")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "removed, message",
    [
        ("layers_0/seq/D", "no tensor params.encoder.layers_0.seq.D; params.encoder.layers_0.seq "
         "has B, C, Lambda_im, Lambda_re, log_step"),
        ("layers_0/seq/", "params.encoder.layers_0.seq.Lambda_re; params.encoder.layers_0 has norm"
         ", out2"),
        ("params/decoder/", "no tensor params.decoder.kernel; params has encoder"),
        ("/", "no tensor params.encoder.encoder.kernel; it is empty"),
    ],
)  # fmt: skip
def test_what_is_beside_a_missing_tensor_is_listed(tmp_path, removed, message):
    with pytest.raises(ConvertError, match=f"{message}$"):
        convert_s5(without(removed), tmp_path, activation="half_glu1")


def test_long_lists_are_cut(tmp_path):
    layers = {f"params/encoder/layers_{i}/x": np.zeros(1) for i in range(12)}
    message = "params.encoder has " + ", ".join(f"layers_{i}" for i in range(8)) + " and 4 more$"
    with pytest.raises(ConvertError, match=message):
        convert_s5(layers, tmp_path, activation="gelu")
    checkpoint = s5_checkpoint() | {f"opt_state/{i}": np.zeros(1) for i in range(12)}
    message = "nothing reads opt_state.0, opt_state.1, .*, opt_state.7 and 4 more; expected the var"
    with pytest.raises(ConvertError, match=message):
        convert_s5(checkpoint, tmp_path, activation="half_glu1")


def of_integers():
    return s5_checkpoint() | {"params/decoder/bias": np.zeros(5, np.int32)}


def of_numbers(third):
    return s5_checkpoint() | {"params/decoder/bias": np.array([0, np.inf, third, 0, 0])}


@pytest.mark.parametrize(
    "checkpoint, options, message",
    [
        (lambda: without("params/decoder/bias"), {}, "no tensor params.decoder.bias"),
        (of_integers, {}, "params.decoder.bias holds int32"),
        (s5_checkpoint, {"activation": "relu"}, "activation is 'relu'"),
        (s5_checkpoint, {"mode": "max"}, "mode is 'max'; expected 'pool' or 'last'"),
        (s5_checkpoint, {"step_rescale": float("nan")}, "step_rescale is nan; expected a number"),
        (s5_checkpoint, {"step_rescale": float("inf")}, "step_rescale is inf; expected a number"),
        (s5_checkpoint, {"step_rescale": 0.0}, "step_rescale is 0.0; expected a number greater"),
        (lambda: of_numbers(np.nan), {}, r"decoder.bias is nan at \[2\]; expected numbers \(inf"),
        (lambda: of_numbers(1e39), {}, r"decoder.bias is 1e\+39 at \[2\]; expected .* can hold"),
    ],
)
def test_what_cannot_be_said_is_an_error(tmp_path, checkpoint, options, message):
    with pytest.raises(ConvertError, match=message):
        convert_s5(checkpoint(), tmp_path, **{"activation": "half_glu1"} | options)
    assert not list(tmp_path.iterdir())


def test_command_line(tmp_path, capsys):
    np.savez(tmp_path / "c.npz", **s5_checkpoint())
    file, folder = str(tmp_path / "c.npz"), tmp_path / "model"
    assert main(["s5", file, "-o", str(folder), "--activation", "half_glu1", "--no-prenorm"]) == 0
    assert load(folder)[0][1]["prenorm"] is False
    assert main(["s5", file, "-o", str(folder), "--activation", "gelu"]) == 1
    assert f"error: {file}: activation is 'gelu' (--activation)" in capsys.readouterr().err
    np.savez(tmp_path / "layer.npz", **without("batch_stats/"))
    command = ["s5", str(tmp_path / "layer.npz"), "-o", str(folder), "--activation", "half_glu1"]
    assert main(command) == 1 and "norm is 'batch' (--norm)" in capsys.readouterr().err
    assert main([*command, "--norm", "layer"]) == 0
    assert load(folder)[0][1]["norm"] == "layer"
    assert main(["linoss", str(tmp_path / "c.pkl"), "-o", "x", "--discretization", "IM"]) == 1
    assert "c.pkl: has the suffix '.pkl'; expected .npz or .safeten" in capsys.readouterr().err
    for factor in ("nan", "-1", "x"):
        with pytest.raises(SystemExit, match="2"):
            main(["s5", file, "-o", "x", "--activation", "gelu", f"--step-rescale={factor}"])
        expected = f"argument --step-rescale: '{factor}'; expected a number greater than 0"
        assert expected in capsys.readouterr().err
    assert main(["s5", "none.npz", "-o", str(folder), "--activation", "gelu"]) == 1
    assert capsys.readouterr().err == "error: none.npz: No such file or directory\n"


def damaged(folder):
    """Files that are no checkpoints, each with what its message says."""
    np.savez(folder / "c.npz", **s5_checkpoint())
    whole = (folder / "c.npz").read_bytes()
    np.savez(folder / "objects.npz", a=np.array([{}], dtype=object))
    np.save(folder / "array.npy", np.zeros(3))
    middle = len(whole) // 2
    return {
        "junk.npz": (b"junk", "is no whole .npz file: File is not a zip file"),
        "empty.npz": (b"", "is no whole .npz file"),
        "cut.npz": (whole[:middle], "is no whole .npz file"),
        "flipped.npz": (whole[:300] + b"~~~~~~" + whole[306:], "is no whole .npz file"),
        "array.npz": ((folder / "array.npy").read_bytes(), "is no whole .npz file"),
        "o.npz": ((folder / "objects.npz").read_bytes(), "Object arrays cannot be loaded"),
        "junk.safetensors": (b"junk", "is no whole .safetensors file"),
    }


class Holder(eqx.Module):
    """Fields of a module of tk-rusch/linoss."""

    linear_encoder: eqx.nn.Linear | None = None
    blocks: list | None = None
    linear_layer: eqx.nn.Linear | None = None
    norm: eqx.nn.BatchNorm | None = None
    ssm: eqx.Module | None = None
    glu: eqx.Module | None = None


class Glu(eqx.Module):
    w1: eqx.nn.Linear
    w2: eqx.nn.Linear


class Ssm(eqx.Module):
    A_diag: jax.Array
    B: jax.Array
    C: jax.Array
    D: jax.Array
    steps: jax.Array


def live_linoss():
    """A model of two blocks, with its state."""
    key = jax.random.PRNGKey(0)

    def linear(fan_in, fan_out):
        return eqx.nn.Linear(fan_in, fan_out, key=key)

    def block():
        norm = eqx.nn.BatchNorm(H, "batch", channelwise_affine=False, mode="ema")
        arrays = [jax.numpy.ones(s) for s in ((P,), (P, H, 2), (H, P, 2), (H,), (P,))]
        return Holder(norm=norm, ssm=Ssm(*arrays), glu=Glu(linear(H, H), linear(H, H)))

    def make():
        return Holder(linear(F, H), [block(), block()], linear(H, 5))

    return eqx.nn.make_with_state(make)()


def test_the_page_makes_a_checkpoint_of_a_live_linoss(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = pathlib.Path(__file__).parents[2] / "docs" / "model-format.md"
    (code,) = re.findall(r"^```python\n(import equinox.*?)^```", page.read_text(), re.M | re.S)
    model, state = live_linoss()
    statistics = np.full(H, 2, np.float32), np.full(H, 3, np.float32)
    state = state.set(model.blocks[1].norm.ema_state_index, statistics)
    exec(code, {"model": model, "state": state})
    assert main(["linoss", "checkpoint.npz", "-o", "model", "--discretization", "IM"]) == 0
    tensors = load(tmp_path / "model")[1]
    assert np.array_equal(tensors["layers.2.norm.running_mean"], statistics[0])
    assert np.array_equal(tensors["layers.2.norm.running_var"], statistics[1])
    assert np.array_equal(tensors["layers.3.linear.weight"], model.linear_layer.weight)


def test_damaged_files_are_one_line(tmp_path, capsys):
    for name, (content, message) in damaged(tmp_path).items():
        (file := tmp_path / name).write_bytes(content)
        folder = tmp_path / "model"
        assert main(["s5", str(file), "-o", str(folder), "--activation", "gelu"]) == 1
        error = capsys.readouterr().err
        assert error.startswith(f"error: {file}: ") and message in error, error
        assert error.count("\n") == 1 and not folder.exists()


@pytest.mark.parametrize("kind", ["s5", "linoss"])
def test_help_describes_every_option(kind, capsys):
    with pytest.raises(SystemExit):
        main([kind, "--help"])
    text = capsys.readouterr().out
    arguments = text.partition("options:")[2]
    entries = re.split(r"\n  (?=\S)", arguments)[1:]
    bare = [entry for entry in entries if not re.search(r"\S\s{2,}\S", entry)]
    assert len(entries) >= 3 and not bare, bare
