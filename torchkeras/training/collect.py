"""Outputs of predict, put together on the CPU as the batches come out."""

from typing import Any

import torch

from torchkeras.core import nest
from torchkeras.core.tensor import convert_to_numpy



class Collector:
    """Gathers the outputs of batches into whole arrays.

    If the number of samples is known, each output is written straight into its array, so that
    nothing is held twice and nothing stays on the device.

    Args:
        num_samples: Samples that all batches give together; None if unknown.
    """

    def __init__(self, num_samples: int | None) -> None:
        self._num_samples = num_samples
        self._structure: Any = None
        self._wholes: list[torch.Tensor] | None = None
        self._parts: list[list[torch.Tensor]] = []
        self._filled = 0

    def add(self, outputs: Any, batch_size: int) -> None:
        """Take the outputs of one batch."""
        flat = [outputs] if isinstance(outputs, torch.Tensor) else nest.flatten(outputs)
        if not self._parts:
            self._structure = nest.map_structure(lambda _: None, outputs)
            self._parts = [[] for _ in flat]
            if self._num_samples is not None and batch_size < self._num_samples:
                self._prepare(flat, batch_size)
        if self._wholes is not None:
            end = self._filled + batch_size
            for whole, part in zip(self._wholes, flat, strict=True):
                whole[self._filled : end].copy_(part)
            self._filled = end
            return
        for parts, part in zip(self._parts, flat, strict=True):
            parts.append(_on_cpu(part))

    def _prepare(self, flat: list[Any], batch_size: int) -> None:
        if all(isinstance(x, torch.Tensor) and x.ndim and len(x) == batch_size for x in flat):
            self._wholes = [
                torch.empty((self._num_samples, *x.shape[1:]), dtype=x.dtype) for x in flat
            ]

    def result(self) -> Any:
        """Return the outputs as numpy arrays, in the structure of one batch's outputs."""
        if self._wholes is not None:
            arrays = [convert_to_numpy(w[: self._filled]) for w in self._wholes]
        else:
            arrays = [
                convert_to_numpy(p[0] if len(p) == 1 else _joined(p)) for p in self._parts
            ]
        return nest.pack_as(self._structure, arrays)


def _on_cpu(x: Any) -> Any:
    x = torch.as_tensor(x)
    return x if x.device.type == "cpu" else x.cpu()


def _joined(parts: list[torch.Tensor]) -> torch.Tensor:
    if parts[0].ndim == 0:
        return torch.stack(parts)
    return torch.cat(parts)
