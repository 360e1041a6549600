"""Losses of several outputs together, and what the parts of nested outputs are called."""

import keras as reference
import numpy as np
import pytest

import torchkeras

X = np.ones((4, 2), "float32")


def zeros(form):
    if isinstance(form, dict):
        return {k: zeros(v) for k, v in form.items()}
    if isinstance(form, (list, tuple)):
        return type(form)(zeros(v) for v in form)
    return np.zeros((4, 1), "float32")


def evaluated(lib, form, loss, **options):
    def whole(y_true, y_pred):
        pairs = zip(lib.tree.flatten(y_true), lib.tree.flatten(y_pred), strict=True)
        return sum(lib.ops.mean(lib.ops.abs(a - b)) for a, b in pairs)

    def given(x):
        if isinstance(x, dict):
            return {k: given(v) for k, v in x.items()}
        if isinstance(x, (list, tuple)):
            return type(x)(given(v) for v in x)
        return whole if x == "whole" else x

    inputs = lib.Input((2,))
    rows = {
        name: lib.layers.Dense(1, kernel_initializer=lib.initializers.Constant(i + 1), name=name)
        for i, name in enumerate(("p", "q", "r", "s"))
    }

    def made(form):
        if isinstance(form, dict):
            return {k: made(v) for k, v in form.items()}
        if isinstance(form, (list, tuple)):
            return type(form)(made(v) for v in form)
        return rows[form](inputs)

    model = lib.Model(inputs, made(form))
    model.compile("sgd", loss=given(loss), **options)
    logs = model.evaluate(X, zeros(form), return_dict=True, verbose=0)
    listed = model.evaluate(X, zeros(form), verbose=0)
    model.fit(X, zeros(form), verbose=0)
    return logs, listed


NESTED = {"a": "p", "b": {"c": "q", "d": ["r", "s"]}}
PAIR = {"a": ("p", "q"), "b": "r"}


@pytest.mark.parametrize(
    ("form", "loss", "options"),
    [
        (("p", "q"), ["whole", ("mse", "mae")], {}),
        (["p", "q"], ("whole", ["mse", "mae"]), {}),
        ({"a": "p", "b": "q"}, ["whole", {"a": "mse"}], {}),
        ({"a": "p", "b": "q"}, ["whole", {"a": "mse"}], {"loss_weights": [0.5, {"a": 2}]}),
        (PAIR, {"a": "whole", "b": "mse"}, {}),
        (PAIR, {"a": ["whole", ("mse", None)], "b": "mse"}, {}),
        (PAIR, {"a": "mse", "b": "mae"}, {}),
        (
            NESTED,
            {"a": "mse", "b": {"c": "mse", "d": ["mse", "mae"]}},
            {"metrics": {"a": "mae", "b": {"c": ["mae"], "d": ["mae", "mse"]}}},
        ),
        (["p", "q"], ["mse", "mae"], {"loss_weights": [np.float32(0.5), np.ones(1)]}),
    ],
    ids=str,
)
def test_logs(form, loss, options):
    (ours, listed), (theirs, expected) = (
        evaluated(lib, form, loss, **options) for lib in (torchkeras, reference)
    )
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        assert ours[name] == pytest.approx(value, rel=1e-5), name
    assert listed == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("lib", [torchkeras, reference], ids=["ours", "keras"])
def test_a_loss_of_another_name(lib):
    with pytest.raises(ValueError, match="zz"):
        evaluated(lib, "p", {"zz": "mse"})


def test_one_loss_of_outputs_of_other_shapes():
    x = torchkeras.Input((2,))
    outputs = [torchkeras.layers.Dense(n)(x) for n in (1, 2)]
    model = torchkeras.Model(x, {"a": outputs, "b": outputs[0]})
    model.compile("sgd", {"a": "mse", "b": "mse"})
    y = [np.zeros((4, n)) for n in (1, 2)]
    with pytest.raises(ValueError, match="one shape"):
        model.fit(X, {"a": y, "b": y[0]}, verbose=0)
