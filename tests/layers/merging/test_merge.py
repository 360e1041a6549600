"""Add, Subtract, Multiply, Average, Maximum and Minimum against real Keras."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import check_layer, rand

NAMES = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"]


def inputs(*shapes):
    return [rand(*s, seed=i) for i, s in enumerate(shapes)]


SHAPES = [
    ((2, 3), (2, 3)),
    ((2, 3, 4), (2, 3, 4)),
    ((2, 3, 4), (2, 1, 4)),
    ((2, 3, 4), (2, 4)),
    ((2, 4), (2, 3, 4)),
    ((2, 3, 1), (2, 1, 4)),
]


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_two(name, shapes):
    check_layer(name, {}, inputs(*shapes))


@pytest.mark.parametrize("count", [3, 5])
@pytest.mark.parametrize("name", [n for n in NAMES if n != "Subtract"])
def test_more(name, count):
    check_layer(name, {}, inputs(*[(2, 3)] * count))
    check_layer(name, {}, tuple(inputs(*[(2, 3)] * count)))


@pytest.mark.parametrize("name", NAMES)
def test_masks(name):
    a, b = np.array([[1, 1, 0]] * 2, bool), np.array([[0, 1, 1]] * 2, bool)
    x = inputs((2, 3, 4), (2, 3, 4))
    for mask in ([a, b], [a, None], [None, b], [None, None]):
        check_layer(name, {}, x, mask=mask, config=False)
    if name != "Subtract":
        x = inputs((2, 3, 4), (2, 3, 4), (2, 3, 4))
        for mask in ([a, b, ~a], [a, None, b], [~a, ~b, ~a], [None, None, a]):
            check_layer(name, {}, x, mask=mask, config=False)
    x = inputs((2, 3, 4), (2, 1, 4))
    check_layer(name, {}, x, mask=[a, np.array([[True], [False]])], config=False)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_dtypes(name, dtype):
    if dtype == "float64" and name in ("Maximum", "Minimum"):
        ours = getattr(torchkeras.layers, name)(dtype=dtype)  # Keras makes float32 of it
        assert ours(inputs((2, 3), (2, 3))).dtype is torch.float64
        return
    check_layer(name, {}, inputs((2, 3), (2, 3)), dtype=dtype)


@pytest.mark.parametrize("name", NAMES)
def test_integers(name):
    x = [rand(2, 3, seed=i, low=0, high=9, dtype="int32") for i in range(2)]
    # Keras calls the symbolic output float32, which only the output of Average is.
    check_layer(name, {}, x, symbolic=name == "Average")
    ours = getattr(torchkeras.layers, name)
    symbol = ours()([torchkeras.Input((3,), dtype="int32")] * 2)
    assert f"torch.{symbol.dtype}" == str(ours()(x).dtype)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_inputs(name):
    for lib in (keras, torchkeras):
        cls = getattr(lib.layers, name)
        number = r"must be called on a list of|should be called on exactly 2 inputs"
        wrong = [
            (inputs((2, 3), (2, 4)), r"incompatible shapes.*\(3,\) and \(4,\)"),
            (inputs((2, 3), (3, 3)), r"batch size.*\(2, 3\), \(3, 3\)"),
            (rand(2, 3), r"called on a list of inputs.*\(2, 3\)"),
        ]
        if name == "Subtract":
            wrong += [(inputs((2, 3)), number), (inputs((2, 3), (2, 3), (2, 3)), number)]
        for x, words in wrong:
            with pytest.raises(ValueError, match=words):
                cls()(x)


@pytest.mark.parametrize("name", [n for n in NAMES if n != "Subtract"])
def test_one_input(name):
    check_layer(name, {}, inputs((2, 3)))


@pytest.mark.parametrize("name", NAMES)
def test_batch_size_known_of_one(name):
    for lib in (torchkeras, keras):
        layer = getattr(lib.layers, name)()
        assert layer.compute_output_shape([(None, 3), (2, 3)]) == (2, 3)
        assert layer.compute_output_shape([(None, 3), (None, 1)]) == (None, 3)


@pytest.mark.parametrize("name", ["Add", "Subtract", "Minimum", "Average", "Concatenate", "Dot"])
def test_compute_mask(name):
    """Masks by hand: arrays, tensors, numbers; the list must fit the inputs."""
    a = np.array([[True, False, False], [False, True, True]])
    numbers = np.array([[0.0, 2.0, 0.0], [0.0, 1.0, 0.0]], "float32")
    found = []
    for lib in (torchkeras, keras):
        args = {"axes": -1} if name == "Dot" else {"axis": 1} if name == "Concatenate" else {}
        layer = getattr(lib.layers, name)(**args)
        x = [torch.ones(2, 3, 4), torch.ones(2, 3, 4)]
        masks = [[a, a], [a, torch.tensor(~a)], [a, None], [None, None], [torch.tensor(a), numbers]]
        made = [layer.compute_mask(x, mask=m) for m in masks[:4]]
        if name != "Concatenate":  # where Keras joins numbers as they are
            made.append(layer.compute_mask(x, mask=masks[4]))
        found.append([None if m is None else np.asarray(m) for m in made])
        for wrong in ([x, a], [x[0], [a, a]], [x, [a]]):
            if name != "Dot":
                with pytest.raises(ValueError, match=r"list|length|mask"):
                    layer.compute_mask(*wrong)
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, theirs)
