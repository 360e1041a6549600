import keras
import numpy as np
import pytest
import torch
from scipy import stats

from oracle import assert_close
from torchkeras import config
from torchkeras import random as ours
from torchkeras.random import SeedGenerator

theirs = keras.random

DRAWS = {
    "normal": lambda **k: ours.normal((50,), **k),
    "uniform": lambda **k: ours.uniform((50,), **k),
    "truncated_normal": lambda **k: ours.truncated_normal((50,), **k),
    "gamma": lambda **k: ours.gamma((50,), 2.0, **k),
    "beta": lambda **k: ours.beta((50,), 2.0, 3.0, **k),
    "randint": lambda **k: ours.randint((50,), 0, 10**6, **k),
    "categorical": lambda **k: ours.categorical(np.zeros((1, 1000)), 50, **k),
    "binomial": lambda **k: ours.binomial((50,), 1000, 0.5, **k),
    "shuffle": lambda **k: ours.shuffle(np.arange(50), **k),
    "dropout": lambda **k: ours.dropout(np.arange(1.0, 51.0), 0.5, **k),
}


@pytest.mark.parametrize("name", DRAWS)
def test_seeds(name):
    draw = DRAWS[name]
    assert torch.equal(draw(seed=3), draw(seed=3))
    assert not torch.equal(draw(seed=3), draw(seed=4))
    stream, again = SeedGenerator(3), SeedGenerator(3)
    first, second = draw(seed=stream), draw(seed=stream)
    assert stream.state.tolist() == [3, 2]
    assert not torch.equal(first, second)
    assert torch.equal(draw(seed=again), first) and torch.equal(draw(seed=again), second)
    assert torch.equal(draw(seed=torch.Generator().manual_seed(3)), draw(seed=3))
    torch.manual_seed(5)
    free = draw()
    assert not torch.equal(draw(), free)
    torch.manual_seed(5)
    assert torch.equal(draw(), free)
    before = torch.get_rng_state()
    draw(seed=3)
    assert torch.equal(torch.get_rng_state(), before), "a seeded draw leaves the global stream"
    for bad in (1.5, "a", [1]):
        with pytest.raises(ValueError, match=f"{name}: seed must be an integer, a SeedGenerator"):
            draw(seed=bad)


@pytest.mark.parametrize("dtype", [None, "float32", "float64"])
@pytest.mark.parametrize("seed", [0, 1337, -3, 2**33 + 5])
def test_numbers_are_those_of_keras(dtype, seed):
    for shape in [(), (5,), (2, 3), (0, 4), (20, 30)]:
        for name, args in [
            ("normal", {}),
            ("normal", {"mean": 3.0, "stddev": 0.1}),
            ("uniform", {}),
            ("uniform", {"minval": -2, "maxval": 7.0}),
        ]:
            got = getattr(ours, name)(shape, **args, dtype=dtype, seed=seed)
            want = getattr(theirs, name)(shape, **args, dtype=dtype, seed=seed)
            assert got.dtype == want.dtype
            assert_close(got, want)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("name", ["normal", "uniform", "truncated_normal", "gamma", "beta"])
def test_types(name, dtype):
    out = DRAWS[name](dtype=dtype)
    assert out.dtype == getattr(torch, dtype)
    assert out.isfinite().all() and out.std() > 0


def test_the_default_type_is_floatx():
    config.set_floatx("float64")
    for name in ("normal", "uniform", "truncated_normal", "gamma", "beta"):
        assert DRAWS[name]().dtype == torch.float64


def test_distributions():
    n = 200_000

    def agrees(sample, distribution):
        return stats.kstest(sample.double().numpy(), distribution.cdf).pvalue > 1e-4

    assert agrees(ours.normal((n,), 1.0, 2.0, seed=1), stats.norm(1, 2))
    assert agrees(ours.uniform((n,), -1, 3, seed=1), stats.uniform(-1, 4))
    assert agrees(ours.truncated_normal((n,), 1.0, 2.0, seed=1), stats.truncnorm(-2, 2, 1, 2))
    for alpha in (0.3, 1.0, 4.0):
        assert agrees(ours.gamma((n,), alpha, seed=1), stats.gamma(alpha))
        assert agrees(ours.beta((n,), alpha, 2.0, seed=1), stats.beta(alpha, 2))


def test_parameters_that_are_arrays():
    means = np.array([0.0, 100.0, 1000.0], "float32")
    out = ours.normal((5000, 3), means, [1.0, 2.0, 3.0], seed=1)
    assert_close(out.mean(0), means, rtol=0, atol=0.2)
    assert_close(out.std(0), np.array([1.0, 2.0, 3.0], "float32"), rtol=0.05)
    out = ours.uniform((5000, 2), [0.0, 5.0], torch.tensor([1.0, 7.0]), seed=1)
    assert out[:, 0].max() < 1 and out[:, 1].min() >= 5 and out[:, 1].max() < 7
    out = ours.truncated_normal((5000, 2), [0.0, 50.0], 2.0, seed=1)
    assert out[:, 0].abs().max() <= 4 and (out[:, 1] - 50).abs().max() <= 4.0001
    out = ours.gamma((20000, 2), [1.0, 9.0], seed=1)
    assert_close(out.mean(0), np.array([1.0, 9.0], "float32"), rtol=0.05)
    assert ours.beta((4, 2), [1.0, 2.0], 3.0).shape == (4, 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ours.normal(3), "normal: shape must be a tuple of integers >= 0. Received"),
        (lambda: ours.normal((2, None)), "normal: shape must be a tuple"),
        (lambda: ours.uniform((-1,)), "uniform: shape must be a tuple"),
        (lambda: ours.normal((2,), dtype="int32"), "normal: dtype must be a floating point type"),
        (lambda: ours.uniform((2,), dtype="int32"), "uniform: dtype must be a floating"),
        (lambda: ours.truncated_normal((2,), dtype="bool"), "truncated_normal: dtype must be"),
        (lambda: ours.normal((2,), stddev=-1), "normal: stddev must be a number >= 0"),
        (lambda: ours.normal((2,), stddev=float("nan")), "normal: stddev must be a number >= 0"),
        (lambda: ours.truncated_normal((2,), stddev=-1), "truncated_normal: stddev must be"),
        (lambda: ours.uniform((2,), 1, 0), "uniform: minval must not be above maxval=0"),
        (lambda: ours.gamma((2,), 0.0), "gamma: alpha must be above 0. Received: alpha=0.0"),
        (lambda: ours.gamma((2,), [1.0, 1, 1]), r"gamma: alpha must broadcast to shape=\(2,\)"),
        (lambda: ours.beta((2,), 1.0, -1.0), "beta: beta must be above 0"),
    ],
)  # fmt: skip
def test_errors(call, message):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    with pytest.raises(ValueError, match=message):
        call()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_failed_draw_moves_no_counter():
    stream = SeedGenerator(1)
    for call in (
        lambda: ours.normal((2,), stddev=-1, seed=stream),
        lambda: ours.uniform((2,), 1, 0, seed=stream),
        lambda: ours.randint((2,), 1, 0, seed=stream),
        lambda: ours.gamma((2,), -1.0, seed=stream),
        lambda: ours.binomial((2,), 3, 2.0, seed=stream),
        lambda: ours.shuffle(torch.ones(2), 3, seed=stream),
        lambda: ours.dropout(torch.ones(2), 0.5, (3,), seed=stream),
    ):
        with pytest.raises(ValueError, match="Received"):
            call()
    assert stream.state.tolist() == [1, 0]
