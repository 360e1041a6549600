"""ModelCheckpoint against real Keras: which files are saved when, and what is printed."""

import itertools
import os
import pathlib

import keras
import numpy as np
import pytest
from callbacks.scripted import Model, assert_same, inside, run

from torchkeras import callbacks

NAN = float("nan")
STATE = ("best",)


def compare(folder, path, values, *, batches=0, **kwargs):
    logs = [{"loss": v, "val_loss": v, "acc": 0.123456} for v in values]
    results = []
    for name, library in (("ours", callbacks), ("theirs", keras.callbacks)):
        (folder / name).mkdir(exist_ok=True)
        with inside(folder / name):
            checkpoint = library.ModelCheckpoint(path, **kwargs)
            results.append(run(checkpoint, logs, batches=batches, state=STATE))
            results[-1]["files"] = sorted(str(p) for p in pathlib.Path().rglob("*") if p.is_file())
    assert_same(*results)
    return results[0]


@pytest.mark.parametrize(
    ("path", "kwargs"),
    [
        ("m.keras", {}),
        ("m.h5", {}),
        ("m.weights.h5", {}),
        ("m.weights.h5", {"save_weights_only": True}),
        ("new/folder/{epoch:02d}-{val_loss:.2f}.keras", {}),
        ("{epoch}/{acc:.3f}_{loss}.weights.h5", {"save_weights_only": True}),
        ("{{braces}}{epoch}.keras", {}),
        (pathlib.Path("path{epoch}.keras"), {}),
    ],
    ids=str,
)
@pytest.mark.parametrize("verbose", [0, 1])
def test_names(path, kwargs, verbose, tmp_path):
    seen = compare(tmp_path, path, [2, 1, 3], verbose=verbose, **kwargs)
    assert len(seen["calls"]) == 3


@pytest.mark.parametrize("values", [[2, 3, 1, NAN, 0.5], [1, 2, 3], [3, 2, 1], [1, 1, 1]], ids=str)
def test_best_only(values, tmp_path):
    for monitor, mode, threshold, freq in itertools.product(
        ("loss", "val_loss"), ("auto", "min", "max"), (None, 2), ("epoch", 2, 3)
    ):
        if freq != "epoch" and (monitor == "val_loss" or threshold is not None):
            continue  # not known at a batch: both save and warn, see below; Keras crashes
        if NAN in values and (freq != "epoch" or mode == "max"):
            continue  # the messages about NaN differ
        compare(
            tmp_path,
            "m.keras",
            values,
            batches=2,
            monitor=monitor,
            mode=mode,
            initial_value_threshold=threshold,
            save_best_only=True,
            save_freq=freq,
            verbose=int(NAN not in values),
        )


@pytest.mark.parametrize("batches", [1, 4, 5])
@pytest.mark.parametrize("save_freq", [1, 2, 3, 7])
def test_every_few_batches(batches, save_freq, tmp_path):
    compare(
        tmp_path, "{epoch}_{batch:03d}.keras", [1, 2, 3], batches=batches, save_freq=save_freq,
        verbose=1,
    )  # fmt: skip


def test_batches_that_are_several_steps(tmp_path):
    """With steps_per_execution the index of the last step of a call comes."""
    seen = []
    for library in (callbacks, keras.callbacks):
        with inside(tmp_path):
            model = Model()
            checkpoint = library.ModelCheckpoint("{epoch}_{batch}.keras", save_freq=3)
            checkpoint.set_model(model)
            for _ in range(2):
                checkpoint.on_train_begin()
                for epoch in range(2):
                    checkpoint.on_epoch_begin(epoch)
                    for batch in (1, 3, 5, 6):
                        checkpoint.on_train_batch_end(batch, {})
                    checkpoint.on_epoch_end(epoch, {})
        seen.append(model.calls)
    assert seen[0] == seen[1]


def test_nan_is_never_the_best(tmp_path):
    with inside(tmp_path):
        keep = callbacks.ModelCheckpoint("m.keras", "loss", save_best_only=True, verbose=1)
        seen = run(keep, [{"loss": v} for v in (NAN, 2, NAN, 1)], state=STATE)
    assert [s["best"] for s in seen["state"]] == [None, 2, 2, 1]
    assert len(seen["calls"]) == 2
    assert "Epoch 1: loss is nan, which is never the best\n" in seen["text"]


@pytest.mark.parametrize("freq", ["epoch", 2])
def test_without_the_metric_it_saves_and_warns(freq, tmp_path):
    with inside(tmp_path):
        keep = callbacks.ModelCheckpoint("m.keras", save_best_only=True, save_freq=freq)
        seen = run(keep, [{"loss": 1.0}], batches=2)
    assert seen["calls"] == [("save", "m.keras")]
    assert seen["warnings"] == ["Can save best model only with val_loss available."]


