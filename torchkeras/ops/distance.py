"""How far apart values are."""

from typing import Any

import torch

from torchkeras.ops._op import MATH, NN, op, promote, to_float


@op("CDist", module=MATH, tensors=2)
def cdist(x: Any, y: Any) -> Any:
    """Return the Euclidean distances of all pairs: `(..., n, d)`, `(..., m, d)` -> `(..., n, m)`.

    Raises:
        ValueError: for vectors of different length.

    >>> import torchkeras as keras
    >>> keras.ops.cdist([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]])
    tensor([[5., 1.]])
    """
    x, y = promote(to_float(x), to_float(y))
    if x.ndim < 2 or y.ndim < 2 or x.shape[-1] != y.shape[-1]:
        raise ValueError(
            "cdist: x and y must have two dimensions or more, the last one of one size. "
            f"Received: shapes {tuple(x.shape)} and {tuple(y.shape)}."
        )
    return torch.cdist(x, y)


@op("PSNR", module=NN, tensors=2)
def psnr(x1: Any, x2: Any, max_val: float) -> Any:
    """Return the peak signal-to-noise ratio, `10 * log10(max_val**2 / mean((x1 - x2)**2))`.

    Raises:
        ValueError: for different shapes.

    >>> import torchkeras as keras
    >>> keras.ops.psnr([0.0, 0.0], [0.1, 0.1], max_val=1.0)
    tensor(20.)
    """
    x1, x2 = promote(to_float(x1), to_float(x2))
    if x1.shape != x2.shape:
        raise ValueError(
            "psnr: x1 and x2 must have the same shape. Received: shapes "
            f"{tuple(x1.shape)} and {tuple(x2.shape)}."
        )
    error = torch.square(x1 - x2).mean()
    peak = torch.as_tensor(max_val, dtype=error.dtype, device=error.device)
    return 20 * torch.log10(peak) - 10 * torch.log10(error)
