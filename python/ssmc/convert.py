"""Converts checkpoints of the papers' own code to the two files that ssmc compiles.

    python -m ssmc.convert s5 checkpoint.npz -o folder --activation half_glu1
    python -m ssmc.convert linoss checkpoint.safetensors -o folder --discretization IM

* `convert_s5`: a ClassificationModel of lindermanlab/S5 (flax);
* `convert_linoss`: a LinOSS of tk-rusch/linoss (Equinox).

A checkpoint is a dictionary of arrays: nested, or flat with paths of `/` or `.`.
What a training script chose and arrays do not tell (the activation, the
discretization, ...) is an argument. Neither JAX nor flax is imported here.
"""

from __future__ import annotations

import argparse
import json
import math
import pathlib
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import safetensors.numpy

from .checkpoint import Checkpoint, ConvertError, Size, read_checkpoint
from .files import replace_file

__all__ = ["ConvertError", "convert_linoss", "convert_s5", "main", "read_checkpoint"]

FLAX_BATCH_NORM_EPSILON = 1e-5
FLAX_LAYER_NORM_EPSILON = 1e-6
EQUINOX_BATCH_NORM_EPSILON = 1e-5
# What each activation has tensors of.
S5_GATES = {
    "full_glu": ("out1", "out2"),
    "half_glu1": ("out2",),
    "half_glu2": ("out2",),
    "gelu": (),
}


def convert_s5(
    checkpoint: Mapping[str, Any],
    path: str | pathlib.Path,
    *,
    activation: str,
    norm: str = "batch",
    prenorm: bool = True,
    mode: str = "pool",
    discretization: str = "zoh",
    conj_sym: bool = True,
    clip_eigs: bool = False,
    step_rescale: float = 1.0,
) -> None:
    """Writes `path`/model.json and `path`/model.safetensors of an S5 classifier.

    Args:
        checkpoint: flax variables of lindermanlab/S5's ClassificationModel:
            `params/encoder/encoder/kernel`, `params/encoder/layers_0/seq/Lambda_re`,
            `batch_stats/encoder/layers_0/norm/mean`, `params/decoder/kernel`, ...
        path: the folder to write into; made if it is not there.
        activation: `activation_fn` of the training script (half_glu1 is its default).
        norm: "batch", or "layer" of a model with `batchnorm=False`.
        prenorm, mode, discretization, conj_sym, clip_eigs, step_rescale: its arguments
            of these names; the defaults are its own.

    Raises:
        ConvertError: naming the tensor or the option and what would be accepted.
    """
    _choose("activation", activation, S5_GATES)
    _choose("norm", norm, ("batch", "layer"))
    _choose("mode", mode, ("pool", "last"))
    _choose("discretization", discretization, ("zoh", "bilinear"))
    if not _is_factor(step_rescale):
        raise ConvertError(f"step_rescale is {step_rescale}; expected a number greater than 0")
    source = Checkpoint(checkpoint)
    if source.has("params.decoder.layer1"):
        raise ConvertError("a RetrievalModel compares two documents; only a ClassificationModel")
    writer = _Writer(source)
    features, width = writer.flax_dense(
        "params.encoder.encoder", "layers.0.linear", "features", "width"
    )
    writer.layer("LinearEncoder", in_features=features, out_features=width, use_bias=True)
    layers = source.count(r"params\.encoder\.layers_(\d+)\.")
    _check_s5_norms(source, norm, layers)
    _check_s5_gates(source, activation, layers)
    for index in range(layers):
        layer, target = f"encoder.layers_{index}", f"layers.{index + 1}"
        mixer = _s5_mixer(writer, f"params.{layer}.seq", target, width, conj_sym)
        mixer |= {
            "conj_sym": conj_sym,
            "clip_eigs": clip_eigs,
            "discretization": discretization,
            "step_rescale": step_rescale,
        }
        writer.layer(
            "StandardBlock",
            in_features=width,
            sequence_mixer=mixer,
            channel_mixer=_s5_gate(writer, f"params.{layer}", target, width, activation),
            prenorm=prenorm,
            **_flax_norm(writer, layer, target, width, norm),
        )
    _, classes = writer.flax_dense("params.decoder", writer.next_path("linear"), width, "classes")
    pooling = {"pooling": "last"} if mode == "last" else {}
    writer.layer("ClassificationHead", in_features=width, out_features=classes, **pooling)
    source.expect_nothing_left("the variables of a ClassificationModel")
    writer.write(path)


