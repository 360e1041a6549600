"""Callbacks that change the learning rate."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, MutableMapping
from numbers import Real
from typing import Any

import numpy as np
import torch

from .._base import check
from .._base.messages import say
from ..core.legacy_constructors import takes_old_arguments
from .base import Callback
from .monitor import MonitorCallback


def _rated(model: Any) -> list[tuple[str, Any]]:
    """The model's optimizer with the name of its rate in the logs; of a `MultiOptimizer` each."""
    optimizer = getattr(model, "optimizer", None)
    if hasattr(optimizer, "learning_rate"):
        return [("learning_rate", optimizer)]
    several = getattr(getattr(optimizer, "inner_optimizer", optimizer), "optimizers", None)
    if not several:
        raise ValueError(
            "The model needs an optimizer with a learning rate; compile it first. "
            f"Received: optimizer={optimizer!r}."
        )
    return [(f"learning_rate_{o.name}", o) for o in several]


class LearningRateScheduler(Callback):
    """Set the learning rate at the beginning of each epoch.

    Args:
        schedule: Function of (epoch, learning rate), or of the epoch alone, that returns the new
            learning rate. Epochs count from 0.
        verbose: 1 prints each setting.

    Raises:
        ValueError: if what the function returns is no single number.

    >>> import torchkeras as keras
    >>> decay = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9)
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise TypeError(
                "LearningRateScheduler: schedule must be a function. "
                f"{check.received('schedule', schedule)}"
            )
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _takes_two(schedule)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        for _, optimizer in _rated(self.model):
            rate = float(optimizer.learning_rate)
            value = self.schedule(epoch, rate) if self._takes_rate else self.schedule(epoch)
            number = _as_float(value)
            if number is None:
                raise ValueError(
                    "LearningRateScheduler: the schedule must return one number. "
                    f"{check.received('value', value)}"
                )
            optimizer.learning_rate = number
            if self.verbose:
                say(
                    f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {number}."
                )

    def on_epoch_end(self, epoch: int, logs: MutableMapping[str, Any] | None = None) -> None:
        if logs is not None:
            logs.update({key: float(o.learning_rate) for key, o in _rated(self.model)})


def _takes_two(schedule: Callable[..., Any]) -> bool:
    """Whether a schedule takes (epoch, rate) rather than (epoch)."""
    try:
        parameters = inspect.signature(schedule).parameters.values()
    except (TypeError, ValueError):  # some builtins do not tell
        return True
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return True
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in positional for p in parameters) >= 2


def _as_float(value: Any) -> float | None:
    """A number, or a tensor or array that holds one; None for anything else."""
    if isinstance(value, (torch.Tensor, np.ndarray)):
        if (value.numel() if isinstance(value, torch.Tensor) else value.size) != 1:
            return None
        value = value.item()
    if isinstance(value, Real) and not isinstance(value, (bool, np.bool_)):
        return float(value)
    return None


@takes_old_arguments
class ReduceLROnPlateau(MonitorCallback):
    """Multiply the learning rate by `factor` when a metric has stopped improving.

    Args:
        monitor: Name of the metric in the logs.
        factor: In [0, 1): new rate = rate * factor.
        patience: Epochs without improvement until the rate is reduced.
        verbose: 1 prints each reduction.
        mode: "min", "max" or "auto" (from the metric).
        min_delta: Smaller changes than this are no improvement.
        cooldown: Epochs to wait after a reduction.
        min_lr: Lowest learning rate.

    A NaN is no improvement. The logs get the rate of the epoch as "learning_rate".

    >>> import torchkeras as keras
    >>> plateau = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=3)
    """

    state_names = ("best", "wait", "cooldown_counter")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if not 0 <= factor < 1:
            raise ValueError(
                "ReduceLROnPlateau: factor must be a number in [0, 1). "
                f"{check.received('factor', factor)}"
            )
        if kwargs:
            raise TypeError(
                "ReduceLROnPlateau: there are no such arguments. "
                f"Received: {', '.join(sorted(kwargs))}."
            )
        self.factor = factor
        self.min_lr = min_lr
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self._start()

    def _start(self) -> None:
        self.best: float | None = None
        self.wait = 0
        self.cooldown_counter = 0

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        if not self._restored:
            self._start()

    def in_cooldown(self) -> bool:
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: MutableMapping[str, Any] | None = None) -> None:
        self._set_monitor_op()
        logs = {} if logs is None else logs
        value = self._monitored(logs)
        rates = {key: float(o.learning_rate) for key, o in _rated(self.model)}
        logs.update(rates)
        if value is None:
            warnings.warn(
                f"Learning rate reduction is conditioned on metric `{self.monitor}` which is not "
                f"available. Available metrics are: {','.join(logs)}.",
                stacklevel=2,
            )
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(value, self.best):
            self.best = value
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            # Both as float32: a rate kept as float32 may lie next to min_lr.
            above = [key for key, r in rates.items() if np.float32(r) > np.float32(self.min_lr)]
            if self.wait >= self.patience and above:
                self._reduce(epoch, above)

    def _reduce(self, epoch: int, above: list[str]) -> None:
        for key, optimizer in _rated(self.model):
            if key in above:
                rate = max(float(optimizer.learning_rate) * self.factor, self.min_lr)
                optimizer.learning_rate = rate
                if self.verbose:
                    say(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {rate}.")
        self.cooldown_counter = self.cooldown
        self.wait = 0
