"""Automatic and unique names: `dense`, `dense_1`, …"""

import re

_counts: dict[str, int] = {}

_BREAKS = (re.compile(r"(.)([A-Z][a-z]+)"), re.compile(r"([a-z])([A-Z])"))


def to_snake_case(name: str) -> str:
    """`MultiHeadAttention` -> `multi_head_attention`, `Conv2D` -> `conv2d`."""
    name = re.sub(r"\W+", "", name)
    for pattern in _BREAKS:
        name = pattern.sub(r"\1_\2", name)
    return name.lower()


def uniquify(name: str) -> str:
    """Return `name`, with a counter behind it from the second call on."""
    seen = _counts.get(name, 0)
    _counts[name] = seen + 1
    return f"{name}_{seen}" if seen else name


def auto_name(prefix: str) -> str:
    """Return a unique snake-case name for an object of class `prefix`."""
    return uniquify(to_snake_case(prefix))


_uids: dict[str, int] = {}


def get_uid(prefix: str = "") -> int:
    """Return 1, 2, … for the calls with one prefix.

    >>> import torchkeras as keras
    >>> keras.backend.get_uid("my_layer"), keras.backend.get_uid("my_layer")
    (1, 2)
    """
    _uids[prefix] = _uids.get(prefix, 0) + 1
    return _uids[prefix]


def clear_names() -> None:
    """Start all counters anew (`keras.utils.clear_session`)."""
    _counts.clear()
    _uids.clear()
