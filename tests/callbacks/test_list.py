"""CallbackList: which hooks are called, in which order, with which logs."""

import pytest
import torch
from callbacks.scripted import Model

from torchkeras import callbacks
from torchkeras.callbacks.base import BATCH_HOOKS, OTHER_HOOKS, only_if


class Lazy(dict):
    """Logs that count how often a value is read."""

    reads = 0

    def __getitem__(self, key):
        Lazy.reads += 1
        return float(super().__getitem__(key))


class Recorder(callbacks.Callback):
    def __init__(self):
        self.seen = []


def recorder(*hooks):
    def make(name):
        return lambda self, *args: self.seen.append((name, *args))

    return type("Mine", (Recorder,), {name: make(name) for name in hooks})()


@pytest.mark.parametrize("name", BATCH_HOOKS)
def test_batch_hooks_and_their_flags(name):
    mine = recorder(name)
    every = callbacks.CallbackList([callbacks.Callback(), mine, callbacks.History()])
    flags = {n: getattr(every, f"wants_{n[3:]}") for n in BATCH_HOOKS}
    assert flags == {n: n == name for n in BATCH_HOOKS}
    mode = name.split("_")[1]
    for m in ("train", "test", "predict"):
        assert getattr(every, f"wants_{m}_batch") == (m == mode)
    for n in BATCH_HOOKS:
        getattr(every, n)(2, {"a": 1.0})
    assert mine.seen == [(name, 2, {"a": 1.0})]


def test_old_hooks_and_old_names_of_the_list():
    old, new = recorder("on_batch_begin", "on_batch_end"), recorder("on_train_batch_end")
    every = callbacks.CallbackList([old, new])
    every.on_batch_begin(0)
    every.on_train_batch_end(1)
    every.on_batch_end(2)
    assert old.seen == [("on_batch_begin", 0, {}), ("on_batch_end", 1, {}), ("on_batch_end", 2, {})]
    assert new.seen == [("on_train_batch_end", 1, {}), ("on_train_batch_end", 2, {})]


def test_other_hooks_in_order():
    seen = []
    hooks = [n for n in OTHER_HOOKS if n != "on_exception"]

    def make(name, who):
        return lambda self, *args: seen.append((who, name))

    both = [type("Mine", (callbacks.Callback,), {n: make(n, who) for n in hooks})() for who in "ab"]
    every = callbacks.CallbackList(both)
    for name in hooks:
        getattr(every, name)(*([0] if "epoch" in name else []))
    assert seen == [(who, name) for name in hooks for who in "ab"]


def test_no_logs_are_an_empty_dict():
    mine = recorder("on_epoch_end", "on_train_end")
    every = callbacks.CallbackList(mine)
    every.on_epoch_end(0)
    every.on_train_end(None)
    assert mine.seen == [("on_epoch_end", 0, {}), ("on_train_end", {})]


def test_lazy_logs_are_passed_unread():
    mine = recorder("on_train_batch_end")
    logs = Lazy(loss=torch.tensor(1.0))
    callbacks.CallbackList([mine]).on_train_batch_end(0, logs)
    assert mine.seen[0][2] is logs
    assert Lazy.reads == 0


def test_tensors_in_a_plain_dict_become_numbers():
    """As in a training loop of one's own."""
    mine = recorder("on_train_batch_end", "on_epoch_end")
    every = callbacks.CallbackList([mine])
    every.on_train_batch_end(0, {"loss": torch.tensor([0.5]), "acc": 1, "v": torch.ones(2)})
    logs = mine.seen[0][2]
    assert type(logs["loss"]) is float
    assert logs["acc"] == 1
    assert logs["v"].shape == (2,)


def test_one_callback_sees_what_another_adds_to_the_logs():
    history = callbacks.History()
    adds = callbacks.LambdaCallback(on_epoch_end=lambda e, logs: logs.update(extra=2.0))
    callbacks.CallbackList([adds, history]).on_epoch_end(0, {"loss": torch.tensor(1.0)})
    assert history.history == {"loss": [1.0], "extra": [2.0]}


