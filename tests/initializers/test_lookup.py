import inspect
import json

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import check_config
from torchkeras import initializers as ours
from torchkeras.core.variable import Variable

theirs = keras.initializers

STRINGS = [
    "zero", "zeros", "Zeros", "one", "ones", "Ones", "identity", "Identity",
    "IdentityInitializer", "normal", "random_normal", "RandomNormal", "uniform",
    "random_uniform", "RandomUniform", "truncated_normal", "TruncatedNormal", "variance_scaling",
    "VarianceScaling", "glorot_uniform", "glorot_normal", "he_normal", "he_uniform",
    "lecun_normal", "lecun_uniform", "GlorotUniform", "GlorotNormal", "HeNormal", "HeUniform",
    "LecunNormal", "LecunUniform", "orthogonal", "Orthogonal", "OrthogonalInitializer", "stft",
    "STFT", "STFTInitializer",
]  # fmt: skip
CLASSES = sorted(
    {c for _, c in inspect.getmembers(theirs, inspect.isclass) if c is not theirs.Initializer},
    key=lambda c: c.__name__,
)


@pytest.mark.parametrize("name", STRINGS)
def test_strings(name):
    mine, real = ours.get(name), theirs.get(name)
    assert type(mine).__name__ == type(real).__name__
    check_config(mine, real)


def test_constant_by_name_is_zero():
    # Real Keras fails on these two names.
    assert ours.get("constant").value == ours.get("Constant").value == 0.0


@pytest.mark.parametrize(
    "name", [n for n, c in inspect.getmembers(theirs, inspect.isclass) if not n.startswith("_")]
)
def test_names_and_signatures(name):
    mine, real = getattr(ours, name), getattr(theirs, name)
    assert mine.__name__ == real.__name__
    a, b = (
        {p.name: p.default for p in inspect.signature(c.__init__).parameters.values()}
        for c in (mine, real)
    )
    assert a == b


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
def test_files_go_both_ways(cls):
    real = cls()
    config = json.loads(json.dumps(theirs.serialize(real)))
    mine = ours.deserialize(config)
    assert json.loads(json.dumps(ours.serialize(mine))) == config
    again = theirs.deserialize(json.loads(json.dumps(ours.serialize(mine))))
    assert again.get_config() == real.get_config()


def test_identifiers():
    own = ours.Zeros()
    assert ours.get(None) is None
    assert ours.get(own) is own
    assert type(ours.get(ours.Ones)) is ours.Ones
    assert ours.get({"class_name": "Constant", "config": {"value": 4}}).value == 4
    fn = lambda shape, dtype=None: torch.ones(shape)  # noqa: E731
    assert ours.get(fn) is fn
    for bad in (3, 2.5, [1]):
        with pytest.raises(ValueError, match="initializer is given by a name"):
            ours.get(bad)
    with pytest.raises(ValueError, match=r"Unknown initializer: 'glorot_unif'\. Did you mean"):
        ours.get("glorot_unif")


@pytest.mark.parametrize("make", [np.array, torch.tensor, Variable])
def test_values_as_initializer(make):
    values = make([[1.0, 2.0], [3.0, 4.0]])
    init = ours.get(values)
    for dtype in (None, "float16", "float64", "int32"):
        out = init((2, 2), dtype=dtype)
        assert out.tolist() == [[1, 2], [3, 4]]
        assert out.dtype == theirs.get(np.ones((2, 2)))((2, 2), dtype=dtype).dtype
    out = init((2, 2))
    out += 1
    assert init((2, 2)).tolist() == [[1, 2], [3, 4]], "the values given are not to be written to"
    with pytest.raises(ValueError, match=r"given as initializer, \(2, 2\). Received: shape=\(4,\)"):
        init((4,))


def test_a_users_class():
    @torchkeras.saving.register_keras_serializable("tests")
    class Ramp(ours.Initializer):
        def __init__(self, step, start=0.0):
            self.step = step
            self.start = start

        def __call__(self, shape, dtype=None):
            return self.start + self.step * torch.arange(shape[-1]).expand(shape)

    config = json.loads(json.dumps(ours.serialize(Ramp(0.5))))
    assert config["config"] == {"step": 0.5, "start": 0.0}
    assert ours.deserialize(config).step == 0.5
    assert Ramp(0.5, 2).clone().start == 2
    with pytest.raises(TypeError, match="Initializer must define __call__"):
        ours.Initializer()((2,))
