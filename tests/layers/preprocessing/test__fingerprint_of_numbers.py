"""Hashes of numbers by tensor operations are those of their texts."""

import numpy as np
import pytest
import torch

from torchkeras.layers.preprocessing import _fingerprint, _fingerprint_of_numbers


@pytest.mark.parametrize("salt", [None, (1, 2), (2**63 + 5, -7)])
@pytest.mark.parametrize("count", [2, 1000, 2**31 - 1])
def test_numbers_are_hashed_as_their_texts(salt, count):
    rng = np.random.default_rng(0)
    some = [rng.integers(-(10**k), 10**k, 200) for k in range(1, 19)]
    x = np.concatenate([np.arange(-120, 120), *some, [-(2**63), 2**63 - 1]])
    want = _fingerprint.bins([b"%d" % v for v in x.tolist()], count, salt)
    got = _fingerprint_of_numbers.bins(torch.as_tensor(x), count, salt)
    np.testing.assert_array_equal(got.numpy(), want)
    truths = _fingerprint_of_numbers.bins(torch.tensor([True, False]), count, salt)
    assert truths.tolist() == _fingerprint.bins([b"true", b"false"], count, salt).tolist()
