"""Quantizers: functions from floats to few bits that a config can hold."""

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core.configurable import Configurable
from torchkeras.core.registry import QUANTIZERS
from torchkeras.quantizers.abs_max import abs_max_quantize


@QUANTIZERS.register()
class Quantizer(Configurable):
    """Base of quantizers; a subclass defines `__call__` and returns numbers and their scale.

    Args:
        output_dtype: Dtype of the numbers.

    >>> import torch, torchkeras as keras
    >>> class Rounding(keras.Quantizer):
    ...     def __call__(self, x):
    ...         return x.round().to(torch.int8), torch.ones(())
    >>> Rounding().output_dtype
    'int8'
    """

    def __init__(self, output_dtype: str = "int8") -> None:
        self.output_dtype = output_dtype

    def __call__(self, x: Any) -> Any:
        """Return `x` as it is; a subclass quantizes."""
        return x


@QUANTIZERS.register("abs_max_quantizer")
class AbsMaxQuantizer(Quantizer):
    """Quantizer whose largest number stands for the largest absolute value.

    Args:
        axis: Axes that share a scale; None: to be given with each call (the last one by default).
        value_range: Smallest and largest number.
        epsilon: Keeps zeros from a division by zero.
        output_dtype: Dtype of the numbers.

    Raises:
        ValueError: for a range beyond the numbers of int8, if these are the output.

    >>> import torch, torchkeras as keras
    >>> keras.quantizers.AbsMaxQuantizer(axis=-1)(torch.tensor([[1.0, -2.0]]))
    (tensor([[  64, -127]], dtype=torch.int8), tensor([[63.5000]]))
    """

    config_quiet = frozenset({"axis"})

    def __init__(
        self,
        axis: int | Sequence[int] | None = None,
        value_range: Sequence[int] = (-127, 127),
        epsilon: float = 1e-7,
        output_dtype: str = "int8",
    ) -> None:
        super().__init__(output_dtype)
        if axis is not None:
            axis = (axis,) if isinstance(axis, int) else tuple(axis)
        if output_dtype == "int8" and (value_range[0] < -128 or value_range[1] > 127):
            raise ValueError(
                "AbsMaxQuantizer: value_range must be within [-128, 127] for int8. "
                f"{received('value_range', value_range)}"
            )
        self.axis = axis
        self.value_range = value_range
        self.epsilon = epsilon

    def __call__(
        self, x: Any, axis: int | Sequence[int] | None = None, to_numpy: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the numbers and the scale; `axis` comes before the quantizer's own."""
        if axis is None:
            axis = -1 if self.axis is None else self.axis
        return abs_max_quantize(
            x, axis, self.value_range, self.output_dtype, self.epsilon, to_numpy
        )
