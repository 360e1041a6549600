"""RMSNormalization against real Keras."""

import keras
import pytest
import torch

import torchkeras
from oracle import check_config, check_layer, clear_names, rand


@pytest.mark.parametrize(
    ("shape", "axis"), [((2, 3), -1), ((2, 5, 3), -1), ((2, 5, 3), [1, 2]), ((2, 5, 3), 2)]
)
@pytest.mark.parametrize("epsilon", [1e-6, 1e-2])
def test_numbers(shape, axis, epsilon):
    args = {"axis": axis, "epsilon": epsilon}
    check_layer("RMSNormalization", args, rand(*shape), scale_weights=1.0, config=False)
    # Keras's axis becomes another one when it is built.
    clear_names()
    check_config(torchkeras.layers.RMSNormalization(**args), keras.layers.RMSNormalization(**args))


@pytest.mark.parametrize("axis", [1, [1, 3], [3, 1]])
def test_inner_axes(axis):
    """Keras on torch fails for those; the formula is the same."""
    x = torch.tensor(rand(2, 5, 4, 3))
    layer = torchkeras.layers.RMSNormalization(axis=axis)
    want = x * torch.rsqrt(x.square().mean(axis, keepdim=True) + 1e-6)
    torch.testing.assert_close(layer(x), want)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_dtypes(dtype):
    options = {} if dtype == "float64" else {"rtol": 2e-2, "atol": 3e-2}
    check_layer("RMSNormalization", {}, rand(2, 5, 3), dtype=dtype, config=False, **options)


def test_mask_ends_here_with_a_warning_as_in_keras():
    x = torch.ones(2, 3, 4)
    x._keras_mask = torch.tensor([[True, True, False]] * 2)
    for lib in (torchkeras, keras):
        with pytest.warns(UserWarning, match="does not support mask"):
            assert getattr(lib.layers.RMSNormalization()(x), "_keras_mask", None) is None


def test_wrong_axis():
    with pytest.raises(ValueError, match="axis"):
        torchkeras.layers.RMSNormalization(axis=5)(rand(2, 3))
