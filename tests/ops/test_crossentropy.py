import numpy as np
import pytest
import torch
from op_check import check
from ops_oracle import check_op

import torchkeras as keras
from oracle import rand

P = rand(2, 3, 4, low=0.05, high=1.0)
Z = rand(2, 3, 4, low=-3, high=3)
T = rand(2, 3, 4, seed=1, low=0.0)


@pytest.mark.parametrize("from_logits", [False, True])
def test_binary(from_logits):
    out = Z if from_logits else P
    check("binary_crossentropy", T, out, from_logits)
    check("binary_crossentropy", (T > 0.5).astype("float32"), out, from_logits)
    check_op(
        "binary_crossentropy", np.array([0.0, 1, 1], "float32"), np.array([1.0, 0, 1], "float32")
    )
    for dtype in ("float64", "float16"):
        check_op("binary_crossentropy", T.astype(dtype), out.astype(dtype), from_logits)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("axis", [-1, 2, 1, 0])
def test_categorical(from_logits, axis):
    out = Z if from_logits else P
    check("categorical_crossentropy", T, out, from_logits, axis, symbols=axis in (-1, 2))
    shape = list(out.shape)
    classes = shape.pop(axis)
    target = rand(*shape, seed=2, low=0, high=classes, dtype="int64")
    check("sparse_categorical_crossentropy", target, out, from_logits, axis, symbols=axis == -1)
    check("sparse_categorical_crossentropy", np.expand_dims(target, axis), out, from_logits, axis,
          symbols=False)  # fmt: skip
    for dtype in ("int32", "uint8", "float32"):
        check_op("sparse_categorical_crossentropy", target.astype(dtype), out, from_logits, axis)


def test_other_arguments():
    integers = keras.ops.binary_crossentropy(np.array([0, 1]), np.array([0.5, 0.5]))
    torch.testing.assert_close(integers, torch.full((2,), np.log(2.0), dtype=torch.float64))
    assert keras.ops.binary_crossentropy([0.0, 1.0], [np.nan, 1.0]).isnan().tolist() == [
        True,
        False,
    ]
    beyond = keras.ops.binary_crossentropy([2.0], [0.5])
    torch.testing.assert_close(beyond, torch.tensor([np.log(2.0)], dtype=torch.float32))


@pytest.mark.parametrize(
    ("name", "target", "output", "message"),
    [
        ("binary_crossentropy", np.zeros(3), np.zeros((2, 3)), "the same shape"),
        ("categorical_crossentropy", np.zeros(3), np.zeros((2, 3)), "the same shape"),
        ("categorical_crossentropy", np.zeros(()), np.zeros(()), "the same shape"),
        ("sparse_categorical_crossentropy", np.zeros((3, 2)), np.zeros((2, 3)), "one class number"),
        ("sparse_categorical_crossentropy", np.array([0, 3]), P[0, :2, :3], r"in \[0, 3\)"),
        ("sparse_categorical_crossentropy", np.array([0, -100]), P[0, :2, :3], "-100 to 0"),
    ],
)
def test_bad_arguments(name, target, output, message):
    with pytest.raises(ValueError, match=message):
        getattr(keras.ops, name)(target, output)
