"""Steps of the user's own, as Keras's guides write them: one source, run with both libraries."""

import copy
import functools

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close, clear_names, rand, tree_map

X, Y, W = rand(50, 4), rand(50, 1, seed=1), rand(50, low=0.1, high=2.0, seed=2)


def fit(lib, model, **kwargs):
    kwargs = {"epochs": 2, "batch_size": 16, "shuffle": False, "verbose": 0, **kwargs}
    return model.fit(X, Y, **kwargs).history


def functional(lib, cls):
    inputs = lib.Input((4,))
    hidden = lib.layers.Dense(3, activation="tanh")(inputs)
    return cls(inputs, lib.layers.Dense(1)(hidden))


# ------------------------------------------------ "Customizing fit() with PyTorch", in its order


def simple(lib):
    class CustomModel(lib.Model):
        def train_step(self, data):
            x, y = data
            self.zero_grad()
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
            loss.backward()
            trainable_weights = [v for v in self.trainable_weights]
            gradients = [v.value.grad for v in trainable_weights]
            with torch.no_grad():
                self.optimizer.apply(gradients, trainable_weights)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, y_pred)
            return {m.name: m.result() for m in self.metrics}

    model = functional(lib, CustomModel)
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    return model


def low_level(lib):
    class CustomModel(lib.Model):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.loss_tracker = lib.metrics.Mean(name="loss")
            self.mae_metric = lib.metrics.MeanAbsoluteError(name="mae")
            self.loss_fn = lib.losses.MeanSquaredError()

        def train_step(self, data):
            x, y = data
            self.zero_grad()
            y_pred = self(x, training=True)
            loss = self.loss_fn(y, y_pred)
            loss.backward()
            trainable_weights = [v for v in self.trainable_weights]
            gradients = [v.value.grad for v in trainable_weights]
            with torch.no_grad():
                self.optimizer.apply(gradients, trainable_weights)
            self.loss_tracker.update_state(loss)
            self.mae_metric.update_state(y, y_pred)
            return {"loss": self.loss_tracker.result(), "mae": self.mae_metric.result()}

        @property
        def metrics(self):
            return [self.loss_tracker, self.mae_metric]

    model = functional(lib, CustomModel)
    model.compile(optimizer="adam")
    return model


def weighted(lib):
    class CustomModel(lib.Model):
        def train_step(self, data):
            if len(data) == 3:
                x, y, sample_weight = data
            else:
                sample_weight = None
                x, y = data
            self.zero_grad()
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred, sample_weight=sample_weight)
            loss.backward()
            trainable_weights = [v for v in self.trainable_weights]
            gradients = [v.value.grad for v in trainable_weights]
            with torch.no_grad():
                self.optimizer.apply(gradients, trainable_weights)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, y_pred, sample_weight=sample_weight)
            return {m.name: m.result() for m in self.metrics}

    model = functional(lib, CustomModel)
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    return model


def evaluating(lib):
    class CustomModel(lib.Model):
        def test_step(self, data):
            x, y = data
            y_pred = self(x, training=False)
            loss = self.compute_loss(y=y, y_pred=y_pred)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, y_pred)
            return {m.name: m.result() for m in self.metrics}

    model = functional(lib, CustomModel)
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    return model


