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
import re
import sys
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from .export import _replace

__all__ = ["ConvertError", "convert_linoss", "convert_s5", "main", "read_checkpoint"]

FLAX_BATCH_NORM_EPSILON = 1e-5
FLAX_LAYER_NORM_EPSILON = 1e-6
EQUINOX_BATCH_NORM_EPSILON = 1e-5
S5_ACTIVATIONS = ("full_glu", "half_glu1", "half_glu2", "gelu")


class ConvertError(ValueError):
    """The checkpoint lacks a tensor, or holds what model.json cannot say."""


def convert_s5(
    checkpoint: Mapping[str, Any],
    path: str | pathlib.Path,
    *,
    activation: str,
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
        prenorm, mode, discretization, conj_sym, clip_eigs, step_rescale: its arguments
            of these names; the defaults are its own.

    Raises:
        ConvertError: naming the tensor or the option and what would be accepted.
    """
    _choose("activation", activation, S5_ACTIVATIONS)
    _choose("mode", mode, ("pool", "last"))
    _choose("discretization", discretization, ("zoh", "bilinear"))
    if not _is_factor(step_rescale):
        raise ConvertError(f"step_rescale is {step_rescale}; expected a number greater than 0")
    source = _Tensors(checkpoint)
    if source.has("params.decoder.layer1.kernel"):
        raise ConvertError("a RetrievalModel compares two documents; only a ClassificationModel")
    writer = _Writer()
    width = writer.flax_dense(source, "params.encoder.encoder", "layers.0.linear")
    writer.layer("LinearEncoder", in_features=width[0], out_features=width[1], use_bias=True)
    for index in range(source.count(r"params\.encoder\.layers_(\d+)\.")):
        layer = f"encoder.layers_{index}"
        block = f"layers.{index + 1}"
        seq = f"params.{layer}.seq"
        mixer = _s5_mixer(source, seq, f"{block}.sequence_mixer", writer, width[1], conj_sym)
        norm = _flax_norm(source, layer, f"{block}.norm", writer)
        gate = _s5_activation(
            source, f"params.{layer}", f"{block}.channel_mixer", activation, writer
        )
        mixer |= {
            "conj_sym": conj_sym,
            "clip_eigs": clip_eigs,
            "discretization": discretization,
            "step_rescale": step_rescale,
        }
        writer.layer(
            "StandardBlock",
            in_features=width[1],
            sequence_mixer=mixer,
            channel_mixer=gate,
            prenorm=prenorm,
            **norm,
        )
    classes = writer.flax_dense(source, "params.decoder", writer.next_path("linear"))
    pooling = {"pooling": "last"} if mode == "last" else {}
    writer.layer("ClassificationHead", in_features=classes[0], out_features=classes[1], **pooling)
    source.expect_nothing_left()
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
    source = _Tensors(checkpoint)
    writer = _Writer()
    shape = writer.linear(source, "linear_encoder", "layers.0.linear")
    writer.layer("LinearEncoder", in_features=shape[1], out_features=shape[0], use_bias=True)
    width = shape[0]
    for index in range(source.count(r"blocks\.(\d+)\.")):
        block, target = f"blocks.{index}", f"layers.{index + 1}"
        for name in ("A_diag", "B", "C", "D", "steps"):
            writer.copy(source, f"{block}.ssm.{name}", f"{target}.sequence_mixer.{name}")
        for name in ("running_mean", "running_var"):
            writer.copy(source, f"{block}.norm.{name}", f"{target}.norm.{name}")
        for name in ("w1", "w2"):
            writer.linear(source, f"{block}.glu.{name}", f"{target}.channel_mixer.{name}")
        states = writer.tensors[f"{target}.sequence_mixer.A_diag"].shape[0]
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
    shape = writer.linear(source, "linear_layer", writer.next_path("linear"))
    sizes = {"in_features": shape[1], "out_features": shape[0]}
    if classification:
        writer.layer("ClassificationHead", **sizes, activation="softmax")
    else:
        writer.layer("RegressionHead", **sizes, reduce=False, activation="tanh")
    source.expect_nothing_left()
    writer.write(path)


def _s5_mixer(
    source: _Tensors, path: str, target: str, writer: _Writer, width: int, conj_sym: bool
) -> dict[str, Any]:
    """S5SSM. With conj_sym, `state_dim` is twice the number of states kept.

    A bidirectional one has C for the states of both directions side by side, or, where it
    was not initialized by "complex_normal", C1 and C2.
    """
    states = source.size(f"{path}.Lambda_re")
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
        source.expect_shape(f"{path}.{name}", shape)
        writer.copy(source, f"{path}.{name}", f"{target}.{name}")
    one, both = (width, states, 2), (width, 2 * states, 2)
    if source.has(f"{path}.C1") or source.has(f"{path}.C2"):
        for name in ("C1", "C2"):
            source.expect_shape(f"{path}.{name}", one)
        halves = [source.take(f"{path}.{name}") for name in ("C1", "C2")]
        writer.tensors[f"{target}.C"] = np.concatenate(halves, axis=1)
        mixer["bidirectional"] = True
        return mixer
    source.expect_shape(f"{path}.C", one, both)
    writer.copy(source, f"{path}.C", f"{target}.C")
    if writer.tensors[f"{target}.C"].shape != one:
        mixer["bidirectional"] = True
    return mixer


def _flax_norm(source: _Tensors, layer: str, target: str, writer: _Writer) -> dict[str, Any]:
    for name in ("scale", "bias"):
        writer.copy(source, f"params.{layer}.norm.{name}", f"{target}.{name}")
    if not source.has(f"batch_stats.{layer}.norm.mean"):
        return {"norm": "layer", "norm_epsilon": FLAX_LAYER_NORM_EPSILON}
    for name in ("mean", "var"):
        writer.copy(source, f"batch_stats.{layer}.norm.{name}", f"{target}.running_{name}")
    return {"norm": "batch_affine", "norm_epsilon": FLAX_BATCH_NORM_EPSILON}


def _s5_activation(
    source: _Tensors, path: str, target: str, activation: str, writer: _Writer
) -> dict[str, Any]:
    if activation == "gelu":
        return {"target": "IdentityChannelMixer"}
    writer.flax_dense(source, f"{path}.out2", f"{target}.w2")
    if activation == "full_glu":
        writer.flax_dense(source, f"{path}.out1", f"{target}.w1")
        return {"target": "GLU"}
    return {"target": "HalfGLU", "raw_value": activation == "half_glu2"}


def _choose(name: str, value: str, legal: Iterable[str]) -> None:
    if value not in legal:
        raise ConvertError(f"{name} is {value!r}; expected {' or '.join(map(repr, legal))}")


def _is_factor(number: float) -> bool:
    return math.isfinite(number) and number > 0


class _Tensors:
    """The arrays of a checkpoint by dotted path; knows which nobody asked for."""

    def __init__(self, checkpoint: Mapping[str, Any]):
        self.arrays = dict(_flatten(checkpoint, ""))
        self.left = set(self.arrays)

    def has(self, name: str) -> bool:
        return name in self.arrays

    def size(self, name: str) -> int:
        """Of a vector."""
        shape = self.peek(name).shape
        if len(shape) != 1:
            raise ConvertError(f"{name} has shape {list(shape)}; expected one dimension")
        return shape[0]

    def expect_shape(self, name: str, *legal: tuple[int, ...]) -> None:
        shape = self.peek(name).shape
        if shape not in legal:
            expected = " or ".join(str(list(sizes)) for sizes in dict.fromkeys(legal))
            raise ConvertError(f"{name} has shape {list(shape)}; expected {expected}")

    def expect_matrix(self, name: str) -> None:
        shape = self.peek(name).shape
        if len(shape) != 2:
            raise ConvertError(f"{name} has shape {list(shape)}; expected two dimensions")

    def peek(self, name: str) -> np.ndarray:
        if name not in self.arrays:
            known = ", ".join(sorted(self.arrays)[:6])
            raise ConvertError(f"the checkpoint has no tensor {name}; it has {known}, ...")
        return self.arrays[name]

    def take(self, name: str) -> np.ndarray:
        array = self.peek(name)
        self.left.discard(name)
        return array

    def count(self, pattern: str) -> int:
        """How many numbers match; they are 0, 1, ... without a gap."""
        found = {int(m[1]) for name in self.arrays if (m := re.match(pattern, name))}
        if found != set(range(len(found))):
            raise ConvertError(f"layers are numbered {sorted(found)}; expected 0, 1, ...")
        return len(found)

    def expect_nothing_left(self) -> None:
        if self.left:
            raise ConvertError(
                f"nothing reads {', '.join(sorted(self.left))}: the options fit another model"
            )


def _flatten(node: Any, path: str) -> Iterable[tuple[str, np.ndarray]]:
    if isinstance(node, Mapping):
        for name, child in node.items():
            name = str(name).replace("/", ".")
            yield from _flatten(child, f"{path}.{name}" if path else name)
        return
    array = np.asarray(node)
    if array.dtype.kind != "f" and array.dtype.name != "bfloat16":
        raise ConvertError(f"{path} holds {array.dtype}; expected floats")
    with np.errstate(over="ignore"):
        narrow = array.astype(np.float32)
    for wrong, expected in (
        (np.isnan(narrow), "numbers (infinity is one)"),
        (np.isinf(narrow) & ~np.isinf(array), "numbers that a float can hold, or infinity"),
    ):
        if wrong.any():
            place = np.unravel_index(wrong.argmax(), array.shape)
            index = ",".join(map(str, place))
            raise ConvertError(f"{path} is {array[place]:g} at [{index}]; expected {expected}")
    yield path, narrow


class _Writer:
    """Collects layers of model.json and tensors."""

    def __init__(self) -> None:
        self.layers: list[dict[str, Any]] = []
        self.tensors: dict[str, np.ndarray] = {}

    def layer(self, target: str, **options: Any) -> None:
        self.layers.append({"target": target, **options})

    def next_path(self, name: str) -> str:
        return f"layers.{len(self.layers)}.{name}"

    def copy(self, source: _Tensors, name: str, target: str) -> None:
        self.tensors[target] = np.ascontiguousarray(source.take(name))

    def linear(self, source: _Tensors, name: str, target: str) -> tuple[int, ...]:
        """Equinox's Linear; returns (out, in)."""
        source.expect_matrix(f"{name}.weight")
        self.copy(source, f"{name}.weight", f"{target}.weight")
        self.copy(source, f"{name}.bias", f"{target}.bias")
        return self.tensors[f"{target}.weight"].shape

    def flax_dense(self, source: _Tensors, name: str, target: str) -> tuple[int, ...]:
        """flax's Dense keeps the transpose; returns (in, out)."""
        source.expect_matrix(f"{name}.kernel")
        kernel = source.take(f"{name}.kernel")
        self.tensors[f"{target}.weight"] = np.ascontiguousarray(kernel.T)
        self.copy(source, f"{name}.bias", f"{target}.bias")
        return kernel.shape

    def write(self, path: str | pathlib.Path) -> None:
        folder = pathlib.Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"format": 1, "layers": self.layers}, indent=2) + "\n"
        weights = safetensors.numpy.save(dict(sorted(self.tensors.items())))
        _replace(folder / "model.safetensors", weights)
        _replace(folder / "model.json", text.encode())


def read_checkpoint(file: str | pathlib.Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz or .safetensors file by their names in it.

    Raises:
        ConvertError: the file is neither, or damaged.
        OSError: it cannot be read.
    """
    file = pathlib.Path(file)
    if file.suffix not in _READERS:
        raise ConvertError(f"has the suffix {file.suffix!r}; expected .npz or .safetensors")
    try:
        return _READERS[file.suffix](file)
    except (ValueError, EOFError, KeyError, NotImplementedError, RuntimeError,
            zipfile.BadZipFile, zlib.error, safetensors.SafetensorError) as error:  # fmt: skip
        reason = " ".join(str(error).split())
        raise ConvertError(f"is no whole {file.suffix} file: {reason}") from error


def _read_npz(file: pathlib.Path) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(file):  # NumPy takes all else for a pickle
        pass
    with np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


_READERS = {".npz": _read_npz, ".safetensors": safetensors.numpy.load_file}


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
        choices=S5_ACTIVATIONS,
        help="activation_fn of the training script: what follows each S5",
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
