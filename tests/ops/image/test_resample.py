import keras as reference
import numpy as np
import pytest
import torch

import torchkeras as keras
from oracle import check_function

ours, theirs = (lib.ops.image.scale_and_translate for lib in (keras, reference))
METHODS = [
    "linear",
    "bilinear",
    "trilinear",
    "cubic",
    "bicubic",
    "tricubic",
    "lanczos3",
    "lanczos5",
]
CASES = [
    ((3, 3), (5, 5), (2.0, 2.0), (-0.5, -0.5), (0, 1)),
    ((6, 7), (4, 5), (0.5, 0.7), (0.3, -0.2), (0, 1)),
    ((6, 7), (9, 9), (1.0, 1.3), (2.0, -1.5), (0, 1)),
    ((3, 8), (3, 5), (0.4,), (0.0,), (-1,)),
    ((2, 5, 6, 3), (2, 7, 3, 3), (1.5, 0.4), (0.5, 0.1), (1, 2)),
    ((4, 3, 5, 2), (6, 3, 5, 3), (1.2, 1.4), (0.5, 0.1), (0, -1)),
]


def arrays(*values):
    return [torch.tensor(v, dtype=torch.float32) for v in values]


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_against_keras(method, antialias):
    for shape, new, scale, shift, dims in CASES:
        x = np.random.default_rng(0).uniform(size=shape).astype("float32")
        # Around zero, Keras's float32 sines of the windows differ in the sixth digit.
        check_function(
            ours, theirs, x, new, *arrays(scale, shift), dims, method, antialias,
            rtol=2e-5, atol=3e-6,
        )  # fmt: skip


@pytest.mark.parametrize("method", METHODS[::3])
def test_gradients_to_scale_and_shift(method):
    x = torch.rand(4, 5, dtype=torch.float64, requires_grad=True)
    scale = torch.tensor([0.61, 1.37], dtype=torch.float64, requires_grad=True)
    shift = torch.tensor([0.12, -0.33], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda *a: ours(a[0], (4, 6), a[1], a[2], (0, 1), method), (x, scale, shift)
    )


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float64"])
def test_dtypes(dtype):
    x = (np.random.default_rng(0).uniform(size=(6, 7)) * 255).astype(dtype)
    for method in METHODS[::3]:
        check_function(
            ours, theirs, x, (9, 4), *arrays((1.5, 0.6), (0.1, 0.2)), (0, 1), method, grads=False
        )


def test_integers_keep_their_sign():
    """Keras cuts all integer types to those of a byte."""
    x = np.array([0, 0, 300, 300, -300, -300], "int32")
    got = ours(x, (12,), [2.0], [0.0], (0,), "cubic")
    exact = ours(x.astype("float64"), (12,), [2.0], [0.0], (0,), "cubic")
    assert torch.equal(got, exact.round().int())


def test_triangle_is_linear():
    x = torch.rand(4, 5)
    args = (x, (4, 7), [1.4], [0.3], (1,))
    assert torch.equal(ours(*args, "triangle"), ours(*args, "linear"))


def test_symbolic():
    x = keras.KerasTensor((2, 5, 6, 3))
    out = ours(x, (2, 7, 3, 3), np.ones(2, "float32"), np.ones(2, "float32"), (1, 2), "cubic")
    assert out.shape == (2, 7, 3, 3)
    unknown = keras.KerasTensor((None, 5, None, 3))
    ones = np.ones(2, "float32")
    assert ours(unknown, (2, 7, 3, 3), ones, ones, (1, 2), "cubic").shape == (2, 7, 3, 3)
    with pytest.raises(ValueError, match="must differ from that of images in"):
        ours(unknown, (2, 7, 3, 4), ones, ones, (1, 2), "cubic")


def test_wrong_arguments():
    x, one = torch.ones(3, 4), [1.0]
    with pytest.raises(ValueError, match="method must be one of"):
        ours(x, (3, 5), one, one, (1,), "nearest")
    for dims in ((2,), (-3,), (0, 0)):
        with pytest.raises(ValueError, match="spatial_dims must be different axes"):
            ours(x, (3, 5), one, one, dims, "linear")
    with pytest.raises(ValueError, match="scale and translation must have one entry"):
        ours(x, (3, 5), [1.0, 2.0], one, (1,), "linear")
    for shape in ((2, 5), (3, 5, 1), (3,)):
        with pytest.raises(ValueError, match="output_shape must differ from that of images in"):
            ours(x, shape, one, one, (1,), "linear")
