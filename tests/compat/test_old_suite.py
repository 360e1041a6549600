"""What the tests of Keras 2.1 to 2.3, and of packages made for them, found missing."""

import numpy as np
import pytest

import torchkeras as keras
from torchkeras import layers, ops
from torchkeras.compat import modules
from torchkeras.compat.names import backend as K
from torchkeras.compat.names import engine, initializers, optimizers, utils


def test_the_alias_is_reached_from_the_package():
    assert callable(keras.compat.install)


def test_backend_functions_say_what_keras_2_said():
    x = np.array([[-3.0, -1.0, 0.5, 7.0]])
    # x * (x > threshold), between 0 and max_value, less alpha * relu(threshold - x)
    found = K.eval(K.relu(K.variable(x), alpha=0.1, max_value=5.0, threshold=-2.8))
    np.testing.assert_allclose(found, [[-0.02, 0.0, 0.5, 5.0]], atol=1e-6)
    assert K.eval(K.tile(K.variable([[1.0]]), n=(1, 3))).tolist() == [[1.0, 1.0, 1.0]]
    assert K.eval(K.eye((2, 3))).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    bias = np.arange(6.0).reshape(3, 2)
    found = K.eval(K.bias_add(K.variable(np.zeros((1, 2, 3))), K.variable(bias), "channels_first"))
    np.testing.assert_array_equal(found, bias.reshape(1, 2, 3))


def test_symbols_as_old_packages_look_at_them():
    x = keras.Input((3,))
    with pytest.warns(DeprecationWarning, match="_keras_shape is the form .* Read shape"):
        assert x._keras_shape == (None, 3)
    x._keras_shape = (2, 3)  # which some set for Theano
    assert x._keras_shape == (2, 3) and x.shape == (None, 3)
    assert not hasattr(x, "__len__")
    with pytest.raises(TypeError):
        len(x)


def test_shapes_of_backend_variables_may_be_numbers():
    assert K.eval(K.zeros(2)).tolist() == [0.0, 0.0] and K.eval(K.ones((1, 1))).tolist() == [[1.0]]


def test_modules_inside_of_keras_preprocessing():
    home = modules.home(modules.split("keras_preprocessing.image.affine_transformations")[1])
    assert home == "preprocessing.image"
    assert modules.home("tensorflow.python.ops.math_ops") == "tensorflow"


def test_names_of_keras_2_in_their_modules():
    assert optimizers.rmsprop is keras.optimizers.RMSprop
    assert initializers._compute_fans((3, 3, 4, 8)) == (36, 72)
    assert initializers._compute_fans((8, 4, 3, 3), "channels_first") == (36, 72)
    assert engine.make_batches(5, 2) == [(0, 2), (2, 4), (4, 5)]
    inputs = keras.Input((2,))
    assert engine.get_source_inputs(keras.layers.Dense(2)(inputs)) == [inputs]
    order = engine.batch_shuffle(np.arange(7), 3)
    assert order[6] == 6 and sorted(order[:6].reshape(2, 3)[:, 0]) == [0, 3]
    assert utils.Reduction.SUM == "sum"
    assert utils.object_list_uid([inputs]) == utils.object_list_uid(inputs)
    assert utils.transpose_shape((16, 8, 4, 3), "channels_first", (1, 2)) == (16, 3, 8, 4)
    assert utils.transpose_shape([8, 4, 3], "channels_last", (0, 1)) == [8, 4, 3]


@pytest.mark.parametrize(
    ("arguments", "length"),
    [
        ((None, 1, 7, "same", None), None),
        ((224, 1, 7, "same", None), 224),
        ((224, 2, 7, "valid", None), 453),
        ((224, 2, 7, "full", None), 441),
        ((5, 2, 3, "same", 1), 10),
        ((5, 2, 3, "valid", 0, 2), 13),
        ((5, 2, 3, "full", 0), 7),
    ],
)
def test_lengths_of_transposed_convolutions(arguments, length):
    assert utils.deconv_length(*arguments) == length


