"""The steps of training, evaluation and prediction, each open to be overridden."""

import inspect
from functools import cache
from typing import Any

import torch

from torchkeras._base import scope
from torchkeras._base.interrupt import whole
from torchkeras.core import nest
from torchkeras.training.data import pack_x_y_sample_weight, unpack_x_y_sample_weight
from torchkeras.training.logs import LazyLogs

_state = scope.state


class Compiled:
    """What `compile` was given and made.

    Attributes:
        given: The arguments, for the config.
        loss: CompileLoss, or None.
        metrics: CompileMetrics, or None.
        tracker: Mean of the total loss.
    """

    def __init__(self, given: dict[str, Any], loss: Any, metrics: Any, tracker: Any) -> None:
        self.given = given
        self.loss = loss
        self.metrics = metrics
        self.tracker = tracker
        # Weights with a regularizer, while fit runs: what can change between two fits cannot
        # within one.
        self.penalised: list[Any] | None = None


def batch_size(x: Any) -> int:
    """Return the number of samples of a batch."""
    if hasattr(x, "shape") and not nest.is_nested(x):
        return x.shape[0] if len(x.shape) else 1
    for leaf in nest.flatten(x):
        if leaf is not None and hasattr(leaf, "shape"):
            return leaf.shape[0] if len(leaf.shape) else 1
    return len(x) if hasattr(x, "__len__") else 1


def is_ours(function: Any) -> bool:
    """Say whether a step is the library's own, which takes `(x, y, sample_weight)`."""
    return getattr(function, "__module__", None) == __name__


def as_given(batch: tuple[Any, Any, Any], adapter: Any = None) -> Any:
    """Return a batch as a step of the user's expects it: without the parts that nobody gave."""
    if batch[1] is None and adapter is not None and not adapter.lone:
        return batch[:1]
    return pack_x_y_sample_weight(*batch)


@cache
def _takes_training(compute_loss: Any) -> bool:
    """Say whether a `compute_loss`, maybe one written for an older Keras, takes `training`."""
    parameters = inspect.signature(compute_loss).parameters
    return "training" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


class Steps:
    """One step of each kind, and what it is made of."""

    def train_step(self, data: Any) -> dict[str, Any]:
        """Train on one batch `(x, y, sample_weight)` and return the running metrics.

        A subclass may override it with a loop body of its own.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        optimizer = self.optimizer
        if optimizer is not None and not is_ours(type(self).train_step):
            optimizer.zero_grad()  # of the subclass, whose step calls this one
        y_pred = self(x, training=True)
        loss = self._loss_of(x, y, y_pred, sample_weight, True)
        self._compile.tracker.update_state(loss.detach(), sample_weight=batch_size(x))
        if optimizer is not None and loss.requires_grad:
            if not optimizer.built:
                optimizer.build(self.trainable_variables)
            optimizer.scale_loss(loss).backward()
            with whole:
                optimizer.step()
            optimizer.zero_grad()
        return self._step_logs(x, y, y_pred, sample_weight)

    def _discard_gradients(self) -> None:
        """Drop the gradients that somebody else's `backward()` left; our steps leave none."""
        optimizer = self.optimizer
        if not is_ours(self.train_step) or optimizer is None:
            return  # a step of the user's own may count on them
        if optimizer.built:
            optimizer.zero_grad()
        else:
            self.zero_grad()

    def test_step(self, data: Any) -> dict[str, Any]:
        """Evaluate one batch `(x, y, sample_weight)` and return the running metrics."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        loss = self._loss_of(x, y, y_pred, sample_weight, False)
        self._compile.tracker.update_state(loss, sample_weight=batch_size(x))
        return self._step_logs(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """Return the outputs of one batch; targets in it are ignored."""
        x = data[0] if type(data) is tuple else unpack_x_y_sample_weight(data)[0]
        return self(x, training=False)

    def _step_logs(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> dict[str, Any]:
        """Update the metrics; hand out results that are computed when somebody reads them."""
        if type(self).compute_metrics is not Steps.compute_metrics:
            return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)
        compile_metrics = self._compile.metrics
        if compile_metrics is not None:
            if self._compile.loss is not None:
                y = self._compile.loss.placed(y)
            with torch.no_grad():
                compile_metrics.update_state(y, y_pred, sample_weight)
        return LazyLogs(self.get_metrics_result)

    def _loss_of(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        given = {"x": x, "y": y, "y_pred": y_pred, "sample_weight": sample_weight}
        if _takes_training(type(self).compute_loss):
            given["training"] = training
        return self.compute_loss(**given)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> torch.Tensor:
        """Return the total loss: the compiled one, what layers added, and regularization.

        Raises:
            ValueError: if there is no loss at all.
        """
        total = None
        if self._compile is not None and self._compile.loss is not None:
            total = self._compile.loss(y, y_pred, sample_weight)
        for loss in self._additional_losses():
            total = loss.sum() if total is None else total + loss.sum()
        if total is None:
            raise ValueError(
                "No loss to compute. Provide a `loss` argument in `compile()`, or call "
                "add_loss() in a layer."
            )
        return total

    def _additional_losses(self) -> list[torch.Tensor]:
        penalised = self._compile.penalised if self._compile is not None else None
        if penalised is None or _state.loss_call >= self._top_call:  # a layer has added one
            return self.losses
        return [v.regularizer(v) for v in penalised]

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Update the compiled metrics and return the results of all."""
        if self._compile.metrics is not None:
            if self._compile.loss is not None:
                y = self._compile.loss.placed(y)
            with torch.no_grad():
                self._compile.metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """Return name -> result of all metrics, as tensors."""
        results: dict[str, Any] = {}
        with torch.no_grad():
            for metric in self.metrics:
                result = metric.result()
                if isinstance(result, dict):
                    results.update(result)
                else:
                    results[metric.name] = result
        return results

    @property
    def metrics(self) -> list[Any]:
        """The loss tracker, metrics held by the model and its layers, the compiled metrics."""
        found = list(self._tracked_metrics())
        compiled = self._compile
        if compiled is not None:
            found.insert(0, compiled.tracker)
            if compiled.metrics is not None:
                found.append(compiled.metrics)
            if compiled.loss is not None:
                found.extend(compiled.loss.metrics)
        return found

    def reset_metrics(self) -> None:
        """Start all metrics anew."""
        for metric in self.metrics:
            metric.reset_state()
