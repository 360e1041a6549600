"""Every metric × random arguments, batches, weights and masks against real Keras: its states."""

import inspect

import keras
import numpy as np
import pytest
import torch
from metrics import sweeping as s

import torchkeras.metrics
from oracle import check_function

SHAPES = [(0, 4), (0, 1), (0, 3, 4), (0, 2)]
CLASSES = [(0, 4), (0, 3, 4), (0, 2)]
FLAT = [(0, 4), (0, 3)]
COLUMNS = [(0,), (0, 1), (0, 4)]
CROSS = {"from_logits": [False, True], "label_smoothing": [0.0, 0.2]}
THRESHOLDS = {"thresholds": [None, 0.3, [0.2], [0.2, 0.5, 0.9], 0, 1]}
RANKED = {"top_k": [None, 1, 2], "class_id": [None, 0, -1]}
OF_CURVE = {"num_thresholds": [200, 9, 1], "class_id": [None, 1]}
SOME = [0.05, 0.3, 0.7, 0.95]  # next to 0 and 1, rounding in Keras's counts decides


def whole(rng, shape):
    return rng.integers(0, 3, shape), rng.integers(0, 3, shape)


def one_label(rng, shape):
    """Predictions on the thresholds as often as between them."""
    y_true, y_pred = s.binary(rng, shape)
    return y_true, np.where(rng.random(shape) < 0.5, y_pred.round(1), y_pred).astype("f4")


def segments(rng, shape):
    return rng.integers(0, 3, shape), rng.integers(0, 3, shape)


def dense_segments(rng, shape):
    return rng.random((*shape, 3)).astype("f4"), rng.random((*shape, 3)).astype("f4")


def away_from_zero(rng, shape):
    y_true, y_pred = s.numbers(rng, shape)
    return y_true, y_pred + np.sign(y_pred - y_true) * 0.5


# Name: draw, shapes, values of each argument, and whether Keras takes masks and weights there.
MEANS = {
    "MeanSquaredError": (s.numbers, SHAPES, {}),
    "RootMeanSquaredError": (s.numbers, SHAPES, {}),
    "MeanAbsoluteError": (s.numbers, SHAPES, {}),
    "MeanAbsolutePercentageError": (s.numbers, SHAPES, {}),
    "MeanSquaredLogarithmicError": (s.positive, SHAPES, {}),
    "LogCoshError": (away_from_zero, SHAPES, {}),
    "CosineSimilarity": (s.numbers, SHAPES, {}),
    "Hinge": (s.signs, SHAPES, {}),
    "SquaredHinge": (s.binary, SHAPES, {}),
    "CategoricalHinge": (s.one_hot, CLASSES, {}),
    "KLDivergence": (s.distributions, CLASSES, {}),
    "Poisson": (s.positive, SHAPES, {}),
    "BinaryCrossentropy": (s.binary, SHAPES, CROSS),
    "CategoricalCrossentropy": (s.one_hot, CLASSES, CROSS),
    "SparseCategoricalCrossentropy": (s.indices, CLASSES, {"from_logits": [False, True]}),
    "Accuracy": (whole, SHAPES, {}),
    "BinaryAccuracy": (s.binary, SHAPES, {"threshold": [0.5, 0.2, 0.9]}),
    "CategoricalAccuracy": (s.one_hot, CLASSES, {}),
    "SparseCategoricalAccuracy": (s.indices, CLASSES, {}),
    "TopKCategoricalAccuracy": (s.one_hot, CLASSES[:2], {"k": [1, 2, 3]}),
    "SparseTopKCategoricalAccuracy": (s.indices, CLASSES[:2], {"k": [1, 2, 3]}),
    "PearsonCorrelation": (s.numbers, CLASSES[:2], {}),
    "ConcordanceCorrelation": (s.numbers, CLASSES[:2], {}),
}
COUNTS = {
    **dict.fromkeys(
        ["TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"],
        (one_label, COLUMNS, THRESHOLDS),
    ),
    **dict.fromkeys(["Precision", "Recall"], (one_label, FLAT, {**THRESHOLDS, **RANKED})),
    "AUC": (
        one_label,
        COLUMNS,
        {
            "num_thresholds": [200, 11, 2],
            "curve": ["ROC", "PR", "PRGAIN"],
            "summation_method": ["interpolation", "minoring", "majoring"],
            "from_logits": [False, False, True],
        },
    ),
    "SensitivityAtSpecificity": (one_label, FLAT, {"specificity": SOME, **OF_CURVE}),
    "SpecificityAtSensitivity": (one_label, FLAT, {"sensitivity": SOME, **OF_CURVE}),
    "PrecisionAtRecall": (one_label, FLAT, {"recall": SOME, **OF_CURVE}),
    "RecallAtPrecision": (one_label, FLAT, {"precision": SOME, **OF_CURVE}),
    "FBetaScore": (
        s.one_hot, FLAT[:1],
        {"average": [None, "micro", "macro", "weighted"], "beta": [0.5, 1.0, 2.0],
         "threshold": [None, 0.4]},
    ),
    "F1Score": (
        s.one_hot, FLAT[:1],
        {"average": [None, "micro", "macro", "weighted"], "threshold": [None, 0.4]},
    ),
    "R2Score": (
        s.numbers, [(0, 3)],
        {"class_aggregation": ["uniform_average", "variance_weighted_average", None]},
    ),
}  # fmt: skip
OVERLAPS = {
    "IoU": (segments, {"num_classes": [3], "target_class_ids": [[0], [0, 2]]}),
    "MeanIoU": (segments, {"num_classes": [3, 4]}),
    "OneHotIoU": (dense_segments, {"num_classes": [3], "target_class_ids": [[0], [1, 2]]}),
    "OneHotMeanIoU": (dense_segments, {"num_classes": [3]}),
    "BinaryIoU": (s.binary, {"target_class_ids": [[0, 1], [1]], "threshold": [0.5, 0.3]}),
}
OVERLAPS = {
    name: (draw, [(0,), (0, 5), (0, 3, 4)], {**options, "dtype": ["float32"]})
    for name, (draw, options) in OVERLAPS.items()
}
ROWS = {**MEANS, **COUNTS, **OVERLAPS}
OF_VALUES = {"Mean", "Sum"}  # whose state takes no targets: test_mean.py
BASES = {"Metric", "MeanMetricWrapper"}


