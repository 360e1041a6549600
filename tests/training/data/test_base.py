"""How passes over the data become epochs."""

import warnings

import pytest

from torchkeras.training.data.base import DataAdapter


class Counting(DataAdapter):
    """Passes of `n` numbered batches."""

    owner = "fit"

    def __init__(self, n, steps=None, never_empty=False):
        self.n, self.steps, self.never_empty = n, steps, never_empty
        self.passes = 0

    def _pass(self):
        self.passes += 1
        return ((i, None, None) for i in range(self.n))


def numbers(adapter):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        return [x for x, _, _ in adapter.batches()], bool(seen), adapter.exhausted


@pytest.mark.parametrize("never_empty", [True, False])
def test_without_steps_each_epoch_is_a_pass(never_empty):
    adapter = Counting(3, never_empty=never_empty)
    assert [numbers(adapter) for _ in range(2)] == [([0, 1, 2], False, False)] * 2
    assert adapter.passes == 2


def test_steps_span():
    adapter = Counting(4, steps=3)
    assert numbers(adapter) == ([0, 1, 2], False, False)
    assert numbers(adapter) == ([3], True, True)
    assert numbers(adapter) == ([0, 1, 2], False, False)
    adapter = Counting(4, steps=2)
    assert [numbers(adapter)[0] for _ in range(3)] == [[0, 1], [2, 3], [0, 1]]
    adapter = Counting(2, steps=5)
    assert [numbers(adapter) for _ in range(2)] == [([0, 1], True, True)] * 2


def test_an_epoch_that_is_left_early_goes_on_only_with_steps():
    adapter = Counting(5, steps=4)
    assert next(adapter.batches())[0] == 0
    assert numbers(adapter)[0] == [1, 2, 3, 4]
    adapter = Counting(5)
    assert next(adapter.batches())[0] == 0
    assert numbers(adapter)[0] == [0, 1, 2, 3, 4]


def test_an_epoch_stays_ended():
    epoch = Counting(1).batches()
    assert next(epoch)[0] == 0
    for _ in range(2):
        with pytest.raises(StopIteration):
            next(epoch)


@pytest.mark.parametrize("steps", [None, 2])
def test_no_batch_at_all_is_an_error(steps):
    with pytest.raises(ValueError, match="fit: x has 0 batches"):
        list(Counting(0, steps=steps).batches())


def test_the_base_reads_nothing():
    class Nothing(DataAdapter):
        owner = "fit"

    with pytest.raises(TypeError, match="Nothing does not say how a pass over its data begins"):
        list(Nothing().batches())
