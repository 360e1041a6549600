"""Weights as pictures."""

import numpy as np
import pytest

from torchkeras.callbacks.tensorboard.images import MAX_SIDE, weight_image


@pytest.mark.parametrize(
    ("shape", "picture"),
    [
        ((), None),
        ((1,), None),
        ((1, 1, 1, 1), None),
        ((5,), (5, 1, 1)),
        ((1, 5), (5, 1, 1)),
        ((2, 64), (2, 64, 1)),
        ((64, 2), (2, 64, 1)),
        ((3, 3, 2), (3, 6, 1)),
        ((3, 3, 1, 2), (3, 6, 1)),
        ((3, 3, 3, 8), (3, 24, 3)),
        ((3, 5, 4, 8), (12, 40, 1)),
        ((3, 3, 3, 2, 2), None),
        ((9000, 3), (3, MAX_SIDE, 1)),
    ],
)
def test_shapes(shape, picture):
    image = weight_image(np.random.default_rng(0).normal(size=shape))
    if picture is None:
        assert image is None
    else:
        assert image.shape == picture
        assert image.min() >= 0
        assert image.max() <= 1


def test_filters_are_tiles():
    kernel = np.zeros((2, 2, 1, 3), "float32")
    kernel[..., 1] = 1.0
    assert weight_image(kernel)[:, :, 0].tolist() == [[0, 0, 1, 1, 0, 0]] * 2


def test_values_that_are_not_finite():
    image = weight_image(np.array([[1.0, np.nan], [np.inf, 3.0]]))
    assert image[:, :, 0].tolist() == [[0.0, 0.0], [0.0, 1.0]]
    assert weight_image(np.full((2, 2), np.nan)).tolist() == [[[0.0]] * 2] * 2
    assert weight_image(np.full((2, 2), 7.0)).tolist() == [[[0.0]] * 2] * 2
