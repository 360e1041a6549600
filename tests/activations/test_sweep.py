"""Every activation × random arguments and shapes against real Keras: values and gradients."""

import inspect

import keras
import numpy as np
import pytest
import torch

from oracle import check_function
from torchkeras import activations as ours

theirs = keras.activations
AXES = {"axis": [-1, 0, 1]}

# Name: values of the arguments.
ROWS = {
    "celu": {"alpha": [1.0, 0.3, 2.0]},
    "elu": {"alpha": [1.0, 0.3, 2]},
    "exponential": {},
    "gelu": {"approximate": [False, True]},
    "glu": AXES,
    "hard_shrink": {"threshold": [0.5, 2.0]},
    "hard_sigmoid": {},
    "hard_silu": {},
    "hard_tanh": {},
    "leaky_relu": {"negative_slope": [0.2, 0.01, -0.5]},
    "linear": {},
    "log_sigmoid": {},
    "log_softmax": AXES,
    "mish": {},
    "relu": {
        "negative_slope": [0.0, 0.1, -0.5], "max_value": [None, 0.5, 6.0],
        "threshold": [0.0, 2.0, -2],
    },
    "relu6": {},
    "selu": {},
    "sigmoid": {},
    "silu": {},
    "soft_shrink": {"threshold": [0.5, 2.0]},
    "softmax": AXES,
    "softplus": {},
    "softsign": {},
    "sparse_plus": {},
    "sparse_sigmoid": {},
    "sparsemax": AXES,
    "squareplus": {"b": [4, 0.5, 9]},
    "tanh": {},
    "tanh_shrink": {},
    "threshold": {"threshold": [0.1, -1.5], "default_value": [5, -20.0]},
}  # fmt: skip


def shape_of(rng, name):
    rank = int(rng.integers(2 if "axis" in ROWS[name] else 0, 5))
    shape = rng.integers(1, 6, rank)
    return tuple(int(n) for n in (shape * 2 if name == "glu" else shape))


@pytest.mark.filterwarnings("ignore:softmax. axis .* has the size 1")
@pytest.mark.sweep
@pytest.mark.parametrize("name", ROWS)
def test_activations(name, figures):
    mine, real = getattr(ours, name), getattr(theirs, name)
    rng = np.random.default_rng(sum(map(ord, name)))
    with figures("activations", name) as seen:
        case = 0
        while seen.cases < 40 and case < 400:
            case += 1
            args = {k: v[rng.integers(len(v))] for k, v in ROWS[name].items()}
            high = rng.choice([0.5, 3.0, 10.0])
            x = rng.uniform(-high, high, shape_of(rng, name)).astype("float32")
            if name == "sparsemax":  # Keras leaves values out of the sum now and then
                sums = real(torch.tensor(x), **args).double().sum(args["axis"])
                if (sums - 1).abs().max() > 1e-6:
                    continue
            check_function(
                lambda x, a=args: mine(x, **a), lambda x, a=args: real(x, **a), x,
                dtypes=name != "squareplus",
            )  # fmt: skip
            seen.cases += 1


def test_every_public_name_is_swept():
    found = {f.__name__ for _, f in inspect.getmembers(theirs, inspect.isfunction)}
    assert found - {"get", "serialize", "deserialize"} == set(ROWS)
    assert ours.swish is ours.silu
    assert ours.hard_swish is ours.hard_silu
