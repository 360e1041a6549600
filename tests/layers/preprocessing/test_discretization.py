"""Discretization against real Keras."""

import keras
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import torchkeras
from oracle import assert_close, check_config, check_layer, clear_names, rand

MODES = ["int", "one_hot", "multi_hot", "count"]
SHAPES = [(6,), (6, 1), (6, 4), (2, 3, 4), (2, 3, 1), ()]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", [None, "float16", "int64", "mixed_float16"])
def test_given_boundaries(shape, mode, dtype):
    args = {"bin_boundaries": [-0.5, 0.1, 0.5], "output_mode": mode, "dtype": dtype}
    x = np.asarray(rand(*shape))
    clear_names()
    ours, theirs = (lib.layers.Discretization(**args) for lib in (torchkeras, keras))
    check_config(ours, theirs)
    assert_close(ours(x), theirs(x))
    assert ours(x).dtype == theirs(x).dtype
    assert (ours.input_dtype, ours.output_dtype) == (theirs.input_dtype, theirs.output_dtype)
    if shape:
        partly = (None, *shape[1:])
        assert ours.compute_output_shape(partly) == tuple(theirs.compute_output_shape(partly))
        a, b = ours(torchkeras.Input(shape[1:])), theirs(keras.Input(shape[1:]))
        assert (a.shape, a.dtype) == (b.shape, b.dtype)


@pytest.mark.parametrize("mode", MODES)
def test_contract(mode):
    args = {"bin_boundaries": [0.0, 1, 2], "output_mode": mode, "name": "d"}
    check_layer("Discretization", args, 3 * rand(5, 4), grads=False)


@pytest.mark.parametrize("x", [
    np.array([np.nan, np.inf, -np.inf, 1.5, 2.5]), np.arange(5), [1.0, 2.0, 1.5], 3.0, 2,
    np.array([True, False]), np.array([1.5], "float16"), np.array([1.5, 2.4999999999], "float64"),
])  # fmt: skip
def test_kinds_of_inputs(x):
    ours, theirs = (lib.layers.Discretization([1.5, 2.5]) for lib in (torchkeras, keras))
    assert_close(ours(x), theirs(x))


def seen(lib, parts, **args):
    """A layer that has seen batches. (Keras's `adapt` needs TensorFlow.)"""
    layer = lib.layers.Discretization(**args)
    for x in parts:
        layer.update_state(x)
    layer.finalize_state()
    return layer


SIZES = [[1000], [100], [99], [150], [201], [7], [3], [50, 200, 3], [5000], [999, 1001], [1]]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize(("num_bins", "epsilon"), [
    (5, 0.01), (32, 0.01), (4, 0.1), (3, 0.5), (10, 0.013), (1, 0.01), (2, 1.0), (200, 0.01),
])  # fmt: skip
def test_quantiles(sizes, num_bins, epsilon):
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=n).astype("float32") for n in sizes]
    args = {"num_bins": num_bins, "epsilon": epsilon, "output_mode": "one_hot"}
    clear_names()
    ours, theirs = (seen(lib, parts, **args) for lib in (torchkeras, keras))
    assert_close(ours.summary, theirs.summary, 1e-6, 1e-7)
    assert_close(ours.bin_boundaries, theirs.bin_boundaries, 1e-6, 1e-7)
    assert_close(ours(parts[0]), theirs(parts[0]))
    check_config(seen_config := ours, theirs)
    again = torchkeras.layers.Discretization.from_config(seen_config.get_config())
    assert again.bin_boundaries == ours.bin_boundaries and again.num_bins == num_bins
    assert_close(again(parts[0]), ours(parts[0]))


@pytest.mark.parametrize("x", [
    np.ones((5, 3)), np.array([1.0, np.nan, 3, np.inf, -np.inf] * 5), np.arange(30),
    np.zeros((0, 3)), np.arange(24).reshape(2, 3, 4) * 0.5,
])  # fmt: skip
def test_odd_data(x):
    ours, theirs = (seen(lib, [x], num_bins=4, epsilon=0.1) for lib in (torchkeras, keras))
    assert_close(ours.summary, theirs.summary)
    assert_close(ours.bin_boundaries, theirs.bin_boundaries)


X = rand(40, 3)


