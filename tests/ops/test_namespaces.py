"""The names of keras.ops and of its namespaces: all of real Keras's, and the same functions."""

import types

import keras as reference
import numpy as np
import pytest
import torch

import torchkeras as keras


def names(module):
    return {
        n
        for n, v in vars(module).items()
        if not n.startswith("_") and not isinstance(v, types.ModuleType)
    }


@pytest.mark.parametrize("space", ["numpy", "nn", "linalg", "image"])
def test_names(space):
    ours, theirs = (names(getattr(lib.ops, space)) for lib in (keras, reference))
    assert theirs - ours == set()
    assert ours - theirs == set()


@pytest.mark.parametrize("space", ["numpy", "nn", "linalg"])
def test_they_are_the_ops_themselves(space):
    for name in names(getattr(reference.ops, space)):
        assert getattr(getattr(keras.ops, space), name) is getattr(keras.ops, name)


def test_all_ops_are_there():
    assert names(reference.ops) - names(keras.ops) == set()


@pytest.mark.parametrize("scale", [1.0, -1.0])
def test_slogdet(scale):
    x = torch.rand(2, 3, 3, generator=torch.Generator().manual_seed(0)) * scale
    sign, logarithm = keras.ops.slogdet(x)
    want = np.linalg.slogdet(x.numpy())
    np.testing.assert_allclose(sign, want[0])
    np.testing.assert_allclose(logarithm, want[1], rtol=1e-5)
    assert [t.shape for t in keras.ops.slogdet(keras.KerasTensor((None, 3, 3)))] == [(None,)] * 2
