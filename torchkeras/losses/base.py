"""Loss: masks, sample weights and reduction around a function of targets and predictions."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch

from torchkeras._base import config, legacy, naming
from torchkeras._base.check import one_of
from torchkeras.core import dtypes, nest, policy
from torchkeras.core.configurable import Configurable
from torchkeras.core.registry import LOSSES
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.losses.fused import BATCH_MEANS
from torchkeras.losses.recorded import RecordedLoss, are_symbols
from torchkeras.losses.reduction import MEANS, REDUCTIONS, get_mask, match_ranks, reduce_weighted

_REDUCTIONS_2 = frozenset({"auto", "none", "sum", "sum_over_batch_size"})


@LOSSES.register(module="keras")
class Loss(Configurable):
    """Base of losses: a subclass defines `call(y_true, y_pred)`, one value a sample.

    Args:
        name: Default: the class name in snake case, made unique.
        reduction: `"sum_over_batch_size"` (default) and `"mean"` divide by the number of values,
            `"mean_with_sample_weight"` by the sum of weights; `"sum"`; `"none"` or None keeps one
            value a sample.
        dtype: Type that both inputs are cast to; default `floatx()`.

    Raises:
        ValueError: for an unknown reduction, or shapes that do not go together.

    >>> import torchkeras as keras
    >>> class Cubic(keras.losses.Loss):
    ...     def call(self, y_true, y_pred):
    ...         return ((y_true - y_pred) ** 3).abs().mean(-1)
    >>> Cubic()([[0.0], [0.0]], [[1.0], [2.0]], sample_weight=[1.0, 0.5])
    tensor(2.5000)
    """

    config_quiet: ClassVar[frozenset[str]] = frozenset({"dtype"})

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        if name in _REDUCTIONS_2 and reduction not in REDUCTIONS:
            name, reduction = reduction, name  # the order of Keras 2
        if reduction == "auto" and legacy.allow(
            f"{type(self).__name__}(reduction='auto')", "Leave it out, or name the reduction."
        ):
            reduction = "sum_over_batch_size"
        self.name = name or naming.auto_name(type(self).__name__)
        self.reduction = one_of(type(self).__name__, "reduction", reduction, REDUCTIONS)
        self._given_dtype = None if dtype is None else policy.get(dtype).compute_dtype
        self._torch_dtype = dtypes.torch_dtype(self.dtype)

    @property
    def dtype(self) -> str:
        """Name of the type that the loss computes in."""
        return self._given_dtype or config.floatx()

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss values of a batch, one a sample (or a step of a sample)."""
        raise NotImplementedError(
            f"{type(self).__name__}: a loss must define call(y_true, y_pred)."
        )

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> torch.Tensor:
        """Return the reduced, weighted loss.

        Args:
            y_true: Targets: a tensor, array or list, or a structure of them.
            y_pred: Outputs of a model, in the structure that `call` expects.
            sample_weight: Weights of shape `(batch,)`, or broadcasting to the loss values.
        """
        if are_symbols(y_true, y_pred):
            weights = {} if sample_weight is None else {"sample_weight": sample_weight}
            return RecordedLoss(self).symbolic_call(y_true, y_pred, **weights)
        in_mask = get_mask(y_pred)
        y_pred = self._cast(y_pred)
        device = y_pred.device if isinstance(y_pred, torch.Tensor) else None
        values = self._float(self.call(self._cast_targets(y_true, device), y_pred), device)
        mask = get_mask(values)
        if mask is None:
            mask = in_mask
        elif in_mask is not None:
            mask, in_mask = match_ranks(mask, in_mask)
            mask = mask & in_mask
        if sample_weight is not None:
            sample_weight = self._float(sample_weight, device)
        return reduce_weighted(values, sample_weight, mask, self.reduction)

    def _cast(self, structure: Any, device: torch.device | None = None) -> Any:
        if nest.is_nested(structure) and not _is_numbers(structure):
            return nest.map_structure(lambda x: self._float(x, device), structure)
        return self._float(structure, device)

    _cast_targets = _cast

    def _float(self, x: Any, device: torch.device | None) -> torch.Tensor:
        mask = get_mask(x)
        x = convert_to_tensor(x, self._torch_dtype)
        if device is not None and x.device != device:
            x = x.to(device)
        if mask is not None:
            x._keras_mask = mask
        return x

    def _config_overrides(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self._given_dtype}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _is_numbers(x: Any) -> bool:
    """Tell nested Python numbers, which are one array, from a structure of arrays."""
    while isinstance(x, (list, tuple)) and x:
        x = x[0]
    return isinstance(x, (int, float, np.generic))


class FunctionLoss(Loss):
    """A loss made of a function `(y_true, y_pred, **kwargs)` that gives one value a sample.

    Args:
        fn: The function. Those of this package bring a faster way to a batch's mean.
        reduction: As in `Loss`.
        name: Default: the function's name.
        dtype: As in `Loss`.
        **kwargs: Further arguments of `fn`; they become attributes of the loss.

    >>> import torchkeras as keras
    >>> loss = FunctionLoss(lambda y_true, y_pred, power: (y_true - y_pred) ** power, power=2)
    >>> loss([[0.0]], [[3.0]])
    tensor(9.)
    """

    casts_targets: ClassVar[bool] = True

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            name=name or getattr(fn, "__name__", None), reduction=reduction, dtype=dtype
        )
        self.fn = fn
        self._arguments = kwargs
        for key, value in kwargs.items():
            setattr(self, key, value)
        own_call = type(self).call is not FunctionLoss.call
        self._batch_mean = BATCH_MEANS.get(fn) if reduction in MEANS and not own_call else None

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the function's values."""
        return self.fn(y_true, y_pred, **self._arguments)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> torch.Tensor:
        """Return the reduced, weighted loss; see `Loss`."""
        if (
            sample_weight is None
            and self._batch_mean is not None
            and isinstance(y_pred, torch.Tensor)
            and isinstance(y_true, torch.Tensor)
            and get_mask(y_pred) is None
            and y_true.device == y_pred.device
        ):
            if y_pred.dtype is not self._torch_dtype:
                y_pred = y_pred.to(self._torch_dtype)
            mean = self._batch_mean(y_true, y_pred, **self._arguments)
            if mean is not None:
                return mean
        return super().__call__(y_true, y_pred, sample_weight)

    def _cast_targets(self, structure: Any, device: torch.device | None = None) -> Any:
        if self.casts_targets:
            return self._cast(structure, device)
        # Class indices: a float32 cannot hold those beyond 2 ** 24.
        return convert_to_tensor(structure).to(device=device)
