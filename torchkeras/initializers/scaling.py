"""Initializers whose spread follows from the shape of the weight."""

import copy
import math
from collections.abc import Sequence
from numbers import Real
from typing import Any, Self

from torch import Tensor

from torchkeras import random
from torchkeras._base.check import one_of, received
from torchkeras.core.registry import INITIALIZERS
from torchkeras.initializers.base import RandomInitializer

# Standard deviation that is left of a standard normal variable cut off at two.
_TRUNCATED_STDDEV = 0.87962566103423978
_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")

Axes = Sequence[int] | int | None


def compute_fans(
    shape: Sequence[int], input_axes: Axes = None, output_axes: Axes = None
) -> tuple[float, float]:
    """Return the number of inputs and of outputs of a unit.

    The last two dimensions are inputs and outputs, those before them the field of a convolution,
    unless both sorts of axes are given.

    >>> compute_fans((3, 3, 16, 32))
    (144, 288)
    """
    if input_axes is not None and output_axes is not None:
        return _size(shape, "input_axes", input_axes), _size(shape, "output_axes", output_axes)
    if len(shape) < 2:
        size = math.prod(shape)
        return size, size
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


def _size(shape: Sequence[int], name: str, axes: Any) -> int:
    axes = (axes,) if isinstance(axes, int) else axes
    if not all(-len(shape) <= a < len(shape) for a in axes):
        raise ValueError(
            f"VarianceScaling: {name} must be axes of the shape {tuple(shape)}. "
            f"{received(name, axes)}"
        )
    return math.prod(shape[a] for a in axes)


@INITIALIZERS.register()
class VarianceScaling(RandomInitializer):
    """Random values with variance `scale / n`, `n` being a count of inputs and outputs.

    Normal distributions have the standard deviation `sqrt(scale / n)`, the uniform one the
    limits `±sqrt(3 * scale / n)`.

    Args:
        scale: Number above 0.
        mode: `n` is `"fan_in"`, `"fan_out"` or their mean `"fan_avg"`.
        distribution: `"truncated_normal"` (or `"normal"`), `"untruncated_normal"`, `"uniform"`.
        seed: Integer, or None for one that is drawn now: every call gives the same values. A
            `SeedGenerator` makes them differ.
        input_axes: Axes of the weight that are inputs; counts only with `output_axes`.
        output_axes: Axes of the weight that are outputs; counts only with `input_axes`.

    Raises:
        ValueError: for a bad scale, mode, distribution or seed.

    >>> import torchkeras as keras
    >>> w = keras.initializers.VarianceScaling(2.0, "fan_out", "uniform")((100, 600))
    >>> bool(w.abs().max() <= 0.1)
    True
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Axes = None,
        output_axes: Axes = None,
    ) -> None:
        owner = type(self).__name__
        if not isinstance(scale, Real) or not scale > 0:
            raise ValueError(f"{owner}: scale must be a number above 0. {received('scale', scale)}")
        if isinstance(distribution, str):
            distribution = distribution.lower()
        if distribution == "normal":  # what it has always meant
            distribution = "truncated_normal"
        super().__init__(seed)
        self.scale = scale
        self.mode = one_of(owner, "mode", mode, _MODES)
        self.distribution = one_of(owner, "distribution", distribution, _DISTRIBUTIONS)
        self.input_axes = input_axes
        self.output_axes = output_axes

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Return a new tensor of `shape` and `dtype` (default `floatx()`)."""
        fan_in, fan_out = compute_fans(tuple(shape), self.input_axes, self.output_axes)
        fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        variance = self.scale / max(1.0, fans[self.mode])
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return random.uniform(shape, -limit, limit, dtype, self.seed)
        stddev = math.sqrt(variance)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, stddev, dtype, self.seed)
        return random.truncated_normal(shape, 0.0, stddev / _TRUNCATED_STDDEV, dtype, self.seed)

    def along(self, input_axes: Axes, output_axes: Axes) -> Self:
        """Return it for a weight with these axes, with the same seed; itself if it knows them.

        Args:
            input_axes: Axes of the weight that are inputs.
            output_axes: Axes of the weight that are outputs.
        """
        if self.input_axes is not None and self.output_axes is not None:
            return self
        other = copy.copy(self)
        other.input_axes, other.output_axes = input_axes, output_axes
        return other


