"""Configs as text: strict JSON, and models from it."""

import json
import re
from typing import Any, NoReturn

from torch import nn

from torchkeras._base.check import received
from torchkeras.core import serialize
from torchkeras.core.sharing import ObjectSharingScope
from torchkeras.saving.allocation import Allocation
from torchkeras.saving.legacy.config import modernize
from torchkeras.saving.safety import (
    DEFAULT_LIMITS,
    LoadLimits,
    ModelFileError,
    UnsafeModelError,
    is_plain_component,
)

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
_LONGEST_NUMBER = 400  # digits; every double can be written with fewer
_CODE = frozenset({"__lambda__"})  # class names that stand for Python bytecode


def model_from_json(
    json_string: str | bytes,
    custom_objects: dict[str, Any] | None = None,
    *,
    safe_mode: bool = True,
    limits: LoadLimits = DEFAULT_LIMITS,
) -> Any:
    """Return a new model, with fresh weights, of the architecture that `to_json` wrote.

    Args:
        json_string: The text.
        custom_objects: Name -> class or function of your own that the config names.
        safe_mode: False lets layers load what can run code; the config itself never can.
        limits: What is accepted.

    Raises:
        ModelFileError: for a malformed config.
        UnsafeModelError: for a class that is neither Keras's nor yours, and for bytecode.

    >>> import torchkeras as keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> keras.models.model_from_json(model.to_json()).count_params()
    8
    """
    if not isinstance(json_string, (str, bytes)):
        raise TypeError(
            f"model_from_json: the text of a config is needed. "
            f"{received('json_string', json_string)}"
        )
    data = json_string
    if isinstance(data, str):
        try:
            data = data.encode("utf-8")
        except UnicodeEncodeError as e:
            raise ModelFileError("the text holds a lone surrogate.", where="config") from e
    config = parse_json(data, None, "config", limits)
    with Allocation(limits.parameters, weights_follow=False):
        return model_from_config(config, custom_objects, safe_mode, path=None)


def dump_json(config: Any, what: str) -> bytes:
    """Return a config as JSON that every reader takes.

    Raises:
        ValueError: for NaN and infinity, which JSON cannot hold.
        TypeError: for an object that has no JSON form.
    """
    try:
        return json.dumps(config, allow_nan=False).encode("ascii")
    except ValueError as e:
        if not str(e).startswith("Out of range float"):
            raise
        place = next(_odd_numbers(config, what), what)
        raise ValueError(
            f"{place}: a file's config cannot hold NaN or infinity; give a finite number."
        ) from e


def _odd_numbers(node: Any, at: str) -> Any:
    if isinstance(node, float) and node - node != 0:
        yield at
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _odd_numbers(value, f"{at}.{key}")
    elif isinstance(node, (list, tuple)):
        for i, value in enumerate(node):
            yield from _odd_numbers(value, f"{at}[{i}]")


# ------------------------------------------------------------------------------- strict JSON


def parse_json(data: bytes, path: str | None, where: str, limits: LoadLimits) -> Any:
    """Return the value of a JSON text; what Python's parser lets pass for convenience is refused.

    Duplicate keys (two readers would see two models), NaN, numbers beyond a double, and a nesting
    or size beyond the limits, which is counted before anything is built of it.
    """

    def refuse(message: str) -> NoReturn:
        raise ModelFileError(message, path=path, where=where)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) != len(pairs):
            keys = [k for k, _ in pairs]
            refuse(f"the key {next(k for k in keys if keys.count(k) > 1)!r} comes twice.")
        return table

    def number(text: str) -> Any:
        if len(text) > _LONGEST_NUMBER:
            refuse(f"a number of {len(text)} characters.")
        value = float(text)
        if value - value != 0:
            refuse(f"the number {text[:40]} is beyond any double.")
        return value

    def integer(text: str) -> Any:
        if len(text) > _LONGEST_NUMBER:
            refuse(f"a number of {len(text)} characters.")
        return int(text)

    if len(data) > limits.config_bytes:
        refuse(f"{len(data)} bytes are over the limit of {limits.config_bytes}.")
    _check_structure(data, limits, refuse)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as e:
        raise ModelFileError("not UTF-8.", path=path, where=where) from e
    try:
        value = json.loads(
            text,
            object_pairs_hook=unique,
            parse_float=number,
            parse_int=integer,
            parse_constant=lambda name: refuse(f"{name} is no JSON number."),
        )
    except json.JSONDecodeError as e:
        raise ModelFileError(
            f"not JSON: {e.msg} at line {e.lineno}, column {e.colno}.", path=path, where=where
        ) from e
    if re.search(r"\\u[dD][89abABcdefCDEF]", text) and has_surrogate(value):
        refuse("the text holds a lone surrogate.")
    return value


