"""scikeras's documented flows, one function each; run under the alias by test_scikeras.py.

They follow its README and tutorials (basic usage, DataTransformers, meta-estimators, sparse inputs
aside). Each prints its name when it is through.
"""

import copy
import pickle
import sys

import joblib
import keras
import numpy as np
from scikeras.wrappers import BaseWrapper, KerasClassifier, KerasRegressor
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.datasets import load_iris, make_classification, make_regression
from sklearn.ensemble import AdaBoostRegressor, BaggingClassifier
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

assert keras.Model.__module__.startswith("torchkeras.")

X, Y = make_classification(200, 20, n_informative=10, random_state=0)
X = X.astype("float32")
XR, YR = make_regression(200, 20, random_state=0, noise=0.1)
XR, YR = XR.astype("float32"), (YR / 100).astype("float32")
SPARSE = "sparse_categorical_crossentropy"


def get_model(hidden_layer_dim, meta):
    """The README's: not compiled, with the data's facts in `meta`."""
    model = keras.models.Sequential()
    model.add(keras.layers.Dense(meta["n_features_in_"], input_shape=meta["X_shape_"][1:]))
    model.add(keras.layers.Activation("relu"))
    model.add(keras.layers.Dense(hidden_layer_dim))
    model.add(keras.layers.Activation("relu"))
    model.add(keras.layers.Dense(meta["n_classes_"]))
    model.add(keras.layers.Activation("softmax"))
    return model


def get_clf(meta, hidden_layer_sizes, dropout, compile_kwargs):
    """The MLP tutorial's: compiles itself with what was routed to it."""
    model = keras.Sequential([keras.layers.Input((meta["n_features_in_"],))])
    for units in hidden_layer_sizes:
        model.add(keras.layers.Dense(units, activation="relu"))
        model.add(keras.layers.Dropout(dropout))
    two = meta["target_type_"] == "binary"
    model.add(keras.layers.Dense(1 if two else meta["n_classes_"], "sigmoid" if two else "softmax"))
    model.compile(
        loss="binary_crossentropy" if two else SPARSE, optimizer=compile_kwargs["optimizer"]
    )
    return model


def get_reg(meta, hidden_layer_sizes, compile_kwargs):
    model = keras.Sequential([keras.layers.Input((meta["n_features_in_"],))])
    for units in hidden_layer_sizes:
        model.add(keras.layers.Dense(units, activation="relu"))
    model.add(keras.layers.Dense(1))
    model.compile(loss=compile_kwargs["loss"], optimizer=compile_kwargs["optimizer"])
    return model


def classifier(**options):
    options = {"loss": SPARSE, "hidden_layer_dim": 10, "verbose": 0, **options}
    return KerasClassifier(get_model, **options)


def regressor(**options):
    options = {"loss": "mse", "optimizer": "adam", "hidden_layer_sizes": (20,), **options}
    return KerasRegressor(get_reg, verbose=0, **options)


class Noting(keras.callbacks.Callback):
    def __init__(self, tag=0):
        super().__init__()
        self.tag, self.epochs = tag, []

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(epoch)


def readme():
    found = classifier(hidden_layer_dim=100, epochs=10).fit(X, Y)
    assert found.predict_proba(X).shape == (200, 2) and found.score(X, Y) > 0.8
    names = {"hidden_layer_dim": [50, 100], "optimizer": ["adam", "sgd"],
             "loss": [SPARSE], "optimizer__learning_rate": [0.0001, 0.1]}  # fmt: skip
    search = GridSearchCV(classifier(), names, refit=False, cv=2, scoring="accuracy").fit(X, Y)
    assert len(search.cv_results_["params"]) == 8


