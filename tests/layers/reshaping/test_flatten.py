"""Flatten against real Keras."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import check_layer, rand


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first", None])
@pytest.mark.parametrize("shape", [(), (3,), (3, 4), (3, 4, 2), (2, 3, 4, 2), (3, 1), (0, 4)])
def test_shapes(shape, data_format):
    args = {} if data_format is None else {"data_format": data_format}
    check_layer("Flatten", args, rand(2, *shape), symbolic=shape != ())
    check_layer("Flatten", args, rand(0, *shape), grads=False, symbolic=False)


def test_dtypes():
    check_layer("Flatten", {}, rand(2, 3, 4), dtype="mixed_bfloat16")
    check_layer("Flatten", {}, rand(2, 3, 4, low=0, high=9, dtype="int32"))
    check_layer("Flatten", {}, rand(2, 3, 4) > 0)
    check_layer("Flatten", {"activity_regularizer": "l2"}, rand(2, 3))


@pytest.mark.parametrize(
    "shape", [(None, None, 3), (None, 2, 3), (2,), (None,), (4, None, 0), (None, 5)]
)
def test_unknown_sizes(shape):
    ours, theirs = (lib.layers.Flatten().compute_output_shape(shape) for lib in (torchkeras, keras))
    assert ours == theirs


@pytest.mark.parametrize("shape", [(2, 4), (2, 4, 3)])
def test_a_mask_ends_here(shape):
    mask = np.array([[True, True, False, False], [True] * 4])
    with pytest.warns(UserWarning, match="does not support masking"):
        check_layer("Flatten", {}, rand(*shape), mask=mask)


def test_wrong_rank():
    with pytest.raises(ValueError, match="min_ndim=1"):
        torchkeras.layers.Flatten()(torch.tensor(3.0))


def test_it_is_a_view():
    x = torch.rand(2, 3, 4)
    assert torchkeras.layers.Flatten()(x).data_ptr() == x.data_ptr()
