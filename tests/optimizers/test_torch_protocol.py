"""Used as torch code uses an optimizer: loops, schedulers, scalers, hooks, closures."""

import copy

import numpy as np
import pytest
import torch
from optimizers.names import METHODS
from torch.optim.optimizer import register_optimizer_step_post_hook

import torchkeras
from oracle import assert_close
from torchkeras import optimizers
from torchkeras.core.variable import Variable
from torchkeras.optimizers import SGD, Adam, schedules

ALL = [getattr(optimizers, name) for name in METHODS]
# Where another rate than 0.05 finds the line in 300 steps.
RATES = {
    "Adagrad": 1.0, "Adadelta": 1.0, "Ftrl": 3.0, "Lamb": 0.02, "Lion": 0.02,
    "ScheduleFreeAdamW": 0.5,
}  # fmt: skip


def test_is_a_torch_optimizer():
    for cls in ALL:
        assert isinstance(cls(), torch.optim.Optimizer)
        assert repr(cls(0.5)).startswith(cls.__name__)


def line(n=64):
    x = torch.randn(n, 3, generator=torch.Generator().manual_seed(0))
    return x, x @ torch.tensor([[1.0], [-2.0], [0.5]]) + 0.25


@pytest.mark.parametrize("cls", ALL)
def test_hand_written_loop(cls):
    x, y = line()
    layer = torch.nn.Linear(3, 1)
    optimizer = cls(RATES.get(cls.__name__, 0.05))
    optimizer.build(layer.parameters())
    losses = []
    for _ in range(300 if cls is not optimizers.Adadelta else 3000):
        optimizer.zero_grad()
        assert layer.weight.grad is None
        loss = torch.nn.functional.mse_loss(layer(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.01 * losses[0]


def torch_model():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))


def steps(model, step, count, first=0):
    for i in range(first, first + count):
        x = torch.randn(8, 3, generator=torch.Generator().manual_seed(i))
        model.zero_grad()
        (model(x) ** 2).mean().backward()
        step(i)


