"""Models as scikit-learn estimators, beside real Keras's."""

import inspect
import os
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import torchkeras

LOSS = {
    "SKLearnClassifier": "categorical_crossentropy",
    "SKLearnRegressor": "mse",
    "SKLearnTransformer": "mse",
}
X = np.random.default_rng(0).normal(size=(30, 4))
TARGETS = {
    "numbers": np.arange(30) / 3.0,
    "integers": np.arange(30) % 3,
    "two": np.arange(30) % 2,
    "strings": np.array(list("bca" * 10)),
    "column": (np.arange(30) % 3)[:, None],
    "columns": np.eye(3)[np.arange(30) % 3],
    "one": np.zeros(30, int),
}


def net(X, y, loss, units=10, library=torchkeras):
    """A small net that is the same for the same data: scikit-learn's checks compare fits."""
    library.utils.set_random_seed(0)
    outputs = y.shape[1] if y is not None and y.ndim == 2 else 1
    activation = "softmax" if loss == "categorical_crossentropy" else None
    model = library.Sequential(
        [
            library.Input(X.shape[1:]),
            library.layers.Dense(units, "relu"),
            library.layers.Dense(outputs, activation),
        ]
    )
    model.compile(library.optimizers.Adam(0.05), loss)
    return model


def make(name, library=torchkeras, epochs=1, **kwargs):
    module = torchkeras.wrappers if library is torchkeras else keras.wrappers
    options = {"loss": LOSS[name]} | ({"library": keras} if library is keras else {})
    return getattr(module, name)(
        kwargs.pop("model", net),
        model_kwargs=options,
        fit_kwargs={"verbose": 0, "epochs": epochs},
        **kwargs,
    )


def compiled(outputs=1, library=torchkeras, loss="mse"):
    model = library.Sequential([library.Input((4,)), library.layers.Dense(outputs)])
    model.compile("adam", loss)
    return model


@pytest.mark.parametrize("name", LOSS)
def test_check_estimator(name):
    """All of scikit-learn's checks, without an exception; it leaves out two or five itself."""
    results = check_estimator(make(name, epochs=5), on_fail=None, on_skip=None)
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []
    skipped = {r["check_name"] for r in results if r["status"] == "skipped"}
    assert skipped <= {
        "check_array_api_input",
        "check_pipeline_consistency",
        "check_transformer_data_not_an_array",
        "check_transformer_general",
    }  # those of a class that says that it is non-deterministic, as Keras's does


@pytest.mark.parametrize("name", LOSS)
def test_signatures(name):
    ours, theirs = getattr(torchkeras.wrappers, name), getattr(keras.wrappers, name)
    for method in ("__init__", "fit", "predict", "set_fit_request"):
        mine, real = (inspect.signature(getattr(c, method)).parameters for c in (ours, theirs))
        assert list(mine) == list(real)
        if (name, method) != ("SKLearnTransformer", "fit"):  # whose `y` may be left out here
            assert [p.default for p in mine.values()] == [p.default for p in real.values()]
    assert [c.__name__ for c in ours.__mro__] == [c.__name__ for c in theirs.__mro__]
    assert make(name).__sklearn_tags__() == make(name, keras).__sklearn_tags__()
    assert {n for n in vars(theirs) if n[0] != "_"} <= set(dir(ours))


@pytest.mark.parametrize("name", LOSS)
@pytest.mark.parametrize("target", TARGETS)
def test_targets_as_in_keras(name, target, capsys):
    """What `y` may be, what the model gets, and the form of what comes back."""
    seen, results = {}, {}
    y = TARGETS[target]
    for library in (torchkeras, keras):

        def model(X, y, library=torchkeras, **kwargs):
            seen[library] = (X.dtype, X.shape, y.dtype, y.shape)
            return net(X, y, library=library, **kwargs)

        estimator = make(name, library, model=model)
        try:
            estimator.fit(X, y)
        except ValueError as e:
            results[library] = type(e)
            continue
        out = estimator.predict(X)
        results[library] = (out.dtype, out.shape, estimator.n_features_in_)
        if name == "SKLearnClassifier":
            np.testing.assert_array_equal(estimator.classes_, np.unique(y))
            assert estimator.classes_.dtype == np.unique(y).dtype
        if name == "SKLearnTransformer":
            assert estimator.transform(X).shape == (30, 1)
    if not (target == "strings" and name != "SKLearnClassifier"):
        assert seen.get(torchkeras) == seen.get(keras)
    assert results[torchkeras] == results[keras]


def test_classifier_learns_and_decides():
    data, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    classifier = make("SKLearnClassifier", epochs=30).fit(data, names)
    assert classifier.score(data, names) > 0.9
    decision = classifier.decision_function(data)
    assert decision.shape == (150, 3)
    np.testing.assert_array_equal(classifier.classes_[decision.argmax(1)], classifier.predict(data))
    assert len(classifier.history_.history["loss"]) == 30
    two = make("SKLearnClassifier", epochs=30).fit(data[:100], names[:100])
    assert two.decision_function(data).shape == (150,)
    np.testing.assert_array_equal(two.predict(data) == names[99], two.decision_function(data) > 0)


