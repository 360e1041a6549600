"""What an optimizer keeps: order and names, stores, set_weights, state_dict, copies."""

import copy
import io
import pickle

import keras
import numpy as np
import pytest
import torch

from oracle import assert_close
from torchkeras import optimizers
from torchkeras.core.variable import Variable
from torchkeras.optimizers import SGD, Adam, Nadam, Optimizer

FORMS = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "use_ema": True, "gradient_accumulation_steps": 2}),
    ("AdamW", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True}),
    ("Adagrad", {}),
    ("Adadelta", {}),
    ("Adamax", {}),
    ("Nadam", {"use_ema": True}),
]
OWN = [(n, o) for n, o in FORMS if "use_ema" not in o]


def grads_of(variables, seed):
    rng = np.random.default_rng(seed)
    return [torch.tensor(rng.normal(size=v.shape).astype("float32")) for v in variables]


def train(optimizer, variables, steps, first=0):
    for step in range(first, first + steps):
        optimizer.apply(grads_of(variables, step), variables)


@pytest.mark.parametrize(("name", "options"), FORMS, ids=str)
class TestStores:
    def test_written_as_keras_does(self, variables, name, options):
        theirs, ours = variables()
        optimizer, reference = (
            getattr(module, name)(0.05, **options) for module in (optimizers, keras.optimizers)
        )
        train(optimizer, ours, 3)
        train(reference, theirs, 3)
        mine, wanted = {}, {}
        optimizer.save_own_variables(mine)
        reference.save_own_variables(wanted)
        assert list(mine) == list(wanted)
        for key, array in wanted.items():
            assert isinstance(mine[key], np.ndarray)
            assert mine[key].dtype == array.dtype
            assert_close(mine[key], array)

    def test_goes_on_from_keras(self, variables, name, options):
        theirs, ours = variables()
        reference = getattr(keras.optimizers, name)(0.05, **options)
        train(reference, theirs, 3)
        optimizer = getattr(optimizers, name)(0.5, **options)
        optimizer.build(ours)
        store = {}
        reference.save_own_variables(store)
        optimizer.load_own_variables(store)
        for v, w in zip(ours, theirs, strict=True):
            v.assign(w.numpy())
        assert float(optimizer.learning_rate) == pytest.approx(0.05)
        train(optimizer, ours, 4, first=3)
        train(reference, theirs, 4, first=3)
        assert_close(ours, theirs)
        assert int(optimizer.iterations) == int(reference.iterations)

    def test_set_weights(self, variables, name, options):
        _, ours = variables()
        optimizer = getattr(optimizers, name)(0.05, **options)
        train(optimizer, ours, 3)
        weights = [v.numpy().copy() for v in optimizer.variables]
        other = getattr(optimizers, name)(0.5, **options)
        _, again = variables()
        other.build(again)
        other.set_weights(weights)
        assert_close(other.variables, weights)
        for v, w in zip(again, ours, strict=True):
            v.assign(w)
        train(optimizer, ours, 2, first=3)
        train(other, again, 2, first=3)
        assert all(torch.equal(v, w) for v, w in zip(ours, again, strict=True))


class TestErrors:
    def test_another_number_is_skipped(self):
        optimizer, v = Adam(0.5), Variable(np.zeros(2, "float32"))
        optimizer.build([v])
        with pytest.warns(UserWarning, match="it has 4 variables whereas the saved .* has 1 "):
            optimizer.load_own_variables({"0": np.array(7)})
        assert int(optimizer.iterations) == 0

    def test_another_shape_changes_nothing(self):
        optimizer, v = Adam(0.5), Variable(np.zeros(2, "float32"), name="v")
        optimizer.build([v])
        entries = [np.array(7), np.array(0.1), np.ones(2), np.ones(3)]
        with pytest.raises(ValueError, match=r"adam/v_velocity: .* \(2,\).*shape=\(3,\)"):
            optimizer.load_own_variables({str(i): e for i, e in enumerate(entries)})
        with pytest.raises(ValueError, match=r"adam/v_velocity: .* \(2,\).*shape=\(3,\)"):
            optimizer.set_weights(entries)
        assert [v.sum().item() for v in optimizer.variables] == [0, 0.5, 0, 0]

    def test_set_weights(self):
        with pytest.raises(ValueError, match="needs a built optimizer"):
            Adam().set_weights([])
        optimizer = SGD()
        optimizer.build([Variable(np.zeros(2, "float32"))])
        with pytest.raises(ValueError, match="weights must be 2 arrays"):
            optimizer.set_weights([np.array(1)])


def test_names_of_slots():
    layer = torch.nn.Linear(2, 3)
    optimizer = SGD(momentum=0.5)
    optimizer.build(layer.parameters())
    assert [v.path for v in optimizer.variables[2:]] == [
        "sgd/variable_0_momentum",
        "sgd/variable_1_momentum",
    ]
    optimizer = SGD(momentum=0.5)
    optimizer.build(torch.nn.Sequential(layer).named_parameters())
    assert [v.path for v in optimizer.variables[2:]] == [
        "sgd_1/0_weight_momentum",
        "sgd_1/0_bias_momentum",
    ]
    variable = Variable(np.zeros(2, "float32"), name="kernel")
    variable.path = "model/dense/kernel"
    optimizer = SGD(momentum=0.5)
    optimizer.build([variable])
    assert optimizer.variables[-1].path == "sgd_2/model_dense_kernel_momentum"


