"""CategoryEncoding: integers as one-hot, multi-hot or count vectors."""

from typing import Any

import torch

from torchkeras._base.check import one_of, received
from torchkeras.core import dtypes
from torchkeras.core.registry import LAYERS
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers.layer import Layer
from torchkeras.layers.preprocessing import _encode


@LAYERS.register()
class CategoryEncoding(Layer):
    """Encodes integers `0 <= i < num_tokens` as vectors of `num_tokens` entries.

    A call takes `(inputs, count_weights=None)`: weights in the shape of the inputs that `"count"`
    adds up in place of ones. Negative inputs give no entry.

    Args:
        num_tokens: How many values there are.
        output_mode: `"one_hot"`: `(..., 1) -> (..., num_tokens)`, else `(...) -> (...,
            num_tokens)`; `"multi_hot"` and `"count"`: `(batch, n) -> (batch, num_tokens)`, whether
            and how often each value is in a sample.
        sparse: Torch has no sparse result here: a call with True raises ValueError, as in Keras.

    Raises:
        ValueError: at a call, for an input that is too large, or weights in another mode.

    >>> import torch, torchkeras as keras
    >>> keras.layers.CategoryEncoding(num_tokens=4)(torch.tensor([[0, 1], [2, 2]]))
    tensor([[1., 1., 0., 0.],
            [0., 0., 1., 0.]])
    """

    config_quiet = frozenset({"sparse"})
    takes_any_positional = True

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(autocast=False, **kwargs)
        if num_tokens is None:
            raise ValueError(
                "CategoryEncoding: num_tokens must be given; if it is not known beforehand, use "
                "the IntegerLookup layer. Received: num_tokens=None."
            )
        if num_tokens < 1:
            raise ValueError(
                f"CategoryEncoding: num_tokens must be >= 1. {received('num_tokens', num_tokens)}"
            )
        modes = ("count", "one_hot", "multi_hot")
        self.output_mode = one_of("CategoryEncoding", "output_mode", output_mode, modes)
        self.num_tokens = num_tokens
        self.sparse = sparse

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        """Encode tensors, arrays, lists or single integers."""
        if isinstance(inputs, (list, tuple, int)):
            inputs = convert_to_tensor(inputs)
        if isinstance(kwargs.get("count_weights"), (list, tuple, float, int)):
            kwargs["count_weights"] = convert_to_tensor(kwargs["count_weights"])
        return super().__call__(inputs, **kwargs)

    def call(self, inputs: torch.Tensor, count_weights: Any = None) -> torch.Tensor:
        """Return the vectors."""
        if self.sparse:
            raise ValueError("CategoryEncoding: torch has no sparse result. Received: sparse=True.")
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(
                "CategoryEncoding: count_weights goes with output_mode='count' only. "
                f"{received('output_mode', self.output_mode)}"
            )
        if count_weights is not None and count_weights.shape != inputs.shape:
            raise ValueError(
                "CategoryEncoding: count_weights must have the shape of the inputs, "
                f"{tuple(inputs.shape)}. Received: shape={tuple(count_weights.shape)}."
            )
        _encode.check_range("CategoryEncoding", inputs, self.num_tokens)
        return _encode.encode(
            inputs,
            self.output_mode,
            self.num_tokens,
            dtypes.torch_dtype(self.dtype),
            count_weights,
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the vectors."""
        return _encode.encoded_shape(tuple(input_shape), self.output_mode, self.num_tokens)

    def compute_output_spec(self, inputs: Any, count_weights: Any = None) -> KerasTensor:
        """Return the KerasTensor of the vectors."""
        return KerasTensor(self.compute_output_shape(inputs.shape), self.dtype)
