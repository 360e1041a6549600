"""Layers that Keras 3 has no more: formulas of Keras 1 written out in NumPy, and their files.

What tf.keras still had is compared with its own outputs in tests/saving/legacy/config.
"""

import json

import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close, rand
from torchkeras.layers import legacy

L = legacy


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.log1p(np.exp(x))


# (class, arguments, shape of a sample)
CASES = [
    ("ThresholdedReLU", {"theta": 0.3}, (4,)),
    ("ParametricSoftplus", {"alpha_init": 0.5, "beta_init": 2.0}, (4,)),
    ("ParametricSoftplus", {"shared_axes": [1]}, (3, 2)),
    ("SReLU", {"t_right_initializer": "ones", "a_left_initializer": "random_uniform"}, (4,)),
    ("SReLU", {"shared_axes": [1, 2]}, (2, 3, 2)),
    ("MaxoutDense", {"units": 3}, (4,)),
    ("MaxoutDense", {"units": 2, "nb_feature": 1, "use_bias": False}, (4,)),
    ("Highway", {}, (4,)),
    ("Highway", {"activation": "tanh", "use_bias": False, "kernel_regularizer": "l2"}, (4,)),
    ("LocallyConnected1D", {"filters": 2, "kernel_size": 3, "strides": 2}, (7, 2)),
    ("LocallyConnected1D", {"filters": 2, "kernel_size": 2, "padding": "same",
                            "implementation": 3, "activation": "relu"}, (5, 2)),
    ("LocallyConnected2D", {"filters": 2, "kernel_size": (2, 3)}, (4, 5, 2)),
    ("LocallyConnected2D", {"filters": 2, "kernel_size": 2, "implementation": 2,
                            "data_format": "channels_first"}, (2, 4, 3)),
    ("ModalBatchNormalization", {"mode": 1}, (4,)),
    ("ModalBatchNormalization", {"mode": 2, "axis": 1}, (3, 2, 2)),
    ("RandomFourierFeatures", {"output_dim": 3}, (4,)),
    ("RandomFourierFeatures", {"output_dim": 3, "kernel_initializer": "laplacian",
                               "trainable": True}, (4,)),
    ("RandomHeight", {"factor": 0.2}, (4, 4, 1)),
    ("RandomWidth", {"factor": (-0.1, 0.2), "interpolation": "nearest"}, (4, 4, 1)),
]  # fmt: skip
IDS = [f"{name}-{i}" for i, (name, _, _) in enumerate(CASES)]


@pytest.mark.parametrize(("name", "arguments", "shape"), CASES, ids=IDS)
def test_files_and_symbols(name, arguments, shape, tmp_path):
    x = rand(3, *shape)
    layer = getattr(L, name)(**arguments)
    model = torchkeras.Sequential([torchkeras.Input(shape), layer])
    want = model(x, training=False)
    sizes = (None, *want.shape[1:])
    if not name.startswith("Random") or name.endswith("Features"):
        assert model.output_shape == sizes
    config = layer.get_config()
    plain = {k: v for k, v in arguments.items() if isinstance(v, (int, float))}
    assert all(config[k] in (v, (v,), (v, v)) for k, v in plain.items())
    again = torchkeras.models.model_from_json(model.to_json()).layers[0]
    assert type(again) is type(layer)
    assert json.dumps(again.get_config()) == json.dumps(config)  # JSON has no tuples
    model.save(tmp_path / "m.keras")
    assert_close(torchkeras.models.load_model(tmp_path / "m.keras")(x, training=False), want)


@pytest.mark.parametrize(("name", "arguments", "shape"), CASES[:15], ids=IDS[:15])
def test_gradients(name, arguments, shape):
    layer = getattr(L, name)(dtype="float64", **arguments)
    x = torch.tensor(rand(2, *shape, dtype="float64", seed=1), requires_grad=True)
    layer(x)
    assert torch.autograd.gradcheck(lambda x: layer(x), (x,), atol=1e-5)
    loss = layer(x).square().sum()
    if not layer.trainable_weights:
        return
    grads = torch.autograd.grad(loss, layer.trainable_weights, allow_unused=True)
    assert all(g is not None and torch.isfinite(g).all() for g in grads)


def weights_of(layer):
    """The layer's weights as numbers that are not all alike."""
    for i, w in enumerate(layer.weights):
        w.assign(rand(*w.shape, seed=i))
    return [w.numpy() for w in layer.weights]


def test_maxout():
    layer, x = L.MaxoutDense(3, nb_feature=2), rand(5, 4)
    layer.build((None, 4))
    kernel, bias = weights_of(layer)
    assert kernel.shape == (2, 4, 3) and bias.shape == (2, 3)
    assert_close(layer(x), np.max([x @ k + b for k, b in zip(kernel, bias, strict=True)], 0))


def test_highway():
    layer, x = L.Highway("relu"), rand(5, 4)
    layer.build((None, 4))
    assert layer.bias_carry.numpy().tolist() == [1.0] * 4
    kernel, carry, bias, bias_carry = weights_of(layer)
    gate = sigmoid(x @ carry + bias_carry)
    assert_close(layer(x), gate * np.maximum(x @ kernel + bias, 0) + (1 - gate) * x)