def arguments(rng, options):
    return {k: v[rng.integers(len(v))] for k, v in options.items()}


@pytest.mark.sweep
@pytest.mark.parametrize("name", ROWS)
def test_metrics(name, figures):
    draw, shapes, options = ROWS[name]
    rng = np.random.default_rng(sum(map(ord, name)))
    with figures("metrics", name) as seen:
        for case in range(48):
            args = arguments(rng, options)
            if "num_thresholds" in args and args.get("from_logits"):
                args["num_thresholds"] = 11
            shape = [shapes[case % len(shapes)]]
            s.sweep(
                name, args, draw, shape, cases=1, seed=case,
                masks=name in MEANS and len(shape[0]) > 1 and shapes is not SHAPES,
                weights=name not in OVERLAPS or shape[0] == (0,),
            )  # fmt: skip
            seen.cases += 1


VALUES = [(), (3,), (2, 3), (2, 3, 4), (0,)]


@pytest.mark.sweep
@pytest.mark.parametrize("name", sorted(OF_VALUES))
def test_metrics_of_values(name, figures):
    rng = np.random.default_rng(0)
    with figures("metrics", name) as seen:
        for case in range(40):
            shape = VALUES[case % len(VALUES)]
            ours, theirs = s.make(name, {"dtype": rng.choice(["float32", "float64"])})
            for _ in range(3):
                x = rng.normal(size=shape).astype("f4")
                w = rng.uniform(0, 2, shape[: rng.integers(len(shape) + 1)][:1]).astype("f4")
                w = None if rng.random() < 0.5 else w
                for metric in (ours, theirs):
                    metric.update_state(torch.tensor(x), sample_weight=w)
                s.assert_close(s.state(ours), s.state(theirs), what=f"{name} {x} {w}")
            seen.cases += 1


FUNCTIONS = {
    "binary_accuracy": (s.binary, SHAPES, {"threshold": [0.5, 0.2]}),
    "categorical_accuracy": (s.one_hot, CLASSES, {}),
    "sparse_categorical_accuracy": (s.indices, CLASSES, {}),
    "top_k_categorical_accuracy": (s.one_hot, CLASSES[:2], {"k": [1, 2]}),
    "sparse_top_k_categorical_accuracy": (s.indices, CLASSES[:2], {"k": [1, 2]}),
    "pearson_correlation": (s.numbers, CLASSES[:2], {"axis": [-1, 0]}),
    "concordance_correlation": (s.numbers, CLASSES[:2], {"axis": [-1, 0]}),
}


@pytest.mark.sweep
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, figures):
    draw, shapes, options = FUNCTIONS[name]
    rng = np.random.default_rng(sum(map(ord, name)))
    differentiable = "correlation" in name
    with figures("metrics", f"{name}()") as seen:
        for case in range(30):
            args = arguments(rng, options)
            shape = shapes[case % len(shapes)]
            y_true, y_pred = draw(rng, (int(rng.integers(2, 9)), *shape[1:]))
            check_function(
                lambda x, y=y_true, a=args: getattr(torchkeras.metrics, name)(
                    torch.tensor(y), x, **a
                ),
                lambda x, y=y_true, a=args: getattr(keras.metrics, name)(torch.tensor(y), x, **a),
                y_pred,
                grads=differentiable,
            )
            seen.cases += 1


def test_every_public_name_is_swept():
    classes = {c.__name__ for _, c in inspect.getmembers(keras.metrics, inspect.isclass)}
    assert classes == {*ROWS, *OF_VALUES, *BASES}
    functions = {f.__name__ for _, f in inspect.getmembers(keras.metrics, inspect.isfunction)}
    losses = {f.__name__ for _, f in inspect.getmembers(keras.losses, inspect.isfunction)}
    assert functions - losses == set(FUNCTIONS)  # the others are those of keras.losses, swept there
    for name in functions & losses:
        if name not in ("get", "serialize", "deserialize"):
            assert getattr(torchkeras.metrics, name) is getattr(torchkeras.losses, name)
