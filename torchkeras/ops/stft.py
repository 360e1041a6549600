"""Signals cut into sequences, and the Fourier transforms of these."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base import check
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import MATH, op, to_float
from torchkeras.ops.fourier import parts, to_complex

Tensor = torch.Tensor
_WINDOWS = {"hann": torch.hann_window, "hamming": torch.hamming_window}


@op(module=MATH)
def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    """Cut the last axis into sequences: `(..., n) -> (..., sequences, sequence_length)`.

    Raises:
        ValueError: if the input is shorter than one sequence.

    >>> import torchkeras as keras
    >>> keras.ops.extract_sequences([1, 2, 3, 4, 5], 3, 2)
    tensor([[1, 2, 3],
            [3, 4, 5]], dtype=torch.int32)
    """
    owner = "extract_sequences"
    x = convert_to_tensor(x)
    check.positive_int(owner, "sequence_length", sequence_length)
    check.positive_int(owner, "sequence_stride", sequence_stride)
    if not x.ndim or x.shape[-1] < sequence_length:
        raise ValueError(
            f"{owner}: x must be at least one sequence long. Received: "
            f"sequence_length={sequence_length}, x of shape {tuple(x.shape)}."
        )
    return x.unfold(-1, sequence_length, sequence_stride)


def _window(owner: str, window: Any, length: int, fft_length: int, like: Tensor) -> Tensor:
    """Return a window with zeros around it, as long as the transform."""
    if isinstance(window, str):
        check.one_of(owner, "window", window, tuple(_WINDOWS))
        values = _WINDOWS[window](length, dtype=like.dtype, device=like.device)
    elif window is None:
        values = torch.ones(length, dtype=like.dtype, device=like.device)
    else:
        values = convert_to_tensor(window).to(like.device, like.dtype)
        if values.shape != (length,):
            raise ValueError(
                f"{owner}: window must have sequence_length={length} values. "
                f"Received: a window of shape {tuple(values.shape)}."
            )
    left = (fft_length - length) // 2
    return F.pad(values, (left, fft_length - length - left))


def _check(owner: str, sequence_length: int, sequence_stride: int, fft_length: int) -> None:
    check.positive_int(owner, "sequence_length", sequence_length)
    check.positive_int(owner, "sequence_stride", sequence_stride)
    if fft_length < sequence_length:
        raise ValueError(
            f"{owner}: fft_length must be at least sequence_length={sequence_length}. "
            f"Received: fft_length={fft_length}."
        )


@op("STFT", module=MATH)
def stft(
    x: Any, sequence_length: int, sequence_stride: int, fft_length: int, window: Any = "hann",
    center: bool = True,
) -> Any:  # fmt: skip
    """Return the Fourier transforms of overlapping stretches of a signal.

    Args:
        x: Real numbers `(..., n)`.
        sequence_length: Length of a stretch.
        sequence_stride: Steps from one to the next.
        fft_length: Length of the transform; zeros go around the window.
        window: `"hann"`, `"hamming"`, `sequence_length` values, or None.
        center: Whether the signal is mirrored at its ends, by half a transform.

    Returns:
        Real and imaginary part `(..., stretches, fft_length // 2 + 1)`.

    Raises:
        ValueError: for a bad length or window, or a signal that is too short.

    >>> import torch, torchkeras as keras
    >>> keras.ops.stft(torch.ones(2, 20), 8, 4, 8)[0].shape
    torch.Size([2, 6, 5])
    """
    _check("stft", sequence_length, sequence_stride, fft_length)
    x = to_float(x)
    x = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    weights = _window("stft", window, sequence_length, fft_length, x)
    half = fft_length // 2
    if not x.ndim or x.shape[-1] <= (half if center else fft_length - 1):
        raise ValueError(
            f"stft: the signal is too short for fft_length={fft_length}. "
            f"Received: x of shape {tuple(x.shape)}."
        )
    if center:
        shape = (*x.shape[:-1], x.shape[-1] + 2 * half)
        x = F.pad(x.reshape(-1, 1, x.shape[-1]), (half, half), mode="reflect").reshape(shape)
    return parts(torch.fft.rfft(x.unfold(-1, fft_length, sequence_stride) * weights))


@op("ISTFT", module=MATH)
def istft(
    x: Any, sequence_length: int, sequence_stride: int, fft_length: int,
    length: int | None = None, window: Any = "hann", center: bool = True,
) -> Any:  # fmt: skip
    """Return the signal of its overlapping Fourier transforms, as `stft` makes them.

    Where the windows overlap, the result is divided by the sum of their squares. As in Keras, this
    sum is the true one, and the inverse exact, if `fft_length` is `sequence_length` and `center`
    is True; else it is what it would be if the signal went on at both ends. Without a window, the
    stretches are just added.

    Args:
        x: Real and imaginary part `(..., stretches, fft_length // 2 + 1)`.
        sequence_length, sequence_stride, fft_length, window, center: As of `stft`.
        length: The result is cut to this length.

    Returns:
        Real numbers `(..., n)`.

    >>> import torch, torchkeras as keras
    >>> spectrum = keras.ops.stft(torch.arange(16.0), 8, 4, 8)
    >>> keras.ops.istft(spectrum, 8, 4, 8, length=4).abs().round()
    tensor([0., 1., 2., 3.])
    """
    _check("istft", sequence_length, sequence_stride, fft_length)
    spectrum = to_complex("istft", x, 2)
    stretches = torch.fft.irfft(spectrum, fft_length)
    *batch, count, _ = stretches.shape
    n = (count - 1) * sequence_stride + fft_length
    exact = center and window is not None and sequence_length == fft_length
    if window is not None:
        weights = _window("istft", window, sequence_length, fft_length, stretches)
        stretches = stretches * (weights if exact else _share(weights, sequence_stride))
    out = _overlapped(stretches.reshape(-1, count, fft_length), n, sequence_stride)
    if exact:
        squares = weights.square().expand(1, count, fft_length)
        out = _quotient(out, _overlapped(squares, n, sequence_stride))
    out = out.reshape(*batch, n)
    half = fft_length // 2 if center else 0
    out = out[..., half : n - half if length is None else half + length]
    if exact and length is not None:
        out = F.pad(out, (0, length - out.shape[-1]))
    return out


def _quotient(x: Tensor, divisor: Tensor) -> Tensor:
    """Divide where there is something to divide by."""
    some = divisor > 1e-11
    return torch.where(some, x / torch.where(some, divisor, 1), 0)


def _share(weights: Tensor, stride: int) -> Tensor:
    """Divide a window by the sum of the squares of endlessly many that overlap."""
    missing = -len(weights) % stride
    sums = F.pad(weights.square(), (0, missing)).reshape(-1, stride).sum(0)
    return _quotient(weights, sums.repeat((len(weights) + missing) // stride)[: len(weights)])


def _overlapped(x: Tensor, n: int, stride: int) -> Tensor:
    """Add stretches `(batch, count, size)` up to signals of length `n`."""
    size = (1, x.shape[-1])
    return F.fold(x.transpose(1, 2), (1, n), size, stride=(1, stride)).reshape(x.shape[0], n)
