"""PyDataset: the class, its hooks, its workers."""

import os
import threading
import time

import keras
import numpy as np
import pytest
import torch

from torchkeras.training.data import PyDataset, make_adapter


class Numbered(PyDataset):
    def __init__(self, n=5, item=None, **given):
        super().__init__(**given)
        self.n, self.item, self.log = n, item, []

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if self.item is not None:
            return self.item(i)
        self.log.append(i)
        return np.full((2, 1), float(i)), np.full(2, i)

    def on_epoch_begin(self):
        self.log.append("begin")

    def on_epoch_end(self):
        self.log.append("end")


class KerasNumbered(keras.utils.PyDataset):
    __init__ = Numbered.__init__
    __len__ = Numbered.__len__
    __getitem__ = Numbered.__getitem__
    on_epoch_begin = Numbered.on_epoch_begin
    on_epoch_end = Numbered.on_epoch_end


KerasNumbered.__init__ = lambda self, n=5, item=None, **given: (
    keras.utils.PyDataset.__init__(self, **given),
    self.__dict__.update(n=n, item=item, log=[]),
)[-1]


class Endless(Numbered):
    @property
    def num_batches(self):
        return None


def slow(i):
    time.sleep(0.02 if i % 2 == 0 else 0.0)
    return np.full(2, i), np.full(2, threading.get_ident() % 2**31)


def from_process(i):
    return np.full(2, i), np.full(2, os.getpid())


def raising(i):
    if i == 3:
        raise LookupError("batch 3 is broken")
    return (np.full(2, i),)


def numbers(adapter):
    return [int(b[0].flatten()[0]) for b in adapter.batches()]


@pytest.mark.parametrize("steps", [None, 2, 5, 7])
@pytest.mark.parametrize("given", [{}, {"workers": 2}, {"workers": 2, "use_multiprocessing": True}])
def test_batches_and_hooks_are_those_of_keras(keras_feeds, we_feed, steps, given):
    ours, theirs = Numbered(**given), KerasNumbered(**given)
    fit = {"epochs": 3, "steps_per_epoch": steps, "shuffle": False}
    assert we_feed(ours, **fit) == keras_feeds(theirs, **fit)
    # Keras says on_epoch_end once more, before the first epoch has begun; we do not. And the
    # order in which threads ask is nobody's promise.
    if given == {}:
        assert ours.log == theirs.log[1:]


ITEMS = {
    "x": np.ones((2, 2)),
    "x in a tuple": (np.ones((2, 2)),),
    "list": [np.ones((2, 2)), np.zeros(2)],
    "triple": (np.ones((2, 2)), np.zeros(2), np.ones(2)),
    "dict": {"a": np.ones((2, 2))},
    "torch": (torch.ones((2, 2), dtype=torch.float64), torch.ones(2, dtype=torch.int16)),
    "nested": ([np.ones(2), [np.ones(2)]], {"b": np.ones(2)}),
}


@pytest.mark.parametrize("item", ITEMS)
@pytest.mark.parametrize("given", [{}, {"workers": 1, "use_multiprocessing": True}])
def test_items_are_those_of_keras(keras_feeds, we_feed, item, given):
    item = ITEMS[item]
    ours = we_feed(Numbered(2, lambda i: item, **given), shuffle=False)
    assert ours == keras_feeds(KerasNumbered(2, lambda i: item, **given), shuffle=False)


def test_the_constructor():
    dataset = Numbered()
    assert (dataset.workers, dataset.use_multiprocessing, dataset.max_queue_size) == (1, False, 10)
    dataset = Numbered(workers=3, use_multiprocessing=True, max_queue_size=2)
    assert (dataset.workers, dataset.use_multiprocessing, dataset.max_queue_size) == (3, True, 2)
    with pytest.raises(ValueError, match="PyDataset: workers must be an integer >= 0"):
        Numbered(workers=-1)
    with pytest.raises(ValueError, match="PyDataset: max_queue_size must be an integer >= 0"):
        Numbered(max_queue_size=2.5)
    with pytest.raises(TypeError, match="foo"):
        Numbered(foo=1)


def test_a_subclass_may_forget_super():
    class Forgetful(PyDataset):
        def __init__(self):
            self.n = 3

        def __len__(self):
            return self.n

        def __getitem__(self, i):
            return (np.full(2, i),)

    assert numbers(make_adapter(Forgetful())) == [0, 1, 2]


def test_methods_that_a_subclass_must_have():
    with pytest.raises(NotImplementedError, match="must have a __getitem__ method"):
        PyDataset()[0]
    with pytest.raises(NotImplementedError, match="must have a __len__ method"):
        PyDataset().num_batches


