"""Random models: every class and every option that `ssmc schema` lists, odd sizes.

What the schema says of an option is enough to draw it, so that new options are
drawn as soon as they are there; RULES holds what it cannot say, between options.
"""

import functools
import json
import math
import re
import subprocess

import numpy as np
from safetensors.numpy import load_file, save_file

# At and around the widths of vectors and panels (8, 16), and what divides nothing.
SIZES = [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33]
LARGE = [48, 50, 63, 64, 65, 96, 100, 128, 200, 256]
LENGTHS = [1, 2, 3, 5, 23, 24, 25, 48, 61, 100, 170]
INPUTS = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "large": lambda rng, shape: 100 * rng.standard_normal(shape),
    "small": lambda rng, shape: 1e-6 * rng.standard_normal(shape),
    "constant": lambda rng, shape: np.ones(shape),
    "zero": lambda rng, shape: np.zeros(shape),
    "impulse": lambda rng, shape: np.eye(shape[1], 1)[None] * np.ones(shape),
}

# Time deltas, multiples of a mode's own step.
DELTAS = {
    "ones": lambda rng, shape: np.ones(shape),
    "regular": lambda rng, shape: np.full(shape, spread(rng, 0.1, 3, ())),
    "irregular": lambda rng, shape: spread(rng, 0.1, 3, shape),
    "still": lambda rng, shape: np.where(rng.random(shape) < 0.3, 0, spread(rng, 0.1, 3, shape)),
    "gaps": lambda rng, shape: np.where(rng.random(shape) < 0.1, spread(rng, 10, 1000, shape),
                                        spread(rng, 0.1, 3, shape)),
    "tiny": lambda rng, shape: spread(rng, 1e-42, 1, shape),
    "backwards": lambda rng, shape: rng.uniform(-0.2, 1, shape),
}  # fmt: skip


def spread(rng, low, high, shape):
    """Numbers whose logarithms are uniform."""
    return np.exp(rng.uniform(np.log(low), np.log(high), shape))


# How far a parameter moves from its initial value, so that it looks trained:
# relative and absolute standard deviation. Eigenvalues stay stable.
TRAINED = {
    "Lambda_re": (0.1, 0.0), "Lambda_im": (0.05, 0.1), "log_step": (0.0, 0.2),
    "nu_log": (0.0, 0.1), "theta_log": (0.0, 0.1), "gamma_log": (0.0, 0.1),
    "steps": (0.0, 0.2), "A_diag": (0.05, 0.02), "G_diag": (0.1, 0.02),
    "log_dt": (0.0, 0.2), "log_a_real": (0.0, 0.2), "A_imag": (0.05, 0.1),
}  # fmt: skip
# Parameters where inference has a case for each sign, or only for some values.
UNUSUAL = {
    "A_diag": lambda rng, old: rng.uniform(-1, 1, old.shape),
    "G_diag": lambda rng, old: rng.uniform(-0.5, 0.5, old.shape),
    "nu_log": lambda rng, old: np.where(rng.random(old.shape) < 0.2, np.inf, old),
    "theta_log": lambda rng, old: np.where(rng.random(old.shape) < 0.2, -np.inf, old),
    "gamma_log": lambda rng, old: np.where(rng.random(old.shape) < 0.2, -np.inf, old),
    "running_var": lambda rng, old: np.where(rng.random(old.shape) < 0.3, 3e-5, old),
    "D": lambda rng, old: np.where(rng.random(old.shape) < 0.5, 0, old),
}


@functools.cache
def schema(compiler: str) -> dict:
    """The definitions of `ssmc schema`, by class."""
    text = subprocess.run([compiler, "schema"], check=True, capture_output=True).stdout
    whole = json.loads(text)
    layers = whole["properties"]["layers"]["items"]["oneOf"]
    return whole["$defs"] | {"layers": classes(layers)}


def classes(choices: list[dict]) -> list[str]:
    return [choice["$ref"].rpartition("/")[2] for choice in choices]


