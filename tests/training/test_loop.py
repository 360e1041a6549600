"""Order, indices and logs of the hooks that callbacks get, held to real Keras's."""

import keras
import numpy as np
import pytest

import torchkeras
from oracle import assert_close, rand
from torchkeras.training.loop import Loop

X, Y = rand(50, 4), rand(50, 2, seed=1)
HOOKS = [
    f"on_{what}_{when}" for what in ("train", "test", "predict") for when in ("begin", "end")
] + [
    f"on_{what}_batch_{when}"
    for what in ("train", "test", "predict")
    for when in ("begin", "end")
] + ["on_epoch_begin", "on_epoch_end"]  # fmt: skip


def recorder(lib, values=False):
    """A callback that writes down every call of a hook."""
    calls = []

    def hook(name):
        def record(self, *args):
            *index, logs = args
            keys = sorted(logs or {})
            calls.append((name, *index, keys))
            if values and logs and "outputs" not in keys:
                calls.append([float(logs[k]) for k in keys])

        return lambda self, *args, logs=None: record(
            self, *(args if args and isinstance(args[-1], dict) else (*args, logs))
        )

    cls = type("Recorder", (lib.callbacks.Callback,), {name: hook(name) for name in HOOKS})
    return cls(), calls


def build(lib, **compiled):
    model = lib.Sequential([lib.layers.Input((4,)), lib.layers.Dense(2)])
    model.compile("sgd", "mse", metrics=["mae"], **compiled)
    return model


def hooks_of(lib, model, run, values=False):
    callback, calls = recorder(lib, values)
    run(model, callback)
    return calls


RUNS = {
    "fit": lambda m, c: m.fit(X, Y, epochs=2, batch_size=16, verbose=0, callbacks=[c]),
    "fit, validation": lambda m, c: m.fit(
        X, Y, epochs=3, validation_split=0.3, validation_freq=2, verbose=0, callbacks=[c],
        shuffle=False,
    ),
    "fit, steps": lambda m, c: m.fit(
        X, Y, epochs=3, initial_epoch=1, steps_per_epoch=3, batch_size=8, verbose=0, callbacks=[c]
    ),
    "evaluate": lambda m, c: m.evaluate(X, Y, batch_size=16, verbose=0, callbacks=[c]),
    "predict": lambda m, c: m.predict(X, batch_size=16, verbose=0, callbacks=[c]),
    "predict, steps": lambda m, c: m.predict(X, batch_size=16, steps=2, verbose=0, callbacks=[c]),
}  # fmt: skip


@pytest.mark.parametrize("run", RUNS)
def test_hooks_come_as_in_keras(twins, run):
    ours, theirs = twins(build)
    got = hooks_of(torchkeras, ours, RUNS[run])
    want = hooks_of(keras, theirs, RUNS[run])
    assert got == want


@pytest.mark.parametrize("run", ["fit, validation", "evaluate"])
def test_values_of_logs(twins, run):
    ours, theirs = twins(build)
    got = hooks_of(torchkeras, ours, RUNS[run], values=True)
    want = hooks_of(keras, theirs, RUNS[run], values=True)
    assert_close(
        [v for v in got if isinstance(v, list)], [v for v in want if isinstance(v, list)], 1e-5
    )


@pytest.mark.parametrize("bundle", [2, 3, 10])
@pytest.mark.parametrize("mode", ["train", "test", "predict"])
def test_steps_per_execution_bundles_the_hooks(mode, bundle):
    """Keras's torch backend refuses it; the others begin at the first step of each bundle."""
    model = build(torchkeras, steps_per_execution=bundle)
    run = {"train": "fit", "test": "evaluate", "predict": "predict"}[mode]
    calls = hooks_of(torchkeras, model, RUNS[run])
    steps = [c[:2] for c in calls if c[0].startswith(f"on_{mode}_batch")]
    epoch = []
    for first in range(0, 4, bundle):
        last = min(first + bundle, 4) - 1
        epoch += [(f"on_{mode}_batch_begin", first), (f"on_{mode}_batch_end", last)]
    assert steps == epoch * (2 if mode == "train" else 1)


def test_params_model_and_history(twins):
    seen = []

    def run(lib, model):
        class Look(lib.callbacks.Callback):
            def on_train_begin(self, logs=None):
                seen.append({**self.params, "model": self.model is model})

            def on_test_begin(self, logs=None):
                seen.append(dict(self.params))

        history = model.fit(X, Y, epochs=2, verbose=0, callbacks=[Look()], validation_split=0.2)
        assert model.history is history
        assert history.model is model
        seen.append(dict(history.params))
        model.evaluate(X, Y, verbose=0, callbacks=[Look()])
        seen.append(history.epoch)
        assert model.history is history

    for lib, model in zip((torchkeras, keras), twins(build), strict=True):
        run(lib, model)
    half = len(seen) // 2
    assert seen[:half] == seen[half:]


