"""Discretization: numbers to the bins that they fall into."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np
import torch

from torchkeras._base.check import non_negative_int, one_of, received
from torchkeras._base.config import floatx
from torchkeras.core import dtypes
from torchkeras.core.registry import LAYERS
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_numpy, convert_to_tensor
from torchkeras.layers.layer import Layer
from torchkeras.layers.preprocessing import _adapt, _encode, _quantiles


@LAYERS.register()
class Discretization(Layer):
    """Replaces numbers by the index of their bin: `boundaries[i - 1] <= x < boundaries[i]`.

    The boundaries are given, or learned by `adapt(data)` as quantiles. The outer bins reach to
    infinity.

    Args:
        bin_boundaries: Boundaries in ascending order.
        num_bins: How many bins `adapt` is to find.
        epsilon: Error of the quantiles, as a share of the data.
        output_mode: `"int"`: indices, in the shape of the inputs; `"one_hot"`, `"multi_hot"` or
            `"count"`: vectors, as `CategoryEncoding` makes them.
        sparse: Only False; torch has no sparse result.
        dtype: Dtype of the vectors; indices are int32.
        name: Name of the layer.

    Raises:
        ValueError: unless one of `bin_boundaries` and `num_bins` is given, and for wrong values.

    >>> import torch, torchkeras as keras
    >>> layer = keras.layers.Discretization(bin_boundaries=[0.0, 1.0, 2.0])
    >>> layer(torch.tensor([-1.5, 0.0, 1.5, 7.0]))
    tensor([0, 1, 2, 3], dtype=torch.int32)
    """

    takes_any_positional = True

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype, autocast=False)
        if sparse:
            raise ValueError(
                f"Discretization: torch has no sparse result. {received('sparse', sparse)}"
            )
        if num_bins is not None:
            num_bins = non_negative_int("Discretization", "num_bins", num_bins)
        if (num_bins is None) == (bin_boundaries is None):
            raise ValueError(
                "Discretization: either num_bins or bin_boundaries must be given. "
                f"Received: num_bins={num_bins}, bin_boundaries={bin_boundaries}."
            )
        modes = ("int", "one_hot", "multi_hot", "count")
        self.output_mode = one_of("Discretization", "output_mode", output_mode, modes)
        self.input_bin_boundaries = self.bin_boundaries = None
        if bin_boundaries is not None:
            self.input_bin_boundaries = self.bin_boundaries = _ascending(bin_boundaries)
        self.num_bins = num_bins
        self.epsilon = epsilon
        self.sparse = sparse
        self.summary = _quantiles.EMPTY

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Discretise tensors, arrays, lists or numbers."""
        if isinstance(inputs, (list, tuple, int, float)):
            inputs = convert_to_tensor(inputs)
        return super().__call__(inputs, *args, **kwargs)

    @property
    def input_dtype(self) -> str:  # type: ignore[override]
        """Dtype in which inputs are compared with the boundaries."""
        return floatx()

    @property
    def output_dtype(self) -> str:
        """Dtype of the outputs."""
        return "int32" if self.output_mode == "int" else self.compute_dtype

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn the boundaries from quantiles of the data, anew at each call.

        Args:
            data: Array, tensor or list of numbers; or an iterable of batches: a list of arrays, a
                generator, a DataLoader, a PyDataset. Of batches `(x, y)`, x is taken.
            steps: How many batches of an iterable are read; default all.

        Raises:
            ValueError: if the layer was given its boundaries, or there is no batch.
        """
        self._check_adaptable()
        batches: Any = [_numbers(data)]
        if batches[0] is None:
            batches = _adapt.batches("Discretization", data, steps)
        self.reset_state()
        for batch in batches:
            self.update_state(batch)
        self.finalize_state()

    def _check_adaptable(self) -> None:
        if self.input_bin_boundaries is not None:
            raise ValueError(
                "Discretization: adapt() is for a layer with num_bins, not with boundaries of its "
                f"own. {received('bin_boundaries', self.input_bin_boundaries)}"
            )
        if not self.num_bins or self.epsilon <= 0:
            raise ValueError(
                "Discretization: adapt() needs num_bins and epsilon above 0. "
                f"Received: num_bins={self.num_bins}, epsilon={self.epsilon}."
            )

    def update_state(self, data: Any) -> None:
        """Take a batch into the summary of the data."""
        self._check_adaptable()
        values = convert_to_numpy(data).astype("float32")
        summary = _quantiles.summarize(values, self.epsilon)
        self.summary = _quantiles.merge(summary, self.summary, self.epsilon)

    def finalize_state(self) -> None:
        """Take the boundaries from the summary."""
        if self.input_bin_boundaries is None and self.num_bins:
            self.bin_boundaries = _quantiles.boundaries(self.summary, self.num_bins)

    def reset_state(self) -> None:
        """Forget the data that was seen; the boundaries stay until they are learned anew."""
        self.summary = _quantiles.EMPTY

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the bins."""
        if self.bin_boundaries is None:
            raise ValueError(
                "Discretization: give bin_boundaries, or call adapt(data) before the layer is "
                "used. Received: bin_boundaries=None."
            )
        dtype = dtypes.torch_dtype(self.input_dtype)
        edges = self._edges(dtype, inputs.device)
        bins = torch.bucketize(inputs.to(dtype), edges, right=True, out_int32=True)
        if self.output_mode == "int":
            return bins
        width = self._policy.torch_compute_dtype
        return _encode.encode(bins, self.output_mode, self._depth(), width)

    def _edges(self, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
        """Return the boundaries as a tensor, which is made once for each list of them."""
        known, edges = self.__dict__.get("_known_edges", (None, None))
        if known is not self.bin_boundaries or (edges.dtype, edges.device) != (dtype, device):
            edges = torch.tensor(self.bin_boundaries, dtype=dtype, device=device)
            if not torch.compiler.is_compiling():  # a traced tensor is no constant
                self.__dict__["_known_edges"] = (self.bin_boundaries, edges)
        return edges

    def _depth(self) -> int:
        return len(self.bin_boundaries) + 1 if self.bin_boundaries is not None else self.num_bins

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the bins or vectors."""
        return _encode.encoded_shape(tuple(input_shape), self.output_mode, self._depth())

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        """Return the KerasTensor of the bins or vectors."""
        return KerasTensor(self.compute_output_shape(inputs.shape), self.output_dtype)

    def _config_overrides(self) -> dict[str, Any]:
        return {**super()._config_overrides(), "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the layer of a config; that of an adapted layer holds what it learned."""
        config = dict(config)
        learned = None
        if config.get("num_bins") is not None and config.get("bin_boundaries") is not None:
            learned = config.pop("bin_boundaries")
        layer = cls(**config)
        if learned is not None:
            layer.bin_boundaries = _ascending(learned)
        return layer


def _ascending(values: Any) -> list[float]:
    edges = convert_to_numpy(values).tolist() if hasattr(values, "shape") else list(values)
    if any(b < a for a, b in pairwise(edges)):
        raise ValueError(
            "Discretization: bin_boundaries must be in ascending order. "
            f"{received('bin_boundaries', values)}"
        )
    return edges


def _numbers(data: Any) -> np.ndarray | None:
    """Return a list of numbers, nested or not, as an array; None for anything else."""
    if not isinstance(data, list):
        return None
    first: Any = data
    while isinstance(first, list) and first:
        first = first[0]
    return np.asarray(data) if isinstance(first, (list, int, float)) else None
