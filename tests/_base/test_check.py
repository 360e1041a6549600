"""Checks of arguments: what passes, and the one wording of errors."""

import numpy as np
import pytest
import torch

from torchkeras._base import check


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), torch.tensor(3), True])
def test_integer_takes_what_stands_for_one(value):
    number = check.integer("op", "n", value)
    assert type(number) is int and number == int(value)
    assert check.integer("op", "n", value, signed=False) == number


@pytest.mark.parametrize("value", [3.0, "3", None, np.float32(3), torch.tensor(3.0), [3]])
def test_integer_refuses_what_does_not(value):
    with pytest.raises(TypeError, match=r"^op: n must be an integer\. Received: n="):
        check.integer("op", "n", value)


def test_integer_without_a_sign():
    assert check.integer("op", "n", -2) == -2
    with pytest.raises(ValueError, match=r"^op: n must not be negative\. Received: n=-2\.$"):
        check.integer("op", "n", -2, signed=False)
