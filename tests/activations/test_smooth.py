import itertools

import keras
import numpy as np
import pytest
import torch

from oracle import assert_close, check_function, rand
from torchkeras import activations as ours

theirs = keras.activations

CASES = [
    ("sigmoid", {}),
    ("log_sigmoid", {}),
    ("tanh", {}),
    ("tanh_shrink", {}),
    ("exponential", {}),
    ("silu", {}),
    ("swish", {}),
    ("gelu", {}),
    ("gelu", {"approximate": True}),
    ("mish", {}),
    ("elu", {}),
    ("elu", {"alpha": 0.3}),
    ("elu", {"alpha": 2}),
    ("celu", {}),
    ("celu", {"alpha": 0.3}),
    ("celu", {"alpha": 2.0}),
    ("selu", {}),
    ("softplus", {}),
    ("softsign", {}),
    ("squareplus", {}),
    ("squareplus", {"b": 0.5}),
    ("squareplus", {"b": 9}),
]
SHAPES = [(), (7,), (4, 5), (2, 3, 4, 5)]
OF_ANY_NUMBER = ["sigmoid", "tanh", "tanh_shrink", "exponential", "softsign", "squareplus"]


@pytest.mark.parametrize(("name", "kwargs"), CASES, ids=str)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_values_and_gradients(name, kwargs, dtype):
    for shape, high in itertools.product(SHAPES, (1.0, 6.0, 30.0)):
        if name == "exponential" and high == 30.0 and dtype == "float16":
            continue
        x = rand(*shape, seed=3, low=-high, high=min(high, 11.0), dtype="float64")
        kind = getattr(torch, dtype)
        check_function(
            lambda x, kind=kind: getattr(ours, name)(x.to(kind), **kwargs),
            lambda x, kind=kind: getattr(theirs, name)(x.to(kind), **kwargs),
            np.asarray(x),
            dtypes="b" not in kwargs,  # real Keras widens 16-bit types for that one
            rtol={"float16": 4e-3, "bfloat16": 3e-2}.get(dtype, 1e-5),
            atol={"float16": 4e-3, "bfloat16": 3e-2}.get(dtype, 1e-6),
        )


@pytest.mark.parametrize("name", [n for n, kwargs in CASES if not kwargs])
def test_far_out(name):
    x = np.array([-1e4, -200.0, -50.0, 0.0, 50.0, 88.0, 1e4, np.inf, -np.inf, np.nan], "float32")
    check_function(getattr(ours, name), getattr(theirs, name), x, grads=False)


@pytest.mark.parametrize("name", OF_ANY_NUMBER)
def test_lists_arrays_and_whole_numbers(name):
    for x in ([-1, 0, 2], [-1.0, 0.5], np.array([-1, 0, 2]), np.array([0.5, 2.0]), 1.5):
        got, want = getattr(ours, name)(x), getattr(theirs, name)(x)
        assert got.dtype == want.dtype
        assert_close(got, want)


def test_variables_give_tensors_with_a_gradient():
    from torchkeras.core.variable import Variable

    v = Variable(rand(3))
    out = ours.tanh(v)
    assert type(out) is torch.Tensor and out.requires_grad
