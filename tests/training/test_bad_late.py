"""What shows late elsewhere: targets of later batches, folders, losses that are no numbers."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import torchkeras
from oracle import clear_names, rand

X, Y = rand(40, 4), rand(40, 2, seed=1)
C, L = torchkeras.callbacks, torchkeras.layers


def model_of(units=2, optimizer="adam", loss="mse"):
    clear_names()
    model = torchkeras.Sequential([L.Input((4,)), L.Dense(units, name="last")])
    model.compile(optimizer, loss)
    return model


# ------------------------------------------------------------------ targets that would broadcast


@pytest.mark.safety("D5")
@pytest.mark.parametrize("targets", [Y[:, :1], Y[:, 0], Y[:1]], ids=["column", "flat", "row"])
@pytest.mark.parametrize("trained", [False, True], ids=["first", "later"])
def test_targets_are_not_broadcast(targets, trained):
    """By no method, and also when the losses have been brought to their outputs before."""
    model = model_of()
    if trained:
        model.fit(X, Y, verbose=0)
        model.evaluate(X, Y, verbose=0)
    before = model.get_weights()
    x = X[: len(targets)]
    if len(targets) > 1:
        for method in ("fit", "evaluate", "train_on_batch", "test_on_batch"):
            with pytest.raises(ValueError, match="same shape as the outputs"):
                getattr(model, method)(x, targets)
        with pytest.raises(ValueError, match="same shape as the outputs"):
            model.fit(X, Y, validation_data=(x, targets), verbose=0)
    with pytest.raises(ValueError, match="same shape as the outputs") as found:
        model.fit(iter([(X, targets)]), verbose=0)
    assert "in fit, at epoch 1, step 1" in found.value.__notes__
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.safety("D5")
def test_a_later_batch_and_one_of_several_outputs():
    model = model_of()
    with pytest.raises(ValueError, match=r"y_true.shape=\(8, 1\), y_pred.shape=\(8, 2\)") as found:
        model.fit(iter([(X[:8], Y[:8]), (X[:8], Y[:8, :1])]), verbose=0)
    assert any("step 2" in n for n in found.value.__notes__)
    i = L.Input((4,))
    both = torchkeras.Model(i, [L.Dense(2, name="a")(i), L.Dense(3, name="b")(i)])
    both.compile("sgd", ["mse", "mae"])
    good = [Y[:8], rand(8, 3)]
    with pytest.raises(ValueError, match=r"of the output 'b'.*y_true.shape=\(8, 1\)"):
        both.fit(iter([(X[:8], good), (X[:8], [Y[:8], rand(8, 1)])]), verbose=0)


@pytest.mark.safety("D5")
@pytest.mark.parametrize(("loss", "y"), [
    ("mse", Y[:, 0]), ("mse", Y[:, :1]), ("sparse_categorical_crossentropy", np.zeros(40, "i4")),
    ("sparse_categorical_crossentropy", np.zeros((40, 1), "i4")),
    (lambda t, p: (t - p) ** 2, Y[:, 0]),
])  # fmt: skip
def test_what_is_meant_is_taken(loss, y):
    units = 1 if loss == "mse" else 2
    model = model_of(units, loss=loss)
    if not isinstance(loss, str):  # one's own function broadcasts as it likes
        y = np.tile(y[:, None], (1, 2))
    model.fit(X, y, batch_size=7, verbose=0)
    model.evaluate(X, y, batch_size=9, verbose=0)
    model.fit(iter([(X[:n], y[:n]) for n in (8, 8, 5, 1, 40)]), verbose=0)


# ------------------------------------------------------------------ kinds of numbers


@pytest.mark.safety("D3")
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int64", "float16", "float64"])
def test_real_numbers_are_converted(dtype):
    x = (X * 100).astype(dtype)
    if dtype == "int64":
        x = x + 2**40  # beyond what float32 tells apart
    model = model_of()
    want = model_of()
    want.set_weights(model.get_weights())
    np.testing.assert_array_equal(
        model.predict(x, verbose=0), want.predict(x.astype("float32"), verbose=0)
    )


# ------------------------------------------------------------------ losses that are no numbers


@pytest.mark.safety("D7")
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_is_never_the_best(tmp_path, bad):
    """A checkpoint of NaN is not made, and one of a good epoch is not replaced by it."""
    broken = X.copy()
    broken[3] = bad
    path = tmp_path / "best.keras"
    keep = C.ModelCheckpoint(path, monitor="loss", save_best_only=True)
    stop = C.EarlyStopping("loss", patience=5, restore_best_weights=True)
    model = model_of()
    history = model.fit(broken, Y, verbose=0, epochs=2, callbacks=[keep, stop])
    assert not np.isfinite(history.history["loss"]).any()
    if np.isnan(bad):
        assert not path.exists() and keep.best is None and stop.best is None

    class Break(C.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                self.model.optimizer.learning_rate = 1e30

    model = model_of(optimizer="sgd")
    keep = C.ModelCheckpoint(path, monitor="loss", save_best_only=True)
    stop = C.EarlyStopping("loss", patience=9, restore_best_weights=True)
    history = model.fit(X, Y, verbose=0, epochs=5, callbacks=[keep, stop, Break()])
    assert not np.isfinite(history.history["loss"][-1])
    best = min(v for v in history.history["loss"][:2])
    assert keep.best == best and stop.best == best
    saved = torchkeras.saving.load_model(path)
    for w, s in zip(model.get_weights(), saved.get_weights(), strict=True):
        assert np.isfinite(w).all() and np.isfinite(s).all()


@pytest.mark.safety("D7")
def test_a_rate_beyond_all_numbers_ends_the_training(capsys):
    model = model_of(optimizer=torchkeras.optimizers.SGD(1e30))
    history = model.fit(X, Y, verbose=0, epochs=9, callbacks=[C.TerminateOnNaN()])
    assert len(history.epoch) == 1 and not np.isfinite(history.history["loss"][0])
    assert "Invalid loss, terminating training" in capsys.readouterr().out


# ------------------------------------------------------------------ folders


def callbacks_at(path):
    return {
        "csv": lambda: C.CSVLogger(path / "x.csv"),
        "checkpoint": lambda: C.ModelCheckpoint(path / "x.keras"),
        "weights": lambda: C.ModelCheckpoint(path / "{epoch}.weights.h5", save_weights_only=True),
        "tensorboard": lambda: C.TensorBoard(path / "logs"),
        "backup": lambda: C.BackupAndRestore(path / "b", delete_checkpoint=False),
    }


@pytest.mark.safety("D9")
@pytest.mark.parametrize("kind", callbacks_at(Path()))
@pytest.mark.parametrize("place", ["below a file", "proc"])
def test_a_place_that_cannot_be_written(tmp_path, kind, place):
    """Root may write where permission bits forbid it: a file as folder, and /proc, stop it too."""
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" if place == "below a file" else Path("/proc/nowhere")
    model = model_of()
    with pytest.raises(OSError, match=str(folder)):
        model.fit(X, Y, verbose=0, callbacks=[callbacks_at(folder)[kind]()])
    assert int(model.optimizer.iterations) == 0
    assert (tmp_path / "file").read_text() == ""


@pytest.mark.safety("D9")
@pytest.mark.parametrize("kind", ["csv", "checkpoint", "tensorboard"])
def test_a_folder_or_file_in_its_place(tmp_path, kind):
    (tmp_path / "x.csv").mkdir(), (tmp_path / "x.keras").mkdir(), (tmp_path / "logs").write_text("")
    model = model_of()
    with pytest.raises(OSError, match=r"x\.csv|x\.keras|logs"):
        model.fit(X, Y, verbose=0, callbacks=[callbacks_at(tmp_path)[kind]()])
    assert int(model.optimizer.iterations) == 0


@pytest.mark.safety("D9")
@pytest.mark.parametrize("kind", callbacks_at(Path()))
def test_the_folder_is_removed_while_training(tmp_path, kind):
    """Training goes on, and what is written after that is there."""
    folder = tmp_path / "logs"

    class Remove(C.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                shutil.rmtree(folder)

    model = model_of()
    history = model.fit(
        X, Y, verbose=0, epochs=4, callbacks=[callbacks_at(folder)[kind](), Remove()]
    )
    assert history.epoch == [0, 1, 2, 3]
    assert any(files for _, _, files in os.walk(folder))


@pytest.mark.safety("D9")
def test_a_placeholder_that_no_log_has(tmp_path):
    model = model_of()
    with pytest.raises(ValueError, match=r"no metric 'nope'.*the metrics are loss"):
        model.fit(X, Y, verbose=0, callbacks=[C.ModelCheckpoint(tmp_path / "{nope}.keras")])
    assert int(model.optimizer.iterations) == 0 and not os.listdir(tmp_path)


# ------------------------------------------------------------------ workers


class Dies(torch.utils.data.Dataset):
    def __len__(self):
        return 40

    def __getitem__(self, i):
        if i == 20:
            os._exit(1)
        return X[i], Y[i]


@pytest.mark.safety("D10")
def test_a_worker_that_dies_ends_fit():
    model = model_of()
    seen = []
    watch = C.LambdaCallback(on_exception=seen.append)
    loader = torch.utils.data.DataLoader(Dies(), batch_size=4, num_workers=2)
    with pytest.raises(RuntimeError, match="exited unexpectedly") as e:
        model.fit(loader, verbose=0, callbacks=[watch])
    assert seen == [e.value]
    assert len(model.fit(X, Y, verbose=0).epoch) == 1
