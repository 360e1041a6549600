"""fit, evaluate, predict and the *_on_batch methods, held to real Keras on the same weights."""

import keras
import numpy as np
import pytest
import torch

from oracle import rand
from torchkeras import config

N = 50
X = rand(N, 6)
LABELS = {
    "binary": rand(N, 1, low=0, high=2, dtype="int32", seed=1),
    "hot": np.eye(3, dtype="float32")[rand(N, low=0, high=3, dtype="int32", seed=2)],
    "sparse": rand(N, low=0, high=3, dtype="int32", seed=2),
    "real": rand(N, 2, seed=4),
    "counts": rand(N, 2, low=0.1, high=2.0, seed=5),
}
W = rand(N, low=0.0, high=2.0, seed=6)


def _of(lib, given):
    return given(lib) if callable(given) else given


def mlp(units, activation=None, **compiled):
    def build(lib):
        L = lib.layers
        model = lib.Sequential(
            [L.Input((6,)), L.Dense(5, activation="tanh"), L.Dense(units, activation=activation)]
        )
        model.compile(**{**compiled, "optimizer": _of(lib, compiled["optimizer"])})
        return model

    return build


def fit(x=X, y=None, **kwargs):
    kwargs = {"epochs": 2, "batch_size": 16, "shuffle": False, "verbose": 0, **kwargs}
    return lambda lib, model: model.fit(x, y, **kwargs)


# loss: targets, units, activation, metrics
LOSSES = {
    "binary_crossentropy": ("binary", 1, "sigmoid", ["accuracy", "auc", "precision"]),
    "BinaryCrossentropy": ("binary", 1, "sigmoid", ["acc", "recall", "mse"]),
    "binary_focal_crossentropy": ("binary", 1, "sigmoid", ["binary_accuracy"]),
    "categorical_crossentropy": ("hot", 3, "softmax", ["accuracy", "mse"]),
    "sparse_categorical_crossentropy": (
        "sparse", 3, "softmax", ["accuracy"]),
    "mse": ("real", 2, None, ["mae", "cosine_similarity"]),
    "mae": ("real", 2, None, ["mse", "RootMeanSquaredError"]),
    "mean_absolute_percentage_error": ("counts", 2, None, ["mape"]),
    "msle": ("counts", 2, "softplus", ["msle", "mean_absolute_error"]),
    "huber": ("real", 2, None, ["mae"]),
    "log_cosh": ("real", 2, None, ["mae", "mse", "mape"]),
    "hinge": ("binary", 1, "tanh", ["hinge", "accuracy"]),
    "squared_hinge": ("binary", 1, "tanh", ["squared_hinge"]),
    "categorical_hinge": ("hot", 3, None, ["categorical_hinge"]),
    "kl_divergence": ("hot", 3, "softmax", ["kl_divergence"]),
    "poisson": ("counts", 2, "softplus", ["poisson"]),
    "cosine_similarity": ("real", 2, None, ["cosine_similarity"]),
}  # fmt: skip


@pytest.mark.parametrize("loss", LOSSES)
def test_fit_losses_and_metrics(both, loss):
    targets, units, activation, metrics = LOSSES[loss]
    y = LABELS[targets]
    build = mlp(units, activation, optimizer="sgd", loss=loss, metrics=metrics)
    both(build, fit(X, y, validation_split=0.2), rtol=2e-5)


OPTIMIZERS = {
    "sgd": lambda lib: lib.optimizers.SGD(0.1),
    "momentum": lambda lib: lib.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "adam": lambda lib: lib.optimizers.Adam(0.01),
    "rmsprop": lambda lib: lib.optimizers.RMSprop(0.005),
    "adamw": lambda lib: lib.optimizers.AdamW(0.01, weight_decay=0.02),
    "clipnorm": lambda lib: lib.optimizers.SGD(0.1, clipnorm=0.05),
    "global_clipnorm": lambda lib: lib.optimizers.SGD(0.1, global_clipnorm=0.05),
    "clipvalue": lambda lib: lib.optimizers.Adam(0.01, clipvalue=0.01),
    "ema": lambda lib: lib.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9),
    "ema overwrite": lambda lib: lib.optimizers.SGD(
        0.1, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=3
    ),
    "accumulation": lambda lib: lib.optimizers.SGD(0.1, gradient_accumulation_steps=3),
    "schedule": lambda lib: lib.optimizers.SGD(
        lib.optimizers.schedules.ExponentialDecay(0.1, 3, 0.5)
    ),
    "name": lambda lib: "adagrad",
    "config": lambda lib: {"class_name": "SGD", "config": {"learning_rate": 0.03}},
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_fit_optimizers(both, optimizer):
    build = mlp(2, optimizer=OPTIMIZERS[optimizer], loss="mse", metrics=["mae"])
    ours, theirs, *_ = both(build, fit(X, LABELS["real"], epochs=3))
    assert int(ours.optimizer.iterations) == int(theirs.optimizer.iterations)


