import keras as reference
import numpy as np
import pytest
import torch

import torchkeras as keras
from oracle import check_layer, rand

FACTORS = [
    (1 / 255, 0.0), (2, 1), (1 / 127.5, -1), (0.0, 0.5), ([1.0, 2, 3], 0.0),
    (2.0, [0.0, -1, 1]), (np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0])), (-1.5, 3),
]  # fmt: skip


@pytest.mark.parametrize(("scale", "offset"), FACTORS, ids=str)
def test_against_keras(scale, offset):
    for shape in ((2, 3), (2, 4, 5, 3)):
        check_layer("Rescaling", {"scale": scale, "offset": offset}, rand(*shape))


@pytest.mark.parametrize("dtype", [None, "float16", "bfloat16", "float64", "mixed_float16"])
def test_dtypes(dtype):
    for kind in ("uint8", "int32", "float16", "float32", "float64"):
        x = (rand(2, 4, 5, 3, low=0, high=1) * 255).astype(kind)
        check_layer("Rescaling", {"scale": 1 / 255, "offset": 0.5}, x, dtype=dtype, grads=False)


def test_integer_policies():
    x = np.array([1, 2, 100], "uint8")
    for dtype in ("uint8", "int32"):
        a, b = (lib.layers.Rescaling(2.6, 1, dtype=dtype)(x) for lib in (keras, reference))
        assert a.dtype == b.dtype and torch.equal(a, b.cpu())


def test_columns_of_channels_first():
    scale = np.array([1.0, 2.0, 3.0])[:, None, None]
    check_layer("Rescaling", {"scale": scale}, rand(2, 3, 4, 5))


def test_forms_of_input():
    layer = keras.layers.Rescaling(0.5, 1)
    assert layer([1, 2, 3]).tolist() == [1.5, 2, 2.5]
    assert layer(5) == 3.5


def test_round_trip(tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Rescaling([1.0, 2, 3], 0.5)])
    x = torch.rand(2, 4, 4, 3)
    for ours, theirs in ((keras, reference), (reference, keras)):
        source = ours.Sequential([ours.Input((4, 4, 3)), ours.layers.Rescaling([1.0, 2, 3], 0.5)])
        source.save(tmp_path / "m.keras")
        loaded = theirs.models.load_model(tmp_path / "m.keras")
        torch.testing.assert_close(loaded(x), model(x))


def test_wrong_arguments():
    for bad in ("a", None, [1, "b"], [None]):
        with pytest.raises(ValueError, match="scale must be a number, or an array of numbers"):
            keras.layers.Rescaling(bad)
    with pytest.raises(ValueError, match="offset must be a number"):
        keras.layers.Rescaling(1.0, "a")


@pytest.mark.parametrize("scale", [[1.0, 2.0, 3.0], [[1.0], [2.0], [3.0]], 2.0])
def test_channels_first(scale):
    x = rand(2, 3, 4, 5)
    libraries = (keras, reference)
    for lib in libraries:
        lib.config.set_image_data_format("channels_first")
    try:
        ours, theirs = (lib.layers.Rescaling(scale, 0.5)(x) for lib in libraries)
        both = keras.layers.Rescaling(scale, [0.0, 1.0, 2.0])(x)
    finally:
        for lib in libraries:
            lib.config.set_image_data_format("channels_last")
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(both, ours - 0.5 + torch.arange(3.0).reshape(3, 1, 1))
