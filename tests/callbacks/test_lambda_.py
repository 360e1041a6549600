"""LambdaCallback: hooks from functions."""

import pytest
from callbacks.scripted import run

from torchkeras import callbacks

HOOKS = [f"on_{m}_{e}" for m in ("train", "test", "predict") for e in ("begin", "end")]
BATCH_HOOKS = [f"on_{m}_batch_{e}" for m in ("train", "test", "predict") for e in ("begin", "end")]


@pytest.mark.parametrize("hook", HOOKS)
def test_run_hooks(hook):
    seen = []
    callback = callbacks.LambdaCallback(**{hook: lambda logs: seen.append(logs)})
    getattr(callbacks.CallbackList([callback]), hook)({"a": 1})
    assert seen == [{"a": 1}]


@pytest.mark.parametrize("hook", [*BATCH_HOOKS, "on_epoch_begin", "on_epoch_end"])
def test_hooks_with_an_index(hook):
    seen = []
    callback = callbacks.LambdaCallback(**{hook: lambda index, logs: seen.append((index, logs))})
    getattr(callbacks.CallbackList([callback]), hook)(3, {"a": 1})
    assert seen == [(3, {"a": 1})]


def test_order():
    seen = []
    names = ("on_epoch_begin", "on_epoch_end", "on_train_batch_begin", "on_train_batch_end")
    hooks = {n: lambda i, logs, n=n: seen.append((n, i)) for n in names}
    run(callbacks.LambdaCallback(**hooks), [{}], batches=2)
    assert seen == [
        ("on_epoch_begin", 0),
        ("on_train_batch_begin", 0),
        ("on_train_batch_end", 0),
        ("on_train_batch_begin", 1),
        ("on_train_batch_end", 1),
        ("on_epoch_end", 0),
    ]


def test_arguments():
    with pytest.raises(TypeError, match="LambdaCallback: there is no hook 'on_epoch_ends'"):
        callbacks.LambdaCallback(on_epoch_ends=print)
    with pytest.raises(TypeError, match="LambdaCallback: on_epoch_end must be a function"):
        callbacks.LambdaCallback(on_epoch_end=3)
