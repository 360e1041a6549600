"""One comparison for all methods: the same variables and gradients, step by step, in both."""

import keras
import numpy as np
import pytest
import torch

from oracle import assert_close, clear_names
from torchkeras import optimizers
from torchkeras.core.variable import Variable

SHAPES = [(3, 4), (7,), (), (2, 3, 2, 5), (1, 6)]


def make_variables(dtype="float32", shapes=SHAPES, seed=0):
    """Real Keras's variables and ours, with the same values."""
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=s).astype(dtype) for s in shapes]
    theirs = [keras.Variable(a, name=f"v{i}") for i, a in enumerate(arrays)]
    ours = [Variable(a, name=f"v{i}") for i, a in enumerate(arrays)]
    return theirs, ours


def options_for(module, options):
    """Replace `("ScheduleName", …)` by a schedule of that library."""
    rate = options.get("learning_rate")
    if isinstance(rate, tuple):
        return {**options, "learning_rate": getattr(module.schedules, rate[0])(*rate[1:])}
    return dict(options)


def compare_step_by_step(name, options, steps=22, excluded=None, dtype="float32", missing=()):
    """Weights after each step, variables at the end, names and configs are those of Keras.

    `missing` holds (step, variable) pairs that get no gradient.
    """
    clear_names()
    theirs, ours = make_variables(dtype)
    reference = getattr(keras.optimizers, name)(**options_for(keras.optimizers, options))
    optimizer = getattr(optimizers, name)(**options_for(optimizers, options))
    if excluded:
        reference.exclude_from_weight_decay(var_names=[excluded])
        optimizer.exclude_from_weight_decay(var_names=[excluded])
    reference.build(theirs)
    optimizer.build(ours)
    assert_close([v for v in optimizer.variables], [v for v in reference.variables])
    rng = np.random.default_rng(1)
    for step in range(steps):
        grads = [torch.tensor(rng.normal(size=v.shape).astype(dtype)) for v in ours]
        given = [None if (step, i) in missing else g for i, g in enumerate(grads)]
        reference.apply(given, theirs)
        for v, g in zip(ours, given, strict=True):
            v.grad = g
        optimizer.step()
        assert_close([v.detach() for v in ours], theirs, what=f"{name} {options}, step {step}")
    paths = [v.path for v in reference.variables]
    if name != "Nadam":  # whose product has no name of its own in Keras
        assert [v.path for v in optimizer.variables] == paths
    assert [tuple(v.shape) for v in optimizer.variables] == [
        tuple(v.shape) for v in reference.variables
    ]
    for ours_, theirs_ in zip(optimizer.variables, reference.variables, strict=True):
        # Adam's v is far smaller than the weights, their average is not. Ftrl's sum is one of
        # large terms that cancel.
        atol = {"average": 1e-6, "linear": 5e-5}.get(theirs_.path.rpartition("_")[2], 1e-7)
        assert_close(ours_, theirs_, atol=atol, what=theirs_.path)
    assert optimizer.get_config() == reference.get_config()
    assert float(optimizer.learning_rate) == pytest.approx(float(reference.learning_rate))
    assert int(optimizer.iterations) == int(reference.iterations)
    return optimizer, reference


@pytest.fixture
def compare():
    return compare_step_by_step


@pytest.fixture
def variables():
    return make_variables


COMMON = [
    {"clipnorm": 0.5},
    {"clipvalue": 0.3},
    {"global_clipnorm": 1.0},
    {"weight_decay": 0.1},
    {"use_ema": True, "ema_momentum": 0.9},
    {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 3},
    {"gradient_accumulation_steps": 3},
    {
        "gradient_accumulation_steps": 3,
        "use_ema": True,
        "ema_overwrite_frequency": 2,
        "clipnorm": 0.4,
        "weight_decay": 0.01,
    },
    {"loss_scale_factor": 8.0},
    {"learning_rate": ("ExponentialDecay", 0.05, 3, 0.8)},
    {
        "learning_rate": ("PiecewiseConstantDecay", [2, 4], [0.1, 0.05, 0.01]),
        "gradient_accumulation_steps": 2,
    },
]


def pytest_generate_tests(metafunc):
    if "common" in metafunc.fixturenames:
        metafunc.parametrize("common", COMMON, ids=lambda o: "-".join(o))
