"""Weights of some objects only, and of objects that a file knows by another name."""

import warnings

import h5py
import keras
import numpy as np
import pytest
from saving.zoo import rand

import torchkeras
from oracle import to_numpy

LIBRARIES = (torchkeras, keras)


def nested(k):
    """A model of two layers, of which the second holds another one."""
    first, second = k.layers.Dense(3, name="first"), k.layers.Dense(2, name="second")
    return k.Sequential([k.Input((5, 4)), first, k.layers.TimeDistributed(second, name="outer")])


def kernels(model):
    return [np.asarray(w) for w in model.get_weights()][::2]


@pytest.mark.parametrize("suffix", [".weights.h5", ".weights.json"])
@pytest.mark.parametrize("when", ["saving", "loading", "both"])
@pytest.mark.parametrize("pair", [(torchkeras, keras), (keras, torchkeras)])
def test_objects_to_skip(pair, when, suffix, tmp_path):
    (source, target), path = pair, tmp_path / f"m{suffix}"
    model, other = nested(source), nested(target)
    before = kernels(other)
    limit = {"max_shard_size": 1} if suffix == ".weights.json" else {}
    skip = {"objects_to_skip": [model.get_layer("outer")]} if when != "loading" else {}
    source.saving.save_weights(model, path, **limit, **skip)
    if when == "saving":
        with pytest.raises(ValueError, match=r"weights|variables"):
            other.load_weights(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error" if target is torchkeras else "ignore")
        other.load_weights(path, objects_to_skip=[other.get_layer("outer")])
    assert np.array_equal(kernels(other)[0], kernels(model)[0])
    assert np.array_equal(kernels(other)[1], before[1])


def test_formats_without_paths_refuse(tmp_path):
    model = nested(torchkeras)
    for name, save in (
        ("m.keras", model.save),
        ("m.h5", model.save),
        ("m.npz", model.save_weights),
    ):
        save(tmp_path / name)
        with pytest.raises(ValueError, match="objects_to_skip must be None"):
            model.load_weights(tmp_path / name, objects_to_skip=[])


def model_of(k, fill):
    class Own(k.Model):
        def __init__(self):
            super().__init__()
            fill(self, k.layers)

        def call(self, x):
            for layer in self.all():
                x = layer(x)
            return x

    model = Own()
    model(rand(2, 4))
    return model


@pytest.mark.parametrize("k", LIBRARIES)
def test_an_object_under_another_attribute(k, tmp_path):
    def old(self, L):
        self.dense, self.all = L.Dense(3), lambda: [self.dense]

    def new(self, L):
        self.a_dense, self.all = L.Dense(3), lambda: [self.a_dense]
        type(self).dense = property(lambda self: self.a_dense)

    source, target = model_of(k, old), model_of(k, new)
    source.save_weights(tmp_path / "m.weights.h5")
    target.load_weights(tmp_path / "m.weights.h5")
    assert np.array_equal(to_numpy(target.a_dense.kernel), to_numpy(source.dense.kernel))


@pytest.mark.parametrize("k", LIBRARIES)
def test_lists_in_lists_of_files_before_keras_3_15(k, tmp_path):
    def fill(self, L):
        self.blocks = [(L.Dense(4),), [L.Dense(4), [L.Dense(2)]]]
        self.all = lambda: [self.blocks[0][0], self.blocks[1][0], self.blocks[1][1][0]]

    source, target, path = model_of(k, fill), model_of(k, fill), tmp_path / "m.weights.h5"
    source.save_weights(path)
    with h5py.File(path, "r+") as f:  # these versions looked into `layers` alone
        f.require_group("layers")
        for i, old in enumerate(("container", "container_1", "container_1/container")):
            f.move(f"blocks/{old}/dense", f"layers/dense{f'_{i}' if i else ''}")
        del f["blocks"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if k is keras else "error")
        target.load_weights(path)
    for a, b in zip(target.get_weights(), source.get_weights(), strict=True):
        assert np.array_equal(a, b)