def test_iteration():
    assert [int(y[0]) for _, y in Numbered(3)] == [0, 1, 2]
    assert [int(y[0]) for (_, y), _ in zip(Endless(), range(7), strict=False)] == list(range(7))


def test_facts():
    adapter = make_adapter(Numbered(5), batch_size=3)
    assert (adapter.num_batches, adapter.batch_size, adapter.num_samples) == (5, None, None)
    assert make_adapter(Numbered(5), steps=2).num_batches == 2


def test_shuffle_changes_the_order_of_batches():
    adapter = make_adapter(Numbered(30), shuffle=True)
    first, second = numbers(adapter), numbers(adapter)
    assert sorted(first) == sorted(second) == list(range(30))
    assert first != second != list(range(30))


@pytest.mark.parametrize("given", [{}, {"workers": 2}, {"workers": 2, "use_multiprocessing": True}])
def test_without_end(given):
    dataset = Endless(**given)
    adapter = make_adapter(dataset, steps=3, shuffle=True)
    assert [numbers(adapter) for _ in range(3)] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    with pytest.raises(ValueError, match="steps must be given when x is a PyDataset without end"):
        make_adapter(dataset)


def test_threads_keep_the_order_and_share_the_data_set():
    dataset = Numbered(12, slow, workers=3, max_queue_size=4)
    adapter = make_adapter(dataset)
    for _ in range(2):
        batches = list(adapter.batches())
        assert [int(x[0]) for x, _, _ in batches] == list(range(12))
        assert len({int(y[0]) for _, y, _ in batches}) > 1


def test_threads_read_no_further_ahead_than_told():
    dataset = Numbered(100, workers=2, max_queue_size=3)
    batches = make_adapter(dataset).batches()
    next(batches)
    time.sleep(0.05)
    assert len(dataset.log) <= 5
    del batches
    assert len(dataset.log) <= 5


def test_processes_keep_the_order_and_see_the_epoch():
    dataset = Numbered(6, from_process, workers=2, use_multiprocessing=True)
    batches = list(make_adapter(dataset).batches())
    assert [int(x[0]) for x, _, _ in batches] == list(range(6))
    pids = {int(y[0]) for _, y, _ in batches}
    assert len(pids) == 2 and os.getpid() not in pids

    class Changing(Numbered):
        def on_epoch_begin(self):
            shift = 100 * len(self.log)
            self.item = lambda i: (np.full(2, shift + i),)
            self.log.append("begin")

    adapter = make_adapter(Changing(2, workers=1, use_multiprocessing=True))
    for epoch in range(2):
        adapter.on_epoch_begin()
        assert numbers(adapter) == [100 * epoch, 100 * epoch + 1]


@pytest.mark.parametrize("given", [{}, {"workers": 2}, {"workers": 2, "use_multiprocessing": True}])
def test_an_exception_comes_through_with_its_batch(given):
    with pytest.raises(LookupError, match="batch 3 is broken") as error:
        list(make_adapter(Numbered(9, raising, **given)).batches())
    assert "raised by the PyDataset given as x, at batch 3 " in error.value.__notes__[0]


@pytest.mark.parametrize("given", [{}, {"workers": 1, "use_multiprocessing": True}])
@pytest.mark.parametrize("item", [None, "text", (1, 2, 3, 4), ([1.0],)])
def test_junk_is_refused(item, given):
    with pytest.raises(ValueError, match=r"PyDataset must be a tuple|Python lists of numbers"):
        list(make_adapter(Numbered(3, lambda i: item, **given)).batches())


def test_class_weights(keras_feeds, we_feed):
    given = {"class_weight": {0: 1.0, 1: 2.0, 2: 3.0}, "shuffle": False}
    assert we_feed(Numbered(3), **given) == keras_feeds(KerasNumbered(3), **given)
    given["class_weight"] = {0: 2.0}
    weighted = Numbered(2, lambda i: (np.ones(2), np.zeros(2), np.array([1.0, 3.0])))
    assert [b[2][2] for b in we_feed(weighted, **given)] == [[2, 6]] * 2


def test_bad_arguments():
    with pytest.raises(ValueError, match="fit: x has 0 batches"):
        make_adapter(Numbered(0))
    with pytest.raises(ValueError, match="y must not be given when x is a PyDataset"):
        make_adapter(Numbered(), np.ones(3))
    with pytest.raises(ValueError, match="sample_weight must not be given when x is a PyDataset"):
        make_adapter(Numbered(), None, np.ones(3))
