import itertools

import keras
import numpy as np
import pytest
import torch

from oracle import assert_close, check_function, rand
from torchkeras import activations as ours

theirs = keras.activations


CASES = [
    ((5,), -1), ((5,), 0), ((3, 4), -1), ((3, 4), 0), ((3, 4), 1),
    ((2, 3, 4), 1), ((2, 3, 4), -2), ((2, 3, 4), 0), ((2, 1, 3), 1), ((2, 3, 4, 5), 2),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:softmax. axis .* has the size 1")
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_over_one_axis(name, dtype):
    kind = getattr(torch, dtype)
    for shape, axis in CASES:
        for high in (1.0, 20.0):
            check_function(
                lambda x, a=axis: getattr(ours, name)(x.to(kind), axis=a),
                lambda x, a=axis: getattr(theirs, name)(x.to(kind), axis=a),
                rand(*shape, low=-high, high=high, dtype="float64"),
            )


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_over_several_axes(name):
    x = rand(2, 3, 4)
    mine, real = getattr(ours, name), getattr(theirs, name)
    for axis in [(1, 2), (0, 2), (2, 0), (1, 0), (0, 1, 2), None]:
        check_function(lambda x, a=axis: mine(x, axis=a), lambda x, a=axis: real(x, axis=a), x)
    for axis, same in [([1, 2], (1, 2)), ((-1, -2), (1, 2)), ((-3, 2), (0, 2))]:  # ours alone
        assert_close(mine(torch.tensor(x), axis), real(torch.tensor(x), same))


def project(x):
    """The nearest point to a vector among the shares that sum to 1, by bisection."""
    low, high = x.max() - 1.0, x.max()
    for _ in range(100):
        tau = (low + high) / 2
        low, high = (tau, high) if np.maximum(x - tau, 0).sum() > 1 else (low, tau)
    return np.maximum(x - tau, 0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_sparsemax_is_the_projection(dtype):
    kind, tolerance = getattr(torch, dtype), {"float16": 4e-3, "bfloat16": 3e-2}.get(dtype, 1e-5)
    agreed = 0
    for (shape, axis), high in itertools.product(CASES, (0.2, 1.0, 5.0, 20.0)):
        x = torch.tensor(rand(*shape, seed=5, low=-high, high=high)).to(kind)
        got = ours.sparsemax(x, axis=axis)
        assert got.dtype == kind
        want = np.apply_along_axis(project, axis, x.double().numpy())
        assert_close(got.double(), want, tolerance, tolerance)
        # Real Keras leaves values out of the sum now and then; where it sums to one, it agrees.
        real = theirs.sparsemax(x, axis=axis)
        if (real.double().sum(axis) - 1).abs().max() < 1e-6:
            assert_close(got, real, tolerance, tolerance)
            agreed += 1
    assert agreed > 3 or kind.itemsize == 2


def test_sparsemax_gradient():
    x = torch.tensor(rand(3, 4, 5, low=-2, high=2, dtype="float64"), requires_grad=True)
    for axis in (-1, 0, 1):
        assert torch.autograd.gradcheck(lambda x, a=axis: ours.sparsemax(x, a), x)


@pytest.mark.parametrize("axis", [-1, 0, 1, 2])
def test_glu(axis):
    check_function(
        lambda x: ours.glu(x, axis=axis), lambda x: theirs.glu(x, axis=axis), rand(2, 4, 6)
    )


def test_sparsemax_has_zeros_and_sums_to_one():
    out = ours.sparsemax(torch.tensor(rand(50, 9, low=-3, high=3)))
    assert_close(out.sum(-1), np.ones(50, "float32"))
    assert (out == 0).any() and (out >= 0).all()


def test_lists_and_arrays():
    x = [[1.0, 2.0], [3.0, 3.0]]
    assert_close(ours.softmax(x), theirs.softmax(torch.tensor(x)))
    assert ours.sparsemax(np.array([[1, 2, 9]])).tolist() == [[0.0, 0.0, 1.0]]
