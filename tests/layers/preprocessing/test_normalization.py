"""Normalization against real Keras."""

import itertools

import keras
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import torchkeras
from oracle import assert_close, check_config, check_layer, check_weights, clear_names, rand

X = rand(6, 4, 3) * 3 + 1

AXES = [-1, None, 0, 1, 2, (1, 2), (0,), (2, 1), (-1, -2), [1], ()]


def adapted(data, their_data=None, **args):
    """The layer of both libraries, adapted on the same array."""
    clear_names()
    pair = [lib.layers.Normalization(**args) for lib in (torchkeras, keras)]
    pair[0].adapt(data)
    pair[1].adapt(data if their_data is None else their_data)
    return pair


@pytest.mark.parametrize(("axis", "invert"), [*itertools.product(AXES, [False, True])])
def test_adapt(axis, invert):
    ours, theirs = adapted(X, axis=axis, invert=invert)
    check_config(ours, theirs)
    check_weights(ours, theirs)
    assert_close(ours.get_weights(), theirs.get_weights())
    assert_close(ours.mean, theirs.mean)
    assert_close(ours.variance, theirs.variance)
    assert_close(ours(X), theirs(X))
    assert tuple(ours.get_build_config()["input_shape"]) == theirs.get_build_config()["input_shape"]


@pytest.mark.parametrize("args", [
    {"mean": 1.0, "variance": 2.0},
    {"mean": [1.0, 2, 3], "variance": [1, 2.0, 3]},
    {"mean": [1.0, 2, 3, 4], "variance": [1, 2.0, 3, 4], "axis": 1, "invert": True},
    {"mean": 0, "variance": 0, "axis": None},
    {"mean": (1.0, 2, 3), "variance": (1, 2.0, 3), "invert": True},
    {"mean": [[1.0, 2, 3]] * 4, "variance": [[1.0, 2, 3]] * 4, "axis": (2, 1)},
    {"mean": [[1.0]] * 4, "variance": [[2.0]] * 4, "axis": (1, 2)},
    {"mean": 1.5, "variance": 0.25, "trainable": False, "name": "norm"},
])  # fmt: skip
@pytest.mark.parametrize("dtype", [None, "mixed_float16", "float64"])
def test_given(args, dtype):
    check_layer("Normalization", args, X, dtype=dtype)


@pytest.mark.parametrize("array", [np.array, torch.tensor, np.float32])
def test_given_as_arrays(array):
    layer = torchkeras.layers.Normalization(mean=array(2.0), variance=array(4.0))
    assert_close(layer(np.array([4.0])), np.float32([1]))
    assert (layer.get_config()["mean"], layer.get_config()["variance"]) == (2.0, 4.0)


def test_before_adapt():
    """Mean 0 and variance 1, as in Keras."""
    check_layer("Normalization", {}, X)


@pytest.mark.parametrize("dtype", ["float16", "mixed_float16", "bfloat16", "float64"])
def test_dtypes(dtype):
    ours, theirs = adapted(X, dtype=dtype)
    check_weights(ours, theirs)
    tolerance = {"bfloat16": 3e-2, "float64": 1e-5}.get(dtype, 4e-3)
    assert_close(ours(X), theirs(X), tolerance, tolerance)
    assert ours(X).dtype == theirs(X).dtype
    assert ours(np.arange(3).reshape(1, 1, 3)).dtype == theirs(np.arange(3).reshape(1, 1, 3)).dtype


@pytest.mark.parametrize("x", [
    np.arange(12).reshape(4, 3), X.astype("float64"), X.astype("float16"), X[:, 0, 0], X[:1],
    np.ones((5, 2), "float32"), np.array([[1e6, 1e6 + 1], [1e6 + 2, 1e6 + 5]]),
])  # fmt: skip
def test_kinds_of_arrays(x):
    for axis in (-1, None):
        ours, theirs = adapted(x, axis=axis)
        tolerance = 2e-3 if x.dtype == np.float16 else 1e-5  # Keras's own sums are in 16 bits
        assert_close(ours.get_weights(), theirs.get_weights(), tolerance)
        assert_close(ours(x), theirs(x), *((1e-2, 1e-2) if x.dtype == np.float16 else (1e-5,)))
        assert_close(adapted(torch.tensor(x), x, axis=axis)[0].get_weights(), ours.get_weights())


class Batches(torchkeras.utils.PyDataset):
    def __init__(self, *batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index]


PARTS = [X[:2], X[2:3], X[3:]]


@pytest.mark.parametrize("data", [
    pytest.param(lambda: PARTS, id="list"),
    pytest.param(lambda: tuple(PARTS), id="tuple"),
    pytest.param(lambda: (x for x in PARTS), id="generator"),
    pytest.param(lambda: ((x, 1) for x in PARTS), id="pairs"),
    pytest.param(lambda: map(torch.tensor, PARTS), id="tensors"),
    pytest.param(lambda: Batches(*PARTS), id="PyDataset"),
    pytest.param(lambda: Batches(*((x, 1) for x in PARTS)), id="PyDataset of pairs"),
    pytest.param(lambda: DataLoader(torch.tensor(X), batch_size=4), id="DataLoader"),
    pytest.param(lambda: DataLoader(TensorDataset(torch.tensor(X)), 4), id="TensorDataset"),
])  # fmt: skip
@pytest.mark.parametrize("axis", [-1, None, (1, 2)])
def test_adapt_on_batches(data, axis):
    layer = torchkeras.layers.Normalization(axis=axis)
    layer.adapt(data())
    whole, _ = adapted(X, axis=axis)
    assert_close(layer.get_weights(), whole.get_weights())


