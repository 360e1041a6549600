"""OptunaPruning: end a trial that does not look promising."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from .._base.optional import require
from .base import Callback


class OptunaPruning(Callback):
    """Report a metric to an Optuna trial after each epoch, and end the trial if Optuna says so.

    Args:
        trial: The `optuna.trial.Trial` that the objective function gets.
        monitor: Name of the metric in the logs; the study knows its direction.
        interval: Epochs from one question whether to prune to the next; each is reported.

    Raises:
        ImportError: without Optuna: pip install "torchkeras[optuna]".
        optuna.TrialPruned: out of `fit`, when the pruner says so; Optuna expects it.

    >>> import optuna, torchkeras as keras
    >>> trial = optuna.create_study(pruner=optuna.pruners.ThresholdPruner(upper=1.0)).ask()
    >>> keras.callbacks.OptunaPruning(trial).on_epoch_end(0, {"val_loss": 2.0})
    Traceback (most recent call last):
    optuna.exceptions.TrialPruned: Trial was pruned at epoch 1: val_loss is 2.0.
    """

    def __init__(self, trial: Any, monitor: str = "val_loss", interval: int = 1) -> None:
        super().__init__()
        self._optuna = require("optuna", "optuna")
        if interval < 1:
            raise ValueError(
                "OptunaPruning: interval must be a positive integer. "
                f"Received: interval={interval}."
            )
        self.trial = trial
        self.monitor = monitor
        self.interval = interval

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                f"OptunaPruning: no {self.monitor!r} in this epoch's logs, which have: "
                f"{', '.join(logs or {})}. The trial cannot be pruned.",
                stacklevel=3,
            )
            return
        value = float(value)
        self.trial.report(value, step=epoch)
        if (epoch + 1) % self.interval == 0 and self.trial.should_prune():
            raise self._optuna.TrialPruned(
                f"Trial was pruned at epoch {epoch + 1}: {self.monitor} is {value}."
            )
