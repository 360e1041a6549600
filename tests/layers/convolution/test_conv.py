"""Conv1D, Conv2D, Conv3D against real Keras."""

import copy
import itertools
import pickle

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close, check_layer, copy_weights, rand

FORMATS = ("channels_last", "channels_first")


def image(rank: int, size: int, channels: int, data_format: str, batch: int = 2) -> np.ndarray:
    """A batch whose spatial dimensions all have another size."""
    spatial = tuple(size + i for i in range(rank))
    if data_format == "channels_last":
        return rand(batch, *spatial, channels)
    return rand(batch, channels, *spatial)


def geometry(rank: int, paddings, strides, dilations, kernels, sizes):
    """All combinations that Keras takes and that leave an output."""
    for padding, s, d, k, n in itertools.product(paddings, strides, dilations, kernels, sizes):
        if (s == 1 or d == 1) and (padding != "valid" or d * (k - 1) < n):
            yield rank, padding, s, d, k, n


def check(rank, args, x, **kwargs):
    fast = {"config": False, "symbolic": False} | kwargs
    return check_layer(f"Conv{rank}D", {"kernel_initializer": "he_normal", **args}, x, **fast)


CASES = [
    *geometry(1, ("valid", "same", "causal"), (1, 2, 3), (1, 2, 3), (1, 2, 3, 4, 5), (7, 8)),
    *geometry(2, ("valid", "same"), (1, 2, 3), (1, 2), (1, 2, 3, 4), (5, 6)),
    *geometry(3, ("valid", "same"), (1, 2), (1, 2), (2, 3), (4,)),
]


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(("rank", "padding", "strides", "dilation", "kernel", "size"), CASES)
def test_geometry(rank, padding, strides, dilation, kernel, size, data_format):
    args = {
        "filters": 4,
        "kernel_size": kernel,
        "strides": strides,
        "padding": padding,
        "dilation_rate": dilation,
        "data_format": data_format,
    }
    check(rank, args, image(rank, size, 3, data_format))


@pytest.mark.parametrize(
    ("kernel", "strides", "dilation", "padding"),
    [
        ((3, 2), (1, 1), (1, 2), "same"),
        ((2, 5), (2, 1), (1, 1), "same"),
        ((4, 1), (3, 2), (1, 1), "same"),
        ((1, 3), (1, 3), (1, 1), "valid"),
        ((2, 3), (1, 1), (3, 1), "valid"),
    ],
)
@pytest.mark.parametrize("data_format", FORMATS)
def test_each_dimension_has_its_own_arguments(kernel, strides, dilation, padding, data_format):
    args = {
        "filters": 2,
        "kernel_size": kernel,
        "strides": strides,
        "padding": padding,
        "dilation_rate": dilation,
        "data_format": data_format,
    }
    check(2, args, image(2, 7, 3, data_format), config=True, symbolic=True)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_groups(rank, groups, data_format):
    args = {"filters": 8, "kernel_size": 3, "groups": groups, "data_format": data_format}
    check(rank, args, image(rank, 5, 4, data_format), config=True)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    "activation", [None, "relu", "softmax", "tanh", "gelu", "leaky_relu", "sigmoid"]
)
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_activation(rank, activation, data_format):
    args = {"filters": 4, "kernel_size": 2, "activation": activation, "data_format": data_format}
    args["bias_initializer"] = "ones"
    check(rank, args, image(rank, 4, 3, data_format), config=True, symbolic=True)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_arguments(rank):
    def args(lib):
        return {
            "filters": 4,
            "kernel_size": 3,
            "use_bias": rank != 2,
            "kernel_initializer": lib.initializers.HeNormal(seed=3),
            "bias_initializer": lib.initializers.Constant(0.3),
            "kernel_regularizer": lib.regularizers.L2(0.1),
            "bias_regularizer": "l1",
            "activity_regularizer": lib.regularizers.L1(0.2),
            "kernel_constraint": lib.constraints.MaxNorm(2.0, axis=0),
            "bias_constraint": "non_neg",
            "name": "mine",
            "trainable": rank != 3,
        }

    check_layer(f"Conv{rank}D", args, image(rank, 5, 3, "channels_last"))


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16", "mixed_bfloat16"])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_dtypes(rank, padding, dtype):
    args = {"filters": 4, "kernel_size": 2, "padding": padding, "activation": "relu"}
    check_layer(f"Conv{rank}D", args, image(rank, 4, 3, "channels_last"), dtype=dtype)


