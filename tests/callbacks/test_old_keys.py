"""Keys of logs, parameters and arguments that callbacks of Keras 1 and 2 knew."""

import json
import pickle

import numpy as np
import pytest

import torchkeras
from oracle import rand
from torchkeras import callbacks, config
from torchkeras.callbacks.old_keys import OldKeys, other_name

X, Y = rand(70, 3), rand(70, low=0, high=2, dtype="int32", seed=1)


@pytest.fixture
def model():
    torchkeras.utils.set_random_seed(0)
    L = torchkeras.layers
    model = torchkeras.Sequential([L.Input((3,)), L.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def quietly(call):
    with pytest.warns(DeprecationWarning, match="older Keras"):
        return call()


@pytest.mark.parametrize(
    ("name", "other"),
    [("acc", "accuracy"), ("val_accuracy", "val_acc"), ("head_acc", "head_accuracy"),
     ("lr", "learning_rate"), ("loss", None), ("vacc", None), (3, None),
     ("weighted_acc", "weighted_accuracy")],
)  # fmt: skip
def test_other_name(name, other):
    assert other_name(name) == other


class TestKeys:
    def test_both_ways(self):
        logs = OldKeys(accuracy=0.5, val_acc=0.25)
        assert quietly(lambda: logs["acc"]) == 0.5
        assert quietly(lambda: logs.get("val_accuracy")) == 0.25
        assert logs.get("val_loss", 3) == 3 and "acc" not in logs and len(logs) == 2

    def test_is_a_dict_to_others(self):
        logs = OldKeys(accuracy=0.5)
        assert logs == {"accuracy": 0.5} and json.dumps(logs) == '{"accuracy": 0.5}'
        assert quietly(lambda: pickle.loads(pickle.dumps(logs))["acc"]) == 0.5
        with pytest.raises(KeyError, match="f1"):
            logs["f1"]

    def test_modes(self):
        logs = OldKeys(accuracy=0.5)
        config.set_legacy_mode("strict")
        with pytest.raises(KeyError, match="Read 'accuracy'"):
            logs["acc"]
        config.set_legacy_mode("off")
        with pytest.raises(KeyError, match=r"^'acc'$"):
            logs["acc"]
        assert logs.get("acc") is None


class Old(callbacks.Callback):
    """A callback of Keras 1: its own names, and no call of the base's constructor."""

    def __init__(self):
        self.seen, self.sizes = [], []

    def on_batch_end(self, batch, logs=None):
        self.sizes.append((logs["batch"], logs["size"]))

    def on_epoch_end(self, epoch, logs=None):
        p = self.params
        self.seen.append((logs["acc"], logs.get("val_acc"), logs.get("lr")))
        self.params_read = {k: p[k] for k in ("nb_epoch", "nb_sample", "samples", "batch_size",
                                              "do_validation", "metrics")}  # fmt: skip
        self.shapes = [np.shape(part) for part in self.validation_data]


class TestInFit:
    def test_everything_that_was_there(self, model):
        old, rate = Old(), callbacks.LearningRateScheduler(lambda epoch: 0.25)
        history = quietly(
            lambda: (
                model.fit(
                    X, Y, validation_data=(X, Y), epochs=2, verbose=0, callbacks=[rate, old]
                ).history
            )
        )
        assert old.sizes == [(0, 32), (1, 32), (2, 6)] * 2
        assert old.params_read == {
            "nb_epoch": 2, "nb_sample": 70, "samples": 70, "batch_size": 32, "do_validation": True,
            "metrics": ["loss", "accuracy", "val_loss", "val_accuracy"],
        }  # fmt: skip
        assert old.shapes == [(70, 3), (70,), (70,)]
        assert [s[0] for s in old.seen] == history["accuracy"] == quietly(lambda: history["acc"])
        assert [s[2] for s in old.seen] == [0.25, 0.25]
        assert set(old.params) == {"verbose", "epochs", "steps"}
        assert "acc" not in history

    def test_monitor(self, model, tmp_path):
        stop = callbacks.EarlyStopping(monitor="val_acc", patience=1)
        plateau = callbacks.ReduceLROnPlateau(monitor="acc", patience=1)
        keep = callbacks.ModelCheckpoint(
            tmp_path / "w-{epoch:02d}-{val_acc:.2f}.weights.h5", monitor="val_acc",
            save_best_only=True, save_weights_only=True,
        )  # fmt: skip
        given = dict(validation_data=(X, Y), epochs=2, verbose=0, callbacks=[stop, plateau, keep])
        quietly(lambda: model.fit(X, Y, **given))
        assert stop.monitor_op is plateau.monitor_op is np.greater
        assert stop.best is not None and keep.best == stop.best
        (first, *_) = sorted(p.name for p in tmp_path.iterdir())
        assert first.startswith("w-01-0.")

    def test_validation_data(self, model):
        class Look(callbacks.Callback):
            def on_train_begin(self, logs=None):
                self.found = self.validation_data

        look = Look()
        model.fit(X, Y, verbose=0, callbacks=[look])
        assert look.found is None

        class Own(callbacks.Callback):
            def __init__(self, data):
                self.validation_data = data

        assert Own(3).validation_data == 3
        config.set_legacy_mode("off")
        with pytest.raises(AttributeError):
            callbacks.Callback().validation_data


@pytest.mark.parametrize(
    ("name", "args", "old", "shown"),
    [
        ("ModelCheckpoint", ("m.keras",), {"period": 3}, "save_freq=3 \\* steps_per_epoch"),
        ("ModelCheckpoint", ("m.keras",), {"options": None}, "ModelCheckpoint\\('m.keras'\\)"),
        ("ModelCheckpoint", ("m.keras",), {"load_weights_on_restart": False}, "Write"),
        ("TensorBoard", ("logs",), {"write_grads": True, "batch_size": 32}, "'logs'"),
        ("TensorBoard", (), {"embeddings_layer_names": None, "embeddings_data": None}, "Write"),
        ("ProgbarLogger", (), {"count_mode": "steps", "stateful_metrics": None}, "ProgbarLogger"),
        ("ReduceLROnPlateau", (), {"epsilon": 0.5}, "min_delta=0.5"),
        ("BackupAndRestore", ("b",), {"save_before_preemption": True}, "'b'"),
    ],
)
def test_old_arguments(name, args, old, shown):
    cls = getattr(callbacks, name)
    with pytest.warns(DeprecationWarning, match=f"{name}.*{shown}") as said:
        cls(*args, **old)
    assert len(said) == 1 and said[0].filename == __file__
    config.set_legacy_mode("strict")
    with pytest.raises(ValueError, match=shown):
        cls(*args, **old)
    config.set_legacy_mode("off")
    with pytest.raises(TypeError):
        cls(*args, **old)


def test_load_weights_on_restart_is_refused():
    with pytest.raises(ValueError, match="load_weights_on_restart is no argument any more"):
        callbacks.ModelCheckpoint("m.keras", load_weights_on_restart=True)


def test_period(model, tmp_path):
    keep = quietly(lambda: callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras", period=2))
    model.fit(X, Y, epochs=5, verbose=0, callbacks=[keep])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["2.keras", "4.keras"]


def test_hooks_of_batches_under_their_old_names(model):
    seen = []
    hook = callbacks.LambdaCallback(on_batch_end=lambda batch, logs: seen.append(batch))
    model.fit(X, Y, verbose=0, callbacks=[hook])
    assert seen == [0, 1, 2]
