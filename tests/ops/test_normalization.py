import numpy as np
import pytest
import torch
from op_check import check
from ops_oracle import check_op

import torchkeras as keras
from oracle import rand

X = rand(2, 3, 4)
ALMOST_0 = np.array([[0.0, 0.0], [1e-8, 0.0], [3.0, -4.0]], "float32")


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2])
def test_batch_normalization(axis):
    n = X.shape[axis]
    mean, offset, scale = (rand(n, seed=i) for i in (1, 2, 3))
    variance = rand(n, seed=4, low=0.1)
    for rest in ((), (offset,), (None, scale), (offset, scale)):
        check("batch_normalization", X, mean, variance, axis, *rest, symbols=False)
        check_op("batch_normalization", X, mean, variance, axis, *rest, epsilon=0.1)
    check_op("batch_normalization", X.astype("float16"), mean, variance, axis)
    check_op("batch_normalization", X.astype("float64"), mean, variance, axis, offset)


def test_batch_normalization_of_symbols():
    features = [keras.KerasTensor((4,)) for _ in range(4)]
    got = keras.ops.batch_normalization(keras.KerasTensor((None, 3, 4)), *features[:2], -1)
    assert got.shape == (None, 3, 4)
    x = keras.KerasTensor((None, 4, None))
    got = keras.ops.batch_normalization(x, *features[:2], 1, None, features[2])
    assert got.shape == (None, 4, None)


@pytest.mark.parametrize("axis", [-1, 2, (1, 2), (-2, -1), (0, 1, 2)])
@pytest.mark.parametrize("epsilon", [None, 0.1])
def test_layer_and_rms_normalization(axis, epsilon):
    axes = [axis] if isinstance(axis, int) else axis
    shape = [X.shape[a] for a in axes]
    gamma, beta = rand(*shape, seed=1), rand(*shape, seed=2)
    options = {"axis": axis, "epsilon": epsilon}
    for rest in ((), (gamma,), (gamma, beta)):
        check("layer_normalization", X, *rest, symbols=0 not in axes, **options)
        if len(rest) < 2:
            check("rms_normalization", X, *rest, symbols=0 not in axes, **options)


@pytest.mark.parametrize("axis", [0, 1, (0, 1), (0, 2)])
def test_axes_that_are_not_last(axis):
    """As of the axes moved to the end: Keras takes no weights there."""
    axes = [axis] if isinstance(axis, int) else list(axis)
    last = list(range(-len(axes), 0))
    x = torch.tensor(X)
    weights = [torch.tensor(rand(*(X.shape[a] for a in axes), seed=i)) for i in (1, 2)]
    moved = x.movedim(axes, last)
    for name, count in (("layer_normalization", 2), ("rms_normalization", 1)):
        f = getattr(keras.ops, name)
        want = f(moved, *weights[:count], axis=last).movedim(last, axes)
        torch.testing.assert_close(f(x, *weights[:count], axis=axis), want)
    check_op("layer_normalization", X, axis=axis)
    check_op("rms_normalization", X, axis=axis)


@pytest.mark.filterwarnings("ignore")
def test_rms_scaling_of_older_scripts():
    check_op("layer_normalization", X, rand(4, seed=1), rms_scaling=True)
    check_op("layer_normalization", X, rms_scaling=True, axis=-1, epsilon=0.2)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_normalize(dtype):
    # In 16 bits the default epsilon is 0 for Keras.
    for x in (X.astype(dtype), *([] if dtype == "float16" else [ALMOST_0.astype(dtype)])):
        for axis in (-1, 0, (0, 1), 1):
            for order in (1, 2, 3):
                for epsilon in (None, 1e-3):
                    check_op("normalize", x, axis, order, epsilon)
    check("normalize", X)
    check("normalize", np.arange(6).reshape(2, 3), grads=False)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_moments(dtype):
    for axes in ([0], [1, 2], [-1], [0, 1, 2]):
        for keepdims in (False, True):
            x = X.astype(dtype)
            check("moments", x, axes, keepdims, symbols=0 not in axes, grads=dtype != "float16")
    check_op("moments", (300 * np.arange(4)).astype("float16"), [0])  # the variance is cut off
    mean, variance = keras.ops.moments(torch.arange(4), [0], synchronized=True)
    assert (mean.item(), variance.item()) == (1.5, 1.25)


def test_integers_become_floats():
    x = np.arange(6).reshape(2, 3)
    for name in ("layer_normalization", "rms_normalization"):
        got = getattr(keras.ops, name)(x)
        torch.testing.assert_close(got, getattr(keras.ops, name)(x.astype("float32")))
    mean, variance = np.zeros(3), np.ones(3)
    assert keras.ops.batch_normalization(x, mean, variance, -1, epsilon=0).tolist() == x.tolist()


@pytest.mark.parametrize(
    ("name", "args", "error", "message"),
    [
        ("normalize", (X, -1, 0), ValueError, "order must be a positive integer"),
        ("normalize", (X, 3), ValueError, "axis must be an axis"),
        ("normalize", (X, (0, 1), 3), ValueError, "order must be 1 or 2"),
        ("moments", (X, [5]), ValueError, "axis must be an axis"),
        ("batch_normalization", (X, X[0, 0], X[0, 0], 7), ValueError, "axis must be an axis"),
    ],
)
def test_bad_arguments(name, args, error, message):
    with pytest.raises(error, match=message):
        getattr(keras.ops, name)(*args)
    with pytest.raises(TypeError, match="unknown arguments"):
        keras.ops.layer_normalization(X, foo=1)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("shape", [(4,), (3, 4)])
def test_normalize_over_all_axes(order, shape):
    check_op("normalize", rand(*shape), axis=None, order=order)


def test_rms_scaling_is_deprecated():
    with pytest.warns(UserWarning, match="rms_normalization"):
        keras.ops.layer_normalization(torch.ones(2, 3), rms_scaling=True)