def test_integers_are_cast():
    layer = torchkeras.layers.Conv2D(2, 3)
    x = torch.randint(0, 9, (2, 5, 5, 3))
    assert_close(layer(x), layer(x.float()))
    assert torchkeras.layers.Conv2D(2, 3, dtype="mixed_bfloat16")(x).dtype == torch.bfloat16


def test_empty_batch():
    check(2, {"filters": 2, "kernel_size": 3}, rand(0, 5, 5, 3), grads=False)


def test_unknown_sizes():
    args = {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"}
    for lib in (keras, torchkeras):
        layer = lib.layers.Conv2D(**args)
        assert layer.compute_output_shape((None, None, 9, 3)) == (None, None, 5, 4)
        assert layer(lib.Input((None, None, 3))).shape == (None, None, None, 4)


def test_channels_last_stays_so_in_memory():
    """No copy on the way: dense NHWC in, dense NHWC out, gradients as the kernel lies."""
    x = torch.rand(2, 8, 8, 16, requires_grad=True)
    layer = torchkeras.layers.Conv2D(32, 3, padding="same")
    y = layer(x)
    assert y.is_contiguous()
    assert layer.kernel.permute(3, 2, 0, 1).is_contiguous(memory_format=torch.channels_last)
    y.sum().backward()
    assert layer.kernel.grad.stride() == layer.kernel.stride()
    assert x.grad.is_contiguous()
    steps = torchkeras.layers.Conv1D(32, 3, padding="causal")(torch.rand(2, 8, 16))
    assert steps.is_contiguous()


def test_channels_first_stays_so_in_memory():
    layer = torchkeras.layers.Conv2D(32, 3, data_format="channels_first")
    assert layer(torch.rand(2, 16, 8, 8)).is_contiguous()
    assert layer.kernel.permute(3, 2, 0, 1).is_contiguous()


@pytest.mark.parametrize(("size", "copies"), [(9, 0), (8, 1)])
def test_only_uneven_padding_costs_a_copy(size, copies, monkeypatch):
    calls = []
    pad = torch.constant_pad_nd
    monkeypatch.setattr(torch, "constant_pad_nd", lambda *a: calls.append(a) or pad(*a))
    torchkeras.layers.Conv2D(2, 3, strides=2, padding="same")(torch.rand(1, size, size, 3))
    assert len(calls) == copies


def test_tools_of_torch_work():
    """The ReLU in place is seen by none of them."""
    layer = torchkeras.layers.Conv2D(2, 2, activation="relu", dtype="float64")
    x = torch.rand(2, 4, 4, 2, dtype=torch.float64, requires_grad=True)
    y = layer(x)
    assert torch.autograd.gradcheck(layer, (x,)) and torch.autograd.gradgradcheck(layer, (x,))
    torch.testing.assert_close(torch.func.vmap(lambda t: layer(t[None])[0])(x), y)
    torch.testing.assert_close(pickle.loads(pickle.dumps(layer))(x), y)
    torch.testing.assert_close(copy.deepcopy(layer)(x), y)
    exported = torch.export.export(layer, (x,)).module()
    torch.testing.assert_close(exported(x), y)


def test_global_data_format():
    for lib in (keras, torchkeras):
        lib.config.set_image_data_format("channels_first")
        layer = lib.layers.Conv1D(2, 3)
        assert layer.data_format == "channels_first"
        assert layer.compute_output_shape((None, 4, 9)) == (None, 2, 7)


def test_activation_may_be_replaced():
    """Tools that look into networks take the last activation off."""
    layer = torchkeras.layers.Conv2D(2, 3, activation="relu")
    x = torch.randn(1, 5, 5, 3)
    assert layer(x).min() >= 0
    assert layer(x).min() >= 0
    layer.activation = torchkeras.activations.linear
    assert layer(x).min() < 0
    layer.activation = torchkeras.layers.Activation("tanh")
    assert -1 < layer(x).min() < 0


def test_own_convolution_op():
    """A subclass may change the kernel, as weight standardization does."""

    def standardized(lib):
        class Standardized(lib.layers.Conv2D):
            def convolution_op(self, inputs, kernel):
                kernel = kernel - torch.mean(kernel, (0, 1, 2), True)
                return super().convolution_op(inputs, kernel)

        return Standardized

    for data_format in FORMATS:
        x = torch.tensor(image(2, 6, 3, data_format))
        layers = [
            standardized(lib)(
                4, 3, activation="relu", bias_initializer="ones", data_format=data_format
            )
            for lib in (torchkeras, keras)
        ]
        ours, theirs = layers
        theirs(x), ours(x)
        copy_weights(theirs, ours)
        assert_close(ours(x), theirs(x))
    plain = torchkeras.layers.Conv2D(4, 3, padding="same")
    x = torch.rand(1, 6, 6, 3)
    assert_close(plain(x), plain.convolution_op(x, plain.kernel))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"filters": 0}, "filters must be a positive integer"),
        ({"filters": 1.5}, "filters must be a positive integer"),
        ({"kernel_size": 0}, "kernel_size must be"),
        ({"kernel_size": (3,)}, "kernel_size must be"),
        ({"kernel_size": "ab"}, "kernel_size must be"),
        ({"strides": 0}, "strides must be"),
        ({"dilation_rate": 0}, "dilation_rate must be"),
        ({"groups": 0}, "groups must be a positive integer"),
        ({"groups": 3}, "filters must be a multiple of groups"),
        ({"padding": "full"}, "padding must be one of 'valid', 'same'"),
        ({"padding": "causal"}, "padding must be one of 'valid', 'same'"),
        ({"data_format": "NHWC"}, "data_format must be one of"),
        ({"strides": 2, "dilation_rate": 2}, "exclude each other"),
        ({"strides": (2, 1), "dilation_rate": (1, 2)}, "exclude each other"),
        ({"activation": "rellu"}, "relu"),
    ],
)
def test_wrong_arguments(args, words):
    args = {"filters": 4, "kernel_size": 3, **args}
    with pytest.raises(ValueError, match=words):
        torchkeras.layers.Conv2D(**args)
    with pytest.raises(ValueError, match=r"."):
        keras.layers.Conv2D(**args)


