"""Memory is flat with the garbage collector off, a model is freed by `del`, data is not copied."""

import gc
import subprocess
import sys
import textwrap
import weakref

import numpy as np
import pytest
import torch

import torchkeras
from oracle import rand

L = torchkeras.layers
X, Y = rand(8, 6), rand(8, 2, seed=1)


def sequential():
    model = torchkeras.Sequential(
        [L.Input((6,)), L.Dense(4, activation="relu"), L.Dropout(0.2), L.BatchNormalization()]
    )
    model.add(L.Dense(2, kernel_regularizer="l2", activity_regularizer="l2"))
    model.compile("adam", "mse", metrics=["mae", "mse"])
    return model, X, Y


def functional():
    a, b = L.Input((6,)), L.Input((6,))
    h = L.Concatenate()([L.Dense(3)(a), torch.tanh(L.Dense(3)(b))])
    model = torchkeras.Model([a, b], {"p": L.Dense(2, name="p")(h), "q": L.Dense(2, name="q")(h)})
    model.compile("sgd", {"p": "mse", "q": "mae"}, metrics={"p": ["mae"]})
    return model, [X, X], {"p": Y, "q": Y}


class Subclassed(torchkeras.Model):
    def __init__(self):
        super().__init__()
        self.dense = L.Dense(2)
        self.seen = torchkeras.metrics.Mean(name="seen")

    def call(self, x):
        y = self.dense(x)
        self.add_loss(1e-3 * (y**2).sum())
        return y


class Custom(Subclassed):
    def train_step(self, data):
        x, y = data
        self.zero_grad()
        loss = self.compute_loss(y=y, y_pred=self(x, training=True))
        loss.backward()
        weights = self.trainable_weights
        self.optimizer.apply([w.grad for w in weights], weights)
        self.seen.update_state(loss)
        return {"loss": loss, "seen": self.seen.result()}


def subclassed(cls=Subclassed):
    model = cls()
    model.compile("rmsprop", "mse", metrics=["mae"])
    return model, X, Y


def custom():
    return subclassed(Custom)


def recurrent():
    model = torchkeras.Sequential([L.Input((5, 6)), L.LSTM(3), L.Dense(2)])
    model.compile("adam", "mse")
    return model, rand(8, 5, 6), Y


BUILDS = [sequential, functional, subclassed, custom, recurrent]


def tensors(x):
    if isinstance(x, (list, tuple)):
        return [tensors(v) for v in x]
    return torch.from_numpy(x)


def weights_of(model):
    return list(model.parameters())


# What is called n times; one batch or a few steps each time.
USES = {
    "fit": lambda m, x, y: m.fit(x, y, batch_size=4, verbose=0),
    "fit, validation": lambda m, x, y: m.fit(x, y, batch_size=4, verbose=0, validation_data=(x, y)),
    "evaluate": lambda m, x, y: m.evaluate(x, y, batch_size=4, verbose=0),
    "predict": lambda m, x, y: m.predict(x, batch_size=4, verbose=0),
    "train_on_batch": lambda m, x, y: m.train_on_batch(x, y),
    "test_on_batch": lambda m, x, y: m.test_on_batch(x, y),
    "predict_on_batch": lambda m, x, y: m.predict_on_batch(x),
    "call": lambda m, x, y: m(tensors(x)),
    "call, training": lambda m, x, y: m(tensors(x), training=True),
}