FITS = {
    "short last batch": {"batch_size": 32},
    "one batch": {"batch_size": 500},
    "default batch": {"batch_size": None},
    "split": {"validation_split": 0.3},
    "split, weights": {"validation_split": 0.3, "sample_weight": W},
    "data": {"validation_data": (X[:20], LABELS["sparse"][:20])},
    "data, weights": {"validation_data": (X[:20], LABELS["sparse"][:20], W[:20])},
    "data, batch size": {
        "validation_data": (X[:20], LABELS["sparse"][:20]), "validation_batch_size": 3},
    "data, steps": {"validation_data": (X[:40], LABELS["sparse"][:40]), "validation_steps": 2},
    "freq": {"validation_split": 0.3, "validation_freq": 2, "epochs": 4},
    "freq list": {"validation_split": 0.3, "validation_freq": [1, 4], "epochs": 4},
    "weights": {"sample_weight": W},
    "class weight": {"class_weight": {0: 1.0, 1: 3.0, 2: 0.5}},
    "class weight, split": {"class_weight": {0: 1.0, 1: 3.0, 2: 0.5}, "validation_split": 0.2},
    "steps": {"steps_per_epoch": 2},
    "initial": {"initial_epoch": 2, "epochs": 4},
    "initial, past": {"initial_epoch": 4, "epochs": 4},
    "no epochs": {"epochs": 0},
}  # fmt: skip


@pytest.mark.parametrize("arguments", FITS)
def test_fit_arguments(both, arguments):
    build = mlp(
        3, "softmax", optimizer="adam", loss="sparse_categorical_crossentropy",
        metrics=["accuracy"], weighted_metrics=["accuracy", "sparse_categorical_crossentropy"],
    )  # fmt: skip
    ours, theirs, *_ = both(build, fit(X, LABELS["sparse"], **FITS[arguments]))
    assert ours.history.epoch == theirs.history.epoch
    for key in ("epochs", "steps", "verbose"):
        assert ours.history.params[key] == theirs.history.params[key]
    config.set_legacy_mode("off")  # else the names of what evaluate() returns
    assert ours.metrics_names == theirs.metrics_names
    assert [m.name for m in ours.metrics] == [m.name for m in theirs.metrics]


def test_fit_twice_goes_on(both):
    build = mlp(2, optimizer="adam", loss="mse")

    def run(lib, model):
        first = model.fit(X, LABELS["real"], epochs=2, shuffle=False, verbose=0).history
        second = model.fit(X, LABELS["real"], epochs=1, shuffle=False, verbose=0).history
        return [first, second]

    both(build, run)


# ------------------------------------------------------------------------------ several outputs


def branches(outputs="list", **compiled):
    def build(lib):
        L = lib.layers
        a, b = L.Input((6,), name="left"), L.Input((3,), name="right")
        h = L.Concatenate()([L.Dense(4, activation="relu")(a), L.Dense(3)(b)])
        p = L.Dense(1, activation="sigmoid", name="p")(h)
        q = L.Dense(2, name="q")(h)
        made = {"list": [p, q], "dict": {"p": p, "q": q}, "dict turned": {"q": q, "p": p}}
        model = lib.Model([a, b], made[outputs])
        model.compile(**{**compiled, "optimizer": _of(lib, compiled["optimizer"])})
        return model

    return build


XS = [X, rand(N, 3, seed=8)]
YS = [LABELS["binary"], LABELS["real"]]
XD = dict(zip(("left", "right"), XS, strict=True))
YD = dict(zip("pq", YS, strict=True))
BOTH = {"p": "binary_crossentropy", "q": "mse"}