def unpacking(lib):
    """With the helper for unpacking, and a loss that the model adds to."""

    class CustomModel(lib.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            loss = super().compute_loss(x, y, y_pred, sample_weight, training)
            return loss + 0.1 * (self.layers[1].kernel ** 2).sum()

        def train_step(self, data):
            x, y, sample_weight = lib.utils.unpack_x_y_sample_weight(data)
            self.zero_grad()
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
            loss.backward()
            weights = self.trainable_weights
            self.optimizer.apply([w.value.grad for w in weights], weights)
            return self.compute_metrics(x, y, y_pred, sample_weight)

    model = functional(lib, CustomModel)
    model.compile(optimizer="sgd", loss="mse", metrics=["mae"])
    return model


def computing(lib):
    """compute_loss and compute_metrics of the user's, in the library's own step."""

    class CustomModel(lib.Model):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.gap = lib.metrics.Mean(name="gap")

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            loss = ((y_pred - y) ** 2).mean() + 0.01 * (x * y_pred).abs().mean()
            loss = loss + sum(self.losses)
            self.gap.update_state((y_pred - y).detach().abs().max())
            return loss

        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            found = super().compute_metrics(x, y, y_pred, sample_weight)
            found["largest"] = y_pred.detach().max()
            return found

    model = functional(lib, CustomModel)
    model.compile(optimizer="adam", metrics=["mae"])
    return model


def predicting(lib):
    class CustomModel(lib.Model):
        def predict_step(self, data):
            x = data[0] if isinstance(data, tuple) else data
            return {"y": self(x, training=False), "x": x * 2}

    model = functional(lib, CustomModel)
    model.compile(optimizer="sgd", loss="mse")
    return model


def optimizers_steps(lib):
    """The way of torch: backward, step, zero_grad of the optimizer. Keras has no step."""

    class CustomModel(lib.Model):
        def train_step(self, data):
            x, y = data
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
            loss.backward()
            if hasattr(self.optimizer, "step"):
                self.optimizer.step()
                self.optimizer.zero_grad()
            else:
                weights = self.trainable_weights
                self.optimizer.apply([w.value.grad for w in weights], weights)
                self.zero_grad()
            return {"loss": loss.detach(), "twice": 2 * loss.detach()}

    model = functional(lib, CustomModel)
    model.compile(optimizer="adam", loss="mse")
    return model


GUIDE = [
    simple, low_level, evaluating, unpacking, computing, predicting, optimizers_steps,
]  # fmt: skip


@pytest.mark.parametrize("build", GUIDE)
def test_custom_steps(both, build):
    def run(lib, model):
        own = build in (simple, low_level, unpacking)  # without validation: other names of metrics
        history = fit(lib, model, **({} if own else {"validation_data": (X[:20], Y[:20])}))
        found = model.predict(X, batch_size=16, verbose=0)
        if build is not low_level:
            return [history, model.evaluate(X, Y, verbose=0, return_dict=True), found]
        return [history, found]

    both(build, run)


def test_custom_step_with_sample_weights(both):
    def run(lib, model):
        return [fit(lib, model, sample_weight=W), fit(lib, model)]

    both(weighted, run)


def test_custom_test_step_alone(both):
    def build(lib):
        model = evaluating(lib)
        model.compile(loss="mse", metrics=["mae"])
        return model

    both(build, lambda lib, model: model.evaluate(X, Y, verbose=0))


def gan(lib):
    """The end-to-end example of the guide, with small layers."""

    class GAN(lib.Model):
        def __init__(self, discriminator, generator, latent_dim):
            super().__init__()
            self.discriminator = discriminator
            self.generator = generator
            self.latent_dim = latent_dim
            self.d_loss_tracker = lib.metrics.Mean(name="d_loss")
            self.g_loss_tracker = lib.metrics.Mean(name="g_loss")
            self.built = True

        @property
        def metrics(self):
            return [self.d_loss_tracker, self.g_loss_tracker]

        def compile(self, d_optimizer, g_optimizer, loss_fn):
            super().compile()
            self.d_optimizer = d_optimizer
            self.g_optimizer = g_optimizer
            self.loss_fn = loss_fn

        def train_step(self, real_images):
            if isinstance(real_images, (tuple, list)):
                real_images = real_images[0]
            batch_size = real_images.shape[0]
            random_latent_vectors = torch.randn(batch_size, self.latent_dim)
            generated_images = self.generator(random_latent_vectors)
            combined_images = torch.cat([generated_images, real_images], dim=0)
            labels = torch.cat([torch.ones((batch_size, 1)), torch.zeros((batch_size, 1))], dim=0)
            labels = labels + 0.05 * torch.rand(labels.shape)

            self.zero_grad()
            predictions = self.discriminator(combined_images)
            d_loss = self.loss_fn(labels, predictions)
            d_loss.backward()
            grads = [v.value.grad for v in self.discriminator.trainable_weights]
            with torch.no_grad():
                self.d_optimizer.apply(grads, self.discriminator.trainable_weights)

            random_latent_vectors = torch.randn(batch_size, self.latent_dim)
            misleading_labels = torch.zeros((batch_size, 1))
            self.zero_grad()
            predictions = self.discriminator(self.generator(random_latent_vectors))
            g_loss = self.loss_fn(misleading_labels, predictions)
            grads = g_loss.backward()
            grads = [v.value.grad for v in self.generator.trainable_weights]
            with torch.no_grad():
                self.g_optimizer.apply(grads, self.generator.trainable_weights)

            self.d_loss_tracker.update_state(d_loss)
            self.g_loss_tracker.update_state(g_loss)
            return {"d_loss": self.d_loss_tracker.result(), "g_loss": self.g_loss_tracker.result()}

    L = lib.layers
    discriminator = lib.Sequential(
        [lib.Input((6,)), L.Dense(8), L.LeakyReLU(negative_slope=0.2), L.Dense(1)],
        name="discriminator",
    )
    generator = lib.Sequential(
        [lib.Input((3,)), L.Dense(8, activation="relu"), L.Dense(6, activation="sigmoid")],
        name="generator",
    )
    model = GAN(discriminator=discriminator, generator=generator, latent_dim=3)
    model.compile(
        d_optimizer=lib.optimizers.Adam(learning_rate=0.003),
        g_optimizer=lib.optimizers.Adam(learning_rate=0.003),
        loss_fn=lib.losses.BinaryCrossentropy(from_logits=True),
    )
    return model


def test_gan(both):
    images = rand(40, 6, low=0.0, high=1.0)

    def run(lib, model):
        loader = torch.utils.data.DataLoader(
            torch.utils.data.TensorDataset(torch.from_numpy(images)), batch_size=10
        )

        class Seed(lib.callbacks.Callback):
            def on_train_batch_begin(self, batch, logs=None):
                torch.manual_seed(batch)

        return model.fit(loader, epochs=2, verbose=0, callbacks=[Seed()])

    both(gan, run)


FORMS = {
    "x": lambda lib: (X,),
    "x, y": lambda lib: (X, Y),
    "x, y, weight": lambda lib: (X, Y, W),
    "list": lambda lib: ([X, X],),
    "lists": lambda lib: ([X, X], [Y, Y]),
    "dict": lambda lib: ({"a": X},),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_a_step_is_given(form):
    """Parts that nobody gave are left out, as in Keras: the guides write `x, y = data`."""
    seen = []
    for lib in (torchkeras, keras):

        class Own(lib.Model):
            def call(self, x):
                return x

            def train_step(self, data):
                seen.append(tree_map(lambda t: tuple(t.shape), data))
                return {"a": 0.0}

            test_step = train_step

            def predict_step(self, data):
                self.train_step(data)
                return torch.zeros(1)

        data = FORMS[form](lib)
        model = Own()
        model.compile("sgd")
        model.built = True
        weight = {"sample_weight": data[2]} if len(data) == 3 else {}
        model.fit(*data[:2], **weight, verbose=0)
        model.evaluate(*data[:2], **weight, verbose=0)
        model.predict(data[0], verbose=0)
    half = len(seen) // 2
    assert seen[:half] == seen[half:]


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_what_a_step_is_given_by_a_generator(parts):
    """A tuple as the generator made it (Keras's torch backend turns it into a list)."""
    seen = []

    class Own(torchkeras.Model):
        def train_step(self, data):
            seen.append(data)
            return {"a": 0.0}

    model = Own()
    model.compile("sgd")
    model.fit(iter([(X, Y, W)[:parts]]), verbose=0)
    assert isinstance(seen[0], tuple) and len(seen[0]) == parts
    model.fit(iter([X]), verbose=0)
    assert seen[1].shape == (50, 4)


# ---------------------------------------------------------------------------------- torch's own


def model_of(units=3, activation=None):
    clear_names()
    L = torchkeras.layers
    return torchkeras.Sequential(
        [L.Input((4,)), L.Dense(5, activation="tanh"), L.Dense(units, activation=activation)]
    )


def torch_loop(model, loss_fn, optimizer, y, epochs=2, scheduler=None):
    x, y = torch.from_numpy(X), torch.from_numpy(y)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for i in range(0, 50, 16):
            optimizer.zero_grad()
            loss = loss_fn(model(x[i : i + 16]), y[i : i + 16])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x[i : i + 16])
        losses.append(total / 50)
        if scheduler is not None:
            scheduler.step()
    return losses


IDS = rand(50, low=0, high=3, dtype="int64", seed=4)


@pytest.mark.parametrize("as_class", [False, True])
def test_torch_losses_and_optimizers(as_class):
    model = model_of()
    twin = copy.deepcopy(model)
    optimizer = torch.optim.Adam if as_class else torch.optim.Adam(model.parameters(), lr=0.01)
    loss = torch.nn.CrossEntropyLoss
    model.compile(optimizer, loss if as_class else loss(), metrics=["accuracy"])
    history = model.fit(X, IDS, epochs=2, batch_size=16, shuffle=False, verbose=0).history
    other = torch.optim.Adam(twin.parameters(), lr=0.001 if as_class else 0.01)
    assert_close(history["loss"], torch_loop(twin, loss(), other, IDS), 1e-5)
    assert_close(model.get_weights(), twin.get_weights(), 1e-5)
    assert sorted(history) == ["accuracy", "loss"]
    assert len(model.evaluate(X, IDS, verbose=0)) == 2


def test_torch_scheduler_in_a_callback():
    model = model_of(1)
    twin = copy.deepcopy(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.1)
    model.compile(optimizer, torch.nn.MSELoss())
    step = torchkeras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: scheduler.step())
    history = model.fit(
        X, Y, epochs=3, batch_size=16, shuffle=False, verbose=0, callbacks=[step]
    ).history
    other = torch.optim.SGD(twin.parameters(), lr=0.1)
    want = torch_loop(
        twin, torch.nn.MSELoss(), other, Y, 3, torch.optim.lr_scheduler.StepLR(other, 1, 0.1)
    )
    assert_close(history["loss"], want, 1e-5)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(1e-4)


