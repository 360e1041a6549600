"""What the wrappers take from scikit-learn, which need not be installed until one is made."""

from typing import Any

from torchkeras._base.optional import require

try:
    base = require("sklearn.base", "sklearn")
except ImportError:
    # The classes still have names, so that `from keras import *` works; making one says what lacks.
    BaseEstimator = type("BaseEstimator", (), {})
    ClassifierMixin = RegressorMixin = TransformerMixin = type("Mixin", (), {})
else:
    BaseEstimator = base.BaseEstimator
    ClassifierMixin = base.ClassifierMixin
    RegressorMixin = base.RegressorMixin
    TransformerMixin = base.TransformerMixin


def sklearn(module: str = "") -> Any:
    """Return scikit-learn, or a module of it: `sklearn("utils.validation")`."""
    return require(f"sklearn.{module}".rstrip("."), "sklearn")