def test_recorded_batches():
    """What Keras on TensorFlow finds for batches of sizes 2, 2 and 1."""
    x = np.random.default_rng(0).normal(size=(6, 4, 3)).astype("float32")
    layer = torchkeras.layers.Normalization()
    layer.adapt(iter([x[:2], x[2:4], x[4:5]]))
    assert_close(layer.adapt_mean, np.float32([0.01877648, 0.01421885, 0.1988923]))
    assert_close(layer.adapt_variance, np.float32([1.28479123, 0.5696733, 0.53962326]))


def test_adapt_again_forgets():
    layer = torchkeras.layers.Normalization()
    layer.adapt(X)
    layer.adapt(3 * X + 1)
    assert_close(layer.get_weights(), adapted(3 * X + 1)[0].get_weights())


def test_of_frames():
    pandas = pytest.importorskip("pandas")
    layer = torchkeras.layers.Normalization()
    layer.adapt(pandas.DataFrame({"a": [1.0, 3.0], "b": [2.0, 2.0]}))
    assert_close(layer.adapt_mean, np.float32([2, 2]))


def test_lists_and_numbers():
    layer = torchkeras.layers.Normalization(axis=None, mean=1.0, variance=4.0)
    assert_close(layer([[1.0, 3.0]]), np.float32([[0, 1]]))
    assert_close(layer(5), np.float32([[2]]))


def test_mask_is_handed_on():
    check_layer("Normalization", {"mean": 1.0, "variance": 2.0}, X, mask=rand(6, 4) > 0)


def test_inverse():
    layer, back = torchkeras.layers.Normalization(), torchkeras.layers.Normalization(invert=True)
    layer.adapt(X), back.adapt(X)
    assert_close(back(layer(X)), X)


@pytest.mark.parametrize("writer", [torchkeras, keras])
def test_file(tmp_path, writer):
    reader = keras if writer is torchkeras else torchkeras
    layer = writer.layers.Normalization()
    layer.adapt(X)
    model = writer.Sequential([writer.Input((4, 3)), layer, writer.layers.Dense(2)])
    model.save(tmp_path / "m.keras")
    for lib in (reader, writer):
        again = lib.saving.load_model(tmp_path / "m.keras")
        assert_close(again(torch.tensor(X)), model(torch.tensor(X)))
        assert_close(again.layers[0].mean, layer.mean)


def test_state_dict_and_set_weights():
    layer, other = torchkeras.layers.Normalization(), torchkeras.layers.Normalization()
    layer.adapt(X), other.build(X.shape)
    other.load_state_dict(layer.state_dict())
    assert_close(other(X), layer(X))
    other.set_weights([np.zeros(3), np.ones(3), 0])
    assert_close(other(X), X)


def test_adapt_after_symbolic_use():
    inputs = torchkeras.Input((4, 3))
    layer = torchkeras.layers.Normalization()
    model = torchkeras.Model(inputs, layer(inputs))
    layer.adapt(X)
    assert_close(model.predict(X, verbose=0), adapted(X)[1](X))


def test_in_a_loader():
    layer, _ = adapted(X)
    rows = DataLoader(X, batch_size=2, collate_fn=lambda rows: layer(np.stack(rows)))
    assert_close(torch.cat(list(rows)), layer(X))


def test_compiles():
    layer, _ = adapted(X)
    x = torch.tensor(X)
    layer(x)
    assert_close(torch.compile(layer, fullgraph=True, backend="eager")(x), layer(x))


@pytest.mark.parametrize(("args", "error", "match"), [
    ({"mean": 1.0}, ValueError, "mean and variance must be given together"),
    ({"variance": 1.0}, ValueError, "mean and variance must be given together"),
    ({"mean": [1.0], "variance": 2.0}, ValueError, "must have the same shape"),
    ({"axis": "a"}, TypeError, "axis must be an integer, integers or None"),
])  # fmt: skip
def test_wrong_arguments(args, error, match):
    with pytest.raises(error):
        keras.layers.Normalization(**args).build((2, 3))
    with pytest.raises(error, match=match):
        torchkeras.layers.Normalization(**args)


@pytest.mark.parametrize(("layer", "shape", "match"), [
    ({"axis": 5}, (2, 3), "axis must be within the input's 2 axes"),
    ({"axis": 1}, (None, None, 3), "must have a known size"),
    ({"mean": [1.0, 2], "variance": [1.0, 2]}, (2, 3), "must broadcast to the shape"),
])  # fmt: skip
def test_wrong_shapes(layer, shape, match):
    with pytest.raises(ValueError, match=match):
        torchkeras.layers.Normalization(**layer).build(shape)


@pytest.mark.parametrize(("data", "error", "match"), [
    ("text", TypeError, "adapt.. takes an array"),
    ({"a": X}, TypeError, "adapt.. takes an array"),
    (None, TypeError, "adapt.. takes an array"),
    (3.0, TypeError, "adapt.. takes an array"),
    ([1.0, 2.0], TypeError, "whose batches are arrays"),
    ([], ValueError, "at least one batch"),
    (X[..., :2], ValueError, "fits the shape"),
    (X[0], ValueError, "fits the shape"),
])  # fmt: skip
def test_wrong_data(data, error, match):
    layer = torchkeras.layers.Normalization()
    layer.adapt(X)
    before = layer.get_weights()
    with pytest.raises(error, match=match):
        layer.adapt(data)
    assert_close(layer.get_weights(), before)


def test_adapt_with_given_statistics():
    with pytest.raises(ValueError, match="without mean and variance of its own"):
        torchkeras.layers.Normalization(mean=1.0, variance=2.0).adapt(X)