# ------------------------------------------------------------------------------- layers


def test_constraints_by_their_names_of_keras_1():
    with pytest.warns(DeprecationWarning, match=r"'maxnorm' is the form .* Write 'MaxNorm'"):
        layer = layers.Dense(2, kernel_constraint="maxnorm")
    assert isinstance(layer.kernel_constraint, keras.constraints.MaxNorm)
    keras.config.set_legacy_mode("off")
    try:
        with pytest.raises(ValueError, match="Unknown constraint"):
            keras.constraints.get("unitnorm")
    finally:
        keras.config.set_legacy_mode("auto")


def test_arguments_that_layers_of_keras_2_took():
    config = layers.SpatialDropout1D(0.5).get_config()
    assert set(config) == {"rate", "seed", "name", "dtype"}
    layer = layers.SpatialDropout1D.from_config({**config, "batch_input_shape": (2, 3, 4)})
    assert keras.Sequential([layer]).input.shape == (2, 3, 4)
    with pytest.warns(DeprecationWarning, match=r"SimpleRNN\(implementation\)"):
        assert layers.SimpleRNN(2, implementation=1).units == 2


def test_a_model_that_begins_with_an_embedding_is_built_without_a_shape():
    model = keras.Sequential([layers.Embedding(5, 3), layers.LSTM(2)])
    model.build()
    assert model.input.shape == (None, None) and model.output.shape == (None, 2)
    with pytest.raises(ValueError, match="input_shape"):
        keras.Sequential([layers.Dense(2)]).build()


def test_states_that_are_set():
    layer = layers.LSTM(3, stateful=True)
    layer(np.zeros((2, 4, 1)))
    layer.reset_states([np.ones((2, 3)), np.full((2, 3), 2.0)])
    assert [float(v.numpy().mean()) for v in layer.states] == [1.0, 2.0]
    layer.reset_states()
    assert [float(v.numpy().mean()) for v in layer.states] == [0.0, 0.0]
    with pytest.raises(ValueError, match=r"\[\(2, 3\), \(2, 3\)\]"):
        layer.reset_states([np.ones((2, 3))])
    with pytest.raises(AttributeError, match="stateful"):
        layers.LSTM(3).reset_states([np.ones((2, 3))] * 2)


class WithTable(layers.Embedding):
    """Returns its table beside the words."""

    def call(self, inputs):
        return [super().call(inputs), self.embeddings + 0]


class WithTableShape(WithTable):
    """Says so."""

    def compute_output_shape(self, input_shape):
        return [super().compute_output_shape(input_shape), (self.input_dim, self.output_dim)]


@pytest.mark.parametrize("cls", [WithTable, WithTableShape])
def test_embeddings_of_packages_with_two_outputs(cls):
    words, table = cls(4, 3)(keras.Input((None,)))
    assert words.shape == (None, None, 3) and table.shape == (4, 3)


class NeedsMask(layers.Layer):
    """Takes for granted that its first input has a mask."""

    supports_masking = True

    def compute_mask(self, inputs, mask=None):
        return mask[0]

    def call(self, inputs, mask=None):
        return inputs[0] * ops.cast(mask[0], "float32")[..., None] + inputs[1]


def test_a_call_that_needs_a_mask_is_inferred_with_one():
    ids = keras.Input((4,))
    words = layers.Embedding(5, 3, mask_zero=True, embeddings_initializer="ones")(ids)
    model = keras.Model(ids, NeedsMask()([words, words]))
    assert model.output.shape == (None, 4, 3)
    found = model.predict(np.array([[1, 2, 0, 0]]), verbose=0)
    assert found[0, :, 0].tolist() == [2.0, 2.0, 1.0, 1.0]


class OwnShape(layers.Layer):
    """Begins with the shape of its base, which in Keras 2 was that of the input."""

    def call(self, inputs):
        self.add_loss(ops.mean(inputs), inputs=inputs)
        return [inputs, ops.sum(inputs, axis=-1)]

    def compute_output_shape(self, input_shape):
        shape = super().compute_output_shape(input_shape)
        return [shape, shape[:-1]]


