"""Callbacks in a real `fit`, next to real Keras with the same weights and data."""

import gc
import os
import shutil
import warnings
import weakref

import keras
import numpy as np
import pytest
from callbacks.scripted import inside
from callbacks.tensorboard.recorded import reader, scalars

import torchkeras

RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 5)).astype("float32")
Y = (X.sum(1, keepdims=True) > 0).astype("float32")
X_VAL, Y_VAL = X[:16] * 1.1, 1 - Y[:16]  # wrong labels: validation gets worse


def build(library, optimizer=None, metrics=("accuracy", "mae")):
    layers = library.layers
    model = library.Sequential(
        [library.Input((5,)), layers.Dense(7, "tanh", name="hidden"),
         layers.Dense(1, "sigmoid", name="out")],
        name="net",
    )  # fmt: skip
    optimizer = optimizer or library.optimizers.SGD(0.5)
    model.compile(optimizer, "binary_crossentropy", metrics=list(metrics))
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=w.shape).astype("float32") for w in model.get_weights()])
    return model


def fit_both(make_callbacks, folder, optimizer=None, **kwargs):
    """Fit both libraries; returns (model, history) of each."""
    results = []
    for library in (torchkeras, keras):
        where = folder / library.__name__
        where.mkdir()
        with inside(where), warnings.catch_warnings():
            if library is keras:
                warnings.simplefilter("ignore")
            model = build(library, optimizer and optimizer(library))
            history = model.fit(
                X, Y, batch_size=16, epochs=8, shuffle=False, verbose=0,
                validation_data=(X_VAL, Y_VAL), callbacks=make_callbacks(library.callbacks),
                **kwargs,
            )  # fmt: skip
        results.append((model, history))
    return results


def assert_same_run(ours, theirs):
    (our_model, our_history), (their_model, their_history) = ours, theirs
    assert our_history.epoch == their_history.epoch
    assert our_history.params == their_history.params
    assert set(our_history.history) == set(their_history.history)
    for name, values in their_history.history.items():
        np.testing.assert_allclose(our_history.history[name], values, 1e-4, 1e-5, err_msg=name)
    for a, b in zip(our_model.get_weights(), their_model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, 1e-4, 1e-5)
    rates = [float(np.asarray(m.optimizer.learning_rate)) for m in (our_model, their_model)]
    assert rates[0] == pytest.approx(rates[1])


CASES = {
    "none": lambda c: None,
    "stop": lambda c: [c.EarlyStopping(patience=2)],
    "restore": lambda c: [c.EarlyStopping(patience=2, restore_best_weights=True)],
    "restore_accuracy": lambda c: [
        c.EarlyStopping("val_accuracy", patience=3, restore_best_weights=True)
    ],
    "baseline": lambda c: [
        c.EarlyStopping("mae", baseline=0.05, patience=4, restore_best_weights=True)
    ],
    "plateau": lambda c: [c.ReduceLROnPlateau(patience=1, factor=0.3, cooldown=1)],
    "plateau_max": lambda c: [c.ReduceLROnPlateau("val_accuracy", patience=1, min_lr=0.01)],
    "schedule": lambda c: [c.LearningRateScheduler(lambda epoch, rate: float(rate) * 0.8)],
    "schedule_epoch": lambda c: [c.LearningRateScheduler(lambda epoch: 0.5 / (epoch + 1))],
    "both": lambda c: [
        c.LearningRateScheduler(lambda epoch, rate: float(rate) * 0.9),
        c.EarlyStopping(patience=3),
        c.CSVLogger("log.csv"),
    ],
    "lambda": lambda c: [
        c.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(mine=epoch * 2.0))
    ],
    "nan": lambda c: [c.TerminateOnNaN()],
}


@pytest.mark.parametrize("case", CASES)
def test_same_as_keras(case, tmp_path):
    assert_same_run(*fit_both(CASES[case], tmp_path))


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_swap_ema(swap_on_epoch, tmp_path):
    def optimizer(library):
        return library.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.6)

    ours, theirs = fit_both(
        lambda c: [c.SwapEMAWeights(swap_on_epoch)], tmp_path, optimizer=optimizer
    )
    assert_same_run(ours, theirs)