OUTPUTS = {
    "one loss": ("list", {"loss": "mse"}, XS, YS, {}),
    "list": ("list", {"loss": ["binary_crossentropy", "mse"]}, XS, YS, {}),
    "dict of losses": ("list", {"loss": BOTH}, XS, YS, {}),
    "weights": (
        "list", {"loss": ["binary_crossentropy", "mse"], "loss_weights": [0.3, 2.0]}, XS, YS, {}),
    "dict weights": ("list", {"loss": BOTH, "loss_weights": {"p": 0.3, "q": 2.0}}, XS, YS, {}),
    "metrics lists": (
        "list", {"loss": BOTH, "metrics": [["accuracy"], ["mae", "mse"]]}, XS, YS, {}),
    "metrics dict": (
        "list", {"loss": BOTH, "metrics": {"p": "accuracy", "q": ["mae", "mse"]}}, XS, YS, {}),
    "metrics of one": ("list", {"loss": BOTH, "metrics": {"q": ["mae"]}}, XS, YS, {}),
    "weighted metrics": (
        "list", {"loss": BOTH, "metrics": {"p": ["accuracy"]},
                 "weighted_metrics": {"p": ["accuracy"], "q": ["mae"]}},
        XS, YS, {"sample_weight": [W, W[::-1].copy()]}),
    "dict inputs": ("list", {"loss": BOTH}, XD, YS, {}),
    "dict targets": ("dict", {"loss": BOTH, "metrics": {"p": ["accuracy"]}}, XD, YD, {}),
    "dict turned": ("dict turned", {"loss": BOTH, "metrics": {"p": ["accuracy"]}}, XD, YD, {}),
    "dict sample weights": (
        "dict", {"loss": BOTH, "weighted_metrics": {"p": ["accuracy"]}}, XD, YD,
        {"sample_weight": {"p": W, "q": W[::-1].copy()}}),
    "partial loss": ("dict", {"loss": {"q": "mse"}}, XD, YD, {}),
    "partial list": ("list", {"loss": [None, "mse"]}, XS, YS, {}),
    "validation": (
        "list", {"loss": BOTH, "metrics": {"p": ["accuracy"]}}, XS, YS,
        {"validation_data": (XS, YS)}),
    "split": (
        "dict", {"loss": BOTH, "metrics": {"q": ["mae"]}}, XD, YD, {"validation_split": 0.3}),
}  # fmt: skip


@pytest.mark.parametrize("case", OUTPUTS)
def test_several_outputs(both, case):
    outputs, compiled, x, y, arguments = OUTPUTS[case]
    build = branches(outputs, optimizer="sgd", **compiled)

    def run(lib, model):
        history = fit(x, y, **arguments)(lib, model).history
        listed = model.evaluate(x, y, batch_size=16, verbose=0)
        named = model.evaluate(x, y, batch_size=16, verbose=0, return_dict=True)
        predicted = model.predict(x, batch_size=16, verbose=0)
        if isinstance(predicted, dict):
            assert list(predicted) == (["p", "q"] if lib is keras else list(model.output))
            predicted = dict(sorted(predicted.items()))
        return [history, listed, named, predicted]

    both(build, run)


# -------------------------------------------------------------------------- losses of all kinds


def regularized(lib):
    L, R = lib.layers, lib.regularizers
    model = lib.Sequential(
        [
            L.Input((6,)),
            L.Dense(5, kernel_regularizer="l2", bias_initializer="ones"),
            L.BatchNormalization(gamma_regularizer=R.L1L2(0.01, 0.02)),
            L.Dense(2, activity_regularizer=R.L2(0.03), bias_regularizer=R.L1(0.1)),
        ]
    )
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def normalized(lib):
    L = lib.layers
    # Without a bias: its gradient before a normalization is noise, which Adam makes large.
    model = lib.Sequential([L.Input((6,)), L.Dense(5, use_bias=False)])
    model.add(L.BatchNormalization(momentum=0.8))
    model.add(L.Dense(2))
    model.compile("adam", "mse")
    return model


