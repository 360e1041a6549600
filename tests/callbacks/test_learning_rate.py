"""LearningRateScheduler and ReduceLROnPlateau against real Keras over the same logs."""

import itertools

import keras
import numpy as np
import pytest
import torch
from callbacks.scripted import Model, assert_same, run

from torchkeras import callbacks

NAN = float("nan")
STATE = ("best", "wait", "cooldown_counter")

SCRIPTS = [
    [1] * 8,
    [1, NAN, 1, NAN, 0.5, 0.5, 0.5],
    [1, 0.9999, 0.9998, 0.5, 0.5],
    [1, None, 1, 1],
    [1, 2, 3, 3, 2, 1],
    [0.5, 0.4, 0.45, 0.41, 0.39, 0.39, 0.39, 0.2],
]
OPTIONS = [
    {"factor": f, "patience": p, "mode": m, "min_delta": d, "cooldown": c, "min_lr": low}
    for f, p, m, d, c, low in itertools.product(
        (0.0, 0.5, 0.1), (0, 1, 2), ("auto", "max"), (1e-4, -0.1), (0, 1, 2), (0.0, 0.05)
    )
]


def compare(script, **kwargs):
    logs = [{"loss": v} if v is not None else {"a": 0} for v in script]
    kwargs = {"monitor": "loss", "verbose": 1, **kwargs}
    assert_same(
        run(callbacks.ReduceLROnPlateau(**kwargs), logs, state=STATE),
        run(keras.callbacks.ReduceLROnPlateau(**kwargs), logs, state=STATE),
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=str)
def test_plateau_all_arguments(script):
    for options in OPTIONS:
        compare(script, **options)


def test_plateau_random_logs():
    rng = np.random.default_rng(0)
    for _ in range(200):
        script = np.round(rng.uniform(0, 1, rng.integers(1, 15)), 1).tolist()
        compare(script, **OPTIONS[rng.integers(len(OPTIONS))])


def test_plateau_nan_is_never_the_best():
    ours = run(
        callbacks.ReduceLROnPlateau("loss", patience=2),
        [{"loss": v} for v in (NAN, 1, 0.9, 0.8)],
        state=STATE,
    )
    assert [s["best"] for s in ours["state"]] == [None, 1, 0.9, 0.8]
    assert ours["rates"] == [1.0] * 4


def test_plateau_rate_in_float32():
    """A rate that is min_lr but for its rounding to float32 is not reduced again."""
    model = Model()
    model.optimizer.learning_rate = torch.tensor(0.05)
    reduce = callbacks.ReduceLROnPlateau("loss", patience=1, min_lr=0.05, verbose=1)
    assert run(reduce, [{"loss": 1}] * 3, model=model)["text"] == ""


@pytest.mark.parametrize("factor", [1.0, 1.5, -0.1])
def test_plateau_factor_out_of_range(factor):
    with pytest.raises(ValueError, match=r"ReduceLROnPlateau: factor must be .*Received: factor="):
        callbacks.ReduceLROnPlateau(factor=factor)


def test_plateau_unknown_argument():
    with pytest.raises(TypeError, match=r"ReduceLROnPlateau: .*Received: patienc"):
        callbacks.ReduceLROnPlateau(patienc=3)
    assert callbacks.ReduceLROnPlateau(epsilon=0.5).min_delta == 0.5


def test_plateau_state_goes_on():
    script = [{"loss": v} for v in (3, 2, 4, 4, 4, 4, 4)]

    def new():
        return callbacks.ReduceLROnPlateau("loss", patience=2, cooldown=1)

    whole = run(new(), script, state=STATE)
    for cut in range(1, 6):
        model = Model()
        first = new()
        run(first, script[:cut], model=model)
        second = new()
        second.load_state_dict(first.state_dict())
        rest = run(second, script[cut:], state=STATE, model=model, initial_epoch=cut)
        assert rest["state"] == whole["state"][cut:]
        assert rest["rates"] == whole["rates"][cut:]


SCHEDULES = [
    lambda epoch, rate: rate * 0.5,
    lambda epoch: 0.1 * epoch,
    lambda epoch, rate: np.float32(0.1),
    lambda epoch, rate: np.float64(epoch),
    lambda epoch, rate, extra=2.0: rate / extra,
]


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("verbose", [0, 1])
def test_scheduler(schedule, verbose):
    logs = [{"loss": 1.0}] * 4
    ours = run(callbacks.LearningRateScheduler(schedule, verbose), logs)
    theirs = run(keras.callbacks.LearningRateScheduler(schedule, verbose), logs)
    if isinstance(schedule(0, 0.0) if schedule is not SCHEDULES[1] else 0.0, np.generic):
        ours.pop("text")
        theirs.pop("text")  # numpy numbers print as they are there, and as floats here
    assert_same(ours, theirs)


@pytest.mark.parametrize("value", [1, torch.tensor(0.25), np.array([[0.5]]), np.int64(2)])
def test_scheduler_takes_any_single_number(value):
    """Keras takes floats only, though its own example returns a tensor."""
    model = Model()
    run(callbacks.LearningRateScheduler(lambda e, r: value), [{}], model=model)
    assert model.optimizer.learning_rate == value
    assert type(model.optimizer.learning_rate) is float


@pytest.mark.parametrize("value", ["a", None, True, [0.1], np.ones(2), torch.ones(2)])
def test_scheduler_refuses_what_is_no_number(value):
    model = Model()
    with pytest.raises(ValueError, match="LearningRateScheduler: the schedule must return one"):
        run(callbacks.LearningRateScheduler(lambda e, r: value), [{}], model=model)
    assert model.optimizer.learning_rate == 1.0


def test_scheduler_error_inside_the_schedule_comes_through():
    def schedule(epoch, rate):
        raise TypeError("mine")

    with pytest.raises(TypeError, match=r"^mine$"):
        run(callbacks.LearningRateScheduler(schedule), [{}])


def test_scheduler_refuses_what_is_no_function():
    with pytest.raises(TypeError, match="LearningRateScheduler: schedule must be a function"):
        callbacks.LearningRateScheduler(0.1)


def test_scheduler_needs_an_optimizer():
    model = Model()
    model.optimizer = None
    with pytest.raises(ValueError, match="compile it first"):
        run(callbacks.LearningRateScheduler(lambda e: 0.1), [{}], model=model)
