"""A file's arrays as today's layers want them, converted when they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from torchkeras.core.dtypes import torch_dtype
from torchkeras.saving import weights
from torchkeras.saving.h5.reader import Dataset, H5Reader
from torchkeras.saving.legacy.order import Part
from torchkeras.saving.legacy.weights import Origin


@dataclass(eq=False)
class _Recipe:
    """How the arrays of one layer are made; those of the list that are None do not matter."""

    part: Part
    arrays: Sequence[Dataset | None]
    shapes: Sequence[tuple[int, ...]]
    origin: Origin

    def plan(self) -> list[torch.Tensor] | None:
        """Return meta tensors of what comes out; None if that is what goes in."""
        given = [
            torch.empty(s, dtype=torch_dtype(d.dtype) if d else torch.float32, device="meta")
            for d, s in zip(self.arrays, self.shapes, strict=True)
        ]
        made = self.part.convert(given, self.origin)
        return None if made is given else made

    def make(self, reader: H5Reader) -> dict[int, np.ndarray]:
        given = [
            torch.zeros(()).expand(s) if d is None else weights.as_tensor(reader.read(d))
            for d, s in zip(self.arrays, self.shapes, strict=True)
        ]
        return {i: made.numpy() for i, made in enumerate(self.part.convert(given, self.origin))}


class ConvertedSource:
    """The arrays of a file, in the layout of today's layers.

    Args:
        reader: The file.
        origin: Who wrote it.
    """

    def __init__(self, reader: H5Reader, origin: Origin) -> None:
        self._reader, self._origin = reader, origin
        self.datasets: Mapping[str, Dataset] = reader.datasets
        self._recipes: dict[str, tuple[_Recipe, int]] = {}
        self._ready: dict[_Recipe, dict[int, np.ndarray]] = {}
        self._constants: dict[str, np.ndarray] = {}

    def children(self, group: str) -> Mapping[str, Dataset]:
        """Return the datasets directly in a group, by name."""
        return self._reader.children(group)

    def plan(
        self, part: Part, arrays: Sequence[Dataset | None], shapes: Sequence[tuple[int, ...]],
        group: str,
    ) -> list[Dataset | None] | None:  # fmt: skip
        """Return what a file's arrays become for a layer, in the order of its weights.

        Args:
            part: The layer.
            arrays: Its arrays in the file; None for those that are not wanted.
            shapes: The shapes of all.
            group: Where the file has them, for messages.

        Returns:
            None if they cannot be converted.
        """
        recipe = _Recipe(part, arrays, shapes, self._origin)
        try:
            made = recipe.plan()
        except (RuntimeError, IndexError):
            return None
        if made is None:
            return list(arrays)
        known = next((d for d in arrays if d is not None), None)
        out: list[Dataset | None] = []
        for i, value in enumerate(made):
            name = part.variables[i].name if i < len(part.variables) else str(i)
            at = self._free(f"{group}/{part.layer.name}/{name}")
            dtype = known.dtype if known is not None else "float32"
            size = value.numel() * value.dtype.itemsize
            out.append(Dataset(at, tuple(value.shape), dtype, size))
            self._recipes[at] = recipe, i
        return out

    def constant(self, value: np.ndarray, name: str) -> Dataset:
        """Return a dataset that is no array of the file, but found from it."""
        at = self._free(name)
        self._constants[at] = value
        return Dataset(at, value.shape, value.dtype.name, value.nbytes)

    def read(self, dataset: Dataset) -> np.ndarray:
        """Return the data of an array."""
        if dataset.path in self._constants:
            return self._constants[dataset.path]
        if dataset.path not in self._recipes:
            return self._reader.read(dataset)
        recipe, i = self._recipes[dataset.path]
        if not self._ready.get(recipe):
            self._ready[recipe] = recipe.make(self._reader)
        return self._ready[recipe].pop(i)

    def _free(self, name: str) -> str:
        while name in self._recipes or name in self._constants or name in self.datasets:
            name += "_"
        return name