def test_add_variable():
    optimizer = SGD()
    made = optimizer.add_variable((2, 3), "ones", "float64", name="more")
    assert (made.path, made.dtype, made.trainable) == ("sgd/more", torch.float64, False)
    assert_close(made, np.ones((2, 3)))
    reference = Variable(np.zeros((4,), "float16"), name="w")
    slot = optimizer.add_variable_from_reference(
        reference, initializer=lambda shape, dtype=None: torch.full(shape, 2.0)
    )
    assert (slot.path, slot.dtype) == ("sgd/w_var", torch.float16)
    assert slot.tolist() == [2.0] * 4
    assert optimizer.variables[-2:] == [made, slot]


class TestStateDict:
    @pytest.mark.parametrize(("name", "options"), FORMS, ids=str)
    def test_round_trip_goes_on_exactly(self, variables, name, options):
        _, ours = variables()
        optimizer = getattr(optimizers, name)(0.05, **options)
        train(optimizer, ours, 3)
        file = io.BytesIO()
        torch.save(optimizer.state_dict(), file)
        file.seek(0)
        state = torch.load(file, weights_only=True)
        _, again = variables()
        other = getattr(optimizers, name)(0.5, **options)
        other.build(again)
        slots = other.variables
        for v, w in zip(again, ours, strict=True):
            v.assign(w)
        other.load_state_dict(state)
        assert all(a is b for a, b in zip(slots, other.variables, strict=True))
        assert float(other.learning_rate) == pytest.approx(0.05)
        train(optimizer, ours, 3, first=3)
        train(other, again, 3, first=3)
        assert all(torch.equal(v, w) for v, w in zip(ours, again, strict=True))
        assert int(optimizer.iterations) == int(other.iterations)

    def test_form_is_torchs(self):
        layer = torch.nn.Linear(2, 3)
        optimizer = Adam(0.5)
        optimizer.build(layer.parameters())
        layer(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        found = optimizer.state_dict()
        assert set(found["state"]) == {0, 1}
        assert set(found["state"][0]) == {"momentum", "velocity"}
        assert all(type(t) is torch.Tensor for s in found["state"].values() for t in s.values())
        (group,) = found["param_groups"]
        assert group["lr"] == 0.5
        assert group["params"] == [0, 1]
        assert group["iteration"] == 1
        assert "iteration" not in optimizer.param_groups[0]

    def test_state_shows_the_slots(self):
        v = Variable(np.ones(3, "float32"))
        optimizer = SGD(0.5, momentum=0.5)
        optimizer.build([v])
        optimizer.state[v]["momentum"].fill_(2.0)
        assert optimizer.variables[-1].tolist() == [2.0] * 3

    def test_errors(self):
        v = Variable(np.ones(3, "float32"))
        with pytest.raises(ValueError, match="needs a built optimizer"):
            Adam().load_state_dict({})
        optimizer, sgd, other = Adam(), SGD(), Adam()
        for o, w in ((optimizer, v), (sgd, v), (other, Variable(np.ones(4, "float32")))):
            o.build([w])
        with pytest.raises(ValueError, match="must hold 1 parameters' state"):
            optimizer.load_state_dict(sgd.state_dict())
        with pytest.raises(ValueError, match=r"Received: state\[0\]\['momentum'\]=\(4,\)"):
            optimizer.load_state_dict(other.state_dict())
        with pytest.raises(ValueError, match=r"SGD: the state of a parameter must be \[\]"):
            sgd.load_state_dict(optimizer.state_dict())


class Own(Optimizer):
    def build(self, variables):
        super().build(variables)
        self.sums = self.add_optimizer_variables(variables, "sum")

    def update_step(self, gradient, variable, learning_rate):
        total = self.sums[self._get_variable_index(variable)]
        total.assign_add(gradient)
        variable.assign_sub(learning_rate * total)


@pytest.mark.parametrize("how", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
@pytest.mark.parametrize(
    "make", [lambda: Adam(0.1, use_ema=True, weight_decay=0.1), lambda: Nadam(0.1),
             lambda: Own(0.1), lambda: SGD(lambda_rate, momentum=0.5)],
)  # fmt: skip
def test_copies_go_on_exactly_and_apart(variables, make, how):
    _, ours = variables()
    optimizer = make()
    optimizer.exclude_from_weight_decay(var_list=ours[:1])
    optimizer.build(ours)
    torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
    train(optimizer, ours, 3)
    again = how(optimizer)
    copies = again._trainable_variables
    assert all(torch.equal(v, w) and v is not w for v, w in zip(ours, copies, strict=True))
    train(again, copies, 3, first=3)
    assert int(optimizer.iterations) == 3
    train(optimizer, ours, 3, first=3)
    assert all(torch.equal(v, w) for v, w in zip(ours, copies, strict=True))
    assert all(torch.equal(v, w) for v, w in zip(optimizer.variables, again.variables, strict=True))


def lambda_rate():
    return 0.1


def test_layouts_of_variables_are_those_of_keras():
    for make, owner in ((Variable, optimizers), (keras.Variable, keras.optimizers)):
        weight = make([1.0, 2.0], layout="rows")
        optimizer = owner.SGD(momentum=0.9)
        optimizer.build([weight])
        assert optimizer.variables[-1]._layout == "rows"
        assert optimizer.add_variable((2,), layout="columns")._layout == "columns"
        assert optimizer.add_variable_from_reference(weight, name="m")._layout == "rows"
        assert optimizer.add_variable((2,))._layout is None
