"""Arithmetic of sliding windows: what convolutions and poolings, ops and layers, share."""

from collections.abc import Sequence
from typing import Any

from torchkeras._base.check import received

Shape = tuple[int | None, ...]


def to_torch(rank: int) -> tuple[int, ...]:
    """Return the permutation of channels-last dimensions to torch's order, a view."""
    return (0, rank + 1, *range(1, rank + 1))


def to_keras(rank: int) -> tuple[int, ...]:
    """Return the permutation of torch's order to channels last, a view."""
    return (0, *range(2, rank + 2), 1)


def split(shape: Sequence[int | None], channels_last: bool) -> tuple[Shape, int | None]:
    """Return the spatial dimensions and the channels of a shape."""
    if channels_last:
        return tuple(shape[1:-1]), shape[-1]
    return tuple(shape[2:]), shape[1]


def join(
    batch: int | None, spatial: Sequence[int | None], channels: int | None, channels_last: bool
) -> Shape:
    """Return the shape of these parts."""
    return (batch, *spatial, channels) if channels_last else (batch, channels, *spatial)


def same_padding(
    spatial: Sequence[int], windows: Sequence[int], strides: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Return the padding that gives `ceil(size / stride)` windows in each dimension.

    First what goes on both sides, then the 0 or 1 that comes on top at the end.
    """
    both, more = [], []
    for size, window, stride in zip(spatial, windows, strides, strict=True):
        total = max(window - (size % stride or stride), 0)
        both.append(total // 2)
        more.append(total % 2)
    return both, more


def pool_padding(
    spatial: Sequence[int], windows: Sequence[int], strides: Sequence[int]
) -> tuple[list[int], Any]:
    """Return torch's padding of a "same" pooling, and what to leave off its result (or None).

    torch pads both sides alike, and `ceil_mode` adds the last window where that is too little.
    Only with a stride of 1 there is none to add: there both sides get the larger padding, and
    the first window is one too many.
    """
    padding, more = same_padding(spatial, windows, strides)
    if 1 not in more or 1 not in strides:
        return padding, None
    first = [n if s == 1 else 0 for n, s in zip(more, strides, strict=True)]
    padding = [p + n for p, n in zip(padding, first, strict=True)]
    return padding, (..., *(slice(n, None) for n in first))


def growth(window: int, stride: int, padding: str, output_padding: int | None) -> int:
    """Return a transposed convolution's output size less `(size - 1) * stride`."""
    if output_padding is not None:
        cut = 2 * (window // 2) if padding == "same" else 0
        return window - cut + output_padding
    return stride if padding == "same" else max(window, stride)


def crop(
    windows: Sequence[int], growths: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...], Any]:
    """Split what a full transposed convolution has too much (or too little) for torch.

    As in the gradient of a convolution with padding, the odd element falls off at the end.

    Returns:
        torch's padding and output padding, and the slices of what remains (None: all of it).
    """
    surplus = [w - g for w, g in zip(windows, growths, strict=True)]
    odd = [max(n, 0) % 2 for n in surplus]
    trim = (..., *(slice(None, -1 if n else None) for n in odd)) if any(odd) else None
    return tuple(max(n, 0) // 2 for n in surplus), tuple(max(-n, 0) for n in surplus), trim


def output_size(size: int | None, window: int, stride: int, padding: str) -> int | None:
    """Return the number of windows along a dimension; None if its size is unknown."""
    if size is None:
        return None
    if padding == "valid":
        size -= window - 1
    return -(-size // stride)


def output_sizes(
    owner: str,
    shape: Sequence[int | None],
    spatial: Sequence[int | None],
    windows: Sequence[int],
    strides: Sequence[int],
    padding: str,
) -> Shape:
    """Return the spatial dimensions of the output.

    Raises:
        ValueError: if one would be empty.
    """
    out = tuple(
        output_size(n, w, s, padding) for n, w, s in zip(spatial, windows, strides, strict=True)
    )
    if any(n is not None and n <= 0 for n in out):
        raise ValueError(
            f"{owner}: the output would be empty: windows of {tuple(windows)} do not fit into "
            f"the input with padding={padding!r}. {received('input_shape', tuple(shape))}"
        )
    return out


def around(pairs: Sequence[tuple[int, int]], channels_last: bool) -> tuple[int, ...]:
    """Return torch's padding argument, last dimension first, of pairs in the inputs' order."""
    flat = tuple(n for pair in reversed(pairs) for n in pair)
    return (0, 0, *flat) if channels_last else flat


def checked_shape(owner: str, shape: Any, rank: int) -> tuple[int | None, ...]:
    """Return the shape of a batch as a tuple, if it has the right number of dimensions."""
    shape = tuple(shape)
    if len(shape) != rank + 2:
        raise ValueError(
            f"{owner}: the input must have {rank + 2} dimensions. {received('input_shape', shape)}"
        )
    return shape