@pytest.fixture(scope="module")
def frozen():
    """What is there before the first test is not looked at again: half a second each time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def uncollected(frozen):
    """The garbage collector is off: what is in a cycle stays."""
    gc.collect()
    gc.freeze()  # what is there already is not looked at
    gc.disable()
    yield
    gc.enable()


def living():
    """Numbers of all new containers and of the tensors among them."""
    objects = gc.get_objects()
    count = sum(isinstance(o, torch.Tensor) for o in objects)
    return len(objects) - 1, count


def growth(run, first=5, last=50):
    """Objects and tensors that the calls from `first` to `last` have left."""
    for _ in range(first):
        run()
    objects, count = living()
    for _ in range(last - first):
        run()
    now, tensors_now = living()
    return now - objects, tensors_now - count


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("build", BUILDS)
def test_calls_leave_nothing_behind(uncollected, build, use):
    model, x, y = build()
    objects, count = growth(lambda: USES[use](model, x, y))
    assert count == 0
    assert objects < 20, f"{objects} objects in 45 calls"


@pytest.mark.parametrize("build", BUILDS)
def test_steps_of_one_fit_leave_nothing_behind(uncollected, build):
    """Counted by a callback in steps 5 and 50 of one epoch, and in the evaluation."""
    model, x, y = build()
    repeat = 60

    def longer(part):
        if isinstance(part, dict):
            return {k: longer(v) for k, v in part.items()}
        if isinstance(part, list):
            return [longer(v) for v in part]
        return np.concatenate([part] * repeat)

    counts = {}

    class Count(torchkeras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch in (5, 50):
                counts["fit", batch] = living()

        def on_test_batch_end(self, batch, logs=None):
            if batch in (5, 50):
                counts["evaluate", batch] = living()

        def on_predict_batch_end(self, batch, logs=None):
            if batch in (5, 50):
                counts["predict", batch] = living()

    xs, ys = longer(x), longer(y)
    model.fit(xs, ys, batch_size=8, verbose=0, callbacks=[Count()], validation_data=(xs, ys))
    model.predict(xs, batch_size=8, verbose=0, callbacks=[Count()])
    for what in ("fit", "evaluate"):
        (objects, count), (later, count_later) = counts[what, 5], counts[what, 50]
        assert count_later == count, what
        assert later - objects < 20, what
    (_, count), (_, later) = counts["predict", 5], counts["predict", 50]
    outputs = 2 if isinstance(y, dict) else 1
    assert later - count == 45 * outputs  # small outputs are kept until the end


@pytest.mark.parametrize("reading", [True, False])
def test_logs_that_are_kept_hold_no_graph(uncollected, reading):
    model, x, y = sequential()
    kept = []

    class Keep(torchkeras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if reading:
                logs["loss"]
            kept.append(logs)

    before = None
    for i in range(20):
        model.fit(x, y, batch_size=4, verbose=0, callbacks=[Keep()])
        if i == 3:
            before = living()[1]
    assert living()[1] == before
    assert len(kept) == 40


@pytest.mark.parametrize("build", BUILDS)
def test_a_trained_model_is_freed_by_del(uncollected, build):
    model, x, y = build()
    for use in USES.values():
        use(model, x, y)
    weights = [weakref.ref(w) for w in weights_of(model)]
    gone = weakref.ref(model)
    optimizer = weakref.ref(model.optimizer)
    del model
    assert gone() is None
    assert optimizer() is None
    assert not any(w() is not None for w in weights)


def test_building_models_again_and_again(uncollected):
    def run():
        model, x, y = sequential()
        model.fit(x, y, verbose=0)

    objects, count = growth(run, 3, 15)
    assert count == 0
    assert objects < 200, f"{objects} objects left by 12 models"


def test_gradients_are_freed_after_a_step():
    """Between two steps neither the graph nor gradients live."""
    model, x, y = sequential()
    model.fit(x, y, verbose=0)
    assert all(w.grad is None or not w.grad.any() for w in weights_of(model))


# ------------------------------------------------------------------------------ large data

SCRIPT = textwrap.dedent(
    """
    import sys
    import numpy as np
    import torchkeras

    def high():
        with open("/proc/self/status") as f:
            return next(int(line.split()[1]) / 1024 for line in f if line.startswith("VmHWM"))

    megabytes, shuffle = int(sys.argv[1]), sys.argv[2] == "shuffle"
    L = torchkeras.layers
    model = torchkeras.Sequential([L.Input((64,)), L.Dense(16, activation="relu"), L.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    small = np.ones((2048, 64), "float32")
    model.fit(small, small[:, :1], batch_size=1024, verbose=0, validation_split=0.1)
    model.evaluate(small, small[:, :1], verbose=0)
    model.predict(small, verbose=0)
    rows = megabytes * (1 << 20) // 256
    x = np.empty((rows, 64), "float32")
    x[:] = np.linspace(0, 1, 64, dtype="float32")
    y = x[:, :1].copy()
    start = high()
    found = {}
    options = {"batch_size": 1024, "verbose": 0}
    model.fit(x, y, shuffle=shuffle, validation_split=0.1, **options)
    found["fit"] = high() - start
    model.evaluate(x, y, **options)
    found["evaluate"] = high() - start
    model.predict(x, **options)
    found["predict"] = high() - start
    print(found)
    """
)


def above(megabytes, shuffle):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(megabytes), shuffle],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return eval(done.stdout)


def test_data_is_not_copied():
    found = above(128, "shuffle")
    assert max(found.values()) < 64, found


@pytest.mark.sweep
@pytest.mark.parametrize("shuffle", ["shuffle", "in order"])
def test_half_a_gigabyte(shuffle):
    found = above(500, shuffle)
    assert max(found.values()) < 300, found
