"""Weights files of tf.keras 2.12 to 2.15 under the paths of Keras 3.

The two differ in little: private names of attributes, metrics among the weights, and an optimizer
whose learning rate is no variable.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import torch

from torchkeras.core import stateful
from torchkeras.core.dtypes import standardize_dtype
from torchkeras.core.tensor import convert_to_numpy
from torchkeras.saving.h5.reader import Dataset

# Part of a path in tf.keras -> in Keras 3.
_PARTS = {
    "_layer_checkpoint_dependencies": "layers",  # 2.12
    "_query_dense": "query_dense",
    "_key_dense": "key_dense",
    "_value_dense": "value_dense",
    "_output_dense": "output_dense",
}
_METRICS = ("metrics", "compiled_metrics", "compiled_loss", "_metrics")
_OPTIMIZER = "optimizer/vars"
_INNER = "optimizer/inner_optimizer/vars"  # what stands in `optimizer/vars` as well


class _Source(Protocol):
    datasets: Mapping[str, Dataset]

    def children(self, group: str) -> Mapping[str, Dataset]: ...

    def read(self, dataset: Dataset) -> np.ndarray: ...


def adapted(source: Any, root: Any) -> Any:
    """Return a source as it is, or a file of tf.keras under the paths of Keras 3."""
    if not _is_tf(source.datasets):
        return source
    # Some of Keras 3's own layers have such names: what the model has a place for is no sign.
    places = {path for path, _ in stateful.walk(root)}
    foreign = {
        path: dataset
        for path, dataset in source.datasets.items()
        if path.startswith("optimizer/") or path.rpartition("/vars/")[0] not in places
    }
    return TFSource(source, root) if _is_tf(foreign) else source


def _is_tf(datasets: Mapping[str, Dataset]) -> bool:
    second = datasets.get(f"{_OPTIMIZER}/1")
    if second is not None and second.shape:
        return True  # Keras 3 has the learning rate there, if that is a number
    marks = {*_METRICS, *_PARTS}
    return any(not marks.isdisjoint(path.split("/")[:-1]) for path in datasets)


class TFSource:
    """A file of tf.keras, read under the paths that Keras 3 has for a model.

    Args:
        source: The file.
        root: The model.
    """

    def __init__(self, source: _Source, root: Any) -> None:
        self._source = source
        self._real: dict[str, Dataset] = {}
        self._constants: dict[str, np.ndarray] = {}
        self.datasets: dict[str, Dataset] = {}
        slots: dict[int, Dataset] = {}
        for path, dataset in source.datasets.items():
            parts = path.split("/")
            if parts[0] in _METRICS or path.startswith(f"{_INNER}/"):
                continue
            if path.startswith(f"{_OPTIMIZER}/") and parts[-1].isdecimal() and len(parts) == 3:
                slots[int(parts[-1])] = dataset
            else:
                self._add("/".join(_PARTS.get(p, p) for p in parts), dataset)
        self._add_optimizer(getattr(root, "optimizer", None), [slots[i] for i in sorted(slots)])
        self._table: dict[str, dict[str, Dataset]] = {}
        for path, dataset in self.datasets.items():
            group, _, key = path.rpartition("/")
            self._table.setdefault(group, {})[key] = dataset

    def _add(self, path: str, dataset: Dataset) -> None:
        self._real[path] = dataset
        self.datasets[path] = replace(dataset, path=path)

    def _add_optimizer(self, optimizer: Any, slots: list[Dataset]) -> None:
        """Give each variable of the optimizer its array; both list them in the same order.

        Variables that only Keras 3 has are single numbers; they stay at their first values.
        """
        variables = getattr(optimizer, "variables", None) or []
        rest = list(slots)
        paired: list[Any] = []
        for v in variables:
            fits = bool(rest) and rest[0].shape == tuple(v.shape)
            if fits and getattr(v, "name", "") != "learning_rate":
                paired.append(rest.pop(0))
            elif not v.shape:
                paired.append(_first_value(v))
            else:
                paired = []
                break
        if getattr(optimizer, "momentum", None) == 0.0 and len(paired) < len(slots):
            rest = []  # slots of a momentum that there is not
        if rest or not paired:  # none of that is this optimizer's: its reader says so
            paired = list(slots)
        for i, entry in enumerate(paired):
            path = f"{_OPTIMIZER}/{i}"
            if isinstance(entry, Dataset):
                self._add(path, entry)
            else:
                self._constants[path] = entry
                dtype = standardize_dtype(entry.dtype)
                self.datasets[path] = Dataset(path, entry.shape, dtype, entry.nbytes)

    def children(self, group: str) -> Mapping[str, Dataset]:
        """Return the datasets directly in a group, by name."""
        return self._table.get(group, {})

    def read(self, dataset: Dataset) -> np.ndarray:
        """Return a dataset's data."""
        constant = self._constants.get(dataset.path)
        return self._source.read(self._real[dataset.path]) if constant is None else constant


def _first_value(variable: torch.Tensor) -> np.ndarray:
    """Return what a variable begins with: a model that is being loaded has zeros for now."""
    initializer = getattr(variable, "initializer", None)
    if initializer is None:
        return np.asarray(convert_to_numpy(variable))
    value = initializer(tuple(variable.shape), dtype=standardize_dtype(variable.dtype))
    return np.asarray(convert_to_numpy(value))
