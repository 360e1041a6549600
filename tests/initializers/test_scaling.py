import itertools
import math

import keras
import numpy as np
import pytest
import torch

from oracle import assert_close, check_config
from torchkeras import initializers as ours
from torchkeras.initializers.scaling import compute_fans

theirs = keras.initializers

SHAPES = [(), (6,), (5, 7), (7, 5), (3, 4, 6), (3, 3, 4, 8), (1, 1, 2, 3), (2, 3, 3, 4, 5), (0, 3)]
NAMED = ["GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal"]


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize("distribution", ["uniform", "untruncated_normal"])
@pytest.mark.parametrize("scale", [1.0, 0.1, 2])
def test_numbers_are_those_of_keras(mode, distribution, scale):
    args = {"scale": scale, "mode": mode, "distribution": distribution, "seed": 3}
    mine, real = ours.VarianceScaling(**args), theirs.VarianceScaling(**args)
    check_config(mine, real)
    for shape in SHAPES:
        assert_close(mine(shape), real(shape))


@pytest.mark.parametrize("name", ["GlorotUniform", "HeUniform", "LecunUniform"])
def test_uniform_ones_give_the_numbers_of_keras(name):
    for shape in SHAPES:
        assert_close(getattr(ours, name)(seed=11)(shape), getattr(theirs, name)(seed=11)(shape))


AXES = [
    ((3, 3, 4, 8), [2], [3]),
    ((4, 2, 8), [0], [1, 2]),
    ((4, 2, 8), [0], None),
    ((4, 2, 8), None, [1]),
    ((4, 2, 8), [-3], [-1]),
    ((4, 2, 8), (0,), (1, 2)),
    ((5, 6, 4, 2, 8), [2, 3], [4]),
    ((5, 6, 4, 2, 8), [3], [4]),
]


@pytest.mark.parametrize(("shape", "input_axes", "output_axes"), AXES, ids=str)
def test_axes_of_inputs_and_outputs(shape, input_axes, output_axes):
    axes = {"input_axes": input_axes, "output_axes": output_axes}
    for mode in ("fan_in", "fan_out", "fan_avg"):
        args = {"mode": mode, "distribution": "uniform", "seed": 3, **axes}
        mine, real = ours.VarianceScaling(**args), theirs.VarianceScaling(**args)
        check_config(mine, real)
        assert_close(mine(shape), real(shape))
    for name in NAMED:
        check_config(getattr(ours, name)(**axes), getattr(theirs, name)(**axes))


def test_axes_that_the_shape_does_not_have():
    with pytest.raises(ValueError, match=r"input_axes must be axes of the shape \(4, 2, 8\)"):
        compute_fans((4, 2, 8), [5], [0])
    assert compute_fans((4, 2, 8), 0, 1) == (4, 2)


@pytest.mark.parametrize("name", ["GlorotNormal", "HeNormal", "LecunNormal", "VarianceScaling"])
@pytest.mark.parametrize("shape", [(300, 400), (3, 3, 100, 120), (5, 40, 300), (90000,)], ids=str)
def test_truncated_ones_have_the_statistics_of_keras(name, shape):
    mine = getattr(ours, name)(seed=1)(shape).double()
    real = getattr(theirs, name)(seed=1)(shape).double()
    fan_in, fan_out = compute_fans(shape)
    scale, n = {
        "GlorotNormal": (1, (fan_in + fan_out) / 2),
        "HeNormal": (2, fan_in),
        "LecunNormal": (1, fan_in),
        "VarianceScaling": (1, fan_in),
    }[name]
    wanted = math.sqrt(scale / n)
    assert mine.std().item() == pytest.approx(wanted, rel=0.02)
    assert mine.std().item() == pytest.approx(real.std().item(), rel=0.02)
    assert abs(mine.mean().item()) < 0.02 * wanted
    bound = 2 * wanted / 0.87962566
    assert bound * 0.99 < mine.abs().max().item() <= bound * 1.00001
    assert real.abs().max().item() <= bound * 1.00001


def test_distribution_names():
    for given in ("normal", "truncated_normal", "Uniform", "untruncated_normal"):
        check_config(
            ours.VarianceScaling(distribution=given), theirs.VarianceScaling(distribution=given)
        )


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"scale": 0}, "scale must be a number above 0. Received: scale=0"),
        ({"scale": -1.0}, "scale must be a number above 0"),
        ({"scale": "a"}, "scale must be a number above 0"),
        ({"mode": "x"}, "mode must be one of 'fan_in', 'fan_out', 'fan_avg'"),
        ({"mode": None}, "mode must be one of"),
        ({"distribution": "x"}, "distribution must be one of 'truncated_normal'"),
    ],
    ids=str,
)
def test_bad_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        ours.VarianceScaling(**kwargs)


def test_sixteen_bits_keep_the_spread():
    for name, dtype in itertools.product(NAMED, ("float16", "bfloat16")):
        out = getattr(ours, name)(seed=1)((100, 200), dtype=dtype)
        assert out.dtype == getattr(torch, dtype)
        want = getattr(ours, name)(seed=1)((100, 200)).std().item()
        assert np.isclose(out.float().std().item(), want, rtol=0.03)