def convert_linoss(
    checkpoint: Mapping[str, Any],
    path: str | pathlib.Path,
    *,
    discretization: str,
    classification: bool = True,
) -> None:
    """Writes `path`/model.json and `path`/model.safetensors of a LinOSS.

    Args:
        checkpoint: arrays of tk-rusch/linoss's LinOSS by their paths in the pytree
            (`linear_encoder.weight`, `blocks.0.ssm.A_diag`, `blocks.0.glu.w1.weight`,
            `linear_layer.bias`), and of each BatchNorm, out of the eqx.nn.State,
            `blocks.0.norm.running_mean` and `blocks.0.norm.running_var`.
        path: the folder to write into; made if it is not there.
        discretization: "IM" or "IMEX".
        classification: probabilities of classes from the mean over time; else tanh of
            a linear map at every time step (the model's `output_step` k takes the
            steps k - 1, 2 k - 1, ... of these).

    Raises:
        ConvertError: naming the tensor or the option and what would be accepted.
    """
    _choose("discretization", discretization, ("IM", "IMEX"))
    source = Checkpoint(checkpoint)
    writer = _Writer(source)
    width, features = writer.linear("linear_encoder", "layers.0.linear", "width", "features")
    writer.layer("LinearEncoder", in_features=features, out_features=width, use_bias=True)
    for index in range(source.count(r"blocks\.(\d+)\.")):
        block, target = f"blocks.{index}", f"layers.{index + 1}"
        states = _linoss_mixer(writer, f"{block}.ssm", f"{target}.sequence_mixer", width)
        for name in ("running_mean", "running_var"):
            writer.copy(f"{block}.norm.{name}", f"{target}.norm.{name}", (width,))
        for name in ("w1", "w2"):
            writer.linear(f"{block}.glu.{name}", f"{target}.channel_mixer.{name}", width, width)
        writer.layer(
            "StandardBlock",
            in_features=width,
            sequence_mixer={
                "target": "LinOSSSequenceMixer",
                "state_dim": states,
                "discretization": discretization,
                "damping": False,
            },
            channel_mixer={"target": "GLU"},
            norm_epsilon=EQUINOX_BATCH_NORM_EPSILON,
        )
    outputs, _ = writer.linear("linear_layer", writer.next_path("linear"), "outputs", width)
    sizes = {"in_features": width, "out_features": outputs}
    if classification:
        writer.layer("ClassificationHead", **sizes, activation="softmax")
    else:
        writer.layer("RegressionHead", **sizes, reduce=False, activation="tanh")
    source.expect_nothing_left("the arrays of a LinOSS")
    writer.write(path)


def _check_s5_norms(source: Checkpoint, norm: str, layers: int) -> None:
    """Raises where the statistics are not those of such norms, in every layer."""
    stats = [f"batch_stats.encoder.layers_{i}.norm" for i in range(layers)]
    there = [name for name in stats if source.has(name)]
    absent = [name for name in stats if name not in there]
    if there and absent:
        raise ConvertError(
            f"there is no {absent[0]}, but {there[0]}; expected statistics of every layer, or of "
            "none with norm 'layer' (--norm)"
        )
    if norm == "batch" and absent:
        raise ConvertError(
            "norm is 'batch' (--norm), but the checkpoint has no statistics of such norms, "
            f"{absent[0]}.mean and the like; expected these, or 'layer' for a model that was "
            "trained with batchnorm=False"
        )
    if norm == "layer" and there:
        raise ConvertError(
            f"norm is 'layer' (--norm), but the checkpoint has {there[0]}; expected 'batch'"
        )


def _check_s5_gates(source: Checkpoint, activation: str, layers: int) -> None:
    """Raises where what there is of out1 and out2 is that of another activation."""
    paths = [f"params.encoder.layers_{i}" for i in range(layers)]
    found = [tuple(n for n in ("out1", "out2") if source.has(f"{p}.{n}")) for p in paths]
    if found.count(S5_GATES[activation]) == layers:
        return

    def has(index: int) -> str:
        return f"{paths[index]} has {' and '.join(found[index]) or 'neither out1 nor out2'}"

    for index, gates in enumerate(found):
        if gates != found[0]:
            raise ConvertError(f"{has(0)}, {has(index)}; expected the same in every layer")
    fitting = [repr(name) for name, gates in S5_GATES.items() if gates == found[0]]
    if not fitting:
        raise ConvertError(f"{has(0)}; expected out2 beside it")
    raise ConvertError(
        f"activation is {activation!r} (--activation), but {has(0)}; "
        f"expected {' or '.join(fitting)}"
    )


