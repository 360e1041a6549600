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