@INITIALIZERS.register()
class GlorotUniform(VarianceScaling):
    """Uniform within `±sqrt(6 / (fan_in + fan_out))`, also called Xavier uniform.

    Args:
        seed: As in `VarianceScaling`.
        input_axes: As in `VarianceScaling`.
        output_axes: As in `VarianceScaling`.

    Glorot and Bengio, 2010, https://proceedings.mlr.press/v9/glorot10a.html

    >>> import torchkeras as keras
    >>> bool(keras.initializers.GlorotUniform()((300, 300)).abs().max() <= 0.1)
    True
    """

    def __init__(self, seed: Any = None, input_axes: Axes = None, output_axes: Axes = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed, input_axes, output_axes)


@INITIALIZERS.register()
class GlorotNormal(VarianceScaling):
    """Truncated normal with stddev `sqrt(2 / (fan_in + fan_out))`, also called Xavier normal.

    Args:
        seed: As in `VarianceScaling`.
        input_axes: As in `VarianceScaling`.
        output_axes: As in `VarianceScaling`.

    Glorot and Bengio, 2010, https://proceedings.mlr.press/v9/glorot10a.html

    >>> import torchkeras as keras
    >>> keras.initializers.GlorotNormal(seed=1)((100, 100)).std().round(decimals=2)
    tensor(0.1000)
    """

    def __init__(self, seed: Any = None, input_axes: Axes = None, output_axes: Axes = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, input_axes, output_axes)


@INITIALIZERS.register()
class HeUniform(VarianceScaling):
    """Uniform within `±sqrt(6 / fan_in)`.

    Args:
        seed: As in `VarianceScaling`.
        input_axes: As in `VarianceScaling`.
        output_axes: As in `VarianceScaling`.

    He et al., 2015, https://arxiv.org/abs/1502.01852

    >>> import torchkeras as keras
    >>> bool(keras.initializers.HeUniform()((600, 8)).abs().max() <= 0.1)
    True
    """

    def __init__(self, seed: Any = None, input_axes: Axes = None, output_axes: Axes = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed, input_axes, output_axes)


@INITIALIZERS.register()
class HeNormal(VarianceScaling):
    """Truncated normal with stddev `sqrt(2 / fan_in)`.

    Args:
        seed: As in `VarianceScaling`.
        input_axes: As in `VarianceScaling`.
        output_axes: As in `VarianceScaling`.

    He et al., 2015, https://arxiv.org/abs/1502.01852

    >>> import torchkeras as keras
    >>> keras.initializers.HeNormal(seed=1)((200, 100)).std().round(decimals=2)
    tensor(0.1000)
    """

    def __init__(self, seed: Any = None, input_axes: Axes = None, output_axes: Axes = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed, input_axes, output_axes)


@INITIALIZERS.register()
class LecunUniform(VarianceScaling):
    """Uniform within `±sqrt(3 / fan_in)`.

    Args:
        seed: As in `VarianceScaling`.
        input_axes: As in `VarianceScaling`.
        output_axes: As in `VarianceScaling`.

    Klambauer et al., 2017, https://arxiv.org/abs/1706.02515

    >>> import torchkeras as keras
    >>> bool(keras.initializers.LecunUniform()((300, 8)).abs().max() <= 0.1)
    True
    """

    def __init__(self, seed: Any = None, input_axes: Axes = None, output_axes: Axes = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed, input_axes, output_axes)


@INITIALIZERS.register()
class LecunNormal(VarianceScaling):
    """Truncated normal with stddev `sqrt(1 / fan_in)`.

    Args:
        seed: As in `VarianceScaling`.
        input_axes: As in `VarianceScaling`.
        output_axes: As in `VarianceScaling`.

    Klambauer et al., 2017, https://arxiv.org/abs/1706.02515

    >>> import torchkeras as keras
    >>> keras.initializers.LecunNormal(seed=1)((100, 100)).std().round(decimals=2)
    tensor(0.1000)
    """

    def __init__(self, seed: Any = None, input_axes: Axes = None, output_axes: Axes = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed, input_axes, output_axes)


variance_scaling = VarianceScaling
glorot_uniform = GlorotUniform
glorot_normal = GlorotNormal
he_uniform = HeUniform
he_normal = HeNormal
lecun_uniform = LecunUniform
lecun_normal = LecunNormal
