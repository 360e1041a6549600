"""RMSprop, Adagrad, Adadelta, Adamax and Nadam against real Keras."""

import pytest

FORMS = [
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.9}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"centered": True, "momentum": 0.5, "rho": 0.8, "epsilon": 1e-3}),
    ("Adagrad", {}),
    ("Adagrad", {"initial_accumulator_value": 0.0, "epsilon": 1e-3}),
    ("Adagrad", {"initial_accumulator_value": 1.0, "epsilon": 0.1}),
    ("Adadelta", {"learning_rate": 1.0}),
    ("Adadelta", {"learning_rate": 1.0, "rho": 0.5, "epsilon": 1e-3}),
    ("Adamax", {}),
    ("Adamax", {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1}),
    ("Nadam", {}),
    ("Nadam", {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1}),
]


@pytest.mark.parametrize(("name", "form"), FORMS, ids=str)
def test_plain(compare, name, form):
    compare(name, {"learning_rate": 0.02, **form}, steps=30)


@pytest.mark.parametrize("name", ["RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam"])
def test_common_options(compare, name, common):
    compare(name, {"learning_rate": 0.02, **common})


@pytest.mark.parametrize("name", ["RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam"])
def test_excluded_from_decay(compare, name):
    compare(name, {"learning_rate": 0.02, "weight_decay": 0.2}, excluded="v[13]")


@pytest.mark.parametrize("name", ["RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam"])
def test_float64(compare, name):
    compare(name, {"learning_rate": 0.02}, dtype="float64")
