"""Outputs of predict: structures as in Keras, whole arrays, nothing held twice."""

import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close, rand
from torchkeras.training import collect
from torchkeras.training.collect import Collector

PARTS = [rand(8, 3, seed=i) for i in range(3)] + [rand(5, 3, seed=4)]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("small", [1 << 30, 1])
@pytest.mark.parametrize(
    "structure",
    [
        lambda t: t,
        lambda t: [t, t * 2],
        lambda t: (t, t[:, 0]),
        lambda t: {"b": t, "a": [t.int(), t > 0]},
    ],
)
def test_parts_are_joined(monkeypatch, known, small, structure):
    monkeypatch.setattr(collect, "_SMALL", small)
    collector = Collector(29 if known else None)
    for part in PARTS:
        collector.add(structure(torch.from_numpy(part)))
    got = collector.result()
    want = structure(torch.from_numpy(np.concatenate(PARTS)))
    assert type(got) is type(want) or isinstance(got, np.ndarray)
    assert_close(got, want, 0, 0)


def test_large_outputs_are_written_in_place(monkeypatch):
    monkeypatch.setattr(collect, "_SMALL", 1)
    collector = Collector(29)
    for part in PARTS:
        collector.add(torch.from_numpy(part))
    assert collector._parts == [[]]
    assert collector.result().shape == (29, 3)


def test_fewer_samples_than_said(monkeypatch):
    monkeypatch.setattr(collect, "_SMALL", 1)
    collector = Collector(100)
    collector.add(torch.ones(8, 3))
    collector.add(torch.ones(8, 3))
    assert collector.result().shape == (16, 3)


def test_more_samples_than_said(monkeypatch):
    """A model may give more rows than it takes."""
    monkeypatch.setattr(collect, "_SMALL", 1)
    collector = Collector(16)
    for _ in range(2):
        collector.add(torch.ones(16, 3)[:12])
    assert collector.result().shape == (24, 3)


def test_numbers_and_arrays():
    collector = Collector(None)
    for i in range(3):
        collector.add({"n": torch.tensor(float(i)), "a": np.ones((2, 2)) * i})
    got = collector.result()
    assert got["n"].tolist() == [0.0, 1.0, 2.0]
    assert got["a"].shape == (6, 2)


def test_nothing():
    with pytest.raises(ValueError, match="0 samples"):
        Collector(None).result()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.int64, torch.bool])
def test_dtypes(dtype):
    collector = Collector(None)
    for _ in range(2):
        collector.add(torch.ones(2, 2).to(dtype))
    got = collector.result()
    assert isinstance(got, np.ndarray) and got.shape == (4, 2)
    assert (got.astype("f4") == 1).all()


@pytest.mark.parametrize("outputs", ["list", "tuple", "dict", "nested", "one in a list"])
def test_structures_as_in_keras(both, outputs):
    x = rand(20, 4)

    def build(lib):
        class Own(lib.Model):
            def __init__(self):
                super().__init__()
                self.dense = lib.layers.Dense(3)

            def call(self, x):
                y = self.dense(x)
                return {
                    "list": [y, y[:, :1]],
                    "tuple": (y, y[:, 0]),
                    "dict": {"a": y, "b": y * 2},
                    "nested": {"a": [y, (y + 1, y)], "b": y * 2},
                    "one in a list": [y],
                }[outputs]

        model = Own()
        model(torch.from_numpy(x))
        return model

    def run(lib, model):
        found = [model.predict(x, batch_size=8, verbose=0), model.predict_on_batch(x)]
        kinds.append(str([type(f) for f in found]))
        return found

    kinds = []
    both(build, run)
    assert kinds[0] == kinds[1]


def test_predictions_are_of_their_own():
    """Changing them changes neither the model nor its input."""
    x = rand(8, 4)
    model = torchkeras.Sequential([torchkeras.layers.Input((4,))])
    model.add(torchkeras.layers.Activation("linear"))
    got = model.predict(x, verbose=0)
    got += 100.0
    assert np.abs(x).max() <= 1.0
    got = model.predict_on_batch(x)
    got += 100.0
    assert np.abs(x).max() <= 1.0
