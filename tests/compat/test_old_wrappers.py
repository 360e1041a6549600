"""`keras.wrappers.scikit_learn`, as Keras 1 and 2 had it."""

import pickle

import numpy as np
import pytest
from alias_child import run_code
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import torchkeras
from torchkeras.compat.names.wrappers import BaseWrapper, KerasClassifier, KerasRegressor

X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]


def classifier(units=8, outputs=3, activation="softmax", loss="categorical_crossentropy"):
    torchkeras.utils.set_random_seed(0)
    layers = [torchkeras.layers.Dense(units, "relu"), torchkeras.layers.Dense(outputs, activation)]
    model = torchkeras.Sequential([torchkeras.Input((4,)), *layers])
    model.compile(torchkeras.optimizers.Adam(0.05), loss, metrics=["accuracy"])
    return model


def regressor():
    torchkeras.utils.set_random_seed(0)
    model = torchkeras.Sequential([torchkeras.Input((3,)), torchkeras.layers.Dense(1)])
    model.compile(torchkeras.optimizers.Adam(0.05), "mse")
    return model


@pytest.mark.parametrize(
    "y", [Y, NAMES, Y[:, None], np.eye(3)[Y]], ids=["int", "str", "2d", "1hot"]
)
@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_classifier(y, loss):
    if loss.startswith("sparse") and y.shape[1:] == (3,):
        return  # such a model takes no one-hot targets
    wrapper = KerasClassifier(classifier, loss=loss, epochs=20, batch_size=32, verbose=0)
    history = wrapper.fit(X, y)
    assert len(history.history["loss"]) == 20 and wrapper.n_classes_ == 3
    predicted = wrapper.predict(X)
    labels = y if y.shape[1:] != (3,) else Y
    assert (predicted == labels.ravel()).mean() > 0.9 and predicted.shape == (150,)
    np.testing.assert_array_equal(predicted, wrapper.classes_[wrapper.predict_proba(X).argmax(1)])
    if y.ndim == 1:
        assert wrapper.score(X, y) == pytest.approx((predicted == y).mean(), abs=1e-6)


def test_one_sigmoid():
    options = dict(outputs=1, activation="sigmoid", loss="binary_crossentropy")
    wrapper = KerasClassifier(classifier, epochs=20, verbose=0, **options)
    wrapper.fit(X[:100], NAMES[:100])
    proba = wrapper.predict_proba(X[:100])
    assert proba.shape == (100, 2)
    np.testing.assert_allclose(proba.sum(1), 1, rtol=1e-6)
    assert wrapper.predict(X[:100]).shape == (100, 1)  # a column, as in Keras 2
    assert wrapper.score(X[:100], NAMES[:100]) > 0.9


def test_regressor():
    wrapper = KerasRegressor(regressor, epochs=5, verbose=0)
    wrapper.fit(X[:, :3], X[:, 3])
    out = wrapper.predict(X[:, :3])
    assert out.shape == (150,)
    expected = -((out - X[:, 3]) ** 2).mean()
    assert wrapper.score(X[:, :3], X[:, 3]) == pytest.approx(expected, rel=1e-5)


def test_search_pipeline_clone_and_pickle():
    wrapper = KerasClassifier(build_fn=classifier, epochs=10, verbose=0)
    search = GridSearchCV(wrapper, {"units": [1, 12], "epochs": [5, 15]}, cv=2).fit(X, NAMES)
    assert search.best_params_ == {"units": 12, "epochs": 15}
    assert cross_val_score(make_pipeline(StandardScaler(), wrapper), X, NAMES, cv=3).min() > 0.8
    assert clone(wrapper).get_params() == wrapper.get_params()
    best = search.best_estimator_
    other = pickle.loads(pickle.dumps(best))
    np.testing.assert_array_equal(other.predict(X), best.predict(X))


class Builder:
    def __call__(self, units=3):
        return classifier(units)


class Own(KerasClassifier):
    def __call__(self, units=3):
        return classifier(units)


@pytest.mark.parametrize("wrapper", [KerasClassifier(Builder(), units=5), Own(units=5)])
def test_other_builders(wrapper):
    wrapper.fit(X, Y, epochs=1, verbose=0)
    assert wrapper.model.layers[0].units == 5


def test_parameters():
    wrapper = KerasClassifier(classifier, units=2, epochs=3)
    assert wrapper.get_params() == {"units": 2, "epochs": 3, "build_fn": classifier}
    assert wrapper.set_params(units=4, nb_epoch=2) is wrapper
    assert wrapper.filter_sk_params(classifier, {"outputs": 2}) == {"units": 4, "outputs": 2}
    for bad in (lambda: KerasClassifier(classifier, unitz=2), lambda: wrapper.set_params(unitz=2)):
        with pytest.raises(ValueError, match="unitz is not a legal parameter"):
            bad()
    with pytest.raises(ValueError, match="Invalid shape for y"):
        wrapper.fit(X, np.zeros((2, 2, 2)))
    plain = KerasClassifier(lambda: torchkeras.Sequential([torchkeras.layers.Dense(3)]))
    plain.build_fn = lambda: _uncounted()
    plain.fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match="not configured to compute accuracy"):
        plain.score(X, Y)
    assert issubclass(KerasClassifier, BaseWrapper)


def _uncounted():
    model = torchkeras.Sequential([torchkeras.layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def test_a_script():
    """The classic of Keras 1 and 2, as users wrote it."""
    out = run_code(
        """
import numpy
from keras.models import Sequential
from keras.layers import Dense
from keras.optimizers import Adam
from keras.wrappers.scikit_learn import KerasClassifier
from tensorflow.keras.wrappers.scikit_learn import KerasRegressor
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score, KFold

def baseline_model():
    model = Sequential()
    model.add(Dense(8, input_dim=4, init="normal", activation="relu"))
    model.add(Dense(3, init="normal", activation="sigmoid"))
    model.compile(loss="categorical_crossentropy", optimizer=Adam(lr=0.05), metrics=["accuracy"])
    return model

X, y = load_iris(return_X_y=True)
estimator = KerasClassifier(build_fn=baseline_model, nb_epoch=8, batch_size=10, verbose=0)
results = cross_val_score(estimator, X, y, cv=KFold(n_splits=2, shuffle=True, random_state=7))
print("accuracy above 0.6:", results.mean() > 0.6)
"""
    ).stdout
    assert "accuracy above 0.6: True" in out
