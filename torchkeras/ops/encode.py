"""Class numbers as vectors of zeros and ones."""

from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import NN, op


def _refuse_sparse(owner: str, sparse: bool) -> None:
    if sparse:
        raise ValueError(
            f"{owner}: torch has no sparse tensors of this kind. {check.received('sparse', sparse)}"
        )


@op("OneHot", module=NN)
def one_hot(
    x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Any:
    """Return vectors with a 1 at the index; an index out of range gives zeros."""
    _refuse_sparse("one_hot", sparse)
    x = convert_to_tensor(x).long()
    classes = torch.arange(num_classes, device=x.device)
    out = (x.unsqueeze(-1) == classes).to(dtypes.torch_dtype(dtype))
    return out if axis in (-1, x.ndim) else out.movedim(-1, axis)


@op("MultiHot", module=NN)
def _multi_hot(
    inputs: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Any:
    x = convert_to_tensor(inputs).long()
    # The classes of a sample stand along the axis after the batch; alone, they are one sample.
    along = 1 if x.ndim > 1 else 0
    classes = torch.arange(num_classes, device=x.device)
    hit = (x.unsqueeze(-1) == classes).any(along)
    hit = hit.to(dtypes.torch_dtype(dtype))
    return hit if axis in (-1, hit.ndim - 1) else hit.movedim(-1, axis)


one_hot.node.settles_dtype = True  # type: ignore[attr-defined]
_multi_hot.node.settles_dtype = True  # type: ignore[attr-defined]


def multi_hot(
    inputs: Any,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: Any = None,
    sparse: bool = False,
    **kwargs: Any,
) -> Any:
    """Return a vector for each sample, with a 1 at each class that occurs in it.

    Args:
        inputs: Integers `(classes,)`, or `(batch, classes, ...)`; out of range counts as none.
        num_classes: Length of the vectors; `num_tokens` is its old name.
        axis: Axis of the vectors in the result.
        dtype: Default `floatx()`.
        sparse: Not available in torch.

    >>> import torchkeras as keras
    >>> keras.ops.multi_hot([[0, 2], [1, 1]], 4)
    tensor([[1., 0., 1., 0.],
            [0., 1., 0., 0.]])
    """
    num_classes = kwargs.pop("num_tokens", num_classes)
    if kwargs:
        raise TypeError(f"multi_hot: unknown arguments. Received: {sorted(kwargs)}.")
    check.positive_int("multi_hot", "num_classes", num_classes)
    _refuse_sparse("multi_hot", sparse)
    return _multi_hot(inputs, num_classes, axis, dtype, sparse)
