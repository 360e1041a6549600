"""What all parts of the translation share: errors with their place, and the form of an entry."""

from typing import Any

from torchkeras.core import serialize
from torchkeras.saving.safety import ModelFileError, UnsafeModelError

_DEEPEST = 100


def refuse(message: str, at: str) -> ModelFileError:
    """Return the error for what is malformed, or cannot be read."""
    return ModelFileError(message, where=at or "config")


def unsafe(message: str, at: str) -> UnsafeModelError:
    """Return the error for what is refused."""
    return UnsafeModelError(message, where=at or "config")


def below(at: str, key: Any) -> str:
    """Return the place of an entry."""
    if isinstance(key, int):
        return f"{at}[{key}]"
    return f"{at}.{key}" if at else str(key)


def as_dict(value: Any, what: str, at: str) -> dict[str, Any]:
    """Return a value that must be a dict with strings for keys."""
    if not isinstance(value, dict) or not all(isinstance(k, str) for k in value):
        raise refuse(f"{what} must be a dict. Received: {type(value).__name__}.", at)
    return value


def as_list(value: Any, what: str, at: str) -> list[Any]:
    """Return a value that must be a list."""
    if not isinstance(value, (list, tuple)):
        raise refuse(f"{what} must be a list. Received: {type(value).__name__}.", at)
    return list(value)


def class_name(entry: dict[str, Any], at: str) -> str:
    """Return the name of an entry's class."""
    name = entry.get("class_name")
    if not isinstance(name, str):
        raise refuse(f"class_name must be a string. Received: {type(name).__name__}.", at)
    return name


def is_user_class(entry: dict[str, Any]) -> bool:
    """Tell whether the program has a class of its own for an entry."""
    known = (entry.get("registered_name"), entry.get("class_name"))
    return any(isinstance(n, str) and serialize.get_registered_object(n) for n in known)


def made(
    module: str | None, name: str, config: dict[str, Any], registered: str | None = None
) -> dict[str, Any]:
    """Return an entry in the form of Keras 3."""
    return {"module": module, "class_name": name, "config": config, "registered_name": registered}


def plain(value: Any, at: str = "", depth: int = 0) -> Any:
    """Undo what old Keras wrote for Python's own types: tuples, shapes, Ellipsis.

    Tuples become lists, which is what Keras 3's files hold in their place.
    """
    if depth > _DEEPEST:
        raise refuse("nested too deep.", "")
    if isinstance(value, (list, tuple)):
        return [plain(v, below(at, i), depth + 1) for i, v in enumerate(value)]
    if not isinstance(value, dict):
        return value
    name = value.get("class_name")
    if name in ("__tuple__", "TensorShape") and isinstance(value.get("items"), (list, tuple)):
        return plain(value["items"], at, depth + 1)
    if name == "__ellipsis__":
        return {"class_name": "__ellipsis__", "config": {}}
    if name == "TypeSpec":
        return None  # of what shape and dtype the input is stands beside it
    # ids of parts that several layers share: each gets an equal one
    return {
        k: plain(v, below(at, k), depth + 1) for k, v in value.items() if k != "shared_object_id"
    }
