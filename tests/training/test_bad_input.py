"""Bad data and bad arguments: a clear error before any weight, optimizer or mode changes."""

import numpy as np
import pytest
import torch

import torchkeras
from oracle import clear_names, rand

X, Y = rand(40, 4), rand(40, 2, seed=1)
IDS = rand(40, low=0, high=3, dtype="int32", seed=2)


def model_of(units=2, activation=None, loss="mse", build=True, **compiled):
    clear_names()
    L = torchkeras.layers
    layers = [L.Dense(3, name="first"), L.Dense(units, activation=activation, name="last")]
    model = torchkeras.Sequential([L.Input((4,)), *layers] if build else layers)
    model.compile("adam", loss, **compiled)
    return model


class Unchanged:
    """Holds that a call raises, with all words in the message, and that nothing has changed."""

    def __init__(self, model, *words, error=(ValueError, TypeError)):
        self.model, self.words, self.error = model, words, error

    def __enter__(self):
        m = self.model
        self.weights = [w.copy() for w in m.get_weights()]
        self.optimizer = [v.detach().numpy().copy() for v in m.optimizer.variables]
        self.rng = torch.get_rng_state()
        self.mode = m.training

    def __exit__(self, kind, error, traceback):
        assert kind is not None, "nothing was raised"
        assert isinstance(error, self.error), f"{kind.__name__}: {error}"
        text = str(error)
        for word in self.words:
            assert word in text, f"{word!r} is not in: {text}"
        assert len(text) < 1000
        m = self.model
        for before, after in zip(self.weights, m.get_weights(), strict=True):
            np.testing.assert_array_equal(before, after)
        now = m.optimizer.variables
        if len(self.optimizer) == len(now):
            for before, after in zip(self.optimizer, now, strict=True):
                np.testing.assert_array_equal(before, after.detach().numpy())
        else:  # it was built on the way: all slots are fresh
            assert not any(after.any() for after in now[len(self.optimizer) :])
        assert int(m.optimizer.iterations) == 0
        assert m.training is self.mode
        return True


# ------------------------------------------------------------------------------------ arguments

ARGUMENTS = {
    "batch_size": [0, -1, 2.5, "8", True],
    "epochs": [-1, 1.5, "3", None],
    "initial_epoch": [-1, 0.5],
    "steps_per_epoch": [0, -2, 1.5],
    "validation_split": [1.5, 1.0, -0.1, float("nan"), "0.2"],
    "validation_freq": [0, -1, 1.5, "2"],
    "verbose": [7, -1, "loud"],
    "shuffle": ["yes", None, 2.5],
    "class_weight": [[1.0, 2.0], "balanced"],
    "validation_batch_size": [0, -1, 1.5],
    "validation_steps": [0, -1, 0.5],
}


@pytest.mark.safety("D8")
@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in ARGUMENTS.items() for value in values]
)
def test_arguments_of_fit(name, value):
    model = model_of()
    more = (
        {"validation_data": (X, Y)} if name in ("validation_batch_size", "validation_steps") else {}
    )
    with Unchanged(model, f"fit: {name}" if more else name, repr(value)):
        model.fit(X, Y, verbose=value if name == "verbose" else 0, **more,
                  **({} if name == "verbose" else {name: value}))  # fmt: skip


@pytest.mark.safety("D8")
@pytest.mark.parametrize("method", ["evaluate", "predict"])
@pytest.mark.parametrize(
    ("name", "value"), [("batch_size", 0), ("batch_size", -4), ("steps", 0), ("verbose", 9)]
)
def test_arguments_of_evaluate_and_predict(method, name, value):
    model = model_of()
    data = (X,) if method == "predict" else (X, Y)
    with Unchanged(model, name, repr(value)):
        getattr(model, method)(*data, **{"verbose": 0, name: value})


@pytest.mark.safety("D8")
@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_without_compile(method):
    model = torchkeras.Sequential([torchkeras.layers.Input((4,)), torchkeras.layers.Dense(2)])
    with pytest.raises(ValueError, match=rf"compile.*{method}"):
        getattr(model, method)(X, Y)
    assert model.predict(X, verbose=0).shape == (40, 2)


def test_fit_without_optimizer_or_loss():
    model = model_of()
    model.compile("adam")
    with Unchanged(model, "loss"):
        model.fit(X, Y, verbose=0)
    model = model_of(loss={"last": "mse"})
    with Unchanged(model, "y"):
        model.fit(X, verbose=0)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ([1], TypeError, ["callbacks", "1"]),
        ([torchkeras.callbacks.EarlyStopping], TypeError, ["EarlyStopping()"]),
        (torchkeras.callbacks.EarlyStopping, TypeError, ["EarlyStopping()"]),
        ("EarlyStopping", TypeError, ["callback"]),
    ],
)
def test_callbacks(given, error, words):
    model = model_of()
    with Unchanged(model, *words, error=error):
        model.fit(X, Y, callbacks=given, verbose=0)


