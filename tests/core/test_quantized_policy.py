"""Quantized dtype policies against real Keras."""

import keras
import pytest

import torchkeras

NAMES = [
    "int8_from_float32", "int8_from_mixed_bfloat16", "int4_from_float32", "int4/128_from_float32",
    "int4/-1_from_bfloat16", "float8_from_float32", "float8_from_mixed_float16",
    "float8_from_float16", "gptq/4/128_from_float32", "gptq/8/-1_from_mixed_bfloat16",
    "awq/4/128_from_float32", "int4_from_mixed_float16",
    "float32", "mixed_bfloat16", "int8_from_int8",
]  # fmt: skip
ATTRIBUTES = ("name", "compute_dtype", "variable_dtype", "quantization_mode")


@pytest.mark.parametrize("name", NAMES)
def test_like_keras(name):
    ours, theirs = (lib.dtype_policies.get(name) for lib in (torchkeras, keras))
    assert type(ours).__name__ == type(theirs).__name__
    for attribute in (*ATTRIBUTES, "mode", "block_size", "weight_bits", "group_size"):
        assert getattr(ours, attribute, None) == getattr(theirs, attribute, None)
    assert repr(ours) == repr(theirs)
    config = torchkeras.dtype_policies.serialize(ours)
    assert config == keras.dtype_policies.serialize(theirs)
    for lib in (torchkeras, keras):
        again = lib.dtype_policies.deserialize(config)
        assert (again.name, again.get_config()) == (name, theirs.get_config())
    assert ours == torchkeras.dtype_policies.get(config) and hash(ours) == hash(
        torchkeras.dtype_policies.get(name)
    )


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("int8_from_float16", "float16"),
        ("int8_from_mixed_float16", "float16"),
        ("int4/0_from_float32", "block_size"),
        ("int4/x_from_float32", "integer"),
        ("int4/3/1_from_float32", "int4/3/1"),
        ("gptq_from_float32", "gptq"),
        ("gptq/5/128_from_float32", "weight_bits"),
        ("gptq/4/0_from_float32", "group_size"),
        ("awq/3/128_from_float32", "weight_bits"),
        ("int8/3_from_float32", "int8/3"),
        ("int9_from_float32", "int9_from_float32"),
        ("int8_from_nothing", "nothing"),
        ("int8_from_", "''"),
    ],
)
def test_unknown(name, match):
    for lib in (torchkeras, keras):
        with pytest.raises(ValueError, match=match):
            lib.dtype_policies.get(name)


def test_float8_history():
    for lib in (torchkeras, keras):
        make = lib.dtype_policies.QuantizedFloat8DTypePolicy
        assert make("float8").amax_history_length == make.default_amax_history_length == 1024
        assert make("float8", amax_history_length=8) != make("float8")
        with pytest.raises(TypeError, match=r"amax_history_length`? must"):
            make("float8", amax_history_length=1.5)


def test_source_is_the_global_policy():
    torchkeras.config.set_dtype_policy("mixed_bfloat16")
    policy = torchkeras.dtype_policies.QuantizedDTypePolicy("int8")
    assert policy.name == "int8_from_mixed_bfloat16"


def test_older_name():
    for lib in (torchkeras, keras):
        ours = lib.dtype_policies.FloatDTypePolicy("float16")
        assert ours == lib.DTypePolicy("float16") and lib.FloatDTypePolicy is type(ours)
        assert lib.dtype_policies.serialize(ours)["class_name"] == "FloatDTypePolicy"
