"""History: records, state, and no reference that keeps the model alive."""

import gc
import weakref

import keras
from callbacks.scripted import Model, run

from torchkeras import callbacks


def test_records_as_keras():
    script = [{"loss": 1.0, "val_loss": 2.0}, {"loss": 0.5}, {"acc": 0.1, "loss": 0.25}]
    ours, theirs = callbacks.History(), keras.callbacks.History()
    for _ in range(2):
        run(ours, script)
        run(theirs, script)
        assert ours.history == theirs.history
        assert list(ours.history) == list(theirs.history)
        assert ours.epoch == theirs.epoch


def test_model_is_freed_with_the_garbage_collector_off():
    gc.disable()
    try:
        model = Model()
        callbacks.CallbackList(add_history=True, model=model)
        alive = weakref.ref(model)
        history = model.history
        assert history.model is model
        del model
        assert alive() is None
        assert history.model is None
    finally:
        gc.enable()


def test_state_goes_on():
    script = [{"loss": float(v)} for v in range(4)]
    whole, first, second = (callbacks.History() for _ in range(3))
    run(whole, script)
    run(first, script[:2])
    state = first.state_dict()
    second.load_state_dict(state)
    run(second, script[2:], initial_epoch=2)
    assert second.history == whole.history
    assert second.epoch == whole.epoch
    assert state["epoch"] == [0, 1]
