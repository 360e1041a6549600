"""Used as torch code uses an optimizer: loops, schedulers, scalers, hooks, closures."""

import numpy as np
import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

import torchkeras
from torchkeras import optimizers
from torchkeras.core.variable import Variable
from torchkeras.optimizers import SGD, Adam, schedules

ALL = [
    optimizers.SGD, optimizers.Adam, optimizers.AdamW, optimizers.RMSprop, optimizers.Adagrad,
    optimizers.Adadelta, optimizers.Adamax, optimizers.Nadam,
]  # fmt: skip


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
    optimizer = cls(1.0 if cls in (optimizers.Adagrad, optimizers.Adadelta) else 0.05)
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