@pytest.mark.parametrize("data", [
    pytest.param(lambda: X, id="array"),
    pytest.param(lambda: torch.tensor(X), id="tensor"),
    pytest.param(lambda: X.tolist(), id="numbers"),
    pytest.param(lambda: [X[:20], X[20:]], id="arrays"),
    pytest.param(lambda: (X[:20], X[20:]), id="tuple"),
    pytest.param(lambda: (X[i : i + 10] for i in range(0, 40, 10)), id="generator"),
    pytest.param(lambda: ((X[i : i + 10], 0) for i in range(0, 40, 10)), id="pairs"),
    pytest.param(lambda: DataLoader(torch.tensor(X), batch_size=8), id="DataLoader"),
])  # fmt: skip
def test_adapt(data):
    layer = torchkeras.layers.Discretization(num_bins=4, epsilon=0.001)
    layer.adapt(data())
    assert_close(layer.bin_boundaries, seen(keras, [X], num_bins=4, epsilon=0.001).bin_boundaries)


def test_adapt_again_forgets_and_steps():
    layer = torchkeras.layers.Discretization(num_bins=3)
    layer.adapt(X + 10)
    layer.adapt(iter([X, X + 100]), steps=1)
    assert_close(layer.bin_boundaries, seen(keras, [X], num_bins=3).bin_boundaries)
    assert layer(X).max() == 2  # the boundaries of before are not kept anywhere


def test_adapted_in_a_file(tmp_path):
    layer = seen(torchkeras, [X], num_bins=4, output_mode="one_hot")
    model = torchkeras.Sequential([torchkeras.Input((3,)), layer, torchkeras.layers.Flatten()])
    model.save(tmp_path / "m.keras")
    for lib in (keras, torchkeras):
        again = lib.saving.load_model(tmp_path / "m.keras")
        assert_close(again(torch.tensor(X)), model(torch.tensor(X)))
    theirs = seen(keras, [X], num_bins=4)
    keras.Sequential([keras.Input((3,)), theirs]).save(tmp_path / "k.keras")
    again = torchkeras.saving.load_model(tmp_path / "k.keras")
    assert_close(again(torch.tensor(X)), theirs(torch.tensor(X)))


def test_before_adapt():
    layer = torchkeras.layers.Discretization(num_bins=3, output_mode="one_hot")
    assert layer(torchkeras.Input((4,))).shape == (None, 4, 3)
    with pytest.raises(ValueError, match=r"call adapt\(data\) before"):
        layer(X)


def test_in_a_loader():
    layer = seen(torchkeras, [X], num_bins=4)
    rows = DataLoader(X, batch_size=8, collate_fn=lambda rows: layer(np.stack(rows)))
    assert_close(torch.cat(list(rows)), layer(X))


@pytest.mark.parametrize(("args", "match"), [
    ({}, "either num_bins or bin_boundaries"),
    ({"num_bins": 3, "bin_boundaries": [1.0]}, "either num_bins or bin_boundaries"),
    ({"num_bins": -1}, "num_bins must be an integer >= 0"),
    ({"num_bins": 3, "output_mode": "a"}, "output_mode must be one of"),
    ({"num_bins": 3, "sparse": True, "output_mode": "one_hot"}, "no sparse result"),
])  # fmt: skip
def test_wrong_arguments(args, match):
    with pytest.raises(ValueError):  # noqa: PT011
        keras.layers.Discretization(**args)
    with pytest.raises(ValueError, match=match):
        torchkeras.layers.Discretization(**args)


def test_order_of_boundaries():
    with pytest.raises(ValueError, match="ascending order"):
        torchkeras.layers.Discretization([2.0, 1.0])


@pytest.mark.parametrize(("args", "data", "error", "match"), [
    ({"bin_boundaries": [1.0]}, X, ValueError, "not with boundaries of its own"),
    ({"num_bins": 0}, X, ValueError, "needs num_bins and epsilon above 0"),
    ({"num_bins": 3, "epsilon": 0.0}, X, ValueError, "needs num_bins and epsilon above 0"),
    ({"num_bins": 3}, "text", TypeError, "adapt.. takes an array"),
    ({"num_bins": 3}, {"a": X}, TypeError, "adapt.. takes an array"),
    ({"num_bins": 3}, None, TypeError, "adapt.. takes an array"),
    ({"num_bins": 3}, iter([]), ValueError, "at least one batch"),
])  # fmt: skip
def test_wrong_data(args, data, error, match):
    with pytest.raises(error, match=match):
        torchkeras.layers.Discretization(**args).adapt(data)