COMPILED = {
    "loss": ({"loss": "mean_squared_eror"}, ["mean_squared_eror", "mean_squared_error"]),
    "loss in a list": ({"loss": ["mse", "maee"]}, ["maee", "mae"]),
    "metric": ({"loss": "mse", "metrics": ["acuracy"]}, ["acuracy", "accuracy"]),
    "weighted metric": (
        {"loss": "mse", "weighted_metrics": ["mean_absolut_error"]}, ["mean_absolute_error"]),
    "optimizer": ({"optimizer": "adan", "loss": "mse"}, ["adan", "adam"]),
    "metrics no list": ({"loss": "mse", "metrics": "accuracy"}, ["metrics", "list"]),
    "loss weights": ({"loss": "mse", "loss_weights": "1"}, ["loss_weights"]),
    "loss no name": ({"loss": 5}, ["loss", "5"]),
    "steps": ({"loss": "mse", "steps_per_execution": 0}, ["steps_per_execution", "0"]),
}  # fmt: skip


@pytest.mark.parametrize("case", COMPILED)
def test_compile_arguments(case):
    arguments, words = COMPILED[case]
    model = model_of()
    optimizer, loss = model.optimizer, model.loss
    with Unchanged(model, *words):
        model.compile(**arguments)
    assert model.optimizer is optimizer
    assert model.loss is loss
    model.fit(X, Y, verbose=0)


# ----------------------------------------------------------------------------------------- data

STRINGS = np.array([["a"] * 4] * 40)
OBJECTS = np.array([[1.0, None, 2.0, 3.0]] * 40, dtype=object)

DATA = {
    "lengths": (X[:32], Y[:30], {}, ["32", "30"]),
    "lengths of weights": (X, Y, {"sample_weight": np.ones(5)}, ["sample_weight", "5", "40"]),
    "dict lengths": ({"a": X, "b": X[:5]}, Y, {}, ["40", "5"]),
    "empty x": (X[:0], Y[:0], {}, ["0 samples"]),
    "empty y": (X, Y[:0], {}, ["40", "0"]),
    "strings": (STRINGS, Y, {}, ["x"]),
    "objects": (OBJECTS, Y, {}, ["None"]),
    "complex": (X.astype("complex64"), Y, {}, ["complex"]),
    "datetime": (X.astype("datetime64[s]"), Y, {}, ["datetime"]),
    "ragged": ([[1.0, 2.0], [1.0]], Y, {}, []),
    "strings as y": (X, np.array(["a"] * 40), {}, ["y"]),
    "nothing": (None, None, {}, ["x"]),
    "a number": (3, None, {}, ["x"]),
    "y with a generator": ((b for b in [(X, Y)]), Y, {}, ["y", "generator"]),
    "weights with a generator": (
        (b for b in [(X, Y)]), None, {"sample_weight": np.ones(40)}, ["sample_weight"]),
    "split of a generator": (
        (b for b in [(X, Y)]), None, {"validation_split": 0.2}, ["validation_split"]),
    "split of a loader": (
        torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 4))), None,
        {"validation_split": 0.2}, ["validation_split"]),
    "split that leaves nothing": (X[:1], Y[:1], {"validation_split": 0.5}, ["validation_split"]),
    "empty generator": (iter(()), None, {}, ["0 batches"]),
    "empty loader": (torch.utils.data.DataLoader([]), None, {}, ["0"]),
    "generator of None": (iter([None]), None, {}, ["generator"]),
    "generator of four": (iter([(X, Y, X, Y)]), None, {}, ["4"]),
    "wide x": (rand(40, 5), Y, {}, ["'first'", "have value 4", "5)"]),
    "x of another rank": (rand(40), Y, {}, ["'sequential'", "ndim"]),
    "two inputs": ([X, X], Y, {}, ["input"]),
    "narrow y": (X, Y[:, :1], {}, ["(40, 1)", "2)"]),
    "flat y": (X, Y[:, 0], {}, ["(40,)", "2)"]),
    "two targets": (X, [Y, Y], {}, ["y_true", "last"]),
    "validation lengths": (X, Y, {"validation_data": (X, Y[:3])}, ["40", "3"]),
    "validation empty": (X, Y, {"validation_data": (X[:0], Y[:0])}, ["validation_data", "0"]),
    "validation of four": (X, Y, {"validation_data": (X, Y, X, Y)}, ["4"]),
}  # fmt: skip


