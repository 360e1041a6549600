"""How alike images are."""

from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op
from torchkeras.ops.image._layout import IMAGE, batch_first, floating
from torchkeras.ops.image.filter import smooth


@op("SSIM", module=IMAGE, tensors=2)
def ssim(
    image1: Any,
    image2: Any,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Any:
    """Return the structural similarity of images: 1 where they are equal.

    It is the mean over windows of `(2 m1 m2 + c1) (2 s12 + c2) / ((m1² + m2² + c1) (s1² + s2² +
    c2))` with means `m`, variances `s²` and covariance `s12`, `c = (k * max_val)²`.

    Args:
        image1: One image or a batch.
        image2: Images of the same shape.
        max_val: Greatest possible value: 1, or 255 for bytes.
        filter_size: Height and width of a window, whose weights are a normal distribution's.
        filter_sigma: Standard deviation of the weights, in pixels.
        k1: Constant that keeps the means' term stable.
        k2: Constant that keeps the variances' term stable.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Shapes: `(batch, height, width, channels) -> (batch,)`, one image `-> ()`.

    Raises:
        ValueError: for different shapes, or images smaller than a window.

    Reference: Wang, Bovik, Sheikh and Simoncelli (2004), "Image quality assessment: from error
    visibility to structural similarity".

    >>> import torch, torchkeras as keras
    >>> x = torch.rand(2, 16, 16, 3)
    >>> keras.ops.image.ssim(x, x)
    tensor([1., 1.])
    """
    size = check.positive_int("ssim", "filter_size", filter_size)
    image1, image2 = convert_to_tensor(image1), convert_to_tensor(image2)
    if image1.shape != image2.shape:
        raise ValueError(
            "ssim: both images must have the same shape. "
            f"Received: {tuple(image1.shape)} and {tuple(image2.shape)}."
        )
    a, b = (batch_first("ssim", i, data_format)[0] for i in (image1, image2))
    if min(a.shape[2:]) < size:
        raise ValueError(
            "ssim: images must be at least as large as the window. "
            f"Received: filter_size={size} for images of shape {tuple(image1.shape)}."
        )
    a, b = floating(a), floating(b)
    dtype = torch.promote_types(a.dtype, b.dtype)
    a, b = a.to(dtype), b.to(dtype)
    stacked = torch.cat((a, b, a * a, b * b, a * b), 1)
    means = smooth(stacked, (size, size), (filter_sigma, filter_sigma), padding=False)
    mean_a, mean_b, square_a, square_b, product = means.chunk(5, 1)
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    both, apart = mean_a * mean_b, mean_a * mean_a + mean_b * mean_b
    luminance = (2 * both + c1) / (apart + c1)
    structure = (2 * (product - both) + c2) / (square_a + square_b - apart + c2)
    index = (luminance * structure).mean((1, 2, 3))
    if image1.is_floating_point():
        index = index.to(image1.dtype)
    return index.squeeze(0) if image1.ndim == 3 else index
