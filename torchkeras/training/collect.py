"""Outputs of predict, put together on the CPU as the batches come out."""

from typing import Any

import numpy as np
import torch

from torchkeras.core import nest
from torchkeras.core.tensor import convert_to_numpy

# Outputs up to this many bytes are kept batch by batch and joined at the end, which is quicker;
# above it, nothing must be held twice.
_SMALL = 64 << 20


class Collector:
    """Gathers the outputs of batches into whole arrays.

    If the number of samples is known and the outputs are large, each batch is written straight
    into its place, so that nothing is held twice. Nothing stays on the device.

    Args:
        num_samples: Samples that all batches give together; None if unknown.
    """

    def __init__(self, num_samples: int | None) -> None:
        self._num_samples = num_samples
        self._structure: Any = None
        self._wholes: list[torch.Tensor] | None = None
        self._parts: list[list[torch.Tensor]] | None = None
        self._only: list[torch.Tensor] | None = None  # the parts of a lone output
        self._filled = 0

    def add(self, outputs: Any) -> None:
        """Take the outputs of one batch."""
        if self._only is not None and type(outputs) is torch.Tensor:
            self._only.append(outputs if outputs.is_cpu else outputs.cpu())
            return
        flat = [outputs] if isinstance(outputs, torch.Tensor) else nest.flatten(outputs)
        if self._parts is None:
            self._structure = nest.map_structure(lambda _: None, outputs)
            self._parts = [[] for _ in flat]
            self._prepare(flat)
            if self._wholes is None and isinstance(outputs, torch.Tensor):
                self._only = self._parts[0]
        if self._wholes is not None:
            end = self._filled + len(flat[0])
            if end > len(self._wholes[0]):  # more rows than samples: go on batch by batch
                self._parts = [[w[: self._filled]] for w in self._wholes]
                self._wholes = None
        if self._wholes is not None:
            for whole, part in zip(self._wholes, flat, strict=True):
                whole[self._filled : end].copy_(part)
            self._filled = end
            return
        for parts, part in zip(self._parts, flat, strict=True):
            if isinstance(part, np.ndarray) and part.dtype == object:
                parts.append(part)  # strings
                continue
            part = torch.as_tensor(part)
            parts.append(part if part.device.type == "cpu" else part.cpu())

    def _prepare(self, flat: list[Any]) -> None:
        """Make room for the whole outputs, if that is known to be worth it."""
        n = self._num_samples
        if n is None or not all(isinstance(x, torch.Tensor) and x.ndim for x in flat):
            return
        rows = len(flat[0])
        if rows == 0 or rows >= n or any(len(x) != rows for x in flat):
            return
        if sum(x.nbytes for x in flat) // rows * n > _SMALL:
            self._wholes = [torch.empty((n, *x.shape[1:]), dtype=x.dtype) for x in flat]

    def result(self) -> Any:
        """Return the outputs as numpy arrays, in the structure of one batch's outputs."""
        if self._parts is None:
            raise ValueError("predict: x has 0 samples.")
        if self._wholes is not None:
            arrays = [convert_to_numpy(w[: self._filled]) for w in self._wholes]
        else:
            arrays = [
                np.concatenate(p) if isinstance(p[0], np.ndarray) else convert_to_numpy(_joined(p))
                for p in self._parts
            ]
        return nest.pack_as(self._structure, arrays)


def _joined(parts: list[torch.Tensor]) -> torch.Tensor:
    if len(parts) == 1:
        return parts[0].clone()  # it may be a view of the input or of a weight
    if parts[0].ndim == 0:
        return torch.stack(parts)
    return torch.cat(parts)
