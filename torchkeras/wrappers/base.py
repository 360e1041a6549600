"""What the three estimators share: a model made for the data, fitted, and asked."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from torchkeras.models import Model, clone_model

from ._sklearn import BaseEstimator, sklearn


class SKLBase(BaseEstimator):
    """Base of the scikit-learn estimators around a Keras model.

    Args:
        model: A compiled `Model`, of which a fresh clone is fitted; or a callable that gets the
            data as `X` and `y`, and `model_kwargs`, and returns a compiled `Model`.
        warm_start: Whether `fit` goes on with the model of the last `fit`, and the first `fit`
            with the given `Model` itself, not a clone.
        model_kwargs: Further arguments of a callable `model`.
        fit_kwargs: Arguments of `Model.fit`; those given to `fit` itself come first.
    """

    def __init__(
        self,
        model: Model | Callable[..., Model],
        warm_start: bool = False,
        model_kwargs: dict[str, Any] | None = None,
        fit_kwargs: dict[str, Any] | None = None,
    ) -> None:
        sklearn()
        # As scikit-learn wants it, arguments are kept as given and looked at in `fit`.
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        return tags

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Self:
        """Fit the model.

        Args:
            X: Data of shape `(samples, features)`.
            y: Targets of shape `(samples,)`.
            **kwargs: Arguments of `Model.fit`, such as `epochs`.
        """
        X, y = self._validated(X, y)
        y = self._encode_target(y)
        model = self._model_for(X, y)
        self.history_ = model.fit(X, y, **{**(self.fit_kwargs or {}), **kwargs})
        self.model_ = model
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return what the fitted model predicts, in the form that `y` had."""
        return self._decode_target(self._outputs(X))

    def set_fit_request(self, **kwargs: bool | str | None) -> Self:
        """Say which metadata (`sample_weight=True`) `fit` gets from a meta-estimator.

        Raises:
            RuntimeError: unless `sklearn.set_config(enable_metadata_routing=True)`.
        """
        if not sklearn().get_config()["enable_metadata_routing"]:
            raise RuntimeError(
                f"{type(self).__name__}: set_fit_request needs metadata routing. Enable it with "
                "sklearn.set_config(enable_metadata_routing=True)."
            )
        request = sklearn("utils.metadata_routing").get_routing_for_object(self)
        for name, alias in kwargs.items():
            request.fit.add_request(param=name, alias=alias)
        self._metadata_request = request
        return self

    def _validated(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        X, y = sklearn("utils.validation").validate_data(self, X, y)
        sklearn("utils.multiclass").type_of_target(y, raise_unknown=True)
        return X, y

    def _outputs(self, X: Any) -> np.ndarray:
        """Run the fitted model on validated data."""
        validation = sklearn("utils.validation")
        validation.check_is_fitted(self)
        X = validation.validate_data(self, X, reset=False)
        verbose = (self.fit_kwargs or {}).get("verbose", "auto")
        return self._fitted_model().predict(X, verbose=verbose)

    def _fitted_model(self) -> Model:
        return self.model_

    def _encode_target(self, y: np.ndarray) -> np.ndarray:
        """Return the targets as the model gets them."""
        return y.reshape(-1, 1) if y.ndim == 1 else y

    def _decode_target(self, outputs: np.ndarray) -> np.ndarray:
        """Return the model's outputs in the form of the targets."""
        return outputs[:, 0] if outputs.ndim == 2 and outputs.shape[1] == 1 else outputs

    def _model_for(self, X: np.ndarray, y: np.ndarray) -> Model:
        owner = type(self).__name__
        if self.warm_start and hasattr(self, "model_"):
            return self.model_
        if isinstance(self.model, Model):
            _check_compiled(owner, self.model)
            return self.model if self.warm_start else clone_model(self.model)
        if not callable(self.model):
            raise TypeError(
                f"{owner}: model must be a Model or a callable that returns one. "
                f"Received: model={self.model!r}."
            )
        model = self.model(X=X, y=y, **(self.model_kwargs or {}))
        if not isinstance(model, Model):
            raise TypeError(
                f"{owner}: the callable model must return a Model. It returned: {model!r}."
            )
        _check_compiled(owner, model)
        return model


def _check_compiled(owner: str, model: Model) -> None:
    if not model.compiled or not model.loss or not model.optimizer:
        raise RuntimeError(
            f"{owner}: the model must be compiled with a loss and an optimizer. "
            f"Received: model={model!r}."
        )
