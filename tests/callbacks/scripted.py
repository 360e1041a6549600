"""A model that only records what callbacks do to it, and one loop for both libraries."""

import contextlib
import io
import os
import warnings

import numpy as np


class Optimizer:
    """The part of an optimizer that callbacks use."""

    def __init__(self, learning_rate=1.0):
        self.learning_rate = learning_rate
        self.iterations = 0


class Model:
    """Has one weight: the number of the epoch."""

    def __init__(self, metrics=()):
        self.stop_training = False
        self.metrics = list(metrics)
        self.optimizer = Optimizer()
        self.weight = -1
        self.calls = []

    weights = ()
    layers = ()

    def named_modules(self):
        return iter(())

    def get_weights(self):
        return [np.array([self.weight])]

    def set_weights(self, weights):
        self.calls.append(("set_weights", [w.tolist() for w in weights]))

    def save(self, path, overwrite=True):
        self.calls.append(("save", path))
        open(path, "w").close()

    def save_weights(self, path, overwrite=True):
        self.calls.append(("save_weights", path))
        open(path, "w").close()


def run(callback, epochs, *, batches=0, model=None, state=None, initial_epoch=0):
    """Drive a callback of either library; `epochs` lists the logs of each epoch.

    Returns what can be seen from outside: the calls on the model, the logs with what the callback
    added, learning rates, printed text and warnings, and the values of `state` each epoch.
    """
    model = model or Model()
    seen = {"logs": [], "rates": [], "state": [], "stopped": None}
    out = io.StringIO()
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(out):
        warnings.simplefilter("always")
        callback.set_params({"verbose": 0, "epochs": len(epochs), "steps": batches})
        callback.set_model(model)
        callback.on_train_begin({})
        for epoch, logs in enumerate(epochs, initial_epoch):
            callback.on_epoch_begin(epoch, {})
            for batch in range(batches):
                part = {k: v for k, v in logs.items() if not k.startswith("val_")}
                callback.on_train_batch_begin(batch, {})
                callback.on_train_batch_end(batch, part)
            model.weight = epoch
            logs = dict(logs)
            callback.on_epoch_end(epoch, logs)
            seen["logs"].append(logs)
            seen["rates"].append(float(model.optimizer.learning_rate))
            seen["state"].append({k: getattr(callback, k) for k in state or ()})
            if model.stop_training:
                seen["stopped"] = epoch
                break
        callback.on_train_end(logs)
    seen["calls"] = model.calls
    seen["text"] = out.getvalue()
    seen["warnings"] = [str(w.message) for w in caught if w.category is UserWarning]
    return seen


def assert_same(ours, theirs):
    """Two results of `run` are equal, NaN being equal to itself."""
    np.testing.assert_equal(ours, theirs)


@contextlib.contextmanager
def inside(folder):
    """Work in `folder`."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield folder
    finally:
        os.chdir(before)