def _s5_mixer(writer: _Writer, path: str, layer: str, width: int, conj_sym: bool) -> dict[str, Any]:
    """S5SSM. With conj_sym, `state_dim` is twice the number of states kept.

    A bidirectional one has C for the states of both directions side by side, or, where it
    was not initialized by "complex_normal", C1 and C2.
    """
    source, target = writer.source, f"{layer}.sequence_mixer"
    states = source.take(f"{path}.Lambda_re", ("states",)).size
    mixer: dict[str, Any] = {"target": "S5SequenceMixer"}
    if states > 0:
        mixer["state_dim"] = 2 * states if conj_sym else states
    elif conj_sym:  # two blocks, each of half a conjugate pair
        mixer |= {"state_dim": 2, "ssm_blocks": 2}
    else:
        raise ConvertError(f"{path}.Lambda_re is empty; expected states without conj_sym")
    shapes = {
        "Lambda_re": (states,),
        "Lambda_im": (states,),
        "B": (states, width, 2),
        "D": (width,),
        "log_step": (max(states, 1), 1),
    }
    for name, shape in shapes.items():
        writer.copy(f"{path}.{name}", f"{target}.{name}", shape)
    one, both = (width, states, 2), (width, 2 * states, 2)
    if source.has(f"{path}.C1") or source.has(f"{path}.C2"):
        halves = [source.take(f"{path}.{name}", one) for name in ("C1", "C2")]
        writer.tensors[f"{target}.C"] = np.concatenate(halves, axis=1)
        mixer["bidirectional"] = True
    elif writer.copy(f"{path}.C", f"{target}.C", one, both).shape != one:
        mixer["bidirectional"] = True
    return mixer


def _flax_norm(writer: _Writer, path: str, layer: str, width: int, norm: str) -> dict[str, Any]:
    for name in ("scale", "bias"):
        writer.copy(f"params.{path}.norm.{name}", f"{layer}.norm.{name}", (width,))
    if norm == "layer":
        return {"norm": "layer", "norm_epsilon": FLAX_LAYER_NORM_EPSILON}
    for name in ("mean", "var"):
        writer.copy(f"batch_stats.{path}.norm.{name}", f"{layer}.norm.running_{name}", (width,))
    return {"norm": "batch_affine", "norm_epsilon": FLAX_BATCH_NORM_EPSILON}


def _s5_gate(writer: _Writer, path: str, layer: str, width: int, activation: str) -> dict[str, Any]:
    for name in S5_GATES[activation]:  # out1 is w1
        target = f"{layer}.channel_mixer.w{name[-1]}"
        writer.flax_dense(f"{path}.{name}", target, width, width)
    if activation == "gelu":
        return {"target": "IdentityChannelMixer"}
    if activation == "full_glu":
        return {"target": "GLU"}
    return {"target": "HalfGLU", "raw_value": activation == "half_glu2"}


def _linoss_mixer(writer: _Writer, path: str, target: str, width: int) -> int:
    """LinOSSLayer; returns the number of its states."""
    states = writer.copy(f"{path}.A_diag", f"{target}.A_diag", ("states",)).size
    shapes = {
        "B": (states, width, 2),
        "C": (width, states, 2),
        "D": (width,),
        "steps": (states,),
    }
    for name, shape in shapes.items():
        writer.copy(f"{path}.{name}", f"{target}.{name}", shape)
    return states


def _choose(name: str, value: str, legal: Iterable[str]) -> None:
    if value not in legal:
        raise ConvertError(f"{name} is {value!r}; expected {' or '.join(map(repr, legal))}")


def _is_factor(number: float) -> bool:
    return math.isfinite(number) and number > 0


