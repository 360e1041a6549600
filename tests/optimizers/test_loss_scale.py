"""LossScaleOptimizer against real Keras, and in torch loops."""

import copy

import keras
import numpy as np
import pytest
import torch

from oracle import assert_close
from torchkeras import optimizers
from torchkeras.core.variable import Variable
from torchkeras.optimizers import SGD, Adam, LossScaleOptimizer

FACTORS = [1, 2, 1, float("inf"), float("nan"), 1, 3, 1, 1, float("-inf"), 1]


def pair(inner=None, **options):
    made = []
    for module in (optimizers, keras.optimizers):
        optimizer = module.Adam(0.1, name="inner", **(inner or {}))
        made.append(module.LossScaleOptimizer(optimizer, name="outer", **options))
    return made


@pytest.mark.parametrize(
    "inner",
    [
        {},
        {"gradient_accumulation_steps": 2},
        {"weight_decay": 0.1, "clipnorm": 0.5},
        {"use_ema": True},
    ],
    ids=str,
)
def test_like_keras(inner, variables):
    theirs, ours = variables()
    optimizer, reference = pair(inner, initial_scale=8.0, dynamic_growth_steps=2)
    assert optimizer.get_config()["initial_scale"] == reference.get_config()["initial_scale"]
    optimizer.build(ours)
    reference.build(theirs)
    rng = np.random.default_rng(0)
    for factor in FACTORS:
        assert optimizer.scale_loss(1.0) == float(reference.scale_loss(1.0))
        scale = float(reference.scale_loss(1.0))
        grads = [torch.tensor(rng.normal(size=v.shape).astype("float32")) for v in ours]
        grads = [g * scale for g in grads]
        grads[1] = grads[1] * factor
        optimizer.apply(grads, ours)
        reference.apply(grads, theirs)
        assert_close(ours, theirs)
        assert int(optimizer.step_counter) == int(reference.step_counter.numpy())
        assert float(optimizer.dynamic_scale) == float(reference.dynamic_scale.numpy())
        assert int(optimizer.iterations) == int(reference.iterations)
    assert [v.path for v in optimizer.variables] == [v.path for v in reference.variables]
    assert_close(optimizer.variables, reference.variables, atol=2e-7)
    mine, wanted = {}, {}
    optimizer.save_own_variables(mine)
    reference.save_own_variables(wanted)
    assert list(mine) == list(wanted)


def test_config():
    optimizer, reference = pair(initial_scale=4.0)
    config, wanted = optimizer.get_config(), reference.get_config()
    inner, wanted_inner = config.pop("inner_optimizer"), wanted.pop("inner_optimizer")
    assert config == wanted
    assert inner["config"] == wanted_inner["config"]
    assert (inner["module"], inner["class_name"]) == ("keras.optimizers", "Adam")
    again = LossScaleOptimizer.from_config(optimizer.get_config())
    assert again.get_config() == optimizer.get_config()
    assert type(again.inner_optimizer) is Adam
    # Real Keras reads ours, and we read its.
    assert keras.optimizers.deserialize(optimizers.serialize(optimizer)).initial_scale == 4.0
    assert optimizers.deserialize(keras.optimizers.serialize(reference)).initial_scale == 4.0


def test_in_a_torch_loop():
    w = torch.nn.Parameter(torch.ones(2))
    optimizer = LossScaleOptimizer(SGD(0.5), initial_scale=8.0)
    optimizer.build([w])
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    for wanted in (0.5, 0.25):
        optimizer.scale_loss(w.sum()).backward()
        assert w.grad[0].item() == 8.0
        optimizer.step()
        optimizer.zero_grad()
        scheduler.step()
        assert w[0].item() == wanted
    assert float(optimizer.learning_rate) == 0.125
    optimizer.learning_rate = 1.0
    assert optimizer.inner_optimizer.param_groups[0]["lr"] == 1.0
    (w * float("inf")).sum().backward()
    optimizer.step()
    assert w[0].item() == 0.25
    assert optimizer.dynamic_scale.item() == 4.0


