"""The `keras.wrappers` namespace: models as scikit-learn estimators."""

from .classifier import SKLearnClassifier as SKLearnClassifier
from .regressor import SKLearnRegressor as SKLearnRegressor
from .transformer import SKLearnTransformer as SKLearnTransformer