def test_torch_scheduler_drives_a_keras_optimizer():
    model = model_of(1)
    model.compile(torchkeras.optimizers.SGD(0.1), "mse")
    model.optimizer.build(model.trainable_variables)
    scheduler = torch.optim.lr_scheduler.StepLR(model.optimizer, 1, 0.1)
    step = torchkeras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: scheduler.step())
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[step])
    assert float(model.optimizer.learning_rate) == pytest.approx(0.001)


def test_hand_written_loop_equals_fit():
    """for p in model.parameters(): the same weights as fit, and the modes of torch."""
    model = model_of(1)
    twin = copy.deepcopy(model)
    model.compile(torchkeras.optimizers.SGD(0.05), "mse")
    history = model.fit(X, Y, epochs=2, batch_size=16, shuffle=False, verbose=0).history

    class Plain:
        def __init__(self, parameters):
            self.parameters = list(parameters)

        def zero_grad(self):
            for p in self.parameters:
                p.grad = None

        def step(self):
            with torch.no_grad():
                for p in self.parameters:
                    p -= 0.05 * p.grad

    losses = torch_loop(twin, torch.nn.MSELoss(), Plain(twin.parameters()), Y)
    assert_close(history["loss"], losses, 1e-5)
    assert_close(model.get_weights(), twin.get_weights(), 1e-5)


