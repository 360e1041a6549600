"""Spatial dropout against real Keras."""

import keras
import pytest
import torch

import torchkeras
from oracle import check_layer, rand


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("data_format", [None, "channels_last", "channels_first"])
@pytest.mark.parametrize("rate", [0.0, 0.4])
def test_like_keras(rank, data_format, rate):
    args = {"rate": rate, "seed": 3}
    if rank > 1:
        args["data_format"] = data_format
    x = rand(2, *(3, 4, 2)[:rank], 5)
    check_layer(f"SpatialDropout{rank}D", args, x)
    check_layer(f"SpatialDropout{rank}D", args, x, training=True, values=rate == 0)
    out = getattr(torchkeras.layers, f"SpatialDropout{rank}D")(**args)(
        torch.ones(x.shape), training=True
    )
    axes = (
        range(1, rank + 1) if rank == 1 or data_format != "channels_first" else range(2, rank + 2)
    )
    for axis in axes:
        assert (out == out.select(axis, 0).unsqueeze(axis)).all()


def test_policy_is_kept():
    layer = torchkeras.layers.SpatialDropout1D(0.5, dtype="mixed_bfloat16")
    again = torchkeras.layers.SpatialDropout1D.from_config(layer.get_config())
    assert again.compute_dtype == "bfloat16" and again.dtype == "float32"


def test_wrong_arguments():
    for lib in (keras, torchkeras):
        with pytest.raises(ValueError, match=r"data_format.*must be one of.*x"):
            lib.layers.SpatialDropout2D(0.5, data_format="x")
        with pytest.raises(ValueError, match=r"rate.*rate=2\.0"):
            lib.layers.SpatialDropout2D(2.0)
        with pytest.raises(ValueError, match="expected ndim=4, found ndim=3"):
            lib.layers.SpatialDropout2D(0.5)(rand(2, 3, 4))
