import gc
import operator
import weakref

import keras as reference
import numpy as np
import pytest
import torch
import torch.nn.functional as F

import torchkeras as keras

SHAPES = [((4, 3), (4, 3)), ((4, 3), (1, 3)), ((None, 3), (None, 3))]
BINARY = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod,
    operator.floordiv, operator.lt, operator.le, operator.gt, operator.ge, operator.ne,
]  # fmt: skip


@pytest.mark.parametrize("op", BINARY, ids=lambda f: f.__name__)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("side", ["tensors", "number", "reflected"])
def test_operators_like_keras(op, shapes, side):
    def both(k):
        a, b = k.Input(shapes[0]), k.Input(shapes[1])
        out = {
            "tensors": lambda: op(a, b),
            "number": lambda: op(a, 2),
            "reflected": lambda: op(2, a),
        }
        out = out[side]()
        return k.Model([a, b], out), out

    (ours, o), (theirs, t) = both(keras), both(reference)
    assert tuple(o.shape) == tuple(t.shape)
    assert o.dtype == t.dtype
    rng = np.random.default_rng(0)
    data = [rng.random([2] + [d or 4 for d in s]).astype("float32") + 0.5 for s in shapes]
    got, want = ours(data), theirs(data)
    np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=1e-5)
    assert [x["class_name"] for x in ours.get_config()["layers"]] == [
        x["class_name"] for x in theirs.get_config()["layers"]
    ]


@pytest.mark.parametrize("key", [0, (slice(None, None, 2),), (slice(None), 0), (..., 1),
                                 (slice(None), None, slice(1, 3))], ids=str)  # fmt: skip
def test_indexing_like_keras(key):
    def both(k):
        a = k.Input((4, 3))
        return k.Model(a, a[key])

    x = np.random.default_rng(0).random((5, 4, 3)).astype("float32")
    ours, theirs = both(keras), both(reference)
    assert tuple(ours.output_shape) == tuple(theirs.output_shape)
    np.testing.assert_array_equal(ours(x).numpy(), theirs(x).numpy())


TORCH = {
    "cat": lambda a, b: torch.cat([a, b], -1),
    "stack": lambda a, b: torch.stack([a, b], 1),
    "gelu": lambda a, b: F.gelu(a),
    "layer_norm": lambda a, b: F.layer_norm(a, (3,)),
    "method": lambda a, b: a.softmax(-1).transpose(1, 2),
    "property": lambda a, b: a.mT,
    "matmul": lambda a, b: a @ b.transpose(1, 2),
    "where": lambda a, b: torch.where(a > 0.5, a, b),
    "einsum": lambda a, b: torch.einsum("bij,bkj->bik", a, b),
    "reduce": lambda a, b: torch.mean(a, dim=1) + b.amax(1),
    "linear": lambda a, b: F.linear(a, torch.ones(2, 3)),
}


@pytest.mark.parametrize("name", TORCH)
def test_torch_functions_build_models_that_run_and_reload(name):
    a, b = keras.Input((4, 3)), keras.Input((4, 3))
    model = keras.Model([a, b], TORCH[name](a, b))
    x, y = torch.rand(2, 4, 3), torch.rand(2, 4, 3)
    want = TORCH[name](x, y)
    assert model.output_shape == (None, *want.shape[1:])
    torch.testing.assert_close(model([x, y]), want)
    again = keras.models.model_from_json(model.to_json())
    torch.testing.assert_close(again([x, y]), want)


def test_a_captured_parameter_is_trained():
    a = keras.Input((3,))
    w = torch.nn.Parameter(torch.ones(3, 1))
    model = keras.Model(a, torch.matmul(a, w))
    assert [v is w for v in model.trainable_variables] == [True]
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 3)), np.zeros((8, 1)), verbose=0)
    assert not torch.equal(w.detach(), torch.ones(3, 1))


@pytest.mark.parametrize(
    "misuse", [bool, float, int, list, np.asarray, operator.index, "convert_to_numpy"]
)
def test_symbols_have_no_values(misuse):
    errors = []
    for lib in (reference, keras):
        function = getattr(lib.ops, misuse) if isinstance(misuse, str) else misuse
        with pytest.raises((TypeError, ValueError, NotImplementedError)) as caught:
            function(lib.Input((3,)))
        errors.append(caught.type)
    assert errors[0] is errors[1]
    assert "symbolic" in str(caught.value)


@pytest.mark.parametrize("name", ["shape", "dtype", "sparse", "ragged"])
def test_symbols_do_not_change(name):
    x = keras.Input((3,))
    with pytest.raises(AttributeError):
        setattr(x, name, None)
    with pytest.raises(ValueError, match="sparse and ragged"):
        keras.KerasTensor((3,), sparse=True, ragged=True)


def test_graphs_are_freed_by_reference_counts():
    gc.collect()
    gc.disable()
    try:
        x = keras.Input((4,))
        layer = keras.layers.Dense(3)
        model = keras.Model(x, torch.relu(layer(x) * 2))
        refs = [weakref.ref(o) for o in (layer, model)]
        model(np.zeros((1, 4)))
        del x, layer, model
        assert [r() for r in refs] == [None, None]
    finally:
        gc.enable()


def test_only_torch_functions_are_found_by_name():
    from torchkeras.core.torch_function import find

    for name in ("torch.load", "torch.save", "torch.hub.load", "torch.utils", "os.system",
                 "torch.Tensor.__reduce_ex__", "torch._C", "torch.compile", "builtins.eval",
                 "torch.Tensor.register_hook", "torch.from_file"):  # fmt: skip
        with pytest.raises(ValueError, match="torch function"):
            find(name)
