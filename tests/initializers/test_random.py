"""The numbers of real Keras where both read torch's streams alike, else statistics."""

import random

import keras
import numpy as np
import pytest
import torch
from scipy import stats

import torchkeras
from oracle import assert_close, check_config
from torchkeras import initializers as ours
from torchkeras.utils import set_random_seed

theirs = keras.initializers

SAME_NUMBERS = [
    ("RandomNormal", {}),
    ("RandomNormal", {"mean": 2.0, "stddev": 0.5}),
    ("RandomUniform", {}),
    ("RandomUniform", {"minval": -3, "maxval": 5.0}),
    ("Orthogonal", {}),
    ("Orthogonal", {"gain": 2.5}),
]
SHAPES = [(5, 3), (3, 5), (4, 4), (3, 3, 4, 8), (1, 1, 2, 16), (0, 3)]


@pytest.mark.parametrize(("name", "kwargs"), SAME_NUMBERS, ids=str)
def test_an_integer_seed_gives_the_numbers_of_keras(name, kwargs):
    for seed in (0, 1337, 2**31 + 5, -3):
        mine = getattr(ours, name)(**kwargs, seed=seed)
        real = getattr(theirs, name)(**kwargs, seed=seed)
        check_config(mine, real)
        for shape in SHAPES:
            for dtype in (None, "float64"):
                got, want = mine(shape, dtype=dtype), real(shape, dtype=dtype)
                assert got.dtype == want.dtype
                assert_close(got, want)


def test_one_global_seed_gives_the_weights_of_keras():
    set_random_seed(3)
    mine = [ours.RandomNormal()((4, 3)), ours.Orthogonal()((4, 3)), ours.RandomUniform()((2,))]
    keras.utils.set_random_seed(3)
    assert_close(
        mine,
        [theirs.RandomNormal()((4, 3)), theirs.Orthogonal()((4, 3)), theirs.RandomUniform()((2,))],
    )


def test_truncated_normal_statistics():
    for mean, stddev in [(0.0, 0.05), (3.0, 2.0)]:
        x = ours.TruncatedNormal(mean, stddev, seed=1)((400, 500)).double().numpy().ravel()
        z = (x - mean) / stddev
        assert np.abs(z).max() <= 2.0001
        assert np.abs(z).max() > 1.999
        assert stats.kstest(z, stats.truncnorm(-2, 2).cdf).pvalue > 1e-3
        real = theirs.TruncatedNormal(mean, stddev, seed=1)((400, 500)).numpy().ravel()
        assert x.mean() == pytest.approx(real.mean(), abs=0.01 * stddev)
        assert x.std() == pytest.approx(real.std(), rel=0.01)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ["RandomNormal", "RandomUniform", "TruncatedNormal", "Orthogonal"])
def test_narrow_types(name, dtype):
    out = getattr(ours, name)(seed=2)((40, 50), dtype=dtype)
    assert out.dtype == getattr(torch, dtype)
    wide = getattr(ours, name)(seed=2)((40, 50)).float()
    assert out.float().std() == pytest.approx(wide.std().item(), rel=0.1)


@pytest.mark.parametrize("shape", [(6, 6), (9, 4), (4, 9), (3, 3, 2, 8), (5, 1)])
def test_orthogonal_is_orthogonal(shape):
    w = ours.Orthogonal(gain=3.0)(shape, dtype="float64").reshape(-1, shape[-1]).numpy()
    gram = w.T @ w if w.shape[0] >= w.shape[1] else w @ w.T
    np.testing.assert_allclose(gram, 9 * np.eye(len(gram)), atol=1e-9)


@pytest.mark.parametrize("shape", [(3,), ()])
def test_orthogonal_needs_a_matrix(shape):
    with pytest.raises(ValueError, match="Orthogonal: the shape must have 2 or more dimensions"):
        ours.Orthogonal()(shape)


RANDOM = [
    "RandomNormal", "RandomUniform", "TruncatedNormal", "Orthogonal", "VarianceScaling",
    "GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal",
]  # fmt: skip


@pytest.mark.parametrize("name", RANDOM)
def test_seed_semantics(name):
    make, real = getattr(ours, name), getattr(theirs, name)
    fixed = make(seed=5)
    assert torch.equal(fixed((3, 4)), fixed((3, 4)))
    assert torch.equal(fixed((3, 4)), fixed.clone()((3, 4)))
    free = make()
    assert torch.equal(free((3, 4)), free((3, 4))), "one instance gives the same values"
    assert not torch.equal(free((3, 4)), make()((3, 4)))
    assert not torch.equal(free((3, 4)), free.clone()((3, 4)))
    stream = make(seed=torchkeras.random.SeedGenerator(5))
    first, second = stream((3, 4)), stream((3, 4))
    assert torch.equal(first, fixed((3, 4)))
    assert not torch.equal(first, second)
    random.seed(9)
    mine = make().seed
    random.seed(9)
    assert mine == real().seed
    check_config(make(), real())
    check_config(make(seed=7), real(seed=7))


def test_seed_generators_survive_a_config():
    mine = ours.HeNormal(torchkeras.random.SeedGenerator(4))
    real = theirs.HeNormal(keras.random.SeedGenerator(4))
    assert ours.serialize(mine) == theirs.serialize(real)
    again = ours.deserialize(ours.serialize(mine))
    assert torch.equal(again((3, 3)), mine((3, 3)))
    assert not torch.equal(again((3, 3)), ours.HeNormal(4)((3, 3)))


@pytest.mark.parametrize("seed", ["a", 1.5, [1]])
def test_bad_seeds(seed):
    with pytest.raises(ValueError, match="GlorotUniform: seed must be an integer, a SeedGenerator"):
        ours.GlorotUniform(seed=seed)
    assert ours.GlorotUniform(seed=np.int64(4)).get_config()["seed"] == 4


def test_bad_shapes_and_types():
    with pytest.raises(ValueError, match=r"normal: shape must be a tuple of integers >= 0"):
        ours.RandomNormal()((-1, 2))
    with pytest.raises(ValueError, match="dtype must be a floating point type"):
        ours.RandomNormal()((2,), dtype="int32")
    with pytest.raises(ValueError, match="stddev must be a number >= 0"):
        ours.RandomNormal(stddev=-1.0)((2,))
    with pytest.raises(ValueError, match="minval must not be above"):
        ours.RandomUniform(1.0, 0.0)((2,))
