"""Which of three models is best? Cross-validation with scikit-learn, on its wine dataset.

python examples/model_selection.py [--out FOLDER]
"""

import argparse
from pathlib import Path

from sklearn.datasets import load_wine
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import torchkeras as keras
from torchkeras import layers

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", type=Path, default=Path("."), help="where the best model goes")
options = parser.parse_args()


def network(X, y, hidden=(), dropout=0.0):
    """A classifier with hidden layers of these sizes; none: logistic regression."""
    stack = [keras.Input(X.shape[1:])]
    for units in hidden:
        stack += [layers.Dense(units, activation="relu"), layers.Dropout(dropout)]
    model = keras.Sequential([*stack, layers.Dense(y.shape[1], activation="softmax")])
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy", metrics=["accuracy"])
    return model


def candidate(**kwargs):
    """A network behind a scaler that is fitted on each fold's training part only."""
    net = keras.wrappers.SKLearnClassifier(
        network, model_kwargs=kwargs, fit_kwargs={"epochs": 30, "verbose": 0}
    )
    return make_pipeline(StandardScaler(), net)


keras.utils.set_random_seed(0)
x, y = load_wine(return_X_y=True)  # 178 wines of 3 growers, 13 measurements each
x, x_test, y, y_test = train_test_split(x, y, test_size=0.25, stratify=y, random_state=0)
folds = StratifiedKFold(5, shuffle=True, random_state=0)

candidates = {
    "linear": candidate(),
    "one layer": candidate(hidden=(16,)),
    "two layers": candidate(hidden=(32, 16), dropout=0.2),
}
means = {}
for name, model in candidates.items():
    scores = cross_val_score(model, x, y, cv=folds)
    means[name] = scores.mean()
    print(f"{name:10} accuracy {scores.mean():.3f} ± {scores.std():.3f}")

best = max(means, key=means.get)
grid = {"sklearnclassifier__fit_kwargs": [{"epochs": n, "verbose": 0} for n in (10, 30, 60)]}
search = GridSearchCV(candidates[best], grid, cv=folds).fit(x, y)
epochs = search.best_params_["sklearnclassifier__fit_kwargs"]["epochs"]
print(f"best: {best}, {epochs} epochs")
print(f"test accuracy {search.score(x_test, y_test):.3f}")

options.out.mkdir(parents=True, exist_ok=True)
scaler, net = search.best_estimator_
file = options.out / "wine.keras"
net.model_.save(file)
loaded = keras.saving.load_model(file)
classes = loaded.predict(scaler.transform(x_test), verbose=0).argmax(1)
print(f"saved {file.name}, which predicts the same: {(classes == search.predict(x_test)).all()}")
