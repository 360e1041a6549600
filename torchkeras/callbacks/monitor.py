"""What callbacks share that watch one metric: its direction, and what counts as better."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from torchkeras._base import legacy

from .base import Callback
from .old_keys import other_name


class MonitorCallback(Callback):
    """Base of callbacks that watch a metric.

    Args:
        monitor: Name of the metric in the logs.
        mode: "min", "max" or "auto": from the metric's own direction; a loss is minimised.
        baseline: First value of `best`; None: the first value seen.
        min_delta: Change that counts as an improvement.

    A value that is no number (NaN) is never better than anything, and never becomes `best`.

    Raises:
        ValueError: at the first use, if `mode="auto"` and the direction cannot be told.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: str = "auto",
        baseline: float | None = None,
        min_delta: float = 0,
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"{type(self).__name__} mode '{mode}' is unknown, fallback to auto mode.",
                stacklevel=3,
            )
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta = abs(min_delta)
        self.monitor_op: Any = {"min": np.less, "max": np.greater}.get(mode)

    def _set_monitor_op(self) -> None:
        """Find the direction of the metric, once the model knows its metrics."""
        if self.monitor_op is not None:
            return
        direction = metric_direction(self.model, self.monitor)
        if direction is None and ("acc" in self.monitor or self.monitor.endswith("auc")):
            # Keras 2 went by the name alone; these names leave no doubt.
            old = f"{type(self).__name__} of {self.monitor!r}, which is no metric with a direction,"
            if legacy.allow(old, "Write mode='max'."):
                direction = "up"
        if direction is None:
            raise ValueError(
                f"{type(self).__name__}: it cannot be told whether {self.monitor!r} should grow or "
                "shrink; pass mode='max' to look for its highest value or mode='min' for its "
                f"lowest. Received: monitor={self.monitor!r}, mode='auto'."
            )
        self.monitor_op = np.greater if direction == "up" else np.less

    def _is_improvement(self, value: float, reference: float | None) -> bool:
        if math.isnan(value):
            return False
        if reference is None or math.isnan(reference):
            return True
        delta = self.min_delta if self.monitor_op is np.greater else -self.min_delta
        # As float32, like the metrics themselves: a change of exactly min_delta is none, whatever
        # its last bits in float64 say.
        with np.errstate(over="ignore"):
            return bool(self.monitor_op(np.float32(value - delta), np.float32(reference)))

    def _monitored(self, logs: Mapping[str, Any] | None) -> float | None:
        """The watched value as a float, or None if the logs do not have it."""
        value = None if logs is None else logs.get(self.monitor)
        return None if value is None else float(value)


def metric_direction(model: Any, monitor: str) -> str | None:
    """ "up" or "down" for a log name such as "val_accuracy", "loss" or "head_auc"; else None."""
    name = monitor.removeprefix("val_")
    if name == "loss":
        return "down"
    outputs = getattr(model, "output_names", None) or ()
    names = {name, *(name[len(o) + 1 :] for o in outputs if name.startswith(f"{o}_"))}
    if name not in outputs and "loss" in names:
        return "down"  # the loss of one output
    names |= {other for n in names if (other := other_name(n)) is not None}
    for metric in _leaves(getattr(model, "metrics", None) or ()):
        if getattr(metric, "name", None) in names:
            direction = getattr(metric, "_direction", None)
            if direction in ("up", "down"):
                return direction
    return None


def _leaves(metrics: Any) -> Iterator[Any]:
    """All metrics, with those inside of containers such as the compiled ones."""
    for metric in metrics:
        yield metric
        yield from _leaves(getattr(metric, "metrics", None) or ())
