"""Writes a live discretax model as the two files that ssmc compiles.

`export(model, state, path)` is all there is to call. The model is looked at
by the names of its classes and fields, so that neither JAX nor Equinox nor
discretax is imported here.

What a live model no longer knows, because it only shaped the initial values
(S5's ssm_blocks, C_init, dt_min and dt_max, LRU's r_min, r_max and max_phase,
LinOSS's r_min and theta_max, S4D's dt_min and dt_max), is left out: inference ignores it.
"""

from __future__ import annotations

import json
import math
import os
import pathlib
import warnings
from typing import Any

import numpy as np
import safetensors.numpy

from .files import replace_file

__all__ = ["ExportError", "export"]

BATCH_NORM_EPSILON = 1e-5  # the only one that discretax uses


class ExportError(ValueError):
    """The model holds something that model.json cannot say, or ssmc not run."""


def export(model: Any, state: Any, path: str | os.PathLike[str]) -> None:
    """Writes `path`/model.json and `path`/model.safetensors.

    Args:
        model: an `eqx.nn.Sequential` of discretax layers, or one such layer:
            LinearEncoder, EmbeddingEncoder, S5, LRU, LinOSS, DeltaNet, StandardBlock
            (of any of their sequence mixers, of S4D's or none), ClassificationHead,
            RegressionHead.
        state: the `eqx.nn.State` that holds the statistics of the model's
            BatchNorms after training, not batched; None if it has none.
            Statistics that were never updated are a UserWarning.
        path: the folder to write into; made if it is not there.

    Raises:
        ExportError: naming the layer or the tensor and what would be accepted.
    """
    layers = list(model.layers) if _class_of(model) == "equinox.Sequential" else [model]
    writer = _Writer(state)
    described = [writer.layer(i, layers) for i in range(len(layers))]
    if writer.never_updated:
        first, *others = writer.never_updated
        more = f" and {len(others)} more" if others else ""
        warnings.warn(
            f"{first}{more}: the running statistics were never updated: the model was not "
            "trained, or `state` is not the one that training returned",
            stacklevel=2,
        )

    folder = pathlib.Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"format": 1, "layers": described}, indent=2, allow_nan=False) + "\n"
    weights = safetensors.numpy.save(dict(sorted(writer.tensors.items())))
    replace_file(folder / "model.safetensors", weights)
    replace_file(folder / "model.json", text.encode())


def _class_of(node: Any) -> str:
    """`discretax.S5`: the package that a class comes from and its own name."""
    return f"{type(node).__module__.partition('.')[0]}.{type(node).__name__}"


