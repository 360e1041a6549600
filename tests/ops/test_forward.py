import keras as reference
import pytest
import torch

import torchkeras as keras

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script")
A, B = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0.5, -1.0, 2.0])


@pytest.mark.parametrize(
    ("function", "count", "aux"),
    [
        (lambda x: x**3, 1, False),
        (lambda x: (x.sin(), x.sum()), 1, False),
        (lambda x, y: x * y, 2, False),
        (lambda x: (x**2, x + 1), 1, True),
    ],
    ids=["power", "pair", "product", "aux"],
)
def test_jvp(function, count, aux):
    where, along = (A, B)[:count], (B, A)[:count]
    got, want = (lib.ops.jvp(function, where, along, has_aux=aux) for lib in (keras, reference))
    torch.testing.assert_close(got, want)
    torch.testing.assert_close(keras.ops.jvp(function, list(where), list(along), aux), want)


def test_symbols():
    x = keras.KerasTensor((None, 3))
    value, change = keras.ops.jvp(lambda x: x**2, (x,), (x,))
    assert value.shape == change.shape == (None, 3)


def test_bad_arguments():
    with pytest.raises(ValueError, match="one tangent for each primal"):
        keras.ops.jvp(torch.sin, (A,), (A, B))
    with pytest.raises(TypeError, match="lists or tuples"):
        keras.ops.jvp(torch.sin, A, B)
