"""What a file says of `compile`."""

import keras
import numpy as np
import pytest

import torchkeras

LIBRARIES = (torchkeras, keras)


def with_own_compile(k):
    class Pair(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(1)

        def compile(self, first, second):
            super().compile(loss="mse")
            self.rates = first, second

        def call(self, x):
            return self.dense(x)

    return Pair


@pytest.mark.parametrize("k", LIBRARIES)
def test_a_compile_of_its_own_is_not_called(k, tmp_path):
    Pair = with_own_compile(k)
    model = Pair()
    model.compile(0.1, 0.2)
    model(np.ones((2, 3), "float32"))
    model.save(tmp_path / "m.keras")
    with pytest.warns(UserWarning, match="compile"):
        loaded = k.saving.load_model(tmp_path / "m.keras", {"Pair": Pair})
    assert not hasattr(loaded, "rates")
    assert np.array_equal(loaded.get_weights()[0], model.get_weights()[0])


@pytest.mark.parametrize("k", LIBRARIES)
def test_it_may_say_how(k, tmp_path):
    class Own(with_own_compile(k)):
        def get_compile_config(self):
            return {"rates": self.rates}

        def compile_from_config(self, config):
            self.compile(*config["rates"])

    model = Own()
    model.compile(0.1, 0.2)
    model(np.ones((2, 3), "float32"))
    model.save(tmp_path / "m.keras")
    loaded = k.saving.load_model(tmp_path / "m.keras", {"Own": Own})
    assert tuple(loaded.rates) == (0.1, 0.2)
    assert loaded.compiled


def test_what_is_known_before_compile():
    for k in LIBRARIES:
        model = k.Sequential([k.Input((3,)), k.layers.Dense(2)])
        assert model.loss is None
        assert (model.compiled, model.run_eagerly, model.jit_compile) == (False, False, False)
        assert model.steps_per_execution == 1
