import keras as reference
import numpy as np
import pytest
import torch
from image_oracle import DTYPES, FORMATS, check_image_op, image

import torchkeras as keras
from oracle import assert_close

ops = keras.ops.image
SHAPES = [(7, 9, 3), (3, 7, 9, 3)]
FILLS = ["constant", "nearest", "wrap", "reflect", "mirror"]


def matrices(*shape: int) -> np.ndarray:
    """Rotations, scales and shifts that reach far outside of small images."""
    rng = np.random.default_rng(3)
    base = np.array([1, 0, 0, 0, 1, 0, 0, 0.0])
    noise = np.array([0.8, 0.8, 6, 0.8, 0.8, 6, 0, 0]) * rng.uniform(-1, 1, (*shape, 8))
    return (base + noise).astype("float32")


def corners(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    start = np.array([[0.0, 0], [0, 6], [8, 0], [8, 6]]) + rng.uniform(-1, 1, (*shape, 4, 2))
    return start.astype("float32"), (start + rng.uniform(-1, 1, start.shape)).astype("float32")


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fill_mode", FILLS)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_affine(interpolation, fill_mode, shape, data_format):
    x = image(*shape, data_format=data_format)
    transform = torch.tensor(matrices(*shape[:-3]))
    for fill_value in (0, 2.5):
        check_image_op(
            "affine_transform", x, transform, interpolation, fill_mode, fill_value, data_format
        )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_affine_dtypes(interpolation, dtype):
    x = image(2, 7, 9, 3, dtype=dtype)
    # Steps of an eighth are exact: rounding of halves is compared, too.
    transform = torch.tensor(np.round(matrices(2) * 8) / 8)
    for fill_mode in FILLS:
        check_image_op("affine_transform", x, transform, interpolation, fill_mode, 7, grads=False)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_booleans_are_rounded(interpolation):
    """A mask neither grows nor shrinks; of a pixel that is half true, neither is right."""
    x = image(2, 7, 9, 3) > 0.5
    transform = torch.tensor(np.round(matrices(2) * 8) / 8)
    for fill_mode in FILLS:
        check_image_op("affine_transform", x, transform, interpolation, fill_mode, 1, grads=False)
    shift = torch.tensor([1, 0, 0.25, 0, 1, 0, 0, 0])
    mask = torch.arange(8).reshape(1, 8, 1) > 3
    assert torch.equal(ops.affine_transform(mask, shift, interpolation, "nearest"), mask)


def test_affine_gradient_to_the_matrix():
    x = torch.tensor(image(2, 4, 5, 2, dtype="float64"), requires_grad=True)
    transform = torch.tensor(matrices(2).astype("float64"), requires_grad=True)
    for fill_mode in FILLS:
        assert torch.autograd.gradcheck(
            lambda i, t, m=fill_mode: ops.affine_transform(i, t, fill_mode=m), (x, transform)
        )


def test_affine_broadcasts_one_matrix():
    x = torch.tensor(image(3, 7, 9, 3))
    one = matrices()
    want = torch.stack([ops.affine_transform(i, one) for i in x])
    torch.testing.assert_close(ops.affine_transform(x, one), want)
    torch.testing.assert_close(ops.affine_transform(x, one[None]), want)


def test_affine_of_one_row():
    x = torch.tensor([[1.0, 2.0, 3.0]])[..., None]
    shift = [1, 0, 1, 0, 1, 0, 0, 0]
    got = {m: ops.affine_transform(x, shift, fill_mode=m)[0, :, 0].tolist() for m in FILLS}
    assert got == {
        "constant": [2, 3, 0], "nearest": [2, 3, 3], "wrap": [2, 3, 1], "reflect": [2, 3, 3],
        "mirror": [2, 3, 2],
    }  # fmt: skip


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_perspective(interpolation, shape, data_format):
    start, end = map(torch.tensor, corners(*shape[:-3]))
    for dtype in ("float32", "float64"):
        x = image(*shape, data_format=data_format, dtype=dtype)
        for fill_value in (0, 3.5):
            # Keras solves for the coefficients in single precision.
            check_image_op(
                "perspective_transform", x, start, end, interpolation, fill_value, data_format,
                rtol=1e-4, atol=1e-5,
            )  # fmt: skip


def test_perspective_of_integers():
    start = torch.tensor([[0.0, 0], [0, 6], [8, 0], [8, 6]])
    for dtype in ("uint8", "int32"):
        x = image(7, 9, 3, dtype=dtype)
        for shift in ([1.0, 0], [2.0, 3]):
            check_image_op(
                "perspective_transform", x, start, start + torch.tensor(shift), grads=False
            )
    got = ops.perspective_transform(x, start, start + 0.5)  # Keras cuts such points to integers
    exact = ops.perspective_transform(x.astype("float64"), start, start + 0.5)
    assert (got - exact).abs().max() < 0.5001


def test_perspective_broadcasts_points():
    x = torch.tensor(image(3, 7, 9, 3))
    start, end = corners()
    want = torch.stack([ops.perspective_transform(i, start, end) for i in x])
    torch.testing.assert_close(ops.perspective_transform(x, start, end), want)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("shape", SHAPES)
def test_elastic(shape, data_format):
    """Keras draws from torch's global stream; so do we, without a seed."""
    for dtype in ("float32", "float64"):
        x = image(*shape, data_format=data_format, dtype=dtype)
        for args in ((), (5.0, 1.3), (3.0, 2.0, "nearest"), (9.0, 0.5, "bilinear", "wrap")):
            outs = []
            for lib in (keras, reference):
                torch.manual_seed(5)
                outs.append(lib.ops.image.elastic_transform(x, *args, data_format=data_format))
            assert_close(*outs, 1e-4, 1e-5)


def test_elastic_seeds():
    x = torch.rand(2, 16, 16, 3)
    a, b, c = (ops.elastic_transform(x, seed=s) for s in (1, 1, 2))
    assert torch.equal(a, b) and not torch.equal(a, c)
    stream = keras.random.SeedGenerator(1)
    a, b = (ops.elastic_transform(x, seed=stream) for _ in range(2))
    assert not torch.equal(a, b)
    assert ops.elastic_transform((x * 255).to(torch.uint8), seed=1).dtype is torch.uint8
    torch.testing.assert_close(ops.elastic_transform(x, alpha=0.0), x)
    symbol = ops.elastic_transform(keras.KerasTensor((None, 16, 16, 3)), seed=stream)
    assert symbol.shape == (None, 16, 16, 3) and stream.state[1] == 2


@pytest.mark.parametrize("fill_mode", ["constant", "reflect"])
def test_photograph(photograph, fill_mode):
    """Positions of large images are rounded: both are as near to the exact values."""
    turn = np.array([0.9, 0.2, -40, -0.2, 0.9, 60, 0, 0], "float32")
    x = photograph.astype("float64")
    exact = reference.ops.image.affine_transform(x, turn.astype("float64"), fill_mode=fill_mode)
    x = photograph.astype("float32")
    ours, theirs = (
        lib.ops.image.affine_transform(x, turn, fill_mode=fill_mode) for lib in (keras, reference)
    )
    error, its_error = (abs(o.double() - exact).max() for o in (ours, theirs))
    assert error < max(2 * its_error, 0.02)
    whole = [
        lib.ops.image.affine_transform(photograph, turn, fill_mode=fill_mode).int()
        for lib in (keras, reference)
    ]
    assert abs(whole[0] - whole[1]).max() <= 1


def test_wrong_arguments():
    x = torch.ones(2, 4, 4, 3)
    with pytest.raises(ValueError, match="interpolation must be one of 'nearest', 'bilinear'"):
        ops.affine_transform(x, torch.ones(8), "bicubic")
    with pytest.raises(ValueError, match="fill_mode must be one of"):
        ops.affine_transform(x, torch.ones(8), fill_mode="zeros")
    for shape in ((6,), (1, 1, 8)):
        with pytest.raises(ValueError, match=r"transform must have shape \(8,\) or \(batch, 8\)"):
            ops.affine_transform(x, torch.ones(shape))
    with pytest.raises(ValueError, match="transform must be one, or one for each image"):
        ops.affine_transform(x, torch.ones(3, 8))
    with pytest.raises(ValueError, match="images must have 3 dimensions"):
        ops.affine_transform(x[0, 0], torch.ones(8))
    points = torch.tensor([[0.0, 0], [0, 4], [4, 0], [4, 4]])
    with pytest.raises(ValueError, match="interpolation must be one of"):
        ops.perspective_transform(x, points, points, "bicubic")
    with pytest.raises(ValueError, match=r"start_points must have shape \(4, 2\)"):
        ops.perspective_transform(x, points[:3], points)
    with pytest.raises(ValueError, match="must have the same shape"):
        ops.perspective_transform(x, points, points[None])
    with pytest.raises(ValueError, match="no three of the four end points may lie on a line"):
        ops.perspective_transform(x, points, points * 0)
    with pytest.raises(ValueError, match="start_points must be one, or one for each image"):
        ops.perspective_transform(x, points.expand(3, 4, 2), points.expand(3, 4, 2))
    with pytest.raises(ValueError, match="fill_mode must be one of"):
        ops.elastic_transform(x, fill_mode="zeros")
    with pytest.raises(ValueError, match="seed must be an integer"):
        ops.elastic_transform(x, seed="one")
