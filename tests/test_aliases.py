"""Every string that real Keras's `get` takes gives the same thing here; old names work too."""

import inspect

import keras
import numpy as np
import pytest
from keras.src import activations, constraints, initializers, losses, metrics, optimizers
from keras.src import regularizers as regularizers_

import torchkeras

KINDS = {
    "activations": activations,
    "constraints": constraints,
    "initializers": initializers,
    "losses": losses,
    "metrics": metrics,
    "optimizers": optimizers,
    "regularizers": regularizers_,
}
# Names in Keras's table that its own `get` fails on, as they need arguments; ours may give more.
REFUSED = {
    "losses": {"LossFunctionWrapper"},
    "initializers": {"Constant", "constant"},
    "optimizers": {"lossscaleoptimizer", "multioptimizer", "optimizermap", "optimizer"},
}
NAMES = [
    (kind, name)
    for kind, module in KINDS.items()
    for name in sorted(filter(None, module.ALL_OBJECTS_DICT))
    if name not in REFUSED.get(kind, ())
]


def described(found):
    if inspect.isfunction(found):
        return found.__name__
    try:
        config = found.get_config()
    except NotImplementedError:  # Keras's base class of regularizers
        config = {}
    return type(found).__name__, {k: v for k, v in config.items() if k not in ("fn", "seed")}


def get(lib, kind, name):
    try:
        return described(getattr(lib, kind).get(name))
    except Exception as e:  # classes with required arguments, as the metrics with a bound
        return type(e)


@pytest.mark.parametrize("kind", KINDS)
def test_all_names_of_keras(kind):
    for name in (n for k, n in NAMES if k == kind):
        want = get(keras, kind, name)
        got = get(torchkeras, kind, name)
        if isinstance(want, type):
            assert isinstance(got, type), name
        else:
            assert got == want, name


@pytest.mark.parametrize("kind", REFUSED)
def test_names_that_keras_itself_cannot_get(kind):
    for name in REFUSED[kind]:
        assert isinstance(get(keras, kind, name), type)


OLD = {
    "losses": {
        "mse": "mean_squared_error", "MSE": "mean_squared_error", "mae": "mean_absolute_error",
        "MAPE": "mean_absolute_percentage_error", "msle": "mean_squared_logarithmic_error",
        "kld": "kl_divergence", "KLD": "kl_divergence", "logcosh": "log_cosh",
        "kullback_leibler_divergence": "kl_divergence", "cosine_proximity": "CosineSimilarity",
        "cosine": "CosineSimilarity", "huber_loss": "Huber", "rmse": "RootMeanSquaredError",
        "bce": "binary_crossentropy", "cce": "categorical_crossentropy",
        "scce": "sparse_categorical_crossentropy",
    },
    "metrics": {
        "rmse": "RootMeanSquaredError", "kld": "KLDivergence", "logcosh": "LogCoshError",
        "cosine_proximity": "CosineSimilarity", "kullback_leibler_divergence": "KLDivergence",
        "binary_accuracy": "BinaryAccuracy", "cosine_similarity": "CosineSimilarity",
        "top_k_categorical_accuracy": "TopKCategoricalAccuracy",
        "sparse_top_k_categorical_accuracy": "SparseTopKCategoricalAccuracy",
    },
    "optimizers": {"lamb": "Lamb", "ADAM": "Adam", "RMSProp": "RMSprop", "rmsprop": "RMSprop"},
    "initializers": {"zero": "Zeros", "normal": "RandomNormal", "uniform": "RandomUniform"},
    "regularizers": {"l1_l2": "L1L2", "l2": "L2"},
    "constraints": {"max_norm": "MaxNorm", "MaxNorm": "MaxNorm"},
    "activations": {"swish": "silu", "hard_swish": "hard_silu"},
}  # fmt: skip


@pytest.mark.parametrize("kind", OLD)
def test_old_names_and_additions(kind):
    for name, want in OLD[kind].items():
        found = getattr(torchkeras, kind).get(name)
        assert getattr(found, "__name__", type(found).__name__) == want, name


COMPILED = ["acc", "accuracy", "mse", "MAE", "binary_accuracy", "bce"]


@pytest.mark.parametrize("name", COMPILED)
@pytest.mark.parametrize("units", [1, 3])
def test_strings_in_compile(name, units):
    """`acc` depends on the loss and on the outputs."""
    loss = "binary_crossentropy" if units == 1 else "sparse_categorical_crossentropy"
    if units == 3 and name in ("mse", "MAE", "bce", "binary_accuracy"):
        loss = "categorical_crossentropy"
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 4)).astype("f4"), rng.integers(0, max(units, 2), 8)
    y = np.eye(3, dtype="f4")[y] if loss == "categorical_crossentropy" else y.reshape(-1, 1)
    results = []
    for lib in (torchkeras, keras):
        layer = lib.layers.Dense(
            units, "sigmoid" if units == 1 else "softmax", kernel_initializer="ones"
        )
        model = lib.Sequential([lib.Input((4,)), layer])
        model.compile("sgd", loss, metrics=[name])
        results.append(model.evaluate(x, y, verbose=0, return_dict=True))
    assert results[0] == pytest.approx(results[1], rel=1e-5)


@pytest.mark.parametrize("name", ["ce", "crossentropy"])
@pytest.mark.parametrize("loss", ["binary_crossentropy", "sparse_categorical_crossentropy"])
def test_crossentropy_of_the_loss(name, loss):
    # Keras documents these names; its own lookup fails on them.
    model = torchkeras.Sequential([torchkeras.Input((4,))])
    units = 1 if loss.startswith("b") else 3
    model.add(torchkeras.layers.Dense(units, "sigmoid" if units == 1 else "softmax"))
    model.compile("sgd", loss, metrics=[name])
    x, y = np.ones((6, 4), "f4"), np.array([[0], [1]] * 3)
    found = model.evaluate(x, y, verbose=0, return_dict=True)
    assert found[name] == pytest.approx(found["loss"])
