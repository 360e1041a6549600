"""Windows: weights that fall off towards the ends of a stretch of a signal."""

from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor, get_device


def _length(owner: str, x: Any) -> int:
    return check.integer(owner, "x", x, signed=False)


def _options() -> dict[str, Any]:
    return {"dtype": dtypes.torch_dtype(None), "device": get_device()}


def bartlett(x: Any) -> torch.Tensor:
    """Return the triangular window of `x` points.

    >>> bartlett(5).tolist()
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    return torch.bartlett_window(_length("bartlett", x), periodic=False, **_options())


def blackman(x: Any) -> torch.Tensor:
    """Return the Blackman window of `x` points: `.42 - .5 cos(t) + .08 cos(2t)`.

    >>> blackman(1).tolist()
    [1.0]
    """
    return torch.blackman_window(_length("blackman", x), periodic=False, **_options())


def hamming(x: Any) -> torch.Tensor:
    """Return the Hamming window of `x` points: `.54 - .46 cos(t)`.

    >>> hamming(3)[1].item()
    1.0
    """
    return torch.hamming_window(_length("hamming", x), periodic=False, **_options())


def hanning(x: Any) -> torch.Tensor:
    """Return the Hann window of `x` points: `.5 - .5 cos(t)`.

    >>> hanning(3).tolist()
    [0.0, 1.0, 0.0]
    """
    return torch.hann_window(_length("hanning", x), periodic=False, **_options())


def kaiser(x: Any, beta: Any) -> torch.Tensor:
    """Return the Kaiser window of `x` points: `i0(beta * sqrt(1 - u**2)) / i0(beta)`.

    Args:
        x: Number of points.
        beta: Shape: 0 gives a rectangle, 6 is close to Hann's window.

    >>> kaiser(3, 0.0).tolist()
    [1.0, 1.0, 1.0]
    """
    length, options = _length("kaiser", x), _options()
    beta = convert_to_tensor(beta).to(**options)
    if length == 1:
        return torch.ones(1, **options)
    u = torch.linspace(-1, 1, length, **options)
    return torch.i0(beta * torch.sqrt(1 - u * u)) / torch.i0(beta)
