"""What all optimizers share: apply and step, None gradients, classes of one's own, arguments."""

import inspect

import keras
import numpy as np
import pytest
import torch
from optimizers.names import METHODS

import torchkeras
from oracle import assert_close
from torchkeras import config, optimizers
from torchkeras.core.variable import Variable
from torchkeras.optimizers import SGD, Adam, AdamW, Optimizer


def ones(value=1.0, name=None):
    return Variable(np.full((3, 2), value, "float32"), name=name)


@pytest.mark.parametrize("name", [*METHODS, "LossScaleOptimizer", "Optimizer"])
def test_signature_and_config(name):
    ours, theirs = getattr(optimizers, name), getattr(keras.optimizers, name)
    mine = inspect.signature(ours.__init__).parameters
    wanted = inspect.signature(theirs.__init__).parameters
    order = sorted if name == "Muon" else list  # where ours has its own arguments together
    assert order(n for n in mine if n != "kwargs") == order(n for n in wanted if n != "kwargs")
    for n, p in wanted.items():
        if n != "kwargs":
            assert mine[n].default == p.default, n
    assert list(inspect.signature(ours).parameters) == [n for n in mine if n != "self"]


@pytest.mark.parametrize("name", METHODS)
def test_config_round_trip(name):
    options = {"learning_rate": 0.25, "clipvalue": 0.5, "use_ema": True, "name": "mine"}
    optimizer = getattr(optimizers, name)(**options)
    config = optimizer.get_config()
    assert config == getattr(keras.optimizers, name)(**options).get_config()
    assert getattr(optimizers, name).from_config(config).get_config() == config


def test_names():
    assert [SGD().name, SGD().name, Adam(name="mine").name] == ["sgd", "sgd_1", "mine"]
    assert optimizers.RMSprop().name == "rm_sprop"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clipnorm": 1.0, "clipvalue": 1.0}, "only one of clipnorm"),
        ({"clipnorm": 1.0, "global_clipnorm": 1.0}, "only one of clipnorm"),
        ({"gradient_accumulation_steps": 1}, "integer >= 2"),
        ({"gradient_accumulation_steps": 2.5}, "integer >= 2"),
        ({"use_ema": True, "ema_momentum": 1.5}, "ema_momentum must be in"),
        ({"use_ema": True, "ema_overwrite_frequency": 0}, "integer >= 1"),
        ({"use_ema": True, "ema_overwrite_frequency": 1.5}, "integer >= 1"),
        ({"name": "a/b"}, "name must be a string without"),
        ({"name": 3}, "name must be a string without"),
        ({"lr": 0.1}, "did you mean 'learning_rate'"),
        ({"clip_norm": 0.1}, "did you mean 'clipnorm'"),
    ],
    ids=str,
)
def test_wrong_arguments(options, message):
    config.set_legacy_mode("off")
    with pytest.raises(ValueError, match=f"Adam: .*{message}.*Received: "):
        Adam(**options)


def test_decay_is_ignored_as_in_keras_where_old_names_are_off():
    config.set_legacy_mode("off")
    with pytest.warns(UserWarning, match="`decay` is no longer supported"):
        Adam(decay=0.1)