def test_srelu():
    layer, x = L.SReLU(), rand(5, 4, low=-3, high=3)
    layer.build((None, 4))
    left, below, distance, above = weights_of(layer)
    right = left + np.abs(distance)
    want = np.where(x < left, left + below * (x - left), x)
    assert_close(layer(x), np.where(x > right, right + above * (x - right), want))


def test_parametric_softplus():
    layer, x = L.ParametricSoftplus(), rand(5, 4)
    layer.build((None, 4))
    assert [w.numpy().tolist() for w in layer.weights] == [
        pytest.approx([0.2] * 4),
        pytest.approx([5.0] * 4),
    ]
    alpha, beta = weights_of(layer)
    assert_close(layer(x), alpha * softplus(beta * x))


@pytest.mark.parametrize("training", [False, True])
def test_modes_of_batch_normalization(training):
    x, epsilon = rand(6, 3, 4, low=-2, high=5), 0.1
    for mode, axes in ((1, -1), (2, (0, 1))):
        layer = L.ModalBatchNormalization(mode, epsilon=epsilon)
        layer.build((None, 3, 4))
        gamma, beta, *_ = weights_of(layer)
        mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
        more = epsilon if mode == 1 else 0
        want = gamma * (x - mean) / (np.sqrt(var + epsilon) + more) + beta
        assert_close(layer(x, training=training), want)
        assert [w.name for w in layer.non_trainable_weights] == ["moving_mean", "moving_variance"]


@pytest.mark.parametrize("format_", ["channels_last", "channels_first"])
@pytest.mark.parametrize(("size", "strides"), [((2, 3), (1, 1)), ((3, 1), (2, 2))])
def test_implementations_of_locally_connected_agree(format_, size, strides):
    """All three hold the same kernel, each in its own form."""
    first = format_ == "channels_first"
    x = rand(2, 2, 5, 6) if first else rand(2, 5, 6, 2)
    layers = [
        L.LocallyConnected2D(3, size, strides, data_format=format_, implementation=i)
        for i in (1, 2, 3)
    ]
    for layer in layers:
        layer.build(x.shape)
    one, two, three = layers
    weights_of(two)
    matrix = two.kernel.detach().reshape(two._mask().shape) * two._mask()
    three.kernel.data = matrix.t()[two._mask().t()]
    three.bias.assign(two.bias)
    assert_close(three(x), two(x))
    # of each place: the rows of the matrix that its window sees
    shape = (*two._sources, 2) if not first else (2, *two._sources)
    rows = np.arange(np.prod(shape)).reshape(shape)
    if first:
        rows = np.moveaxis(rows, 0, -1)
    kernels = []
    columns = matrix.shape[1] // 3
    for place in range(columns):
        window = two._windows()[place]
        seen = rows.reshape(-1, 2)[window]  # (window, channels)
        seen = seen.T.ravel() if first else seen.ravel()
        own = [f * columns + place if first else place * 3 + f for f in range(3)]
        kernels.append(matrix[seen][:, own])
    one.kernel.assign(torch.stack(kernels))
    one.bias.assign(two.bias)
    assert_close(one(x), two(x))


def test_random_sizes():
    x = rand(2, 10, 10, 3)
    heights = {L.RandomHeight(0.5, seed=i)(x, training=True).shape[1] for i in range(20)}
    assert len(heights) > 3 and min(heights) >= 5 and max(heights) <= 15
    out = L.RandomWidth((0.5, 0.5))(x, training=True)
    assert_close(out, torchkeras.layers.Resizing(10, 15)(x))
    assert L.RandomWidth(0.5)(x, training=False).shape == x.shape
    assert L.RandomHeight(0.5).compute_output_shape((None, 4, 4, 3)) == (None, None, 4, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L.ThresholdedReLU(-1), r"ThresholdedReLU: theta must be a number >= 0"),
        (lambda: L.MaxoutDense(0), r"MaxoutDense: units must be a positive integer"),
        (lambda: L.LocallyConnected1D(1, 2, padding="same"), "1 has padding='valid'"),
        (lambda: L.LocallyConnected1D(1, 2, implementation=4), r"implementation must be one of"),
        (lambda: L.LocallyConnected1D(1, 5)(rand(2, 3, 1)), "kernel is larger"),
        (lambda: L.ModalBatchNormalization(0), r"mode must be one of"),
        (lambda: L.RandomHeight("x"), r"factor must be a number >= 0, or a pair"),
        (lambda: L.RandomFourierFeatures(3, "cubic"), r"kernel_initializer must be one of"),
        (lambda: L.RandomFourierFeatures(3, scale=0), r"scale must be positive"),
        (lambda: L.Highway().build((None, None)), "last dimension"),
        (lambda: L.SReLU().build((None, None)), r"sizes of the input must be known, or shared"),
    ],
)  # fmt: skip
def test_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_they_are_no_names_of_keras_layers():
    public = set(legacy.__dict__) - {"activations", "dense", "fourier", "locally_connected"}
    classes = {n for n in public if isinstance(getattr(legacy, n), type)}
    assert len(classes) >= 11
    assert not classes & set(dir(torchkeras.layers))
