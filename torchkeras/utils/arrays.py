"""One-hot labels and normalised vectors, on arrays and on tensors."""

from typing import Any

import numpy as np
import torch

from torchkeras._base.check import positive_int, received
from torchkeras._base.legacy import old_keyword
from torchkeras.core.tensor import convert_to_numpy


@old_keyword("nb_classes", "num_classes")
def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray | torch.Tensor:
    """Turn class numbers into one-hot rows: `(...,) -> (..., num_classes)`.

    A last dimension of 1 is dropped first: `(batch, 1) -> (batch, num_classes)`.

    Args:
        x: Whole numbers from 0 to `num_classes - 1`: array, nested list, or tensor.
        num_classes: Default: the largest of `x`, plus 1.

    Returns:
        A float64 array; for a tensor, an int64 tensor (as Keras does).

    Raises:
        ValueError: if an entry is no whole number within the range.

    >>> import torchkeras as keras
    >>> keras.utils.to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    labels = convert_to_numpy(x)
    if labels.dtype.kind not in "biuf":
        raise ValueError(
            f"to_categorical: x must hold whole numbers, not {labels.dtype}. {received('x', x)}"
        )
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels.reshape(labels.shape[:-1])
    if num_classes is not None:
        num_classes = positive_int("to_categorical", "num_classes", num_classes)
    elif labels.size == 0:
        raise ValueError(
            f"to_categorical: num_classes is needed when x is empty. {received('x', x)}"
        )
    else:
        num_classes = int(labels.max()) + 1
    wrong = np.argwhere(~((labels >= 0) & (labels < num_classes) & (labels == np.floor(labels))))
    if len(wrong):
        at = tuple(int(i) for i in wrong[0])
        raise ValueError(
            f"to_categorical: x must hold whole numbers from 0 to {num_classes - 1}. "
            f"Received: {labels[at]} at {list(at)}."
        )
    index = labels.astype(np.int64)
    if isinstance(x, torch.Tensor):
        tensor = torch.from_numpy(index).to(x.device)
        return torch.nn.functional.one_hot(tensor, num_classes)
    return np.eye(num_classes)[index]


def normalize(x: Any, axis: int = -1, order: int | float = 2) -> np.ndarray | torch.Tensor:
    """Divide the vectors along `axis` by their norm: `x / ||x||`; zero vectors stay zero.

    Args:
        x: Array (an array is returned), or tensor or nested list (a tensor is).
        axis: Dimension of the vectors.
        order: Order of the norm: 1 for the sum of absolutes, 2 for the Euclidean norm.

    Raises:
        ValueError: if `order` is not a number.

    >>> import numpy as np
    >>> import torchkeras as keras
    >>> keras.utils.normalize(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]])
    """
    if isinstance(order, bool) or not isinstance(order, (int, float)):
        raise ValueError(f"normalize: order must be a number. {received('order', order)}")
    if isinstance(x, np.ndarray):
        norm = np.atleast_1d(np.linalg.norm(x, order, axis, keepdims=True))
        norm[norm == 0] = 1
        return x / norm
    tensor = x if isinstance(x, torch.Tensor) else torch.as_tensor(np.asarray(x))
    if not tensor.is_floating_point():
        tensor = tensor.to(torch.float32)
    norm = torch.linalg.vector_norm(tensor, order, axis, keepdim=True)
    return tensor / norm.masked_fill(norm == 0, 1)