def test_the_shape_of_the_base_is_that_of_the_input_as_in_keras_2():
    with pytest.warns(DeprecationWarning, match="Return a shape of your own"):
        both = OwnShape()(keras.Input((4, 3)))
    assert [t.shape for t in both] == [(None, 4, 3), (None, 4)]
    layer = OwnShape()
    layer(np.ones((2, 4, 3)))
    assert float(layer.losses[0]) == 1.0


class MaskOfImages(layers.Masking):
    """Masks steps that are whole images."""

    def compute_mask(self, inputs, mask=None):
        return ops.any(ops.not_equal(inputs, 0.0), axis=(2, 3))


def test_masking_with_a_mask_of_its_own():
    x = np.ones((1, 3, 2, 2), "float32")
    x[0, 1] = 0.0
    found = MaskOfImages()(x)
    assert found._keras_mask.tolist() == [[True, False, True]]
    assert found.shape == x.shape and float(found.sum()) == 8.0


# ------------------------------------------------------------------------------- training


class AddsMetrics(keras.Model):
    """Adds a metric of its own, and a value under a name."""

    def __init__(self):
        super().__init__()
        self.mean = keras.metrics.Mean(name="own")
        self.dense = layers.Dense(1, kernel_initializer="ones", trainable=False)

    def call(self, x):
        self.add_metric(self.mean(x), name="own")
        self.add_metric(ops.sum(x), name="total", aggregation="mean")
        return self.dense(x)


@pytest.mark.filterwarnings("ignore:.*add_metric:DeprecationWarning")
def test_metrics_added_in_a_call():
    model = AddsMetrics()
    model.compile("sgd", "mse")
    x, y = np.ones((10, 1)), np.zeros((10, 1))
    assert model.evaluate(x, y, batch_size=5, verbose=0, return_dict=True) == {
        "loss": 1.0, "own": 1.0, "total": 5.0
    }  # fmt: skip
    history = model.fit(x, 2 * y, epochs=2, batch_size=2, validation_data=(x, y), verbose=0).history
    assert history["total"] == [2.0, 2.0] and history["val_total"] == [2.0, 2.0]


def test_metrics_added_to_a_functional_model():
    inputs = keras.Input((1,))
    model = keras.Model(inputs, layers.Dense(1, kernel_initializer="ones")(inputs))
    with pytest.warns(DeprecationWarning, match="add_metric"):
        model.add_metric(ops.sum(model.output), name="total", aggregation="mean")
    copy = keras.Model.from_config(model.get_config())
    for one in (model, copy):
        one.compile("sgd", "mse")
        found = one.evaluate(np.ones((6, 1)), np.ones((6, 1)), batch_size=3, return_dict=True)
        assert found["total"] == 3.0


def test_early_stopping_by_a_name_that_leaves_no_doubt():
    x, y = np.random.default_rng(0).random((8, 2)), np.array([0, 1] * 4)
    model = keras.Sequential([layers.Dense(2, "softmax")])
    loss = "sparse_categorical_crossentropy"
    model.compile("sgd", loss, metrics=[keras.metrics.sparse_categorical_accuracy])
    stop = keras.callbacks.EarlyStopping(monitor="sparse_categorical_accuracy")
    with pytest.warns(DeprecationWarning, match="Write mode='max'"):
        model.fit(x, y, verbose=0, callbacks=[stop])
    assert stop.monitor_op is np.greater


def test_no_metrics_may_be_an_empty_dict():
    model = keras.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse", metrics={})
    assert model.train_on_batch(np.ones((2, 1)), np.ones((2, 1))) >= 0


@pytest.mark.filterwarnings("ignore:.*older Keras:DeprecationWarning")
def test_attributes_of_metrics_of_keras_2():
    metric = keras.metrics.Mean()
    assert metric.stateful and metric.weights == metric.variables
