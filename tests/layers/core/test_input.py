"""Input and InputLayer."""

import keras
import numpy as np
import pytest
import torch

import torchkeras

LIBRARIES = (torchkeras, keras)


@pytest.mark.parametrize("lib", LIBRARIES)
def test_output_of_the_layer(lib):
    layer = lib.layers.InputLayer((3,), name="in")
    x = layer.output
    assert x.shape == (None, 3) and layer.output is x and layer.call() is None
    model = lib.Model(x, lib.layers.Dense(2)(x))
    assert model.input is x and model(torch.ones(4, 3)).shape == (4, 2)


@pytest.mark.parametrize("lib", LIBRARIES)
def test_a_tensor_that_there_is(lib):
    x = lib.KerasTensor((2, 3), "int32")
    layer = lib.layers.InputLayer(input_tensor=x)
    assert layer.output is x and layer.dtype == "int32"
    assert layer.batch_shape == (2, 3)
    model = lib.Model(x, lib.layers.Embedding(5, 4)(x))
    assert model(torch.ones(2, 3, dtype=torch.int32)).shape == (2, 3, 4)
    # In the middle of a graph, a new one begins.
    outer = lib.Input((4,))
    middle = lib.layers.ReLU()(outer)
    y = lib.layers.Dense(1)(lib.Input(tensor=middle))
    assert len(lib.Model(middle, y).layers) == 2


@pytest.mark.parametrize("lib", LIBRARIES)
@pytest.mark.parametrize(
    "arguments",
    [
        {"shape": (2, 4)},
        {"batch_shape": (2, 4)},
        {"batch_size": 5},
        {"dtype": "float16"},
        {"sparse": True},
    ],
    ids=str,
)
def test_arguments_that_do_not_fit_the_tensor(lib, arguments):
    with pytest.raises(ValueError, match=r"input_tensor|sparse"):
        lib.layers.InputLayer(input_tensor=lib.KerasTensor((2, 3)), **arguments)
    fitting = {"shape": (3,), "batch_size": 2, "dtype": "float32", "sparse": False}
    lib.layers.InputLayer(input_tensor=lib.KerasTensor((2, 3)), **fitting)


@pytest.mark.parametrize("lib", LIBRARIES)
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"shape": (3.0,)},
        {"shape": (-1,)},
        {"shape": (3,), "batch_shape": (2, 3)},
        {"batch_size": 2, "batch_shape": (2, 3)},
        {"shape": (3,), "sparse": True},
        {"shape": (3,), "ragged": True},
        {"input_tensor": np.ones((2, 3))},
    ],
    ids=str,
)
def test_wrong_arguments(lib, arguments):
    with pytest.raises(ValueError):  # noqa: PT011
        lib.layers.InputLayer(**arguments)


@pytest.mark.parametrize("lib", LIBRARIES)
def test_sizes_of_numpy(lib):
    shape = lib.layers.InputLayer((np.int64(32), None)).batch_shape
    assert shape == (None, 32, None) and type(shape[1]) is int
