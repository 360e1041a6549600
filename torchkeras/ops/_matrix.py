"""Arguments of linear algebra: matrices in the last two axes."""

from typing import Any

import torch

from torchkeras.ops._op import to_float

LINALG = "keras.src.ops.linalg"


def matrices(owner: str, x: Any, square: bool = False) -> torch.Tensor:
    """Return a floating point tensor of two dimensions or more, checked to be square if asked."""
    x = to_float(x)
    if x.ndim < 2:
        raise ValueError(
            f"{owner}: two dimensions or more are needed. Received: shape {tuple(x.shape)}."
        )
    if square and x.shape[-1] != x.shape[-2]:
        raise ValueError(f"{owner}: square matrices are needed. Received: shape {tuple(x.shape)}.")
    return x
