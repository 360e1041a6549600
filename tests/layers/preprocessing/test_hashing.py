"""Hashing: real Keras's recorded bins, forms of inputs, bad input."""

import numpy as np
import pytest
import text_golden
import torch

import torchkeras
from torchkeras.layers import Hashing

CALLS, NAMES = text_golden.of("Hashing")


@pytest.mark.parametrize("case", CALLS, ids=NAMES)
def test_as_keras(case):
    text_golden.check_calls(case)


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        (["A", "B", "C", "D", "E"], [1, 0, 1, 1, 2]),
        (np.array([b"A", b"B"]), [1, 0]),
        ("A", 1),
        (np.array([0, 1], "int32"), [1, 0]),
        (np.array([1.5]), [0]),  # as the text 1.500000
        (np.array([True]), [0]),  # as the text true
        (torch.tensor([3, 4]), [0, 2]),
    ],
    ids=["list", "bytes", "scalar", "int32", "float", "bool", "tensor"],
)
def test_what_is_hashed(inputs, expected):
    """The expected bins were probed in real Keras."""
    assert Hashing(num_bins=3)(inputs).tolist() == expected


def test_before_an_embedding():
    inputs = torchkeras.Input((2,), dtype="string")
    outputs = torchkeras.layers.Embedding(10, 3)(Hashing(10)(inputs))
    model = torchkeras.Model(inputs, outputs)
    assert model.predict(np.array([["a", "b"], ["c", "d"]]), verbose=0).shape == (2, 2, 3)


BAD = [
    ({"num_bins": 0}, "num_bins cannot be None or non-positive"),
    ({"num_bins": None}, "num_bins cannot be None or non-positive"),
    ({"num_bins": 3, "output_mode": "tf_idf"}, "output_mode must be one of 'int'"),
    ({"num_bins": 3, "salt": "a"}, "salt must be an integer or a tuple"),
    ({"num_bins": 3, "salt": [1]}, "salt must be an integer or a tuple"),
    ({"num_bins": 3, "dtype": "float32"}, "dtype must be 'int32' or 'int64'"),
    ({"num_bins": 3, "output_mode": "count", "sparse": True}, "sparse=True can only be used"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        Hashing(**arguments)


@pytest.mark.parametrize(("mask", "inputs"), [("", [1, 2]), (0, ["a"])])
def test_a_mask_of_another_kind(mask, inputs):
    with pytest.raises(TypeError, match="mask_value must be of the kind of the inputs"):
        Hashing(num_bins=3, mask_value=mask)(inputs)
