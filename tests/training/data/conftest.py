"""What real Keras feeds to `train_step`, and what our adapters feed, in one form."""

import warnings

import keras
import numpy as np
import pytest
import torch

from torchkeras.training.data import make_adapter


class Recorder(keras.Model):
    """A Keras model that trains nothing and keeps what it is fed."""

    def __init__(self):
        super().__init__()
        self.batches = []
        self.built = True

    def _symbolic_build(self, *args, **kwargs):
        pass

    def train_step(self, data):
        self.batches.append(data)
        return {"loss": torch.zeros(())}


def plain(part):
    """Tensors and arrays as (dtype, nested list), so that `==` compares all there is."""
    if isinstance(part, dict):
        return {k: plain(v) for k, v in part.items()}
    if isinstance(part, (list, tuple)):
        return type(part)(plain(v) for v in part)
    if part is None:
        return None
    part = torch.as_tensor(part)
    return str(part.dtype), tuple(part.shape), part.tolist()


def part_of(data):
    """(x, y, sample_weight) of what a Keras step gets."""
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    return (*data, None, None)[:3]


@pytest.fixture
def keras_feeds():
    """`keras_feeds(x, y, epochs=2, seed=None, **fit)` -> the batches of all epochs in a row."""

    def feed(x, y=None, *, seed=None, **fit):
        model = Recorder()
        model.compile("sgd", "mse")
        if seed is not None:
            keras.utils.set_random_seed(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(x, y, verbose=0, **fit)
        return [tuple(plain(p) for p in part_of(b)) for b in model.batches]

    return feed


@pytest.fixture
def we_feed():
    """The same from our adapter."""

    def feed(x, y=None, *, seed=None, epochs=1, steps_per_epoch=None, shuffle=True, **given):
        if seed is not None:
            torch.manual_seed(seed)
        adapter = make_adapter(x, y, shuffle=shuffle, steps=steps_per_epoch, **given)
        fed = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(epochs):
                adapter.on_epoch_begin()
                fed += [tuple(plain(p) for p in batch) for batch in adapter.batches()]
                adapter.on_epoch_end()
        return fed

    return feed


@pytest.fixture
def xy():
    """Ten samples of two features, and their numbers."""
    return np.arange(20, dtype="float32").reshape(10, 2), np.arange(10)
