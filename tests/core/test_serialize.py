"""Objects to Keras 3 JSON and back, against real Keras."""

import copy
import json

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import clear_names, normalise_config
from torchkeras._base.errors import ModelFileError, UnsafeModelError
from torchkeras.core import serialize

LIBRARIES = (torchkeras, keras)

OBJECTS = {
    "regularizer": lambda k: k.regularizers.L1L2(0.1, 0.2),
    "initializer": lambda k: k.initializers.RandomNormal(0.1, 0.2, seed=3),
    "constraint": lambda k: k.constraints.MaxNorm(2, axis=1),
    "loss": lambda k: k.losses.CategoricalCrossentropy(label_smoothing=0.1, name="h"),
    "metric": lambda k: k.metrics.MeanSquaredError(name="m"),
    "optimizer": lambda k: k.optimizers.SGD(k.optimizers.schedules.CosineDecay(0.1, 7)),
    "policy": lambda k: k.dtype_policies.DTypePolicy("mixed_bfloat16"),
    "layer": lambda k: k.layers.Dense(3, "tanh", kernel_regularizer="l2", name="d"),
    "built layer": lambda k: built(k.layers.Dense(3, name="d")),
    "nested": lambda k: k.layers.TimeDistributed(k.layers.Dense(2, name="i"), name="t"),
    "activation": lambda k: k.activations.relu,
    "sequential": lambda k: k.Sequential([k.Input((3,), name="x"), k.layers.ReLU()], name="s"),
    "list": lambda k: [k.regularizers.L2(0.1), 3, None, "x", (1, 2)],
    "dict": lambda k: {"a": k.regularizers.L2(0.1), "b": [1.5, True]},
}  # fmt: skip


def built(layer):
    layer.build((None, 4))
    return layer


def serialised(k, obj):
    return normalise_config(k.saving.serialize_keras_object(obj))


def families(config):
    """The config with the families of modules only: Keras's optimizers name their backend."""
    if isinstance(config, dict):
        out = {key: families(v) for key, v in config.items()}
        if "module" in out:
            out["module"] = serialize._family(out["module"] or "")
            out.pop("registered_name", None)
        return out
    return [families(v) for v in config] if isinstance(config, list) else config


@pytest.mark.parametrize("name", OBJECTS)
def test_the_form_is_that_of_keras(name):
    forms = []
    for k in LIBRARIES:
        clear_names()
        forms.append(serialised(k, OBJECTS[name](k)))
    if name == "activation":  # Keras writes functions of its own in full; it reads bare names too
        assert forms[0]["config"] == forms[1]["config"] == "relu"
    else:
        assert families(forms[0]) == families(forms[1])


@pytest.mark.parametrize("name", [n for n in OBJECTS if n not in ("list", "dict")])
def test_each_reads_what_the_other_wrote(name):
    for source, reader in (LIBRARIES, LIBRARIES[::-1], (torchkeras, torchkeras)):
        config = serialised(source, OBJECTS[name](source))
        clear_names()
        again = reader.saving.deserialize_keras_object(copy.deepcopy(config))  # Keras changes it
        assert families(serialised(reader, again)) == families(config)


