import pytest
from metrics import sweeping as s

import torchkeras.metrics
from oracle import check_config

NAMES = {
    "SensitivityAtSpecificity": "specificity",
    "SpecificityAtSensitivity": "sensitivity",
    "PrecisionAtRecall": "recall",
    "RecallAtPrecision": "precision",
}


@pytest.mark.parametrize(("name", "argument"), NAMES.items())
@pytest.mark.parametrize("value", [0.0, 0.4, 0.8, 1.0])
@pytest.mark.parametrize("more", [{"num_thresholds": 9}, {"num_thresholds": 1}, {}])
def test_equals_real_keras(name, argument, value, more):
    args = {argument: value, **more}
    check_config(*s.make(name, args))
    s.sweep(name, args, s.binary, [(0,), (0, 1), (0, 4)], masks=False, cases=6)


@pytest.mark.parametrize(("name", "argument"), NAMES.items())
def test_class_id_equals_real_keras(name, argument):
    args = {argument: 0.5, "class_id": 1, "num_thresholds": 7}
    s.sweep(name, args, s.binary, [(0, 3)], masks=False, cases=6)


@pytest.mark.parametrize(("name", "argument"), NAMES.items())
def test_values_outside_of_0_and_1(name, argument):
    with pytest.raises(ValueError, match=rf"{name}: {argument} must be a number in \[0, 1\]"):
        getattr(torchkeras.metrics, name)(1.5)


@pytest.mark.parametrize("num", [1, 2, 5])
def test_thresholds(num):
    for name, argument in NAMES.items():
        ours, theirs = s.make(name, {argument: 0.5, "num_thresholds": num})
        assert ours.thresholds == list(theirs.thresholds)
