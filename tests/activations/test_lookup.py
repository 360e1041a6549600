import functools
import inspect

import keras
import pytest
import torch

import torchkeras.activations as ours
from oracle import rand
from torchkeras import saving
from torchkeras.activations.lookup import NATIVE
from torchkeras.core import torch_function  # noqa: F401 - lets symbols record torch calls
from torchkeras.core.symbolic import KerasTensor

theirs = keras.activations
NAMES = sorted(
    n
    for n, f in vars(theirs).items()
    if inspect.isfunction(f) and n not in ("get", "serialize", "deserialize")
)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_signature_and_string_form(name):
    mine = getattr(ours, name)
    want = inspect.signature(getattr(theirs, name))
    assert [(p.name, p.default) for p in inspect.signature(mine).parameters.values()] == [
        (p.name, p.default) for p in want.parameters.values()
    ]
    assert ours.get(name) is mine
    assert ours.get(mine) is mine
    assert ours.serialize(mine) == theirs.serialize(theirs.get(name))
    assert ours.deserialize(ours.serialize(mine)) is mine
    assert ours.get(keras.saving.serialize_keras_object(theirs.get(name))) is mine


@pytest.mark.parametrize(
    "config",
    [
        "relu",
        {"class_name": "relu"},
        {"class_name": "relu", "config": "relu"},
        {"class_name": "function", "config": "relu"},
        keras.saving.serialize_keras_object(theirs.relu),
    ],
    ids=str,
)  # fmt: skip
def test_forms_of_old_and_new_configs(config):
    assert ours.deserialize(config) is ours.relu
    assert ours.get(config) is ours.relu


def test_none_is_linear_and_callables_stay():
    assert ours.get(None) is ours.linear
    for fn in (torch.relu, torch.nn.ReLU(), lambda x: x, functools.partial(ours.relu, max_value=1)):
        assert ours.get(fn) is fn


def test_unknown_names_suggest_near_ones():
    with pytest.raises(ValueError, match=r"Unknown activation: 'rellu'\. Did you mean 'relu'"):
        ours.get("rellu")
    for bad in (3, 2.5, [1], torch.ones(2)):
        with pytest.raises(ValueError, match="activation is given by a name"):
            ours.get(bad)


def test_a_users_function():
    def a_users_own(x):  # no other test registers such a name
        return 2 * x

    config = ours.serialize(a_users_own)
    assert ours.deserialize(config, custom_objects={"a_users_own": a_users_own}) is a_users_own
    with pytest.raises(ValueError, match="could not locate function 'a_users_own'"):
        ours.deserialize(config)
    with saving.custom_object_scope({"a_users_own": a_users_own}):
        assert ours.get("a_users_own") is a_users_own


@pytest.mark.parametrize("fn", NATIVE, ids=lambda f: f.__name__)
def test_native_does_the_same(fn):
    x = torch.tensor(rand(4, 6, low=-5, high=5))
    bare = ours.native(fn)
    assert torch.equal(fn(x), x if bare is None else bare(x))


@pytest.mark.parametrize("name", NAMES)
def test_symbols_get_shapes_and_dtypes(name):
    args = (0.5, 1.0) if name == "threshold" else ()
    x = KerasTensor((None, 6), "float32")
    out = getattr(ours, name)(x, *args)
    assert out.shape == ((None, 3) if name == "glu" else (None, 6))
    assert out.dtype == "float32"


def test_symbols_take_all_arguments():
    x = KerasTensor((None, 6), "float32")
    assert ours.relu(x, 0.1, 6, 2).shape == (None, 6)
    assert ours.softmax(KerasTensor((None, 3, 6)), axis=(1, 2)).shape == (None, 3, 6)
    assert ours.sparsemax(KerasTensor((None, 3, 6)), axis=1).shape == (None, 3, 6)
    assert ours.sigmoid(KerasTensor((2, 3), "float16")).dtype == "float16"
