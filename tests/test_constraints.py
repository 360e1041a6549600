import json

import keras
import numpy as np
import pytest
import torch

from oracle import check_config, check_function, rand
from torchkeras import constraints as ours

theirs = keras.constraints

CASES = [
    ("Constraint", {}),
    ("NonNeg", {}),
    ("MaxNorm", {}),
    ("MaxNorm", {"max_value": 0.7}),
    ("MaxNorm", {"max_value": 0.7, "axis": 1}),
    ("MaxNorm", {"max_value": 0.7, "axis": [0, 1]}),
    ("MaxNorm", {"max_value": 0.7, "axis": -1}),
    ("MaxNorm", {"max_value": 1, "axis": None}),
    ("MaxNorm", {"max_value": 0.0}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": 1}),
    ("UnitNorm", {"axis": (0, 1)}),
    ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 0.5, "max_value": 0.8}),
    ("MinMaxNorm", {"min_value": 0.5, "max_value": 0.8, "rate": 0.3, "axis": 1}),
    ("MinMaxNorm", {"min_value": 3.0, "max_value": 4.0, "rate": 0.9, "axis": [0, 1]}),
]


@pytest.mark.parametrize(("name", "kwargs"), CASES, ids=str)
def test_values_and_configs(name, kwargs):
    mine, real = getattr(ours, name)(**kwargs), getattr(theirs, name)(**kwargs)
    check_config(mine, real)
    for shape in [(4, 3), (1, 1), (3, 3, 2, 4)]:
        for dtype in ("float32", "float64", "float16"):
            x = rand(*shape, low=-2, high=2, dtype=dtype)
            check_function(mine, real, x, grads=False, dtypes=name != "NonNeg")
            assert mine(torch.tensor(x)).dtype == getattr(torch, dtype)
    check_function(mine, real, np.zeros((3, 2), "float32"), grads=False)


@pytest.mark.parametrize("axis", [0, [0, 1], [0, 1, 2], (2, 3), -1, None])
def test_norms_of_convolution_kernels(axis):
    w = rand(3, 3, 4, 8, low=-2, high=2)
    for name in ("MaxNorm", "UnitNorm", "MinMaxNorm"):
        check_function(
            getattr(ours, name)(axis=axis), getattr(theirs, name)(axis=axis), w, grads=False
        )


@pytest.mark.parametrize(("name", "kwargs"), CASES, ids=str)
def test_files_go_both_ways(name, kwargs):
    mine, real = getattr(ours, name)(**kwargs), getattr(theirs, name)(**kwargs)
    text, real_text = json.dumps(ours.serialize(mine)), json.dumps(theirs.serialize(real))
    assert json.loads(text) == json.loads(real_text)
    wanted = json.loads(text)["config"]  # JSON has no tuples
    assert ours.deserialize(json.loads(real_text)).get_config() == wanted
    assert theirs.deserialize(json.loads(text)).get_config() == json.loads(real_text)["config"]


@pytest.mark.parametrize(
    "name",
    ["max_norm", "MaxNorm", "non_neg", "NonNeg", "unit_norm", "UnitNorm", "min_max_norm",
     "MinMaxNorm", "Constraint", "constraint"],
)  # fmt: skip
def test_strings(name):
    mine, real = ours.get(name), theirs.get(name)
    assert type(mine).__name__ == type(real).__name__
    check_config(mine, real)


def test_identifiers():
    own = ours.MaxNorm(3)
    assert ours.get(None) is None
    assert ours.get(own) is own
    assert type(ours.get(ours.NonNeg)) is ours.NonNeg
    assert ours.get({"class_name": "MaxNorm", "config": {"max_value": 5}}).max_value == 5
    with pytest.raises(ValueError, match=r"Unknown constraint: 'maxnorn'\. Did you mean"):
        ours.get("maxnorn")
    with pytest.raises(ValueError, match="constraint is given by a name"):
        ours.get(3)


def test_epsilon_is_the_configured_one():
    from torchkeras import config

    config.set_epsilon(0.5)
    assert ours.UnitNorm()(torch.ones(1, 1)).item() == pytest.approx(1 / 1.5)


def test_special_values():
    out = ours.NonNeg()(torch.tensor([-1.0, float("nan"), float("inf"), 2.0]))
    assert out[0] == 0 and out[1].isnan() and out[2].isinf() and out[3] == 2
    assert ours.MaxNorm()([[1.0], [2.0]]).dtype == torch.float32


AXES = [0, 1, -1, [0, 1], (0, 1), None]
SWEPT = {
    "Constraint": {},
    "NonNeg": {},
    "MaxNorm": {"max_value": [2, 0.7, 0.0], "axis": AXES},
    "UnitNorm": {"axis": AXES},
    "MinMaxNorm": {
        "min_value": [0.0, 0.5], "max_value": [1.0, 2.0], "rate": [1.0, 0.3], "axis": AXES,
    },
}  # fmt: skip


@pytest.mark.sweep
@pytest.mark.parametrize("name", SWEPT)
def test_sweep(name, figures):
    rng = np.random.default_rng(0)
    with figures("constraints", name) as seen:
        for _ in range(40):
            args = {k: v[rng.integers(len(v))] for k, v in SWEPT[name].items()}
            x = rng.uniform(-3, 3, rng.integers(1, 6, rng.integers(2, 5))).astype("float32")
            mine, real = getattr(ours, name)(**args), getattr(theirs, name)(**args)
            check_function(mine, real, x, dtypes=name != "NonNeg")
            seen.cases += 1


def test_every_public_name_is_swept():
    assert {v.__name__ for v in vars(theirs).values() if isinstance(v, type)} == set(SWEPT)
