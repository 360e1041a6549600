"""Unknown sizes beside known ones: the shapes of all ops of two and three tensors, as Keras's."""

import inspect
import itertools

import keras as reference
import numpy as np
import pytest
import torch
import torch.nn.functional as F

import torchkeras as keras
from torchkeras.core import infer

PAIRS = [
    ((None, 3), (1, 3)),
    ((None, 3), (5, 3)),
    ((None, 1), (None, 4)),
    ((None, None), (5, 3)),
    ((None, 3), (3,)),
    ((None, 1, 3), (5, 3)),
    ((1,), (None, 3)),
]
DTYPES = [("float32", "float32"), ("int32", "int32"), ("float32", "int32")]

# Real Keras tells the shape of the first tensor, whatever the second one is.
OF_THE_FIRST = {
    "bitwise_and", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "clip",
    "full_like", "left_shift", "polar", "right_shift",
}  # fmt: skip
# Elementwise ops that are no rows of the table, and sums of products.
MORE = [
    "allclose", "bitwise_and", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift",
    "bitwise_xor", "clip", "cross", "dot", "full_like", "geomspace", "inner", "isclose", "isin",
    "ldexp", "left_shift", "linspace", "logspace", "outer", "polar", "right_shift", "vdot",
]  # fmt: skip


def tensors_of(op):
    """Number of arguments that must be given."""
    return sum(p.default is p.empty for p in inspect.signature(op).parameters.values())


def is_row(op):
    """Whether an op is a row of the table of binary ops."""
    inside = inspect.getclosurevars(op).nonlocals if inspect.isfunction(op) else {}
    return "slow" in inside and tensors_of(op) == 2


OPS = sorted({*MORE, *(name for name, op in vars(keras.ops).items() if is_row(op))})


def symbolic(lib, name, shapes, dtypes):
    """The shapes that a library tells of symbols; None where it refuses them."""
    symbols = [lib.KerasTensor(s, d) for s, d in zip(shapes, dtypes, strict=True)]
    try:
        out = getattr(lib.ops, name)(*symbols)
    except (ValueError, TypeError, RuntimeError, AttributeError, IndexError):
        return None
    return [t.shape for t in (out if isinstance(out, (list, tuple)) else [out])]


def eager(name, shapes, dtypes, unknown):
    """The shapes of results where the unknown sizes are `unknown`; None if they cannot be."""
    made = [torch.ones([unknown if n is None else n for n in s]) for s in shapes]
    made = [x.to(getattr(torch, d)) for x, d in zip(made, dtypes, strict=True)]
    try:
        out = getattr(keras.ops, name)(*made)
    except (ValueError, TypeError, RuntimeError, IndexError):
        return None
    return [tuple(t.shape) for t in (out if isinstance(out, (list, tuple)) else [out])]


def test_there_are_all_of_them():
    assert {"add", "where", "isclose", "allclose", "nextafter", "matmul", "clip"} - {*OPS} == {
        "where"
    }


def fits(told, real):
    """Whether all that is told of shapes is true of some real ones."""
    return all(
        len(t) == len(r) and all(a in (None, b) for a, b in zip(t, r, strict=True))
        for t, r in zip(told, real, strict=True)
    )


@pytest.mark.parametrize("name", OPS)
def test_shapes_are_those_of_keras(name, record_property):
    compared = 0
    count = tensors_of(getattr(keras.ops, name))
    for pair, kinds in itertools.product(PAIRS, DTYPES):
        shapes, dtypes = (*pair, pair[0])[:count], (*kinds, kinds[0])[:count]
        mine = symbolic(keras, name, shapes, dtypes)
        theirs = symbolic(reference, name, shapes, dtypes)
        if None not in (mine, theirs) and name not in OF_THE_FIRST:
            assert mine == theirs, (shapes, dtypes)
            compared += 1
        real = [eager(name, shapes, dtypes, n) for n in (5, 3, 1)]
        real = [r for r in real if r is not None]
        if real:
            assert mine is not None, (shapes, dtypes)
            assert any(fits(mine, r) for r in real), (shapes, dtypes, mine)
            compared += 1
    assert compared
    record_property("compared", {"subject": "ops", "name": name, "cases": compared, "worst": 0.0})


@pytest.mark.parametrize(
    ("shapes", "want"),
    [
        (((None, 3), (5, 3), (5, 3)), (5, 3)),
        (((None, 3), (None, 3), (5, 3)), (5, 3)),
        (((None, 1), (None, 4), (1, 1)), (None, 4)),
        (((None, 3), (1, 3), ()), (None, 3)),
        (((3,), (None, 3), (None, None, 1)), (None, None, 3)),
    ],
)
def test_where(shapes, want):
    for lib in (keras, reference):
        condition, x, y = (lib.KerasTensor(s) for s in shapes)
        assert lib.ops.where(condition > 0, x, y).shape == want


def test_sums_of_products():
    x, w = keras.KerasTensor((None, None)), keras.KerasTensor((8, 4))
    for out in (
        x @ w,
        keras.ops.einsum("ab,bc->ac", x, w),
        keras.ops.tensordot(x, w, axes=1),
        torch.matmul(x, torch.ones(8, 4)),
        F.linear(x, torch.ones(4, 8)),
    ):
        assert out.shape == (None, 4)
    batches = keras.KerasTensor((None, 2, 3)) @ keras.KerasTensor((5, 3, 4))
    assert batches.shape == (5, 2, 4)


def test_torch_functions_and_constants():
    x = keras.KerasTensor((None, 3))
    for out in (
        x + torch.ones(5, 3),
        torch.ones(5, 3) + x,
        x * np.ones((5, 3)),
        x - [[1, 2, 3]] * 5,
    ):
        assert out.shape == (5, 3)
    assert torch.maximum(x, torch.ones(5, 3)).shape == (5, 3)


def test_bounds_of_clip_may_be_symbols():
    x, low = keras.Input((3,)), keras.Input((1,))
    model = keras.Model([x, low], keras.ops.clip(x, low, 1.0))
    a, b = torch.randn(4, 3), torch.zeros(4, 1)
    torch.testing.assert_close(model([a, b]), a.clamp(0, 1))
    assert keras.ops.clip(x, keras.KerasTensor((5, 1)), low).shape == (5, 3)


def test_what_cannot_fit_is_an_error():
    with pytest.raises(ValueError, match="broadcast"):
        keras.ops.add(keras.KerasTensor((None, 3)), keras.KerasTensor((None, 4)))
    with pytest.raises(ValueError, match="same shape"):
        keras.ops.psnr(keras.KerasTensor((None, 3)), keras.KerasTensor((5, 4)), 1.0)


def test_few_sizes_are_replaced():
    """Of two unknown sizes, the one that need not be known stays unknown."""
    x, y = keras.KerasTensor((None, None)), keras.KerasTensor((7, 2))
    assert infer.fitting_spec(torch.matmul, (x, y), {}).shape == (None, 2)