@pytest.mark.parametrize("cls", ALL)
def test_scheduler_sets_the_rate_of_a_step(cls):
    a, b = torch_model(), torch_model()
    scheduled, by_hand = cls(0.1), cls(0.1)
    scheduled.build(a.parameters())
    by_hand.build(b.parameters())
    scheduler = torch.optim.lr_scheduler.StepLR(scheduled, 2, 0.5)

    def step(i):
        scheduled.step()
        scheduler.step()

    def step_by_hand(i):
        by_hand.learning_rate = 0.1 * 0.5 ** (i // 2)
        by_hand.step()

    steps(a, step, 7)
    steps(b, step_by_hand, 7)
    assert_close(list(a.parameters()), list(b.parameters()), 0, 0)


@pytest.mark.parametrize("cls", ALL)
def test_scaler_leaves_out_what_overflows(cls):
    a, b = torch_model(), torch_model()
    scaled, plain = cls(0.1), cls(0.1)
    scaled.build(a.parameters())
    plain.build(b.parameters())
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    for i in range(5):
        x = torch.randn(8, 3, generator=torch.Generator().manual_seed(i))
        if i == 2:
            x[0, 0] = float("inf")
        for model, optimizer in ((a, scaled), (b, plain)):
            optimizer.zero_grad()
            loss = (model(x) ** 2).mean()
            if optimizer is scaled:
                scaler.scale(loss).backward()
                scaler.step(scaled)
                scaler.update()
            elif i != 2:
                loss.backward()
                plain.step()
    assert int(scaled.iterations) == int(plain.iterations) == 4
    assert_close(list(a.parameters()), list(b.parameters()))


@pytest.mark.parametrize("cls", ALL)
def test_groups_with_rates_and_decays_of_their_own(cls):
    model, alone = torch_model(), [torch_model() for _ in range(2)]
    optimizer = cls(0.1)
    optimizer.build([{"params": model[0].parameters(), "weight_decay": 0.1},
                     {"params": model[2].parameters(), "lr": 0.02}])  # fmt: skip
    decay = {"weight_decay": optimizer.param_groups[1]["weight_decay"]}
    single = [cls(0.1, weight_decay=0.1), cls(0.02, **decay)]
    single[0].build(alone[0][0].parameters())
    single[1].build(alone[1][2].parameters())
    for i in range(4):
        g = torch.Generator().manual_seed(i)
        grads = [torch.randn(p.shape, generator=g) for p in model.parameters()]
        for m in (model, *alone):
            for p, grad in zip(m.parameters(), grads, strict=True):
                p.grad = grad
        for o in (optimizer, *single):
            o.step()
    assert_close(list(model[0].parameters()), list(alone[0][0].parameters()))
    assert_close(list(model[2].parameters()), list(alone[1][2].parameters()))


@pytest.mark.parametrize("cls", ALL)
def test_state_dict_goes_on_exactly(cls):
    model = torch_model()
    optimizer = cls(0.1, use_ema=True)
    optimizer.build(model.parameters())
    steps(model, lambda i: optimizer.step(), 3)
    again, other = copy.deepcopy(model), cls(0.3, use_ema=True)
    other.build(again.parameters())
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    steps(model, lambda i: optimizer.step(), 3, first=3)
    steps(again, lambda i: other.step(), 3, first=3)
    assert_close(list(again.parameters()), list(model.parameters()), 0, 0)
    assert_close(other.variables, optimizer.variables, 1e-7, 1e-8)


def test_same_numbers_as_torch_where_the_formula_is_the_same():
    a, b = (torch.nn.Parameter(torch.ones(3, dtype=torch.float64)) for _ in range(2))
    ours, theirs = Adam(torch.tensor(0.125), epsilon=0.0), torch.optim.Adam([b], lr=0.125, eps=0.0)
    ours.build([a])
    for i in range(20):
        a.grad = b.grad = torch.tensor([1.0, -0.5, 0.1], dtype=a.dtype) * (i + 1)
        ours.step()
        theirs.step()
    torch.testing.assert_close(a, b)


SCHEDULERS = [
    lambda o: torch.optim.lr_scheduler.StepLR(o, 2, 0.5),
    lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 10),
    lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda e: 1 / (e + 1)),
    lambda o: torch.optim.lr_scheduler.LinearLR(o, total_iters=5),
    lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.9),
    lambda o: torch.optim.lr_scheduler.OneCycleLR(
        o, max_lr=0.5, total_steps=12, cycle_momentum=False
    ),
]


@pytest.mark.parametrize("make", SCHEDULERS)
@pytest.mark.parametrize("before_build", [False, True])
def test_torch_schedulers(make, before_build, recwarn):
    a, b = torch.nn.Parameter(torch.ones(3)), torch.nn.Parameter(torch.ones(3))
    ours, theirs = SGD(0.5), torch.optim.SGD([b], lr=0.5)
    if not before_build:
        ours.build([a])
    ours_by, theirs_by = make(ours), make(theirs)
    ours.build([a])
    for _ in range(10):
        a.grad = b.grad = torch.ones(3)
        ours.step()
        theirs.step()
        ours_by.step()
        theirs_by.step()
        torch.testing.assert_close(a, b)
        assert float(ours.learning_rate) == pytest.approx(ours_by.get_last_lr()[0])
    assert not recwarn.list


def test_torch_scheduler_on_plateau():
    optimizer = SGD(0.5)
    optimizer.build([torch.nn.Parameter(torch.ones(3))])
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, factor=0.5)
    for loss in (1.0, 1.0, 1.0):
        scheduler.step(loss)
    assert float(optimizer.learning_rate) == 0.125


