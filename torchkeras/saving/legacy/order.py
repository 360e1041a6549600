"""In which order an `.h5` file keeps the weights of a layer and of those within it.

A file has one list for each top-level layer: first what is trained, then what is not, of all
layers within. Keras 1 went from layer to layer instead, and who froze a layer between saving and
loading moved its weights to the end. The names of the weights tell which it was.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from torchkeras.saving.legacy.weights import Origin, Tensors, arrays_in_file, convert

_LAST = re.compile(
    r"(?:^|[/_])(running_mean|running_std|moving_mean|moving_variance|W|U|b|[a-z]+)$"
)
_TODAY = {
    "W": "kernel",
    "U": "recurrent_kernel",
    "b": "bias",
    "running_mean": "moving_mean",
    "running_std": "moving_variance",  # it always held the variance
    "alphas": "alpha",
}
_TOLD = frozenset({*_TODAY.values(), "gamma", "beta", "embeddings"})


@dataclass(frozen=True)
class Part:
    """A layer without sub-layers, and which arrays of the file's list are its own.

    Args:
        layer: The layer.
        variables: Its weights.
        arrays: Places in the list, one for each array of the file.
        trained: How many of these the optimizer knows.
    """

    layer: Any
    variables: list[Any]
    arrays: list[int]
    trained: int

    def convert(self, weights: Tensors, origin: Origin) -> Tensors:
        """Return its weights as they are today, of the arrays of the file."""
        return convert(self.layer, weights, origin)


def weights_of(layer: Any) -> list[Any]:
    """Return the weights of a layer in the order of its list in a file."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def beside_layers(model: Any) -> tuple[list[Any], list[Any]]:
    """Return the weights of a model itself, and those of what is neither it nor in its layers."""
    in_layers = {id(w) for layer in getattr(model, "layers", ()) for w in layer.weights}
    own = {id(w) for w in model._own_variables()} if hasattr(model, "_own_variables") else set()
    rest = [w for w in weights_of(model) if id(w) not in in_layers]
    return [w for w in rest if id(w) in own], [w for w in rest if id(w) not in own]


def leaves(layer: Any) -> list[Any]:
    """Return the layers in it that files treat one by one; itself, if there are none."""
    names = {cls.__name__ for cls in type(layer).__mro__}
    if "Bidirectional" in names:
        inner = [layer.forward_layer, layer.backward_layer]
    elif "TimeDistributed" in names:
        inner = [layer.layer]
    elif "Model" in names:
        inner = list(layer.layers)
    else:
        return [layer]
    found = [leaf for one in inner for leaf in leaves(one)]
    covered = {id(w) for leaf in found for w in leaf.weights}
    return found if covered == {id(w) for w in layer.weights} else [layer]


def parts_of(
    layer: Any, names: Sequence[str], shapes: Sequence[tuple[int, ...]], origin: Origin
) -> list[Part] | None:
    """Find out what of a file's list belongs to which layer.

    Args:
        layer: A top-level layer.
        names: Names of the arrays of the list.
        shapes: Their shapes.
        origin: Who wrote them.

    Returns:
        None if the number of arrays does not fit.
    """
    fitting = [p for p in _candidates(layer, len(names), origin) if p is not None]
    if len(fitting) > 1:
        for test in (_names_agree, _shapes_agree):
            agreeing = [p for p in fitting if test(p, names, shapes, origin)]
            fitting = agreeing or fitting
    return fitting[0] if fitting else None


def _candidates(layer: Any, count: int, origin: Origin) -> list[list[Part] | None]:
    found: dict[int, Any] = {}
    for leaf in leaves(layer):
        found.setdefault(id(leaf), leaf)  # a shared layer is in the list once
    rows = list(found.values())
    parameters = {id(p) for p in layer.parameters()}
    now = [({id(w) for w in leaf.trainable_weights}, leaf.weights) for leaf in rows]
    by_nature = [({id(w) for w in leaf.weights} & parameters, leaf.weights) for leaf in rows]
    return [
        _lay_out(rows, table, count, origin, in_turn)
        for table, in_turn in ((now, False), (now, True), (by_nature, False))
    ]


def _lay_out(
    rows: list[Any], table: list[Any], count: int, origin: Origin, in_turn: bool
) -> list[Part] | None:
    """Deal the places of the list out to the layers, in one of the possible orders."""
    for writer in (origin, Origin(2)):  # a recurrent layer of Keras 1 could join its gates already
        sizes, ordered = [], []
        for leaf, (trained, weights) in zip(rows, table, strict=True):
            first = [w for w in weights if id(w) in trained]
            rest = [w for w in weights if id(w) not in trained]
            ordered.append([*first, *rest])
            sizes.append(
                (arrays_in_file(leaf, len(first), writer), arrays_in_file(leaf, len(rest), writer))
            )
        if sum(map(sum, sizes)) == count:
            break
    else:
        return None
    at, later = 0, sum(a for a, _ in sizes)
    parts = []
    for leaf, variables, (a, b) in zip(rows, ordered, sizes, strict=True):
        if in_turn:
            arrays = list(range(at, at + a + b))
            at += a + b
        else:
            arrays = [*range(at, at + a), *range(later, later + b)]
            at, later = at + a, later + b
        parts.append(Part(leaf, variables, arrays, a))
    return parts


def _names_agree(
    parts: list[Part], names: Sequence[str], shapes: Sequence[tuple[int, ...]], origin: Origin
) -> bool:
    for part in parts:
        if len(part.arrays) != len(part.variables):
            continue  # gates in arrays of their own
        for place, variable in zip(part.arrays, part.variables, strict=True):
            told = _kind(names[place])
            if told is not None and told != _kind(str(getattr(variable, "path", ""))):
                return False
    return True


def _kind(name: str) -> str | None:
    """Return which weight of a layer a name is for, as far as names tell."""
    match = _LAST.search(name.partition(":")[0])
    word = _TODAY.get(match[1], match[1]) if match else None
    return word if word in _TOLD else None


def _shapes_agree(
    parts: list[Part], names: Sequence[str], shapes: Sequence[tuple[int, ...]], origin: Origin
) -> bool:
    for part in parts:
        given = [torch.empty(shapes[i], device="meta") for i in part.arrays]
        try:
            made = part.convert(given, origin)
        except (RuntimeError, IndexError):
            return False
        if [tuple(m.shape) for m in made] != [tuple(v.shape) for v in part.variables]:
            return False
    return True
