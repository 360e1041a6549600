"""Layers of numbers and sounds under torch's own tools: copies, compilation, export."""

import copy
import pickle

import pytest
import torch

import torchkeras
from oracle import assert_close, rand


def adapted(layer):
    layer.adapt(rand(6, 5))
    return layer


LAYERS = {
    "Normalization": lambda k: (adapted(k.Normalization()), rand(6, 5)),
    "given": lambda k: (k.Normalization(mean=1.0, variance=2.0), rand(6, 5)),
    "Discretization": lambda k: (k.Discretization([0.0, 1.0], output_mode="count"), rand(6, 5)),
    "adapted bins": lambda k: (adapted(k.Discretization(num_bins=4)), rand(6, 5)),
    "CategoryEncoding": lambda k: (
        k.CategoryEncoding(5, "one_hot"),
        rand(4, 3, low=0, high=5, dtype="int64"),
    ),
    "STFTSpectrogram": lambda k: (k.STFTSpectrogram(frame_length=16), rand(2, 100, 1)),
    "MelSpectrogram": lambda k: (k.MelSpectrogram(fft_length=64), rand(2, 200)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_tools(name):
    layer, x = LAYERS[name](torchkeras.layers)
    x = torch.tensor(x)
    want = layer(x)
    assert_close(copy.deepcopy(layer)(x), want)
    assert_close(pickle.loads(pickle.dumps(layer))(x), want)
    wide = layer.to(torch.float64)(x.double() if x.is_floating_point() else x)
    assert_close(wide, want, 1e-3, 1e-4)


# Export of the spectrograms takes a second each.
SLOW = ("STFTSpectrogram", "MelSpectrogram")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.sweep if n in SLOW else ()) for n in LAYERS]
)
def test_compiled_and_exported(name):
    layer, x = LAYERS[name](torchkeras.layers)
    x = torch.tensor(x)
    want = layer(x)
    assert_close(torch.compile(layer, fullgraph=True, backend="eager")(x), want)
    assert_close(torch.export.export(layer, (x,)).module()(x), want)