def test_grad_scaler():
    w = torch.nn.Parameter(torch.ones(2))
    optimizer = SGD(0.5)
    optimizer.build([w])
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    for factor, wanted in ((1.0, 0.5), (float("inf"), 0.5), (1.0, 0.0)):
        optimizer.zero_grad()
        scaler.scale((w * factor).sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        assert w[0].item() == wanted
    assert int(optimizer.iterations) == 2


def test_closure():
    w = torch.nn.Parameter(torch.ones(2))
    optimizer = SGD(0.5)
    optimizer.build([w])

    def closure():
        optimizer.zero_grad()
        loss = w.sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 2.0
    assert w[0].item() == 0.5
    assert torch.is_grad_enabled()


def test_hooks():
    w = torch.nn.Parameter(torch.ones(2))
    w.grad = torch.ones(2)
    optimizer, calls = SGD(0.5), []
    optimizer.build([w])
    pre = optimizer.register_step_pre_hook(
        lambda o, args, kwargs: calls.append(("pre", w[0].item()))
    )
    post = optimizer.register_step_post_hook(
        lambda o, args, kwargs: calls.append(("post", w[0].item()))
    )
    everywhere = register_optimizer_step_post_hook(
        lambda o, args, kwargs: calls.append(("all", o is optimizer))
    )
    try:
        optimizer.step()
    finally:
        for handle in (pre, post, everywhere):
            handle.remove()
    optimizer.step()
    assert calls == [("pre", 1.0), ("post", 0.5), ("all", True)]


WRAPPERS = [
    lambda: optimizers.LossScaleOptimizer(SGD(0.5), initial_scale=2.0),
    lambda: optimizers.MultiOptimizer(optimizers.OptimizerMap(SGD(0.5))),
    lambda: optimizers.TorchOptimizer(lambda params: torch.optim.SGD(params, lr=0.5)),
]


@pytest.mark.parametrize("make", WRAPPERS)
def test_hooks_of_optimizers_with_one_inside(make):
    w = torch.nn.Parameter(torch.ones(2))
    optimizer, calls = make(), []
    optimizer.build([w])
    w.grad = optimizer.scale_loss(torch.ones(2))
    optimizer.register_step_pre_hook(lambda o, *_: calls.append((o is optimizer, w[0].item())))
    optimizer.register_step_post_hook(lambda o, *_: calls.append((o is optimizer, w[0].item())))
    optimizer.step()
    assert calls == [(True, 1.0), (True, 0.5)]


def test_shown_to_the_profiler():
    w = torch.nn.Parameter(torch.ones(2))
    w.grad = torch.ones(2)
    optimizer = SGD(0.5)
    optimizer.build([w])
    with torch.profiler.profile() as profile:
        optimizer.step()
    assert "Optimizer.step#SGD.step" in {e.key for e in profile.key_averages()}


def test_gradients_kept_by_zero_grad():
    w = torch.nn.Parameter(torch.ones(2))
    optimizer = SGD(0.5)
    optimizer.build([w])
    w.grad = torch.ones(2)
    kept = w.grad
    optimizer.zero_grad(set_to_none=False)
    assert w.grad is kept
    assert kept.tolist() == [0, 0]


def test_accumulation_in_a_loop():
    w = torch.nn.Parameter(torch.zeros(1))
    optimizer = SGD(1.0, gradient_accumulation_steps=2)
    optimizer.build([w])
    seen = []
    for g in (1.0, 3.0, 5.0, 7.0):
        w.grad = torch.tensor([g])
        optimizer.step()
        seen.append((w.item(), int(optimizer.iterations)))
    assert seen == [(0.0, 0), (-2.0, 1), (-2.0, 1), (-8.0, 2)]


def test_schedule_of_keras_in_a_loop():
    w = Variable(np.zeros(1, "float32"))
    optimizer = SGD(schedules.PiecewiseConstantDecay([0, 1], [1.0, 0.5, 0.25]))
    optimizer.build([w])
    for _ in range(3):
        w.grad = torch.ones(1)
        optimizer.step()
    assert w.item() == -1.75


def test_no_tensor_is_kept_alive_by_steps():
    """Steps allocate nothing that stays: the plan is made once."""
    w = torch.nn.Parameter(torch.ones(2))
    optimizer = Adam(clipnorm=1.0, use_ema=True)
    optimizer.build([w])
    for _ in range(3):
        w.grad = torch.ones(2)
        optimizer.step()
    plan = optimizer._plan()
    optimizer.step()
    assert optimizer._plan() is plan
    assert len(optimizer._plans) == 1


def test_torchkeras_namespace():
    assert torchkeras.optimizers.Adam is Adam
