"""map, scan, associative_scan and vectorized_map against real Keras and NumPy."""

import keras as reference
import numpy as np
import pytest
import torch

import torchkeras as keras
from oracle import assert_close, tree_map

T = torch.tensor
X = torch.arange(6.0).reshape(3, 2)


def step(c, x):
    return c + x, c * x


EAGER = [
    ("map", (lambda v: v * 2, X), {}),
    ("map", (lambda v: {"a": v, "b": v.sum()}, X), {}),
    ("map", (lambda p: p[0] + p[1], (X, X)), {}),
    ("map", (lambda p: p["a"], {"a": X}), {}),
    ("map", (lambda v: v * 2, np.arange(3)), {}),
    ("scan", (step, T(0.0), T([1.0, 2, 3])), {}),
    ("scan", (step, T(0.0), T([1.0, 2, 3])), {"reverse": True}),
    ("scan", (step, T(0.0), T([1.0, 2, 3])), {"length": 2}),
    ("scan", (step, T(0.0), T([1.0, 2, 3])), {"unroll": True}),
    ("scan", (step, T(0.0), T([1.0, 2, 3])), {"unroll": 2}),
    ("scan", (lambda c, x: (c + 1, c), T(0.0)), {"length": 3}),
    ("scan", (step, torch.zeros(2), X), {}),
    (
        "scan",
        (lambda c, x: ({"a": c["a"] + x[0]}, (x[1], c["a"])), {"a": torch.zeros(2)}, (X, X)),
        {},
    ),
    ("vectorized_map", (lambda v: v * 2, X), {}),
    ("vectorized_map", (lambda p: p[0] @ p[1], [X, X]), {}),
    ("vectorized_map", (lambda v: (v, v.sum()), X), {}),
    ("vectorized_map", (lambda p: p["a"], {"a": X}), {}),
    *[
        ("associative_scan", (torch.add, torch.rand(n, 4)), {"reverse": r, "axis": a})
        for n in (1, 2, 3, 8, 13)
        for r in (False, True)
        for a in (0, 1, -1)
    ],
    ("associative_scan", (lambda a, b: [a[0] + b[0], a[1] * b[1]], [X, X]), {}),
    ("associative_scan", (torch.matmul, torch.rand(5, 2, 2)), {}),
]


@pytest.mark.parametrize(
    ("name", "args", "kwargs"), EAGER, ids=[f"{e[0]}{i}" for i, e in enumerate(EAGER)]
)
def test_eager(name, args, kwargs):
    ours, theirs = getattr(keras.ops, name)(*args, **kwargs), getattr(reference.ops, name)
    assert_close(ours, theirs(*args, **kwargs))


@pytest.mark.parametrize("n", range(9))
def test_associative_scan_keeps_the_dtype(n):
    x = np.arange(1, n + 1)
    got = keras.ops.associative_scan(torch.mul, x)
    assert got.dtype == torch.int64
    np.testing.assert_array_equal(got, np.cumprod(x))


def specs(out):
    return tree_map(lambda t: (tuple(t.shape), str(t.dtype)), out)


SYMBOLIC = [
    lambda k: k.ops.map(lambda v: v * 2, k.KerasTensor((None, 3))),
    lambda k: k.ops.map(lambda v: {"a": v, "b": v[0]}, k.KerasTensor((None, 3))),
    lambda k: k.ops.map(lambda p: p[0] + p[1], (k.KerasTensor((4, 3)), k.KerasTensor((4, 3)))),
    lambda k: k.ops.map(lambda v: k.ops.sum(v), k.KerasTensor((4, 3), "int32")),
    lambda k: k.ops.scan(step, k.KerasTensor((3,)), k.KerasTensor((None, 3))),
    lambda k: k.ops.scan(step, k.KerasTensor((3,)), k.KerasTensor((5, 3))),
    lambda k: k.ops.scan(step, torch.zeros(3), k.KerasTensor((5, 3))),
    lambda k: k.ops.scan(lambda c, x: (c, c), k.KerasTensor((3,)), length=4),
    lambda k: (
        k.ops.associative_scan(torch.add, k.KerasTensor((None, 3)))
        if k is keras
        else k.ops.associative_scan(lambda a, b: a + b, k.KerasTensor((None, 3)))
    ),
    lambda k: k.ops.associative_scan(lambda a, b: a + b, k.KerasTensor((4, 3)), axis=1),
    lambda k: k.ops.vectorized_map(lambda v: v * 2, k.KerasTensor((None, 3))),
    lambda k: k.ops.vectorized_map(
        lambda p: p[0] + p[1], [k.KerasTensor((4, 3)), k.KerasTensor((4, 3))]
    ),
]


