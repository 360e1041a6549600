import keras as reference
import pytest
import torch

import torchkeras as keras
from torchkeras.core import infer

K = keras.KerasTensor


@pytest.mark.parametrize(
    ("fn", "shape", "want"),
    [
        (lambda x: x.sum(-1), (None, 3), (None,)),
        (lambda x: x.reshape(x.shape[0], -1), (None, 3, 4), (None, 12)),
        (lambda x: x[:, ::2], (None, None), (None, None)),
        (lambda x: x @ torch.ones(3, 5), (2, 3), (2, 5)),
        (lambda x: torch.cat([x, x], 1), (None, None, 2), (None, None, 2)),
    ],
)
def test_shapes(fn, shape, want):
    out = infer.output_spec(fn, [K(shape)], {})
    assert out.shape == want
    assert out.dtype == "float32"


def test_structures_and_constants():
    out = infer.output_spec(
        lambda x, y: {"a": [x, y.int()], "b": 3}, [K((None, 2))], {"y": K((4,))}
    )
    assert out["b"] == 3
    assert [(t.shape, t.dtype) for t in out["a"]] == [((None, 2), "float32"), ((4,), "int32")]


def test_state_does_not_change():
    layer = keras.layers.BatchNormalization()
    layer.build((None, 2))
    before = layer.get_weights()
    layer(keras.Input((2,)), training=True)
    assert all((a == b).all() for a, b in zip(before, layer.get_weights(), strict=True))


@pytest.mark.parametrize("shape", [(6,), (2, 3), (None,), (None, 4)], ids=str)
@pytest.mark.parametrize(
    "to", [(-1, 4), (2, 3), (-1,), (-1, 2, 3), (3, -1, 2), 6, -1, (-1, 11), (13,)], ids=str
)
def test_reshapes_of_unknown_sizes_like_keras(shape, to):
    symbols = [k.ops.reshape(k.Input(shape), to) for k in (keras, reference)]
    assert tuple(symbols[0].shape) == tuple(symbols[1].shape)


def test_torch_reshapes_of_unknown_sizes():
    x = keras.Input((6,))
    assert torch.reshape(x, (2, 3)).shape == x.view(2, 3).shape == x.reshape((2, 3)).shape == (2, 3)
    assert x.view(5, -1).shape == (5, None) and x.reshape(-1, 11).shape == (None, 11)
    model = keras.Model(x, x.reshape(2, 9))
    assert model(torch.ones(3, 6)).shape == (2, 9)
    with pytest.raises(RuntimeError, match="invalid for input of size"):
        model(torch.ones(2, 6))


@pytest.mark.parametrize("to", [(5, 5), (-1, 4)])
def test_wrong_reshapes_of_known_sizes(to):
    with pytest.raises(ValueError, match="invalid for input of size 6"):
        keras.ops.reshape(keras.Input(batch_shape=(2, 3)), to)
    with pytest.raises(ValueError, match="once at most"):
        keras.ops.reshape(keras.Input((3,)), (-1, -1))


def test_torch_splits_of_unknown_sizes():
    x = keras.Input((None, 48))
    assert x.unflatten(1, (16, -1)).shape == (None, 16, None, 48)
    assert torch.unflatten(x, -1, (3, 16)).shape == (None, None, 3, 16)
    with pytest.raises(RuntimeError, match="unflatten"):
        x.unflatten(2, (5, -1))


def test_many_unknown_sizes():
    x = keras.Input(batch_shape=(None,) * 5)
    assert (x + 1).shape == (None,) * 5
    assert keras.ops.adaptive_max_pool(x, (2, 3, 4)).shape == (None, 2, 3, 4, None)
