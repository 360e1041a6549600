"""A part of `tf` that is no module of its own."""

from typing import Any

from torchkeras.compat.tensorflow.missing import missing


class Namespace:
    """A part of `tf` that is a handful of functions.

    Args:
        label: Its name, for the error of what it has not.
    """

    def __init__(self, label: str, **names: Any) -> None:
        self.__dict__.update(names, _label=label)

    def __getattr__(self, name: str) -> Any:
        raise missing(self.__dict__.get("_label", "tf"), name)

    def __dir__(self) -> list[str]:
        return [n for n in self.__dict__ if not n.startswith("_")]
