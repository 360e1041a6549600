import numpy as np
import pytest
import torch
from image_oracle import DTYPES, check_image_op, image

import torchkeras as keras

FILLS = ["constant", "nearest", "wrap", "mirror", "reflect"]
SHAPES = [(6,), (5, 7), (4, 5, 3), (2, 3, 4, 3)]


def positions(shape: tuple[int, ...], *points: int) -> np.ndarray:
    """Points in and around an array: some between entries, some on them."""
    rng = np.random.default_rng(1)
    around = rng.uniform(-12, 18, (len(shape), *points))
    return np.where(rng.uniform(size=around.shape) < 0.3, around.round(), around).astype("float32")


@pytest.mark.parametrize("shape", SHAPES, ids=len)
@pytest.mark.parametrize("fill_mode", FILLS)
@pytest.mark.parametrize("order", [0, 1])
def test_against_keras(order, fill_mode, shape):
    for points in ((50,), (4, 6)):
        for fill_value in (0, 3.5):
            check_image_op(
                "map_coordinates", image(*shape), torch.tensor(positions(shape, *points)), order,
                fill_mode, fill_value, symbolic=False,
            )  # fmt: skip


@pytest.mark.parametrize("dtype", [*DTYPES, "int64", "bool"])
@pytest.mark.parametrize("order", [0, 1])
def test_dtypes(order, dtype):
    at = torch.tensor(positions((5, 7), 200) * 8).round() / 8  # halves, after interpolation
    for fill_mode in FILLS:
        x = image(5, 7) > 0.5 if dtype == "bool" else image(5, 7, dtype=dtype)
        check_image_op("map_coordinates", x, at, order, fill_mode, 7, grads=False)


def test_gradient_to_coordinates():
    x = torch.rand(5, 7, dtype=torch.float64, requires_grad=True)
    at = torch.tensor(positions((5, 7), 20) + 0.01).double().requires_grad_()
    for fill_mode in FILLS:
        assert torch.autograd.gradcheck(
            lambda i, c, m=fill_mode: keras.ops.image.map_coordinates(i, c, 1, m), (x, at)
        )


def test_symbolic():
    out = keras.ops.image.map_coordinates(
        keras.KerasTensor((5, 7)), keras.KerasTensor((2, None, 3)), 1
    )
    assert out.shape == (None, 3)


def test_mirror_of_one_entry():
    got = keras.ops.image.map_coordinates([5.0], [[-1.5, 0.0, 2.5]], 1, "mirror")
    assert got.tolist() == [5, 5, 5]


def test_wrong_arguments():
    x = torch.ones(3, 4)
    with pytest.raises(ValueError, match="order must be one of 0, 1"):
        keras.ops.image.map_coordinates(x, torch.ones(2, 5), 2)
    with pytest.raises(ValueError, match="fill_mode must be one of"):
        keras.ops.image.map_coordinates(x, torch.ones(2, 5), 1, "zeros")
    for shape in ((3, 5), (2,)):
        with pytest.raises(ValueError, match="coordinates must have one row for each dimension"):
            keras.ops.image.map_coordinates(x, torch.ones(shape), 1)