def test_search_score_pipeline_and_clone():
    data, y = load_wine(return_X_y=True)
    classifier = make("SKLearnClassifier", epochs=15)
    pipeline = make_pipeline(StandardScaler(), classifier)
    assert cross_val_score(pipeline, data, y, cv=3).min() > 0.9
    assert cross_val_predict(pipeline, data, y, cv=3).shape == y.shape
    grid = {"sklearnclassifier__model_kwargs": [{"loss": LOSS["SKLearnClassifier"], "units": n}
                                                for n in (2, 20)]}  # fmt: skip
    search = GridSearchCV(pipeline, grid, cv=2).fit(data, y)
    assert search.best_params_["sklearnclassifier__model_kwargs"]["units"] == 20
    assert search.score(data, y) > 0.95
    auc = cross_val_score(pipeline, data[y < 2], y[y < 2], cv=3, scoring="roc_auc")
    assert auc.min() > 0.95  # real Keras's two columns are refused here
    copy = clone(classifier.fit(data, y))
    assert not hasattr(copy, "model_") and copy.model is classifier.model
    assert "torchkeras" not in repr(copy) and "net" in repr(copy)


def test_clone_of_an_instance():
    model = compiled(3, loss="categorical_crossentropy")
    classifier = torchkeras.wrappers.SKLearnClassifier(model, fit_kwargs={"verbose": 0})
    before = model.get_weights()
    classifier.fit(X, TARGETS["integers"], epochs=2)
    assert classifier.model_ is not model and len(classifier.history_.history["loss"]) == 2
    assert classifier.fit_kwargs == {"verbose": 0}  # real Keras writes `epochs` into it
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    copy = clone(classifier)
    assert copy.model is not model and copy.fit(X, TARGETS["integers"]).predict(X).shape == (30,)


@pytest.mark.parametrize("name", LOSS)
def test_pickle(name):
    estimator = make(name, epochs=2).fit(X, TARGETS["two"])
    other = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(other.predict(X), estimator.predict(X))
    assert other.history_.history == estimator.history_.history
    other.fit(X, TARGETS["two"])


def test_warm_start_goes_on():
    model = compiled()
    regressor = torchkeras.wrappers.SKLearnRegressor(
        model, warm_start=True, fit_kwargs={"verbose": 0}
    )
    regressor.fit(X, TARGETS["numbers"])
    assert regressor.model_ is model and int(model.optimizer.iterations) == 1
    assert regressor.fit(X, TARGETS["numbers"]).model_ is model
    assert int(model.optimizer.iterations) == 2
    made = make("SKLearnRegressor", warm_start=True).fit(X, TARGETS["numbers"])
    first = made.model_
    assert made.fit(X, TARGETS["numbers"]).model_ is first


def test_transformer_of_a_trained_model():
    """The example in Keras's documentation: an embedding that is not trained again."""
    model = compiled(3)
    step = FrozenEstimator(torchkeras.wrappers.SKLearnTransformer(model))
    pipeline = make_pipeline(step, LogisticRegression()).fit(X, TARGETS["two"])
    assert pipeline.predict(X).shape == (30,)
    expected = model.predict(X, verbose=0)
    np.testing.assert_allclose(step.transform(X), expected, rtol=1e-6)


def test_transformer_without_targets():
    def model(X, y):
        assert y is None
        layers = [torchkeras.Input((4,)), torchkeras.layers.Dense(2, activity_regularizer="l2")]
        own = torchkeras.Sequential(layers)
        own.compile("sgd", loss=lambda y, p: p)
        own.compute_loss = lambda x, y, y_pred, sample_weight=None, training=True: y_pred.sum()
        return own

    step = torchkeras.wrappers.SKLearnTransformer(model, fit_kwargs={"verbose": 0})
    assert step.fit_transform(X).shape == (30, 2)


@pytest.mark.parametrize("name", LOSS)
@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        (3, TypeError, "must be a Model or a callable that returns one. Received: model=3"),
        (lambda X, y, **_: 3, TypeError, "must return a Model. It returned: 3"),
        (torchkeras.Sequential([torchkeras.Input((4,))]), RuntimeError, "compiled with a loss"),
    ],
)
def test_bad_models(name, model, error, words):
    with pytest.raises(error, match=words):
        make(name, model=model).fit(X, TARGETS["integers"])


@pytest.mark.parametrize("name", LOSS)
def test_bad_data(name):
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        make(name).predict(X)
    estimator = make(name).fit(X, TARGETS["two"])
    with pytest.raises(ValueError, match="X has 2 features, but"):
        estimator.predict(X[:, :2])
    with pytest.raises(ValueError, match="contains NaN"):
        estimator.fit(X * np.nan, TARGETS["two"])
    with pytest.raises(ValueError, match="with dim 3"):
        estimator.fit(X[:, None], TARGETS["two"])


def test_metadata_routing():
    classifier = make("SKLearnClassifier")
    with pytest.raises(RuntimeError, match="set_config"):
        classifier.set_fit_request(sample_weight=True)
    weights = np.r_[np.ones(20), np.zeros(10)]
    with sklearn.config_context(enable_metadata_routing=True):
        assert classifier.set_fit_request(sample_weight=True) is classifier
        assert classifier.get_metadata_routing().fit.requests == {"sample_weight": True}
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, classifier)
        pipeline.fit(X, TARGETS["two"], sample_weight=weights)
        with pytest.raises(ValueError, match="alias"):
            classifier.set_fit_request(sample_weight=3)
    assert pipeline[-1].fit_kwargs == {"verbose": 0, "epochs": 1}


def test_without_sklearn():
    """The module is there all the same; making an estimator says what to install."""
    code = """
import sys
sys.modules["sklearn"] = None
import torchkeras
assert "torchkeras.wrappers" not in sys.modules and "wrappers" in dir(torchkeras)
from torchkeras.wrappers import SKLearnClassifier
try:
    SKLearnClassifier(lambda X, y: None)
except ImportError as e:
    print(e)
"""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
    )
    assert done.stdout == 'sklearn is needed here: pip install "torchkeras[sklearn]"\n'
