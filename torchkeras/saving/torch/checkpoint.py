"""The torch checkpoint, `.pt` and `.pth`: what `torch.load(weights_only=True)` reads.

A model's is a dict of its config as JSON text, its `state_dict`, that of its optimizer, and the
number of epochs it was trained for. Weights alone are a plain `state_dict`. What other programs
wrote is read too: a state dict, also one wrapped in a dict of own things.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from torchkeras.core import stateful
from torchkeras.core.serialize import is_builtin
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.saving import named, text
from torchkeras.saving.allocation import Allocation
from torchkeras.saving.format import LoadOptions, SaveOptions
from torchkeras.saving.safety import ModelFileError, is_plain_path
from torchkeras.saving.torch import file as torch_file
from torchkeras.saving.torch.optimizer_state import optimizer_state
from torchkeras.saving.zip import archive

FORMAT, VERSION = "torchkeras checkpoint", 1
# Where other programs' checkpoints have the state dict.
_WRAPPED = ("state_dict", "model_state_dict", "model")


# ------------------------------------------------------------------------------- writing


def save_model(model: Any, path: str, options: SaveOptions) -> None:
    """Write a model with its training state."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "config": archive.config_of(model).decode("ascii"),
        "model": named.tensors_of(model, "save_model"),
        "epoch": options.extra.get("epoch", _epochs(model)),
    }
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and options.include_optimizer and optimizer.built:
        content["optimizer"] = _plain(optimizer.state_dict())
    own = {
        at: {key: _plain(convert_to_tensor(value)) for key, value in store.items()}
        for at, store in _own_states(model)
    }
    assets = {
        name: torch.from_numpy(np.frombuffer(data, np.uint8).copy())
        for name, data in archive.collect_assets(model)
    }
    content |= {k: v for k, v in (("own", own), ("assets", assets)) if v}
    torch_file.write(path, content)


def save_weights(model: Any, path: str, options: SaveOptions) -> None:
    """Write a model's `state_dict`."""
    torch_file.write(path, named.tensors_of(model, "save_weights"))


def _epochs(model: Any) -> int:
    history = getattr(model, "history", None)
    done = getattr(history, "epoch", None)
    return done[-1] + 1 if isinstance(done, list) and done else 0


def _plain(value: Any) -> Any:
    """Return a copy in which no tensor is on a device or anything but a tensor."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu()
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return type(value)(map(_plain, value)) if type(value) in (list, tuple) else value


def _own_objects(model: Any) -> Iterator[tuple[str, Any]]:
    """Yield the objects of the user's classes that say themselves what a file keeps of them."""
    for at, obj in stateful.walk(model):
        if stateful.torch_module(obj) is None and not isinstance(obj, torch.optim.Optimizer):
            method = getattr(type(obj), "save_own_variables", None)
            owner = next((c for c in type(obj).__mro__ if "save_own_variables" in c.__dict__), None)
            if method is not None and not stateful.is_standard(obj) and not _is_ours(owner):
                yield at, obj


def _is_ours(cls: Any) -> bool:
    return is_builtin(cls) or cls.__module__.partition(".")[0] == "torchkeras"


