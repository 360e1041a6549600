"""Every optimizer × random options over 50 steps, every schedule × random arguments over 1,000."""

import inspect

import keras
import numpy as np
import pytest

from oracle import assert_close
from torchkeras import optimizers

BETAS = {"beta_1": [0.9, 0.5], "beta_2": [0.999, 0.9]}

# Name: values of the arguments of its own.
ROWS = {
    "SGD": {"momentum": [0.0, 0.9, 0.5], "nesterov": [False, True]},
    "Adam": {**BETAS, "epsilon": [1e-7, 1e-3], "amsgrad": [False, True]},
    "AdamW": {**BETAS, "epsilon": [1e-7, 1e-3], "amsgrad": [False, True]},
    "Adamax": {**BETAS, "epsilon": [1e-7, 1e-3]},
    "Nadam": {**BETAS, "epsilon": [1e-7, 1e-3]},
    "RMSprop": {
        "rho": [0.9, 0.5], "momentum": [0.0, 0.7], "epsilon": [1e-7, 1e-2], "centered": [False],
    },
    "Adagrad": {"initial_accumulator_value": [0.1, 1.0], "epsilon": [1e-7, 1e-2]},
    "Adadelta": {"rho": [0.95, 0.5], "epsilon": [1e-7, 1e-3]},
    "Adafactor": {
        "beta_2_decay": [-0.8, -0.5], "clip_threshold": [1.0, 0.5], "epsilon_2": [1e-3, 0.1],
        "relative_step": [True, False],
    },
    "Ftrl": {
        "learning_rate_power": [-0.5, -0.3], "initial_accumulator_value": [0.1, 1.0],
        "l1_regularization_strength": [0.0, 0.1], "l2_regularization_strength": [0.0, 0.1],
        "l2_shrinkage_regularization_strength": [0.0, 0.05], "beta": [0.0, 0.3],
    },
    "Lion": {"beta_1": [0.9, 0.5], "beta_2": [0.99, 0.7]},
    "Lamb": {**BETAS, "epsilon": [1e-7, 1e-3]},
    "Muon": {
        "nesterov": [True, False], "momentum": [0.95, 0.5], "rms_rate": [0.2, None],
        "ns_steps": [5, 2], "adam_lr_ratio": [1, 0.3],
    },
    "ScheduleFreeAdamW": {"beta_2": [0.999, 0.9], "warmup_steps": [0, 7]},
}  # fmt: skip
# What wraps others has no method of its own: test_loss_scale.py, test_multi.py.
NO_METHOD = {"Optimizer", "LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"}

CLIPS = [{}, {"clipnorm": 0.5}, {"clipvalue": 0.3}, {"global_clipnorm": 1.0}]
DECAYS = [{}, {}, {"weight_decay": 0.1}]
AVERAGES = [
    {}, {"use_ema": True, "ema_momentum": 0.9},
    {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 7},
]  # fmt: skip
STEPS = [{}, {"gradient_accumulation_steps": 2}, {"gradient_accumulation_steps": 5}]
SCALES = [{}, {}, {"loss_scale_factor": 16.0}]
RATES = [
    0.01, 0.05, ("ExponentialDecay", 0.05, 10, 0.8), ("CosineDecay", 0.05, 60),
    ("CosineDecay", 1e-3, 30, 0.1, "c", 0.05, 10), ("PolynomialDecay", 0.05, 30, 0.01, 2.0),
    ("PiecewiseConstantDecay", [10, 30], [0.1, 0.05, 0.01]), ("InverseTimeDecay", 0.05, 10, 0.5),
    ("CosineDecayRestarts", 0.05, 15, 1.0, 0.8),
]  # fmt: skip


@pytest.mark.sweep
@pytest.mark.parametrize("name", ROWS)
def test_optimizers(name, figures, compare):
    rng = np.random.default_rng(sum(map(ord, name)))
    pick = lambda values: values[rng.integers(len(values))]  # noqa: E731
    commons = [CLIPS, DECAYS, AVERAGES, STEPS, SCALES]
    with figures("optimizers", name) as seen:
        for case in range(32):
            options = {k: pick(v) for k, v in ROWS[name].items()}
            options["learning_rate"] = RATES[case % len(RATES)]
            # Every second case has one common option, the others several.
            alone = commons[case // 2 % len(commons)]
            for values in commons if case % 2 else [alone]:
                options |= pick(values)
            excluded = "v[13]" if "weight_decay" in options and rng.random() < 0.5 else None
            compare(name, options, steps=50, excluded=excluded)
            seen.cases += 1


SCHEDULES = {
    "ExponentialDecay": lambda rng: (rng.uniform(0.01, 1), int(rng.integers(1, 300)),
                                     rng.uniform(0.5, 1.0), bool(rng.integers(2))),
    "InverseTimeDecay": lambda rng: (rng.uniform(0.01, 1), int(rng.integers(1, 300)),
                                     rng.uniform(0.1, 2.0), bool(rng.integers(2))),
    "PolynomialDecay": lambda rng: (rng.uniform(0.1, 1), int(rng.integers(50, 1500)),
                                    rng.uniform(0, 0.1), rng.uniform(0.5, 3),
                                    bool(rng.integers(2))),
    "PiecewiseConstantDecay": lambda rng: (
        sorted(int(b) for b in rng.choice(1000, 4, replace=False)), rng.uniform(0, 1, 5).tolist(),
    ),
    "CosineDecay": lambda rng: (
        rng.uniform(0, 0.1), int(rng.integers(50, 900)), rng.uniform(0, 0.5), "c",
        *((rng.uniform(0.1, 1), int(rng.integers(1, 200))) if rng.integers(2) else ()),
    ),
    "CosineDecayRestarts": lambda rng: (
        rng.uniform(0.01, 1), int(rng.integers(20, 300)), rng.uniform(1.0, 3.0),
        rng.uniform(0.5, 1.0), rng.uniform(0, 0.5),
    ),
}  # fmt: skip


@pytest.mark.sweep
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name, figures):
    rng = np.random.default_rng(sum(map(ord, name)))
    with figures("schedules", name) as seen:
        for _ in range(20):
            args = SCHEDULES[name](rng)
            ours = getattr(optimizers.schedules, name)(*args)
            theirs = getattr(keras.optimizers.schedules, name)(*args)
            want = np.array([float(theirs(step)) for step in range(1000)], "f4")
            got = np.array([ours.at(step) for step in range(1000)], "f4")
            # Angles of hundreds of steps lose digits in Keras's float32.
            assert_close(got, want, 1e-5, 1e-6, f"{name}{args}")
            seen.cases += 1


def test_every_public_name_is_swept():
    classes = {c.__name__ for _, c in inspect.getmembers(keras.optimizers, inspect.isclass)}
    assert classes == {*ROWS, *NO_METHOD}
    schedules = inspect.getmembers(keras.optimizers.schedules, inspect.isclass)
    assert {c.__name__ for _, c in schedules} == {*SCHEDULES, "LearningRateSchedule"}
    for name in (*ROWS, *NO_METHOD):
        assert hasattr(optimizers, name)