@pytest.mark.safety("D1", "D2", "D3", "D5", "D8")
@pytest.mark.parametrize("case", DATA)
def test_data_of_fit(case):
    x, y, arguments, words = DATA[case]
    model = model_of()
    with Unchanged(model, *words):
        model.fit(x, y, verbose=0, **arguments)
    assert len(model.fit(X, Y, verbose=0).history["loss"]) == 1


@pytest.mark.parametrize("case", ["wide x", "narrow y", "flat y", "strings", "lengths"])
@pytest.mark.parametrize("method", ["evaluate", "train_on_batch", "test_on_batch"])
def test_data_of_other_methods(case, method):
    x, y, _, words = DATA[case]
    model = model_of()
    with Unchanged(model, *[w for w in words if not w.startswith("(")]):
        getattr(model, method)(x, y)


@pytest.mark.parametrize("case", ["wide x", "narrow y", "flat y"])
def test_shapes_before_the_model_is_built(case):
    """The first batch shows them, before the first step."""
    x, y, _, _ = DATA[case]
    clear_names()
    model = torchkeras.Sequential([torchkeras.layers.Dense(2)])
    model.compile("sgd", "mse")
    if case == "wide x":
        model.fit(X, Y, verbose=0)
        before = model.get_weights()
    else:
        model.build((None, 4))
        before = model.get_weights()
    with pytest.raises(ValueError):  # noqa: PT011
        model.fit(x, y, verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.safety("D2")
@pytest.mark.parametrize("method", ["predict", "evaluate"])
@pytest.mark.parametrize("empty", [X[:0], iter(()), torch.utils.data.DataLoader([])])
def test_nothing_to_evaluate_or_predict(method, empty):
    model = model_of()
    with Unchanged(model, "0"):
        getattr(model, method)(empty, verbose=0)


# --------------------------------------------------------------------------------------- labels


def with_label(value, at=38, dtype=None):
    labels = IDS.astype(dtype or IDS.dtype).copy()
    labels[at] = value
    return labels


@pytest.mark.safety("D4")
@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (with_label(7), ["7", "38", "3"]),
        (with_label(-1), ["-1", "38"]),
        (with_label(3, at=0), ["3", "0"]),
        (with_label(0.5, dtype="float32"), ["0.5", "38"]),
        (with_label(np.nan, dtype="float32"), ["nan", "38"]),
    ],
)
@pytest.mark.parametrize(
    "loss", ["sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"]
)
def test_class_labels(labels, words, loss):
    """Also in a later batch: all labels of arrays are looked at before the first step."""
    model = model_of(3, "softmax", loss, metrics=["accuracy"])
    with Unchanged(model, *words):
        model.fit(X, labels, batch_size=8, shuffle=False, verbose=0)
    with Unchanged(model, *words):
        model.fit(torch.tensor(X), torch.tensor(labels), batch_size=8, verbose=0)
    with Unchanged(model, words[0]):
        model.train_on_batch(X, labels)


@pytest.mark.safety("D4")
def test_class_labels_of_a_generator_that_come_later():
    model = model_of(3, "softmax", "sparse_categorical_crossentropy")
    batches = [(X[:8], IDS[:8]), (X[:8], np.full(8, 9))]
    with pytest.raises((ValueError, IndexError), match="9") as found:
        model.fit(iter(batches), verbose=0)
    assert any("step 2" in note for note in found.value.__notes__)
    assert int(model.optimizer.iterations) == 1


@pytest.mark.safety("D4")
@pytest.mark.parametrize(("value", "dtype"), [(2, "int32"), (-1, "int32"), (np.nan, "float32")])
def test_binary_labels(value, dtype):
    model = model_of(1, "sigmoid", "binary_crossentropy")
    labels = (IDS > 1).astype(dtype)
    labels[30] = value
    with Unchanged(model, "30"):
        model.fit(X, labels, batch_size=8, verbose=0)


@pytest.mark.safety("D4")
def test_one_hot_of_another_width_and_ids_for_one_hot():
    model = model_of(3, "softmax", "categorical_crossentropy")
    with Unchanged(model, "4", "3"):
        model.fit(X, np.eye(4, dtype="f4")[IDS], verbose=0)
    with Unchanged(model, "sparse_categorical_crossentropy"):
        model.fit(X, IDS, verbose=0)


@pytest.mark.safety("D8")
def test_class_weight_without_a_class():
    model = model_of(3, "softmax", "sparse_categorical_crossentropy")
    with Unchanged(model, "class_weight", "2"):
        model.fit(X, IDS, class_weight={0: 1.0, 1: 1.0}, verbose=0)


def test_trainable_changed_after_compile():
    model = model_of()
    model.layers[0].trainable = False
    model.compile("adam", "mse")
    model.fit(X, Y, epochs=0, verbose=0)
    model.layers[0].trainable = True
    with Unchanged(model, "compile()", "first"):
        model.fit(X, Y, verbose=0)