def test_swap_ema_before_a_checkpoint(tmp_path):
    """What is saved after an epoch are the averages; training goes on from the trained values."""
    saved = {}
    for library in (torchkeras, keras):
        model = build(library, library.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.6))
        keep = library.callbacks.LambdaCallback(
            on_epoch_end=lambda e, logs, m=model, n=library.__name__: saved.setdefault(
                n, []
            ).append([np.array(w) for w in m.get_weights()])
        )
        swap = library.callbacks.SwapEMAWeights(swap_on_epoch=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X, Y, epochs=3, shuffle=False, verbose=0, callbacks=[swap, keep])
    for ours, theirs in zip(saved["torchkeras"], saved["keras"], strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, 1e-4, 1e-5)


def test_swap_ema_stopped_in_the_middle_keeps_the_averages():
    model = build(torchkeras, torchkeras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.6))
    seen = {}

    class Stop(torchkeras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen["averages"] = self.model.get_weights()
            self.model.stop_training = True

    swap = torchkeras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    model.fit(X, Y, epochs=5, verbose=0, callbacks=[swap, Stop()])
    for a, b in zip(model.get_weights(), seen["averages"], strict=True):
        np.testing.assert_array_equal(a, b)


def test_swap_ema_in_evaluate_and_predict():
    model = build(torchkeras, torchkeras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.6))
    swap = torchkeras.callbacks.SwapEMAWeights()
    before = model.predict(X, verbose=0, callbacks=[swap])  # not trained: nothing to swap
    np.testing.assert_array_equal(before, model.predict(X, verbose=0))
    for _ in range(3):
        model.train_on_batch(X, Y)
    trained = [np.array(w) for w in model.get_weights()]
    inside_loss = model.evaluate(X, Y, verbose=0, callbacks=[swap], return_dict=True)["loss"]
    assert inside_loss != model.evaluate(X, Y, verbose=0, return_dict=True)["loss"]
    for a, b in zip(model.get_weights(), trained, strict=True):
        np.testing.assert_array_equal(a, b)


def test_swap_ema_needs_averages():
    model = build(torchkeras)
    with pytest.raises(ValueError, match="SwapEMAWeights: the optimizer must be made with use_ema"):
        model.fit(X, Y, verbose=0, callbacks=[torchkeras.callbacks.SwapEMAWeights()])


def test_csv_files_agree(tmp_path):
    fit_both(lambda c: [c.CSVLogger("log.csv")], tmp_path)
    ours, theirs = (
        np.genfromtxt(tmp_path / name / "log.csv", delimiter=",", names=True)
        for name in ("torchkeras", "keras")
    )
    assert ours.dtype.names == theirs.dtype.names
    for name in ours.dtype.names:
        np.testing.assert_allclose(ours[name], theirs[name], 1e-4, 1e-5)


@pytest.mark.parametrize(
    ("path", "kwargs"),
    [
        ("{epoch:02d}-{val_loss:.2f}.keras", {}),
        ("best.keras", {"monitor": "val_accuracy", "save_best_only": True}),
        ("w{epoch}.weights.h5", {"save_weights_only": True, "save_best_only": True}),
        ("b{epoch}-{batch}.weights.h5", {"save_weights_only": True, "save_freq": 4}),
        ("m{epoch}.h5", {}),
    ],
)
def test_checkpoint_files(path, kwargs, tmp_path):
    fit_both(lambda c: [c.ModelCheckpoint(path, **kwargs)], tmp_path)
    ours, theirs = tmp_path / "torchkeras", tmp_path / "keras"
    assert sorted(os.listdir(ours)) == sorted(os.listdir(theirs))
    for name in os.listdir(ours):
        if not name.endswith(".weights.h5"):
            a, b = (torchkeras.saving.load_model(str(p / name)) for p in (ours, theirs))
        else:
            a, b = build(torchkeras), build(torchkeras)
            a.load_weights(str(ours / name))
            b.load_weights(str(theirs / name))
        for x, y in zip(a.get_weights(), b.get_weights(), strict=True):
            np.testing.assert_allclose(x, y, 1e-4, 1e-5)


