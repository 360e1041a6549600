"""Branches and loops against real Keras, on tensors and on symbols."""

import keras as reference
import pytest
import torch

import torchkeras as keras
from oracle import assert_close, tree_map

T = torch.tensor
X = torch.arange(6.0).reshape(2, 3)


def add(a, b):
    return a + b


def sub(a, b):
    return a - b


EAGER = [
    ("cond", (True, lambda: T(1), lambda: T(2))),
    ("cond", (T(1.0) > 2, lambda: T(1), lambda: T(2))),
    ("cond", (0, lambda: {"a": X}, lambda: {"a": X + 1})),
    ("cond", (T([True]), lambda: X, lambda: -X)),
    *[("switch", (i, [add, sub, torch.mul], X, 2.0)) for i in (-3, 0, 1, 2, 7, T(1))],
    ("while_loop", (lambda i: i < 10, lambda i: i + 3, 0)),
    ("while_loop", (lambda i: i < 10, lambda i: i + 1, 0, 4)),
    ("while_loop", (lambda i: i < 10, lambda i: i + 1, 20)),
    ("while_loop", (lambda x, y: x < 9, lambda x, y: (x + 1, y * 2), (0, T(1.0)))),
    ("while_loop", (lambda x, y: x < 9, lambda x, y: [x + 1, y * 2], [0, T(1.0)])),
    ("while_loop", (lambda x: x < 9, lambda x: (x + 1,), (0.0,))),
    ("while_loop", (lambda x: x < 9, lambda x: x + 1, (0.0,))),
    ("while_loop", (lambda d: d["a"] < 9, lambda d: {"a": d["a"] + 2}, {"a": T(0)})),
    ("fori_loop", (0, 10, lambda i, s: s + i, T(0))),
    ("fori_loop", (5, 2, lambda i, s: s + i, T(1))),
    ("fori_loop", (T(1), T(4), lambda i, s: s * i, X)),
    ("fori_loop", (0, 3, lambda i, s: {"a": s["a"] * 2}, {"a": T(1.0)})),
]


@pytest.mark.parametrize(("name", "args"), EAGER, ids=[f"{n}{i}" for i, (n, _) in enumerate(EAGER)])
def test_eager(name, args):
    ours, theirs = getattr(keras.ops, name)(*args), getattr(reference.ops, name)(*args)
    assert type(ours) is type(theirs)
    assert_close(ours, theirs)


def specs(out):
    return tree_map(lambda t: (tuple(t.shape), str(t.dtype)), out)


SYMBOLIC = {
    "cond": lambda k, x, i: k.ops.cond(k.ops.sum(x) > 0, lambda: x + 1, lambda: x * 2),
    "cond_real": lambda k, x, i: k.ops.cond(k.ops.sum(x) > 0, lambda: T([1.0]), lambda: T([2.0])),
    "cond_known": lambda k, x, i: k.ops.cond(True, lambda: x[:, :1], lambda: x),
    "switch": lambda k, x, i: k.ops.switch(i, [add, sub], x, x),
    "switch_known": lambda k, x, i: k.ops.switch(1, [add, sub], x, x),
    "while": lambda k, x, i: k.ops.while_loop(lambda y: True, lambda y: y * 2, x),
    "while_dict": lambda k, x, i: k.ops.while_loop(lambda d: True, lambda d: d, {"a": x}),
    "fori": lambda k, x, i: k.ops.fori_loop(0, 3, lambda i, s: s * 2, x),
    "fori_unknown": lambda k, x, i: k.ops.fori_loop(0, i, lambda i, s: s * 2, x),
}


@pytest.mark.parametrize("name", SYMBOLIC)
def test_symbolic(name):
    made = []
    for lib in (keras, reference):
        x, i = lib.KerasTensor((None, 3)), lib.KerasTensor((), "int32")
        made.append(specs(SYMBOLIC[name](lib, x, i)))
    assert made[0] == made[1]


MODELS = {
    "cond": (
        lambda x: keras.ops.cond(keras.ops.sum(x) > 9, lambda: {"a": x + 1}, lambda: {"a": -x}),
        lambda x: {"a": x + 1 if x.sum() > 9 else -x},
    ),
    "switch_outside": (
        lambda x: keras.ops.switch(
            keras.ops.cast(keras.ops.max(x), "int32"), [lambda: x, lambda: x * 2, lambda: x * 3]
        ),
        lambda x: x * (1 + min(int(x.max()), 2)),
    ),
    "switch": (
        lambda x: keras.ops.switch(keras.ops.cast(keras.ops.max(x), "int32"), [add, sub], x, x),
        lambda x: x + x if int(x.max()) < 1 else x - x,
    ),
    "while": (
        lambda x: keras.ops.while_loop(
            lambda i, y: keras.ops.sum(y) < 100, lambda i, y: (i + 1, y * 2), (0, x)
        )[1],
        lambda x: x * 2 ** next(i for i in range(99) if (x * 2**i).sum() >= 100),
    ),
    "fori": (lambda x: keras.ops.fori_loop(0, 3, lambda i, s: s * 2 + i, x), lambda x: x * 8 + 4),
}


@pytest.mark.parametrize("scale", [0.1, 1.0])
@pytest.mark.parametrize("name", MODELS)
def test_in_a_model(name, scale):
    build, want = MODELS[name]
    x = keras.Input((3,))
    model = keras.Model(x, build(x))
    assert_close(model(X * scale), want(X * scale))


def test_a_branch_over_symbols_is_differentiable_and_saved(tmp_path):
    x = keras.Input((3,))
    y = keras.ops.cond(keras.ops.sum(x) > 0, lambda: keras.layers.Dense(2)(x), lambda: x[:, :2])
    model = keras.Model(x, y)
    data = X.clone().requires_grad_()
    model(data).sum().backward()
    assert data.grad.abs().sum() > 0
    model.save(tmp_path / "m.keras")
    torch.testing.assert_close(keras.models.load_model(tmp_path / "m.keras")(X), model(X))


def test_a_layer_may_branch_and_loop():
    class Loops(keras.layers.Layer):
        def call(self, x):
            x = keras.ops.cond(keras.ops.sum(x) > 0, lambda: x, lambda: -x)
            x = keras.ops.while_loop(lambda y: keras.ops.sum(y) < 50, lambda y: y * 2, x)
            return keras.ops.fori_loop(0, 2, lambda i, s: s + 1, x)

    x = keras.Input((3,))
    model = keras.Model(x, Loops()(x))
    assert model.output_shape == (None, 3)
    assert model(X).sum() >= 50


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda o, x: o.cond(True, 1, 2), TypeError, "true_fn must be callable"),
        (lambda o, x: o.switch(0, []), ValueError, "branches must be functions"),
        (
            lambda o, x: o.cond(o.sum(x) > 0, lambda: x, lambda: x[:, :2]),
            ValueError,
            "same structure, shapes and dtypes",
        ),
        (
            lambda o, x: o.fori_loop(0, 2, lambda i, s: s + x, x),
            ValueError,
            "must get symbolic tensors as its arguments",
        ),
    ],
)
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(keras.ops, keras.Input(batch_shape=(2, 3)))
