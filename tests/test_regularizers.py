import json

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import check_config, check_function, clear_names, rand
from torchkeras import regularizers as ours
from torchkeras.core.serialize import serialize_keras_object

theirs = keras.regularizers

CASES = [
    ("L1", {}),
    ("L1", {"l1": 0.3}),
    ("L1", {"l1": 1e-5}),
    ("L1", {"l1": 0}),
    ("L1", {"l1": None}),
    ("L2", {}),
    ("L2", {"l2": 0.3}),
    ("L2", {"l2": 1}),
    ("L2", {"l2": None}),
    ("L1L2", {}),
    ("L1L2", {"l1": 0.1}),
    ("L1L2", {"l2": 0.1}),
    ("L1L2", {"l1": 0.1, "l2": 0.2}),
    ("L1L2", {"l1": None, "l2": None}),
    ("L1L2", {"l1": True, "l2": 1}),
    ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 0.5}),
    ("OrthogonalRegularizer", {"factor": 2.0, "mode": "columns"}),
]


@pytest.mark.parametrize(("name", "kwargs"), CASES, ids=str)
def test_values_gradients_and_configs(name, kwargs):
    mine, real = getattr(ours, name)(**kwargs), getattr(theirs, name)(**kwargs)
    check_config(mine, real)
    shapes = [(4, 3), (2, 7), (1, 5), (30, 20)]
    if name != "OrthogonalRegularizer":
        shapes += [(), (5,), (3, 3, 2, 4)]
    for shape in shapes:
        if name == "OrthogonalRegularizer" and 1 in shape and mine.mode == "rows":
            continue
        for dtype in ("float32", "float64", "float16"):
            # Real Keras widens the penalty of 16-bit matrices.
            same = name != "OrthogonalRegularizer"
            rtol = 4e-3 if dtype == "float16" else 1e-5
            x = rand(*shape, low=-2, high=2, dtype=dtype)
            check_function(mine, real, x, dtypes=same, rtol=rtol, atol=rtol / 10)


@pytest.mark.parametrize(("name", "kwargs"), CASES, ids=str)
def test_files_go_both_ways(name, kwargs):
    mine, real = getattr(ours, name)(**kwargs), getattr(theirs, name)(**kwargs)
    text, real_text = json.dumps(ours.serialize(mine)), json.dumps(theirs.serialize(real))
    assert json.loads(text) == json.loads(real_text)
    again = ours.deserialize(json.loads(real_text))
    assert type(again) is type(mine) and again.get_config() == mine.get_config()
    assert theirs.deserialize(json.loads(text)).get_config() == real.get_config()


@pytest.mark.parametrize(
    "name",
    ["l1", "L1", "l2", "L2", "L1L2", "l1l2", "orthogonal_regularizer", "OrthogonalRegularizer"],
)
def test_strings(name):
    mine, real = ours.get(name), theirs.get(name)
    assert type(mine).__name__ == type(real).__name__
    check_config(mine, real)


def test_the_string_l1_l2_is_what_keras_documents():
    assert ours.get("l1_l2").get_config() == {"l1": 0.01, "l2": 0.01}


def test_identifiers():
    own = ours.L2(0.3)
    assert ours.get(None) is None
    assert ours.get(own) is own
    assert ours.get(torch.sum) is torch.sum
    assert type(ours.get(ours.L1)) is ours.L1
    assert ours.get({"class_name": "L2", "config": {"l2": 0.5}}).l2 == 0.5
    assert (ours.l1, ours.l2, ours.l1_l2) == (ours.L1, ours.L2, ours.L1L2)
    with pytest.raises(ValueError, match=r"Unknown regularizer: 'L1_L'\. Did you mean 'l1_l2'"):
        ours.get("L1_L")
    with pytest.raises(ValueError, match="regularizer is given by a name"):
        ours.get(3)


@pytest.mark.parametrize("bad", ["a", -1.0, float("nan"), float("inf"), [1, 2]], ids=str)
def test_bad_factors(bad):
    for make in (ours.L1, ours.L2, ours.L1L2, ours.OrthogonalRegularizer):
        with pytest.raises(ValueError, match=f"{make.__name__}: .* must be a finite number >= 0"):
            make(bad)


def test_bad_mode_and_rank():
    with pytest.raises(ValueError, match="mode must be one of 'rows', 'columns'"):
        ours.OrthogonalRegularizer(mode="x")
    with pytest.raises(ValueError, match="must have 2 dimensions"):
        ours.OrthogonalRegularizer()(torch.ones(2, 3, 4))


def test_numpy_factors_and_single_rows():
    assert ours.L2(np.float32(0.5)).get_config() == {"l2": 0.5}
    assert ours.OrthogonalRegularizer()(torch.ones(1, 3)).item() == 0.0  # no pair, no penalty


def test_a_users_class():
    @torchkeras.saving.register_keras_serializable("tests")
    class Spread(ours.Regularizer):
        def __init__(self, weight=0.1, power=2):
            self.weight = weight
            self.power = power

        def __call__(self, x):
            return self.weight * x.std() ** self.power

    clear_names()
    config = json.loads(json.dumps(serialize_keras_object(Spread(0.3))))
    assert config["config"] == {"weight": 0.3, "power": 2}
    assert ours.deserialize(config).weight == 0.3
    assert ours.Regularizer()(torch.ones(2)) == 0.0


SWEPT = {
    "L1": {"l1": [0.01, 0.3, 1e-5, 0.0]},
    "L2": {"l2": [0.01, 0.3, 2.0]},
    "L1L2": {"l1": [0.0, 0.1, 1.0], "l2": [0.0, 0.2, 1.0]},
    "OrthogonalRegularizer": {"factor": [0.01, 0.5, 2.0], "mode": ["rows", "columns"]},
}


@pytest.mark.sweep
@pytest.mark.parametrize("name", SWEPT)
def test_sweep(name, figures):
    rng = np.random.default_rng(0)
    with figures("regularizers", name) as seen:
        for _ in range(40):
            args = {k: v[rng.integers(len(v))] for k, v in SWEPT[name].items()}
            rank = 2 if name == "OrthogonalRegularizer" else rng.integers(0, 5)
            x = rng.uniform(-3, 3, rng.integers(2, 9, rank)).astype("float32")
            check_function(getattr(ours, name)(**args), getattr(theirs, name)(**args), x)
            seen.cases += 1


def test_every_public_name_is_swept():
    classes = {v.__name__ for v in vars(theirs).values() if isinstance(v, type)}
    assert classes == {*SWEPT, "Regularizer"}  # whose penalty is 0: test_a_users_class
