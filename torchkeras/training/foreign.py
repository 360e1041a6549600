"""Metrics of other libraries: objects with `update`, `compute` and `reset`, as in torchmetrics."""

import inspect
from typing import Any

import torch

from torchkeras.metrics.base import Metric


def is_foreign_metric(metric: Any) -> bool:
    """Tell whether `metric` is an object with `update`, `compute` and `reset`."""
    return (
        not isinstance(metric, Metric)
        and not inspect.isclass(metric)
        and all(callable(getattr(metric, name, None)) for name in ("update", "compute", "reset"))
    )


class ForeignMetric(Metric):
    """A metric object of another library, called as `update(outputs, targets)`.

    Args:
        metric: Object with `update(preds, target)`, `compute()` and `reset()`.
        name: Name in logs.

    >>> class Largest:
    ...     def __init__(self): self.reset()
    ...     def reset(self): self.value = torch.tensor(0.0)
    ...     def update(self, preds, target): self.value = torch.maximum(self.value, preds.max())
    ...     def compute(self): return self.value
    >>> ForeignMetric(Largest(), "largest")(torch.zeros(2), torch.tensor([1.0, 3.0]))
    tensor(3.)
    """

    def __init__(self, metric: Any, name: str) -> None:
        super().__init__(name=name)
        self.metric = metric

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch; such metrics take no weights.

        Raises:
            ValueError: for sample weights.
        """
        if sample_weight is not None:
            raise ValueError(
                f"{self.name}: a metric with update(preds, target) takes no sample weights. "
                "Give it in metrics, not in weighted_metrics."
            )
        with torch.no_grad():
            self.metric.update(y_pred.detach(), y_true)

    def result(self) -> Any:
        """Return what the object computes."""
        with torch.no_grad():
            return self.metric.compute()

    def reset_state(self) -> None:
        """Reset the object."""
        self.metric.reset()
