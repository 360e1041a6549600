"""DTypePolicyMap against real Keras, alone and as the policy of layers."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import normalise_config, rand


def make(lib, default="float32"):
    p = lib.dtype_policies
    policies = p.DTypePolicyMap(default)
    policies["encoder/dense"] = p.DTypePolicy("bfloat16")
    policies["encoder/.*"] = p.DTypePolicy("float16")
    policies["decoder"] = p.QuantizedDTypePolicy("int8", "float32")
    return policies


PATHS = ["encoder/dense", "encoder/other", "decoder", "decoder/dense", "x", "pre/encoder/dense"]


@pytest.mark.parametrize("default", ["float32", "mixed_bfloat16", None])
def test_like_keras(default):
    ours, theirs = make(torchkeras, default), make(keras, default)
    for path in PATHS:
        assert ours[path].name == theirs[path].name
    assert len(ours) == len(theirs) and list(ours) == list(theirs)
    for name in ("name", "compute_dtype", "variable_dtype", "quantization_mode"):
        assert getattr(ours, name) == getattr(theirs, name)
    if default is not None:  # else Keras forgets the names of its policies
        config = normalise_config(torchkeras.dtype_policies.serialize(ours))
        assert config == normalise_config(keras.dtype_policies.serialize(theirs))
    config = torchkeras.dtype_policies.serialize(ours)
    assert torchkeras.dtype_policies.deserialize(config) == ours
    again = keras.dtype_policies.deserialize(config)
    assert [again[p].name for p in PATHS] == [ours[p].name for p in PATHS]


def test_keys():
    for lib in (torchkeras, keras):
        policies = make(lib)
        with pytest.raises(ValueError, match="decoder"):
            policies["decoder"] = lib.DTypePolicy("float32")
        policies["enc.*"] = lib.DTypePolicy("float32")
        with pytest.raises(ValueError, match="encoder/other"):
            policies["encoder/other"]
        del policies["decoder"]
        with pytest.raises(KeyError):
            del policies["decoder"]
        with pytest.raises(TypeError, match="must be a dict"):
            lib.dtype_policies.DTypePolicyMap(policy_map=3)
    with pytest.raises(TypeError, match="a key must be a string"):
        make(torchkeras)[3] = "float32"


def attention(lib):
    policies = lib.dtype_policies.DTypePolicyMap("float32")
    policies["mha/query"] = lib.DTypePolicy("bfloat16")
    policies["mha/value"] = lib.dtype_policies.QuantizedDTypePolicy("int8")
    layer = lib.layers.MultiHeadAttention(2, 4, dtype=policies, name="mha")
    x = torch.tensor(rand(1, 3, 8))
    layer(x, x)
    return layer


def test_layers_within():
    rows = []
    for lib in (torchkeras, keras):
        layer = attention(lib)
        rows.append(sorted((v.path, str(v.dtype).split(".")[-1]) for v in layer.weights))
        config = normalise_config(layer.get_config()["dtype"])
        assert config["class_name"] == "DTypePolicyMap"
        assert type(layer).from_config(layer.get_config()).dtype_policy["mha/query"].name == (
            "bfloat16"
        )
        rows.append(config)
    assert rows[:2] == rows[2:]


def test_layers_of_a_users_layer():
    class Block(torchkeras.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = torchkeras.layers.Dense(2, name="inner", dtype=self.dtype_policy)

        def call(self, x):
            return self.inner(x)

    policies = torchkeras.dtype_policies.DTypePolicyMap("float32")
    policies["block"] = torchkeras.DTypePolicy("float64")
    policies["block/inner"] = torchkeras.DTypePolicy("bfloat16")
    block = Block(dtype=policies, name="block")
    block(np.ones((1, 2)))
    assert block.compute_dtype == "float64" and block.inner.path == "block/inner"
    assert block.inner.kernel.dtype is torch.bfloat16
    assert block.dtype_policy is policies and block.inner.dtype_policy is policies