def frozen(lib):
    model = regularized(lib)
    model.layers[0].trainable = False
    model.layers[1].trainable = False
    model.compile("adam", "mse", metrics=["mae"])
    return model


def constrained(lib):
    L = lib.layers
    model = lib.Sequential([L.Input((6,)), L.Dense(5, kernel_constraint="unit_norm"), L.Dense(2)])
    model.compile("sgd", "mse")
    return model


def added(lib):
    class Penalty(lib.layers.Layer):
        def call(self, x):
            self.add_loss(0.1 * (x**2).sum())
            return x * 2

    model = lib.Sequential([lib.layers.Input((6,)), lib.layers.Dense(4), Penalty()])
    model.add(lib.layers.Dense(2))
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def watching(lib):
    """A layer that holds a metric of its own."""

    class Watch(lib.layers.Layer):
        def __init__(self):
            super().__init__()
            self.seen = lib.metrics.Mean(name="seen")

        def call(self, x):
            self.seen.update_state(x.detach().abs())
            return x

    model = lib.Sequential([lib.layers.Input((6,)), lib.layers.Dense(4), Watch()])
    model.add(lib.layers.Dense(2))
    model.compile("sgd", "mse", metrics=["mae"])
    return model


@pytest.mark.parametrize("build", [regularized, normalized, frozen, constrained, added, watching])
def test_layers_that_add_to_training(both, build):
    def run(lib, model):
        history = fit(X, LABELS["real"], validation_split=0.2)(lib, model).history
        return [history, model.evaluate(X, LABELS["real"], verbose=0, return_dict=True)]

    both(build, run, rtol=2e-5)


def test_added_loss_alone(both):
    def build(lib):
        class Own(lib.layers.Layer):
            def __init__(self):
                super().__init__()
                self.dense = lib.layers.Dense(3)

            def call(self, x):
                y = self.dense(x)
                self.add_loss((y**2).mean())
                return y

        model = lib.Sequential([lib.layers.Input((6,)), Own()])
        model.compile("sgd")
        return model

    def run(lib, model):
        history = fit(X, None)(lib, model).history
        return [history, model.evaluate(X, verbose=0)]

    both(build, run)


# -------------------------------------------------------------------------------------- sources


class Batches:
    """Some library's dataset: an iterable that can be read again."""

    def __init__(self, *arrays, size=16):
        self.arrays, self.size = arrays, size

    def __iter__(self):
        for i in range(0, len(self.arrays[0]), self.size):
            yield tuple(a[i : i + self.size] for a in self.arrays)


def forever(*arrays, size=16):
    while True:
        yield from Batches(*arrays, size=size)


def sequence(lib, *arrays, size=16):
    class Sequence(lib.utils.PyDataset):
        def __len__(self):
            return -(-len(arrays[0]) // size)

        def __getitem__(self, i):
            return tuple(a[i * size : (i + 1) * size] for a in arrays)

    return Sequence()


Y = LABELS["real"]
TX, TY, TW = (torch.from_numpy(a) for a in (X, Y, W))


def loader(*tensors, size=16):
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*tensors), batch_size=size)


# name: (data for fit, arguments of fit, validation data)
SOURCES = {
    "tensors": lambda lib: ((TX, TY), {}, (TX, TY)),
    "loader": lambda lib: ((loader(TX, TY),), {}, loader(TX, TY)),
    "loader, weights": lambda lib: ((loader(TX, TY, TW),), {}, loader(TX, TY, TW)),
    "generator": lambda lib: (
        (forever(X, Y),), {"steps_per_epoch": 4}, Batches(X, Y).__iter__()),
    "generator, validation steps": lambda lib: (
        (forever(X, Y, W),), {"steps_per_epoch": 3, "validation_steps": 2}, loader(TX, TY, TW)),
    "PyDataset": lambda lib: ((sequence(lib, X, Y),), {}, sequence(lib, X, Y)),
    "PyDataset, weights": lambda lib: (
        (sequence(lib, X, Y, W),), {}, sequence(lib, X, Y, W)),
    "float64": lambda lib: ((X.astype("f8"), Y.astype("f8")), {}, (X, Y)),
}  # fmt: skip


