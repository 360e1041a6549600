"""Quantizers and quantization configurations against real Keras."""

import keras
import pytest
import torch

import torchkeras
from oracle import normalise_config, rand

OURS, THEIRS = torchkeras.quantizers, keras.quantizers


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"axis": 0},
        {"axis": (0, 1), "value_range": (-8, 7)},
        {"axis": -1, "epsilon": 0.1, "output_dtype": "float32"},
        {"axis": [0], "value_range": (0, 255), "output_dtype": "uint8"},
    ],
)
@pytest.mark.parametrize("call", [{}, {"axis": 0}, {"axis": -1, "to_numpy": True}])
def test_abs_max_quantizer(args, call):
    ours, theirs = OURS.AbsMaxQuantizer(**args), THEIRS.AbsMaxQuantizer(**args)
    x = rand(4, 5)
    for a, b in zip(ours(x, **call), theirs(x, **call), strict=True):
        assert a.dtype == b.dtype and torch.equal(a, b)
    config = normalise_config(OURS.serialize(ours))
    assert config == normalise_config(THEIRS.serialize(theirs))
    for lib in (OURS, THEIRS):
        assert normalise_config(lib.deserialize(config).get_config()) == config["config"]


@pytest.mark.parametrize("name", ["abs_max_quantizer", "AbsMaxQuantizer", "quantizer"])
def test_names(name):
    assert type(OURS.get(name)).__name__ == type(THEIRS.get(name)).__name__


def test_lookup():
    assert OURS.get(None) is None
    assert OURS.get(OURS.AbsMaxQuantizer, axis=1).axis == (1,)
    own = OURS.Quantizer()
    assert OURS.get(own) is own and own(3) == 3
    with pytest.raises(ValueError, match=r"Unknown quantizer: 'abs_max_quantizr'\. Did you mean"):
        OURS.get("abs_max_quantizr")
    with pytest.raises(ValueError, match="A quantizer is given by"):
        OURS.get(3)


CONFIGS = [
    ("Int8QuantizationConfig", lambda q: {}),
    ("Int8QuantizationConfig", lambda q: {"activation_quantizer": None}),
    ("Int8QuantizationConfig", lambda q: {"weight_quantizer": q.AbsMaxQuantizer(0)}),
    ("Int4QuantizationConfig", lambda q: {}),
    ("Int4QuantizationConfig", lambda q: {"block_size": None}),
    (
        "Int4QuantizationConfig",
        lambda q: {"weight_quantizer": q.AbsMaxQuantizer(0, (-8, 7)), "block_size": -1},
    ),
    ("Float8QuantizationConfig", lambda q: {}),
    ("GPTQConfig", lambda q: {"dataset": [1], "tokenizer": None, "weight_bits": 3}),
    ("AWQConfig", lambda q: {"dataset": [1], "tokenizer": None, "group_size": -1}),
]


@pytest.mark.parametrize(("name", "args"), CONFIGS, ids=range(len(CONFIGS)))
def test_configurations(name, args):
    ours, theirs = (getattr(lib, name)(**args(lib)) for lib in (OURS, THEIRS))
    assert ours.mode == theirs.mode
    config = normalise_config(OURS.serialize(ours))
    assert config == normalise_config(THEIRS.serialize(theirs))
    again = type(ours).from_config(config["config"])
    assert normalise_config(again.get_config()) == config["config"]
    if "Config" in name and hasattr(theirs, "dtype_policy_string"):
        assert ours.dtype_policy_string() == theirs.dtype_policy_string()


BAD = [
    ("Int8QuantizationConfig", lambda q: {"weight_quantizer": q.AbsMaxQuantizer(output_dtype="float32")}, "output_dtype"),  # noqa: E501
    ("Int8QuantizationConfig", lambda q: {"weight_quantizer": q.AbsMaxQuantizer(0, (-200, 200))}, "value_range"),  # noqa: E501
    ("Int4QuantizationConfig", lambda q: {"weight_quantizer": q.AbsMaxQuantizer(0), "block_size": -1}, "value_range"),  # noqa: E501
    ("Int4QuantizationConfig", lambda q: {"activation_quantizer": q.AbsMaxQuantizer(0)}, "block_size"),  # noqa: E501
    ("Int4QuantizationConfig", lambda q: {"block_size": 0}, "block_size must be"),
    ("Int4QuantizationConfig", lambda q: {"block_size": -2}, "block_size must be"),
    ("GPTQConfig", lambda q: {"dataset": [], "tokenizer": None, "weight_bits": 5}, "weight_bits"),
    ("GPTQConfig", lambda q: {"dataset": [], "tokenizer": None, "hessian_damping": 2}, "hessian_damping"),  # noqa: E501
    ("GPTQConfig", lambda q: {"dataset": [], "tokenizer": None, "group_size": 0}, "group_size"),
    ("GPTQConfig", lambda q: {"dataset": [], "tokenizer": None, "num_samples": 0}, "num_samples"),
    ("AWQConfig", lambda q: {"dataset": [], "tokenizer": None, "weight_bits": 8}, "4"),
    ("AWQConfig", lambda q: {"dataset": [], "tokenizer": None, "num_grid_points": 0}, "num_grid_points"),  # noqa: E501
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "match"), BAD, ids=range(len(BAD)))
def test_wrong_configurations(name, args, match):
    for lib in (OURS, THEIRS):
        with pytest.raises(ValueError, match=match):
            getattr(lib, name)(**args(lib))


def test_defaults_of_a_configuration():
    for lib in (OURS, THEIRS):
        base, config = lib.QuantizationConfig, lib.Int8QuantizationConfig(None, None)
        assert base.weight_quantizer_or_default(None, "d") == "d"
        assert base.weight_quantizer_or_default(config, "d") == "d"
        assert base.activation_quantizer_or_default(None, "d") == "d"
        assert base.activation_quantizer_or_default(config, "d") is None
        with pytest.raises(NotImplementedError, match="ubclasses"):
            _ = base().mode


@pytest.mark.parametrize("mode", ["gptq", "awq"])
def test_a_mode_that_needs_data_takes_its_own_configuration(mode):
    for k in (torchkeras, keras):

        class Other(k.quantizers.QuantizationConfig):
            mode = "gptq"

        Other.mode = mode
        model = k.Sequential([k.Input((3,)), k.layers.Dense(2)])
        with pytest.raises(ValueError, match=f"(?i){mode}Config"):
            model.quantize(mode, config=Other())