def test_float16_gradients():
    w = torch.nn.Parameter(torch.ones(2, dtype=torch.float16))
    optimizer = LossScaleOptimizer(SGD(0.5), initial_scale=2.0**15)
    optimizer.build([w])
    w.grad = torch.full((2,), float("inf"), dtype=torch.float16)
    optimizer.step()
    assert optimizer.dynamic_scale.item() == 2.0**14
    w.grad = torch.full((2,), 2.0**14, dtype=torch.float16)
    optimizer.step()
    assert w[0].item() == 0.5


def test_state_dict_and_copies():
    def made():
        w = torch.nn.Parameter(torch.ones(2))
        optimizer = LossScaleOptimizer(Adam(0.1), initial_scale=8.0, dynamic_growth_steps=2)
        optimizer.build([w])
        return w, optimizer

    w, optimizer = made()
    for _ in range(3):
        w.grad = torch.ones(2)
        optimizer.step()
    v, other = made()
    other.load_state_dict(optimizer.state_dict())
    twin = copy.deepcopy(optimizer)
    with torch.no_grad():
        v.copy_(w)
    u = twin.param_groups[0]["params"][0]
    for p, o in ((w, optimizer), (v, other), (u, twin)):
        p.grad = torch.ones(2)
        o.step()
        o.learning_rate = 0.5
        p.grad = torch.ones(2)
        o.step()
    assert torch.equal(w, v)
    assert torch.equal(w, u)
    assert other.dynamic_scale.item() == optimizer.dynamic_scale.item() == twin.dynamic_scale.item()
    assert other.zero_grad() is None
    assert v.grad is None


def test_averages_and_decay_are_the_inner_ones():
    v = Variable(np.ones(2, "float32"), name="v")
    optimizer = LossScaleOptimizer(SGD(0.5, use_ema=True, weight_decay=1.0), initial_scale=1.0)
    optimizer.exclude_from_weight_decay(var_names=["v"])
    optimizer.apply([torch.zeros(2)], [v])
    v.assign([3.0, 3.0])
    optimizer.finalize_variable_values([v])
    assert v.tolist() == [1.0, 1.0]


def test_gradient_as_value():
    v, w = Variable(np.ones(2, "float32")), Variable(np.ones(2, "float32"))
    w.overwrite_with_gradient = True
    optimizer = LossScaleOptimizer(SGD(0.5), initial_scale=4.0)
    optimizer.apply([torch.full((2,), 4.0), torch.full((2,), 5.0)], [v, w])
    assert (v[0].item(), w[0].item()) == (0.5, 5.0)


@pytest.mark.parametrize("options", [{"clipnorm": 1.0}, {"learning_rate": 0.1}, {"foo": 1}])
def test_options_belong_to_the_inner_optimizer(options):
    with pytest.raises(ValueError, match="must be set on the inner_optimizer"):
        LossScaleOptimizer(SGD(), **options)


def test_empty_variable():
    v = Variable(np.ones((0, 2), "float32"))
    optimizer = LossScaleOptimizer(SGD(0.5))
    optimizer.apply([torch.ones(0, 2)], [v])
    assert int(optimizer.iterations) == 1


def test_inner_must_be_an_optimizer():
    with pytest.raises(TypeError, match="inner_optimizer must be an optimizer"):
        LossScaleOptimizer("sgd")


def test_the_inner_factor_gives_way():
    for module, variable in ((optimizers, Variable), (keras.optimizers, keras.Variable)):
        inner = module.SGD(0.5, loss_scale_factor=100)
        optimizer = module.LossScaleOptimizer(inner, initial_scale=8.0)
        assert inner.loss_scale_factor is None
        assert float(optimizer.scale_loss(1.0)) == 8
        v = variable([1.0, 2.0])
        optimizer.apply([torch.tensor([8.0, 16.0])], [v])
        assert np.array(v).tolist() == [0.5, 1.0]


def test_arguments_of_old_files():
    old = {"weight_decay": None, "use_ema": False, "ema_momentum": 0.99, "dynamic": True}
    for module in (optimizers, keras.optimizers):
        config = module.LossScaleOptimizer(module.SGD(0.5), name="outer").get_config()
        made = module.LossScaleOptimizer.from_config({**config, **old})
        assert made.get_config() == config
        for given in ({"dynamic": False}, {"ema_momentum": 0.9}, {"use_ema": True}, {"foo": 1}):
            with pytest.raises(ValueError, match=next(iter(given))):
                module.LossScaleOptimizer(module.SGD(0.5), **given)
