import keras
import numpy as np
import pytest
import torch
from scipy import stats

from oracle import assert_close
from torchkeras import random as ours
from torchkeras.core.symbolic import KerasTensor

theirs = keras.random


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64", None])
def test_randint(dtype):
    out = ours.randint((5000,), 3, 9, dtype=dtype, seed=1)
    assert out.dtype == theirs.randint((2,), 3, 9, dtype=dtype).dtype
    assert sorted(set(out.tolist())) == [3, 4, 5, 6, 7, 8]
    assert stats.chisquare(np.bincount(out.long())[3:]).pvalue > 1e-4
    assert ours.randint((2,), torch.tensor(0), np.int64(9)).max() < 9
    assert ours.randint((1000,), -5, -2).unique().tolist() == [-5, -4, -3]


def test_randint_of_a_wide_range():
    out = ours.randint((1000,), -(2**62), 2**62, dtype="int64")
    assert out.min() < -(2**60) and out.max() > 2**60
    assert ours.randint((3,), 0, 9, dtype="uint32").dtype == torch.uint32


@pytest.mark.parametrize("bounds", [(4, 4), (5, 4), (0.5, 4), (0, 4.7)])
def test_randint_bounds(bounds):
    with pytest.raises(ValueError, match="minval and maxval must be whole numbers"):
        ours.randint((2,), *bounds)


@pytest.mark.parametrize("dtype", ["float32", "bool"])
def test_randint_types(dtype):
    with pytest.raises(ValueError, match="randint: dtype must be an integer type"):
        ours.randint((2,), 0, 4, dtype=dtype)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "float32", None])
def test_categorical(dtype):
    logits = np.log([[0.1, 0.2, 0.7], [0.5, 0.5, 1e-30]])
    out = ours.categorical(logits, 20000, dtype=dtype, seed=1)
    want = theirs.categorical(torch.tensor(logits), 20000, dtype=dtype, seed=1)
    assert (out.shape, out.dtype) == (want.shape, want.dtype)
    shares = [np.bincount(row.long(), minlength=3) / 20000 for row in out]
    assert_close(np.array(shares), np.exp(logits), rtol=0, atol=0.02)


def test_categorical_of_certain_classes():
    inf = float("inf")
    assert ours.categorical([[0.0, -inf], [-inf, 3.0]], 4).tolist() == [[0] * 4, [1] * 4]
    assert ours.categorical(torch.ones(2, 3, dtype=torch.float16), 4).shape == (2, 4)
    assert ours.categorical([[1, 2]], 3).dtype == torch.int32


def test_categorical_errors():
    for shape in [(3,), (3, 2, 2)]:
        with pytest.raises(ValueError, match=r"logits must have shape \(batch, classes\)"):
            ours.categorical(torch.ones(shape), 2)
    with pytest.raises(ValueError, match="num_samples must be a positive integer"):
        ours.categorical(torch.ones(2, 2), 0)


def test_binomial():
    out = ours.binomial((50_000, 3), [1.0, 5.0, 40.0], [0.5, 0.1, 0.8], seed=1)
    for column, (n, p) in enumerate([(1, 0.5), (5, 0.1), (40, 0.8)]):
        law = stats.binom(n, p)
        assert out[:, column].mean().item() == pytest.approx(law.mean(), rel=0.02)
        assert out[:, column].var().item() == pytest.approx(law.var(), rel=0.03)
    assert out.dtype == torch.float32
    for dtype in ("float16", "float64", "int32"):
        want = theirs.binomial((2,), 4, 0.5, dtype=dtype).dtype
        assert ours.binomial((2,), 4, 0.5, dtype=dtype).dtype == want
    assert ours.binomial((3,), 4, 0.0).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((4, 1.5), r"probabilities must lie in \[0, 1\]"),
        ((4, -0.1), "probabilities must lie"),
        ((-1, 0.5), "counts must be >= 0"),
        (([1.0, 2, 3], 0.5), "counts must broadcast to shape"),
    ],
    ids=str,
)
def test_binomial_errors(args, message):
    with pytest.raises(ValueError, match=message):
        ours.binomial((2,), *args)


def test_shuffle():
    x = torch.arange(60).reshape(3, 4, 5)
    for axis in (0, 1, 2, -1):
        out = ours.shuffle(x, axis=axis, seed=1)
        assert out.dtype == x.dtype and not torch.equal(out, x)
        assert torch.equal(out.sort(axis).values, x), "slices stay whole"
    assert ours.shuffle([3, 1]).dtype == torch.int32
    assert ours.shuffle(np.arange(3.0)).dtype == torch.float64
    counts = np.zeros((3, 3))
    for seed in range(600):
        counts[np.arange(3), ours.shuffle(torch.arange(3), seed=seed)] += 1
    assert stats.chisquare(counts.ravel()).pvalue > 1e-4


def test_shuffle_errors():
    with pytest.raises(ValueError, match=r"axis must be an axis of x, whose shape is \(2, 3\)"):
        ours.shuffle(torch.ones(2, 3), axis=2)
    with pytest.raises(TypeError, match="x must hold values, it cannot be symbolic"):
        ours.shuffle(KerasTensor((None, 3)))
    with pytest.raises(TypeError, match="logits must hold values"):
        ours.categorical(KerasTensor((None, 3)), 2)
