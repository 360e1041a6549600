import numpy as np
import pytest
import torch
from metrics import sweeping as s

import torchkeras.metrics
from oracle import assert_close, check_config

SHAPES = [(0, 4), (0, 1), (0, 3, 4), (0, 2)]
CLASSES = [(0, 4), (0, 3, 4), (0, 2)]
CASES = [
    ("MeanSquaredError", {}, s.numbers, SHAPES),
    ("RootMeanSquaredError", {}, s.numbers, SHAPES),
    ("MeanAbsoluteError", {}, s.numbers, SHAPES),
    ("MeanAbsolutePercentageError", {}, s.numbers, SHAPES),
    ("MeanSquaredLogarithmicError", {}, s.positive, SHAPES),
    ("LogCoshError", {}, s.numbers, SHAPES),
    ("CosineSimilarity", {}, s.numbers, SHAPES),
    ("CosineSimilarity", {"axis": 1}, s.numbers, [(0, 3, 4)]),
    ("Hinge", {}, s.signs, SHAPES),
    ("SquaredHinge", {}, s.binary, SHAPES),
    ("CategoricalHinge", {}, s.one_hot, CLASSES),
    ("KLDivergence", {}, s.distributions, CLASSES),
    ("Poisson", {}, s.positive, SHAPES),
    ("BinaryCrossentropy", {}, s.binary, SHAPES),
    ("BinaryCrossentropy", {"label_smoothing": 0.2, "from_logits": True}, s.binary, SHAPES),
    ("CategoricalCrossentropy", {}, s.one_hot, CLASSES),
    ("CategoricalCrossentropy", {"label_smoothing": 0.2, "from_logits": True}, s.one_hot, CLASSES),
    ("SparseCategoricalCrossentropy", {}, s.indices, CLASSES),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, s.indices, CLASSES),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, s.indices, CLASSES),
]


@pytest.mark.parametrize(("name", "args", "draw", "shapes"), CASES)
def test_equals_real_keras(name, args, draw, shapes):
    ours, theirs = s.make(name, args)
    check_config(ours, theirs, ignore=tuple(k for k in args if k not in theirs.get_config()))
    assert type(ours).from_config(ours.get_config()).get_config() == ours.get_config()
    masked = shapes is not SHAPES and "axis" not in args
    if "ignore_class" in args:  # Keras cannot join its mask of steps and weights of samples
        shapes = [(0, 4), (0, 2)]
    s.sweep(name, args, draw, shapes, masks=masked, weights="axis" not in args)


def test_arguments_that_keras_forgets_are_kept():
    metric = torchkeras.metrics.CosineSimilarity(axis=1)
    assert metric.get_config()["axis"] == 1


def test_weights_of_samples_go_with_a_mask_of_steps():
    metric = torchkeras.metrics.SparseCategoricalCrossentropy(ignore_class=0)
    y_pred = torch.full((2, 3, 2), 0.5)
    y_true = torch.tensor([[1, 1, 0], [1, 0, 0]])
    metric.update_state(y_true, y_pred, sample_weight=[1.0, 3.0])
    assert_close([v.numpy() for v in metric.variables], [np.log(2.0) * 5 / 3, 5 / 3])
