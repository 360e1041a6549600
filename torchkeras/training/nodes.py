"""Losses of several outputs together: where a loss stands for a part of the outputs' structure."""

from typing import Any, NamedTuple

import torch

from torchkeras._base.check import received
from torchkeras.core import nest


class Node(NamedTuple):
    """A loss and what it is of: one output, or a structure of them."""

    path: tuple[Any, ...]
    loss: Any
    weight: Any
    form: Any


class _OtherForm(Exception):
    """The losses do not have the outputs' form."""


def node_losses(loss: Any, weights: Any, y_pred: Any) -> list[Node] | None:
    """Return the losses of a structure; None if each of them is of one output only.

    A list is of the outputs one by one if they are a list too (a tuple for a tuple), or if it
    has as many plain entries as there are outputs; otherwise each entry is a loss of the whole:
    `[of_both, {"a": "mse", "b": "mae"}]` are three losses of a dict of two outputs.
    """
    if not nest.is_nested(y_pred) or not nest.is_nested(loss) or len(nest.flatten(y_pred)) == 1:
        return None
    found: list[Node] = []
    try:
        _collect(loss, None, y_pred, (), found)
    except _OtherForm:
        return None  # the usual way says what is wrong
    if not any(nest.is_nested(node.form) for node in found):
        return None
    flat = isinstance(weights, (list, tuple)) and not any(map(nest.is_nested, weights))
    if flat and len(weights) == len(found):  # one after the other
        return [n._replace(weight=w) for n, w in zip(found, weights, strict=True)]
    found = []
    _collect(loss, weights, y_pred, (), found)
    return found


def _collect(loss: Any, weight: Any, form: Any, path: tuple[Any, ...], found: list[Node]) -> None:
    if loss is None:
        return
    if not nest.is_nested(loss):
        found.append(Node(path, loss, weight, form))
    elif not nest.is_nested(form):
        for i, entry in enumerate(nest.flatten(loss)):
            _collect(entry, _part(weight, i), form, path, found)
    elif isinstance(loss, dict):
        if not isinstance(form, dict) or not loss.keys() <= form.keys():
            raise _OtherForm
        for key, entry in loss.items():
            _collect(entry, _part(weight, key), form[key], (*path, key), found)
    elif not any(map(nest.is_nested, loss)) and len(loss) == len(nest.flatten(form)):
        for i, (leaf, entry) in enumerate(zip(leaf_paths(form), loss, strict=True)):
            _collect(entry, _part(weight, i), None, (*path, *leaf), found)
    elif not isinstance(form, type(loss)):
        for i, entry in enumerate(loss):
            _collect(entry, _part(weight, i), form, path, found)
    elif len(loss) == len(form):
        for i, entry in enumerate(loss):
            _collect(entry, _part(weight, i), form[i], (*path, i), found)
    else:
        raise _OtherForm


def _part(weights: Any, key: Any) -> Any:
    if not nest.is_nested(weights):
        return weights
    try:
        return weights.get(key) if isinstance(weights, dict) else weights[key]
    except (IndexError, TypeError):
        raise ValueError(
            "compile: loss_weights must have the structure of loss. "
            f"{received('loss_weights', weights)}"
        ) from None


def leaf_paths(form: Any) -> list[tuple[Any, ...]]:
    """Return the paths of a structure's leaves, in the order in which it is flattened."""
    if not nest.is_nested(form):
        return [()]
    if isinstance(form, dict):
        keys: Any = nest.flatten({k: k for k in form})
    else:
        keys = range(len(form))
    return [(k, *rest) for k in keys for rest in leaf_paths(form[k])]


class Stacked:
    """A loss of tensors, on a structure of tensors of one shape."""

    def __init__(self, loss: Any) -> None:
        self.loss = loss
        self.name = loss.name

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        shapes = [tuple(x.shape) for x in nest.flatten(y_pred)]
        if len(set(shapes)) > 1:
            raise ValueError(
                f"{self.name}: outputs must have one shape to have one loss. "
                f"{received('shapes', shapes)}"
            )
        stacked = (torch.stack([*nest.flatten(x)]) for x in (y_true, y_pred))
        return self.loss(*stacked, sample_weight)
