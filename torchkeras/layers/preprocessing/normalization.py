"""Normalization: features to mean 0 and variance 1, by statistics learned before training."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from torchkeras._base.check import received
from torchkeras.core import dtypes
from torchkeras.core.registry import LAYERS
from torchkeras.core.tensor import convert_to_numpy, convert_to_tensor
from torchkeras.layers.layer import Layer
from torchkeras.layers.preprocessing import _adapt


@LAYERS.register()
class Normalization(Layer):
    """Shifts and scales features by their mean and variance: `(x - mean) / sqrt(variance)`.

    The statistics are given, or learned by `adapt(data)`; until then they are 0 and 1.

    Args:
        axis: Axis or axes whose every index has a mean and variance of its own; None: one mean
            and variance for all.
        mean: Mean, broadcast over the kept axes; goes together with `variance`.
        variance: Variance, in the shape of `mean`.
        invert: Whether the opposite is done: `x * sqrt(variance) + mean`.

    Raises:
        ValueError: if only one of mean and variance is given, or their shapes differ.

    >>> import numpy as np, torchkeras as keras
    >>> layer = keras.layers.Normalization()
    >>> layer.adapt(np.array([[0.0, 7.0], [2.0, 9.0]]))
    >>> layer(np.array([[0.0, 9.0]]))
    tensor([[-1.,  1.]])
    """

    takes_any_positional = True

    def __init__(
        self,
        axis: int | Iterable[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        if not all(isinstance(a, int) for a in self.axis):
            raise TypeError(
                "Normalization: axis must be an integer, integers or None. "
                f"{received('axis', axis)}"
            )
        if (mean is None) != (variance is None):
            raise ValueError(
                "Normalization: mean and variance must be given together. "
                f"Received: mean={mean}, variance={variance}."
            )
        if mean is not None and np.shape(mean) != np.shape(variance):
            raise ValueError(
                "Normalization: mean and variance must have the same shape. "
                f"Received: shapes {np.shape(mean)} and {np.shape(variance)}."
            )
        self.input_mean, self.input_variance = mean, variance
        self.invert = invert
        self.supports_masking = True

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Normalise tensors, arrays, lists or numbers."""
        if isinstance(inputs, (list, tuple, int, float)):
            inputs = convert_to_tensor(inputs)
        return super().__call__(inputs, *args, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Create mean, variance and count, or fit the given ones to the shape."""
        rank = len(input_shape)
        if not all(-rank <= a < rank for a in self.axis):
            raise ValueError(
                f"Normalization: axis must be within the input's {rank} axes. "
                f"{received('axis', self.axis)}"
            )
        kept = tuple(sorted({a % rank for a in self.axis}))
        for a in kept:
            if input_shape[a] is None:
                raise ValueError(
                    f"Normalization: the axes that are kept must have a known size. "
                    f"Received: axis={self.axis}, input_shape={tuple(input_shape)}."
                )
        self._kept = kept
        self._kept_shape = tuple(input_shape[a] for a in kept)
        self._broadcast_shape = tuple(d if a in kept else 1 for a, d in enumerate(input_shape))
        if self.input_mean is None:
            options: dict[str, Any] = {"trainable": False, "shape": self._kept_shape}
            self.adapt_mean = self.add_weight(name="mean", initializer="zeros", **options)
            self.adapt_variance = self.add_weight(name="variance", initializer="ones", **options)
            self.count = self.add_weight(
                name="count", shape=(), dtype="int32", initializer="zeros", trainable=False
            )
            return
        given = [convert_to_tensor(v, "float64") for v in (self.input_mean, self.input_variance)]
        try:
            whole = [v.broadcast_to(self._kept_shape) for v in given]
        except RuntimeError as e:
            raise ValueError(
                "Normalization: mean and variance must broadcast to the shape "
                f"{self._kept_shape} of the kept axes. Received: shape={tuple(given[0].shape)}."
            ) from e
        self._given = tuple(v.reshape(self._broadcast_shape) for v in whole)

    def adapt(self, data: Any) -> None:
        """Learn mean and variance of the data, anew at each call.

        Args:
            data: Array or tensor; or an iterable of batches: a list of arrays, a generator, a
                DataLoader, a PyDataset. Of batches `(x, y)`, x is taken.

        Raises:
            TypeError: if it is none of these.
            ValueError: if there is no batch, or the data does not fit the shape of the layer, or
                the layer was given its mean and variance.
        """
        if self.input_mean is not None:
            raise ValueError(
                "Normalization: adapt() is for a layer without mean and variance of its own. "
                f"Received: mean={self.input_mean}."
            )
        count, mean, squares = 0.0, None, None
        for x in _adapt.batches("Normalization", data):
            self._check_adapt(x)
            size, batch_mean, batch_variance = self._statistics(x)
            if mean is None or squares is None:
                count, mean, squares = size, batch_mean, batch_variance * size
                continue
            # Chan et al.: the sum of squares about the mean of both parts together.
            total = count + size
            delta = batch_mean - mean
            squares = squares + batch_variance * size + delta.square() * (count * size / total)
            mean = mean + delta * (size / total)
            count = total
        if mean is not None and squares is not None:
            self.adapt_mean.assign(mean)
            self.adapt_variance.assign(squares / count)

    def _check_adapt(self, x: torch.Tensor) -> None:
        if not self.built:
            self.build(tuple(x.shape))
        rank = len(self._broadcast_shape)
        if x.ndim != rank or tuple(x.shape[a] for a in self._kept) != self._kept_shape:
            raise ValueError(
                "Normalization: adapt() needs data that fits the shape which the layer was built "
                f"for, {self._broadcast_shape} (1: any size). Received: shape={tuple(x.shape)}."
            )

    def _statistics(self, x: torch.Tensor) -> tuple[float, torch.Tensor, torch.Tensor]:
        """Return how many values a mean is of, the means and the variances."""
        if not x.is_floating_point() or x.dtype.itemsize < 4:
            x = x.to(dtypes.torch_dtype("float32"))
        x = x.detach()
        reduced = [a for a in range(x.ndim) if a not in self._kept]
        size = x.numel() / max(1, np.prod(self._kept_shape, dtype=float))
        if not reduced:
            return size, x.double(), torch.zeros_like(x, dtype=torch.float64)
        variance, mean = torch.var_mean(x, reduced, correction=0)
        return size, mean.double(), variance.double()

    @property
    def mean(self) -> torch.Tensor | None:
        """The mean in use, as it is broadcast to the inputs; None before the layer is built."""
        return self._statistic("adapt_mean", 0)

    @property
    def variance(self) -> torch.Tensor | None:
        """The variance in use, as it is broadcast to the inputs; None before it is built."""
        return self._statistic("adapt_variance", 1)

    def _statistic(self, name: str, index: int) -> torch.Tensor | None:
        if not self.built:
            return None
        if self.input_mean is not None:
            return self._given[index].to(self._policy.torch_compute_dtype)
        value = getattr(self, name).reshape(self._broadcast_shape)
        return value.to(self._policy.torch_compute_dtype)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the normalised inputs."""
        dtype = self._policy.torch_compute_dtype
        x = inputs if inputs.dtype is dtype else inputs.to(dtype)
        mean, variance = self.mean, self.variance
        if mean.device != x.device:
            mean, variance = mean.to(x.device), variance.to(x.device)
        # A feature that never changes has a variance of 0.
        deviation = variance.sqrt().clamp_min(1e-7)
        return x * deviation + mean if self.invert else (x - mean) / deviation

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape

    def _config_overrides(self) -> dict[str, Any]:
        given = {
            name: None if value is None else convert_to_numpy(value).tolist()
            for name, value in (("mean", self.input_mean), ("variance", self.input_variance))
        }
        return {**super()._config_overrides(), **given, "axis": list(self.axis)}
