"""Projections that weights go through after each step of the optimizer."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from torchkeras._base import config
from torchkeras.core.configurable import Configurable
from torchkeras.core.registry import CONSTRAINTS
from torchkeras.core.tensor import convert_to_tensor

Axis = int | Sequence[int] | None


@CONSTRAINTS.register()
class Constraint(Configurable):
    """Base of constraints: a callable from a weight to the weight that takes its place.

    >>> import torchkeras as keras
    >>> class Rounded(keras.constraints.Constraint):
    ...     def __init__(self, decimals=1):
    ...         self.decimals = decimals
    ...
    ...     def __call__(self, w):
    ...         return w.round(decimals=self.decimals)
    >>> Rounded(2).get_config()
    {'decimals': 2}
    """

    def __call__(self, w: Any) -> Any:
        """Return the projected weight."""
        return w


def _norms(w: Tensor, axis: Axis) -> Tensor:
    return torch.linalg.vector_norm(w, dim=axis, keepdim=True)


@CONSTRAINTS.register()
class MaxNorm(Constraint):
    """Bound the norm of each unit's incoming weights from above.

    `w * min(norm, max_value) / (norm + epsilon)`

    Args:
        max_value: The largest norm.
        axis: Axes over which a norm is taken: 0 for the `(inputs, units)` kernel of Dense,
            `[0, 1, 2]` for the `(rows, cols, inputs, filters)` kernel of Conv2D; None for all.

    >>> import torchkeras as keras
    >>> keras.constraints.MaxNorm(1.0)([[3.0, 0.0], [4.0, 0.5]])
    tensor([[0.6000, 0.0000],
            [0.8000, 0.5000]])
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        """Return the projected weight."""
        w = convert_to_tensor(w)
        norms = _norms(w, self.axis)
        return w * (norms.clamp(0, self.max_value) / (norms + config.epsilon()))


@CONSTRAINTS.register()
class NonNeg(Constraint):
    """Set negative weights to zero: `max(w, 0)`.

    >>> import torchkeras as keras
    >>> keras.constraints.NonNeg()([-1.0, 2.0])
    tensor([0., 2.])
    """

    def __call__(self, w: Any) -> Tensor:
        """Return the projected weight."""
        return torch.relu(convert_to_tensor(w))


@CONSTRAINTS.register()
class UnitNorm(Constraint):
    """Scale each unit's incoming weights to norm 1: `w / (norm + epsilon)`.

    Args:
        axis: Axes over which a norm is taken, as in `MaxNorm`.

    >>> import torchkeras as keras
    >>> keras.constraints.UnitNorm()([[3.0], [4.0]])
    tensor([[0.6000],
            [0.8000]])
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        """Return the projected weight."""
        w = convert_to_tensor(w)
        return w / (_norms(w, self.axis) + config.epsilon())


@CONSTRAINTS.register()
class MinMaxNorm(Constraint):
    """Move the norm of each unit's incoming weights towards an interval.

    `w * wanted / (norm + epsilon)` with
    `wanted = rate * clip(norm, min_value, max_value) + (1 - rate) * norm`.

    Args:
        min_value: The smallest norm.
        max_value: The largest norm.
        rate: Share of the way that is gone in one step; 1 enforces the interval.
        axis: Axes over which a norm is taken, as in `MaxNorm`.

    >>> import torchkeras as keras
    >>> keras.constraints.MinMaxNorm(0.0, 1.0, rate=0.5)([[3.0], [4.0]])
    tensor([[1.8000],
            [2.4000]])
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0
    ) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        """Return the projected weight."""
        w = convert_to_tensor(w)
        norms = _norms(w, self.axis)
        inside = norms.clamp(self.min_value, self.max_value)
        wanted = self.rate * inside + (1 - self.rate) * norms
        return w * (wanted / (norms + config.epsilon()))


max_norm = MaxNorm
non_neg = NonNeg
unit_norm = UnitNorm
min_max_norm = MinMaxNorm
CONSTRAINTS.old.update(maxnorm="MaxNorm", nonneg="NonNeg", unitnorm="UnitNorm")


def get(identifier: Any) -> Callable[..., Any] | None:
    """Return the constraint that a name, config, class or function stands for; None stays None.

    Raises:
        ValueError: for an unknown name (with near names), or anything that cannot be called.

    >>> import torchkeras as keras
    >>> keras.constraints.get("max_norm").max_value
    2
    """
    return CONSTRAINTS.get(identifier)


def serialize(constraint: Any) -> Any:
    """Return the config of a constraint.

    >>> import torchkeras as keras
    >>> keras.constraints.serialize(keras.constraints.UnitNorm())["config"]
    {'axis': 0}
    """
    return CONSTRAINTS.serialize(constraint)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the constraint of a config.

    >>> import torchkeras as keras
    >>> keras.constraints.deserialize({"class_name": "UnitNorm", "config": {"axis": 1}}).axis
    1
    """
    return CONSTRAINTS.deserialize(config, custom_objects)
