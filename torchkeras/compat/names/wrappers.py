"""`keras.wrappers.scikit_learn` of Keras 1 and 2: `KerasClassifier` and `KerasRegressor`."""

import copy
import inspect
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from torchkeras.models import Model, Sequential
from torchkeras.utils import to_categorical
from torchkeras.wrappers._sklearn import BaseEstimator, ClassifierMixin, RegressorMixin

# Arguments that the model's methods take besides those of their signatures.
_OLD = {"fit": {"nb_epoch"}}


class BaseWrapper(BaseEstimator):
    """A scikit-learn estimator that builds its model with `build_fn`.

    Args:
        build_fn: A function, or an object with `__call__`, that returns a compiled model; None:
            the wrapper's own `__call__`, of a subclass.
        **sk_params: Arguments of `build_fn` and of `fit`, `predict` and `evaluate`, such as
            `epochs` and `batch_size`.

    Raises:
        ValueError: if none of them takes an argument of that name.
    """

    def __init__(self, build_fn: Callable[..., Model] | None = None, **sk_params: Any) -> None:
        self.build_fn = build_fn
        self.sk_params = sk_params
        self.check_params(sk_params)

    def check_params(self, params: dict[str, Any]) -> None:
        """Raise a ValueError for an argument that nothing takes."""
        takers = [Sequential.fit, Sequential.predict, Sequential.evaluate, self._builder()]
        for name in params:
            if not any(name in _arguments(f) for f in takers):
                raise ValueError(f"{name} is not a legal parameter")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return `sk_params` and `build_fn`."""
        return {**copy.deepcopy(self.sk_params), "build_fn": self.build_fn}

    def set_params(self, **params: Any) -> Self:
        """Change arguments."""
        self.check_params({k: v for k, v in params.items() if k != "build_fn"})
        if "build_fn" in params:
            self.build_fn = params.pop("build_fn")
        self.sk_params.update(params)
        return self

    def filter_sk_params(
        self, fn: Callable[..., Any], override: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return those of the arguments that `fn` takes, and those of `override`."""
        names = _arguments(fn)
        return {k: v for k, v in self.sk_params.items() if k in names} | (override or {})

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Build a model and fit it; return its history."""
        builder = self._builder()
        self.model = builder(**self.filter_sk_params(builder))
        y = np.asarray(y)
        if _name(self.model.loss) == "categorical_crossentropy" and y.ndim != 2:
            y = to_categorical(y)
        arguments = self.filter_sk_params(Sequential.fit, kwargs)
        self.history = self.model.fit(x, y, **arguments)
        return self.history

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model")

    def _builder(self) -> Callable[..., Model]:
        if self.build_fn is None:
            return self.__call__  # type: ignore[attr-defined]
        if inspect.isroutine(self.build_fn) or inspect.isclass(self.build_fn):
            return self.build_fn
        return self.build_fn.__call__

    def _ask(self, method: str, *data: Any, **kwargs: Any) -> Any:
        kwargs = self.filter_sk_params(getattr(Sequential, method), kwargs)
        return getattr(self.model, method)(*data, **kwargs)


class KerasClassifier(ClassifierMixin, BaseWrapper):
    """A classifier; `build_fn` returns a model with a softmax, or a sigmoid of one unit."""

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Fit a new model to labels `(samples,)` or `(samples, 1)`, or one-hot targets."""
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
        elif y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1):
            self.classes_ = np.unique(y)
            y = np.searchsorted(self.classes_, y.ravel())
        else:
            raise ValueError(f"Invalid shape for y: {y.shape}")
        self.n_classes_ = len(self.classes_)
        return super().fit(x, y, **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Return the class of each sample."""
        probabilities = self._ask("predict", x, **kwargs)
        if probabilities.shape[-1] > 1:
            return self.classes_[probabilities.argmax(-1)]
        return self.classes_[(probabilities > 0.5).astype("int32")]

    def predict_proba(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Return probabilities, `(samples, classes)`."""
        probabilities = self._ask("predict", x, **kwargs)
        if probabilities.shape[1] == 1:
            return np.hstack([1 - probabilities, probabilities])
        return probabilities

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """Return the accuracy that the model's own metric tells.

        Raises:
            ValueError: if the model was compiled without accuracy.
        """
        y = np.searchsorted(self.classes_, y)
        if _name(self.model.loss) == "categorical_crossentropy" and y.ndim != 2:
            y = to_categorical(y, len(self.classes_))
        logs = self._ask("evaluate", x, y, **kwargs, return_dict=True)
        for name in ("accuracy", "acc"):
            if name in logs:
                return logs[name]
        raise ValueError(
            "The model is not configured to compute accuracy. You should pass "
            '`metrics=["accuracy"]` to the `model.compile()` method.'
        )


class KerasRegressor(RegressorMixin, BaseWrapper):
    """A regressor; its score is the negative loss, as greater is better."""

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Return predictions, `(samples,)` of a model with one output."""
        outputs = self._ask("predict", x, **kwargs)
        return outputs[..., 0] if outputs.shape[-1] == 1 else outputs

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """Return the negative loss."""
        return -self._ask("evaluate", x, y, **kwargs, return_dict=True)["loss"]


def _arguments(function: Callable[..., Any]) -> set[str]:
    names = set(inspect.signature(function).parameters)
    return names | _OLD.get(getattr(function, "__name__", ""), set())


def _name(loss: Any) -> str:
    if isinstance(loss, str):
        return loss
    return getattr(loss, "__name__", None) or getattr(loss, "name", "")