class Chooser:
    """Random choices; `size` bounds how large what is drawn may become."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.sizes = SIZES + (LARGE if self.rng.random() < 0.15 else [])

    def one(self, values):
        return values[int(self.rng.integers(len(values)))]

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def number(self, low: float, high: float) -> float:
        """Of three digits; logarithmic if the range is wide and positive."""
        if low > 0 and high > 8 * low:
            return float(f"{math.exp(self.rng.uniform(math.log(low), math.log(high))):.3g}")
        return float(f"{self.rng.uniform(low, high):.3g}")

    def value(self, option: dict):
        """What the schema allows for an option."""
        if "enum" in option:
            return self.one(option["enum"])
        kinds = option["type"] if isinstance(option["type"], list) else [option["type"]]
        if "null" in kinds and self.chance(0.4):
            return None
        if "boolean" in kinds:
            return self.chance(0.5)
        if "integer" in kinds:
            return max(option.get("minimum", 0), self.one(self.sizes))
        ends = [option[end] for end in ("minimum", "maximum") if end in option]
        if ends and self.chance(0.15):
            return self.one(ends)
        low = option.get("minimum", option.get("exclusiveMinimum", 0))
        return self.number(max(low, 0.02), option.get("maximum", 8))

    def options(self, target: str, definition: dict, width: int, **fixed) -> dict:
        """`target` with what it requires, half of the other options, and `fixed`;
        it takes `width` features."""
        result = {"target": target} | fixed
        properties, required = definition["properties"], definition["required"]
        for name, option in properties.items():
            # Extensions are rare, to leave models that discretax has.
            share = 0.15 if option.get("description", "").startswith("An extension") else 0.5
            if name not in result and (name in required or self.chance(share)):
                result[name] = self.value(option)
        defaults = {name: option.get("default") for name, option in properties.items()}
        family = target.removesuffix("SequenceMixer")
        if family in RULES:
            RULES[family](self, result, defaults, width)
        for low, high in (("dt_min", "dt_max"), ("r_min", "r_max")):
            in_order(result, defaults, low, high)
        return result


# -- What the schema does not say: rules between options -----------------------


def in_order(options: dict, defaults: dict, low: str, high: str) -> None:
    if low in defaults and high in defaults:
        values = [options.get(key, defaults[key]) for key in (low, high)]
        if values[0] > values[1]:
            options[low], options[high] = values[1], values[0]


def s5_rules(pick: Chooser, options: dict, defaults: dict, width: int) -> None:
    blocks = options.get("ssm_blocks", 1)
    if blocks > 1:
        options["ssm_blocks"] = blocks = pick.one([1, 2, 3, 4])
    state = options.get("state_dim", defaults["state_dim"])
    each = max(1, min(state, 256) // blocks)
    if options.get("conj_sym", True):
        each += each % 2
    if options.get("state_dim", defaults["state_dim"]) != each * blocks:
        options["state_dim"] = each * blocks
    # Such models have neither steps nor chunks, so that most are not.
    options.pop("bidirectional", None)
    if pick.chance(0.2):
        options["bidirectional"] = True
    if pick.chance(0.02):
        options |= {"state_dim": 2, "ssm_blocks": 2, "conj_sym": True}  # no state at all


def linoss_rules(pick: Chooser, options: dict, defaults: dict, width: int) -> None:
    if options.get("discretization") == "IM":
        options["damping"] = False


def deltanet_rules(pick: Chooser, options: dict, defaults: dict, width: int) -> None:
    if options.get("n_heads", defaults["n_heads"]) > width or pick.chance(0.5):
        options["n_heads"] = pick.one([n for n in (1, 2, 3, 4, 8) if n <= width])
    if (options.get("head_dim") or 0) > 64:
        options["head_dim"] = 64


def swiglu_rules(pick: Chooser, options: dict, defaults: dict, width: int) -> None:
    ratio = options.get("hidden_ratio", defaults["hidden_ratio"])
    if options.get("intermediate_dim") is None and width * ratio * 2 / 3 < 1:
        options["hidden_ratio"] = 2


def head_rules(pick: Chooser, options: dict, defaults: dict, width: int) -> None:
    if not options.get("reduce", True):
        options.pop("pooling", None)


RULES = {
    "S5": s5_rules, "LinOSS": linoss_rules, "DeltaNet": deltanet_rules, "SwiGLU": swiglu_rules,
    "ClassificationHead": head_rules, "RegressionHead": head_rules,
}  # fmt: skip


# -- Layers --------------------------------------------------------------------


def random_mixer(pick: Chooser, defs: dict, target: str, width: int) -> dict:
    properties, fixed = defs[target]["properties"], {}
    if "out_features" in properties and pick.chance(0.5):
        broadcast = target == "GLU" or target == "MLPChannelMixer"
        fixed["out_features"] = pick.one([None, width, 1] if broadcast else [None, width])
    elif "out_features" in properties:
        fixed["out_features"] = None
    options = pick.options(target, defs[target], width, **fixed)
    if options.get("out_features", 1) is None and pick.chance(0.5):
        del options["out_features"]
    return options


def random_layer(pick: Chooser, defs: dict, target: str, width: int, **fixed):
    """A layer that takes `width` features, and how many it gives."""
    definition = defs[target]
    properties = definition["properties"]
    if "hidden_dim" in properties:
        fixed["hidden_dim"] = width
    if "num_blocks" in properties:
        fixed["num_blocks"] = pick.one([0, 1, 1, 1, 2, 3])
    if "in_features" in properties:
        fixed["in_features"] = width
    for kind in ("sequence_mixer", "channel_mixer"):
        if kind in properties:
            mixer = pick.one(classes(properties[kind]["oneOf"]))
            fixed[kind] = random_mixer(pick, defs, mixer, width)
    layer = pick.options(target, definition, width, **fixed)
    if layer.get("num_blocks") == 1 and pick.chance(0.05):
        del layer["num_blocks"]
    return layer, layer.get("out_features", width)


def kind_of(definition: dict, target: str) -> str:
    """What a layer may stand behind, and what behind it."""
    properties = definition["properties"]
    if "num_classes" in properties:
        return "tokens"
    if "reduce" in properties:
        return "head"
    if "hidden_dim" in properties or "sequence_mixer" in properties:
        return "body"
    if {"in_features", "out_features"} <= properties.keys():
        return "linear"
    raise ValueError(f"random_models.py does not know where a {target} may stand")


def random_layers(pick: Chooser, compiler) -> list[dict]:
    """The layers of a model.json."""
    defs = schema(str(compiler))
    kinds = {}
    for target in defs["layers"]:
        kinds.setdefault(kind_of(defs[target], target), []).append(target)
    width, layers = pick.one(pick.sizes), []

    def add(kind: str, **fixed) -> None:
        nonlocal width
        layer, width = random_layer(pick, defs, pick.one(kinds[kind]), width, **fixed)
        layers.append(layer)

    first = pick.rng.random()
    if first < 0.75:
        add("linear" if first < 0.5 else "tokens")
    for _ in range(pick.one([0, 1, 1, 1, 1, 2, 2])):
        add("body")
        if pick.chance(0.1):
            add("linear")
        if pick.chance(0.1):
            add("head", reduce=False)
    if not layers or pick.chance(0.6):
        add("head")
    return layers


# -- Both directions -----------------------------------------------------------


def is_both_ways(layer: dict) -> bool:
    return layer.get("sequence_mixer", layer).get("bidirectional", False)


def is_empty(s5: dict) -> bool:
    """Whether there are no modes: a conjugate pair in two blocks (s5_rules)."""
    mixer = s5.get("sequence_mixer", s5)
    return mixer.get("state_dim") == mixer.get("ssm_blocks") == 2 and mixer.get("conj_sym", True)


def one_way(layer: dict) -> dict:
    """The same layer, forward only."""
    if "sequence_mixer" in layer:
        return layer | {"sequence_mixer": one_way(layer["sequence_mixer"])}
    return {name: value for name, value in layer.items() if name != "bidirectional"}


def paths_both_ways(layers: list[dict]) -> set[str]:
    """Where tensors of bidirectional mixers are."""
    paths = set()
    for i, layer in enumerate(layers):
        if is_both_ways(layer) and "sequence_mixer" in layer:
            paths.add(f"layers.{i}.sequence_mixer")
        elif is_both_ways(layer):
            blocks = range(layer.get("num_blocks", 4))
            paths |= {f"layers.{i}.blocks.{j}.sequence_mixer" for j in blocks}
    return paths


# -- Weights and inputs --------------------------------------------------------


def random_weights(compiler, folder, seed: int) -> None:
    """model.safetensors beside model.json: discretax's initial values, moved as by
    training, and statistics."""
    file = folder / "model.safetensors"
    layers = json.loads((folder / "model.json").read_text())["layers"]
    # Those with both directions have no initial values of their own.
    start = folder / "start.json"
    start.write_text(json.dumps({"layers": [one_way(layer) for layer in layers]}))
    command = [compiler, "init", start, "--seed", str(seed), "-o", file]
    subprocess.run(command, check=True, capture_output=True, text=True)
    rng = np.random.default_rng(seed)
    both = paths_both_ways(layers)
    fresh = np.random.default_rng([seed, 1]).random() < 0.1  # norms that never ran
    unusual = [name for name in UNUSUAL if rng.random() < 0.08]
    result = {}
    for name, value in load_file(file).items():
        path, _, last = name.rpartition(".")
        if last == "C" and path in both:
            # As if of other features: those of the first half, in another order.
            value = np.concatenate([value, np.roll(value, 1, axis=0)], axis=1)
        if value.dtype != np.float32:
            value = np.array(fresh) if last == "first_time" else value
        elif last == "running_mean":
            value = rng.normal(0, 0.5, value.shape)
        elif last == "running_var":
            value = rng.uniform(0.3, 3, value.shape)
        else:
            relative, absolute = TRAINED.get(last, (0.1, 0.02))
            noise = rng.standard_normal((2, *value.shape))
            value = value * (1 + relative * noise[0]) + absolute * noise[1]
        if last in unusual:
            value = UNUSUAL[last](rng, value)
        result[name] = value.astype(np.float32) if value.dtype != bool else value
    save_file(result, file)


def random_input(pick: Chooser, layers: list[dict], batch=None, length=None, kind="normal"):
    """(B, L, F), or token ids (B, L), some of them out of range."""
    shape = (batch or pick.one([1, 2, 3]), length or pick.one(LENGTHS))
    first = layers[0]
    if "num_classes" in first:
        size = first["num_classes"]
        ids = pick.rng.integers(-2, size + 2, shape)
        far = pick.rng.choice([-size, -size - 1, -1000, 1000, 2**31 - 1, -(2**31)], shape)
        return np.where(pick.rng.random(shape) < 0.1, far, ids).astype(np.int32)
    features = first.get("in_features", first.get("hidden_dim"))
    return INPUTS[kind](pick.rng, (*shape, features)).astype(np.float32)


def takes_deltas(layers: list[dict]) -> bool:
    """Whether models of these layers may take time deltas."""
    mixers = [layer.get("sequence_mixer", layer)["target"] for layer in layers]
    families = {mixer.removesuffix("SequenceMixer") for mixer in mixers}
    return bool(families & {"S5", "LinOSS"}) and not families & {"LRU", "S4D", "DeltaNet"}


def random_deltas(rng, kind: str, shape) -> np.ndarray:
    return DELTAS[kind](rng, shape).astype(np.float32)


def drawn(layers: list[dict]) -> set[str]:
    """Every CLASS and CLASS.OPTION that a model names."""
    found = set()
    for layer in layers:
        found.add(layer["target"])
        found |= {f"{layer['target']}.{name}" for name in layer if name != "target"}
        inner = [value for value in layer.values() if isinstance(value, dict)]
        found |= drawn(inner)
    return found


def options_of(defs: dict) -> set[str]:
    """Every CLASS and CLASS.OPTION of the schema."""
    found = set()
    for target, definition in defs.items():
        if re.fullmatch(r"\w+", target) and isinstance(definition, dict):
            found.add(target)
            names = definition["properties"].keys() - {"target"}
            found |= {f"{target}.{name}" for name in names}
    return found
