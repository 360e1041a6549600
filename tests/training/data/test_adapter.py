"""The door: arguments, and the kinds of sources."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from torchkeras.training.data import DataAdapter, PyDataset, make_adapter
from torchkeras.training.data.array import ArrayAdapter
from torchkeras.training.data.generator import GeneratorAdapter
from torchkeras.training.data.loader import LoaderAdapter
from torchkeras.training.data.pydataset import PyDatasetAdapter

X, Y = np.ones((5, 2)), np.arange(5)


class Two(PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, i):
        return X, Y


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (X, ArrayAdapter),
        (torch.ones(3), ArrayAdapter),
        ([X], ArrayAdapter),
        ({"a": X}, ArrayAdapter),
        (TensorDataset(torch.ones(3)), ArrayAdapter),
        (DataLoader(TensorDataset(torch.ones(3))), LoaderAdapter),
        ((i for i in range(3)), GeneratorAdapter),
        (iter([1]), GeneratorAdapter),
        (Two(), PyDatasetAdapter),
    ],
    ids=lambda v: type(v).__name__,
)
def test_kinds(source, kind):
    adapter = make_adapter(source)
    assert type(adapter) is kind
    assert isinstance(adapter, DataAdapter)


@pytest.mark.parametrize("batch_size", [0, -4, 2.5, "8", True, np.float64(2), [2]])
def test_batch_size(batch_size):
    with pytest.raises(ValueError, match=r"fit: batch_size must be a positive integer\. Recei"):
        make_adapter(X, batch_size=batch_size)


def test_numpy_integers_are_integers():
    adapter = make_adapter(X, batch_size=np.int64(2), steps=np.int32(2), shuffle=np.bool_(False))
    assert (adapter.batch_size, adapter.num_batches) == (2, 2)


@pytest.mark.parametrize("steps", [0, -1, 1.5, "2", True])
def test_steps(steps):
    with pytest.raises(ValueError, match="fit: steps_per_epoch must be a positive integer"):
        make_adapter(X, steps=steps)
    with pytest.raises(ValueError, match="predict: steps must be a positive integer"):
        make_adapter(iter([X]), steps=steps, owner="predict")


@pytest.mark.parametrize("shuffle", ["x", None, 1.5, "batches"])
def test_shuffle(shuffle):
    with pytest.raises(ValueError, match='fit: shuffle must be True, False or "batch"'):
        make_adapter(X, shuffle=shuffle)


def test_x_must_be_given():
    with pytest.raises(ValueError, match="evaluate: x must be given"):
        make_adapter(None, owner="evaluate")


def test_errors_have_one_argument_and_read_nothing():
    def source():
        pytest.fail("it was read")
        yield

    with pytest.raises(ValueError, match="y must not be given") as error:
        make_adapter(source(), Y)
    assert len(error.value.args) == 1
    make_adapter(source(), steps=3)