def test_modes_of_torch():
    model = torchkeras.Sequential([torchkeras.layers.Input((4,)), torchkeras.layers.Dropout(0.5)])
    ones = torch.ones(8, 4)
    assert torch.equal(model(ones), ones)
    assert not torch.equal(model.train()(ones), ones)
    assert torch.equal(model(ones, training=False), ones)
    assert torch.equal(model.eval()(ones), ones)
    assert not torch.equal(model(ones, training=True), ones)


@pytest.mark.parametrize("training", [True, False])
def test_fit_evaluate_predict_leave_the_mode(training):
    model = model_of(1)
    model.compile("sgd", "mse")
    model.train(training)
    calls = [
        lambda: model.fit(X, Y, verbose=0, validation_split=0.2),
        lambda: model.evaluate(X, Y, verbose=0),
        lambda: model.predict(X, verbose=0),
        lambda: model.train_on_batch(X, Y),
        lambda: model.test_on_batch(X, Y),
        lambda: model.predict_on_batch(X),
    ]
    for call in calls:
        call()
        assert model.training is training
        assert all(layer.training is training for layer in model.layers)


def test_frozen_parameters_in_a_torch_loop():
    model = model_of(1)
    model.layers[0].trainable = False
    assert sum(p.requires_grad for p in model.parameters()) == 2
    assert len(model.trainable_weights) == 2


def test_module_of_torch_inside():
    clear_names()
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Tanh())
    model = torchkeras.Sequential([torchkeras.layers.Input((4,)), net, torchkeras.layers.Dense(1)])
    before = net[0].weight.detach().clone()
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    assert not torch.equal(before, net[0].weight)


@pytest.mark.parametrize("backend", ["eager", pytest.param(None, marks=pytest.mark.sweep)])
def test_jit_compile(backend, monkeypatch):
    if backend is not None:  # torch's own takes ten seconds
        monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend=backend))
    model = model_of(1)
    twin = copy.deepcopy(model)
    model.compile(torchkeras.optimizers.SGD(0.05), "mse", metrics=["mae"], jit_compile=True)
    twin.compile(torchkeras.optimizers.SGD(0.05), "mse", metrics=["mae"])
    assert model.jit_compile and not twin.jit_compile
    found = []
    for m in (model, twin):
        history = m.fit(X[:32], Y[:32], epochs=2, batch_size=16, shuffle=False, verbose=0).history
        found.append([history, m.evaluate(X[:32], Y[:32], verbose=0), m.predict(X, verbose=0)])
    assert_close(found[0], found[1], 1e-4)
    assert_close(model.get_weights(), twin.get_weights(), 1e-4)