STOPS = [
    ("on_train_batch_end", lambda i: i == 1),
    ("on_train_batch_begin", lambda i: i == 2),
    ("on_epoch_end", lambda i: i == 0),
    ("on_epoch_begin", lambda i: i == 1),
    ("on_test_batch_end", lambda i: i == 0),
]


@pytest.mark.parametrize(("hook", "when"), STOPS)
def test_stop_training(twins, hook, when):
    found = []
    for lib, model in zip((torchkeras, keras), twins(build), strict=True):
        recording, calls = recorder(lib)

        def stop(self, index, logs=None):
            if when(index):
                self.model.stop_training = True

        stopper = type("Stop", (lib.callbacks.Callback,), {hook: stop})()
        history = model.fit(
            X, Y, epochs=3, batch_size=8, verbose=0, shuffle=False,
            validation_data=(X[:20], Y[:20]), callbacks=[recording, stopper],
        )  # fmt: skip
        found.append((calls, {k: len(v) for k, v in history.history.items()}))
        assert model.stop_training
    assert found[0] == found[1]


def test_fit_after_a_stop_goes_on():
    model = build(torchkeras)

    class Stop(torchkeras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = True

    model.fit(X, Y, epochs=3, verbose=0, callbacks=[Stop()])
    assert len(model.fit(X, Y, epochs=3, verbose=0).epoch) == 3


@pytest.mark.parametrize("mode", ["evaluate", "predict"])
def test_stop_evaluating_and_predicting(mode):
    model = build(torchkeras)

    class Stop(torchkeras.callbacks.Callback):
        def on_test_batch_end(self, batch, logs=None):
            self.model.stop_evaluating = True

        def on_predict_batch_end(self, batch, logs=None):
            self.model.stop_predicting = True

    if mode == "predict":
        assert model.predict(X, batch_size=8, verbose=0, callbacks=[Stop()]).shape == (8, 2)
    else:
        got = model.evaluate(X, Y, batch_size=8, verbose=0, callbacks=[Stop()])
        assert_close(got, model.evaluate(X[:8], Y[:8], verbose=0))


CALLBACKS = {
    "schedule": lambda lib: lib.callbacks.LearningRateScheduler(lambda e, lr: lr * 0.5),
    "early": lambda lib: lib.callbacks.EarlyStopping(
        "val_loss", patience=1, min_delta=0.03, restore_best_weights=True
    ),
    "plateau": lambda lib: lib.callbacks.ReduceLROnPlateau(
        "val_loss", patience=1, min_delta=0.05, factor=0.3
    ),
    "lambda": lambda lib: lib.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: logs.update(epoch_twice=2.0 * epoch)
    ),
}


@pytest.mark.parametrize("callback", CALLBACKS)
def test_callbacks_of_the_library(both, callback):
    def run(lib, model):
        return model.fit(
            X, Y, epochs=6, verbose=0, shuffle=False, validation_split=0.3,
            callbacks=[CALLBACKS[callback](lib)],
        )  # fmt: skip

    ours, theirs, *_ = both(build, run)
    assert float(ours.optimizer.learning_rate) == pytest.approx(
        float(theirs.optimizer.learning_rate)
    )


def test_limits_of_the_configuration():
    model = build(torchkeras)
    torchkeras.config.set_max_epochs(2)
    torchkeras.config.set_max_steps_per_epoch(3)
    try:
        history = model.fit(X, Y, epochs=5, batch_size=5, verbose=0)
        assert len(history.epoch) == 2
        assert int(model.optimizer.iterations) == 6
        assert model.predict(X, batch_size=5, verbose=0).shape == (15, 2)
    finally:
        torchkeras.config.set_max_epochs(None)
        torchkeras.config.set_max_steps_per_epoch(None)


class Adapter:
    def __init__(self, n):
        self.n = n

    def batches(self):
        return iter(range(self.n))


class Stub:
    def __init__(self):
        self.stop_training = False


def test_loop_without_callbacks_counts_steps():
    loop = Loop(Adapter(5), None, "train", Stub())
    assert list(loop) == [0, 1, 2, 3, 4]
    assert loop.step == 5
    assert loop.logs is None


def test_hooks_may_be_of_a_callback_with_the_old_names(twins):
    found = []
    for lib, model in zip((torchkeras, keras), twins(build), strict=True):
        seen = []

        class Old(lib.callbacks.Callback):
            def on_batch_begin(self, batch, logs=None):
                seen.append(("begin", batch))  # noqa: B023

            def on_batch_end(self, batch, logs=None):
                seen.append(("end", batch, sorted(logs)))  # noqa: B023

        model.fit(X, Y, verbose=0, callbacks=[Old()])
        found.append(seen)
    assert found[0] == found[1] and found[0]


def test_verbose_and_numpy_epochs(capsys):
    model = build(torchkeras)
    model.fit(X, Y, epochs=np.int64(2), verbose=2)
    assert "Epoch 2/2" in capsys.readouterr().out
