import itertools

import keras
import numpy as np
import pytest
import torch

from oracle import check_function, rand
from torchkeras import activations as ours

theirs = keras.activations

CASES = [
    ("linear", {}),
    ("relu", {}),
    ("relu6", {}),
    ("leaky_relu", {}),
    ("leaky_relu", {"negative_slope": 0.01}),
    ("leaky_relu", {"negative_slope": -0.5}),
    ("threshold", {"threshold": 0.1, "default_value": 5}),
    ("threshold", {"threshold": -1.5, "default_value": -20.0}),
    ("hard_tanh", {}),
    ("hard_sigmoid", {}),
    ("hard_silu", {}),
    ("hard_swish", {}),
    ("hard_shrink", {}),
    ("hard_shrink", {"threshold": 2.0}),
    ("soft_shrink", {}),
    ("soft_shrink", {"threshold": 2.0}),
    ("sparse_plus", {}),
    ("sparse_sigmoid", {}),
]
SHAPES = [(), (7,), (4, 5), (2, 3, 4, 5)]


@pytest.mark.parametrize(("name", "kwargs"), CASES, ids=str)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_values_and_gradients(name, kwargs, dtype):
    for shape, high in itertools.product(SHAPES, (1.0, 8.0, 80.0)):
        x = rand(*shape, seed=3, low=-high, high=high, dtype="float64")
        kind = getattr(torch, dtype)
        check_function(
            lambda x, kind=kind: getattr(ours, name)(x.to(kind), **kwargs),
            lambda x, kind=kind: getattr(theirs, name)(x.to(kind), **kwargs),
            np.asarray(x),
        )


@pytest.mark.parametrize("negative_slope", [0.0, 0.1, -0.5, 1.0])
@pytest.mark.parametrize("max_value", [None, 0.0, 0.5, 6.0, 7])
def test_relu_with_all_its_arguments(negative_slope, max_value):
    x = rand(6, 50, low=-10, high=10)
    for threshold in (0.0, 2.0, -2, 0.5, 6.0):
        args = negative_slope, max_value, threshold
        check_function(lambda x, a=args: ours.relu(x, *a), lambda x, a=args: theirs.relu(x, *a), x)


def test_relu_at_its_corners():
    x = np.array([-3, -2, -1, 0, 1, 2, 3, 6, 7], "float32")
    for args in itertools.product([0.0, 0.1], [None, 3.0, 6.0], [0.0, 2.0, -2.0]):
        check_function(
            lambda x, a=args: ours.relu(x, *a), lambda x, a=args: theirs.relu(x, *a), x, grads=False
        )
    check_function(ours.relu, theirs.relu, x)
    check_function(ours.relu6, theirs.relu6, x)


@pytest.mark.parametrize("name", ["relu", "relu6", "hard_tanh", "sparse_plus", "sparse_sigmoid"])
def test_whole_numbers(name):
    for x in ([-1, 0, 2, 9], np.array([-1, 0, 2, 9]), np.array([-1, 0, 2], "int8")):
        check_function(getattr(ours, name), getattr(theirs, name), x, grads=False)


def test_the_branch_not_taken_has_no_gradient():
    x = torch.tensor([1e30, -1e30, float("inf")], requires_grad=True)
    ours.sparse_plus(x).sum().backward()
    assert x.grad.tolist() == [1.0, 0.0, 1.0]


def test_negative_max_value_is_refused():
    with pytest.raises(ValueError, match=r"relu: max_value must be >= 0. Received: max_value=-1"):
        ours.relu(torch.ones(2), max_value=-1)


def test_linear_returns_the_object():
    x = [1, 2]
    assert ours.linear(x) is x