def routed_to_compile():
    found = KerasClassifier(get_clf, hidden_layer_sizes=(20,), dropout=0.5, optimizer="adam",
                            optimizer__learning_rate=0.001, verbose=0).fit(X, Y)  # fmt: skip
    assert abs(float(found.model_.optimizer.learning_rate) - 0.001) < 1e-8
    found.set_params(optimizer__learning_rate=0.01).fit(X, Y)
    assert abs(float(found.model_.optimizer.learning_rate) - 0.01) < 1e-8
    found = classifier(
        loss=keras.losses.SparseCategoricalCrossentropy, loss__from_logits=False,
        optimizer=keras.optimizers.SGD, optimizer__momentum=0.5,
        metrics=[keras.metrics.SparseCategoricalAccuracy, "accuracy"], metrics__0__name="bar",
    ).fit(X, Y)  # fmt: skip
    assert found.model_.optimizer.momentum == 0.5 and not found.model_.loss.from_logits
    assert {"bar", "accuracy", "loss"} <= set(found.history_)


def routed_to_fit():
    found = classifier(fit__batch_size=50, predict__batch_size=20, fit__validation_split=0.2,
                       metrics=["accuracy"])  # fmt: skip
    found.fit(X, Y, sample_weight=np.ones(200))
    assert sorted(found.history_) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    found = classifier(batch_size=-1, class_weight="balanced").fit(X, Y)
    assert len(found.fit(X, Y, epochs=2).history_["loss"]) == 2


def regression_and_pipeline():
    found = regressor(epochs=30, optimizer__learning_rate=0.01).fit(XR, YR)
    assert found.score(XR, YR) > 0.8
    pipeline = Pipeline([("scale", StandardScaler()), ("net", regressor(epochs=2))])
    search = GridSearchCV(pipeline, {"net__hidden_layer_sizes": [(5,), (10,)]}, cv=2)
    assert set(search.fit(XR, YR).best_params_) == {"net__hidden_layer_sizes"}
    assert cross_val_score(pipeline, XR, YR, cv=2).shape == (2,)


def copies(folder="."):
    found = classifier(epochs=2).fit(X, Y)
    joblib.dump(found, f"{folder}/net.joblib")
    want = found.predict_proba(X)
    for again in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found),
                  joblib.load(f"{folder}/net.joblib")):  # fmt: skip
        np.testing.assert_allclose(again.predict_proba(X), want, rtol=1e-6)
        again.partial_fit(X, Y)
    assert not hasattr(clone(found), "model_")
    found.model_.save(f"{folder}/net.keras")
    again = KerasClassifier(keras.models.load_model(f"{folder}/net.keras"), verbose=0)
    again.initialize(X, Y)
    np.testing.assert_allclose(again.predict_proba(X), want, rtol=1e-6)


def training_on():
    found = classifier(epochs=5)
    model = found.partial_fit(X, Y).model_
    found.partial_fit(X, Y)
    assert found.model_ is model and found.current_epoch == 2
    assert found.fit(X, Y).current_epoch == 5 and found.model_ is not model
    model = found.model_
    assert found.set_params(warm_start=True).fit(X, Y).model_ is model


def callbacks():
    noting = Noting()
    classifier(epochs=3, callbacks=[noting]).fit(X, Y)
    assert noting.epochs == [0, 1, 2]
    found = classifier(
        epochs=3, callbacks=keras.callbacks.EarlyStopping, callbacks__monitor="loss",
        callbacks__patience=1, callbacks__min_delta=10.0,
    ).fit(X, Y)  # fmt: skip
    assert len(found.history_["loss"]) == 2
    two = {"one": Noting, "two": Noting}
    classifier(callbacks=two, callbacks__tag=1, callbacks__two__tag=2).fit(X, Y)


