"""A model's architecture alone, as `.json` or YAML: what is loaded has fresh weights."""

from collections.abc import Callable
from typing import Any

from torchkeras._base.files import atomic_write_bytes, open_regular
from torchkeras.core import serialize
from torchkeras.saving.allocation import Allocation
from torchkeras.saving.format import LoadOptions, SaveOptions
from torchkeras.saving.safety import LoadLimits
from torchkeras.saving.text import dump_json, model_from_config, parse_json
from torchkeras.saving.yaml_text import dump_yaml, parse_yaml


def save_json(model: Any, path: str, options: SaveOptions) -> None:
    """Write what `to_json` returns."""
    atomic_write_bytes(path, dump_json(serialize.serialize_keras_object(model), "config"))


def save_yaml(model: Any, path: str, options: SaveOptions) -> None:
    """Write what `to_yaml` returns."""
    text = dump_yaml(serialize.serialize_keras_object(model), "config")
    atomic_write_bytes(path, text.encode())


def load_json(path: str, options: LoadOptions) -> Any:
    """Return a new model of a JSON file."""
    return _load(path, options, parse_json)


def load_yaml(path: str, options: LoadOptions) -> Any:
    """Return a new model of a YAML file."""
    return _load(path, options, parse_yaml)


def _load(
    path: str, options: LoadOptions, parse: Callable[[bytes, str | None, str, LoadLimits], Any]
) -> Any:
    limits = options.limits
    with open_regular(path) as file:
        data = file.read(limits.config_bytes + 1)
    config = parse(data, path, "config", limits)
    if not options.compile and isinstance(config, dict):
        config.pop("compile_config", None)
    with Allocation(limits.parameters, weights_follow=False):
        return model_from_config(config, options.custom_objects, options.safe_mode, path)