class _Writer:
    """Collects tensors while it describes layers.

    Every `_describe` method returns one dictionary of model.json and stores
    the tensors below the layer's path in the pytree (`layers.1.blocks.0`).
    """

    def __init__(self, state: Any):
        self.state = state
        self.tensors: dict[str, np.ndarray] = {}
        self.never_updated: list[str] = []  # paths of norms

    # -- Layers ----------------------------------------------------------------

    def layer(self, index: int, layers: list[Any]) -> dict[str, Any]:
        """Describes layers[index]; its neighbours tell an empty model's width."""
        node, path = layers[index], f"layers.{index}"
        describe = self._choose(f"layers[{index}]", node, _LAYERS)
        models = (_Writer._s5, _Writer._lru, _Writer._linoss, _Writer._delta_net)
        if describe in models and not node.blocks:
            width = _width_between(layers, index)
            return {"target": type(node).__name__, "hidden_dim": width, "num_blocks": 0}
        return {"target": type(node).__name__, **describe(self, path, node)}

    def _linear_encoder(self, path: str, node: Any) -> dict[str, Any]:
        return self._linear(f"{path}.linear", node.linear)

    def _embedding_encoder(self, path: str, node: Any) -> dict[str, Any]:
        table = self._tensor(f"{path}.embedding.weight", node.embedding.weight, 2)
        return {"num_classes": table.shape[0], "out_features": table.shape[1]}

    def _head(self, path: str, node: Any) -> dict[str, Any]:
        options = self._linear(f"{path}.linear", node.linear)
        if not options.pop("use_bias"):
            raise ExportError(f"{path}.linear: a head without bias; discretax's always have one")
        return {**options, "reduce": bool(node.reduce)}

    def _standard_block(self, path: str, node: Any) -> dict[str, Any]:
        mixers = {}
        for name, known in (
            ("sequence_mixer", _SEQUENCE_MIXERS),
            ("channel_mixer", _CHANNEL_MIXERS),
        ):
            mixer = getattr(node, name)
            describe = self._choose(f"{path}.{name}", mixer, known)
            target = {"target": type(mixer).__name__}
            mixers[name] = target | describe(self, f"{path}.{name}", mixer)
        return {"in_features": self._norm(f"{path}.norm", node.norm), **mixers} | {
            "drop_rate": _finite(f"{path}.drop.p", node.drop.p),
            "prenorm": bool(node.prenorm),
        }

    def _model(self, path: str, node: Any, mixer: str) -> dict[str, Any]:
        """S5, LRU, LinOSS, DeltaNet: equal blocks, so one description serves them all."""
        common: dict[str, Any] = {}
        for i, block in enumerate(node.blocks):
            where = f"{path}.blocks.{i}"
            self._choose(where, block, {"discretax.StandardBlock": None})
            self._choose(f"{where}.sequence_mixer", block.sequence_mixer, {mixer: None})
            self._choose(f"{where}.channel_mixer", block.channel_mixer, {"discretax.GLU": None})
            options = self._standard_block(where, block)
            glu = options["channel_mixer"]
            if "out_features" in glu:
                raise ExportError(f"{where}.channel_mixer: a model's GLU keeps the width")
            flat = {"hidden_dim": options["in_features"], "num_blocks": len(node.blocks)}
            flat |= {k: v for k, v in options["sequence_mixer"].items() if k != "target"}
            flat |= {k: options[k] for k in ("drop_rate", "prenorm")}
            flat["use_bias"] = glu["use_bias"]
            common = common or flat
            for name, value in flat.items():
                if common[name] != value:
                    raise ExportError(
                        f"{where}: {name} is {value!r}, but {common[name]!r} in block 0; "
                        f"the blocks of {type(node).__name__} share one; "
                        "list them as StandardBlocks instead"
                    )
        return common

    def _s5(self, path: str, node: Any) -> dict[str, Any]:
        return self._model(path, node, "discretax.S5SequenceMixer")

    def _lru(self, path: str, node: Any) -> dict[str, Any]:
        return self._model(path, node, "discretax.LRUSequenceMixer")

    def _linoss(self, path: str, node: Any) -> dict[str, Any]:
        return self._model(path, node, "discretax.LinOSSSequenceMixer")

    def _delta_net(self, path: str, node: Any) -> dict[str, Any]:
        options = self._model(path, node, "discretax.DeltaNetSequenceMixer")
        if options.pop("use_bias"):
            raise ExportError(f"{path}: GLUs with biases; DeltaNet's have none")
        return options

    # -- Sequence and channel mixers -------------------------------------------

    def _s5_mixer(self, path: str, node: Any) -> dict[str, Any]:
        step = self._tensor(f"{path}.log_step", node.log_step, 2)
        modes = self._tensor(f"{path}.Lambda_re", node.Lambda_re, 1).shape[0]
        self._tensor(f"{path}.Lambda_im", node.Lambda_im, 1)
        self._tensor(f"{path}.B", node.B, 3)
        c = self._tensor(f"{path}.C", node.C, 3)
        self._tensor(f"{path}.D", node.D, 1)
        if c.shape[1] != modes:
            raise ExportError(
                f"{path}.C has shape {list(c.shape)}; expected {[c.shape[0], modes, 2]}: "
                "as C_init 'complex_normal' makes it, no call accepts it"
            )
        options: dict[str, Any] = {"state_dim": step.shape[0] * (2 if node.conj_sym else 1)}
        if node.conj_sym and step.shape[0] == 1 and modes == 0:
            options["ssm_blocks"] = 2  # two blocks of one state, which conj_sym halves to none
        elif step.shape[0] != modes:
            raise ExportError(
                f"{path}.log_step has shape {list(step.shape)}; expected {[modes, 1]}: "
                "conj_sym needs an even state_dim / ssm_blocks"
            )
        return options | {
            "conj_sym": bool(node.conj_sym),
            "clip_eigs": bool(node.clip_eigs),
            "discretization": _one_of(
                f"{path}.discretization", node.discretization, ("zoh", "bilinear")
            ),
            "step_rescale": _finite(f"{path}.step_rescale", node.step_rescale),
        }

    def _lru_mixer(self, path: str, node: Any) -> dict[str, Any]:
        for name in ("nu_log", "theta_log", "gamma_log", "D"):
            self._tensor(f"{path}.{name}", getattr(node, name), 1)
        for name in ("B_re", "B_im", "C_re", "C_im"):
            self._tensor(f"{path}.{name}", getattr(node, name), 2)
        return {"state_dim": int(node.nu_log.shape[0])}

    def _linoss_mixer(self, path: str, node: Any) -> dict[str, Any]:
        if node.discretization == "IM" and node.damping:
            raise ExportError(
                f"{path}: LinOSS 'IM' cannot be damped (discretax's own call fails); "
                "make it with damping=False"
            )
        names = ["A_diag", "steps", "D"]
        if node.damping:
            names.append("G_diag")
        for name in names:
            self._tensor(f"{path}.{name}", getattr(node, name), 1)
        for name in ("B", "C"):
            self._tensor(f"{path}.{name}", getattr(node, name), 3)
        return {
            "state_dim": int(node.A_diag.shape[0]),
            "discretization": _one_of(
                f"{path}.discretization", node.discretization, ("IM", "IMEX")
            ),
            "damping": bool(node.damping),
        }

    def _s4d_mixer(self, path: str, node: Any) -> dict[str, Any]:
        path, kernel = f"{path}.kernel", node.kernel
        c = np.asarray(kernel.C)
        pairs = np.stack([c.real, c.imag], axis=-1)
        self._tensor(f"{path}.C", pairs, 3)
        self._tensor(f"{path}.log_dt", kernel.log_dt, 1)
        for name in ("log_a_real", "A_imag"):
            self._tensor(f"{path}.{name}", getattr(kernel, name), 2)
        # An odd state_dim has a mode per whole pair, and says so itself.
        return {"state_dim": int(node.state_dim)}

    def _delta_net_mixer(self, path: str, node: Any) -> dict[str, Any]:
        for name in ("q_proj", "k_proj", "v_proj", "beta_proj", "out_proj"):
            if self._linear(f"{path}.{name}", getattr(node, name))["use_bias"]:
                raise ExportError(f"{path}.{name}: has a bias; DeltaNet's projections have none")
        return {
            "n_heads": int(node.n_heads),
            "head_dim": int(node.head_dim),
            "chunk_size": int(node.chunk_size),
        }

    def _glu(self, path: str, node: Any) -> dict[str, Any]:
        first = self._linear(f"{path}.w1", node.w1)
        second = self._linear(f"{path}.w2", node.w2)
        if first != second:
            raise ExportError(f"{path}: w1 and w2 differ: {first} and {second}")
        options = {"use_bias": first["use_bias"]}
        if first["out_features"] != first["in_features"]:
            options["out_features"] = first["out_features"]
        return options

    def _swi_glu(self, path: str, node: Any) -> dict[str, Any]:
        gate = self._linear(f"{path}.gate_proj", node.gate_proj)
        up = self._linear(f"{path}.up_proj", node.up_proj)
        down = self._linear(f"{path}.down_proj", node.down_proj)
        if gate != up or {gate["use_bias"], down["use_bias"]} == {True, False}:
            raise ExportError(f"{path}: the maps differ: {gate}, {up} and {down}")
        # hidden_ratio only chose this width.
        return {"intermediate_dim": gate["out_features"], "use_bias": gate["use_bias"]}

    def _mlp(self, path: str, node: Any) -> dict[str, Any]:
        linear = self._linear(f"{path}.linear", node.linear)
        options = {
            "non_linearity": _one_of(
                f"{path}.non_linearity",
                node.non_linearity,
                ("relu", "gelu", "swish", "silu", "tanh"),
            ),
            "use_bias": linear["use_bias"],
        }
        if linear["out_features"] != linear["in_features"]:
            options["out_features"] = linear["out_features"]
        return options

    def _identity(self, path: str, node: Any) -> dict[str, Any]:
        return {}

    # -- Parts -----------------------------------------------------------------

    def _linear(self, path: str, node: Any) -> dict[str, Any]:
        weight = self._tensor(f"{path}.weight", node.weight, 2)
        if node.bias is not None:
            self._tensor(f"{path}.bias", node.bias, 1)
        return {
            "in_features": weight.shape[1],
            "out_features": weight.shape[0],
            "use_bias": node.bias is not None,
        }

    def _norm(self, path: str, node: Any) -> int:
        """Stores the running statistics; returns the number of channels."""
        if _class_of(node) != "equinox.BatchNorm":
            raise ExportError(f"{path}: {_class_of(node)}; expected equinox's BatchNorm")
        if getattr(node, "weight", None) is not None or node.eps != BATCH_NORM_EPSILON:
            raise ExportError(
                f"{path}: a BatchNorm with its own scale and offset or eps {node.eps}; "
                f"StandardBlock's has neither, and eps {BATCH_NORM_EPSILON}"
            )
        if node.mode != "ema":
            raise ExportError(f"{path}: BatchNorm mode {node.mode!r}; StandardBlock's is 'ema'")
        if self.state is None:
            raise ExportError(f"{path}: no state; pass the eqx.nn.State that training returned")
        try:
            mean, variance = self.state.get(node.ema_state_index)
            first_time = self.state.get(node.ema_first_time_index)
        except (KeyError, ValueError) as error:
            raise ExportError(f"{path}: the state holds no statistics of this norm") from error
        if np.any(np.asarray(first_time)):
            # Training mode replaces such statistics instead of averaging them.
            self.tensors[f"{path}.first_time"] = np.array(True)
            self.never_updated.append(path)
        channels = int(node.input_size)
        for name, value in (("running_mean", mean), ("running_var", variance)):
            stored = self._tensor(f"{path}.{name}", value, 1)
            if stored.shape != (channels,):
                raise ExportError(
                    f"{path}.{name} has shape {list(stored.shape)}; expected {[channels]}"
                )
        return channels

    def _tensor(self, path: str, value: Any, rank: int) -> np.ndarray:
        """Checks and stores one array; returns it as float32 or float64."""
        if value is None:
            raise ExportError(f"{path}: no value; expected an array of {rank} axes")
        array = np.asarray(value)
        if array.dtype not in (np.float32, np.float64):
            if array.dtype.itemsize != 2 or array.dtype.kind not in "fV":
                raise ExportError(f"{path} holds {array.dtype}; expected floating point")
            array = array.astype(np.float32)  # float16, bfloat16: nothing is lost
        if array.ndim != rank:
            raise ExportError(
                f"{path} has shape {list(array.shape)}; expected {rank} axes (batched models "
                "and states cannot be exported: pick one of them)"
            )
        if np.isnan(array).any():
            first = [int(i) for i in np.argwhere(np.isnan(array))[0]]
            raise ExportError(f"{path}{first} is NaN")
        self.tensors[path] = np.ascontiguousarray(array)
        return array

    def _choose(self, where: str, node: Any, known: dict[str, Any]) -> Any:
        try:
            return known[_class_of(node)]
        except KeyError:
            expected = ", ".join(name.partition(".")[2] for name in known)
            raise ExportError(
                f"{where}: {type(node).__module__}.{type(node).__qualname__} cannot be "
                f"exported here; expected discretax's {expected}"
            ) from None


