"""The arithmetic of windows against counting them."""

import itertools

import pytest

from torchkeras.ops import _window


@pytest.mark.parametrize(
    ("size", "window", "stride"), [*itertools.product(range(1, 9), range(1, 6), range(1, 5))]
)
def test_windows_are_counted(size, window, stride):
    (both,), (more,) = _window.same_padding((size,), (window,), (stride,))
    padded = both + size + both + more
    starts = range(0, padded - window + 1, stride)
    assert len(starts) == -(-size // stride) == _window.output_size(size, window, stride, "same")
    assert _window.output_size(size, window, stride, "causal") == len(starts)
    assert more in (0, 1)
    assert both + more <= max(window - 1, 0)
    valid = _window.output_size(size, window, stride, "valid")
    assert max(valid, 0) == len(range(0, size - window + 1, stride))


def test_shapes():
    assert _window.split((2, 5, 6, 3), True) == ((5, 6), 3)
    assert _window.split((2, 3, 5, 6), False) == ((5, 6), 3)
    assert _window.join(None, (5, None), 3, True) == (None, 5, None, 3)
    assert _window.join(None, (5, None), 3, False) == (None, 3, 5, None)
    assert _window.output_size(None, 3, 2, "valid") is None
    assert _window.around([(1, 2), (3, 4)], True) == (0, 0, 3, 4, 1, 2)
    assert _window.around([(1, 2), (3, 4)], False) == (3, 4, 1, 2)
    with pytest.raises(ValueError, match="must have 4 dimensions"):
        _window.checked_shape("Conv2D", (2, 3, 4), 2)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_the_orders_undo_each_other(rank):
    there, back = _window.to_torch(rank), _window.to_keras(rank)
    assert tuple(there[i] for i in back) == tuple(range(rank + 2))
