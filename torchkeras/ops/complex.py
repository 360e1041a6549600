"""Complex numbers from and to pairs of real ones."""

from typing import Any

import torch

from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import MATH, NN, op, promote, to_float


@op(module=NN, tensors=2)
def polar(abs_: Any, angle: Any) -> Any:
    """Return the complex numbers of these lengths and angles (radians).

    >>> import torchkeras as keras
    >>> keras.ops.nn.polar([2.0], [0.0])
    tensor([2.+0.j])
    """
    return torch.polar(*torch.broadcast_tensors(*promote(to_float(abs_), to_float(angle))))


@op(module=MATH)
def view_as_complex(x: Any) -> Any:
    """Return the complex numbers of pairs along the last axis: `(..., 2) -> (...)`.

    Raises:
        ValueError: if the last axis does not hold two entries.

    >>> import torchkeras as keras
    >>> keras.ops.view_as_complex([[1.0, 2.0]])
    tensor([1.+2.j])
    """
    x = to_float(x)
    if not x.ndim or x.shape[-1] != 2:
        raise ValueError(
            "view_as_complex: the last axis must hold two entries, the real and the imaginary "
            f"part. Received: x of shape {tuple(x.shape)}."
        )
    if x.dtype is torch.bfloat16:
        x = x.float()
    try:
        return torch.view_as_complex(x)
    except RuntimeError:  # a view needs the pairs side by side in memory
        return torch.complex(x[..., 0], x[..., 1])


@op(module=MATH)
def view_as_real(x: Any) -> Any:
    """Return real and imaginary part along a new last axis: `(...) -> (..., 2)`.

    >>> import torch, torchkeras as keras
    >>> keras.ops.view_as_real(torch.tensor([1 + 2j]))
    tensor([[1., 2.]])
    """
    x = convert_to_tensor(x)
    if x.is_complex():
        return torch.view_as_real(torch.resolve_conj(x))
    x = to_float(x)
    return torch.stack((x, torch.zeros_like(x)), -1)
