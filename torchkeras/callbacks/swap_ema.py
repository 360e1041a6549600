"""SwapEMAWeights: evaluate and save the averaged weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from .._base.interrupt import whole
from .base import Callback


class SwapEMAWeights(Callback):
    """Put the optimizer's moving averages into the model while it is evaluated.

    Args:
        swap_on_epoch: Keep them in the model from the end of an epoch to the beginning of the
            next, so that a `ModelCheckpoint` after this callback saves the averages.

    The optimizer needs `use_ema=True`. The trained values are held aside meanwhile; before the
    first step there are no averages, and nothing is swapped.

    Raises:
        ValueError: when training or evaluation begins, if the optimizer keeps no averages.

    >>> import torchkeras as keras
    >>> average = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._trained: list[tuple[torch.Tensor, torch.Tensor]] = []  # variable, its value

    def state_dict(self) -> dict[str, Any]:
        """The trained values, while the model holds the averages."""
        return {"trained": [value for _, value in self._trained]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the trained values of a run whose weights are back in the model."""
        values = state["trained"]
        variables = [v for v, _ in self._pairs()] if values else []
        if len(values) != len(variables):
            raise ValueError(
                f"SwapEMAWeights: the state must hold {len(variables)} values, one for each "
                f"average. Received: {len(values)}."
            )
        self._trained = [
            (variable, torch.as_tensor(value, dtype=variable.dtype, device=variable.device).clone())
            for variable, value in zip(variables, values, strict=True)
        ]
        self._restored = True

    def _averages(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """(variable, its average) pairs; none before the first step."""
        pairs = self._pairs()
        return pairs if pairs and int(self.model.optimizer.iterations) else []

    def _pairs(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        optimizer = getattr(self.model, "optimizer", None)
        try:
            return optimizer.moving_averages(self.model.trainable_variables)
        except (AttributeError, ValueError):
            raise ValueError(
                "SwapEMAWeights: the optimizer must be made with use_ema=True. "
                f"Received: optimizer={optimizer!r}."
            ) from None

    @torch.no_grad()
    def _swap_in(self) -> None:
        if self._trained:
            return
        with whole:
            for variable, average in self._averages():
                self._trained.append((variable, variable.detach().clone()))
                variable.copy_(average)

    @torch.no_grad()
    def _swap_out(self) -> None:
        with whole:
            for variable, value in self._trained:
                variable.copy_(value)
            self._trained = []

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._averages()  # complain now, not after the first epoch
        if not self._restored:
            self._trained = []

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self.swap_on_epoch:
            self._swap_out()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self.swap_on_epoch:
            self._swap_in()

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self._trained = []  # fit has put the averages into the model for good

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._swap_in()

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self._swap_out()

    def on_predict_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._swap_in()

    def on_predict_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self._swap_out()

    def on_exception(self, exception: BaseException) -> None:
        self._swap_out()
