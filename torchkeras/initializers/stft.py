"""Kernels that make a convolution compute a short-time Fourier transform."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from torchkeras._base import optional
from torchkeras._base.check import one_of, received
from torchkeras.core import dtypes
from torchkeras.core.registry import INITIALIZERS
from torchkeras.core.tensor import convert_to_tensor, get_device
from torchkeras.initializers.base import Initializer

# Windows that torch has itself; for the other ones of scipy.signal.windows, scipy is needed.
_WINDOWS = {
    "bartlett": torch.signal.windows.bartlett,
    "blackman": torch.signal.windows.blackman,
    "cosine": torch.signal.windows.cosine,
    "hamming": torch.signal.windows.hamming,
    "hann": torch.signal.windows.hann,
    "nuttall": torch.signal.windows.nuttall,
}


def _named_window(name: str, length: int, periodic: bool) -> Tensor:
    if name in _WINDOWS:
        return _WINDOWS[name](length, sym=not periodic, dtype=torch.float64)
    scipy_signal = optional.require("scipy.signal")
    try:
        return torch.from_numpy(scipy_signal.get_window(name, length, periodic))
    except ValueError as e:
        raise ValueError(
            f"STFT: window must be a window of scipy.signal.windows. {received('window', name)}"
        ) from e


@INITIALIZERS.register("STFTInitializer")
class STFT(Initializer):
    """The real or imaginary half of a short-time Fourier transform, as a Conv1D kernel.

    `window[t] * cos(2 pi t f / fft_length)`, or `-sin` of it, with `fft_length = 2 * (bins - 1)`;
    the shape is `(frame_length, channels, bins)`.

    Args:
        side: `"real"` or `"imag"`.
        window: Name of a window of `scipy.signal.windows`, its values, or None for no window.
        scaling: `"density"` divides the window by `sqrt(sum(window**2))`, `"spectrum"` by
            `sum(window)`, None by nothing.
        periodic: Whether the window is one period of a periodic one.

    Raises:
        ValueError: for a bad argument; at the call, for a shape or a window of wrong length.

    >>> import torchkeras as keras
    >>> keras.initializers.STFT(window=None)((4, 1, 3)).squeeze(1).round().abs()
    tensor([[1., 1., 1.],
            [1., 0., 1.],
            [1., 1., 1.],
            [1., 0., 1.]])
    """

    def __init__(
        self,
        side: str = "real",
        window: Any = "hann",
        scaling: str | None = "density",
        periodic: bool = False,
    ) -> None:
        self.side = one_of("STFT", "side", side, ("real", "imag"))
        self.scaling = one_of("STFT", "scaling", scaling, ("density", "spectrum", None))
        self.periodic = periodic
        if isinstance(window, str):
            _named_window(window, 4, periodic)
        self.window = window

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Return a new tensor of `shape` and `dtype` (default `floatx()`)."""
        shape = tuple(shape)
        if len(shape) != 3 or shape[0] < 1:
            raise ValueError(
                "STFT: the shape must be (frame_length, channels, bins). "
                f"{received('shape', shape)}"
            )
        length, _, bins = shape
        # Angles far out on the circle lose digits: all is computed in 64 bits, and rounded once.
        steps = torch.arange(length, dtype=torch.float64)[:, None]
        angles = 2 * math.pi / max(2 * (bins - 1), 1) * steps * torch.arange(bins)
        wave = torch.cos(angles) if self.side == "real" else -torch.sin(angles)
        if self.window is not None:
            wave = wave * self._scaled_window(length)[:, None]
        return wave[:, None, :].expand(shape).to(get_device(), dtypes.torch_dtype(dtype)).clone()

    def _scaled_window(self, length: int) -> Tensor:
        if isinstance(self.window, str):
            window = _named_window(self.window, length, self.periodic)
        else:
            window = convert_to_tensor(self.window, "float64").cpu()
        if window.shape != (length,):
            raise ValueError(
                f"STFT: the window must have frame_length={length} values. "
                f"Received: a window of shape {tuple(window.shape)}."
            )
        if self.scaling == "density":
            return window / window.square().sum().sqrt()
        return window / window.sum() if self.scaling == "spectrum" else window


stft = STFTInitializer = STFT
