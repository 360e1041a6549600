"""Batches from torch's DataLoader and Dataset."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
)

from torchkeras.training.data import make_adapter

X = torch.arange(14.0).reshape(7, 2)
Y = torch.arange(7)


class Stream(IterableDataset):
    def __init__(self, n=7):
        self.n = n

    def __iter__(self):
        return ((torch.full((2,), float(i)), i) for i in range(self.n))


class Squares(Dataset):
    def __init__(self, n=7):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return np.full(2, i, "float32"), i * i


class Raising(Squares):
    def __getitem__(self, i):
        if i == 5:
            raise LookupError("row 5 is broken")
        return super().__getitem__(i)


LOADERS = {
    "pairs": lambda: DataLoader(TensorDataset(X, Y), batch_size=2),
    "one": lambda: DataLoader(TensorDataset(X), batch_size=2),
    "triples": lambda: DataLoader(TensorDataset(X, Y, Y.float()), batch_size=3),
    "bare": lambda: DataLoader(X, batch_size=2),
    "dicts": lambda: DataLoader([{"a": r} for r in X], batch_size=2),
    "samples": lambda: DataLoader(TensorDataset(X, Y), batch_size=None),
    "float64": lambda: DataLoader(TensorDataset(X.double(), Y), batch_size=2),
    "dropping": lambda: DataLoader(TensorDataset(X, Y), batch_size=2, drop_last=True),
    "iterable": lambda: DataLoader(Stream(), batch_size=2),
    "numpy": lambda: DataLoader(
        TensorDataset(X), batch_size=2, collate_fn=lambda b: (np.ones((2, 3)), np.ones(2))
    ),
    "workers": lambda: DataLoader(Squares(), batch_size=2, num_workers=2),
    "shuffled": lambda: DataLoader(
        TensorDataset(X, Y), batch_size=2, shuffle=True, generator=torch.Generator().manual_seed(3)
    ),
}


@pytest.mark.parametrize(
    ("loader", "steps"),
    [
        (loader, steps)
        for loader in LOADERS
        for steps in (None, 2, 4, 5)
        if loader != "shuffled" and (loader, steps) not in {("iterable", 2), ("iterable", 4)}
    ],
)
def test_loaders_feed_what_they_feed_to_keras(keras_feeds, we_feed, loader, steps):
    given = {"epochs": 3, "steps_per_epoch": steps}
    assert we_feed(LOADERS[loader](), **given) == keras_feeds(LOADERS[loader](), **given)


def test_a_loader_of_unknown_length_begins_anew_after_its_end():
    """Keras gives an epoch without a batch, and a warning, before it does."""
    adapter = make_adapter(LOADERS["iterable"](), steps=2)
    first, second, third = ([b[1].tolist() for b in adapter.batches()] for _ in range(3))
    assert first == third == [[0, 1], [2, 3]]
    assert second == [[4, 5], [6]]


def test_a_shuffled_loader_keeps_its_own_order():
    ours = [b[1].tolist() for b in make_adapter(LOADERS["shuffled"]()).batches()]
    assert ours == [b[1].tolist() for b in LOADERS["shuffled"]()]


def test_facts():
    adapter = make_adapter(LOADERS["pairs"](), batch_size=5)
    assert (adapter.num_batches, adapter.batch_size, adapter.num_samples) == (4, 2, None)
    assert make_adapter(LOADERS["iterable"]()).num_batches is None
    assert make_adapter(LOADERS["iterable"](), steps=3).num_batches == 3
    assert make_adapter(Squares(), batch_size=2).num_samples == 7
    assert make_adapter(Stream(), batch_size=2).num_samples is None
    sampler = WeightedRandomSampler([1.0] * 7, 50)
    assert make_adapter(DataLoader(Squares(), sampler=sampler)).num_samples is None


def test_class_weights():
    weights = dict.fromkeys(range(7), 1.0) | {3: 9.0}
    adapter = make_adapter(LOADERS["pairs"](), class_weight=weights)
    assert torch.cat([w for _, _, w in adapter.batches()]).tolist() == [1, 1, 1, 9, 1, 1, 1]
    adapter = make_adapter(LOADERS["triples"](), class_weight=weights)
    assert torch.cat([w for _, _, w in adapter.batches()]).tolist() == [0, 1, 2, 27, 4, 5, 6]


# --------------------------------------------------------------------------------------- Datasets


@pytest.mark.parametrize("shuffle", [False, True])
def test_datasets_are_batched(shuffle):
    adapter = make_adapter(Squares(), batch_size=3, shuffle=shuffle)
    assert (adapter.num_batches, adapter.batch_size) == (3, 3)
    batches = list(adapter.batches())
    assert [len(x) for x, _, _ in batches] == [3, 3, 1]
    for x, y, weight in batches:
        assert torch.equal(x[:, 0] ** 2, y.float())
        assert weight is None
    numbers = torch.cat([x[:, 0] for x, _, _ in batches]).tolist()
    assert (numbers == sorted(numbers)) is not shuffle
    assert sorted(numbers) == list(range(7))


def test_shuffled_datasets_follow_the_global_seed():
    def numbers(seed):
        torch.manual_seed(seed)
        adapter = make_adapter(Squares(50), shuffle=True)
        return [x[:, 0].tolist() for _ in range(2) for x, _, _ in adapter.batches()]

    assert numbers(1) == numbers(1) != numbers(2)


def test_iterable_datasets_are_batched():
    adapter = make_adapter(Stream(), batch_size=3)
    assert adapter.num_batches is None
    for _ in range(2):
        assert [y.tolist() for _, y, _ in adapter.batches()] == [[0, 1, 2], [3, 4, 5], [6]]


def test_tensor_datasets_are_arrays():
    for shuffle in (False, True):
        torch.manual_seed(0)
        ours = list(make_adapter(TensorDataset(X, Y), batch_size=2, shuffle=shuffle).batches())
        torch.manual_seed(0)
        theirs = list(DataLoader(TensorDataset(X, Y), batch_size=2, shuffle=shuffle))
        for (x, y, _), (x_, y_) in zip(ours, theirs, strict=True):
            assert torch.equal(x, x_) and torch.equal(y, y_)
    (batch,) = make_adapter(TensorDataset(X, Y, Y.float())).batches()
    assert torch.equal(batch[2], Y.float())
    with pytest.raises(ValueError, match="Received: one of 4 tensors"):
        make_adapter(TensorDataset(X, X, X, X))


def test_subsets_are_datasets():
    adapter = make_adapter(Subset(TensorDataset(X, Y), [1, 3]))
    assert next(iter(adapter.batches()))[1].tolist() == [1, 3]


def test_anything_that_iterates_anew_is_a_loader(we_feed):
    class Again:
        def __init__(self, pairs):
            self.pairs = pairs

        def __iter__(self):
            return iter(self.pairs)

    adapter = make_adapter(Again([(X, Y), (X, Y)]))
    assert adapter.num_batches is None
    assert [len(list(adapter.batches())) for _ in range(3)] == [2, 2, 2]
    Again.__len__ = lambda self: len(self.pairs)
    assert make_adapter(Again([(X, Y)])).num_batches == 1
    with pytest.raises(ValueError, match="x has 0 batches"):
        make_adapter(Again([]))


# ----------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (LOADERS["pairs"](), "DataLoader"),
        (Squares(), "Dataset"),
        (Stream(), "Dataset"),
        (TensorDataset(X), "TensorDataset"),
    ],
)
@pytest.mark.parametrize("name", ["y", "sample_weight"])
def test_targets_beside_a_loader_are_refused(source, kind, name):
    with pytest.raises(ValueError, match=rf"{name} must not be given when x is a {kind}.*\(7,"):
        make_adapter(source, **{name: Y})


def test_empty_sources_are_refused():
    with pytest.raises(ValueError, match="x has 0 samples"):
        make_adapter(Squares(0), shuffle=True)
    with pytest.raises(ValueError, match="x has 0 samples"):
        make_adapter(TensorDataset(X[:0]))
    with pytest.raises(ValueError, match="x has 0 batches"):
        make_adapter(DataLoader(Squares(0)))
    with pytest.raises(ValueError, match=r"x has 0 batches\. Received: an empty DataLoader"):
        list(make_adapter(Stream(0)).batches())
    with pytest.raises(ValueError, match="x has 0 batches"):
        make_adapter(DataLoader(Squares(3), batch_size=4, drop_last=True))


def test_datasets_that_cannot_be_shuffled():
    class Sizeless(Dataset):
        def __getitem__(self, i):
            return X[i]

    with pytest.raises(ValueError, match="must have a length"):
        make_adapter(Sizeless(), shuffle=True)
    with pytest.raises(ValueError, match="shuffle must be True or False when x is a Dataset"):
        make_adapter(Squares(), shuffle="batch")


def test_an_exception_of_the_dataset_comes_through():
    with pytest.raises(LookupError, match="row 5 is broken") as error:
        list(make_adapter(Raising(), batch_size=2).batches())
    assert "raised by the DataLoader given as x, at batch 2 " in error.value.__notes__[0]
    with pytest.raises(LookupError, match="row 5 is broken"):
        list(make_adapter(DataLoader(Raising(), num_workers=1)).batches())


def test_persistent_workers_serve_on_after_an_exception():
    dataset = Raising()
    loader = DataLoader(dataset, batch_size=2, num_workers=1, persistent_workers=True)
    adapter = make_adapter(loader)
    for _ in range(2):
        with pytest.raises(LookupError, match="row 5 is broken"):
            list(adapter.batches())


def test_items_that_torch_cannot_collate():
    with pytest.raises(TypeError, match="default_collate") as error:
        list(make_adapter(DataLoader([object()] * 4)).batches())
    assert "at batch 0 " in error.value.__notes__[0]


@pytest.mark.safety("D10")
@pytest.mark.parametrize(("dies_at", "workers"), [(0, 1), (5, 1), (1, 2)])
def test_a_worker_that_dies_ends_it_at_once(dies_at, workers):
    """In a process of its own: torch raises at any line while a dead worker is registered."""
    script = f"""
import os, time, torch
from torch.utils.data import DataLoader, Dataset
from torchkeras.training.data import make_adapter

class Dying(Dataset):
    def __len__(self):
        return 8
    def __getitem__(self, i):
        return os._exit(1) if i == {dies_at} else torch.ones(2)

try:
    list(make_adapter(DataLoader(Dying(), num_workers={workers})).batches())
except RuntimeError as e:
    for _ in range(20):
        time.sleep(0.01)  # somebody cleans up and is not disturbed
    assert "exited unexpectedly" in str(e), e
    assert "DataLoader given as x" in e.__notes__[0]
    print("ended")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "ended\n", done.stderr
