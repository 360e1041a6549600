"""The one door for data: what kind of source it is, and which adapter reads it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from torchkeras._base import check
from torchkeras.core import dtypes
from torchkeras.core.strings import string_leaves
from torchkeras.training.data.accept import is_array, may_hold_strings
from torchkeras.training.data.array import ArrayAdapter
from torchkeras.training.data.base import DataAdapter
from torchkeras.training.data.by_output import class_weights, in_order
from torchkeras.training.data.checks import is_structure, refuse_extra, refuse_leaf
from torchkeras.training.data.generator import GeneratorAdapter
from torchkeras.training.data.loader import LoaderAdapter, length, make_loader
from torchkeras.training.data.pydataset import PyDataset, PyDatasetAdapter

DEFAULT_BATCH_SIZE = 32


def make_adapter(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    shuffle: bool | str = False,
    class_weight: dict[Any, Any] | None = None,
    outputs: Sequence[str] | None = None,
    steps: int | None = None,
    floatx: str = "float32",
    owner: str = "fit",
    strings: Callable[[], bool] | None = None,
) -> DataAdapter:
    """Make the adapter that gives batches `(x, y, sample_weight)` of tensors from a source.

    Args:
        x: Arrays or tensors of any library (nested in dicts, lists, tuples), a torch `DataLoader`
            or `Dataset`, a `PyDataset`, a generator or another iterator.
        y: Targets, arrays as `x`; not with a source that makes its own batches.
        sample_weight: Weights of the samples; one array, or nested as `y`.
        batch_size: Samples a batch, default 32; used for arrays and Datasets only.
        shuffle: Whether each epoch has a new order; `"batch"` shuffles within batches of arrays.
            A DataLoader and a generator have an order of their own.
        class_weight: Weight of each class, or such a dict for each output by its name; given
            sample weights are multiplied by it.
        outputs: Names of the model's outputs, for weights by name beside targets in a list.
        steps: Batches an epoch: it may be less or more than one pass over the data.
        floatx: What floating point arrays become.
        owner: Who asks, for messages.
        strings: Tells whether x may hold strings, if it comes to that; lists of them are taken too.

    Raises:
        ValueError: if lengths differ, there are no samples, entries are no real numbers, or an
            argument is out of its range or does not go with the source.
        TypeError: if `class_weight` is no dict.

    >>> adapter = make_adapter(np.zeros((5, 2)), np.arange(5), batch_size=2)
    >>> [(x.shape, y.tolist()) for x, y, _ in adapter.batches()]
    [(torch.Size([2, 2]), [0, 1]), (torch.Size([2, 2]), [2, 3]), (torch.Size([1, 2]), [4])]
    """
    size = DEFAULT_BATCH_SIZE
    if batch_size is not None:
        size = check.positive_int(owner, "batch_size", batch_size)
    if steps is not None:
        steps = check.positive_int(owner, "steps_per_epoch" if owner == "fit" else "steps", steps)
    if shuffle != "batch":
        if not isinstance(shuffle, (bool, np.bool_, int)):
            raise ValueError(
                f'{owner}: shuffle must be True, False or "batch". '
                f"{check.received('shuffle', shuffle)}"
            )
        shuffle = bool(shuffle)
    float_dtype = dtypes.torch_dtype(floatx)
    weights = None
    if class_weight is not None:
        weights = class_weights(owner, class_weight, outputs, float_dtype)
    sample_weight = in_order(y, sample_weight, outputs)
    textual = strings is not None and may_hold_strings(x) and strings()
    common = {"steps": steps, "class_weight": weights, "owner": owner, "strings": textual}
    if textual:
        x = string_leaves(x, owner, "x")

    if type(x) is TensorDataset:  # arrays in disguise: read as such, not sample by sample
        refuse_extra(owner, "TensorDataset", y=y, sample_weight=sample_weight)
        if not 1 <= len(x.tensors) <= 3:
            raise ValueError(
                f"{owner}: a TensorDataset must hold x, or x and y, or x, y and sample_weight. "
                f"Received: one of {len(x.tensors)} tensors."
            )
        x, y, sample_weight = (*x.tensors, None, None)[:3]
    if x is None and y is None:
        raise ValueError(f"{owner}: x must be given. Received: x=None.")
    if isinstance(x, (PyDataset, DataLoader, Dataset)):
        kind = next(k for k in (PyDataset, DataLoader, Dataset) if isinstance(x, k))
        refuse_extra(owner, kind.__name__, y=y, sample_weight=sample_weight)
        if kind is PyDataset:
            return PyDatasetAdapter(x, shuffle=shuffle, **common)
        if kind is DataLoader:
            return LoaderAdapter(x, **common)
        samples = None if isinstance(x, IterableDataset) else length(x)
        loader = make_loader(owner, x, size, shuffle)
        return LoaderAdapter(loader, num_samples=samples, **common)
    if x is None or is_structure(x) or is_array(x):
        return ArrayAdapter(
            x, y, sample_weight, batch_size=size, shuffle=shuffle, floatx=float_dtype, **common
        )
    if isinstance(x, Iterator):
        refuse_extra(owner, "generator", y=y, sample_weight=sample_weight)
        return GeneratorAdapter(x, **common)
    if hasattr(x, "__iter__") and not isinstance(x, (str, bytes, bytearray, range, set, frozenset)):
        refuse_extra(owner, type(x).__name__, y=y, sample_weight=sample_weight)
        return LoaderAdapter(x, **common)
    raise refuse_leaf(owner, "x", x)
