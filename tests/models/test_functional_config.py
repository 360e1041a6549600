"""Which subclasses of a functional model are written as graphs; losses on its symbols."""

import keras
import numpy as np
import pytest

import torchkeras

X = np.random.default_rng(0).normal(size=(12, 3)).astype("float32")


def subclasses(k):
    class Any(k.Model):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.mean = k.metrics.Mean(name="mean")

    class Named(k.Model):
        def __init__(self, inputs, outputs, name=None):
            super().__init__(inputs, outputs, name=name)

    class Flavour(k.Model):
        def __init__(self, *args, flavour=1, **kwargs):
            super().__init__(*args, **kwargs)

    class Own(k.Model):
        def __init__(self, units=2, **kwargs):
            inputs = k.Input((3,))
            super().__init__(inputs, k.layers.Dense(units)(inputs), **kwargs)

    class Nothing(k.Model):
        pass

    return {c.__name__: c for c in (Any, Named, Flavour, Own, Nothing)}


@pytest.mark.parametrize("name", ["Any", "Named", "Flavour", "Own", "Nothing"])
def test_the_config_is_a_graph_where_keras_s_is(name):
    written = []
    for k in (torchkeras, keras):
        cls = subclasses(k)[name]
        inputs = k.Input((3,))
        model = cls() if name == "Own" else cls(inputs, k.layers.Dense(2)(inputs))
        config = model.get_config()
        written.append("layers" in config)
        if k is torchkeras:
            copy = cls.from_config(config)
            copy.set_weights(model.get_weights())
            np.testing.assert_array_equal(copy.predict(X, verbose=0), model.predict(X, verbose=0))
    assert written[0] == written[1]


def test_files_of_subclasses(tmp_path):
    cls = torchkeras.saving.register_keras_serializable("test")(subclasses(torchkeras)["Any"])
    inputs = torchkeras.Input((3,))
    model = cls(inputs, torchkeras.layers.Dense(2)(inputs))
    model.save(tmp_path / "m.keras")
    copy = torchkeras.saving.load_model(tmp_path / "m.keras")
    assert type(copy) is cls
    np.testing.assert_array_equal(copy.predict(X, verbose=0), model.predict(X, verbose=0))


def autoencoder(k):
    k.utils.set_random_seed(0)
    inputs = k.Input((3,))
    model = k.Model(inputs, k.layers.Dense(3)(inputs))
    model.set_weights([np.full((3, 3), 0.1), np.zeros(3)])
    return model, inputs


@pytest.mark.parametrize("loss", ["function", "class", "arguments"])
def test_losses_on_symbols(loss, tmp_path):
    values = []
    for k in (torchkeras, keras):
        model, inputs = autoencoder(k)
        if loss == "class" and k is keras:  # whose losses do not reduce symbols
            values.append(np.array(k.losses.Huber(delta=0.5)(X, model(X)).detach()))
            continue
        made = {
            "function": lambda k=k: k.losses.mean_squared_error,
            "class": lambda k=k: k.losses.Huber(delta=0.5),
            "arguments": lambda k=k: lambda a, b: k.losses.binary_crossentropy(a, b, True, 0.1),
        }[loss]()(inputs, model.output)
        both = k.Model(inputs, [model.output, made])
        values.append(np.array(k.ops.convert_to_numpy(both(X)[1])))
        if k is torchkeras:
            both.save(tmp_path / "m.keras")
            copy = k.saving.load_model(tmp_path / "m.keras")
            np.testing.assert_array_equal(copy(X)[1].detach().numpy(), values[0])
    np.testing.assert_allclose(values[0], values[1], rtol=1e-5, atol=1e-7)


def test_add_loss_of_symbols():
    """As Keras 2's variational autoencoders do: the model then trains without a loss of its own."""
    model, inputs = autoencoder(torchkeras)
    with pytest.warns(DeprecationWarning, match="add_loss"):
        model.add_loss(
            torchkeras.ops.mean(torchkeras.losses.mean_squared_error(inputs, model.output))
        )
    model.compile("sgd")
    history = model.fit(X, epochs=2, batch_size=12, verbose=0)
    same, _ = autoencoder(torchkeras)
    same.compile("sgd", "mse")
    expected = same.fit(X, X, epochs=2, batch_size=12, verbose=0)
    np.testing.assert_allclose(history.history["loss"], expected.history["loss"], rtol=1e-5)
    copy = torchkeras.Model.from_config(model.get_config())
    copy.compile("sgd")
    assert copy.evaluate(X, verbose=0) > 0


def test_compiled_loss_and_metrics():
    """A train_step of tf.keras 2 does what ours does."""

    class Old(torchkeras.Model):
        def train_step(self, data):
            x, y = data
            self.zero_grad()
            y_pred = self(x, training=True)
            loss = self.compiled_loss(y, y_pred, regularization_losses=self.losses)
            loss.backward()
            self.optimizer.apply([v.grad for v in self.trainable_variables])
            self.compiled_metrics.update_state(y, y_pred)
            return {m.name: m.result() for m in self.metrics}

    histories = []
    for cls in (Old, torchkeras.Model):
        inputs = torchkeras.Input((3,))
        model = cls(inputs, torchkeras.layers.Dense(3, kernel_regularizer="l2")(inputs))
        model.set_weights([np.full((3, 3), 0.1), np.zeros(3)])
        model.compile(torchkeras.optimizers.SGD(0.1), "mse", metrics=["mae"])
        histories.append(model.fit(X, X, epochs=3, batch_size=12, verbose=0).history)
    np.testing.assert_allclose(histories[0]["loss"], histories[1]["loss"], rtol=1e-5)
    with pytest.raises(ValueError, match="compiled_loss: the model is not compiled"):
        _ = Old(inputs, torchkeras.layers.Dense(3)(inputs)).compiled_loss