def seeds():
    a, b = (classifier(random_state=3).fit(X, Y).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    search = RandomizedSearchCV(classifier(), {"hidden_layer_dim": [3, 4, 5]}, n_iter=2, cv=2)
    search.fit(X, Y)


def targets():
    iris = load_iris()
    x, names = iris.data.astype("float32"), iris.target_names[iris.target]
    found = KerasClassifier(get_clf, hidden_layer_sizes=(20,), dropout=0.0, optimizer="adam",
                            optimizer__learning_rate=0.05, epochs=30, verbose=0)  # fmt: skip
    assert found.fit(x, names).score(x, names) > 0.8 and found.predict(x).dtype.kind == "U"

    def dense(units, activation):
        return lambda: keras.Sequential([keras.Input((20,)), keras.layers.Dense(units, activation)])

    one_hot = KerasClassifier(dense(2, "softmax"), loss="categorical_crossentropy", verbose=0)
    assert one_hot.fit(X, np.eye(2)[Y]).predict(X).shape == (200, 2)
    several = KerasClassifier(dense(3, "sigmoid"), loss="binary_crossentropy", verbose=0)
    labels = np.random.default_rng(0).integers(0, 2, (200, 3))
    assert several.fit(X, labels).target_type_ == "multilabel-indicator"


def several_inputs_and_outputs():
    class Parts(KerasClassifier):
        @property
        def feature_encoder(self):
            return FunctionTransformer(lambda x: [x[:, :10], x[:, 10:]])

    def two_inputs():
        parts = [keras.Input((10,)), keras.Input((10,))]
        joined = keras.layers.concatenate(parts)
        return keras.Model(parts, keras.layers.Dense(1, "sigmoid")(joined))

    Parts(two_inputs, loss="binary_crossentropy", verbose=0).fit(X, Y).score(X, Y)

    class Split(BaseEstimator, TransformerMixin):
        def fit(self, y):
            self.n_outputs_ = self.n_outputs_expected_ = 2
            return self

        def transform(self, y):
            return [y[:, 0], y[:, 1]]

        def inverse_transform(self, y):
            return np.column_stack([np.squeeze(part) for part in y])

    class Two(KerasRegressor):
        @property
        def target_encoder(self):
            return Split()

    def two_outputs():
        x = keras.Input((20,))
        return keras.Model(x, [keras.layers.Dense(1, name=n)(x) for n in "ab"])

    both = np.column_stack([YR, YR])
    assert Two(two_outputs, loss=["mse", "mae"], verbose=0).fit(XR, both).predict(XR).shape == (
        200,
        2,
    )


def subclasses():
    class Net(KerasClassifier):
        def __init__(self, units=(10,), optimizer="adam", epochs=2, verbose=0, **options):
            super().__init__(**options)
            self.units, self.optimizer = units, optimizer
            self.epochs, self.verbose = epochs, verbose

        def _keras_build_fn(self, compile_kwargs):
            hidden = [keras.layers.Dense(n, "relu") for n in self.units]
            start, end = keras.Input((self.n_features_in_,)), keras.layers.Dense(1, "sigmoid")
            model = keras.Sequential([start, *hidden, end])
            model.compile("adam", "binary_crossentropy")
            return model

    assert clone(Net(units=(5,))).fit(X, Y).get_params()["units"] == (5,)

    class Autoencoder(BaseWrapper, TransformerMixin):
        def fit(self, x, y=None):
            return super().fit(X=x, y=x)

        def transform(self, x):
            return self.predict(x)

    def narrow(meta):
        sizes = (4, meta["n_features_in_"])
        return keras.Sequential([keras.Input((sizes[1],)), *map(keras.layers.Dense, sizes)])

    assert Autoencoder(narrow, loss="mse", verbose=0).fit_transform(X).shape == X.shape


def meta_estimators():
    AdaBoostRegressor(estimator=regressor(epochs=1), n_estimators=2).fit(XR, YR)
    BaggingClassifier(estimator=classifier(), n_estimators=2).fit(X, Y)


def processes():
    assert cross_val_score(classifier(), X, Y, cv=2, n_jobs=2).shape == (2,)


if __name__ == "__main__":
    for flow in sys.argv[1:]:
        globals()[flow]()
        print(flow, flush=True)
