"""Torch modules out of configs: the classes that a file may name, and how much it may ask for."""

import warnings
from collections import OrderedDict
from typing import Any

import torch
from torch import nn

from torchkeras._base import scope
from torchkeras._base.errors import ModelFileError, UnsafeModelError
from torchkeras.core import dtypes, serialize, torch_function

CLASSES = {
    name: cls
    for name, cls in vars(nn).items()
    if isinstance(cls, type) and issubclass(cls, nn.Module) and cls is not nn.Module
    if cls.__module__.startswith("torch.nn.modules.") and not name.startswith("_")
}
NAME_OF = {cls: name for name, cls in CLASSES.items()}
_MOST_LAYERS = 1000  # that a number in a file may ask for
_STACKS = ("TransformerEncoder", "TransformerDecoder", "Transformer")


def find_class(config: dict[str, Any]) -> Any:
    """Return the class of torch that a config names, or None if it names none."""
    if config.get("module") != "torch.nn":
        return None
    name = config["class_name"]
    if name not in CLASSES:
        raise UnsafeModelError(f"{name!r} is no module class of torch.nn.")
    return CLASSES[name]


def make_module(config: dict[str, Any], cls: Any) -> nn.Module:
    """Return the module of a config, at inference; its class was found and is to be trusted."""
    arguments = config["config"]
    if cls in NAME_OF:
        _charge(cls, arguments, config)
    made = _made(cls, arguments)
    modules = dict(made.named_modules())
    for name, build_config in config.get("built", {}).items():
        layer = modules.get(name)
        if layer is not None and not getattr(layer, "built", True):
            layer.build_from_config(build_config)
    if config.get("dtype"):
        made.to(dtypes.torch_dtype(config["dtype"]))
    parameters = dict(made.named_parameters())
    for name in config.get("frozen", ()):
        if name not in parameters:
            raise ModelFileError(f"{config['class_name']} has no parameter {name!r}.")
        parameters[name].requires_grad_(False)
    return made.eval()


def _made(cls: Any, arguments: dict[str, Any]) -> nn.Module:
    if hasattr(cls, "from_config"):
        return cls.from_config(arguments)
    read = {k: _read(v) for k, v in arguments.items()}
    if cls in NAME_OF:
        read = {k: tuple(v) if isinstance(v, list) else v for k, v in read.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch told the one who made the first of them
        if cls is nn.Sequential or cls is nn.ModuleDict:
            return cls(OrderedDict(read["modules"]))
        return cls(**read)


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return [_read(v) for v in value]
    if not isinstance(value, dict):
        return value
    name, inner = value.get("class_name"), value.get("config")
    if name == "torch.dtype":
        return dtypes.torch_dtype(inner)
    if name == "torch.function":
        return torch_function.find(inner)
    if name == "torch.nn":
        return find_class({"module": "torch.nn", "class_name": inner})
    if isinstance(name, str) and "config" in value:
        return serialize.deserialize_keras_object(value)
    return {k: _read(v) for k, v in value.items()}


def _charge(cls: Any, arguments: dict[str, Any], config: dict[str, Any]) -> None:
    """Hold what torch is about to allocate against the limit of the file that asks for it."""
    counts = {k: v for k, v in arguments.items() if k.startswith("num_") and k.endswith("layers")}
    for name, count in counts.items():
        if not isinstance(count, int) or not 0 <= count <= _MOST_LAYERS:
            raise ModelFileError(
                f"{config['class_name']}: {name} must be at most {_MOST_LAYERS}. "
                f"Received: {name}={count!r}."
            )
    inner = [v for v in arguments.values() if isinstance(v, (dict, list))]
    copied = bool(counts) and _names_class(inner, None)
    if copied and _names_class(inner, _STACKS):
        raise ModelFileError(f"{config['class_name']}: a stack of stacks of layers.")
    allocation = scope.state.allocation
    if allocation is None or (_names_class(inner, None) and not copied):
        return  # inner modules are looked at one by one
    try:
        with torch.device("meta"), scope.scoped(allocation=None):
            made = _made(cls, arguments)
    except RuntimeError as e:  # sizes that no computer has
        raise ModelFileError(f"{config['class_name']}: {e}") from e
    for tensor in (*made.parameters(), *made.buffers()):
        allocation.charge(tuple(tensor.shape), tensor.dtype)


def _names_class(node: Any, names: tuple[str, ...] | None) -> bool:
    """Tell whether a class (one of `names`) stands anywhere in a piece of a config."""
    if isinstance(node, list):
        return any(_names_class(v, names) for v in node)
    if not isinstance(node, dict):
        return False
    if "class_name" in node and (names is None or node["class_name"] in names):
        return True
    return any(_names_class(v, names) for v in node.values())


serialize._find_torch_class = find_class
serialize._make_module = make_module
