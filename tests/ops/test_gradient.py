import keras as reference
import pytest
import torch

import torchkeras as keras
from oracle import assert_close


def log1pexp(lib):
    @lib.ops.custom_gradient
    def function(x):
        e = lib.ops.exp(x)

        def grad(*args, upstream=None):
            upstream = args[0] if upstream is None else upstream
            return lib.ops.multiply(upstream, 1.0 - 1.0 / lib.ops.add(1, e))

        return lib.ops.log(1 + e), grad

    return function


def scaled(lib):
    @lib.ops.custom_gradient
    def function(x, w):
        return x * w, lambda *args, upstream: (10 * upstream * args[1], upstream * args[0])

    return function


@pytest.mark.parametrize(("make", "count"), [(log1pexp, 1), (scaled, 2)])
def test_against_keras(make, count):
    found = []
    for lib in (keras, reference):
        leaves = [torch.tensor([1.0, 2.0, 100.0], requires_grad=True) for _ in range(count)]
        out = make(lib)(*leaves)
        found.append([out, *torch.autograd.grad(out.sum(), leaves)])
    assert_close(*found)


def test_several_outputs_and_nested_arguments():
    @keras.ops.custom_gradient
    def function(pair, factor):
        def grad(*args, upstream):
            return [upstream[0] * 2, upstream[1] * 3]

        return {"a": pair[0] * factor, "b": pair[1] * factor}, grad

    x, y = (torch.ones(2, requires_grad=True) for _ in range(2))
    out = function([x, y], 5.0)
    assert out["b"].tolist() == [5, 5]
    (out["a"].sum() + out["b"].sum()).backward()
    assert x.grad.tolist() == [2, 2] and y.grad.tolist() == [3, 3]


def test_the_form_of_other_backends():
    @keras.ops.custom_gradient
    def function(x):
        return x * 2, lambda upstream: upstream * 7

    x = torch.ones(2, requires_grad=True)
    function(x).sum().backward()
    assert x.grad.tolist() == [7, 7]


@keras.saving.register_keras_serializable("gradient")
def reversed_gradient(x):
    return x * 1, lambda *args, upstream: -upstream


def test_in_a_model(tmp_path):
    x = keras.Input((3,))
    model = keras.Model(x, keras.ops.custom_gradient(reversed_gradient)(x * 2))
    model.save(tmp_path / "m.keras")
    for m in (model, keras.models.load_model(tmp_path / "m.keras")):
        data = torch.ones(2, 3, requires_grad=True)
        m(data).sum().backward()
        assert data.grad.unique().tolist() == [-2]


def test_refused():
    with pytest.raises(TypeError, match="f must be callable"):
        keras.ops.custom_gradient(3)
    wrong = keras.ops.custom_gradient(lambda x: (x * 1, lambda upstream: (upstream, upstream)))
    with pytest.raises(ValueError, match="one gradient for each of 1 arguments"):
        wrong(torch.ones(1, requires_grad=True)).backward()
