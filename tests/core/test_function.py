import keras as reference
import numpy as np
import pytest
import torch

import torchkeras as keras
from oracle import assert_close


def made(lib):
    a, b = lib.KerasTensor((None, 2, 3)), lib.KerasTensor((None, 2, 3))
    return a, b, lib.ops.sigmoid(a + b)


DATA = np.linspace(-1, 1, 24, dtype="float32").reshape(4, 2, 3)


@pytest.mark.parametrize("form", ["list", "dict", "single"])
def test_against_keras(form):
    found = []
    for lib in (keras, reference):
        a, b, y = made(lib)
        if form == "list":
            out = lib.Function([a, b], y)([DATA, DATA])
        elif form == "dict":
            f = lib.Function({"a": a, "b": b}, {"y": y, "sum": lib.ops.sum(y)})
            out = f({"a": DATA, "b": DATA})
        else:
            out = lib.Function(a, lib.ops.exp(a))(DATA)
        found.append(out)
    assert_close(*found)


def test_attributes():
    a, b, y = made(keras)
    f = keras.Function([a, b], y, name="f")
    assert f.name == "f" and [t.shape for t in f.inputs] == [(None, 2, 3)] * 2
    assert [o.name.rstrip("_0123456789") for o in f.operations] == ["add", "sigmoid"]
    assert f.input == [a, b] and f.output is y and len(f.outputs) == 1
    assert f.compute_output_shape([(7, 2, 3), (7, 2, 3)]) == (7, 2, 3)
    assert f([a, b]).shape == (None, 2, 3)  # a node of another graph


def test_layers_in_it_are_shared():
    x = keras.Input((3,))
    dense = keras.layers.Dense(2)
    f = keras.Function(x, dense(x))
    data = torch.rand(2, 3)
    assert torch.equal(f(data), dense(data))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a, b, y: keras.Function([a], y), "not connected"),
        (lambda a, b, y: keras.Function(1, y), "all inputs must be KerasTensors"),
        (lambda a, b, y: keras.Function(a, 3), "all outputs must be KerasTensors"),
        (lambda a, b, y: keras.Function([a, b], y)([DATA]), "must have the structure"),
        (lambda a, b, y: keras.Function([a, b], y)([DATA, DATA[:, :, :1]]), "must have the shape"),
    ],
)
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(*made(keras))


def test_an_operation_of_ones_own():
    for lib in (keras, reference):

        class Scale(lib.Operation):
            def __init__(self, factor):
                super().__init__()
                self.factor = factor

            def call(self, x):
                return x * self.factor

        op = Scale(3)
        assert op.get_config() == {"factor": 3}
        assert Scale.from_config(op.get_config()).factor == 3
        assert op(torch.ones(2)).tolist() == [3, 3]
        assert op(lib.KerasTensor((None, 2))).shape == (None, 2)


def test_operations_before_the_inputs_are_left_out():
    for lib in (reference, keras):
        x = lib.Input((3,))
        y = x**2
        z = y + 1
        assert [type(o).__name__ for o in lib.Function(y, z).operations] == ["Add"]
        whole = lib.Function(x, z).operations
        assert [type(o).__name__ for o in whole] == ["InputLayer", "Power", "Add"]
        with pytest.raises(ValueError, match="outputs"):
            lib.Function(x, [])
