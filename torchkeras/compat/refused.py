"""Names of old versions that nothing stands for: who uses one is told what to do instead."""

from typing import Any


def refused(name: str, instead: str) -> type:
    """Return a class that cannot be made.

    Args:
        name: Its name.
        instead: What to do.

    >>> refused("LinearModel", "Use Dense(1).")()
    Traceback (most recent call last):
    NotImplementedError: LinearModel is not part of torchkeras. Use Dense(1).
    """

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(f"{name} is not part of torchkeras. {instead}")

    return type(name, (), {"__init__": __init__, "__module__": __name__})
