"""Batches from generators and iterators."""

import gc
import itertools
import traceback
import weakref

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch

from oracle import label
from torchkeras.training.data import make_adapter


def counting(n=None):
    for i in itertools.count() if n is None else range(n):
        yield np.full((2, 2), float(i)), np.full(2, i)


def of(item, n=1):
    return (item for _ in range(n))


ITEMS = {
    "x": (np.ones((2, 2)),),
    "x, y": (np.ones((2, 2)), np.zeros(2)),
    "x, y, weight": (np.ones((2, 2)), np.zeros(2), np.ones(2)),
    "no y": (np.ones((2, 2)), None),
    "no weight": (np.ones((2, 2)), np.zeros(2), None),
    "lists": ([np.ones((2, 2)), np.ones((2, 3))], [np.zeros(2), np.zeros(2)]),
    "dicts": ({"a": np.ones((2, 2))}, {"b": np.zeros(2)}),
    "nested": ({"a": [np.ones((2, 2)), [np.ones(2)]]}, np.zeros(2)),
    "float16": (np.ones((2, 2), "float16"), np.ones(2, "uint8")),
    "float32": (np.ones((2, 2), "float32"), np.ones(2, "bool")),
    "unsigned": (np.ones((2, 2), "uint16"), np.ones(2, "uint32")),
    "torch": (torch.ones((2, 2), dtype=torch.float64), torch.ones(2, dtype=torch.int16)),
    "pandas": (pd.DataFrame({"a": [1, 2]}), pd.Series([1, 2])),
    "reversed": (np.arange(4.0)[::-1], np.arange(4)),
    "rank 0": (np.array(1.0), np.array(2)),
}


@pytest.mark.parametrize("item", ITEMS)
def test_items_are_those_of_keras(keras_feeds, we_feed, item):
    assert we_feed(of(ITEMS[item], 2)) == keras_feeds(of(ITEMS[item], 2))


def test_tuples_within_items_stay_tuples():
    ((x, _, _),) = make_adapter(of(((np.ones(1), np.ones(2)), np.ones(1)))).batches()
    assert isinstance(x, tuple)  # Keras makes it a list


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (np.ones((2, 2)), torch.ones(2, 2, dtype=torch.float64)),
        (torch.ones(2, 2), torch.ones(2, 2)),
        (({"a": torch.ones(2)},), None),
        ({"a": torch.ones(2)}, None),
        ((sp.csr_matrix(np.eye(2)),), torch.eye(2, dtype=torch.float64)),
        ((np.ones(2, ">f4"),), torch.ones(2)),
        ((torch.ones(2, requires_grad=True),), torch.ones(2)),
    ],
    ids=str,
)
def test_more_items_than_keras_takes(item, expected):
    ((x, y, weight),) = make_adapter(of(item)).batches()
    assert y is None and weight is None
    if expected is None:
        assert torch.equal(x["a"], torch.ones(2))
    else:
        assert torch.equal(x, expected) and not x.requires_grad


def test_objects_that_move_themselves_are_left_alone():
    class Graph:
        def to(self, device):
            return self

    graph = Graph()
    ((x, _, _),) = make_adapter(of((graph, torch.ones(1)))).batches()
    assert x is graph
    ((x, _, _),) = make_adapter(of(graph)).batches()
    assert x is graph


@pytest.mark.parametrize(("steps", "epochs"), [(2, 2), (2, 3), (3, 2), (5, 2), (6, 1), (1, 6)])
def test_steps_go_on_where_the_last_epoch_stopped(keras_feeds, we_feed, steps, epochs):
    given = {"steps_per_epoch": steps, "epochs": epochs}
    assert we_feed(counting(6), **given) == keras_feeds(counting(6), **given)
    assert we_feed(counting(), **given) == keras_feeds(counting(), **given)


def test_a_generator_without_steps_is_one_epoch():
    adapter = make_adapter(counting(3))
    assert (adapter.num_batches, adapter.batch_size, adapter.num_samples) == (None, None, None)
    assert len(list(adapter.batches())) == 3
    assert not adapter.exhausted
    with pytest.warns(UserWarning, match="Your input ran out of data"):
        assert list(adapter.batches()) == []
    assert adapter.exhausted


def test_running_out_within_an_epoch_warns():
    adapter = make_adapter(counting(3), steps=2)
    assert adapter.num_batches == 2
    assert len(list(adapter.batches())) == 2
    with pytest.warns(UserWarning, match="Your input ran out of data"):
        assert len(list(adapter.batches())) == 1
    assert adapter.exhausted


