"""Names that compile is given, and names that it gives."""

import inspect
from typing import Any

from torchkeras._base import naming

# Words for a family: which member it is depends on the shapes of targets and outputs.
FAMILIES = {"accuracy": "accuracy", "acc": "accuracy"}
FAMILIES |= {"crossentropy": "crossentropy", "ce": "crossentropy"}


def member_of_family(word: str, y_true: Any, y_pred: Any) -> str:
    """Return the name that `"accuracy"` or `"crossentropy"` means for these shapes.

    >>> import torch
    >>> member_of_family("acc", torch.zeros(8), torch.zeros(8, 10))
    'sparse_categorical_accuracy'
    """
    true, pred = tuple(y_true.shape), tuple(y_pred.shape)
    if len(pred) < 2 or pred[-1] == 1:
        kind = "binary"
    elif len(true) < len(pred) or true[-1] == 1:
        kind = "sparse_categorical"
    else:
        kind = "categorical"
    return f"{kind}_{FAMILIES[word]}"


def name_of(thing: Any) -> str:
    """Return the name of a loss or metric, in whichever form it was given."""
    if isinstance(thing, str):
        return thing
    name = getattr(thing, "name", None) or getattr(thing, "__name__", None)
    if not isinstance(name, str) or inspect.isclass(thing):
        name = naming.to_snake_case(name if inspect.isclass(thing) else type(thing).__name__)
    return name.strip("<>")


def unique(name: str, taken: Any) -> str:
    number, unique = 0, name
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    return unique
