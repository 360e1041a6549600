"""Mean and Sum, and the mean of a function of targets and predictions."""

from collections.abc import Callable
from typing import Any

import torch

from torchkeras.core import nest, serialize
from torchkeras.core.registry import METRICS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.core.variable import Variable
from torchkeras.losses.fused import BATCH_MEANS
from torchkeras.losses.reduction import apply_mask, get_mask, match_ranks
from torchkeras.metrics.base import Metric


def masked(weight: torch.Tensor | None, mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Join weights of samples (or of leading axes) and a mask to weights."""
    if weight is not None and 0 < weight.ndim < mask.ndim:
        weight = weight.reshape(weight.shape + (1,) * (mask.ndim - weight.ndim))
    return apply_mask(weight, mask, dtype, "sum")


def per_sample(
    values: Any, sample_weight: Any, dtype: torch.dtype, reduce: Callable[..., torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return weighted values and weights, one a sample.

    Weights go along the leading axes; `reduce` (mean or sum) takes away all axes behind them.
    """
    mask = get_mask(values)
    values = convert_to_tensor(values, dtype).detach()
    if sample_weight is not None:
        weight = convert_to_tensor(sample_weight, dtype).to(values.device)
        if mask is not None:
            weight = masked(weight, mask, dtype)
        values, weight = match_ranks(values, weight)
        rank = weight.ndim
        if values.ndim > rank:
            values = reduce(values, tuple(range(rank, values.ndim)))
        try:
            weight = weight.broadcast_to(values.shape)
        except RuntimeError as e:
            raise ValueError(
                "sample_weight must have the shape of the values, or of their leading axes. "
                f"Received: sample_weight.shape={tuple(weight.shape)}, "
                f"values.shape={tuple(values.shape)}."
            ) from e
        values = values * weight
        if rank > 1:
            weight = reduce(weight, tuple(range(1, rank)))
        sample_weight = weight
    if values.ndim > 1:
        values = reduce(values, tuple(range(1, values.ndim)))
    return values, sample_weight


@METRICS.register()
class Sum(Metric):
    """Weighted sum of all values.

    Args:
        name: Default `"sum"`.
        dtype: See `Metric`.

    >>> import torchkeras as keras
    >>> keras.metrics.Sum()([1.0, 3.0], sample_weight=[1.0, 0.5])
    tensor(2.5000)
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add `values`; weights have their shape or that of their leading axes."""
        values, _ = per_sample(values, sample_weight, self._torch_dtype, torch.sum)
        self._add(self.total, values.sum())

    def result(self) -> torch.Tensor:
        """Return the sum."""
        return self.total.detach().clone()


@METRICS.register()
class Mean(Metric):
    """Weighted mean: the sum of `value * weight` over the sum of weights.

    A value with further axes counts as its mean over them. The mean of nothing is 0.

    Args:
        name: Default `"mean"`.
        dtype: See `Metric`.

    >>> import torchkeras as keras
    >>> mean = keras.metrics.Mean()
    >>> mean.update_state([1.0, 3.0], sample_weight=[1.0, 3.0])
    >>> mean.result()
    tensor(2.5000)
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", name="total")
        self._count = self.add_variable((), "zeros", name="count")
        # Counts that Python knows wait here: adding them to the variable costs a kernel a batch.
        self._uncounted: float = 0

    @property
    def count(self) -> Variable:
        """Variable with the sum of the weights."""
        if self._uncounted:
            self._count.add_(self._uncounted)
            self._uncounted = 0
        return self._count

    @property
    def variables(self) -> list[Variable]:
        """The variables `total` and `count`."""
        self.count  # noqa: B018  brings the variable up to date
        return super().variables

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add `values`; weights have their shape or that of their leading axes."""
        if isinstance(values, torch.Tensor) and (
            sample_weight is None or type(sample_weight) in (int, float)
        ):
            rank = values.ndim
            if rank == 0 or sample_weight is None:
                rows = values.shape[0] if rank else 1
                if rank:
                    self._add_rows(values.detach().sum(), rows, values.numel())
                else:
                    weight = 1 if sample_weight is None else sample_weight
                    self._add(self.total, values.detach(), weight)
                    self._uncounted += weight
                return
        values, weight = per_sample(values, sample_weight, self._torch_dtype, torch.mean)
        self._add(self.total, values.sum())
        if weight is None:
            self._uncounted += values.numel()
        else:
            self._add(self._count, weight.sum())

    def _add_rows(self, total: torch.Tensor, rows: int, entries: int) -> None:
        """Add `rows` samples whose `entries` values, spread evenly over them, sum to `total`."""
        if entries:
            self._add(self.total, total, 1 if rows == entries else rows / entries)
            self._uncounted += rows

    def result(self) -> torch.Tensor:
        """Return the mean."""
        known = self._uncounted > 0  # so the count is not 0, and we need not ask the device
        count = self.count
        mean = self.total / count
        return mean if known else torch.where(count == 0, 0.0, mean)


@METRICS.register()
class MeanMetricWrapper(Mean):
    """Mean of a function `fn(y_true, y_pred)` that gives one value a sample.

    Args:
        fn: The function.
        name: Default `"mean_metric_wrapper"`.
        dtype: See `Metric`.
        **kwargs: Further arguments of `fn`.

    >>> import torchkeras as keras
    >>> metric = keras.metrics.MeanMetricWrapper(lambda y_true, y_pred: abs(y_true - y_pred))
    >>> metric([1.0, 2.0], [1.0, 4.0])
    tensor(1.)
    """

    _config_base = True

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs
        self._batch_mean = BATCH_MEANS.get(fn)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch; a mask on `y_pred` leaves its entries out."""
        if isinstance(y_pred, torch.Tensor):
            mask = get_mask(y_pred)
            y_pred = y_pred.detach()
            if sample_weight is None and mask is None and self._fast(y_true, y_pred):
                return
        else:
            mask = None
        with torch.no_grad():
            values = self._fn(_tensor(y_true), _tensor(y_pred), **self._fn_kwargs)
            if mask is not None:
                if sample_weight is not None:
                    sample_weight = convert_to_tensor(sample_weight, self._torch_dtype)
                sample_weight = masked(sample_weight, mask, self._torch_dtype)
            super().update_state(values, sample_weight)

    def _fast(self, y_true: Any, y_pred: torch.Tensor) -> bool:
        """Add a batch by the function's fused mean, if there is one for this pair."""
        if self._batch_mean is None or not isinstance(y_true, torch.Tensor) or y_pred.ndim < 2:
            return False
        if y_pred.dtype is not self._torch_dtype or y_true.device != y_pred.device:
            return False
        mean = self._batch_mean(y_true, y_pred, **self._fn_kwargs)
        if mean is None:
            return False
        rows = y_pred.shape[0]
        self._add(self.total, mean, rows)
        self._uncounted += rows
        return True

    def get_config(self) -> dict[str, Any]:
        """Return the config, with the function and its arguments if they were given."""
        config = super().get_config()
        if "fn" in config:
            config["fn"] = serialize.serialize_keras_object(self._fn)
            config.update(serialize.serialize_keras_object(self._fn_kwargs))
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "MeanMetricWrapper":
        """Make the metric of a config."""
        if isinstance(config.get("fn"), dict):
            config = {**config, "fn": serialize.deserialize_keras_object(config["fn"])}
        return cls(**config)


def _tensor(x: Any) -> Any:
    return x if isinstance(x, (torch.Tensor, dict)) else _from_numbers(x)


def _from_numbers(x: Any) -> Any:
    """Arrays and lists of numbers become tensors; structures of tensors stay what they are."""
    if nest.is_nested(x) and any(hasattr(e, "shape") for e in nest.flatten(x)):
        return x
    return convert_to_tensor(x)
