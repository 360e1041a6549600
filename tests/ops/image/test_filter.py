import numpy as np
import pytest
import torch
from image_oracle import FORMATS, check_image_op, image

import torchkeras as keras
from oracle import assert_close

ops = keras.ops.image
SHAPES = [(9, 8, 3), (2, 9, 8, 3)]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("shape", SHAPES, ids=len)
@pytest.mark.parametrize(
    ("size", "sigma"), [((3, 3), (1.0, 1.0)), ((5, 5), (0.5, 0.5)), ((7, 7), (2.0, 2.0))]
)
def test_blur(size, sigma, shape, dtype):
    """Keras blurs only channels_first along the right axes, and only squares."""
    x = image(*shape, data_format="channels_first", dtype=dtype)
    check_image_op("gaussian_blur", x, size, sigma, data_format="channels_first")


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("shape", SHAPES, ids=len)
@pytest.mark.parametrize("size", [(3, 5), (1, 3), (4, 2), (5, 5), 3])
def test_blur_by_definition(size, shape, data_format):
    sigma, (h, w) = (1.0, 2.0), (size, size) if isinstance(size, int) else size
    x = image(*shape, dtype="float64")
    bells = [
        np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / s) ** 2)
        for n, s in zip((h, w), sigma, strict=True)
    ]
    kernel = np.outer(*(b / b.sum() for b in bells))
    batch = x.reshape(-1, *x.shape[-3:])
    edges = [((n - 1) // 2, n // 2) for n in (h, w)]
    padded = np.pad(batch, ((0, 0), *edges, (0, 0)))
    want = sum(
        kernel[i, j] * padded[:, i : i + x.shape[-3], j : j + x.shape[-2]]
        for i in range(h)
        for j in range(w)
    ).reshape(x.shape)
    move = (lambda a: np.moveaxis(a, -1, -3)) if data_format == "channels_first" else np.asarray
    got = ops.gaussian_blur(move(x), size, sigma, data_format=data_format)
    assert_close(got, move(want))


def test_blur_of_integers(photograph):
    got = ops.gaussian_blur(photograph, (5, 5), (2.0, 2.0))
    exact = ops.gaussian_blur(photograph.astype("float64"), (5, 5), (2.0, 2.0))
    assert got.dtype is torch.uint8
    assert (got - exact).abs().max() < 0.501


def test_blur_by_tensors():
    x, sigma = torch.rand(6, 6, 3), torch.tensor([1.0, 2.0], requires_grad=True)
    got = ops.gaussian_blur(x, (3, 3), sigma)
    torch.testing.assert_close(got, ops.gaussian_blur(x, (3, 3), (1.0, 2.0)))
    got.square().sum().backward()
    assert (sigma.grad != 0).all()


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "uint8", "int32", "int64"])
def test_sobel(dtype, data_format):
    for shape in ((1, 1, 4, 1), (2, 6, 5, 3)):
        x = image(*shape, data_format=data_format, dtype=dtype)
        check_image_op("sobel_edges", x, data_format=data_format, grads="float" in dtype)


def test_wrong_arguments():
    x = torch.ones(2, 4, 4, 3)
    for size in ((0, 3), (3, 3, 3), 1.5):
        with pytest.raises(ValueError, match="kernel_size must be an integer or a tuple of 2"):
            ops.gaussian_blur(x, size)
    for sigma in ((0.0, 1.0), (1.0, -1.0), (1.0,), 0.0):
        with pytest.raises(ValueError, match="sigma must be two numbers above 0"):
            ops.gaussian_blur(x, (3, 3), sigma)
    with pytest.raises(ValueError, match="images must have 3 dimensions"):
        ops.gaussian_blur(x[0, 0])
    with pytest.raises(ValueError, match="images must be a batch"):
        ops.sobel_edges(x[0])
