import keras as reference
import pytest
import torch

import torchkeras as keras

NAMES = ["float32", "float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16", "int32"]


@pytest.mark.parametrize("name", NAMES)
def test_like_keras(name):
    ours, theirs = keras.DTypePolicy(name), reference.DTypePolicy(name)
    for attribute in ("name", "compute_dtype", "variable_dtype", "quantization_mode"):
        assert getattr(ours, attribute) == getattr(theirs, attribute)
    assert ours.get_config() == theirs.get_config()
    assert keras.DTypePolicy.from_config(ours.get_config()) == ours
    assert hash(ours) == hash(keras.DTypePolicy(name))


def test_global_policy():
    keras.config.set_dtype_policy("mixed_bfloat16")
    layer = keras.layers.Dense(2)
    assert (layer.compute_dtype, layer.variable_dtype) == ("bfloat16", "float32")
    assert layer(torch.ones(1, 2)).dtype is torch.bfloat16
    assert keras.layers.Dense(2, dtype="float32")(torch.ones(1, 2)).dtype is torch.float32


@pytest.mark.parametrize("name", ["mixed_float32", "nothing", "", "mixed_"])
def test_unknown(name):
    with pytest.raises(ValueError, match="DTypePolicy"):
        keras.DTypePolicy(name)


def test_no_string():
    with pytest.raises(TypeError, match="must be a string"):
        keras.DTypePolicy(3)


def test_there_is_no_policy_none():
    for lib in (reference, keras):
        with pytest.raises(ValueError, match="policy"):
            lib.config.set_dtype_policy(None)
        assert repr(lib.FloatDTypePolicy("mixed_float16")) == '<DTypePolicy "mixed_float16">'
