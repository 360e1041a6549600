import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close, dtype_of, rand

LABELS = [
    [0, 1, 2],
    (0, 1),
    2,
    [0.0, 2.0],
    [True, False],
    np.array([[0], [2]]),
    np.array([[0, 1], [2, 1]]),
    np.array([[[1]], [[0]]]),
    np.array([3, 0], "uint8"),
]


@pytest.mark.parametrize("num_classes", [None, 4, 7])
@pytest.mark.parametrize("labels", LABELS, ids=str)
def test_to_categorical(labels, num_classes):
    ours = torchkeras.utils.to_categorical(labels, num_classes)
    theirs = keras.utils.to_categorical(labels, num_classes)
    assert ours.dtype == theirs.dtype
    assert_close(ours, theirs)


@pytest.mark.parametrize("labels", [[0, 2], [[0], [2]], [[1, 2], [0, 0]]])
def test_to_categorical_of_a_tensor(labels):
    x = torch.tensor(labels)
    ours, theirs = (k.utils.to_categorical(x, 3) for k in (torchkeras, keras))
    assert isinstance(ours, torch.Tensor)
    assert ours.dtype == theirs.dtype
    assert_close(ours, theirs)
    assert_close(torchkeras.utils.to_categorical(x), theirs)


def test_to_categorical_of_nothing():
    assert torchkeras.utils.to_categorical([], 3).shape == (0, 3)
    with pytest.raises(ValueError, match="num_classes is needed"):
        torchkeras.utils.to_categorical([])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 3], r"from 0 to 2. Received: 3 at \[1\]"),
        ([[0, 1], [-1, 0]], r"Received: -1 at \[1, 0\]"),
        ([0.5], r"Received: 0.5 at \[0\]"),
        ([float("nan")], r"Received: nan at \[0\]"),
        (["a"], "whole numbers"),
        (torch.tensor([0, 5]), r"Received: 5 at \[1\]"),
    ],
)
def test_to_categorical_names_what_is_wrong(labels, message):
    with pytest.raises(ValueError, match=message):
        torchkeras.utils.to_categorical(labels, 3)


@pytest.mark.parametrize("num_classes", [0, -1, 2.5, True])
def test_to_categorical_needs_a_positive_number_of_classes(num_classes):
    with pytest.raises(ValueError, match="num_classes must be a positive integer"):
        torchkeras.utils.to_categorical([0], num_classes)


@pytest.mark.parametrize("order", [1, 2, 3, 2.5, np.inf])
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("kind", ["float32", "float64", "int64", "tensor"])
def test_normalize(kind, axis, order):
    x = rand(3, 4) * 5
    x[1] = 0
    x[:, 2] = 0
    x = torch.tensor(x) if kind == "tensor" else x.astype(kind)
    ours = torchkeras.utils.normalize(x, axis=axis, order=order)
    norm = np.linalg.norm(np.asarray(x), order, axis, keepdims=True)
    assert_close(np.asarray(ours), np.asarray(x) / np.where(norm == 0, 1, norm))
    if axis == 0 if kind != "tensor" else not isinstance(order, int):
        return  # Keras divides arrays along another axis, and refuses these orders on tensors
    theirs = keras.utils.normalize(x, axis=axis, order=order)
    assert type(ours) is type(theirs)
    assert dtype_of(ours) == dtype_of(theirs)
    assert_close(ours, theirs)


def test_normalize_other_inputs():
    assert_close(torchkeras.utils.normalize([3, 4]), keras.utils.normalize([3, 4]))
    assert_close(
        torchkeras.utils.normalize(rand(2, 3, 4), 1), keras.utils.normalize(rand(2, 3, 4), 1)
    )
    x = torch.tensor([[3.0, 4.0], [0.0, 0.0]], requires_grad=True)
    torchkeras.utils.normalize(x).sum().backward()
    assert torch.isfinite(x.grad).all()
    with pytest.raises(ValueError, match="order must be a number"):
        torchkeras.utils.normalize(x, order="a")
