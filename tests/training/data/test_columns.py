"""Rows that are read lazily: files, and slices of them."""

import h5py
import numpy as np
import pytest
import torch

from torchkeras.training.data import make_adapter, train_validation_split
from torchkeras.training.data.columns import ArrayColumn, RowRange, TensorColumn, share

A = np.arange(200.0).reshape(100, 2)


class Watched:
    """Something on disk that counts what is read of it."""

    chunks = None

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype
        self.most = 0
        self.asked = []

    def __getitem__(self, rows):
        out = self.array[rows].copy()
        self.most = max(self.most, len(out))
        self.asked.append(rows)
        return out

    def __array__(self, *_, **__):
        raise AssertionError("the whole data set was read")


@pytest.fixture
def stored(tmp_path):
    """The same array as a file of every kind."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["plain"] = A
        file.create_dataset("chunked", data=A, chunks=(7, 2), compression="gzip")
        file["int"] = A.astype("uint16")
        file["big"] = A.astype(">f4")
        file["text"] = np.array([b"a"] * 100)
        file["objects"] = ["text"] * 100
        file["empty"] = A[:0]
        file["scalar"] = 1.0
        np.save(tmp_path / "a.npy", A)
        yield {
            **{k: file[k] for k in file},
            "memmap": np.load(tmp_path / "a.npy", mmap_mode="r"),
            "writable memmap": np.load(tmp_path / "a.npy", mmap_mode="r+"),
            "watched": Watched(A),
        }


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("key", ["plain", "chunked", "int", "big", "memmap", "writable memmap"])
@pytest.mark.parametrize("shuffle", [False, True, "batch"])
def test_batches_from_files_are_those_from_memory(stored, we_feed, key, shuffle):
    given = {"batch_size": 7, "shuffle": shuffle, "seed": 1, "epochs": 2}
    memory = A.astype("uint16") if key == "int" else A
    assert we_feed(stored[key], np.arange(100), **given) == we_feed(memory, np.arange(100), **given)


@pytest.mark.parametrize("key", ["plain", "memmap"])
@pytest.mark.parametrize("shuffle", [False, True, "batch"])
def test_batches_from_files_are_those_of_keras(stored, keras_feeds, we_feed, key, shuffle):
    given = {"batch_size": 7, "shuffle": shuffle, "seed": 1, "epochs": 2}
    assert we_feed(stored[key], stored[key], **given) == keras_feeds(
        stored[key], stored[key], **given
    )


@pytest.mark.parametrize("shuffle", [False, True, "batch"])
def test_only_batches_are_read_in_increasing_order(stored, shuffle):
    source = stored["watched"]
    adapter = make_adapter(source, np.arange(100), batch_size=7, shuffle=shuffle)
    assert source.most == 0
    for x, y, _ in adapter.batches():
        assert torch.equal(x[:, 0].long(), 2 * y)
    assert source.most == 7
    for rows in source.asked:
        if not isinstance(rows, slice):
            assert shuffle is True
            assert (np.diff(rows) > 0).all()


def test_a_batch_of_a_file_may_be_written(stored):
    for shuffle in (False, True):
        for x, _, _ in make_adapter(stored["writable memmap"], shuffle=shuffle).batches():
            x.zero_()
    assert np.array_equal(stored["writable memmap"], A)


@pytest.mark.parametrize("key", ["text", "objects"])
def test_text_in_files_is_refused(stored, key):
    with pytest.raises(ValueError, match="x must hold real numbers"):
        make_adapter(stored[key])


def test_lengths_of_files(stored):
    with pytest.raises(ValueError, match="x has 0 samples"):
        make_adapter(stored["empty"])
    with pytest.raises(ValueError, match="first dimension"):
        make_adapter(stored["scalar"])
    with pytest.raises(ValueError, match="x with 100, y with 5"):
        make_adapter(stored["plain"], np.arange(5))


def test_class_weights_of_labels_in_a_file(stored, monkeypatch):
    monkeypatch.setattr("torchkeras.training.data.array._ROWS_AT_ONCE", 8)
    labels = Watched(np.arange(100) % 3)
    adapter = make_adapter(stored["plain"], labels, class_weight={0: 1, 1: 2, 2: 4}, shuffle=True)
    assert labels.most == 8
    for _, y, weight in adapter.batches():
        assert torch.equal(weight, 2.0**y)


@pytest.mark.parametrize("key", ["plain", "chunked", "memmap"])
def test_the_validation_split_reads_nothing(stored, we_feed, key):
    (train, _), (validation, _) = train_validation_split((stored[key], None), 0.25)
    assert train.shape == (75, 2) and validation.shape == (25, 2)
    assert we_feed(train, shuffle=False) == we_feed(A[:75], shuffle=False)
    given = {"batch_size": 4, "shuffle": True, "seed": 1}
    assert we_feed(validation, **given) == we_feed(A[75:], **given)


def test_ranges_of_ranges():
    source = RowRange(RowRange(Watched(A), 10, 50), 5, 20)
    assert len(source) == 15 and source.shape == (15, 2)
    assert np.array_equal(source[2:4], A[17:19])
    assert np.array_equal(source[np.array([0, 14])], A[[15, 29]])


def test_share():
    x = np.ones(3)
    tensor, frozen = share(x)
    assert not frozen and tensor.data_ptr() == x.__array_interface__["data"][0]
    x.flags.writeable = False
    tensor, frozen = share(x)
    assert frozen and tensor.data_ptr() == x.__array_interface__["data"][0]
    assert share(x[::-1]) is None
    assert share(x.astype("longdouble")) is None


def test_shared_memory_lives_as_long_as_the_tensor():
    x = np.arange(1000.0)
    x.flags.writeable = False
    tensor, _ = share(x)
    del x
    assert torch.equal(tensor, torch.arange(1000.0, dtype=torch.float64))


def test_costs():
    assert TensorColumn(torch.ones(4, 2)).cost() == 0
    assert TensorColumn(torch.ones(4, 2), torch.float64).cost() == 64
    assert TensorColumn(torch.ones(2, 4).T).cost() == 32
    assert ArrayColumn(A, torch.float32).cost() == 0
    assert ArrayColumn(A, torch.float32, in_memory=True).cost() == 800