VALUES = [
    None, True, 3, 2.5, "text", "class_name", "\x00bytes", [1, [2, None]], {"a": {"b": 1}},
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_plain_values(value):
    assert serialised(torchkeras, value) == serialised(keras, value)
    assert torchkeras.saving.deserialize_keras_object(serialised(torchkeras, value)) == value


@pytest.mark.parametrize(
    ("value", "same"),
    [
        (b"abc", lambda v: v == b"abc"),
        (slice(1, None, 2), lambda v: v == slice(1, None, 2)),
        (np.float32(2.5), lambda v: v == 2.5 and isinstance(v, float)),
        (np.array([[1, 2]], "int16"), lambda v: v.dtype == np.int16 and v.tolist() == [[1, 2]]),
        (torch.tensor([1.5]), lambda v: isinstance(v, torch.Tensor) and v.tolist() == [1.5]),
        (Ellipsis, lambda v: v is Ellipsis),
        (torch.bfloat16, lambda v: v == "bfloat16"),
    ],
    ids=lambda v: type(v).__name__,
)
def test_special_values(value, same):
    config = json.loads(json.dumps(serialize.serialize_keras_object(value)))
    assert same(serialize.deserialize_keras_object(config))


# ------------------------------------------------------------------------------- own objects


class Own:
    def __init__(self, a, inner=None):
        self.a, self.inner = a, inner

    def get_config(self):
        return {"a": self.a, "inner": self.inner}

    @classmethod
    def from_config(cls, config):
        return cls(config["a"], torchkeras.saving.deserialize_keras_object(config["inner"]))


def test_registered_names_like_keras():
    for k in LIBRARIES:

        class Mine(Own):
            pass

        k.saving.register_keras_serializable("my_package", "Other")(Mine)
        assert k.saving.get_registered_name(Mine) == "my_package>Other"
        assert k.saving.get_registered_object("my_package>Other") is Mine
        assert k.saving.get_registered_name(Own) == "Own"
        assert k.saving.get_registered_object("nosuch") is None
        config = k.saving.serialize_keras_object(Mine(1))
        assert config["class_name"] == "Mine"
        assert config["registered_name"] == "my_package>Other"
        assert type(k.saving.deserialize_keras_object(config)) is Mine
        k.saving.get_custom_objects().pop("my_package>Other")


def test_custom_objects():
    config = serialize.serialize_keras_object(Own(2, Own([3])))
    with pytest.raises(UnsafeModelError, match=r"'Own'.*register_keras_serializable"):
        serialize.deserialize_keras_object(config)
    made = serialize.deserialize_keras_object(config, custom_objects={"Own": Own})
    with pytest.raises(UnsafeModelError, match="'Own'"):
        serialize.deserialize_keras_object(config)
    assert made.a == 2
    with serialize.CustomObjectScope({"Own": Own}):
        assert serialize.deserialize_keras_object(config).inner.a == [3]
        with serialize.custom_object_scope({"double": abs}):
            assert torchkeras.activations.get("double") is abs
            assert serialize.get_registered_object("Own") is Own
        assert serialize.get_registered_object("double") is None
    assert serialize.get_registered_object("Own") is None


def test_own_objects_come_before_ours():
    class Dense(torchkeras.layers.Layer):
        pass

    config = serialize.serialize_keras_object(torchkeras.layers.Dense(3))
    config["config"] = {"name": "x"}
    assert type(serialize.deserialize_keras_object(config, {"Dense": Dense})) is Dense
    assert serialize.get_registered_object("x", {"x": 1}, {"x": 2}) == 1
    assert serialize.get_registered_object("x", None, {"x": 2}) == 2


@pytest.mark.parametrize(
    "module",
    [
        "keras.layers",
        "keras.src.layers.core.dense",
        "keras.layers.core",
        "tf_keras.layers",
        "tensorflow.keras.layers",
        "torchkeras.layers",
    ],
)
def test_paths_of_every_era_lead_to_the_class(module):
    config = {"module": module, "class_name": "Dense", "config": {"units": 2}}
    assert serialize.deserialize_keras_object(config).units == 2


# ------------------------------------------------------------------------------- what is refused


def config_of(name, module="keras.layers", registered=None, **config):
    return {
        "module": module, "class_name": name, "config": config, "registered_name": registered,
    }  # fmt: skip


@pytest.mark.parametrize(
    "config",
    [
        config_of("system", "os", command="true"),
        config_of("Popen", "subprocess"),
        config_of("Dense", "elsewhere", units=1),
        config_of("Dense", None, units=1),
        config_of("Nosuch"),
        config_of("deserialize"),
        config_of("Dense", registered="other>Dense", units=1),
        config_of("function", "builtins") | {"config": "eval"},
        config_of("type", "builtins") | {"config": "int"},
        {"class_name": "__lambda__", "config": {"value": "x"}},
    ],
    ids=str,
)
def test_strangers_are_refused(config):
    with pytest.raises(UnsafeModelError):
        serialize.deserialize_keras_object(config)


def test_an_object_of_another_kind_is_refused():
    config = serialize.serialize_keras_object(torchkeras.regularizers.L2(0.1))
    with pytest.raises(UnsafeModelError, match="L2 is a regularizer, where a layer is accepted"):
        serialize.deserialize_keras_object(config, kind="layer")
    assert serialize.deserialize_keras_object(config, kind="regularizer").l2 == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"class_name": 3, "config": {}}, "class_name must be a string"),
        (config_of("Dense") | {"config": [1]}, "config of Dense must be a dict"),
    ],
)
def test_malformed_configs(config, words):
    with pytest.raises(ModelFileError, match=words):
        serialize.deserialize_keras_object(config)


