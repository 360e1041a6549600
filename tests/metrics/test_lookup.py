import json

import keras
import pytest

import torchkeras.metrics
from oracle import check_config, clear_names

LATER = {
    "BinaryIoU", "ConcordanceCorrelation", "F1Score", "FBetaScore", "IoU", "MeanIoU", "OneHotIoU",
    "OneHotMeanIoU", "PearsonCorrelation", "R2Score", "concordance_correlation",
    "pearson_correlation",
}  # fmt: skip
PUBLIC = [n for n in dir(keras.metrics) if n[0] != "_" and n not in LATER]
CLASSES = [n for n in PUBLIC if isinstance(getattr(keras.metrics, n), type)]
DEFAULTS = [n for n in CLASSES if "At" not in n and n != "MeanMetricWrapper"]
STRINGS = [
    "mse", "MSE", "mae", "MAE", "mape", "MAPE", "msle", "MSLE", "bce", "BCE", "accuracy",
    "mean_squared_error", "auc", "precision", "recall", "root_mean_squared_error", "mean", "sum",
    "true_positives", "false_negatives", "log_cosh_error", "top_k_categorical_accuracy",
    "sparse_top_k_categorical_accuracy", "binary_accuracy", "categorical_accuracy", "hinge",
    "sparse_categorical_accuracy", "kl_divergence", "poisson", "cosine_similarity",
]  # fmt: skip
OURS = {
    "rmse": "RootMeanSquaredError", "kld": "KLDivergence", "logcosh": "LogCoshError",
    "cosine": "CosineSimilarity", "scce": "SparseCategoricalCrossentropy",
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLIC)
def test_everything_public_is_there(name):
    assert hasattr(torchkeras.metrics, name)


@pytest.mark.parametrize("name", STRINGS + DEFAULTS)
def test_get_equals_real_keras(name):
    ours, theirs = torchkeras.metrics.get(name), keras.metrics.get(name)
    assert type(ours).__name__ == type(theirs).__name__
    assert ours.name == theirs.name


@pytest.mark.parametrize("name", DEFAULTS)
def test_configs_and_serialized_forms_equal_real_keras(name):
    clear_names()
    ours, theirs = (getattr(lib.metrics, name)() for lib in (torchkeras, keras))
    check_config(ours, theirs)
    a, b = (
        torchkeras.metrics.serialize(ours),
        json.loads(json.dumps(keras.metrics.serialize(theirs))),
    )
    assert a == b
    assert type(torchkeras.metrics.deserialize(b)) is type(ours)
    assert type(keras.metrics.deserialize(a)) is type(theirs)
    assert [(v.name, v.path) for v in ours.variables] == [
        (v.name, v.path) for v in theirs.variables
    ]
    assert getattr(ours, "_direction", None) == getattr(theirs, "_direction", None)


@pytest.mark.parametrize(("name", "found"), OURS.items())
def test_names_that_scripts_use_beyond_keras(name, found):
    assert type(torchkeras.metrics.get(name)).__name__ == found


def test_functions():
    for fn in (torchkeras.metrics.binary_accuracy, torchkeras.losses.mean_squared_error):
        config = torchkeras.metrics.serialize(fn)
        assert torchkeras.metrics.deserialize(config) is fn
        assert torchkeras.metrics.get(fn) is fn


def test_unknown_names_have_near_ones():
    with pytest.raises(ValueError, match=r"Did you mean .*categorical_accuracy"):
        torchkeras.metrics.get("categorical_acuracy")
    with pytest.raises(ValueError, match="metric"):
        torchkeras.metrics.get(5)
