"""A model as a scikit-learn regressor."""

from typing import Any

from ._sklearn import RegressorMixin
from .base import SKLBase


class SKLearnRegressor(RegressorMixin, SKLBase):
    """A model as a scikit-learn regressor: for `GridSearchCV`, `cross_val_score`, `Pipeline`.

    The model gets the targets as a column, `(samples, 1)`; predictions have shape `(samples,)`.

    Args:
        model: A compiled `Model`, of which a fresh clone is fitted; or a callable that gets the
            data as `X` and `y`, and `model_kwargs`, and returns a compiled `Model`.
        warm_start: Whether `fit` goes on with the last model, the given `Model` itself first.
        model_kwargs: Further arguments of a callable `model`.
        fit_kwargs: Arguments of `Model.fit`; those given to `fit` itself come first.

    Attributes: `model_` (fitted), `history_` (what `Model.fit` returned).

    Example:

    >>> import numpy as np, torchkeras as keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> model.compile("adam", "mse")
    >>> regressor = keras.wrappers.SKLearnRegressor(model, fit_kwargs={"verbose": 0})
    >>> regressor.fit(np.eye(4), np.arange(4.0), epochs=2).predict(np.eye(4)).shape
    (4,)
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # an epoch or two learns little
        return tags