def test_any_iterator_is_taken():
    assert len(list(make_adapter(iter([(np.ones(2), np.ones(2))] * 3)).batches())) == 3
    assert len(list(make_adapter(zip([np.ones(2)], [np.ones(2)], strict=True)).batches())) == 1
    assert len(list(make_adapter(map(lambda i: (np.full(2, i),), range(4))).batches())) == 4


def test_nothing_is_read_ahead():
    read = []

    def source():
        for i in range(5):
            read.append(i)
            yield (np.full(2, i),)

    batches = make_adapter(source(), steps=2).batches()
    assert read == []
    next(batches)
    assert read == [0]
    list(batches)
    assert read == [0, 1]


def test_shapes_may_change():
    x = ((np.ones((i + 1, 2 + i)), np.ones(i + 1)) for i in range(4))
    assert [b[0].shape for b in make_adapter(x).batches()] == [(1, 2), (2, 3), (3, 4), (4, 5)]


def test_class_weights():
    adapter = make_adapter(counting(3), class_weight={0: 1.0, 1: 2.0, 2: 5.0})
    assert [w.tolist() for _, _, w in adapter.batches()] == [[1, 1], [2, 2], [5, 5]]
    item = (np.ones(2), np.array([0, 1]), np.array([3.0, 4.0]))
    ((_, _, weight),) = make_adapter(of(item), class_weight={0: 10, 1: 100}).batches()
    assert weight.tolist() == [30, 400]


# ----------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (None, "fit: each batch of a generator must be a tuple.*Received: batch=None"),
        ("abc", "must be a tuple.*Received: batch='abc'"),
        (1.0, "must be a tuple.*Received: batch=1.0"),
        ([np.ones(2), np.ones(2)], "must be a tuple"),
        ((), "Received: a tuple of 0 parts"),
        ((np.ones(2),) * 4, "Received: a tuple of 4 parts"),
        (([[1.0]], [1]), r"Python lists of numbers are not taken.*x\[0\]\[0\]=1.0"),
        ((np.ones(2), 1.0), "Received: y=1.0"),
        ((np.array(["a"]),), r"x must hold real numbers.*x\[0\]='a'"),
        ((np.ones(2), "abc"), "y must be an array"),
        (({"a": np.ones(1), "b": object()},), r"x\['b'\] must be an array"),
    ],
    ids=label,
)
def test_junk_is_refused(item, message):
    with pytest.raises(ValueError, match=message):
        list(make_adapter(of(item)).batches())


@pytest.mark.parametrize("steps", [None, 3])
def test_an_empty_generator_is_refused(steps):
    with pytest.raises(ValueError, match=r"fit: x has 0 batches\. Received: an empty generator"):
        list(make_adapter(counting(0), steps=steps).batches())


@pytest.mark.parametrize("steps", [None, 10])
@pytest.mark.parametrize("bad", [0, 24])
def test_an_exception_of_the_generator_comes_through_with_a_note(steps, bad):
    def source():
        for i in range(bad):
            yield (np.full(2, i),)
        raise KeyError("boom")

    adapter = make_adapter(source(), steps=steps, owner="evaluate")
    with pytest.raises(KeyError, match="boom") as error:
        [list(adapter.batches()) for _ in range(3)]
    (note,) = error.value.__notes__
    epoch, number = (1, bad) if steps is None else (bad // 10 + 1, bad % 10)
    assert note == (
        "evaluate: raised by the generator given as x, "
        f"at batch {number} (counted from 0) of epoch {epoch}."
    )
    assert any(f.name == "source" for f in traceback.extract_tb(error.value.__traceback__))


def test_junk_late_carries_the_note_too():
    items = iter([(np.ones(2),)] * 3 + [None])
    with pytest.raises(ValueError, match="batch=None") as error:
        list(make_adapter(items).batches())
    assert "at batch 3 " in error.value.__notes__[0]


@pytest.mark.parametrize("name", ["y", "sample_weight"])
def test_targets_beside_a_generator_are_refused(name):
    with pytest.raises(ValueError, match=f"fit: {name} must not be given when x is a generator"):
        make_adapter(counting(), **{name: np.ones(3)})


def test_nothing_is_held_without_the_collector():
    gc.collect()
    gc.disable()
    try:
        held = []

        def source():
            for _ in range(10):
                x = torch.ones(3)
                held.append(weakref.ref(x))
                yield (x,)
                del x

        for steps in (None, 4):
            held.clear()
            generator = source()
            adapter = make_adapter(generator, steps=steps)
            batches = adapter.batches()
            for _ in range(3):
                next(batches)
            assert [h() is None for h in held] == [True, True, False]  # the generator's own last
            watch = weakref.ref(generator)
            del adapter, batches, generator
            assert watch() is None
    finally:
        gc.enable()
