"""A model as a scikit-learn transformer."""

from typing import Any, Self

import numpy as np

from torchkeras.models import Model

from ._sklearn import TransformerMixin, sklearn
from .base import SKLBase


class SKLearnTransformer(TransformerMixin, SKLBase):
    """A model as a step of a scikit-learn `Pipeline` that gives embeddings of the data.

    A `Model` that is built counts as fitted: `FrozenEstimator(SKLearnTransformer(model))` uses a
    trained model as it is.

    Args:
        model: A compiled `Model`, of which a fresh clone is fitted; or a callable that gets the
            data as `X` and `y`, and `model_kwargs`, and returns a compiled `Model`.
        warm_start: Whether `fit` goes on with the last model, the given `Model` itself first.
        model_kwargs: Further arguments of a callable `model`.
        fit_kwargs: Arguments of `Model.fit`; those given to `fit` itself come first.

    Attributes: `model_` (fitted), `history_` (what `Model.fit` returned).

    Example:

    >>> import numpy as np, torchkeras as keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> step = keras.wrappers.SKLearnTransformer(model, fit_kwargs={"verbose": 0})
    >>> step.transform(np.eye(4)).shape
    (4, 3)
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_") or (isinstance(self.model, Model) and self.model.built)

    def fit(self, X: Any, y: Any = None, **kwargs: Any) -> Self:
        """Fit the model; without targets if it has a loss of its own."""
        return super().fit(X, y, **kwargs)

    def transform(self, X: Any) -> np.ndarray:
        """Return the model's outputs."""
        return self._outputs(X)

    def _validated(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        if y is None:
            return sklearn("utils.validation").validate_data(self, X), None
        return super()._validated(X, y)

    def _encode_target(self, y: np.ndarray | None) -> np.ndarray | None:
        return None if y is None else super()._encode_target(y)

    def _fitted_model(self) -> Model:
        return self.model_ if hasattr(self, "model_") else self.model
