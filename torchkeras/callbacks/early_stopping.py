"""EarlyStopping: end the training when a metric no longer improves."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from .._base.interrupt import whole
from .._base.messages import say
from .monitor import MonitorCallback


class EarlyStopping(MonitorCallback):
    """Stop training when a metric has not improved for `patience` epochs.

    Args:
        monitor: Name of the metric in the logs.
        min_delta: Smaller changes than this are no improvement.
        patience: Epochs without improvement until training stops.
        verbose: 1 prints when it stops or restores.
        mode: "min", "max" or "auto" (from the metric).
        baseline: Value that must be reached within `patience` epochs.
        restore_best_weights: Take the weights of the best epoch at the end.
        start_from_epoch: Epochs at the beginning that are not looked at.

    A NaN is no improvement: it never becomes the best epoch.

    >>> import torchkeras as keras
    >>> stop = keras.callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True)
    >>> stop.patience
    2
    """

    state_names = ("best", "wait", "stopped_epoch", "best_epoch", "best_weights")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._start()

    def _start(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best_epoch = 0
        self.best: float | None = None
        self.best_weights: list[np.ndarray] | None = None

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        super().load_state_dict(state)
        if self.best_weights is not None:
            self.best_weights = [
                w.numpy() if isinstance(w, torch.Tensor) else w for w in self.best_weights
            ]

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        if not self._restored:
            self._start()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._set_monitor_op()
        value = self._monitored(logs)
        if value is None:
            warnings.warn(
                f"Early stopping conditioned on metric `{self.monitor}` which is not available. "
                f"Available metrics are: {','.join(logs or ())}",
                stacklevel=2,
            )
            return
        if epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self._is_improvement(value, self.best):
            self.best = value
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            # Patience starts anew only when the baseline is beaten as well.
            if self.baseline is None or self._is_improvement(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        if self.stopped_epoch > 0 and self.verbose:
            say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                say(
                    "Restoring model weights from the end of the best epoch: "
                    f"{self.best_epoch + 1}."
                )
            with whole:
                self.model.set_weights(self.best_weights)
