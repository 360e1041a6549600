"""`keras.backend`: its functions give what tf_keras 2.21 gave, recorded in golden/."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from keras_backend_cases import results

import torchkeras
from oracle import rand
from torchkeras.compat.alias import AliasModule

K = AliasModule("keras.backend", "backend")

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "keras_backend.json").read_text())


def same(a, b):
    if isinstance(b, list):
        return isinstance(a, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(b, float) and isinstance(a, (int, float)):
        return bool(np.isclose(a, b, rtol=2e-5, atol=2e-6, equal_nan=True))
    return a == b and isinstance(a, bool) == isinstance(b, bool)


@pytest.fixture(scope="module")
def ours():
    return results(K)


@pytest.mark.parametrize("name", sorted({key.partition("(")[0] for key in GOLDEN}))
def test_function(ours, name):
    cases = {k: v for k, v in GOLDEN.items() if k.partition("(")[0] == name}
    wrong = {k: (ours.get(k), v) for k, v in cases.items() if not same(ours.get(k), v)}
    assert not wrong


def test_all_functions_of_all_versions_are_there():
    names = [
        "asymmetric_spatial_2d_padding",
        "atrous_conv2d",
        "clear_session",
        "control_dependencies",
        "conv3d_transpose",
        "deconv2d",
        "function",
        "get_session",
        "get_uid",
        "get_variable_shape",
        "gradients",
        "identity",
        "image_dim_ordering",
        "is_placeholder",
        "is_symbolic",
        "is_tensor",
        "is_variable",
        "learning_phase",
        "learning_phase_scope",
        "lesser",
        "lesser_equal",
        "logsumexp",
        "manual_variable_initialization",
        "name_scope",
        "normalize_data_format",
        "placeholder",
        "print_tensor",
        "random_binomial",
        "random_normal_variable",
        "reset_uids",
        "separable_conv1d",
        "set_image_dim_ordering",
        "set_learning_phase",
        "set_session",
        "set_value",
        "slice",
        "to_dense",
        "truncated_normal",
        "batch_set_value",
        "eval",
        "size",
        "set_epsilon",
    ]
    assert not [n for n in (*names, *{k.partition("(")[0] for k in GOLDEN}) if not hasattr(K, n)]


class TestFunction:
    def model(self):
        torchkeras.utils.set_random_seed(1)
        L = torchkeras.layers
        return torchkeras.Sequential(
            [L.Input((3,)), L.Dense(4, activation="tanh"), L.Dropout(0.5), L.Dense(2)]
        )

    def test_outputs_of_inner_layers(self):
        model = self.model()
        x = np.ones((5, 3), "float32")
        inner = K.function([model.input], [model.layers[0].output, model.output])([x])
        np.testing.assert_allclose(inner[1], model.predict(x, verbose=0), rtol=1e-6)
        assert [a.shape for a in inner] == [(5, 4), (5, 2)]

    def test_learning_phase_switches_dropout_on(self):
        model = self.model()
        x = np.ones((64, 3), "float32")
        f = K.function([model.input, K.learning_phase()], [model.output])
        quiet, again, noisy = f([x, 0])[0], f([x, 0])[0], f([x, 1])[0]
        np.testing.assert_array_equal(quiet, again)
        assert np.ptp(quiet[:, 0]) < 1e-6 < np.ptp(noisy[:, 0])

    def test_gradient_of_an_output_as_in_saliency_maps(self):
        model = self.model()
        loss = K.mean(model.output[:, 1])
        grads = K.gradients(loss, model.input)[0]
        grads /= K.sqrt(K.mean(K.square(grads))) + 1e-5
        x = rand(6, 3)
        loss_value, found = K.function([model.input], [loss, grads])([x])
        t = torch.tensor(x, requires_grad=True)
        model(t)[:, 1].mean().backward()
        wanted = t.grad / (t.grad.square().mean().sqrt() + 1e-5)
        np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-4, atol=1e-6)
        assert np.ndim(loss_value) == 0

    def test_gradient_of_a_feature_map_as_in_grad_cam(self):
        L = torchkeras.layers
        image = L.Input((6, 6, 1))
        maps = L.Conv2D(3, 3, activation="relu", name="maps")(image)
        model = torchkeras.Model(image, L.Dense(2)(L.Flatten()(maps)))
        maps = model.get_layer("maps").output
        grads = K.gradients(model.output[:, 0], maps)[0]
        pooled = K.mean(grads, axis=(0, 1, 2))
        a, b = K.function([model.input], [pooled, maps])([rand(1, 6, 6, 1)])
        assert a.shape == (3,) and b.shape == (1, 4, 4, 3) and np.abs(a).sum() > 0

    def test_updates(self):
        count = K.variable(0.0)
        x = K.placeholder((None, 1))
        f = K.function([x], [x * 2.0], updates=[(count, count + 1.0)])
        f([np.ones((1, 1))])
        assert float(K.get_value(count)) == 1.0


def test_names_of_keras_1():
    x = K.constant(rand(1, 4, 4, 2))
    kernel = K.constant(rand(3, 3, 2, 2))
    assert K.lesser is K.less and K.lesser_equal is K.less_equal
    atrous = K.atrous_conv2d(K.constant(rand(1, 7, 7, 2)), kernel, rate=2, dim_ordering="tf")
    assert tuple(atrous.shape) == (1, 3, 3, 2)
    back = K.deconv2d(x, kernel, (1, 8, 8, 2), strides=(2, 2), border_mode="same")
    np.testing.assert_allclose(
        K.get_value(back),
        K.get_value(K.conv2d_transpose(x, kernel, (1, 8, 8, 2), strides=(2, 2), padding="same")),
    )
    assert K.image_dim_ordering() == "tf"
    with pytest.raises(NotImplementedError, match="torch has no sessions"):
        K.get_session()


def test_learning_phase_scope():
    dropout = torchkeras.layers.Dropout(0.5)
    x = torch.ones(100)
    with K.learning_phase_scope(1):
        assert K.learning_phase() == 1 and K.in_train_phase(1.0, 2.0) == 1.0
        assert (dropout(x) == 0).any()
    assert K.learning_phase() == 0 and not (dropout(x) == 0).any()
