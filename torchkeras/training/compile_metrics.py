"""The metrics that `compile` makes, each brought to its output."""

import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from torchkeras._base.check import received
from torchkeras.core import nest
from torchkeras.core.registry import LOSSES, METRICS
from torchkeras.core.variable import Variable
from torchkeras.metrics.base import Metric
from torchkeras.metrics.mean import MeanMetricWrapper
from torchkeras.training.foreign import ForeignMetric, is_foreign_metric
from torchkeras.training.match import Matcher
from torchkeras.training.words import FAMILIES, member_of_family, name_of, unique


class _Row(NamedTuple):
    """One metric of one output, under its name in logs."""

    output: int
    metric: Metric
    key: str
    weighted: bool


class CompileMetrics(Metric):
    """The metrics of a model, each brought to its output.

    Args:
        metrics: List of metrics of a single output; a list or dict of them by output. A metric is
            a name, function, `Metric`, class, or an object with `update`, `compute` and `reset`.
            `"accuracy"` and `"crossentropy"` become the member that the shapes ask for.
        weighted_metrics: The same, for metrics that take sample weights.
        name: Name of the group.
        output_names: Names of the model's outputs, if they are known.

    Raises:
        ValueError: for an unknown name, at once; for structures that do not fit the outputs, at
            the first batch.

    >>> metrics = CompileMetrics(["accuracy"], ["mse"])
    >>> metrics.update_state(torch.tensor([1]), torch.tensor([[0.0, 1.0]]))
    >>> metrics.result()
    {'accuracy': tensor(1.), 'mse': tensor(0.5000)}
    """

    def __init__(
        self,
        metrics: Any,
        weighted_metrics: Any,
        name: str = "compile_metrics",
        output_names: Sequence[str] | None = None,
    ) -> None:
        super().__init__(name=name)
        for what, given in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
            if given is not None and not isinstance(given, (list, tuple, dict)):
                raise ValueError(
                    f"compile: {what} must be a list, tuple or dict. {received(what, given)}"
                )
            for entry in nest.flatten(given):
                _check_metric(what, entry)
        self._given = {"metrics": metrics, "weighted_metrics": weighted_metrics}
        self.output_names = output_names
        self.built = False
        self._rows: list[_Row] = []
        self._matcher: Matcher | None = None
        self._flat = False  # one output, which is a tensor

    @property
    def metrics(self) -> list[Metric]:
        """The metrics, in order: without weights, then with weights."""
        return list({id(r.metric): r.metric for r in self._rows}.values())

    @property
    def names(self) -> list[str]:
        """Names in the logs; before the first batch, those that were given."""
        if self.built:
            return [r.key for r in self._rows]
        found: list[str] = []
        for entry in nest.flatten(list(self._given.values())):
            if entry is not None:
                found.append(unique(name_of(entry), found))
        return found

    @property
    def variables(self) -> list[Variable]:
        """Variables of the metrics."""
        return [v for m in self.metrics for v in m.variables]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Bring the metrics to the outputs of a first batch.

        Raises:
            ValueError: for structures that do not fit.
        """
        matcher = Matcher("compile", y_pred, self.output_names)
        true, pred = matcher.spread("y_true", y_true), matcher.spread("y_pred", y_pred)
        rows: list[_Row] = []
        keys: set[str] = set()
        for what, given in self._given.items():
            weighted = what == "weighted_metrics"
            for i, entries in enumerate(matcher.spread_metrics(what, given)):
                for entry in nest.flatten(entries):
                    if entry is None or true[i] is None:
                        continue
                    metric = self._make(entry, true[i], pred[i])
                    name = name_of(entry) if isinstance(entry, str) else metric.name
                    key = _key(matcher, i, name, weighted, keys)
                    keys.add(key)
                    rows.append(_Row(i, metric, key, weighted))
        self._rows, self._matcher, self.built = rows, matcher, True
        self._flat = len(pred) == 1 and not nest.is_nested(y_pred)

    def _make(self, given: Any, y_true: Any, y_pred: Any) -> Metric:
        name = None
        if isinstance(given, str):
            name = given
            if given in FAMILIES:
                given = METRICS.get(member_of_family(given, y_true, y_pred))
            else:
                given = METRICS.get(given) if _knows(METRICS, given) else LOSSES.lookup(given)
        if inspect.isclass(given):
            given = given()
        if isinstance(given, Metric):
            if name is not None:
                given.name = name
            return given
        if is_foreign_metric(given):
            return ForeignMetric(given, name or name_of(given))
        return MeanMetricWrapper(given, name=name or name_of(given))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch to all metrics; weights go to those that were given as weighted."""
        if not self.built:
            self.build(y_true, y_pred)
        if self._flat and isinstance(y_true, torch.Tensor):
            for _, metric, _, weighted in self._rows:
                if weighted and sample_weight is not None:
                    metric.update_state(y_true, y_pred, sample_weight=sample_weight)
                else:
                    metric.update_state(y_true, y_pred)
            return
        matcher = self._matcher
        true, pred = matcher.take("y_true", y_true), matcher.take("y_pred", y_pred)
        weights = matcher.take("sample_weight", sample_weight, share=True)
        for i, metric, _, weighted in self._rows:
            if weighted and weights[i] is not None:
                metric.update_state(true[i], pred[i], sample_weight=weights[i])
            else:
                metric.update_state(true[i], pred[i])

    def result(self) -> dict[str, Any]:
        """Return name -> result; a metric with a dict of results gives its own names."""
        found: dict[str, Any] = {}
        for row in self._rows:
            value = row.metric.result()
            if isinstance(value, dict):
                found.update(value)
            else:
                found[row.key] = value
        return found

    def reset_state(self) -> None:
        """Start all metrics anew."""
        for metric in self.metrics:
            metric.reset_state()


def _knows(registry: Any, name: str) -> bool:
    try:
        registry.lookup(name)
    except ValueError:
        return False
    return True


def _check_metric(what: str, given: Any) -> None:
    if given is None or is_foreign_metric(given):
        return
    if isinstance(given, str):
        if given not in FAMILIES and not (_knows(METRICS, given) or _knows(LOSSES, given)):
            METRICS.lookup(given)  # raises, with near names
    elif not callable(given):
        raise ValueError(
            f"compile: {what} must hold names, functions or metrics. {received(what, given)}"
        )


def _key(matcher: Matcher, output: int, name: str, weighted: bool, taken: set[str]) -> str:
    """Return a metric's name in logs: `output_name`, `output_weighted_name` if that is taken."""
    entry = matcher.outputs[output]
    prefix = f"{entry.label}_" if len(matcher.outputs) > 1 and entry.label else ""
    if weighted and prefix + name in taken:
        name = f"weighted_{name}"
    return unique(prefix + name, taken)
