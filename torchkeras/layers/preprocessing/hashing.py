"""Hashing: strings and whole numbers to bins."""

from typing import Any

import numpy as np
import torch

from torchkeras._base import check
from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.core.strings import encode
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import get_device
from torchkeras.layers.preprocessing import (
    _encode,
    _fingerprint,
    _fingerprint_of_numbers,
    _text_arguments,
)
from torchkeras.layers.preprocessing._text_layer import TextLayer


@LAYERS.register()
class Hashing(TextLayer):
    """Puts strings or numbers into bins by a hash: `fingerprint(text) % num_bins`.

    The hash is FarmHash's Fingerprint64, or SipHash-2-4 with a salt; numbers are hashed as text.

    Args:
        num_bins: Number of bins, that of the mask included.
        mask_value: What goes to bin 0, alone; None for no such value.
        salt: One or two integers that the bins depend on.
        output_mode: `"int"`: `(...) -> (...)`; `"one_hot"`: `(..., 1) -> (..., num_bins)`;
            `"multi_hot"` and `"count"`: `(batch, n) -> (batch, num_bins)`.
        sparse: Only False.

    Raises:
        ValueError: for an argument out of its range.

    >>> import torchkeras as keras
    >>> keras.layers.Hashing(num_bins=3)([["A"], ["B"], ["C"], ["D"], ["E"]]).flatten()
    tensor([1, 0, 1, 1, 2])
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("dtype") is None and output_mode == "int":
            kwargs["dtype"] = "int64"
        super().__init__(**kwargs)
        if num_bins is None or isinstance(num_bins, str) or num_bins <= 0:
            raise ValueError(
                "Hashing: num_bins cannot be None or non-positive. "
                f"{received('num_bins', num_bins)}"
            )
        modes = ("int", "one_hot", "multi_hot", "count")
        self.output_mode = check.one_of("Hashing", "output_mode", output_mode, modes)
        if output_mode == "int" and self.compute_dtype not in ("int32", "int64"):
            raise ValueError(
                "Hashing: when output_mode='int', dtype must be 'int32' or 'int64'. "
                f"{received('dtype', self.compute_dtype)}"
            )
        _text_arguments.refuse_sparse("Hashing", sparse=sparse)
        self.num_bins, self.mask_value, self.sparse = num_bins, mask_value, False
        self.salt = _text_arguments.checked_salt("Hashing", salt)

    def call(self, inputs: Any) -> torch.Tensor:
        """Return bins, or their encoding."""
        x = self._input(inputs)
        bins = self._bins(x).to(x.device if isinstance(x, torch.Tensor) else get_device())
        dtype = self._policy.torch_compute_dtype
        if self.output_mode == "int":
            return bins.to(dtype)
        return _encode.encode(bins, self.output_mode, int(self.num_bins), dtype)

    def _bins(self, x: Any) -> torch.Tensor:
        masked = None
        if self.mask_value is not None and self.num_bins > 1:
            if isinstance(x, np.ndarray) != isinstance(self.mask_value, (str, bytes)):
                raise TypeError(
                    "Hashing: mask_value must be of the kind of the inputs, a string or a number. "
                    f"{received('mask_value', self.mask_value)}"
                )
            masked = _equal(x, self.mask_value)
        count = int(self.num_bins) - (masked is not None)
        if torch.compiler.is_compiling() and not x.is_floating_point():
            bins = _fingerprint_of_numbers.bins(x.reshape(-1), count, self.salt).reshape(x.shape)
        else:
            texts, places = _texts(x)
            bins = torch.from_numpy(_fingerprint.bins(texts, count, self.salt)[places])
            bins = bins.reshape(tuple(x.shape))
        return bins if masked is None else torch.where(masked, 0, bins + 1)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the outputs."""
        return _encode.encoded_shape(tuple(input_shape), self.output_mode, int(self.num_bins))

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        """Return the KerasTensor of the outputs."""
        return KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)


def _equal(x: Any, value: Any) -> torch.Tensor:
    if isinstance(x, torch.Tensor):
        return (x == value).cpu()
    value = value.decode() if isinstance(value, bytes) else value
    return torch.from_numpy(np.asarray(x == value, bool))


def _texts(x: Any) -> tuple[list[bytes], Any]:
    """Return the texts to hash, and the place of each entry among them."""
    if isinstance(x, np.ndarray):
        return encode(x.ravel().tolist()), slice(None)
    # Numbers in the form that TensorFlow's as_string gives them.
    values, places = x.detach().cpu().reshape(-1).unique(return_inverse=True)
    if x.dtype == torch.bool:
        return [b"true" if v else b"false" for v in values.tolist()], places.numpy()
    form = b"%f" if x.is_floating_point() else b"%d"
    return [form % v for v in values.tolist()], places.numpy()
