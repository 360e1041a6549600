"""EarlyStopping against real Keras over the same logs."""

import itertools

import keras
import numpy as np
import pytest
from callbacks.scripted import Model, assert_same, run

from torchkeras import callbacks

NAN = float("nan")
STATE = ("best", "wait", "stopped_epoch", "best_epoch")

SCRIPTS = [
    [1, 2, 3, 4],
    [4, 3, 2, 1],
    [3, 2, 1, 4, 4, 4, 4],
    [1, 0.95, 0.9, 0.85, 0.8],
    [1, 1, 1, 1],
    [3, 0.4, 1, 1, 1],
    [3, 4, 5, 1, 1],
    [2, NAN, 1, NAN, NAN, 0],
    [float("inf"), 1, float("inf"), 0.5],
    [0.3, 0.2, 0.1, 0.1, 0.2, 0.3, 0.05],
]


def both(script, **kwargs):
    logs = [{"loss": v} if v is not None else {} for v in script]
    kwargs = {"monitor": "loss", **kwargs}
    return (
        run(callbacks.EarlyStopping(**kwargs), logs, state=STATE),
        run(keras.callbacks.EarlyStopping(**kwargs), logs, state=STATE[:3]),
    )


def compare(script, **kwargs):
    ours, theirs = both(script, **kwargs)
    for state in ours["state"]:
        state.pop("best_epoch")  # Keras has it only when it restores; the calls show it
    assert_same(ours, theirs)


OPTIONS = [
    {"min_delta": d, "patience": p, "mode": m, "baseline": b, "restore_best_weights": r,
     "start_from_epoch": s}
    for d, p, m, b, r, s in itertools.product(
        (0, 0.1, -0.1), (0, 1, 3), ("auto", "min", "max"), (None, 0.5), (False, True), (0, 2)
    )
]  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS, ids=str)
def test_all_arguments(script):
    for options in OPTIONS:
        compare(script, verbose=1, **options)


def test_random_logs():
    rng = np.random.default_rng(0)
    for _ in range(300):
        script = [round(v, 1) for v in rng.uniform(0, 1, rng.integers(1, 12)).tolist()]
        for i in range(3, len(script)):  # a NaN that is looked at first is where we differ
            if rng.random() < 0.2:
                script[i] = NAN
            elif rng.random() < 0.1:
                script[i] = None  # the metric is missing
        compare(script, verbose=1, **OPTIONS[rng.integers(len(OPTIONS))])


@pytest.mark.parametrize("start", [[NAN], [NAN, NAN]])
def test_nan_is_never_the_best(start):
    ours, theirs = both([*start, 3, 2, 1], patience=3, restore_best_weights=True)
    assert ours["state"][-1]["best"] == 1
    assert ours["calls"] == [("set_weights", [[len(start) + 2]])]
    assert theirs["stopped"] == 3  # Keras: nothing is better than NaN


def test_all_nan_restores_nothing():
    ours, _ = both([NAN] * 5, patience=2, restore_best_weights=True)
    assert ours["stopped"] == 1
    assert ours["calls"] == []
    assert ours["state"][-1]["best"] is None


def test_unknown_direction_raises():
    stop = callbacks.EarlyStopping("fun")
    with pytest.raises(ValueError, match="EarlyStopping: it cannot be told whether 'fun'"):
        run(stop, [{"fun": 1}])


def test_unknown_mode_falls_back_to_auto():
    with pytest.warns(UserWarning, match="mode 'best' is unknown"):
        assert callbacks.EarlyStopping(mode="best").mode == "auto"


def test_state_goes_on():
    """Interrupted after any epoch and resumed from the state: the same end as without."""
    script = [{"loss": v} for v in (3, 2, 4, 4, 4, 4)]

    def new():
        return callbacks.EarlyStopping("loss", patience=3, restore_best_weights=True)

    whole = run(new(), script, state=STATE)
    for cut in range(1, 5):
        first = new()
        run(first, script[:cut])
        second = new()
        second.load_state_dict(first.state_dict())
        rest = run(second, script[cut:], state=STATE, model=Model(), initial_epoch=cut)
        assert rest["state"] == whole["state"][cut:]
        assert rest["calls"] == whole["calls"]


def test_a_second_fit_starts_anew():
    stop = callbacks.EarlyStopping("loss", patience=1)
    script = [{"loss": v} for v in (1, 2, 3)]
    assert run(stop, script)["stopped"] == run(stop, script)["stopped"] == 1
