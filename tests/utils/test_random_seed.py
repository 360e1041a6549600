import random

import keras
import numpy as np
import pytest
import torch

import torchkeras


def draws():
    return random.random(), np.random.rand(), torch.rand(1).item()


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, np.int64(4)])
def test_all_streams_are_those_of_keras(seed):
    torchkeras.utils.set_random_seed(seed)
    ours = draws()
    keras.utils.set_random_seed(int(seed))
    assert ours == draws()
    torchkeras.utils.set_random_seed(seed)
    assert ours == draws()


@pytest.mark.parametrize("seed", [-1, 1.5, "a", None, 2**32])
def test_bad_seeds_change_nothing(seed):
    torchkeras.utils.set_random_seed(3)
    first = draws()
    torchkeras.utils.set_random_seed(3)
    with pytest.raises(ValueError, match="seed must be an integer from 0"):
        torchkeras.utils.set_random_seed(seed)
    assert first == draws()