def test_best_weights_are_a_copy():
    """Training goes on in place: the kept weights must not move with it."""
    model = build(torchkeras)
    stop = torchkeras.callbacks.EarlyStopping("loss", mode="max", restore_best_weights=True)
    first = {}
    keep = torchkeras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: first.setdefault(
            "weights", [np.array(w) for w in model.get_weights()]
        )
    )
    model.fit(X, Y, epochs=4, verbose=0, callbacks=[keep, stop])
    for a, b in zip(model.get_weights(), first["weights"], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("library", [torchkeras, keras], ids=lambda m: m.__name__)
@pytest.mark.parametrize(
    "name",
    ["mse", "mae", "accuracy", "AUC", "Precision", "Recall", "RootMeanSquaredError",
     "cosine_similarity", "hinge", "kl_divergence", "poisson", "binary_crossentropy"],
)  # fmt: skip
def test_direction_of_metrics(name, library):
    model = build(library, metrics=[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        history = model.fit(X, Y, epochs=1, verbose=0).history
        (key,) = set(history) - {"loss"}
        stop = library.callbacks.EarlyStopping(f"val_{key}")
        model.fit(X, Y, epochs=1, verbose=0, validation_data=(X, Y), callbacks=[stop])
    grows = {"accuracy", "AUC", "Precision", "Recall", "cosine_similarity"}
    assert stop.monitor_op.__name__ == ("greater" if name in grows else "less")


def test_metrics_and_losses_of_several_outputs_have_a_direction():
    inputs = torchkeras.Input((5,))
    outs = [torchkeras.layers.Dense(1, "sigmoid", name=n)(inputs) for n in ("a", "b")]
    model = torchkeras.Model(inputs, outs)
    model.compile("sgd", "mse", metrics=[["accuracy"], ["mae"]])
    for name, op in (("val_a_accuracy", np.greater), ("b_mae", np.less), ("a_loss", np.less)):
        stop = torchkeras.callbacks.EarlyStopping(name)
        model.fit(X, [Y, Y], verbose=0, validation_data=(X, [Y, Y]), callbacks=[stop])
        assert stop.monitor_op is op


def test_tensorboard(tmp_path):
    model = build(torchkeras)
    board = torchkeras.callbacks.TensorBoard(
        tmp_path, histogram_freq=1, write_images=True, update_freq=2, profile_batch=(2, 3)
    )
    options = {"batch_size": 16, "verbose": 0, "callbacks": [board]}
    history = model.fit(X, Y, epochs=2, validation_data=(X_VAL, Y_VAL), **options).history
    model.evaluate(X_VAL, Y_VAL, **options)
    train, validation = scalars(tmp_path / "train"), scalars(tmp_path / "validation")
    assert train["epoch_loss"] == [(i, pytest.approx(v)) for i, v in enumerate(history["loss"])]
    assert validation["epoch_accuracy"] == [
        (i, pytest.approx(v)) for i, v in enumerate(history["val_accuracy"])
    ]
    assert [s for s, _ in train["batch_mae"]] == [2, 4, 6]
    assert [s for s, _ in validation["evaluation_loss_vs_iterations"]] == [3, 6, 6]
    assert train["epoch_learning_rate"] == [(0, 0.5), (1, 0.5)]
    events = reader(tmp_path / "train")
    assert {n.name for n in events.Graph().node} >= {"net/hidden", "net/out"}
    assert len(events.Tags()["histograms"]) == 4
    assert len(list(tmp_path.glob("plugins/profile/*/*.json"))) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_folder_removed_in_the_middle(tmp_path):
    c = torchkeras.callbacks
    remove = c.LambdaCallback(
        on_epoch_end=lambda epoch, logs: epoch == 0 and shutil.rmtree(tmp_path / "logs")
    )
    build(torchkeras).fit(
        X, Y, epochs=3, verbose=0,
        callbacks=[remove, c.TensorBoard(tmp_path / "logs", histogram_freq=1),
                   c.CSVLogger(tmp_path / "logs" / "log.csv"),
                   c.ModelCheckpoint(tmp_path / "logs" / "{epoch}.keras")],
    )  # fmt: skip
    names = {"1.keras", "2.keras", "3.keras", "log.csv", "train"}
    assert set(os.listdir(tmp_path / "logs")) == names
    assert len((tmp_path / "logs" / "log.csv").read_text().splitlines()) == 4
    steps = [s for s, _ in scalars(tmp_path / "logs" / "train")["epoch_loss"]]
    assert steps[-2:] == [1, 2]


def test_exception_closes_files_and_comes_through(tmp_path):
    class Breaks(torchkeras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyError("mine")

    board = torchkeras.callbacks.TensorBoard(tmp_path / "board")
    logger = torchkeras.callbacks.CSVLogger(tmp_path / "log.csv")
    model = build(torchkeras)
    with pytest.raises(KeyError, match="mine"):
        model.fit(X, Y, verbose=0, callbacks=[board, logger, Breaks()])
    assert logger.csv_file is None
    assert board._writers._writers == {}
    model.fit(X, Y, verbose=0)  # the model is usable


@pytest.mark.parametrize("mode", ["test", "predict"])
def test_exception_in_evaluate_and_predict_reaches_the_callbacks(mode):
    def fail(batch, logs):
        raise KeyError("mine")

    seen = []
    every = torchkeras.callbacks.LambdaCallback(
        on_exception=seen.append, **{f"on_{mode}_batch_end": fail}
    )
    model = build(torchkeras)
    run = {"test": lambda: model.evaluate(X, Y, verbose=0, callbacks=[every]),
           "predict": lambda: model.predict(X, verbose=0, callbacks=[every])}  # fmt: skip
    with pytest.raises(KeyError, match="mine"):
        run[mode]()
    assert [type(e) for e in seen] == [KeyError]


def test_a_callback_that_cannot_begin_closes_the_others(tmp_path):
    (tmp_path / "file").write_text("")
    logger = torchkeras.callbacks.CSVLogger(tmp_path / "log.csv")
    board = torchkeras.callbacks.TensorBoard(tmp_path / "file")
    model = build(torchkeras)
    before = [np.array(w) for w in model.get_weights()]
    with pytest.raises(OSError, match="TensorBoard: cannot write to the folder"):
        model.fit(X, Y, verbose=0, callbacks=[logger, board])
    assert logger.csv_file is None
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_nan_loss_stops_and_is_not_the_best(tmp_path):
    model = build(torchkeras)
    keep = torchkeras.callbacks.ModelCheckpoint(tmp_path / "m.keras", "loss", save_best_only=True)
    stop = torchkeras.callbacks.TerminateOnNaN()
    x = X.copy()
    x[3] = np.nan
    history = model.fit(x, Y, epochs=3, verbose=0, callbacks=[keep, stop])
    assert len(history.epoch) == 1
    assert not np.isfinite(history.history["loss"][0])
    assert keep.best is None
    assert not (tmp_path / "m.keras").exists()


def test_unknown_placeholder_stops_before_the_second_step(tmp_path):
    model = build(torchkeras)
    keep = torchkeras.callbacks.ModelCheckpoint(tmp_path / "{nope}.keras")
    with pytest.raises(ValueError, match="there is no metric 'nope' for the path; the metrics are"):
        model.fit(X, Y, epochs=2, verbose=0, callbacks=[keep])
    assert int(model.optimizer.iterations) <= 1
    with pytest.raises(ValueError, match="there is no metric 'nope'"):
        model.fit(X, Y, epochs=2, verbose=0, callbacks=[keep])
    assert int(model.optimizer.iterations) <= 1


def test_model_is_freed_after_fit_with_the_garbage_collector_off(tmp_path):
    model = build(torchkeras)
    gc.collect()
    gc.disable()
    try:
        c = torchkeras.callbacks
        model.fit(
            X, Y, verbose=0, validation_data=(X, Y),
            callbacks=[c.EarlyStopping(), c.TensorBoard(tmp_path), c.ReduceLROnPlateau(),
                       c.ModelCheckpoint(tmp_path / "m.keras", save_best_only=True)],
        )  # fmt: skip
        alive = weakref.ref(model)
        del model
        assert alive() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("suffix", [".h5", ".hdf5", ".safetensors", ".npz", ".pt"])
def test_checkpoint_of_weights_in_other_formats(suffix, tmp_path):
    """The suffix picks the format; old scripts write their weights to .h5 and .hdf5."""
    model = build(torchkeras)
    path = str(tmp_path / ("w.{epoch:02d}" + suffix))
    keep = torchkeras.callbacks.ModelCheckpoint(path, save_weights_only=True)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[keep])
    other = build(torchkeras)
    other.load_weights(str(tmp_path / ("w.02" + suffix)))
    for a, b in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
