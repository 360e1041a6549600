"""The `*_on_batch` methods of a model, and what they share with whole runs."""

from collections.abc import Callable, Collection
from typing import Any

import torch

from torchkeras.core.strings import string_leaves
from torchkeras.training import step
from torchkeras.training._legacy import old_call
from torchkeras.training.collect import Collector
from torchkeras.training.compile_metrics import CompileMetrics
from torchkeras.training.data import make_adapter, to_device
from torchkeras.training.data.accept import may_hold_strings
from torchkeras.training.logs import LazyLogs, to_numbers


class OnBatch(step.Steps):
    """Training, evaluation and prediction of one batch."""

    @old_call("reset_metrics")
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[Any, Any] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Train on one batch; return its loss and metrics."""
        self._check_compiled("train_on_batch")
        batch = self._one_batch(x, y, sample_weight, class_weight, "train_on_batch")
        before = self.training
        self.reset_metrics()
        self.train()
        self._discard_gradients()
        try:
            logs = _call(self.train_step, batch)
        finally:
            self.train(before)
        return self._on_batch_result(logs, return_dict)

    @old_call("reset_metrics")
    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Evaluate one batch; return its loss and metrics."""
        self._check_compiled("test_on_batch")
        batch = self._one_batch(x, y, sample_weight, None, "test_on_batch")
        before = self.training
        self.reset_metrics()
        self.eval()
        try:
            with torch.no_grad():
                logs = _call(self.test_step, batch)
        finally:
            self.train(before)
        return self._on_batch_result(logs, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs of one batch as numpy arrays."""
        batch = self._one_batch(x, None, None, None, "predict_on_batch")
        before = self.training
        self.eval()
        try:
            with torch.inference_mode():
                collector = Collector(None)
                collector.add(_call(self.predict_step, batch))
        finally:
            self.train(before)
        return collector.result()

    def _one_batch(self, x: Any, y: Any, weight: Any, class_weight: Any, owner: str) -> Any:
        if may_hold_strings(x) and self._takes_strings():
            x = string_leaves(x, owner, "x")
        size = step.batch_size(x)
        adapter = make_adapter(
            x,
            y,
            weight,
            batch_size=size,
            class_weight=class_weight,
            outputs=self._output_names(),
            owner=owner,
            strings=self._takes_strings,
        )
        batch = next(iter(adapter.batches()))
        device = self._device()
        return batch if device is None else to_device(batch, device)

    def _on_batch_result(self, logs: Any, return_dict: bool) -> Any:
        numbers = dict(logs.items()) if isinstance(logs, LazyLogs) else to_numbers(logs or {})
        return numbers if return_dict else self._in_order(numbers)

    # ------------------------------------------------------------------ for whole runs too

    def _in_order(self, logs: dict[str, Any]) -> Any:
        """Return results in the order of the metrics, then what has another name, sorted."""
        values = [logs[n] for n in self._order(logs)]
        return values[0] if len(values) == 1 else values

    def _order(self, names: Collection[str]) -> list[str]:
        found: dict[str, None] = {}
        for metric in self.metrics:
            for m in metric.metrics if isinstance(metric, CompileMetrics) else (metric,):
                if m.name in names:
                    found[m.name] = None
        return [*found, *(n for n in names if n not in found)]

    def _check_compiled(self, method: str) -> None:
        if not self.compiled:
            raise ValueError(
                f"You must call `compile()` before using the model: {method}() needs a loss and "
                "an optimizer."
            )

    def _output_names(self) -> list[str] | None:
        names = getattr(self, "output_names", None)
        return list(names) if names else None

    def _takes_strings(self) -> bool:
        """Tell whether there is a layer that makes numbers of strings."""
        return any(getattr(m, "takes_strings", False) for m in self.modules())  # type: ignore[attr-defined]

    def _device(self) -> torch.device | None:
        """Return where batches must go; None if they are there already (the CPU)."""
        for parameter in self.parameters():
            return None if parameter.device.type == "cpu" else parameter.device
        return None


def _call(function: Callable[[Any], Any], batch: Any) -> Any:
    return function(batch if step.is_ours(function) else step.as_given(batch))