@pytest.mark.parametrize(
    ("args", "shape", "words"),
    [
        ({"kernel_size": 9}, (2, 8, 9, 3), "output would be empty"),
        ({"groups": 2}, (2, 8, 9, 3), "channels of the inputs must be a multiple of groups"),
        ({}, (8, 9, 3), "min_ndim=4"),
    ],
)
def test_wrong_inputs(args, shape, words):
    args = {"filters": 4, "kernel_size": 3, **args}
    layer = torchkeras.layers.Conv2D(**args)
    with pytest.raises(ValueError, match=words):
        layer(torch.zeros(shape))
    assert not layer.built and not layer.weights
    with pytest.raises(ValueError, match=r"."):
        keras.layers.Conv2D(**args)(torch.zeros(shape))


def test_wrong_channels():
    layer = torchkeras.layers.Conv2D(4, 3)
    with pytest.raises(ValueError, match="channels of the inputs must be known"):
        layer(torchkeras.Input((8, 8, None)))
    layer(torch.zeros(1, 8, 8, 3))
    with pytest.raises(ValueError, match="axis -1"):
        layer(torch.zeros(1, 8, 8, 4))


def test_aliases():
    for name in ("Convolution1D", "Convolution2D", "Convolution3D"):
        ours, theirs = getattr(torchkeras.layers, name), getattr(keras.layers, name)
        assert ours.__name__ == theirs.__name__


SWEEP = [
    *geometry(2, ("valid", "same"), (1, 2, 3, 4), (1, 2, 3), (1, 2, 3, 4, 5, 7), (7, 8, 9)),
    *geometry(3, ("valid", "same"), (1, 2, 3), (1, 2), (1, 2, 3, 4), (5, 6)),
]


@pytest.mark.sweep
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(("rank", "padding", "strides", "dilation", "kernel", "size"), SWEEP)
def test_geometry_sweep(rank, padding, strides, dilation, kernel, size, data_format, groups):
    args = {
        "filters": 4,
        "kernel_size": kernel,
        "strides": strides,
        "padding": padding,
        "dilation_rate": dilation,
        "groups": groups,
        "data_format": data_format,
        "activation": "relu",
    }
    check(rank, args, image(rank, size, 4, data_format))
