"""CategoryEncoding against real Keras."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close, check_config, check_layer, normalise_config

SHAPES = [(4,), (4, 1), (1,), (2, 3), (1, 3), (2, 1, 3), (2, 3, 1), (2, 3, 4), (0, 3), ()]


def indices(shape, low=0, high=5):
    return np.random.default_rng(0).integers(low, high, shape)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
@pytest.mark.parametrize("dtype", [None, "float16", "int64"])
def test_numbers(shape, mode, dtype):
    args = {"num_tokens": 5, "output_mode": mode, "dtype": dtype}
    x = np.asarray(indices(shape))
    ours, theirs = (lib.layers.CategoryEncoding(**args) for lib in (torchkeras, keras))
    assert_close(ours(x), theirs(x))
    assert ours(x).dtype == theirs(x).dtype
    assert ours.compute_output_shape(x.shape) == tuple(ours(x).shape)
    if len(shape) in (1, 2):
        for s in (x.shape, (None, *x.shape[1:])):
            assert ours.compute_output_shape(s) == tuple(theirs.compute_output_shape(s))
        symbols = [lib.Input(shape[1:], dtype="int32") for lib in (torchkeras, keras)]
        a, b = ours(symbols[0]), theirs(symbols[1])
        assert (a.shape, a.dtype) == (b.shape, b.dtype)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_weighted_counts(shape):
    x, weights = indices(shape), np.random.default_rng(1).uniform(size=shape).astype("float32")
    ours, theirs = (
        lib.layers.CategoryEncoding(5, "count")(np.asarray(x), count_weights=weights)
        for lib in (torchkeras, keras)
    )
    assert_close(ours, theirs)


@pytest.mark.parametrize("args", [
    {"num_tokens": 5},
    {"num_tokens": 6, "output_mode": "one_hot", "name": "c", "trainable": False},
    {"num_tokens": 5, "output_mode": "count", "dtype": "mixed_float16"},
])  # fmt: skip
def test_config(args):
    # Keras's symbol of a mixed layer is of another dtype than its values.
    mixed = args.get("dtype") == "mixed_float16"
    check_layer("CategoryEncoding", args, indices((3, 2)), grads=False, symbolic=not mixed)


def test_config_keeps_sparse():
    """Keras's own config loses it."""
    ours = torchkeras.layers.CategoryEncoding(4, sparse=True)
    assert torchkeras.layers.CategoryEncoding.from_config(ours.get_config()).sparse
    theirs = keras.layers.CategoryEncoding.from_config(normalise_config(ours.get_config()))
    check_config(ours, theirs, ignore=("sparse",))


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
@pytest.mark.parametrize("x", [
    [3, 2, 0, 1], [[0, 1], [2, 2]], 3, np.array([[0.0, 1.7]]), np.array([[True, False]]),
    np.array([[0, -1], [-2, -1]]), np.array([[1, 3]], "uint8"), np.array([[1, 3]], "int8"),
])  # fmt: skip
def test_kinds_of_inputs(mode, x):
    ours, theirs = (lib.layers.CategoryEncoding(4, mode) for lib in (torchkeras, keras))
    assert_close(ours(x), theirs(x))


def test_weights_as_lists():
    layer = torchkeras.layers.CategoryEncoding(3, "count")
    got = layer([[0, 1], [1, 1]], count_weights=[[0.1, 0.2], [1, 3]])
    assert_close(got, np.float32([[0.1, 0.2, 0], [0, 4, 0]]))


def test_gradient_of_weights():
    weights = torch.ones(2, 2, requires_grad=True)
    layer = torchkeras.layers.CategoryEncoding(3, "count")
    layer(torch.tensor([[0, 1], [1, -1]]), count_weights=weights)[:, 1].sum().backward()
    assert_close(weights.grad, np.float32([[0, 1], [1, 0]]))


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot"])
@pytest.mark.parametrize("writer", [torchkeras, keras])
def test_file(tmp_path, writer, mode):
    reader = keras if writer is torchkeras else torchkeras
    inputs = writer.Input((1,), dtype="int32")
    x = writer.layers.CategoryEncoding(5, mode)(inputs)
    model = writer.Model(inputs, writer.layers.Dense(2)(x))
    model.save(tmp_path / "m.keras")
    again = reader.saving.load_model(tmp_path / "m.keras")
    x = torch.tensor(indices((3, 1)))
    assert_close(again(x), model(x))


def test_symbolic_weights():
    layer = torchkeras.layers.CategoryEncoding(3, "count")
    x, weights = torchkeras.Input((2,), dtype="int32"), torchkeras.Input((2,))
    model = torchkeras.Model([x, weights], layer(x, count_weights=weights))
    got = model.predict([np.array([[0, 1]]), np.array([[2.0, 3.0]])], verbose=0)
    assert_close(got, np.float32([[2, 3, 0]]))


@pytest.mark.parametrize(("args", "error", "match"), [
    ({}, ValueError, "num_tokens must be given"),
    ({"num_tokens": 0}, ValueError, "num_tokens must be >= 1"),
    ({"num_tokens": "a"}, TypeError, "not supported between"),
    ({"num_tokens": 4, "output_mode": "int"}, ValueError, "output_mode must be one of"),
    ({"num_tokens": 4, "max_tokens": 4}, ValueError, "Unrecognized keyword arguments"),
])  # fmt: skip
def test_wrong_arguments(args, error, match):
    with pytest.raises(error):
        keras.layers.CategoryEncoding(**args)
    with pytest.raises(error, match=match):
        torchkeras.layers.CategoryEncoding(**args)


@pytest.mark.parametrize(("args", "call", "match"), [
    ({}, {"inputs": [[0, 3]]}, "0 <= value < num_tokens=3"),
    ({"sparse": True}, {"inputs": [[0, 1]]}, "no sparse result"),
    ({}, {"inputs": [[0, 1]], "count_weights": [[1.0, 2.0]]}, "output_mode='count' only"),
    ({"output_mode": "count"}, {"inputs": [[0, 1]], "count_weights": [[1.0]]}, "must have the sha"),
])  # fmt: skip
def test_wrong_calls(args, call, match):
    with pytest.raises(ValueError, match=match):
        torchkeras.layers.CategoryEncoding(3, **args)(**call)
