"""Each function of `keras.random`: shapes, dtypes, seeds, streams, laws; beside real Keras."""

import keras as reference
import numpy as np
import pytest
import torch
from random_cases import ROWS
from scipy import stats

import torchkeras as keras
from oracle import LOW_PRECISION, assert_close, dtype_of

pytestmark = [pytest.mark.sweep, pytest.mark.filterwarnings("ignore")]
SAME = {"normal", "uniform"}  # the numbers themselves are those of Keras's torch backend


def like(got, want):
    """Ours keeps the 64 bits of data that Keras narrows."""
    assert got.shape == want.shape
    assert dtype_of(got).replace("64", "32") == dtype_of(want).replace("64", "32")


def attempt(function, *args, **kwargs):
    """Keras refuses empty shapes, and negative axes, of some."""
    try:
        return function(*args, **kwargs)
    except (RuntimeError, IndexError):
        return None


def follows(sample, law):
    """Tell whether mean and variance are within five of their own standard deviations."""
    x, n = sample.double().numpy().ravel(), sample.numel()
    mean, variance, _, kurtosis = law.stats(moments="mvsk")
    assert abs(x.mean() - mean) <= 5 * np.sqrt(variance / n) + 1e-6
    # Of two values of equal share the variance is bounded: its own deviation is of second order.
    spread = np.sqrt((kurtosis + 2) / n) + 5 / n
    assert abs(x.var() - variance) <= 5 * variance * spread + 1e-6


@pytest.mark.parametrize("name", [n for n in ROWS if ROWS[n]])
def test_sweep(name, figures):
    ours, theirs = getattr(keras.random, name), getattr(reference.random, name)
    with figures("random", name) as seen:
        for args, kwargs, law in ROWS[name]():
            args = tuple(torch.tensor(a) if isinstance(a, np.ndarray) else a for a in args)
            got = ours(*args, **kwargs, seed=3)
            want = attempt(theirs, *args, **kwargs, seed=3)
            if want is not None:
                like(got, want)
                seen.cases += 1
            assert torch.equal(ours(*args, **kwargs, seed=3), got)
            streams = [lib.random.SeedGenerator(3) for lib in (keras, reference)]
            again = keras.random.SeedGenerator(3)
            drawn = [ours(*args, **kwargs, seed=streams[0]) for _ in range(3)]
            if want is not None:
                for _ in range(3):
                    like(drawn[0], theirs(*args, **kwargs, seed=streams[1]))
                assert_close(streams[0].state, streams[1].state.value)  # where the stream stands
                seen.cases += 1
            for draw in drawn:
                assert torch.equal(ours(*args, **kwargs, seed=again), draw)
            assert torch.equal(drawn[0], got)
            seen.cases += 2
            if name in SAME and want is not None:
                narrow = LOW_PRECISION.get(dtype_of(got))
                if narrow:  # whose precision is not that of the figure
                    torch.testing.assert_close(got, want, rtol=narrow, atol=narrow)
                else:
                    assert_close(got, want)
                seen.cases += 1
            if law is None:
                continue
            for draw in (got, drawn[1], ours(*args, **kwargs, seed=4)):
                follows(draw, law)
            follows(want, law)
            if law.std() > 0:
                assert not torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[1], drawn[2])
            pair = [t.double().numpy().ravel() for t in (drawn[1], theirs(*args, **kwargs, seed=9))]
            assert stats.ks_2samp(*pair).pvalue > 1e-5
            seen.cases += 5


def test_seed_generators(figures):
    with figures("random", "SeedGenerator") as seen:
        for seed in (0, 1, 7, -1, 2**31 - 1):
            mine, real = keras.random.SeedGenerator(seed), reference.random.SeedGenerator(seed)
            for _ in range(4):
                assert_close(mine.next(), real.next())
                assert_close(mine.state, real.state.value)
                seen.cases += 1
            a, b = mine.get_config(), real.get_config()
            assert a["seed"] == b["seed"]
            seen.cases += 1
