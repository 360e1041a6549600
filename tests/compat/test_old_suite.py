"""What the tests of Keras 2.1 to 2.3, and of packages made for them, found missing."""

import numpy as np
import pytest

import torchkeras as keras
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
