"""What of the arguments of `compile` a file can hold."""

import inspect
from typing import Any

from torchkeras._base.legacy import warn_user
from torchkeras.training.foreign import is_foreign_metric
from torchkeras.training.words import name_of


def storable(given: Any) -> Any:
    """Return losses or metrics (nested) without those of other libraries, and objects for classes.

    >>> storable({"a": ["mse", None]})
    {'a': ['mse', None]}
    """
    if isinstance(given, dict):
        return {key: storable(value) for key, value in given.items()}
    if isinstance(given, (list, tuple)):
        return [storable(value) for value in given]
    if inspect.isclass(given):
        given = given()
    if is_foreign_metric(given):
        warn_user(
            f"The metric {name_of(given)!r} is of another library and is not stored; compile() "
            "the loaded model with it again.",
            UserWarning,
        )
        return None
    return given