class TestApply:
    def test_builds_at_the_first_call(self):
        optimizer, v = SGD(0.1), ones()
        optimizer.apply_gradients(zip([torch.ones(3, 2)], [v], strict=True))
        assert optimizer.built
        assert_close(v, np.full((3, 2), 0.9, "float32"))

    def test_takes_arrays_lists_and_other_dtypes(self):
        optimizer, v = SGD(0.1), ones()
        optimizer.build([v])
        for g in (np.ones((3, 2)), [[1.0, 1.0]] * 3, torch.ones(3, 2, dtype=torch.float64)):
            optimizer.apply([g])
        assert_close(v, np.full((3, 2), 0.7, "float32"))

    def test_without_variables_needs_build(self):
        with pytest.raises(ValueError, match=r"call build\(trainable_variables\) first"):
            SGD().apply([torch.ones(3, 2)])

    def test_unknown_variable(self):
        optimizer, v = SGD(), ones()
        optimizer.build([v])
        with pytest.raises(ValueError, match=r"unknown variable.*Received: stranger"):
            optimizer.apply([torch.ones(3, 2)], [ones(name="stranger")])

    def test_another_number_of_gradients(self):
        optimizer, v, w = SGD(0.1), ones(), ones()
        optimizer.build([v, w])
        for variables in (None, [v, w]):
            with pytest.raises(ValueError, match=r"one entry for each of the 2 .*Received: 1"):
                optimizer.apply([torch.ones(3, 2)], variables)
        assert_close(v, np.ones((3, 2), "float32"))

    def test_another_shape(self):
        optimizer, v, w = SGD(0.1), ones(), ones()
        with pytest.raises(ValueError, match=r"Received: shape=\(2, 2\)"):
            optimizer.apply([torch.ones(3, 2), torch.ones(2, 2)], [v, w])
        assert_close(v, np.ones((3, 2), "float32"))

    def test_all_none(self):
        with pytest.raises(ValueError, match="no gradients provided for any variable"):
            SGD().apply([None, None], [ones(), ones()])

    def test_one_none_warns_and_counts(self):
        optimizer, v, w = SGD(0.1), ones(name="a"), ones(name="b")
        with pytest.warns(UserWarning, match=r"do not exist for variables \['b'\]"):
            optimizer.apply([torch.ones(3, 2), None], [v, w])
        assert_close([v, w], [np.full((3, 2), 0.9, "float32"), np.ones((3, 2), "float32")])
        assert int(optimizer.iterations) == 1

    def test_nothing(self):
        optimizer = SGD()
        optimizer.apply([])
        assert int(optimizer.iterations) == 0

    def test_subset_and_other_order_like_keras(self):
        ours = [ones(1.0), ones(2.0)]
        theirs = [keras.Variable(v.detach().numpy().copy()) for v in ours]
        optimizer, reference = Adam(0.1), keras.optimizers.Adam(0.1)
        optimizer.build(ours)
        reference.build(theirs)
        g = torch.ones(3, 2)
        for grads, order in ([[g], [1]], [[2 * g, g], [1, 0]], [[g], [0]], [[g, 3 * g], [0, 1]]):
            optimizer.apply(grads, [ours[i] for i in order])
            reference.apply(grads, [theirs[i] for i in order])
            assert_close(ours, theirs)
        assert_close(optimizer.variables, reference.variables, atol=1e-7)

    def test_gradients_are_left_alone(self):
        g = torch.ones(3, 2)
        names = ["clipnorm", "clipvalue", "global_clipnorm", "loss_scale_factor"]
        for options in [*({n: 0.1} for n in names), {"gradient_accumulation_steps": 2}]:
            v = ones()
            optimizer = Adam(**options)
            for _ in range(3):
                v.grad = g
                optimizer.build([v])
                optimizer.step()
                optimizer.apply([g], [v])
        assert torch.equal(g, torch.ones(3, 2))


class TestStatelessApply:
    def test_like_apply(self):
        v, w = ones(1.0), ones(2.0)
        optimizer, other = Adam(0.1, use_ema=True), Adam(0.1, use_ema=True)
        other_v, other_w = ones(1.0), ones(2.0)
        optimizer.build([v, w])
        other.build([other_v, other_w])
        g = torch.ones(3, 2)
        values, state = [v.detach().clone(), w.detach().clone()], list(other.variables)
        for _ in range(3):
            values, state = other.stateless_apply(state, [g, 2 * g], values)
            optimizer.apply([g, 2 * g], [v, w])
            assert_close(values, [v, w])
            assert_close(state, optimizer.variables)
        assert_close([other_v, other_w], [ones(1.0), ones(2.0)])
        assert int(other.iterations) == 0

    def test_errors(self):
        optimizer, v = Adam(0.1), ones()
        with pytest.raises(ValueError, match="needs a built optimizer"):
            optimizer.stateless_apply([], [], [])
        optimizer.build([v])
        with pytest.raises(ValueError, match="optimizer_variables must have 4 entries"):
            optimizer.stateless_apply([], [v], [v])
        with pytest.raises(ValueError, match="trainable_variables must have 1 entries"):
            optimizer.stateless_apply(optimizer.variables, [v], [v, v])