def test_hooks_set_later_are_found_when_an_epoch_begins():
    seen = []
    late = callbacks.Callback()
    every = callbacks.CallbackList([late])
    late.on_train_batch_end = lambda batch, logs=None: seen.append(batch)
    every.on_train_batch_end(0)
    assert seen == []
    every.on_epoch_begin(0)
    every.on_train_batch_end(1)
    assert seen == [1]


def test_condition_of_a_hook_is_asked_when_an_epoch_begins():
    class Sometimes(Recorder):
        needed = True

        @only_if("needed")
        def on_train_batch_end(self, batch, logs=None):
            self.seen.append(batch)

    some = Sometimes()
    every = callbacks.CallbackList([some])
    assert every.wants_train_batch_end
    some.needed = False
    every.on_epoch_begin(0)
    assert not every.wants_train_batch_end


def test_defaults_are_added_once():
    model = Model()
    every = callbacks.CallbackList(
        [callbacks.EarlyStopping()], add_history=True, add_progbar=True, model=model,
        verbose=0, epochs=2, steps=3,
    )  # fmt: skip
    kinds = [type(c) for c in every.callbacks]
    assert kinds == [callbacks.EarlyStopping, callbacks.History, callbacks.ProgbarLogger]
    assert all(c.model is model for c in every.callbacks)
    assert all(c.params == {"verbose": 0, "epochs": 2, "steps": 3} for c in every.callbacks)
    assert model.history is every.history
    mine = [callbacks.History(), callbacks.ProgbarLogger()]
    assert callbacks.CallbackList(mine, add_history=True, add_progbar=True).callbacks == mine


def test_append():
    every = callbacks.CallbackList()
    every.append(callbacks.TerminateOnNaN())
    assert every.wants_train_batch_end
    assert not every.wants_train_batch_begin


def test_any_object_with_hooks_will_do():
    class Duck:
        epochs = 0

        def on_epoch_end(self, epoch, logs=None):
            self.epochs += 1

    duck = Duck()
    every = callbacks.CallbackList([duck], model=Model(), epochs=1)
    every.on_train_begin()
    every.on_train_batch_end(0)
    every.on_epoch_end(0)
    every.on_exception(ValueError())
    assert duck.epochs == 1


@pytest.mark.parametrize("wrong", [3, "EarlyStopping", [callbacks.History()], None])
def test_what_is_no_callback_is_refused(wrong):
    with pytest.raises(TypeError, match="CallbackList: each callback must be"):
        callbacks.CallbackList([wrong])


def test_a_class_is_refused():
    with pytest.raises(TypeError, match=r"Received: the class History; write History\(\)"):
        callbacks.CallbackList([callbacks.History])


def test_exception_reaches_all_and_keeps_what_fails_as_a_note():
    class Bad(callbacks.Callback):
        def on_exception(self, exception):
            raise RuntimeError("in clean-up")

    mine = recorder("on_exception")
    error = ValueError("first")
    callbacks.CallbackList([Bad(), mine]).on_exception(error)
    assert mine.seen == [("on_exception", error)]
    assert error.__notes__ == ["Bad.on_exception failed: RuntimeError('in clean-up')"]


def test_state_of_all():
    def new():
        return callbacks.CallbackList(
            [callbacks.EarlyStopping("loss"), callbacks.EarlyStopping("acc", mode="max")],
            add_history=True,
            model=model,
        )

    model = Model()
    first = new()
    first.on_train_begin()
    first.on_epoch_end(0, {"loss": 1.0, "acc": 0.5})
    second = new()
    second.load_state_dict(first.state_dict())
    second.on_train_begin()
    assert [c.best for c in second.callbacks[:2]] == [1.0, 0.5]
    assert second.history.history == {"loss": [1.0], "acc": [0.5]}
    second.on_train_begin()  # a fit after that starts anew
    assert [c.best for c in second.callbacks[:2]] == [None, None]


def test_state_passes_over_what_is_missing():
    states = callbacks.CallbackList([callbacks.EarlyStopping()]).state_dict()
    other = callbacks.CallbackList([callbacks.History(), callbacks.TerminateOnNaN()])
    other.load_state_dict(states)
    assert other.history.history == {}
