"""A model as a scikit-learn classifier."""

from typing import Any

import numpy as np

from ._sklearn import ClassifierMixin, sklearn
from .base import SKLBase


class SKLearnClassifier(ClassifierMixin, SKLBase):
    """A model as a scikit-learn classifier: for `GridSearchCV`, `cross_val_score`, `Pipeline`.

    The model gets the targets one-hot, `(samples, classes)`, two columns for two classes; its
    outputs have that shape, and the greatest of a row is the class.

    Args:
        model: A compiled `Model`, of which a fresh clone is fitted; or a callable that gets the
            data as `X` and `y`, and `model_kwargs`, and returns a compiled `Model`.
        warm_start: Whether `fit` goes on with the last model, the given `Model` itself first.
        model_kwargs: Further arguments of a callable `model`.
        fit_kwargs: Arguments of `Model.fit`; those given to `fit` itself come first.

    Attributes: `model_` (fitted), `history_` (what `Model.fit` returned), `classes_`.

    Example:

    >>> import numpy as np, torchkeras as keras
    >>> def net(X, y, units=4):
    ...     layers = [keras.Input(X.shape[1:]), keras.layers.Dense(y.shape[1], "softmax")]
    ...     model = keras.Sequential(layers)
    ...     model.compile("adam", "categorical_crossentropy")
    ...     return model
    >>> X, y = np.eye(4).repeat(8, 0), np.array(["a", "b"] * 16)
    >>> keras.wrappers.SKLearnClassifier(net).fit(X, y, epochs=2, verbose=0).classes_
    array(['a', 'b'], dtype='<U1')
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # an epoch or two learns little
        return tags

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the model's outputs, `(samples, classes)`.

        For two classes it is, as scikit-learn wants, one number a sample, above zero for the
        second class: the difference of the two outputs.
        """
        outputs = self._outputs(X)
        return outputs[:, 1] - outputs[:, 0] if len(self.classes_) == 2 else outputs

    def _encode_target(self, y: np.ndarray) -> np.ndarray:
        kind = sklearn("utils.multiclass").type_of_target(y, raise_unknown=True)
        if kind not in ("binary", "multiclass"):
            raise ValueError(
                "Only binary and multiclass target types are supported. "  # scikit-learn's words
                f"Unknown label type: {kind}"
            )
        classes, index = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError("Classifier can't train when only one class is present.")
        self.classes_ = classes
        return np.eye(len(classes))[index]

    def _decode_target(self, outputs: np.ndarray) -> np.ndarray:
        return self.classes_[outputs.argmax(-1)]