def own_class(module):
    class Own(module.optimizers.Optimizer):
        def __init__(self, learning_rate=0.1, momentum=0.5, **kwargs):
            super().__init__(learning_rate, **kwargs)
            self.momentum = momentum

        def build(self, variables):
            if self.built:
                return
            super().build(variables)
            self.sums = [self.add_variable_from_reference(v, "sum") for v in variables]
            self.count = self.add_variable((), name="count")
            self.others, self.more = self.add_optimizer_variables(
                variables, ["other", "more"], ["ones", "zeros"]
            )

        def update_step(self, gradient, variable, learning_rate):
            i = self._get_variable_index(variable)
            self.assign(self.sums[i], self.momentum * self.sums[i] + gradient)
            self.assign_add(self.count, 1.0)
            self.assign_sub(self.others[i], gradient)
            rate = learning_rate / (1.0 + float(self.iterations))
            self.assign_sub(variable, rate * self.sums[i])

    return Own


class TestOwnClass:
    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"weight_decay": 0.1},
            {"clipnorm": 0.5},
            {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2},
            {"gradient_accumulation_steps": 2},
        ],
        ids=str,
    )
    def test_like_keras(self, variables, options):
        theirs, ours = variables()
        optimizer, reference = own_class(torchkeras)(**options), own_class(keras)(**options)
        optimizer.build(ours)
        reference.build(theirs)
        rng = np.random.default_rng(0)
        for _ in range(6):
            grads = [torch.tensor(rng.normal(size=v.shape).astype("float32")) for v in ours]
            optimizer.apply(grads, ours)
            reference.apply(grads, theirs)
            assert_close(ours, theirs)
        assert_close(optimizer.variables, reference.variables)
        assert [v.path for v in optimizer.variables] == [v.path for v in reference.variables]
        base = reference.get_config()  # where Keras has the base's arguments only
        assert optimizer.get_config() == {**base, "momentum": 0.5}

    def test_with_torch_parameters_from_a_generator(self):
        layer = torch.nn.Linear(2, 3)
        optimizer = own_class(torchkeras)(0.5)
        optimizer.build(layer.parameters())
        assert [tuple(v.shape) for v in optimizer.sums] == [(3, 2), (3,)]
        before = layer.bias.detach().clone()
        layer(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        assert_close(layer.bias, before - 0.5)
        assert set(optimizer.state[layer.bias]) == {"sum", "other", "more"}

    def test_update_step_over_a_method_of_ours(self):
        class Doubled(Adam):
            def update_step(self, gradient, variable, learning_rate):
                super().update_step(gradient, variable, 2 * learning_rate)

        v, w = [ones(), ones(2.0)], [ones(), ones(2.0)]
        doubled, plain = Doubled(0.1, weight_decay=0.0), Adam(0.2)
        for _ in range(3):
            doubled.apply([torch.ones(3, 2)] * 2, v)
            plain.apply([torch.ones(3, 2)] * 2, w)
        assert_close(v, w)
        assert_close(doubled.variables[2:], plain.variables[2:])

    def test_own_apply_is_what_a_step_goes_through(self):
        class Signed(SGD):
            def apply(self, grads, trainable_variables=None):
                super().apply([torch.sign(g) for g in grads], trainable_variables)

        v = ones()
        optimizer = Signed(0.5)
        optimizer.build([v])
        v.grad = torch.full((3, 2), -7.0)
        optimizer.step()
        assert_close(v, np.full((3, 2), 1.5, "float32"))

    def test_without_update_step(self):
        class Nothing(Optimizer):
            pass

        with pytest.raises(NotImplementedError, match=r"Nothing must override `update_step"):
            Nothing(0.1).apply([torch.ones(3, 2)], [ones()])

    def test_own_config(self):
        class Own(SGD):
            def __init__(self, learning_rate=0.1, gain=2.0, **kwargs):
                super().__init__(learning_rate, **kwargs)
                self.gain = gain

            def get_config(self):
                return {**super().get_config(), "gain": self.gain}

        config = Own(gain=3.0, clipnorm=1.0).get_config()
        assert config["gain"] == 3.0
        assert config["clipnorm"] == 1.0
        assert Own.from_config(config).gain == 3.0

    def test_own_config_of_options_set_inside(self):
        class Own(AdamW):
            def __init__(self, learning_rate=0.1, **kwargs):
                super().__init__(learning_rate, weight_decay=0.5, **kwargs)

        assert Own().get_config()["weight_decay"] == 0.5


class TestSpecialVariables:
    def run(self, options, constraint=None, overwrite=(), steps=5):
        theirs = [keras.Variable(np.full((2,), x, "float32")) for x in (1.0, 2.0, 3.0)]
        ours = [Variable(np.full((2,), x, "float32")) for x in (1.0, 2.0, 3.0)]
        for variables in (theirs, ours):
            if constraint:
                variables[1].constraint = constraint
            for i in overwrite:
                variables[i].overwrite_with_gradient = True
        optimizer, reference = Adam(0.1, **options), keras.optimizers.Adam(0.1, **options)
        for step in range(steps):
            grads = [torch.full((2,), float(g)) for g in np.random.default_rng(step).normal(size=3)]
            optimizer.apply(grads, ours)
            reference.apply(grads, theirs)
            assert_close(ours, theirs, what=f"step {step}")
        assert [tuple(v.shape) for v in optimizer.variables] == [
            tuple(v.shape) for v in reference.variables
        ]
        assert_close(optimizer.variables, reference.variables, atol=2e-7)
        return optimizer, ours

    OPTIONS = [  # noqa: RUF012
        {},
        {"weight_decay": 0.1, "clipvalue": 0.2},
        {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2},
        {"gradient_accumulation_steps": 2},
        {"loss_scale_factor": 4.0, "gradient_accumulation_steps": 3, "clipnorm": 0.1},
    ]

    @pytest.mark.parametrize("options", OPTIONS, ids=str)
    def test_constraint(self, options):
        self.run(options, constraint=lambda w: w * 0.5)

    @pytest.mark.parametrize("options", OPTIONS, ids=str)
    @pytest.mark.parametrize("overwrite", [(1,), (0, 2), (0, 1, 2)])
    def test_gradient_as_value(self, options, overwrite):
        self.run(options, overwrite=overwrite)

    @pytest.mark.parametrize("options", OPTIONS[2:3], ids=str)
    def test_final_values_are_the_averages(self, options):
        optimizer, ours = self.run({**options, "ema_overwrite_frequency": None})
        averages = [optimizer._slots["average"][i].detach().clone() for i in range(3)]
        optimizer.finalize_variable_values(ours[::-1])
        assert_close([v.detach() for v in ours], averages)

    def test_no_averages_nothing_to_do(self):
        v = ones()
        optimizer = SGD()
        optimizer.build([v])
        optimizer.finalize_variable_values([v])
        assert_close(v, ones())


def test_scale_loss():
    assert SGD(loss_scale_factor=4.0).scale_loss(torch.tensor(2.0)) == 8.0
    assert SGD().scale_loss(2.0) == 2.0


def test_options_may_change_between_steps():
    v = ones()
    optimizer = SGD(1.0)
    optimizer.apply([torch.ones(3, 2)], [v])
    optimizer.clipvalue = 0.5
    optimizer.apply([torch.ones(3, 2)], [v])
    optimizer.clipvalue, optimizer.weight_decay = None, 0.5
    optimizer.apply([torch.zeros(3, 2)], [v])
    assert_close(v, np.full((3, 2), -0.25, "float32"))
    assert optimizer.get_config()["weight_decay"] == 0.5


def test_decay_left_out_by_variable():
    v, w = ones(), ones()
    optimizer = AdamW(0.5, weight_decay=1.0)
    optimizer.exclude_from_weight_decay(var_list=[w])
    optimizer.apply([torch.zeros(3, 2)] * 2, [v, w])
    assert_close([v, w], [np.full((3, 2), 0.5, "float32"), np.ones((3, 2), "float32")])