def test_run_eagerly_wins_over_jit_compile():
    model = model_of(1)
    model.compile("sgd", "mse", jit_compile=True, run_eagerly=True)
    assert not model.jit_compile


def test_batches_are_moved_to_the_device_of_the_weights(monkeypatch):
    """No accelerator here: the meta device stands for one, as far as the step."""
    model = model_of(1)
    model.compile("sgd", "mse")
    seen = []
    monkeypatch.setattr(type(model), "_device", lambda self: torch.device("meta"))
    monkeypatch.setattr(
        type(model), "train_step", lambda self, data: seen.append(data) or {"loss": 0.0}
    )
    model.fit(X, [Y], verbose=0)
    x, y = seen[0]
    assert x.device.type == "meta" and y[0].device.type == "meta"


def test_regularizers_are_watched_anew_by_each_fit():
    """What fit keeps from step to step must not outlive it."""
    model = model_of(1)
    model.compile("sgd", "mse")
    plain = model.evaluate(X, Y, verbose=0)
    model.fit(X, Y, epochs=1, verbose=0)
    plain = model.evaluate(X, Y, verbose=0)
    model.layers[0].kernel.regularizer = torchkeras.regularizers.L2(1.0)
    extra = float((model.layers[0].kernel.detach() ** 2).sum())
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(plain + extra, rel=1e-5)
    assert model.train_on_batch(X, Y) == pytest.approx(plain + extra, rel=1e-5)


def test_losses_of_an_older_call_do_not_stay(both):
    """Two steps or more, behind the first one that runs the whole template of the call."""

    def build(lib):
        model = lib.Sequential([lib.Input((4,)), lib.layers.Dense(2, activity_regularizer="l2")])
        model.add(lib.layers.Dense(1))
        model.compile("sgd", "mse")
        return model

    def run(lib, model):
        model(torch.from_numpy(X))
        histories = [fit(lib, model), fit(lib, model)]
        return [histories, model.test_on_batch(X, Y), model.evaluate(X, Y, verbose=0)]

    both(build, run)


def test_numbers_of_numpy_as_results():
    class Own(torchkeras.Model):
        def call(self, x):
            return x

        def test_step(self, data):
            return {"a": np.float32(2.0), "b": 3, "c": torch.tensor(4.0)}

    model = Own()
    model.compile()
    assert model.evaluate(X, Y, verbose=0, return_dict=True) == {"a": 2.0, "b": 3, "c": 4.0}


def leave_gradients(model):
    loss = model(torch.tensor(X)).square().sum()
    loss.backward()


@pytest.mark.parametrize("way", ["fit", "callback", "batch", "first batch", "super"])
def test_gradients_of_before_count_for_nothing(way):
    weights = []
    for lib in (torchkeras, keras):

        class Doubtful(lib.Model):
            def train_step(self, data):
                leave_gradients(self)
                return super().train_step(data)

        class Saliency(lib.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                leave_gradients(self.model)

            on_epoch_end = on_train_batch_end

        clear_names()
        lib.utils.set_random_seed(0)
        model = functional(lib, Doubtful if way == "super" else lib.Model)
        model.set_weights([rand(*w.shape, seed=3) for w in model.get_weights()])
        model.compile(optimizer=lib.optimizers.SGD(0.1), loss="mse")
        if way == "batch":
            model.train_on_batch(X, Y)
        leave_gradients(model)
        if "batch" in way:
            model.train_on_batch(X, Y)
        else:
            fit(lib, model, callbacks=[Saliency()] if way == "callback" else None)
        weights.append(model.get_weights())
    assert_close(*weights, 1e-5, 1e-6)


def test_a_step_of_the_users_own_may_gather_gradients():
    class Gathering(torchkeras.Model):
        def train_step(self, data):
            x, y = data
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
            loss.backward()
            return {"loss": loss}

    model = functional(torchkeras, Gathering)
    model.compile(optimizer="sgd", loss="mse")
    model.train_on_batch(X, Y)
    once = [v.grad.clone() for v in model.trainable_variables]
    model.train_on_batch(X, Y)
    assert_close([v.grad for v in model.trainable_variables], [2 * g for g in once])
