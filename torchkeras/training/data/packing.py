"""The tuple forms in which data travels: `x`, `(x,)`, `(x, y)`, `(x, y, sample_weight)`."""

from typing import Any


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Pack data into the shortest form: `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`.

    A lone `x` that is itself a list or tuple is wrapped, so that unpacking gives it back.
    Without `y` the sample weights are left out, as in Keras.

    >>> pack_x_y_sample_weight(1.0, 2.0)
    (1.0, 2.0)
    """
    if y is None:
        return (x,) if isinstance(x, (list, tuple)) else x
    if sample_weight is None:
        return (x, y)
    return (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Unpack data of any of the forms to `(x, y, sample_weight)`, absent parts None.

    Args:
        data: `x`, or a tuple or list of one to three parts.

    Raises:
        ValueError: if a tuple or list has no or more than three parts.

    >>> unpack_x_y_sample_weight((1.0, 2.0))
    (1.0, 2.0, None)
    """
    if not isinstance(data, (list, tuple)):
        return (data, None, None)
    if not 1 <= len(data) <= 3:
        raise ValueError(
            "Data is expected to be in format `x`, `(x,)`, `(x, y)`, or `(x, y, sample_weight)`. "
            f"Received: a {type(data).__name__} of {len(data)} parts."
        )
    return (*data, None, None)[:3]
