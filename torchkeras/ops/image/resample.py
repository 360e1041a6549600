"""Resampling by matrices: each output is a weighted mean of the inputs near it.

For a line of `n` inputs and `m` outputs the weights are a matrix `(m, n)`; images need one for
each axis. This serves what torch has no kernel for: Lanczos windows and free scales.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import torch

from torchkeras._base import check, scope
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op
from torchkeras.ops.image._layout import IMAGE, floating, rounded

Kernel = Callable[[torch.Tensor], torch.Tensor]


def _triangle(x: torch.Tensor) -> torch.Tensor:
    return (1 - x).clamp(min=0)


def _keys(x: torch.Tensor) -> torch.Tensor:
    """Keys's cubic with a = -1/2: it reproduces parabolas."""
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x < 1, near, torch.where(x < 2, far, 0))


def _lanczos(radius: int) -> Kernel:
    def kernel(x: torch.Tensor) -> torch.Tensor:
        return torch.where(x < radius, torch.sinc(x) * torch.sinc(x / radius), 0)

    return kernel


KERNELS: dict[str, Kernel] = {
    **dict.fromkeys(("linear", "bilinear", "trilinear", "triangle"), _triangle),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), _keys),
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
}


def weights(
    size: int,
    new_size: int,
    scale: torch.Tensor,
    translation: torch.Tensor,
    method: str,
    antialias: bool,
) -> torch.Tensor:
    """Return the matrix `(new_size, size)`, in the dtype of `scale`.

    An output at `y` takes the inputs around `(y - translation) / scale`, positions being those of
    centres; weights that fall outside of the line are shared among the others. With `antialias`
    the kernel is widened where the line shrinks. Outputs from outside of the line are 0.
    """
    inputs = torch.arange(size, dtype=scale.dtype, device=scale.device) + 0.5
    outputs = torch.arange(new_size, dtype=scale.dtype, device=scale.device) + 0.5
    at = (outputs - translation) / scale
    distance = (at[:, None] - inputs).abs()
    if antialias:
        distance = distance / (1 / scale).clamp(min=1)
    matrix = KERNELS[method](distance)
    total = matrix.sum(1, keepdim=True)
    # Next to nothing in reach: dividing by it would give noise.
    outside = ((at < 0) | (at > size))[:, None]
    void = outside | (total.abs() <= 1000 * torch.finfo(torch.float32).eps)
    return torch.where(void, 0, matrix / torch.where(void, 1, total))


@lru_cache(maxsize=64)
def _plain_weights(size: int, new_size: int, method: str, antialias: bool) -> torch.Tensor:
    with torch.inference_mode(False):  # or nothing could be trained with what is kept here
        scale = torch.tensor(new_size / size, dtype=torch.float64, device="cpu")
        return weights(size, new_size, scale, torch.zeros_like(scale), method, antialias)


def stretch(
    x: torch.Tensor, size: Sequence[int], method: str, antialias: bool = False
) -> torch.Tensor:
    """Resample images in torch's order of dimensions to a new height and width."""
    if x.device.type == "meta":
        return x.new_empty((*x.shape[:2], *size))
    rows, columns = (
        _plain_weights(n, m, method, antialias).to(x)
        for n, m in zip(x.shape[2:], size, strict=True)
    )
    return torch.einsum("nchw,ih,jw->ncij", x, rows, columns)


@op(module=IMAGE, tensors=4)
def scale_and_translate(
    images: Any,
    output_shape: Sequence[int | None],
    scale: Any,
    translation: Any,
    spatial_dims: Sequence[int],
    method: str,
    antialias: bool = True,
) -> Any:
    """Bring what is at `x` to `x * scale + translation`, along some axes.

    Positions are those of pixels' centres, the first is 0.5. Outside of the image is 0.

    Args:
        images: Of any shape and dtype.
        output_shape: Shape of the result, of the same number of dimensions; None: as of `images`.
        scale: Factors, one for each of `spatial_dims`; gradients flow to them.
        translation: Shifts, likewise.
        spatial_dims: Axes that are resampled.
        method: `"linear"` (or `"bilinear"`, `"trilinear"`, `"triangle"`), `"cubic"` (or
            `"bicubic"`, `"tricubic"`), `"lanczos3"` or `"lanczos5"`.
        antialias: Whether more inputs are averaged where the image shrinks.

    Raises:
        ValueError: for lengths that do not fit together, or an unknown method.

    >>> import torch, torchkeras as keras
    >>> x = torch.tensor([0.0, 1.0, 2.0])
    >>> keras.ops.image.scale_and_translate(x, (6,), [2.0], [0.0], (0,), "linear")
    tensor([0.0000, 0.2500, 0.7500, 1.2500, 1.7500, 2.0000])
    """
    owner = "scale_and_translate"
    check.one_of(owner, "method", method, KERNELS)
    images = convert_to_tensor(images)
    x = floating(images)
    scale, translation = (convert_to_tensor(v).to(x) for v in (scale, translation))
    axes = [d + x.ndim if d < 0 else d for d in spatial_dims]
    if not all(0 <= a < x.ndim for a in axes) or len(set(axes)) != len(axes):
        raise ValueError(
            f"{owner}: spatial_dims must be different axes of images with {x.ndim} dimensions. "
            f"{check.received('spatial_dims', spatial_dims)}"
        )
    if scale.shape != (len(axes),) or translation.shape != (len(axes),):
        raise ValueError(
            f"{owner}: scale and translation must have one entry for each of spatial_dims. "
            f"Received: scale of shape {tuple(scale.shape)}, translation of shape "
            f"{tuple(translation.shape)} for {len(axes)} axes."
        )
    probe = scope.state.probe_size  # stands for a size that is not known, and may be this one
    if len(output_shape) == x.ndim:
        output_shape = [m if n is None else n for n, m in zip(output_shape, x.shape, strict=True)]
    fits = len(output_shape) == x.ndim and all(
        n in (m, probe)
        for i, (n, m) in enumerate(zip(x.shape, output_shape, strict=True))
        if i not in axes
    )
    if not fits:
        raise ValueError(
            f"{owner}: output_shape must differ from that of images in spatial_dims only. "
            f"Received: output_shape={tuple(output_shape)} for images of shape {tuple(x.shape)}."
        )
    if x.is_meta:
        return images.new_empty([int(n) for n in output_shape])
    for i, axis in enumerate(axes):
        new = int(output_shape[axis])
        matrix = weights(x.shape[axis], new, scale[i], translation[i], method, antialias)
        x = torch.tensordot(x, matrix, ([axis], [1])).movedim(-1, axis)
    return rounded(x, images.dtype)