@pytest.mark.parametrize("source", SOURCES)
def test_sources(both, source):
    build = mlp(2, optimizer="sgd", loss="mse", metrics=["mae"])

    def run(lib, model):
        data, arguments, validation = SOURCES[source](lib)
        epochs = 1 if source == "generator" else 2
        arguments = {"epochs": epochs, "shuffle": False, "verbose": 0, **arguments}
        if not hasattr(data[0], "__next__") and len(data) == 2:
            arguments["batch_size"] = 16
        history = model.fit(*data, validation_data=validation, **arguments).history
        return [history]

    both(build, run)


@pytest.mark.parametrize("source", ["arrays", "tensors", "loader", "generator", "PyDataset"])
def test_predict_and_evaluate_sources(both, source):
    build = mlp(2, optimizer="sgd", loss="mse", metrics=["mae"])

    def run(lib, model):
        def data(*arrays):
            return {
                "arrays": arrays,
                "tensors": tuple(torch.from_numpy(a) for a in arrays),
                "loader": (loader(*(torch.from_numpy(a) for a in arrays)),),
                "generator": (iter(Batches(*arrays)),),
                "PyDataset": (sequence(lib, *arrays),),
            }[source]

        return [
            model.predict(data(X)[0], verbose=0),
            model.predict(data(X)[0], steps=2, verbose=0),
            model.evaluate(*data(X, Y), verbose=0),
            model.evaluate(*data(X, Y), steps=2, verbose=0, return_dict=True),
        ]

    both(build, run)


def test_iterable_that_is_read_again():
    import torchkeras

    model = torchkeras.Sequential([torchkeras.layers.Dense(2)])
    model.compile("sgd", "mse")
    history = model.fit(Batches(X, Y), epochs=3, verbose=0)
    assert len(history.history["loss"]) == 3
    assert int(model.optimizer.iterations) == 12


# ------------------------------------------------------------------------------------ one batch


def test_on_batch_methods(both):
    build = mlp(
        3, "softmax", optimizer="adam", loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )  # fmt: skip
    y = LABELS["sparse"]

    def run(lib, model):
        found = [model.train_on_batch(X[:8], y[:8])]
        found += [model.train_on_batch(X[8:20], y[8:20], return_dict=True)]
        found += [model.train_on_batch(X[:8], y[:8], sample_weight=W[:8])]
        found += [model.train_on_batch(X[:8], y[:8], class_weight={0: 1.0, 1: 2.0, 2: 0.1})]
        found += [model.test_on_batch(X[:8], y[:8])]
        model.reset_metrics()
        found += [model.test_on_batch(X[:9], y[:9])]
        found += [model.test_on_batch(X[9:], y[9:], sample_weight=W[9:], return_dict=True)]
        found += [model.predict_on_batch(X[:5])]
        return found

    both(build, run)


def test_on_batch_without_metrics_gives_a_number(both):
    def run(lib, model):
        losses = [model.train_on_batch(X[:8], Y[:8]) for _ in range(3)]
        return [*losses, model.test_on_batch(TX[:8], TY[:8])]

    both(mlp(2, optimizer="sgd", loss="mse"), run)


def test_evaluate_order_without_metrics_and_weights(both):
    def run(lib, model):
        return [
            model.evaluate(X, Y, verbose=0),
            model.evaluate(X, Y, sample_weight=W, batch_size=7, verbose=0),
            model.evaluate(X, Y, verbose=0, return_dict=True),
        ]

    both(mlp(2, optimizer="sgd", loss="mse"), run)


def test_custom_callables(both):
    """Loss and metrics as functions, and metrics as classes of the user."""

    def distance(y_true, y_pred):
        return ((y_true - y_pred) ** 2).mean(-1)

    def gap(y_true, y_pred):
        return (y_true - y_pred).abs()

    def build(lib):
        class Spread(lib.metrics.Metric):
            def __init__(self, name="spread", **kwargs):
                super().__init__(name=name, **kwargs)
                self.total = self.add_variable((), initializer="zeros", name="total")

            def update_state(self, y_true, y_pred, sample_weight=None):
                self.total.assign(self.total + (y_pred.max() - y_pred.min()).detach())

            def result(self):
                return self.total + 0.0

        return mlp(2, optimizer="sgd", loss=distance, metrics=[gap, Spread()])(lib)

    both(build, fit(X, Y, validation_split=0.2))
