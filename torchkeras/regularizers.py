"""Penalties on weights and activities."""

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras._base.check import one_of, received
from torchkeras.core.configurable import Configurable
from torchkeras.core.registry import REGULARIZERS
from torchkeras.core.tensor import convert_to_tensor


def _factor(owner: str, name: str, value: Any) -> float:
    if not isinstance(value, Real) or not 0 <= value < math.inf:
        raise ValueError(f"{owner}: {name} must be a finite number >= 0. {received(name, value)}")
    return float(value)


def _rounded(value: float) -> float:
    # Keras holds the factors of L1 and OrthogonalRegularizer as tensors, and writes what these
    # hold: 0.009999999776482582 for 0.01.
    return convert_to_tensor(value).item()


@REGULARIZERS.register()
class Regularizer(Configurable):
    """Base of penalties: a callable from a tensor to a scalar that is added to the loss.

    A layer takes one as `kernel_regularizer`, `bias_regularizer` or `activity_regularizer`; any
    function `tensor -> scalar` does as well.

    >>> import torchkeras as keras
    >>> class Spread(keras.regularizers.Regularizer):
    ...     def __init__(self, weight=0.1):
    ...         self.weight = weight
    ...
    ...     def __call__(self, x):
    ...         return self.weight * x.std()
    >>> Spread(0.2).get_config()
    {'weight': 0.2}
    """

    def __call__(self, x: Any) -> Any:
        """Return the penalty of a tensor."""
        return 0.0


@REGULARIZERS.register("l1l2", "l1_l2")
class L1L2(Regularizer):
    """Sum of both penalties: `l1 * sum(|x|) + l2 * sum(x**2)`.

    The string `"l1_l2"` stands for 0.01 of each.

    Args:
        l1: Number >= 0; None is 0.
        l2: Number >= 0; None is 0.

    Raises:
        ValueError: for a factor that is negative or no finite number.

    >>> import torchkeras as keras
    >>> keras.regularizers.L1L2(l1=0.5, l2=0.25)([1.0, -2.0])
    tensor(2.7500)
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _factor("L1L2", "l1", 0.0 if l1 is None else l1)
        self.l2 = _factor("L1L2", "l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Any) -> Tensor:
        """Return the penalty of a tensor."""
        x = convert_to_tensor(x)
        if not self.l2:
            return self.l1 * x.abs().sum() if self.l1 else x.new_zeros(())
        penalty = self.l2 * x.square().sum()
        return penalty + self.l1 * x.abs().sum() if self.l1 else penalty


@REGULARIZERS.register()
class L1(Regularizer):
    """Sum of absolute values: `l1 * sum(|x|)`.

    Args:
        l1: Number >= 0; None is 0.01.

    Raises:
        ValueError: for a factor that is negative or no finite number.

    >>> import torchkeras as keras
    >>> keras.regularizers.L1(0.5)([1.0, -2.0])
    tensor(1.5000)
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = _factor("L1", "l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Any) -> Tensor:
        """Return the penalty of a tensor."""
        return self.l1 * convert_to_tensor(x).abs().sum()

    def _config_overrides(self) -> dict[str, Any]:
        return {"l1": _rounded(self.l1)}


@REGULARIZERS.register()
class L2(Regularizer):
    """Sum of squares: `l2 * sum(x**2)`.

    Args:
        l2: Number >= 0; None is 0.01.

    Raises:
        ValueError: for a factor that is negative or no finite number.

    >>> import torchkeras as keras
    >>> keras.regularizers.L2(0.5)([1.0, -2.0])
    tensor(2.5000)
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = _factor("L2", "l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Any) -> Tensor:
        """Return the penalty of a tensor."""
        return self.l2 * convert_to_tensor(x).square().sum()


@REGULARIZERS.register()
class OrthogonalRegularizer(Regularizer):
    """Mean cosine, without sign, between the rows (or columns) of a matrix.

    `factor / 2 * sum(|cos(row_i, row_j)|, i != j) / pairs`, with `pairs = n * (n - 1) / 2`.

    Args:
        factor: Number >= 0.
        mode: `"rows"` or `"columns"`.

    Raises:
        ValueError: for a bad factor or mode; at the call, if the tensor is no matrix.

    >>> import torchkeras as keras
    >>> keras.regularizers.OrthogonalRegularizer(0.5)([[1.0, 0.0], [3.0, 4.0]])
    tensor(0.3000)
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor("OrthogonalRegularizer", "factor", factor)
        self.mode = one_of("OrthogonalRegularizer", "mode", mode, ("rows", "columns"))

    def __call__(self, inputs: Any) -> Tensor:
        """Return the penalty of a matrix."""
        x = convert_to_tensor(inputs)
        if x.ndim != 2:
            raise ValueError(
                "OrthogonalRegularizer: the tensor must have 2 dimensions. "
                f"Received: a tensor of shape {tuple(x.shape)}."
            )
        rows = F.normalize(x if self.mode == "rows" else x.T, dim=1)
        cosines = rows @ rows.T
        n = cosines.shape[0]
        others = cosines * (1 - torch.eye(n, dtype=x.dtype, device=x.device))
        return self.factor * 0.5 * others.abs().sum() / max(n * (n - 1) / 2, 1)

    def _config_overrides(self) -> dict[str, Any]:
        return {"factor": _rounded(self.factor)}


l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer


def get(identifier: Any) -> Callable[..., Any] | None:
    """Return the regularizer that a name, config, class or function stands for; None stays None.

    Raises:
        ValueError: for an unknown name (with near names), or anything that cannot be called.

    >>> import torchkeras as keras
    >>> keras.regularizers.get("l2").l2
    0.01
    """
    if isinstance(identifier, str) and identifier == "l1_l2":
        return L1L2(0.01, 0.01)  # a name without factors must not mean no penalty
    return REGULARIZERS.get(identifier)


def serialize(regularizer: Any) -> Any:
    """Return the config of a regularizer.

    >>> import torchkeras as keras
    >>> keras.regularizers.serialize(keras.regularizers.L2(0.5))["config"]
    {'l2': 0.5}
    """
    return REGULARIZERS.serialize(regularizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the regularizer of a config.

    >>> import torchkeras as keras
    >>> keras.regularizers.deserialize({"class_name": "L2", "config": {"l2": 0.5}}).l2
    0.5
    """
    return REGULARIZERS.deserialize(config, custom_objects)