def _own_states(model: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for at, obj in _own_objects(model):
        store: dict[str, Any] = {}
        obj.save_own_variables(store)
        yield at, store


# ------------------------------------------------------------------------------- reading


@dataclass(frozen=True)
class _AssetMember:
    """One file of a model's assets."""

    size: int
    is_folder: bool = False


class _Assets:
    """The assets in a checkpoint, as members of an archive."""

    def __init__(self, content: Any, path: str) -> None:
        self._content = _named_tensors(content, "assets", path)
        self.members = {name: _AssetMember(t.numel()) for name, t in self._content.items()}
        for name, tensor in self._content.items():
            if not is_plain_path(name) or tensor.dtype is not torch.uint8:
                raise ModelFileError("no file of a layer.", path=path, where=f"assets.{name}")

    def read(self, name: str, limit: int) -> bytes:
        """Return a file's content."""
        return self._content[name].numpy().tobytes()


def load_model(path: str, options: LoadOptions) -> Any:
    """Return the model of a checkpoint, compiled and with its optimizer's state."""
    content = torch_file.read(path, options.limits)
    if not _is_ours_file(content):
        raise ModelFileError(
            "it holds weights without a model: make the model, and call load_weights().", path=path
        )
    _check_content(content, path)
    limits = options.limits
    config = text.parse_json(content["config"].encode(), path, "config", limits)
    entries = _entries(content["model"], "model", path)
    assets = _Assets(content.get("assets", {}), path)
    size = _bytes_in(content)
    text.check_config(config, path)
    if not options.compile:
        config.pop("compile_config", None)
    with Allocation(size + limits.slack_bytes, weights_follow=True) as allocation:
        model = text.model_from_config(config, options.custom_objects, options.safe_mode, path)
        own = _own_entries(model, content.get("own", {}), path)
        named.load(model, entries, options.rules, path, allocation, own)
        if options.compile:
            with optimizer_state(model, content.get("optimizer"), options.rules, path):
                pass
    archive.load_assets(model, assets, path)
    return model


def _bytes_in(value: Any) -> int:
    if isinstance(value, torch.Tensor):
        return value.numel() * value.itemsize
    return sum(map(_bytes_in, value.values())) if isinstance(value, dict) else 0


def load_weights(model: Any, path: str, options: LoadOptions) -> None:
    """Set a model's weights from a state dict or checkpoint; from ours, the optimizer's too."""
    content = torch_file.read(path, options.limits)
    state, own = None, []
    if _is_ours_file(content):
        _check_content(content, path)
        entries = _entries(content["model"], "model", path)
        own = _own_entries(model, content.get("own", {}), path)
        state = content.get("optimizer")
    else:
        entries = _entries(*_state_dict_in(content, path), path)
    with optimizer_state(model, state, options.rules, path):
        named.load(model, entries, options.rules, path, own=own)


def _is_ours_file(content: Any) -> bool:
    return isinstance(content, dict) and content.get("format") == FORMAT


def _check_content(content: dict[str, Any], path: str) -> None:
    wanted = {"version": int, "config": str, "model": dict, "own": dict, "assets": dict}
    for key, kind in wanted.items():
        if key in ("own", "assets") and key not in content:
            continue
        if not isinstance(content.get(key), kind):
            raise ModelFileError(
                f"it must be a {kind.__name__}. Received: {type(content.get(key)).__name__}.",
                path=path,
                where=key,
            )
    if content["version"] != VERSION:
        raise ModelFileError(
            f"version {content['version']} of the format; this torchkeras knows {VERSION}.",
            path=path,
            where="version",
        )


def _state_dict_in(content: Any, path: str) -> tuple[Any, str]:
    """Return the state dict of another program's checkpoint, and the name it has there."""
    if isinstance(content, dict):
        if any(isinstance(v, torch.Tensor) for v in content.values()) or not content:
            return content, ""
        for key in _WRAPPED:
            if isinstance(content.get(key), dict):
                return content[key], key
    found = f"a dict with {list(content)[:10]}" if isinstance(content, dict) else type(content)
    raise ModelFileError(
        f"no state dict: a dict of tensors is needed, or one under {', '.join(_WRAPPED)}. "
        f"Received: {found}.",
        path=path,
    )


def _named_tensors(content: Any, at: str, path: str) -> dict[str, torch.Tensor]:
    """Check that a dict has tensors under names, and return those."""
    found = {}
    for name, value in content.items():
        where = f"{at}.{name}" if at else str(name)
        if not isinstance(name, str):
            raise ModelFileError(f"a name must be a string. Received: {name!r}.", path=path)
        if isinstance(value, torch.Tensor):
            found[name] = value
        elif not name.endswith("_extra_state"):
            raise ModelFileError(
                f"it must be a tensor. Received: {type(value).__name__}.", path=path, where=where
            )
    return found


def _entries(content: Any, at: str, path: str) -> dict[str, named.Entry]:
    return {k: named.entry_of(v) for k, v in _named_tensors(content, at, path).items()}


def _own_entries(model: Any, content: Mapping[str, Any], path: str) -> list[named.Own]:
    """Return what the objects of the user's classes get that say themselves what a file keeps."""
    return [
        (at, obj, _entries(content[at], f"own.{at}", path))
        for at, obj in _own_objects(model)
        if isinstance(content.get(at), dict)
    ]