class _Writer:
    """Collects layers of model.json, and tensors out of a checkpoint."""

    def __init__(self, source: Checkpoint) -> None:
        self.source = source
        self.layers: list[dict[str, Any]] = []
        self.tensors: dict[str, np.ndarray] = {}

    def layer(self, target: str, **options: Any) -> None:
        self.layers.append({"target": target, **options})

    def next_path(self, name: str) -> str:
        return f"layers.{len(self.layers)}.{name}"

    def copy(self, name: str, target: str, *legal: tuple[Size, ...]) -> np.ndarray:
        self.tensors[target] = np.ascontiguousarray(self.source.take(name, *legal))
        return self.tensors[target]

    def linear(self, name: str, target: str, fan_out: Size, fan_in: Size) -> tuple[int, ...]:
        """Equinox's Linear; returns (out, in)."""
        shape = self.copy(f"{name}.weight", f"{target}.weight", (fan_out, fan_in)).shape
        self.copy(f"{name}.bias", f"{target}.bias", shape[:1])
        return shape

    def flax_dense(self, name: str, target: str, fan_in: Size, fan_out: Size) -> tuple[int, ...]:
        """flax's Dense keeps the transpose; returns (in, out)."""
        kernel = self.source.take(f"{name}.kernel", (fan_in, fan_out))
        self.tensors[f"{target}.weight"] = np.ascontiguousarray(kernel.T)
        self.copy(f"{name}.bias", f"{target}.bias", kernel.shape[1:])
        return kernel.shape

    def write(self, path: str | pathlib.Path) -> None:
        folder = pathlib.Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"format": 1, "layers": self.layers}, indent=2) + "\n"
        weights = safetensors.numpy.save(dict(sorted(self.tensors.items())))
        replace_file(folder / "model.safetensors", weights)
        replace_file(folder / "model.json", text.encode())


def _factor(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not _is_factor(number):
        raise argparse.ArgumentTypeError(f"'{text}'; expected a number greater than 0")
    return number


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m ssmc.convert",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    s5 = kinds.add_parser("s5", help="a ClassificationModel of lindermanlab/S5")
    s5.add_argument(
        "--activation",
        required=True,
        choices=S5_GATES,
        help="activation_fn of the training script: what follows each S5",
    )
    s5.add_argument(
        "--norm",
        default="batch",
        choices=("batch", "layer"),
        help="batch (the default), or layer of a model that was trained with batchnorm=False",
    )
    s5.add_argument(
        "--mode",
        default="pool",
        choices=("pool", "last"),
        help="classify the mean over time (pool, the default) or the last time step",
    )
    s5.add_argument(
        "--discretization",
        default="zoh",
        choices=("zoh", "bilinear"),
        help="how the continuous system was discretized (default: zoh)",
    )
    s5.add_argument(
        "--step-rescale",
        type=_factor,
        default=1.0,
        metavar="FACTOR",
        help="factor on every step size, greater than 0 (default: 1)",
    )
    for name, default, text in (
        ("prenorm", True, "the norm of each layer comes before the S5, not at its end"),
        ("conj-sym", True, "states are one half of conjugate pairs"),
        ("clip-eigs", False, "real parts of eigenvalues were kept negative"),
    ):
        s5.add_argument(
            f"--{name}", default=default, action=argparse.BooleanOptionalAction, help=text
        )
    linoss = kinds.add_parser("linoss", help="a LinOSS of tk-rusch/linoss")
    linoss.add_argument(
        "--discretization",
        required=True,
        choices=("IM", "IMEX"),
        help="implicit (IM) or implicit-explicit (IMEX), as in training",
    )
    linoss.add_argument(
        "--classification",
        default=True,
        action=argparse.BooleanOptionalAction,
        help="probabilities of classes from the mean over time; otherwise tanh of every time step",
    )
    for kind in (s5, linoss):
        kind.add_argument("checkpoint", help="arrays by their paths: a .npz or .safetensors file")
        kind.add_argument(
            "-o",
            dest="path",
            required=True,
            metavar="FOLDER",
            help="where model.json and model.safetensors go; made if it is not there",
        )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = vars(_parse(arguments))
    convert = {"s5": convert_s5, "linoss": convert_linoss}[options.pop("kind")]
    file = options.pop("checkpoint")
    try:
        convert(read_checkpoint(file), options.pop("path"), **options)
    except ConvertError as error:
        print(f"error: {file}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error.filename or file}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
