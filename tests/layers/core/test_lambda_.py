"""Lambda against real Keras."""

import keras
import pytest
import torch

import torchkeras
from oracle import rand
from torchkeras.saving import deserialize_keras_object, serialize_keras_object


@torchkeras.saving.register_keras_serializable("test_lambda")
def scaled(x, factor=2.0):
    return x * factor


def with_everything(x, mask=None, training=None):
    return x * (2 if training else 1) * (1 if mask is None else mask.unsqueeze(-1))


@pytest.mark.parametrize("arguments", [None, {"factor": 3.0}])
def test_numbers(arguments):
    x = torch.tensor(rand(2, 3))
    ours, theirs = (lib.layers.Lambda(scaled, arguments=arguments) for lib in (torchkeras, keras))
    torch.testing.assert_close(ours(x), theirs(x))
    assert ours.compute_output_shape((None, 3)) == theirs.compute_output_shape((None, 3))
    config = ours.get_config()
    assert set(config) == set(theirs.get_config())
    again = torchkeras.layers.Lambda.from_config(config)
    torch.testing.assert_close(again(x), ours(x))


def test_in_models(tmp_path):
    model = torchkeras.Sequential(
        [torchkeras.Input((3,)), torchkeras.layers.Lambda(scaled, arguments={"factor": 4.0})]
    )
    x = rand(2, 3)
    model.save(tmp_path / "m.keras")
    again = torchkeras.saving.load_model(tmp_path / "m.keras")
    assert (again.predict(x, verbose=0) == x * 4).all()


@pytest.mark.parametrize("output_shape", [(6,), lambda s: (s[0], 6)])
def test_output_shape(output_shape):
    for lib in (torchkeras, keras):
        layer = lib.layers.Lambda(lambda x: torch.cat([x, x], -1), output_shape=output_shape)
        assert tuple(layer(lib.Input((3,))).shape) == (None, 6)


def test_mask_and_training():
    x = torch.ones(1, 2, 3)
    mask = torch.tensor([[True, False]])
    layer = torchkeras.layers.Lambda(with_everything, mask=lambda i, m: ~m)
    out = layer(x, mask=mask, training=True)
    assert out[0, :, 0].tolist() == [2.0, 0.0]
    assert out._keras_mask.tolist() == [[False, True]]


def test_structures():
    layer = torchkeras.layers.Lambda(lambda xs: xs[0] + xs[1])
    assert layer([torch.ones(1, 2), torch.ones(1, 2)]).tolist() == [[2.0, 2.0]]
    a, b = torchkeras.Input((2,)), torchkeras.Input((2,))
    assert layer([a, b]).shape == (None, 2)


def test_code_is_neither_written_nor_read():
    with pytest.raises(ValueError, match="lambda"):
        serialize_keras_object(torchkeras.layers.Lambda(lambda x: x))
    code = {"class_name": "__lambda__", "config": {"code": "4wE=", "defaults": None}}
    hostile = {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"name": "l", "function": code, "arguments": {}},
        "registered_name": None,
    }
    for safe_mode in (True, False):
        with pytest.raises(ValueError, match="never run"):
            deserialize_keras_object(hostile, safe_mode=safe_mode)
    for key in ("output_shape", "mask"):
        inner = {"function": serialize_keras_object(scaled), key: code}
        with pytest.raises(ValueError, match="never run"):
            torchkeras.layers.Lambda.from_config(inner)


def test_wrong_arguments():
    with pytest.raises(TypeError, match="function"):
        torchkeras.layers.Lambda(3)
    with pytest.raises(TypeError, match="output_shape"):
        torchkeras.layers.Lambda(scaled, output_shape=3)


def test_functions_by_name():
    def tripled(x):
        return x * 3

    by_name = {"class_name": "function", "config": "tripled", "registered_name": None}
    config = {**torchkeras.layers.Lambda(scaled).get_config(), "function": by_name}
    known = {"tripled": tripled}
    again = torchkeras.layers.Lambda.from_config(config, custom_objects=known, safe_mode=False)
    assert again(torch.ones(1)).tolist() == [3.0]