def test_wrong_arguments_name_the_class_and_the_place():
    config = {"a": [config_of("Dense", unitz=3)]}
    with pytest.raises(TypeError, match=r"Dense could not be made from its config.*unitz") as e:
        serialize.deserialize_keras_object(config)
    assert e.value.failed_config is config["a"][0]


def test_what_cannot_be_written():
    with pytest.raises(TypeError, match=r"type object: its class must have a get_config"):
        serialize.serialize_keras_object(object())
    with pytest.raises(ValueError, match="lambda cannot be stored"):
        serialize.serialize_keras_object(lambda x: x)
    for k in LIBRARIES:
        with pytest.raises(ValueError, match="get_config"):
            k.saving.register_keras_serializable()(type("Bare", (), {}))


def test_build_and_compile_configs():
    layer = built(torchkeras.layers.Dense(2))
    config = serialize.serialize_keras_object(layer)
    assert config["build_config"] == {"input_shape": (None, 4)}
    again = serialize.deserialize_keras_object(config)
    assert again.built and tuple(again.kernel.shape) == (4, 2)
    model = torchkeras.Sequential([torchkeras.Input((3,)), torchkeras.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    again = serialize.deserialize_keras_object(serialize.serialize_keras_object(model))
    assert again.compiled and type(again.optimizer) is torchkeras.optimizers.Adam


def test_builtins():
    assert serialize.is_builtin(torchkeras.layers.Dense) and not serialize.is_builtin(Own)
    assert serialize.builtin_config(torchkeras.layers.Dense) == ("keras.layers", "Dense")
    assert serialize.is_torch_module(torch.nn.ReLU())
    assert not serialize.is_torch_module(torchkeras.layers.ReLU())
    assert not serialize.is_torch_module(torchkeras.random.SeedGenerator(1))


@pytest.mark.parametrize("k", LIBRARIES)
def test_a_builtin_under_a_registered_name_is_refused(k):
    dense = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}}
    relu = {"module": "builtins", "class_name": "function", "config": "relu"}
    for name in ("subprocess.Popen", "not.a.real.name", "my_pkg>MyDense"):
        for config in (dense, relu):
            with pytest.raises(ValueError, match=r"registered_name|could not locate"):
                k.saving.deserialize_keras_object({**config, "registered_name": name})
    for name in ("", None, "Dense"):
        made = k.saving.deserialize_keras_object({**dense, "registered_name": name})
        assert type(made) is k.layers.Dense


@pytest.mark.parametrize("k", LIBRARIES)
def test_functions_of_files_before_keras_3_7(k):
    """They left the package out."""

    @k.saving.register_keras_serializable(f"before_{k.__name__}")
    def bare_function_name(x):
        return x

    config = {
        "module": "builtins",
        "class_name": "function",
        "config": "bare_function_name",
        "registered_name": "function",
    }
    assert k.saving.deserialize_keras_object(config) is bare_function_name
    if k is torchkeras:

        @k.saving.register_keras_serializable("second", "bare_function_name")
        def other(x):
            return x

        with pytest.raises(UnsafeModelError, match="could not locate"):  # which of the two?
            k.saving.deserialize_keras_object(config)
