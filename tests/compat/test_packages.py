"""Packages made for Keras, unmodified, on torchkeras: docs/compatibility.md lists them."""

from alias_child import run_code

TUNER = """
import tempfile
import keras, keras_tuner, numpy as np

x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
y = x.sum(1)

def build(hp):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Int("units", 2, 8), "relu"),
                              keras.layers.Dense(1)])
    rate = hp.Float("rate", 1e-4, 1e-1, sampling="log")
    model.compile(keras.optimizers.Adam(rate), "mse")
    return model

for name, options in (("RandomSearch", dict(max_trials=2)),
                      ("Hyperband", dict(max_epochs=2, factor=2)),
                      ("BayesianOptimization", dict(max_trials=3, num_initial_points=2))):
    tuner = getattr(keras_tuner, name)(
        build, objective="val_loss", directory=tempfile.mkdtemp(), seed=0, **options)
    tuner.search(x, y, validation_data=(x, y), epochs=1, verbose=0)
    best = tuner.get_best_models(1)[0]
    score = tuner.oracle.get_best_trials(1)[0].score
    again = best.evaluate(x, y, verbose=0)
    print(name, type(best).__module__.split(".")[0], abs(again - score) < 1e-5 * abs(score))
"""

SCIKERAS = """
import pickle
import numpy as np, keras
from scikeras.wrappers import KerasClassifier
from tqdm.keras import TqdmCallback

x = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")
y = np.array(["no", "yes"])[(x.sum(1) > 0).astype(int)]

def build(meta):
    return keras.Sequential([keras.Input((meta["n_features_in_"],)),
                             keras.layers.Dense(1, "sigmoid")])

model = KerasClassifier(build, loss="binary_crossentropy", optimizer="adam", epochs=20, verbose=0,
                        optimizer__learning_rate=0.1)
model.fit(x, y)
model.model_.fit(x, y == "yes", epochs=20, verbose=0, callbacks=[TqdmCallback(verbose=0)])
other = pickle.loads(pickle.dumps(model))
print("learnt", (model.predict(x) == y).mean() > 0.9, "pickled",
      np.allclose(other.predict_proba(x), model.predict_proba(x)))
"""


def test_keras_tuner():
    out = run_code(TUNER).stdout
    for name in ("RandomSearch", "Hyperband", "BayesianOptimization"):
        assert f"{name} torchkeras True" in out


def test_scikeras_and_tqdm():
    done = run_code(SCIKERAS)
    assert "learnt True pickled True" in done.stdout
    assert "20/20" in done.stderr  # tqdm's bar
