"""Callback: all hooks of Keras, and the state."""

import inspect
import io

import keras
import numpy as np
import pytest
import torch

from torchkeras import callbacks
from torchkeras.callbacks.base import BATCH_HOOKS, OTHER_HOOKS, only_if, overridden


def public_methods(cls):
    return {n: m for n, m in inspect.getmembers(cls, inspect.isfunction) if not n.startswith("_")}


def test_has_all_of_keras():
    ours, theirs = public_methods(callbacks.Callback), public_methods(keras.callbacks.Callback)
    assert set(theirs) <= set(ours)
    for name, method in theirs.items():
        names = list(inspect.signature(method).parameters)
        assert list(inspect.signature(ours[name]).parameters) == names, name


@pytest.mark.parametrize(
    "name",
    ["CSVLogger", "CallbackList", "EarlyStopping", "History", "LambdaCallback", "ProgbarLogger",
     "LearningRateScheduler", "ModelCheckpoint", "ReduceLROnPlateau", "SwapEMAWeights",
     "TensorBoard", "TerminateOnNaN"],
)  # fmt: skip
def test_signatures_and_defaults_are_those_of_keras(name):
    def arguments(module):
        signature = inspect.signature(getattr(module, name).__init__)
        return [(p.name, p.default, p.kind) for p in signature.parameters.values()]

    assert arguments(callbacks) == arguments(keras.callbacks)


def test_init_need_not_be_called():
    class Mine(callbacks.Callback):
        def __init__(self):
            pass

    mine = Mine()
    assert mine.model is None
    assert mine.params is None
    model = object()
    mine.set_model(model)
    mine.set_params({"epochs": 2})
    assert mine.model is model
    assert mine.params == {"epochs": 2}


@pytest.mark.parametrize("name", [*BATCH_HOOKS, *OTHER_HOOKS])
def test_overridden(name):
    assert overridden(callbacks.Callback(), name) is None
    mine = type("Mine", (callbacks.Callback,), {name: lambda self, *args: "mine"})()
    assert overridden(mine, name)() == "mine"
    plain = callbacks.Callback()
    setattr(plain, name, lambda *args: "instance")
    assert overridden(plain, name)() == "instance"
    assert overridden(object(), name) is None


@pytest.mark.parametrize("edge", ["begin", "end"])
def test_old_names(edge):
    mine = type("Mine", (callbacks.Callback,), {f"on_batch_{edge}": lambda self, *args: args})()
    assert overridden(mine, f"on_train_batch_{edge}")(1, {}) == (1, {})
    assert overridden(mine, f"on_test_batch_{edge}") is None
    assert overridden(mine, f"on_train_batch_{'end' if edge == 'begin' else 'begin'}") is None


def test_only_if_holds_until_overridden():
    class Sometimes(callbacks.Callback):
        needed = False

        @only_if("needed")
        def on_train_batch_end(self, batch, logs=None):
            pass

    class Always(Sometimes):
        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)

    callback = Sometimes()
    assert overridden(callback, "on_train_batch_end") is None
    callback.needed = True
    assert overridden(callback, "on_train_batch_end") is not None
    assert overridden(Always(), "on_train_batch_end") is not None


def test_state_survives_a_safe_torch_load():
    class Mine(callbacks.Callback):
        state_names = ("number", "array", "nested")

    mine = Mine()
    mine.number, mine.array = np.float64(0.5), np.arange(3.0)
    mine.nested = {"list": [np.ones(2), 1, "a", None], "tuple": (np.int64(2),)}
    buffer = io.BytesIO()
    torch.save(mine.state_dict(), buffer)
    buffer.seek(0)
    state = torch.load(buffer, weights_only=True)
    assert state["number"] == 0.5
    assert torch.equal(state["array"], torch.arange(3.0, dtype=torch.float64))
    assert state["nested"]["tuple"] == [2]
    other = Mine()
    other.load_state_dict(state)
    assert other.number == 0.5


def test_unknown_state_is_refused():
    with pytest.raises(ValueError, match=r"EarlyStopping: .*Received: bogus\."):
        callbacks.EarlyStopping().load_state_dict({"bogus": 1})
