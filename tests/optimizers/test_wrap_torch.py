"""Torch's own optimizers under Keras's protocol."""

import copy
import functools
import json

import numpy as np
import pytest
import torch

from oracle import assert_close
from torchkeras import optimizers
from torchkeras.core.variable import Variable
from torchkeras.optimizers import TorchOptimizer

MAKERS = [
    torch.optim.Adam,
    functools.partial(torch.optim.SGD, lr=0.1, momentum=0.9),
    functools.partial(torch.optim.RMSprop, lr=0.01),
    lambda params: torch.optim.AdamW(params, lr=0.1),
    functools.partial(torch.optim.NAdam, lr=0.1),
]


def values():
    return [torch.randn(s, generator=torch.Generator().manual_seed(1)) for s in ((3, 4), (5,))]


def train(step, params, steps, first=0):
    for i in range(first, first + steps):
        g = torch.Generator().manual_seed(i)
        for p in params:
            p.grad = torch.randn(p.shape, generator=g)
        step()


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("given", ["factory", "object"])
def test_same_steps_as_torch(make, given):
    params = [torch.nn.Parameter(v) for v in values()]
    variables = [Variable(v) for v in values()]
    alone = make(params)
    optimizer = optimizers.get(make if given == "factory" else make(variables))
    assert isinstance(optimizer, TorchOptimizer)
    assert isinstance(optimizer, optimizers.Optimizer)
    optimizer.build(variables)
    train(alone.step, params, 5)
    train(optimizer.step, variables, 5)
    assert_close(variables, params, rtol=0, atol=0)
    assert int(optimizer.iterations) == 5
    alone.param_groups[0]["lr"] = 0.25
    optimizer.learning_rate = 0.25
    train(alone.step, params, 2, first=5)
    train(optimizer.step, variables, 2, first=5)
    assert_close(variables, params, rtol=0, atol=0)
    assert optimizer.optimizer.param_groups[0]["lr"] == 0.25
    alone.zero_grad()
    optimizer.zero_grad()
    assert variables[0].grad is None


def test_apply():
    variables, others = [Variable(v) for v in values()], [Variable(v) for v in values()]
    optimizer, stepped = (TorchOptimizer(torch.optim.Adam) for _ in range(2))
    stepped.build(others)
    for i in range(3):
        grads = [torch.full(v.shape, float(i + 1)) for v in variables]
        optimizer.apply(grads, variables)
        for v, g in zip(others, grads, strict=True):
            v.grad = g
        stepped.step()
    assert_close(variables, others, rtol=0, atol=0)
    assert variables[0].grad is None


def test_variables_that_torch_does_not_have_are_left_alone():
    v, w = Variable(np.ones(2, "float32")), Variable(np.ones(2, "float32"))
    optimizer = optimizers.get(torch.optim.SGD([v], lr=0.5))
    optimizer.build([v, w])
    optimizer.apply([torch.ones(2), torch.ones(2)], [v, w])
    assert [v[0].item(), w[0].item()] == [0.5, 1.0]


def test_learning_rate_is_that_of_the_groups():
    v, w = Variable(np.ones(2, "float32")), Variable(np.ones(2, "float32"))
    inner = torch.optim.SGD([{"params": [v]}, {"params": [w], "lr": 0.25}], lr=0.5)
    optimizer = optimizers.get(inner)
    optimizer.build([v, w])
    assert float(optimizer.learning_rate) == 0.5
    optimizer.learning_rate = 1.0
    assert [g["lr"] for g in inner.param_groups] == [1.0, 0.5]
    optimizer.learning_rate.assign(2.0)
    v.grad = w.grad = torch.ones(2)
    optimizer.step()
    assert [v[0].item(), w[0].item()] == [-1.0, 0.0]
    inner.param_groups[0]["lr"] = 1.0
    assert float(optimizer.learning_rate) == 1.0


def test_closure_and_lbfgs():
    w = Variable(np.array([3.0, -2.0], "float32"))
    optimizer = optimizers.get(functools.partial(torch.optim.LBFGS, max_iter=20))
    optimizer.build([w])

    def closure():
        optimizer.zero_grad()
        loss = (w**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == pytest.approx(13.0)
    assert w.abs().max().item() < 1e-3


@pytest.mark.parametrize("make", MAKERS)
def test_stores_and_state_dict_go_on_exactly(make):
    variables = [Variable(v) for v in values()]
    optimizer = optimizers.get(make)
    optimizer.build(variables)
    train(optimizer.step, variables, 3)
    store = {}
    optimizer.save_own_variables(store)
    assert all(isinstance(a, np.ndarray) for a in store.values())
    runs = []
    for how in ("store", "state_dict"):
        again = [Variable(v.detach()) for v in variables]
        other = optimizers.get(make)
        other.build(again)
        if how == "store":
            other.load_own_variables(store)
        else:
            other.load_state_dict(optimizer.state_dict())
        runs.append((other, again))
    for o, v in ((optimizer, variables), *runs):
        train(o.step, v, 3, first=3)
        assert int(o.iterations) == 6
        assert_close(v, variables, rtol=1e-6)


def test_copy():
    variables = [Variable(v) for v in values()]
    optimizer = optimizers.get(torch.optim.Adam)
    optimizer.build(variables)
    train(optimizer.step, variables, 2)
    twin = copy.deepcopy(optimizer)
    copies = twin._trainable_variables
    assert twin.optimizer.param_groups[0]["params"][0] is copies[0]
    train(twin.step, copies, 2, first=2)
    train(optimizer.step, variables, 2, first=2)
    assert_close(copies, variables, rtol=0, atol=0)


def test_config():
    variables = [Variable(v) for v in values()]
    optimizer = optimizers.get(functools.partial(torch.optim.SGD, lr=0.125, momentum=0.9))
    for _ in range(2):
        config = json.loads(json.dumps(optimizers.serialize(optimizer)))
        assert (config["module"], config["class_name"]) == (
            "torchkeras.optimizers",
            "TorchOptimizer",
        )
        again = optimizers.deserialize(config)
        again.build([Variable(v) for v in values()])
        assert type(again.optimizer) is torch.optim.SGD
        assert again.param_groups[0]["momentum"] == 0.9
        assert float(again.learning_rate) == 0.125
        assert again.name == optimizer.name
        optimizer.build(variables)
    assert (
        optimizers.deserialize(optimizers.serialize(optimizers.get(torch.optim.Adam))).built
        is False
    )


def test_config_names_only_what_torch_has():
    with pytest.raises(ValueError, match="torch_class must be one of"):
        TorchOptimizer.from_config({"torch_class": "system", "options": {}})
    with pytest.raises(ValueError, match=r"only an optimizer of torch\.optim"):
        TorchOptimizer(lambda params: torch.optim.SGD(params)).get_config()


def test_errors():
    with pytest.raises(TypeError, match="must be a torch optimizer"):
        TorchOptimizer(3)
    with pytest.raises(ValueError, match=r"step\(\) needs a built optimizer"):
        TorchOptimizer(torch.optim.SGD).step()
    with pytest.raises(ValueError, match="none of the model's 1"):
        TorchOptimizer(torch.optim.SGD([torch.nn.Parameter(torch.ones(1))])).build(
            [torch.nn.Parameter(torch.ones(2))]
        )
