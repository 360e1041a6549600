"""`lr`, `decay` and the other names of Keras 1 and 2 on the optimizers of today."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import torch

import torchkeras
from oracle import rand
from torchkeras import config, optimizers
from torchkeras.optimizers import legacy


def quietly(call):
    with pytest.warns(DeprecationWarning, match="older Keras") as said:
        found = call()
    assert said[0].filename == __file__
    return found


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adagrad", "Adamax", "Nadam"])
def test_decay_is_that_of_keras_2(name):
    ours = quietly(lambda: getattr(optimizers, name)(lr=0.1, decay=0.25))
    theirs = getattr(legacy, name)(lr=0.1, decay=0.25)
    a, b = (torch.nn.Parameter(torch.tensor([1.0, -2.0])) for _ in range(2))
    for step in range(5):
        gradient = torch.tensor(rand(2, seed=step))
        ours.apply([gradient], [a])
        theirs.apply([gradient], [b])
    torch.testing.assert_close(a, b)
    assert float(ours.learning_rate) == pytest.approx(0.1)


def test_decay_of_sgd_in_numbers():
    with pytest.warns(DeprecationWarning, match=r"InverseTimeDecay\(1.0, 1, 0.5\)"):
        optimizer = optimizers.SGD(1.0, decay=0.5)
    w = torch.nn.Parameter(torch.zeros(1))
    for _ in range(3):
        optimizer.apply([torch.ones(1)], [w])
    assert w.item() == pytest.approx(-(1 + 1 / 1.5 + 1 / 2))
    assert quietly(lambda: optimizer.decay) == quietly(lambda: optimizer.initial_decay) == 0.5


def test_decay_goes_with_copies_configs_and_files(tmp_path):
    model = torchkeras.Sequential([torchkeras.Input((2,)), torchkeras.layers.Dense(1)])
    model.compile(quietly(lambda: optimizers.SGD(lr=0.1, decay=0.5)), "mse")
    model.fit(rand(8, 2), rand(8, 1), verbose=0)
    model.save(tmp_path / "m.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        copies = (
            optimizers.SGD.from_config(model.optimizer.get_config()),
            copy.deepcopy(model.optimizer),
            pickle.loads(pickle.dumps(model.optimizer)),
            torchkeras.models.load_model(tmp_path / "m.keras").optimizer,
        )
    assert [c._inverse_decay for c in copies] == [0.5] * 4
    assert "decay" not in optimizers.SGD(0.1).get_config()


class TestRate:
    def test_read_and_set(self):
        optimizer = optimizers.Adam(0.5)
        assert float(quietly(lambda: optimizer.lr)) == 0.5
        quietly(lambda: setattr(optimizer, "lr", 0.25))
        assert float(optimizer.learning_rate) == 0.25
        quietly(lambda: optimizer.lr).assign(0.125)
        assert float(optimizer.learning_rate) == 0.125

    def test_modes(self):
        optimizer = optimizers.Adam(0.5)
        config.set_legacy_mode("strict")
        with pytest.raises(AttributeError, match="Use learning_rate"):
            optimizer.lr
        config.set_legacy_mode("off")
        with pytest.raises(AttributeError, match="'Adam' object has no attribute 'lr'"):
            optimizer.lr
        optimizer.lr = 3.0  # an attribute like any other
        assert float(optimizer.learning_rate) == 0.5
        with pytest.raises(ValueError, match="did you mean 'learning_rate'"):
            optimizers.Adam(lr=0.1)

    def test_attribute_of_ones_own(self):
        class Mine(optimizers.SGD):
            def __init__(self, decay=0.1):
                super().__init__(0.1)
                self.decay = decay

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert Mine(0.3).decay == 0.3


class TestMethods:
    def test_weights(self):
        optimizer = optimizers.SGD(0.5)
        assert quietly(lambda: optimizer.weights) == optimizer.variables
        first = quietly(optimizer.get_weights)
        assert [float(w) for w in first] == [0.0, 0.5]

    @pytest.mark.parametrize("lazy", [False, True])
    def test_minimize(self, lazy):
        w = torch.nn.Parameter(torch.tensor([3.0]))

        def loss():
            return (w**2).sum()

        quietly(lambda: optimizers.SGD(0.1).minimize(loss if lazy else loss(), [w]))
        assert w.item() == pytest.approx(3.0 - 0.6)

    def test_gradients(self):
        w = torch.nn.Parameter(torch.tensor([3.0]))
        (found,) = quietly(lambda: optimizers.SGD(0.1).get_gradients((w**2).sum(), [w]))
        assert found.item() == 6.0

    @pytest.mark.parametrize("order", ["keras 1", "keras 2", "by name"])
    def test_updates_are_done_at_once(self, order):
        w = torch.nn.Parameter(torch.tensor([3.0]))
        loss = (w**2).sum()
        args = {"keras 1": ([w], {}, loss), "keras 2": (loss, [w]), "by name": ()}[order]
        kwargs = {"loss": loss, "params": [w]} if not args else {}
        assert quietly(lambda: optimizers.SGD(0.1).get_updates(*args, **kwargs)) == []
        assert w.item() == pytest.approx(3.0 - 0.6)

    def test_updates_of_symbols(self):
        with (
            pytest.raises(TypeError, match="no graph"),
            pytest.warns(DeprecationWarning, match="older Keras"),
        ):
            optimizers.SGD(0.1).get_updates(torchkeras.Input((2,)), [])


def test_epsilon_none_is_the_usual_one():
    assert quietly(lambda: optimizers.Adam(epsilon=None)).epsilon == optimizers.Adam().epsilon
    np.testing.assert_equal(quietly(lambda: optimizers.RMSprop(lr=1.0, epsilon=None)).epsilon, 1e-7)