@pytest.mark.parametrize("make", SYMBOLIC, ids=range(len(SYMBOLIC)))
def test_symbolic(make):
    assert specs(make(keras)) == specs(make(reference))


def test_gradients():
    x = torch.rand(4, 3, requires_grad=True)
    carry, y = keras.ops.scan(step, torch.zeros(3), x)
    z = keras.ops.associative_scan(torch.mul, x).sum() + keras.ops.map(torch.sin, x).sum()
    w = keras.ops.vectorized_map(torch.cos, x).sum()
    (got,) = torch.autograd.grad(carry.sum() + y.sum() + z + w, x)
    c, total = torch.zeros(3), 0
    for row in x:
        total, c = total + (c * row).sum(), c + row
    want = c.sum() + total + x.cumprod(0).sum() + x.sin().sum() + x.cos().sum()
    torch.testing.assert_close(got, torch.autograd.grad(want, x)[0])


def test_nothing_to_map_or_scan():
    assert keras.ops.map(lambda v: {"a": v.sum()}, torch.zeros(0, 3))["a"].shape == (0,)
    carry, y = keras.ops.scan(step, torch.ones(2), torch.zeros(0, 2))
    assert carry.tolist() == [1, 1] and y.shape == (0, 2)
    assert keras.ops.scan(lambda c, x: (c + 1, None), torch.zeros(()), length=3)[1] is None


@keras.saving.register_keras_serializable("scans")
@reference.saving.register_keras_serializable("scans")
def doubled(v):
    return v * 2


@keras.saving.register_keras_serializable("scans")
@reference.saving.register_keras_serializable("scans")
def plus(a, b):
    return a + b


@keras.saving.register_keras_serializable("scans")
@reference.saving.register_keras_serializable("scans")
def running(c, x):
    return c + x, c * x


MODELS = {
    "map": lambda o, x: o.map(doubled, x),
    "scan": lambda o, x: o.scan(running, torch.zeros(3), x)[1],
    "vectorized_map": lambda o, x: o.vectorized_map(doubled, x),
    "associative_scan": lambda o, x: o.associative_scan(plus, x, axis=1),
}


@pytest.mark.parametrize("name", MODELS)
def test_files(name, tmp_path):
    data = torch.rand(2, 3)
    for a, b in ((keras, reference), (reference, keras), (keras, keras)):
        x = a.Input((3,))
        model = a.Model(x, MODELS[name](a.ops, x))
        model.save(tmp_path / "m.keras")
        again = b.saving.load_model(tmp_path / "m.keras")
        torch.testing.assert_close(again(data), model(data))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda o: o.map(1, X), TypeError, "f must be callable"),
        (lambda o: o.map(abs, T(1.0)), ValueError, "must have the axis 0"),
        (lambda o: o.map(abs, [X, X[:1]]), ValueError, "same size along axis 0"),
        (lambda o: o.scan(step, T(0.0)), ValueError, "xs or length must be given"),
        (lambda o: o.scan(3, T(0.0), X), TypeError, "f must be callable"),
        (lambda o: o.scan(step, T(0.0), X, unroll=0), ValueError, "unroll must be"),
        (lambda o: o.scan(step, T(0.0), X, length=5), ValueError, "5 entries"),
        (lambda o: o.associative_scan(3, X), TypeError, "f must be callable"),
        (lambda o: o.associative_scan(torch.add, X, axis=2), ValueError, "must have the axis 2"),
        (
            lambda o: o.associative_scan(lambda a, b: torch.stack([a, b]), X),
            ValueError,
            "shapes of its arguments",
        ),
        (lambda o: o.vectorized_map(3, X), TypeError, "function must be callable"),
    ],
)
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(keras.ops)