def test_state_goes_on(tmp_path):
    """The best value is not forgotten, so a worse model does not replace the best file."""
    with inside(tmp_path):
        first, second = (
            callbacks.ModelCheckpoint("m.keras", "loss", save_best_only=True) for _ in range(2)
        )
        run(first, [{"loss": 3}, {"loss": 1}])
        second.load_state_dict(first.state_dict())
        seen = run(second, [{"loss": 2}, {"loss": 0.5}], initial_epoch=2, state=STATE)
    assert [s["best"] for s in seen["state"]] == [1, 0.5]
    assert len(seen["calls"]) == 1


@pytest.mark.parametrize(
    ("path", "kwargs", "message"),
    [
        (
            "m",
            {},
            "must end in .keras, .weights.h5, .h5, .hdf5, .pt or .pth. Received: filepath='m'",
        ),
        ("m.tf", {}, "must end in .keras, "),
        ("m.json", {}, "must end in .keras, "),
        ("m.keras", {"save_weights_only": True}, "must end in .weights.h5, .h5, .hdf5, "),
        ("m.ckpt", {"save_weights_only": True}, ".npz with save_weights_only=True"),
        ("m.keras", {"save_freq": "batch"}, "save_freq must be 'epoch' or a positive integer"),
        ("m.keras", {"save_freq": 2.5}, "Received: save_freq=2.5"),
        ("m.keras", {"save_freq": 0}, "Received: save_freq=0"),
        ("{}.keras", {}, "placeholders need a name"),
        ("{0}.keras", {}, "placeholders need a name"),
        ("{batch}.keras", {}, "{batch} is known only when save_freq is a number"),
        ("{val_loss}.keras", {"save_freq": 2}, "{val_loss} is not known at a batch"),
        ("{epoch:zz}.keras", {}, "{epoch:zz}: "),
        ("{epoch.keras", {}, "no valid pattern"),
    ],
)
def test_arguments(path, kwargs, message):
    with pytest.raises(ValueError, match="ModelCheckpoint: ") as caught:
        callbacks.ModelCheckpoint(path, **kwargs)
    assert message in str(caught.value)


def test_path_must_be_a_path():
    with pytest.raises(TypeError, match="ModelCheckpoint: filepath must be a path"):
        callbacks.ModelCheckpoint(3)


@pytest.mark.parametrize("target", ["file/m.keras", "/proc/m.keras", "folder.keras"])
def test_cannot_be_written(target, tmp_path):
    with inside(tmp_path):
        (tmp_path / "file").write_text("")
        (tmp_path / "folder.keras").mkdir()
        model = Model()
        keep = callbacks.ModelCheckpoint(target)
        keep.set_model(model)
        with pytest.raises(OSError, match=r"ModelCheckpoint: .*(cannot write|existing folder)"):
            keep.on_train_begin()
        assert model.calls == []


def test_folder_removed_in_the_middle(tmp_path):
    with inside(tmp_path):
        keep = callbacks.ModelCheckpoint("new/m.keras")
        keep.set_model(Model())
        keep.on_train_begin()
        os.rmdir("new")
        keep.on_epoch_end(0, {})
        assert os.path.exists("new/m.keras")


def test_unknown_placeholder_at_the_first_batch(tmp_path):
    with inside(tmp_path), pytest.raises(ValueError, match="there is no metric 'nope' for the pa"):
        run(callbacks.ModelCheckpoint("{nope}.keras"), [{"loss": 1.0}], batches=1)


def test_unknown_placeholder_at_the_first_saving(tmp_path):
    with inside(tmp_path), pytest.raises(KeyError, match="has the placeholder 'nope'"):
        run(callbacks.ModelCheckpoint("{nope}.keras"), [{"loss": np.float32(1)}])


@pytest.mark.parametrize("mine", ["class", "lambda"])
def test_placeholder_that_another_callback_logs(mine, tmp_path):
    def add(epoch, logs):
        logs["val_f1"] = 0.5

    class F1(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            add(epoch, logs)

    other = F1() if mine == "class" else callbacks.LambdaCallback(on_epoch_end=add)
    with inside(tmp_path):
        keep = callbacks.ModelCheckpoint("{epoch}-{val_f1:.2f}.keras")
        every = callbacks.CallbackList([other, keep], model=Model())
        every.on_train_begin()
        every.on_epoch_begin(0)
        every.on_train_batch_end(0, {"loss": 1.0})
        every.on_epoch_end(0, {"loss": 1.0})
        assert os.listdir() == ["1-0.50.keras"]