def _check_structure(data: bytes, limits: LoadLimits, refuse: Any) -> None:
    depth = nodes = 0
    for match in _TOKEN.finditer(data):
        c = data[match.start()]
        if c == 0x22:  # a string
            continue
        nodes += 1
        if c in b"[{":
            depth += 1
        elif c in b"]}":
            depth -= 1
        if depth > limits.config_depth:
            refuse(f"nested deeper than {limits.config_depth}, at byte {match.start()}.")
        if nodes > limits.config_nodes:
            refuse(f"more than {limits.config_nodes} entries.")


def has_surrogate(node: Any) -> bool:
    """Tell whether a text somewhere in a value is none that UTF-8 can hold."""
    if isinstance(node, str):
        return any("\ud800" <= c <= "\udfff" for c in node)
    if isinstance(node, dict):
        return any(has_surrogate(k) or has_surrogate(v) for k, v in node.items())
    return isinstance(node, list) and any(has_surrogate(v) for v in node)


# ------------------------------------------------------------------------------- models


def check_config(config: Any, path: str | None) -> None:
    """Refuse a config that is none of a model, and code in it, before any object is made."""
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise ModelFileError(
            f"a model's config must be a dict with a class_name. Received: "
            f"{type(config).__name__}.",
            path=path,
            where="config",
        )
    check_node(config, "", path)


def check_node(node: Any, at: str, path: str | None) -> None:
    if isinstance(node, dict):
        name = node.get("class_name")
        if isinstance(name, str) and name in _CODE:
            raise UnsafeModelError(
                "the config holds a Python lambda as bytecode, which is never run. Write it as a "
                "function with a name and pass it in custom_objects.",
                path=path,
                where=at or "config",
            )
        if isinstance(name, str) and "registered_name" in node:
            own = node.get("config")
            label = own.get("name") if isinstance(own, dict) else None
            if isinstance(label, str) and not is_plain_component(label.replace("/", "_")):
                raise ModelFileError(
                    "a name must be plain text of at most 255 bytes, and neither '.' nor '..'.",
                    path=path,
                    where=f"{at}.config.name",
                )
        for key, value in node.items():
            check_node(value, f"{at}.{key}" if at else key, path)
    elif isinstance(node, list):
        for i, value in enumerate(node):
            check_node(value, f"{at}[{i}]", path)


def model_from_config(
    config: Any,
    custom_objects: dict[str, Any] | None,
    safe_mode: bool,
    path: str | None,
    keras_version: str | None = None,
) -> Any:
    """Make the model of a parsed config; whatever goes wrong in it is named by its place.

    Configs of older Keras are translated first; `keras_version` tells who wrote it, if the config
    does not.

    Raises:
        ModelFileError: if the config is malformed, or an object of it cannot be made.
    """
    try:
        with serialize.CustomObjectScope(custom_objects):
            config = modernize(config, keras_version)
    except ModelFileError as e:
        raise type(e)(e.message, path=path, where=e.where) from e
    check_config(config, path)
    try:
        with ObjectSharingScope():
            model = serialize.deserialize_keras_object(
                config, custom_objects=custom_objects, safe_mode=safe_mode
            )
    except ModelFileError as e:
        raise type(e)(e.message, path=path, where=e.where or _place(e, config)) from e
    except (MemoryError, OSError):
        raise
    except Exception as e:
        message = f"{e}" if str(e) else type(e).__name__
        raise ModelFileError(message, path=path, where=_place(e, config)) from e
    if not isinstance(model, nn.Module):
        raise ModelFileError(
            f"the config is that of a {type(model).__name__}, not of a model.", path=path
        )
    return model


def _place(error: BaseException, config: Any) -> str:
    """Return the JSON path of the innermost config whose object could not be made."""
    failed = getattr(error, "failed_config", None)
    return next(_find(config, failed, "")) if failed is not None else "config"


def _find(node: Any, wanted: Any, at: str) -> Any:
    if node is wanted:
        yield at or "config"
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _find(value, wanted, f"{at}.{key}" if at else key)
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from _find(value, wanted, f"{at}[{i}]")
    if not at:
        yield "config"  # a copy was made on the way: its place is not known
