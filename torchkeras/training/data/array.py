"""Batches from arrays: views in order, or one gather by index each."""

from collections.abc import Iterator
from typing import Any

import torch

from torchkeras.core import nest
from torchkeras.training.data.accept import map_named, settle, to_column
from torchkeras.training.data.base import Batch, DataAdapter
from torchkeras.training.data.checks import check_lengths, describe, is_structure, walk
from torchkeras.training.data.class_weight import ClassWeight
from torchkeras.training.data.columns import TensorColumn

_ROWS_AT_ONCE = 65536  # labels that are turned into class weights in one go
_VIEWS_AT_ONCE = 128  # batches that are cut from a tensor in one call
_unused = torch.empty((), dtype=torch.int64, device="cpu")  # takes draws that are for nothing


class ArrayAdapter(DataAdapter):
    """Batches from arrays of any library, nested as the model's inputs and outputs are.

    The last batch holds what is left. Orders are drawn from torch's global CPU generator with the
    same draws as by Keras's arrays and torch's DataLoader: a seed gives the same batches there.
    """

    never_empty = True

    def __init__(
        self,
        x: Any,
        y: Any,
        sample_weight: Any,
        *,
        batch_size: int,
        shuffle: bool | str,
        class_weight: ClassWeight | None,
        steps: int | None,
        floatx: torch.dtype,
        owner: str,
        strings: bool = False,
    ) -> None:
        self.owner, self.steps, self.shuffle = owner, steps, shuffle
        x = _columns(owner, "x", x, floatx, strings)
        y = _columns(owner, "y", y, floatx)
        weight = _weights(owner, y, sample_weight, floatx)
        parts = {"x": x, "y": y, "sample_weight": weight}
        named = [
            (p, c) for name, part in parts.items() for p, c in walk(part, name) if c is not None
        ]
        self.num_samples = check_lengths(owner, [(path, len(c)) for path, c in named])
        self.batch_size = batch_size
        self.num_batches = -(-self.num_samples // batch_size) if steps is None else steps
        x, y, weight = settle((x, y, weight), [c for _, c in named])
        if class_weight is not None:
            weight = class_weight.each(_class_weights, y, weight)
        self._parts = (x, y, weight)

    def _pass(self, skip: int = 0) -> Iterator[Batch]:
        ahead = self.steps is None
        return _array_pass(
            self._parts, self.num_samples, self.batch_size, self.shuffle, ahead, skip
        )


def _columns(owner: str, name: str, data: Any, floatx: torch.dtype, strings: bool = False) -> Any:
    if not is_structure(data):
        return None if data is None else to_column(owner, name, data, floatx, strings)
    return map_named(lambda path, leaf: to_column(owner, path, leaf, floatx, strings), data, name)


def _weights(owner: str, y: Any, sample_weight: Any, floatx: torch.dtype) -> Any:
    """One array of weights serves every output; several must be nested as `y` is."""
    weight = _columns(owner, "sample_weight", sample_weight, floatx)
    if weight is None or y is None:
        return weight
    leaves = nest.flatten(weight)
    if not is_structure(y) and len(leaves) == 1:
        return leaves[0]
    if not is_structure(weight):
        return nest.map_structure(lambda _: weight, y)
    if not nest.same_structure(y, weight):
        raise ValueError(
            f"{owner}: sample_weight must be one array or be nested as y is, one array an output. "
            f"Received: y={_form(y)}, sample_weight={_form(weight)}."
        )
    return weight


def _form(structure: Any) -> str:
    return repr(list(structure)) if isinstance(structure, dict) else describe(structure)


def _class_weights(class_weight: ClassWeight, y: Any, weight: Any) -> TensorColumn:
    """Weigh the whole data set once, so that a class without a weight shows before any step."""
    ranges = ((i, min(i + _ROWS_AT_ONCE, len(y))) for i in range(0, len(y), _ROWS_AT_ONCE))
    return TensorColumn(
        torch.cat(
            [
                class_weight(y.read(a, b), None if weight is None else weight.read(a, b), a)
                for a, b in ranges
            ]
        )
    )


def _array_pass(
    parts: tuple[Any, Any, Any],
    samples: int,
    size: int,
    shuffle: bool | str,
    ahead: bool,
    skip: int,
) -> Iterator[Batch]:
    _unused.random_()  # DataLoader takes a seed for its workers, whether it has any or not
    start = skip * size
    order = _order(samples, size, shuffle)[start:] if shuffle else None
    if start >= samples:
        return
    if all(c is None or (type(c) is TensorColumn and c.plain(bool(shuffle))) for c in parts):
        x, y, weight = (None if c is None else c.tensor for c in parts)
        if order is None:
            if skip:
                x, y, weight = (None if t is None else t[start:] for t in (x, y, weight))
            yield from _views(x, y, weight, samples - start, size)
        else:
            yield from _gathers(x, y, weight, order, size)
    elif order is None:
        yield from _ranges(parts, start, samples, size)
    else:
        for index in _pieces(order, size):
            yield nest.map_structure(lambda c, i=index: None if c is None else c.take(i), parts)
    if ahead:
        _unused.random_()  # without steps, Keras opens its next pass at the end of this one


def _views(x: Any, y: Any, weight: Any, samples: int, size: int) -> Iterator[Batch]:
    nothing = [None] * (-(-samples // size))
    return zip(*(nothing if t is None else _pieces(t, size) for t in (x, y, weight)), strict=True)


def _gathers(x: Any, y: Any, weight: Any, order: torch.Tensor, size: int) -> Iterator[Batch]:
    if x is not None and y is not None and weight is None:
        for index in _pieces(order, size):
            yield (x.index_select(0, index), y.index_select(0, index), None)
    else:
        for index in _pieces(order, size):
            yield (
                None if x is None else x.index_select(0, index),
                None if y is None else y.index_select(0, index),
                None if weight is None else weight.index_select(0, index),
            )


def _ranges(parts: tuple[Any, Any, Any], first: int, samples: int, size: int) -> Iterator[Batch]:
    for start in range(first, samples, size):
        stop = min(start + size, samples)
        yield nest.map_structure(
            lambda c, a=start, b=stop: None if c is None else c.read(a, b), parts
        )


def _pieces(tensor: torch.Tensor, size: int) -> Iterator[torch.Tensor]:
    """Cut a tensor into batches, many in one call: that is cheaper than one by one."""
    if tensor.shape[0] <= size:
        yield tensor
        return
    for block in tensor.split(size * _VIEWS_AT_ONCE):
        yield from block.split(size)


def _order(samples: int, size: int, shuffle: bool | str) -> torch.Tensor:
    """Return a random order of the samples, or of those within each batch."""
    if shuffle != "batch":
        seed = int(torch.empty((), dtype=torch.int64, device="cpu").random_())
        generator = torch.Generator().manual_seed(seed)
        return torch.randperm(samples, generator=generator, device="cpu")
    starts = range(0, samples, size)
    lengths = [min(size, samples - start) for start in starts]
    return torch.cat(
        [
            torch.randperm(n, device="cpu").add_(start)
            for start, n in zip(starts, lengths, strict=True)
        ]
    )
