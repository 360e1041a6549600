"""BatchNormalization against real Keras."""

import itertools

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import check_layer, rand

SHAPES = [(6, 3), (4, 5, 3), (2, 4, 5, 3), (2, 3, 4, 2, 3)]
BIG = {"atol": 1e-5}


def cases():
    for shape in SHAPES:
        for axis in {-1, 1, len(shape) - 1}:
            yield shape, axis


@pytest.mark.parametrize(("shape", "axis"), [*cases()])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("center", "scale"), [*itertools.product([True, False], repeat=2)])
def test_numbers(shape, axis, training, center, scale):
    args = {"axis": axis, "center": center, "scale": scale, "momentum": 0.8, "epsilon": 1e-2}
    check_layer("BatchNormalization", args, rand(*shape) * 3 + 1, training=training, **BIG)


@pytest.mark.parametrize("training", [None, True, False])
@pytest.mark.parametrize("trainable", [True, False])
def test_frozen(training, trainable):
    check_layer(
        "BatchNormalization", {"trainable": trainable}, rand(6, 3), training=training, **BIG
    )


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16", "float64"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("axis", [1, -1])
def test_dtypes(dtype, training, axis):
    options = {} if dtype == "float64" else {"rtol": 2e-2, "atol": 6e-2}
    check_layer("BatchNormalization", {"axis": axis}, rand(4, 3, 5, 3), training=training,
                dtype=dtype, **options)  # fmt: skip


@pytest.mark.parametrize("axis", [1, -1])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("whole", [True, False])
def test_masks(axis, training, whole):
    mask = rand(4, 5, seed=3) > -0.3
    mask[0] = False
    if whole:
        mask[:] = True
    if axis == 1:
        mask = mask[:, :3]
    shape = (4, 3, 5) if axis == 1 else (4, 5, 3)
    check_layer("BatchNormalization", {"axis": axis}, rand(*shape) + 1, mask=mask,
                training=training, **BIG)  # fmt: skip


def test_all_hidden():
    mask = np.zeros((4, 5), bool)
    check_layer("BatchNormalization", {}, rand(4, 5, 3), mask=mask, training=True, grads=False)


def test_penalties_and_constraints():
    def args(lib):
        return {
            "beta_initializer": "ones",
            "gamma_initializer": lib.initializers.Constant(0.5),
            "moving_mean_initializer": "ones",
            "moving_variance_initializer": lib.initializers.Constant(2.0),
            "beta_regularizer": "l1",
            "gamma_regularizer": "l2",
            "beta_constraint": "non_neg",
            "gamma_constraint": "unit_norm",
            "synchronized": False,
        }

    check_layer("BatchNormalization", args, rand(6, 3), training=True, **BIG)


@pytest.mark.parametrize("shape", [(1, 3), (1, 1, 3), (2, 3), (1, 2, 2, 3)])
def test_small_batches(shape):
    check_layer("BatchNormalization", {}, rand(*shape) * 3, training=True, **BIG)


def test_integers():
    check_layer("BatchNormalization", {}, rand(6, 3, low=0, high=9, dtype="int32"), training=True,
                symbolic=False, **BIG)  # fmt: skip


def test_memory_orders():
    """A permuted or sliced input gives the same numbers."""
    x = torch.tensor(rand(2, 3, 4, 5))
    for y in (x.permute(0, 2, 3, 1), x[:, :, ::2], x[..., 1:4]):
        layer = torchkeras.layers.BatchNormalization()
        again = torchkeras.layers.BatchNormalization()
        torch.testing.assert_close(
            layer(y, training=True), again(y.contiguous(), training=True), rtol=1e-5, atol=1e-5
        )


@pytest.mark.parametrize("clipping", [None, {"rmax": 1.5, "rmin": 0.7, "dmax": 0.3}, {"dmax": 0.1}])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("shape", "axis"), [((6, 3), -1), ((4, 3, 5), 1)])
def test_renorm(clipping, training, shape, axis):
    args = {"renorm": True, "renorm_clipping": clipping, "renorm_momentum": 0.7, "axis": axis}
    check_layer("BatchNormalization", args, rand(*shape) * 3 + 1, training=training, **BIG)


def test_renorm_many_steps():
    args = {"renorm": True, "renorm_clipping": {"rmax": 1.1}, "momentum": 0.6}
    layers = [lib.layers.BatchNormalization(**args) for lib in (torchkeras, keras)]
    for step in range(5):
        x = rand(8, 3, seed=step) * (step + 1) + step
        a, b = (layer(torch.tensor(x), training=True) for layer in layers)
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
    for a, b in zip(*(layer.get_weights() for layer in layers), strict=True):
        np.testing.assert_allclose(a, b, 1e-5, 1e-6)


def test_wrong_arguments():
    for lib in (keras, torchkeras):
        with pytest.raises((ValueError, IndexError)):
            lib.layers.BatchNormalization(axis=5)(rand(2, 3))
        with pytest.raises(ValueError, match=r"renorm_clipping.*what"):
            lib.layers.BatchNormalization(renorm=True, renorm_clipping={"what": 1.0})
        with pytest.raises(ValueError, match="rmax"):
            lib.layers.BatchNormalization(renorm=True, renorm_clipping={"rmax": 1.0, "rmin": 2.0})
        with pytest.raises(ValueError, match=r"known|fully-defined"):
            lib.layers.BatchNormalization().build((None, None))
        layer = lib.layers.BatchNormalization()
        layer(rand(2, 3))
        with pytest.raises(ValueError, match=r"axis -?1 of input shape to have value 3.*\(2, 4\)"):
            layer(rand(2, 4))


def test_state_is_in_the_buffers():
    layer = torchkeras.layers.BatchNormalization()
    layer.build((None, 3))
    assert [n for n, _ in layer.named_buffers()] == ["moving_mean", "moving_variance"]
    assert [n for n, _ in layer.named_parameters()] == ["gamma", "beta"]
