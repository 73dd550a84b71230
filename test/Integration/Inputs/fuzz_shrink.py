"""Makes a configuration that fails smaller."""

import copy
import functools

# Options that have to fit those of other layers.
WIDTHS = {"hidden_dim", "in_features", "out_features", "num_classes"}


def smaller(config: dict):
    """Configurations that are simpler in one respect, the largest cuts first."""
    layers = config["layers"]
    for key in ("length", "batch"):
        for value in {1, config[key] // 2, config[key] - 1}:
            if 0 < value < config[key]:
                yield config | {key: value}
    for i in range(len(layers)):
        if len(layers) > 1:
            yield config | {"layers": layers[:i] + layers[i + 1 :]}
    for i in range(len(config["extras"])):
        yield config | {"extras": config["extras"][:i] + config["extras"][i + 1 :]}
    if deltas := config.get("deltas"):
        yield {key: value for key, value in config.items() if key != "deltas"}
        if deltas != "ones":
            yield config | {"deltas": "ones"}
    if config["input"] != "normal":
        yield config | {"input": "normal"}
    if "chunk" in config["options"]:
        yield config | {"options": {"target": config["options"]["target"]}}
    # Widths: one value wherever it is, so that layers go on fitting each other.
    widths = {v for layer in layers for k, v in layer.items() if k in WIDTHS}
    for width in sorted(widths, reverse=True):
        for value in {1, width // 2, width - 1} - {0, width}:
            yield config | {"layers": renamed(layers, width, value)}
    for path, options in dictionaries(layers):
        for name, value in options.items():
            if name in WIDTHS or isinstance(value, dict) or name == "target":
                continue
            yield replaced(config, path, name, None)
            if isinstance(value, int) and not isinstance(value, bool):
                for less in {1, value // 2, value - 1}:
                    if 0 < less < value:
                        yield replaced(config, path, name, less)


def renamed(node, width: int, value: int):
    if isinstance(node, list):
        return [renamed(part, width, value) for part in node]
    if not isinstance(node, dict):
        return node
    return {
        key: value if key in WIDTHS and part == width else renamed(part, width, value)
        for key, part in node.items()
    }


def dictionaries(layers: list[dict]):
    """Every dictionary of options, with the keys that lead to it."""
    for i, layer in enumerate(layers):
        yield [i], layer
        for key, value in layer.items():
            if isinstance(value, dict):
                yield [i, key], value


def replaced(config: dict, path: list, name: str, value) -> dict:
    """With an option of another value, or without it if that is None."""
    layers = copy.deepcopy(config["layers"])
    options = functools.reduce(lambda node, key: node[key], path, layers)
    options[name] = value
    if value is None:
        del options[name]
    return config | {"layers": layers}


def shrink(fails, config: dict) -> dict:
    """The smallest configuration found for which `fails` holds; it may raise
    TimeoutError to end the search."""
    found = True
    try:
        while found:
            found = False
            for candidate in smaller(config):
                if fails(candidate):
                    config, found = candidate, True
                    break
    except TimeoutError:
        pass
    return config
