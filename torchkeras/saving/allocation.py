"""Variables of a model that is being loaded: counted before they take memory, filled once."""

import random
from typing import Any

import numpy as np
import torch

from torchkeras._base import scope
from torchkeras.core.dtypes import torch_dtype
from torchkeras.saving.safety import ModelFileError


class Allocation:
    """The variables that are created within the block, with a bound on their size.

    If the block fails, the global random streams are put back: making layers draws seeds.

    Args:
        limit: Bytes (or, without weights to come, elements) that they may take together.
        weights_follow: Whether values come from a file. Then a variable starts as zeros, which
            costs neither time nor pages, and `finish` fills those that the file left out.

    Raises:
        ModelFileError: at the variable that goes beyond the limit, before it takes memory.
    """

    def __init__(self, limit: int, *, weights_follow: bool) -> None:
        self.limit = limit
        self.taken = 0
        self.weights_follow = weights_follow
        self._waiting: dict[int, torch.Tensor] = {}
        self._scope: Any = None

    def __enter__(self) -> "Allocation":
        self._scope = scope.scoped(allocation=self)
        self._scope.__enter__()
        self._streams = random.getstate(), np.random.get_state(), torch.get_rng_state()
        return self

    def __exit__(self, *exc: Any) -> None:
        self._scope.__exit__(*exc)
        if exc[0] is not None:
            python, numpy, pytorch = self._streams
            random.setstate(python)
            np.random.set_state(numpy)
            torch.set_rng_state(pytorch)

    def reserve(self, initializer: Any, shape: tuple[int, ...], dtype: str) -> Any:
        """Return the first value of a variable, in place of `initializer(shape, dtype=dtype)`."""
        self.charge(shape, torch_dtype(dtype))
        if not self.weights_follow:
            return initializer(shape, dtype=dtype)
        return torch.zeros(shape, dtype=torch_dtype(dtype))

    def charge(self, shape: tuple[int, ...], dtype: torch.dtype) -> None:
        """Count a tensor that is about to be allocated."""
        size = dtype.itemsize if self.weights_follow else 1
        for n in shape:
            size *= n
        self.taken += size
        if self.taken > self.limit:
            unit = "bytes" if self.weights_follow else "weights"
            raise ModelFileError(
                f"the config asks for a weight of shape {shape}; with it the model has over "
                f"{self.limit} {unit}, more than "
                + ("its file holds." if self.weights_follow else "the limit.")
            )

    def created(self, variable: torch.Tensor) -> None:
        """Note a variable that began as zeros."""
        if self.weights_follow:
            self._waiting[id(variable)] = variable

    def filled(self, variable: torch.Tensor) -> None:
        """Note that a variable has its value from the file."""
        self._waiting.pop(id(variable), None)

    def finish(self) -> None:
        """Give the variables that are not in the file their initial values."""
        with torch.no_grad():
            for v in self._waiting.values():
                v.copy_(v.initializer(tuple(v.shape), dtype=v.dtype))  # type: ignore[attr-defined]
        self._waiting.clear()
