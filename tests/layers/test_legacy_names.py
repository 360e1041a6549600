"""Methods and attributes that layers of Keras 1 and 2 had, and users' layers of then."""

import copy
import pickle

import numpy as np
import pytest
import torch
from torch import nn

import torchkeras
from oracle import rand
from torchkeras import config

L = torchkeras.layers


def quietly(call):
    with pytest.warns(DeprecationWarning, match="older Keras") as said:
        found = call()
    assert said[0].filename == __file__
    return found


class Keras1(L.Layer):
    """A layer as the documentation of Keras 1.2 has it, with its own lists of weights."""

    def __init__(self, output_dim, init="uniform", **kwargs):
        self.output_dim = output_dim
        self.init = torchkeras.initializers.get(init)
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.W = self.add_weight(
            (input_shape[1], self.output_dim), initializer=self.init, name=f"{self.name}_W"
        )
        self.b = torchkeras.Variable(np.ones(self.output_dim), name=f"{self.name}_b")
        self.trainable_weights = [self.W, self.b]
        super().build(input_shape)

    def call(self, x, mask=None):
        return x @ self.W + self.b

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], self.output_dim)


class TestLayerOfKeras1:
    def test_in_a_model(self):
        with pytest.warns(DeprecationWarning, match="Make weights with add_weight"):
            model = torchkeras.Sequential([Keras1(4, input_dim=3), L.Dense(1)])
        assert model.output_shape == (None, 1)
        layer = model.layers[0]
        assert [v.name for v in layer.trainable_weights] == [f"{layer.name}_W", f"{layer.name}_b"]
        assert len(model.trainable_weights) == 4
        model.compile("sgd", "mse")
        before = layer.get_weights()
        model.fit(rand(16, 3), rand(16, 1), verbose=0)
        assert all((a != b).any() for a, b in zip(before, layer.get_weights(), strict=True))
        for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            np.testing.assert_array_equal(
                other.predict(rand(2, 3), verbose=0), model.predict(rand(2, 3), verbose=0)
            )
        assert layer.get_config()["output_dim"] == 4

    def test_setting_weights_in_the_other_modes(self):
        config.set_legacy_mode("off")
        with pytest.raises(AttributeError, match="has no setter"):
            Keras1(4).build((None, 3))
        config.set_legacy_mode("strict")
        with pytest.raises(AttributeError, match="Make weights with add_weight"):
            Keras1(4).build((None, 3))

    def test_weights_that_are_not_trained(self):
        class Scale(L.Layer):
            def build(self, input_shape):
                self.w = torchkeras.Variable(np.ones(input_shape[-1]))
                self.non_trainable_weights = [self.w]

            def call(self, x):
                return x * self.w

        layer = Scale()
        quietly(lambda: layer.build((None, 3)))
        assert layer.trainable_weights == [] and len(layer.non_trainable_weights) == 1


class TestAddWeight:
    @pytest.mark.parametrize(
        ("args", "kwargs", "name"),
        [
            (("kernel", (2, 3)), {"initializer": "ones"}, "kernel"),
            (("kernel", (2, 3), "float64", "ones", None, False), {}, "kernel"),
            (("kernel",), {"shape": (2, 3), "initializer": "one", "use_resource": True}, "kernel"),
            (((2, 3), "one", "my_W"), {}, "my_W"),
            (((2, 3), torchkeras.initializers.Ones(), "my_W", False, "l2"), {}, "my_W"),
            ((), {"shape": (2, 3), "initializer": "ones", "partitioner": None, "name": "k"}, "k"),
        ],
    )
    def test_old_orders(self, args, kwargs, name):
        layer = L.Layer()
        w = quietly(lambda: layer.add_weight(*args, **kwargs))
        assert w.name == name and tuple(w.shape) == (2, 3) and bool((w == 1).all())
        assert w.trainable == (False not in args)
        if "float64" in args:
            assert w.dtype is torch.float64
        if "l2" in args:
            assert isinstance(w.regularizer, torchkeras.regularizers.L2)

    def test_order_of_today(self):
        w = L.Layer().add_weight((2, 3), "ones", "float64", False)
        assert w.dtype is torch.float64 and not w.trainable

    def test_modes(self):
        config.set_legacy_mode("strict")
        with pytest.raises(ValueError, match=r"Write add_weight\(name='w', shape=\(2,\)\)"):
            L.Layer().add_weight("w", (2,))

    def test_initializer_that_knows_no_dtype(self):
        w = L.Layer().add_weight((2,), lambda shape: torch.full(shape, 3.0, dtype=torch.float64))
        assert w.dtype is torch.float32 and w.tolist() == [3.0, 3.0]


class TestNodes:
    def graph(self):
        x = L.Input((3,))
        first, second, third = L.Dense(4), L.Dense(2), L.Dense(2)
        y = first(x)
        return x, y, (first, second, third), torchkeras.Model(x, [second(y), third(y)])

    def test_shapes(self):
        *_, (first, *_), _model = self.graph()
        assert quietly(lambda: first.input_shape) == (None, 3)
        assert quietly(lambda: first.output_shape) == (None, 4)
        assert quietly(lambda: first.get_output_shape_at(0)) == (None, 4)
        assert quietly(lambda: first.get_input_shape_at(0)) == (None, 3)
        assert quietly(lambda: first.get_output_shape_for((5, 3))) == (5, 4)
        assert quietly(lambda: first.output_mask) is None

    def test_outbound_nodes(self):
        _, y, (first, second, third), model = self.graph()
        assert {n.operation for n in first.outbound_nodes} == {second, third}
        assert second.outbound_nodes == []
        assert len(first._outbound_nodes) == 2
        again = pickle.loads(pickle.dumps(model))
        assert len(again.layers[1].outbound_nodes) == 2
        assert copy.deepcopy(L.Dense(1)).outbound_nodes == []
        del model, y
        assert first.outbound_nodes == []


class TestOwnAttributes:
    """Whoever has an attribute of an old name has it as before."""

    def test_plain_and_modules(self):
        class Mine(L.Layer):
            def __init__(self):
                super().__init__()
                self.updates = 3
                self.input_shape = (1, 2)
                self.dynamic = L.Dense(2)
                self.stateful = nn.Linear(2, 2)

        layer = Mine()
        assert layer.updates == 3 and layer.input_shape == (1, 2)
        assert isinstance(layer.dynamic, L.Dense) and isinstance(layer.stateful, nn.Linear)

    def test_buffers_and_parameters(self):
        layer = L.Layer()
        layer.register_buffer("input_mask", torch.ones(2))
        layer.register_parameter("updates", nn.Parameter(torch.ones(3)))
        layer.dynamic = nn.Parameter(torch.zeros(1))
        assert layer.input_mask.tolist() == [1, 1] and layer.updates.shape == (3,)
        assert set(layer.state_dict()) == {"input_mask", "updates", "dynamic"}

    def test_method_of_a_subclass(self):
        class Mine(L.Layer):
            def get_updates_for(self, inputs):
                return "mine"

        assert Mine().get_updates_for(None) == "mine"


def test_uses_learning_phase_and_stateful():
    assert quietly(lambda: L.Dropout(0.5).uses_learning_phase)
    assert not quietly(lambda: L.Dense(1).uses_learning_phase)
    model = torchkeras.Sequential([L.Input((2, 3), batch_size=2), L.LSTM(2, stateful=True)])
    assert quietly(lambda: model.stateful) and model.layers[0].stateful