def _finite(path: str, value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ExportError(f"{path} is {number}; expected a finite number")
    return number


def _width_between(layers: list[Any], index: int) -> int:
    """The channels that pass a model of no blocks, by the layers around it."""
    around = [(node, 0) for node in reversed(layers[:index])]
    around += [(node, 1) for node in layers[index + 1 :]]
    for node, axis in around:  # axis of a weight that faces layers[index]
        if hasattr(node, "linear"):
            return int(node.linear.weight.shape[axis])
        if hasattr(node, "embedding"):
            return int(node.embedding.weight.shape[1])
        blocks = getattr(node, "blocks", None) or ([node] if hasattr(node, "norm") else [])
        if blocks:
            return int(blocks[0].norm.input_size)
    raise ExportError(f"layers[{index}]: a model of no blocks alone does not know its width")


def _one_of(path: str, value: Any, names: tuple[str, ...]) -> str:
    if value not in names:
        raise ExportError(f"{path} is {value!r}; expected one of {', '.join(names)}")
    return str(value)


_LAYERS = {
    "discretax.LinearEncoder": _Writer._linear_encoder,
    "discretax.EmbeddingEncoder": _Writer._embedding_encoder,
    "discretax.S5": _Writer._s5,
    "discretax.LRU": _Writer._lru,
    "discretax.LinOSS": _Writer._linoss,
    "discretax.DeltaNet": _Writer._delta_net,
    "discretax.StandardBlock": _Writer._standard_block,
    "discretax.ClassificationHead": _Writer._head,
    "discretax.RegressionHead": _Writer._head,
}
_SEQUENCE_MIXERS = {
    "discretax.S5SequenceMixer": _Writer._s5_mixer,
    "discretax.LRUSequenceMixer": _Writer._lru_mixer,
    "discretax.LinOSSSequenceMixer": _Writer._linoss_mixer,
    "discretax.DeltaNetSequenceMixer": _Writer._delta_net_mixer,
    "discretax.S4DSequenceMixer": _Writer._s4d_mixer,
    "discretax.IdentitySequenceMixer": _Writer._identity,
}
_CHANNEL_MIXERS = {
    "discretax.GLU": _Writer._glu,
    "discretax.SwiGLU": _Writer._swi_glu,
    "discretax.MLPChannelMixer": _Writer._mlp,
    "discretax.IdentityChannelMixer": _Writer._identity,
}
