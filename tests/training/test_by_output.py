"""Weights and metrics of models with several outputs, said by name or once for all."""

import numpy as np
import pytest

import torchkeras as keras

X = np.arange(8, dtype="float32").reshape(4, 2) / 8
Y1, Y2 = np.array([0, 1, 1, 0]), np.array([[1.0], [0.0], [2.0], [1.0]])
ONE = {"a": {0: 1.0, 1: 3.0}}


def two_outputs(losses=("sparse_categorical_crossentropy", "mse"), **kwargs):
    inputs = keras.Input((2,))
    a = keras.layers.Dense(2, "softmax", kernel_initializer="ones", name="a")(inputs)
    b = keras.layers.Dense(1, kernel_initializer="ones", name="b")(inputs)
    model = keras.Model(inputs, [a, b])
    model.compile(keras.optimizers.SGD(0.0), list(losses), **kwargs)
    return model


def test_sample_weights_by_name_go_with_targets_in_a_list():
    model = two_outputs()
    w = np.array([1.0, 2.0, 3.0, 4.0])
    expected = model.evaluate(X, [Y1, Y2], sample_weight=[np.ones(4), w], verbose=0)
    found = model.evaluate(X, [Y1, Y2], sample_weight={"b": w}, verbose=0)
    assert found == pytest.approx(expected)
    assert model.test_on_batch(X, [Y1, Y2], sample_weight={"b": w}) == pytest.approx(expected)
    logs = model.fit(
        X, [Y1, Y2], sample_weight={"b": w}, validation_data=(X, [Y1, Y2], {"b": w}), verbose=0
    ).history
    assert logs["loss"][0] == pytest.approx(expected[0])
    assert logs["val_loss"][0] == pytest.approx(expected[0])


@pytest.mark.parametrize("targets", ["list", "dict", "generator"])
def test_class_weights_by_output(targets):
    model = two_outputs()
    per_sample = np.array([1.0, 3.0, 3.0, 1.0])
    expected = model.evaluate(X, [Y1, Y2], sample_weight=[per_sample, np.ones(4)], verbose=0)[0]
    y = {"a": Y1, "b": Y2} if targets == "dict" else [Y1, Y2]
    if targets == "generator":
        batches = iter([(X, y)])
        logs = model.fit(batches, steps_per_epoch=1, class_weight=ONE, verbose=0).history
    else:
        logs = model.fit(X, y, class_weight=ONE, verbose=0).history
    assert logs["loss"][0] == pytest.approx(expected)
    assert model.train_on_batch(X, y if targets == "dict" else [Y1, Y2], class_weight=ONE)[
        0
    ] == pytest.approx(expected)


def test_class_weights_by_output_multiply_sample_weights():
    model = two_outputs()
    w = np.array([1.0, 2.0, 3.0, 4.0])
    expected = model.evaluate(X, [Y1, Y2], sample_weight=[w * [1, 3, 3, 1], w], verbose=0)[0]
    logs = model.fit(X, [Y1, Y2], sample_weight=w, class_weight=ONE, verbose=0).history
    assert logs["loss"][0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("weights", "y"), [({"c": {0: 1.0}}, [Y1, Y2]), (ONE, Y1), ({"a": {0: "x"}}, [Y1, Y2])]
)
def test_class_weights_by_output_that_do_not_fit(weights, y):
    with pytest.raises(ValueError, match="class_weight"):
        two_outputs().fit(X, y, class_weight=weights, verbose=0)


def test_a_plain_list_of_metrics_is_for_every_output_as_in_keras_2():
    one_hot = np.eye(2)[Y1]
    model = two_outputs(("mse", "mse"), metrics=["mae"])
    with pytest.warns(DeprecationWarning, match=r'metrics=\[\["mae"\], \["mae"\]\]'):
        found = model.evaluate(X, [one_hot, Y2], verbose=0, return_dict=True)
    assert {"a_mae", "b_mae"} <= set(found)
    model = two_outputs(("mse", "mse"), metrics=[keras.metrics.MeanSquaredError(name="m")])
    with pytest.warns(DeprecationWarning, match="older Keras"):
        found = model.evaluate(X, [one_hot, Y2], verbose=0, return_dict=True)
    assert found["b_m"] == pytest.approx(found["b_loss"])
    assert found["a_m"] == pytest.approx(found["a_loss"])


def test_a_list_with_a_metric_an_output_is_that_of_keras_3(recwarn):
    found = two_outputs(metrics=["acc", "mae"]).evaluate(X, [Y1, Y2], verbose=0, return_dict=True)
    assert "a_acc" in found and "b_mae" in found and "a_mae" not in found
    assert two_outputs(metrics=[]).evaluate(X, [Y1, Y2], verbose=0)
    assert not [w for w in recwarn if w.category is DeprecationWarning]


def test_strict_mode_refuses_the_plain_list():
    keras.config.set_legacy_mode("strict")
    try:
        with pytest.raises(ValueError, match="older Keras"):
            two_outputs(metrics=["mae"]).evaluate(X, [Y1, Y2], verbose=0)
    finally:
        keras.config.set_legacy_mode("auto")
