"""Every initializer × random arguments and shapes: Keras's numbers, else Keras's statistics."""

import inspect

import keras
import numpy as np
import pytest
from scipy import stats

from oracle import assert_close
from torchkeras import initializers as ours

theirs = keras.initializers
SEEDS = list(range(50))
FANS = {"seed": SEEDS}

# Name: values of the arguments. Both libraries read torch's stream alike for these.
SAME = {
    "Zeros": {},
    "Ones": {},
    "Constant": {"value": [0.0, 3.5, -2]},
    "Identity": {"gain": [1.0, 2.0, -0.5]},
    "RandomNormal": {"mean": [0.0, 2.0], "stddev": [0.05, 1.5], "seed": SEEDS},
    "RandomUniform": {"minval": [-0.05, -3.0], "maxval": [0.05, 5.0], "seed": SEEDS},
    "Orthogonal": {"gain": [1.0, 2.5], "seed": SEEDS},
    "GlorotUniform": FANS,
    "HeUniform": FANS,
    "LecunUniform": FANS,
    "VarianceScaling": {
        "scale": [1.0, 0.1, 2.0], "mode": ["fan_in", "fan_out", "fan_avg"],
        "distribution": ["uniform", "untruncated_normal"], "seed": SEEDS,
    },
    "STFT": {
        "side": ["real", "imag"], "window": ["hann", "hamming", None],
        "scaling": ["density", "spectrum", None], "periodic": [False, True],
    },
}  # fmt: skip
# Real Keras draws truncated normals by another way: the distribution is the same.
TRUNCATED = {
    "TruncatedNormal": {"mean": [0.0, 2.0], "stddev": [0.05, 1.5], "seed": SEEDS},
    "GlorotNormal": FANS,
    "HeNormal": FANS,
    "LecunNormal": FANS,
}


def arguments(rng, options):
    return {k: v[rng.integers(len(v))] for k, v in options.items()}


def shape_of(rng, name):
    if name == "Identity":
        return tuple(int(n) for n in rng.integers(1, 9, 2))
    if name == "STFT":
        length = int(rng.integers(4, 17))
        return length, 1, int(rng.integers(length, 33)) // 2 + 1
    low = 2 if name == "Orthogonal" else 0
    return tuple(int(n) for n in rng.integers(1, 9, rng.integers(low, 5)))


@pytest.mark.sweep
@pytest.mark.parametrize("name", SAME)
def test_same_numbers(name, figures):
    rng = np.random.default_rng(sum(map(ord, name)))
    with figures("initializers", name) as seen:
        for _ in range(40):
            args, shape = arguments(rng, SAME[name]), shape_of(rng, name)
            mine, real = (getattr(lib, name)(**args) for lib in (ours, theirs))
            for _ in range(2):  # an instance gives the same values again
                # Keras computes these kernels in float32.
                atol = 5e-5 if name == "STFT" else 1e-6
                assert_close(mine(shape), real(shape), 1e-5, atol, f"{name}({args}) {shape}")
            seen.cases += 1


@pytest.mark.sweep
@pytest.mark.parametrize("name", TRUNCATED)
def test_same_statistics(name, figures):
    """Differences of means, deviations and bounds in units of the deviation are noise."""
    rng = np.random.default_rng(sum(map(ord, name)))
    with figures("initializers", name) as seen:
        for _ in range(20):
            args = arguments(rng, TRUNCATED[name])
            shape = [(150, 200), (3, 3, 50, 60), (5, 80, 75), (30000,)][rng.integers(4)]
            mine, real = (
                getattr(lib, name)(**args)(shape).double().numpy().ravel() for lib in (ours, theirs)
            )
            scale = real.std()
            assert abs(mine.mean() - real.mean()) < 0.03 * scale
            assert mine.std() == pytest.approx(scale, rel=0.02)
            # A few in a million of Keras's values lie outside of the bounds.
            assert np.quantile(abs(mine - mine.mean()), 0.999) == pytest.approx(
                np.quantile(abs(real - real.mean()), 0.999), rel=0.02
            )
            assert abs(mine - mine.mean()).max() < 2 / 0.87962566 * scale * 1.03
            assert stats.ks_2samp(mine, real).pvalue > 1e-4
            seen.cases += 1


def test_every_public_name_is_swept():
    classes = {c for _, c in inspect.getmembers(theirs, inspect.isclass)}
    reached = {getattr(theirs, name) for name in (*SAME, *TRUNCATED, "Initializer")}
    assert classes == reached
