"""Images moved, turned, bent: each pixel of the result is taken from elsewhere."""

from typing import Any

import torch

from torchkeras._base import check, scope
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op
from torchkeras.ops.image._layout import IMAGE, batch_first
from torchkeras.ops.image._sample import FILL_MODES, INTERPOLATIONS, pixels, sample
from torchkeras.ops.image.filter import smooth
from torchkeras.random.seed_generator import resolve


def _for_each(owner: str, name: str, values: torch.Tensor, count: int) -> torch.Tensor:
    """Return one row of values for each of `count` images."""
    if values.shape[0] == count or values.shape[0] == 1:
        return values.expand(count, *values.shape[1:])
    if count == scope.state.probe_size:  # shapes are being inferred, the batch size is unknown
        return values[:1].expand(count, *values.shape[1:])
    raise ValueError(
        f"{owner}: {name} must be one, or one for each image. "
        f"Received: {name} of shape {tuple(values.shape)} for {count} images."
    )


@op(module=IMAGE, tensors=2)
def affine_transform(
    images: Any,
    transform: Any,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Any:
    """Take each pixel `(x, y)` from `(a0 x + a1 y + a2, b0 x + b1 y + b2)` of the image.

    Args:
        images: One image or a batch, of any dtype.
        transform: `[a0, a1, a2, b0, b1, b2, c0, c1]`, or a batch of them; `c0` and `c1` are not
            used, as by Keras on torch.
        interpolation: `"nearest"` or `"bilinear"`.
        fill_mode: What lies outside of `a b c d`: `"constant"` (`k k a b c d k k`), `"nearest"`
            (`a a a b c d d d`), `"wrap"` (`c d a b c d a b`), `"reflect"` (`b a a b c d d c`) or
            `"mirror"` (`c b a b c d c b`).
        fill_value: The constant `k`.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Raises:
        ValueError: for a bad shape, or an unknown interpolation or fill mode.

    >>> import torch, torchkeras as keras
    >>> image = torch.tensor([[1.0, 2.0, 3.0]])[..., None]
    >>> keras.ops.image.affine_transform(image, [1, 0, -1, 0, 1, 0, 0, 0])[..., 0]
    tensor([[0., 1., 2.]])
    """
    check.one_of("affine_transform", "interpolation", interpolation, INTERPOLATIONS)
    check.one_of("affine_transform", "fill_mode", fill_mode, FILL_MODES)
    x, back = batch_first("affine_transform", images, data_format)
    rows, columns = pixels(x)
    transform = convert_to_tensor(transform).to(rows)
    if transform.ndim not in (1, 2) or transform.shape[-1] != 8:
        raise ValueError(
            "affine_transform: transform must have shape (8,) or (batch, 8). "
            f"Received: transform of shape {tuple(transform.shape)}."
        )
    transform = transform.reshape(-1, 8)
    transform = _for_each("affine_transform", "transform", transform, x.shape[0])
    a0, a1, a2, b0, b1, b2 = transform[:, :6].T[..., None, None]
    at_x = a0 * columns + (a1 * rows + a2)
    at_y = b0 * columns + (b1 * rows + b2)
    return back(sample(x, at_y, at_x, interpolation, fill_mode, fill_value))


def homography(source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the eight coefficients that map four points onto four others.

    Each pair of points gives two equations, `x' = (a0 x + a1 y + a2) / (c0 x + c1 y + 1)` and that
    for `y'`, which are linear in the coefficients once multiplied by the divisor.
    """
    x, y = source.unbind(-1)
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    u, v = target.unbind(-1)
    upper = torch.stack((x, y, one, zero, zero, zero, -u * x, -u * y), -1)
    lower = torch.stack((zero, zero, zero, x, y, one, -v * x, -v * y), -1)
    try:
        return torch.linalg.solve(torch.cat((upper, lower), -2), torch.cat((u, v), -1))
    except torch.linalg.LinAlgError as e:
        raise ValueError(
            "perspective_transform: no three of the four end points may lie on a line. "
            f"Received: end_points={source.tolist()}."
        ) from e


@op(module=IMAGE, tensors=3)
def perspective_transform(
    images: Any,
    start_points: Any,
    end_points: Any,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Any:
    """Move four points of an image to four others, keeping straight lines straight.

    Args:
        images: One image or a batch, of any dtype.
        start_points: `(x, y)` of the points in the image, of shape `(4, 2)` or `(batch, 4, 2)`.
        end_points: Where they come to lie, of the same shape.
        interpolation: `"nearest"` or `"bilinear"`.
        fill_value: Value outside of the image.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Raises:
        ValueError: for a bad shape, an unknown interpolation, or points on one line.

    >>> import torch, torchkeras as keras
    >>> corners = torch.tensor([[0.0, 0], [0, 3], [3, 0], [3, 3]])
    >>> image = torch.tensor([[1.0, 2.0, 3.0]])[..., None]
    >>> shift = torch.tensor([1.0, 0.0])
    >>> keras.ops.image.perspective_transform(image, corners, corners + shift)[..., 0]
    tensor([[0., 1., 2.]])
    """
    owner = "perspective_transform"
    check.one_of(owner, "interpolation", interpolation, INTERPOLATIONS)
    x, back = batch_first(owner, images, data_format)
    rows, columns = pixels(x)
    # Eight equations lose digits that single precision does not have.
    start, end = (
        convert_to_tensor(p).to(x.device, torch.float64) for p in (start_points, end_points)
    )
    for name, points in (("start_points", start), ("end_points", end)):
        if points.ndim not in (2, 3) or points.shape[-2:] != (4, 2):
            raise ValueError(
                f"{owner}: {name} must have shape (4, 2) or (batch, 4, 2). "
                f"Received: {name} of shape {tuple(points.shape)}."
            )
    if start.shape != end.shape:
        raise ValueError(
            f"{owner}: start_points and end_points must have the same shape. "
            f"Received: {tuple(start.shape)} and {tuple(end.shape)}."
        )
    start, end = start.reshape(-1, 4, 2), end.reshape(-1, 4, 2)
    matrix = _for_each(owner, "start_points", homography(end, start), x.shape[0])
    a0, a1, a2, b0, b1, b2, c0, c1 = matrix.to(rows.dtype).T[..., None, None]
    divisor = c0 * columns + (c1 * rows + 1)
    at_x = (a0 * columns + (a1 * rows + a2)) / divisor
    at_y = (b0 * columns + (b1 * rows + b2)) / divisor
    return back(sample(x, at_y, at_x, interpolation, "constant", fill_value))


@op(module=IMAGE)
def elastic_transform(
    images: Any,
    alpha: float = 20.0,
    sigma: float = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    seed: Any = None,
    data_format: str | None = None,
) -> Any:
    """Move each pixel by a random smooth field: normal noise of width `sigma`, blurred.

    Args:
        images: One image or a batch, of any dtype; each image gets a field of its own.
        alpha: Factor of the field.
        sigma: Standard deviation of the noise and of the blur, in pixels.
        interpolation: `"nearest"` or `"bilinear"`.
        fill_mode: As in `affine_transform`.
        fill_value: Value outside, with `fill_mode="constant"`.
        seed: Integer, `SeedGenerator`, or None for torch's global stream.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Raises:
        ValueError: for a bad shape, seed, interpolation or fill mode.

    Reference: Simard, Steinkraus and Platt (2003), "Best practices for convolutional neural
    networks applied to visual document analysis".

    >>> import torch, torchkeras as keras
    >>> keras.ops.image.elastic_transform(torch.rand(8, 8, 3), seed=1).shape
    torch.Size([8, 8, 3])
    """
    owner = "elastic_transform"
    check.one_of(owner, "interpolation", interpolation, INTERPOLATIONS)
    check.one_of(owner, "fill_mode", fill_mode, FILL_MODES)
    x, back = batch_first(owner, images, data_format)
    rows, columns = pixels(x)
    generator = resolve(owner, seed, x.device)
    if alpha == 0 or sigma == 0:  # nothing moves
        return back(x)
    field = rows.new_empty((x.shape[0], *x.shape[2:]))
    noise = torch.stack([torch.empty_like(field).normal_(generator=generator) for _ in range(2)])
    size = int(6 * sigma) | 1
    right, down = smooth(noise * sigma, (size, size), (sigma, sigma)) * alpha
    return back(sample(x, rows + down, columns + right, interpolation, fill_mode, fill_value))
