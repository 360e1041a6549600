"""The global random streams: put back, they draw the same again."""

import random

import numpy as np
import pytest
import torch

from torchkeras._base import streams


def draws():
    return [
        random.random(), random.gauss(0, 1), np.random.rand(), np.random.normal(),
        torch.rand(2).tolist(), torch.randperm(9).tolist(),
    ]  # fmt: skip


@pytest.mark.parametrize("before", [0, 1, 3, 400])
def test_same_draws_again(before):
    for _ in range(before):  # also with half of a pair of normal numbers drawn
        random.gauss(0, 1), np.random.normal(), torch.randn(1)
    state = streams.capture()
    streams.check(state)
    first = draws()
    assert draws() != first
    streams.restore(state)
    assert draws() == first
    streams.restore(state)
    assert draws() == first, "the state must not be used up"


def test_another_generator_of_numpy_is_left_alone():
    class Foreign:
        pass

    before = np.random.get_bit_generator()
    np.random.set_bit_generator(np.random.PCG64(1))
    try:
        state = streams.capture()
        assert state["numpy"] is None
        streams.check(state)
        streams.restore(state)
    finally:
        np.random.set_bit_generator(before)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("python",), None), (("python", "version"), 2), (("python", "cells"), np.zeros(3, "u4")),
        (("python", "cells"), np.full(625, 2**31, "u4")), (("python", "gauss"), "x"),
        (("numpy", "cells"), np.zeros(624)), (("numpy", "position"), 700),
        (("numpy", "position"), True), (("numpy", "has_gauss"), 2), (("numpy", "gauss"), None),
        (("torch",), np.zeros(5, "u1")), (("torch",), np.zeros(5056, "u1")), (("torch",), 5),
        (("cuda",), [5]), (("cuda",), None),
    ],
)  # fmt: skip
def test_malformed(path, value):
    state = streams.capture()
    *keys, last = path
    at = state
    for key in keys:
        at = at[key]
    at[last] = value
    with pytest.raises(ValueError, match=f"stream.* {path[0]} "):
        streams.check(state)


def test_no_state():
    for value in (None, [], {}, {"python": 1}):
        with pytest.raises(ValueError, match="python, numpy, torch and cuda"):
            streams.check(value)
