"""HashedCrossing: several categories together to one bin."""

from typing import Any

import numpy as np
import torch

from torchkeras._base import check
from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.core.strings import encode
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import get_device
from torchkeras.layers.preprocessing import _encode, _fingerprint, _text_arguments
from torchkeras.layers.preprocessing._text_layer import TextLayer

_SEED = np.uint64(0xDECAFCAFFE)  # what TensorFlow's cross of features begins with


@LAYERS.register()
class HashedCrossing(TextLayer):
    """Puts each combination of features, strings or whole numbers, into a bin by a hash.

    Args:
        num_bins: Number of bins.
        output_mode: `"int"`, or `"one_hot"` for vectors of `num_bins` entries.
        sparse: Only False.
        dtype: Dtype of the outputs; default `"int64"`, with `"one_hot"` `floatx()`.

    Shapes: a list of inputs, each `(batch, 1)`, `(batch,)` or `()`, to one of that shape, or with
    `"one_hot"` to `(batch, num_bins)`.

    Raises:
        ValueError: for less than two inputs, inputs of different or other shapes, or floats.

    >>> import numpy as np, torchkeras as keras
    >>> layer = keras.layers.HashedCrossing(num_bins=5)
    >>> layer((np.array(["A", "B", "A", "B", "A"]), np.array([101, 101, 101, 102, 102])))
    tensor([1, 4, 1, 1, 3])
    """

    config_skip = frozenset({"trainable", "activity_regularizer"})

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        _text_arguments.refuse_sparse("HashedCrossing", sparse=sparse)
        check.one_of("HashedCrossing", "output_mode", output_mode, ("int", "one_hot"))
        if dtype is None and output_mode == "int":
            dtype = "int64"
        super().__init__(name=name, dtype=dtype, **kwargs)
        self.num_bins = check.positive_int("HashedCrossing", "num_bins", num_bins)
        self.output_mode, self.sparse = output_mode, False

    def _config_overrides(self) -> dict[str, Any]:
        return {**super()._config_overrides(), "dtype": self.compute_dtype}

    def _input(self, x: Any) -> Any:
        if not isinstance(x, (list, tuple)):
            raise ValueError(
                "HashedCrossing: the layer should be called on a list or tuple of inputs. "
                f"{received('inputs', x)}"
            )
        return [TextLayer._input(self, e) for e in x]

    def _check(self, inputs: list[Any]) -> tuple[int | None, ...]:
        if len(inputs) < 2:
            raise ValueError(
                "HashedCrossing: the layer should be called on at least two inputs. "
                f"{received('inputs', inputs)}"
            )
        shapes = [tuple(x.shape) for x in inputs]
        if any(s != shapes[0] for s in shapes):
            raise ValueError(
                f"HashedCrossing: all inputs should have equal shape. {received('shapes', shapes)}"
            )
        if len(shapes[0]) > 2 or (len(shapes[0]) == 2 and shapes[0][1] != 1):
            raise ValueError(
                "HashedCrossing: all inputs should have shape (), (batch_size,) or "
                f"(batch_size, 1). {received('shapes', shapes)}"
            )
        for x in inputs:
            if isinstance(x, torch.Tensor) and (x.is_floating_point() or x.dtype == torch.bool):
                raise ValueError(
                    "HashedCrossing: all inputs should have an integer or string dtype. "
                    f"{received('dtype', x.dtype)}"
                )
        return shapes[0]

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the bins, or their encoding."""
        inputs = self._input(inputs)
        shape = self._check(inputs)
        hashed = np.full(int(np.prod(shape)), _SEED)
        device = get_device()
        for x in inputs:
            if isinstance(x, torch.Tensor):
                device = x.device
                feature = x.detach().cpu().reshape(-1).to(torch.int64).numpy().view(np.uint64)
            else:
                feature = _fingerprint.fingerprint64(encode(x.ravel().tolist()))
            hashed = _fingerprint.concatenated(hashed, feature)
        bins = torch.from_numpy((hashed % np.uint64(self.num_bins)).astype(np.int64))
        bins = bins.reshape(shape).to(device)
        dtype = self._policy.torch_compute_dtype
        if self.output_mode == "int":
            return bins.to(dtype)
        return _encode.encode(bins, "one_hot", self.num_bins, dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the outputs for the shapes of the inputs."""
        return _encode.encoded_shape(tuple(input_shape[0]), self.output_mode, self.num_bins)

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        """Return the KerasTensor of the outputs."""
        shape = self._check(list(inputs))
        return KerasTensor(self.compute_output_shape([shape]), self.compute_dtype)