# ------------------------------------------------------------------------- in the middle of it


class Watcher(torchkeras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_exception(self, exception):
        self.seen.append(exception)

    def on_train_end(self, logs=None):
        self.seen.append("end")


class Broken(Exception):
    pass


def breaking(at, size=8):
    for _ in range(at):
        yield X[:size], Y[:size]
    raise Broken("no more")


@pytest.mark.safety("D6")
@pytest.mark.parametrize("method", ["fit", "evaluate", "predict"])
@pytest.mark.parametrize("training", [True, False])
def test_generator_that_raises(method, training):
    model = model_of()
    model.train(training)
    watcher = Watcher()
    with pytest.raises(Broken, match="no more") as found:
        getattr(model, method)(breaking(24), callbacks=[watcher], verbose=0)
    assert watcher.seen == [found.value]
    notes = " ".join(found.value.__notes__)
    assert "24" in notes
    if method == "fit":
        assert "epoch 1, step 25" in notes
        assert int(model.optimizer.iterations) == 24
    assert model.training is training
    assert all(layer.training is training for layer in model.layers)
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    assert len(model.fit(X, Y, epochs=2, verbose=0).history["loss"]) == 2
    assert model.predict(X, verbose=0).shape == (40, 2)


HOOKS = [
    "on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end",
    "on_test_begin", "on_test_batch_end", "on_test_end", "on_epoch_end", "on_train_end",
]  # fmt: skip


@pytest.mark.parametrize("hook", HOOKS)
def test_callback_that_raises(hook):
    def fail(self, *args, **kwargs):
        raise Broken(hook)

    model = model_of()
    watcher = Watcher()
    callback = type("Failing", (torchkeras.callbacks.Callback,), {hook: fail})()
    with pytest.raises(Broken, match=hook) as found:
        model.fit(X, Y, callbacks=[watcher, callback], validation_split=0.2, verbose=0)
    assert watcher.seen[-1] is found.value
    assert model.training is False
    assert torch.is_grad_enabled()
    model.fit(X, Y, verbose=0)


def test_interrupt_from_the_keyboard():
    model = model_of()
    watcher = Watcher()

    class Interrupt(torchkeras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as found:
        model.fit(X, Y, callbacks=[watcher, Interrupt()], verbose=0)
    assert watcher.seen == [found.value]
    model.fit(X, Y, verbose=0)


def test_layer_that_raises_while_evaluating():
    class Fragile(torchkeras.layers.Layer):
        fails = False

        def call(self, x, training=False):
            if self.fails and not training:
                raise Broken("fragile")
            return x

    fragile = Fragile()
    model = torchkeras.Sequential([torchkeras.layers.Input((4,)), torchkeras.layers.Dense(2)])
    model.add(fragile)
    model.compile("sgd", "mse")
    fragile.fails = True
    with pytest.raises(Broken, match="fragile"):
        model.fit(X, Y, validation_split=0.2, verbose=0)
    fragile.fails = False
    model.fit(X, Y, validation_split=0.2, verbose=0)
    assert not model.training


@pytest.mark.safety("D6")
def test_shape_that_changes_in_the_middle():
    model = model_of()
    batches = [(X[:8], Y[:8]), (rand(8, 7), Y[:8])]
    with pytest.raises(ValueError, match=r"sequential.*7") as found:
        model.fit(iter(batches), verbose=0)
    assert any("step 2" in n for n in found.value.__notes__)


@pytest.mark.safety("D6")
def test_infinite_generator_without_steps_can_be_stopped():
    def forever():
        while True:
            yield X[:8], Y[:8]

    model = model_of()
    count = []

    class Stop(torchkeras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            count.append(batch)
            self.model.stop_training = len(count) == 30

    model.fit(forever(), callbacks=[Stop()], verbose=0)
    assert len(count) == 30


@pytest.mark.safety("D6")
def test_generator_that_ends_early():
    model = model_of()
    with pytest.warns(UserWarning, match="ran out of data"):
        history = model.fit(iter([(X[:8], Y[:8])] * 5), steps_per_epoch=3, epochs=4, verbose=0)
    assert len(history.epoch) == 2
    assert int(model.optimizer.iterations) == 5


@pytest.mark.safety("D7")
def test_nan_is_shown_and_not_hidden():
    model = model_of()
    bad = X.copy()
    bad[3] = np.nan
    history = model.fit(bad, Y, verbose=0, callbacks=[torchkeras.callbacks.TerminateOnNaN()])
    assert np.isnan(history.history["loss"][0])


def test_unexpected_arguments():
    model = model_of()
    with Unchanged(model, "sample_wight"):
        model.evaluate(X, Y, sample_wight=np.ones(40))
    with Unchanged(model, "epoch"):
        model.fit(X, Y, epoch=3)
