"""`keras.initializations` of Keras 1: functions of a shape that return a variable."""

from collections.abc import Callable, Sequence
from typing import Any

from torchkeras import initializers
from torchkeras.core.variable import Variable

Shape = Sequence[int]


def _variable(initializer: Any, shape: Shape, name: str | None) -> Variable:
    return Variable(initializer(tuple(shape)), name=name)


def _scaled(scale: float, mode: str, distribution: str) -> Any:
    return initializers.VarianceScaling(scale=scale, mode=mode, distribution=distribution)


def uniform(shape: Shape, scale: float = 0.05, name: str | None = None, **kwargs: Any) -> Variable:
    """Return numbers drawn evenly from `[-scale, scale]`."""
    return _variable(initializers.RandomUniform(-scale, scale), shape, name)


def normal(shape: Shape, scale: float = 0.05, name: str | None = None, **kwargs: Any) -> Variable:
    """Return normal numbers of standard deviation `scale`."""
    return _variable(initializers.RandomNormal(0.0, scale), shape, name)


def lecun_uniform(shape: Shape, name: str | None = None, **kwargs: Any) -> Variable:
    """Return numbers drawn evenly, of variance `1 / inputs`."""
    return _variable(_scaled(1.0, "fan_in", "uniform"), shape, name)


def glorot_normal(shape: Shape, name: str | None = None, **kwargs: Any) -> Variable:
    """Return normal numbers of variance `2 / (inputs + outputs)`."""
    return _variable(_scaled(1.0, "fan_avg", "untruncated_normal"), shape, name)


def glorot_uniform(shape: Shape, name: str | None = None, **kwargs: Any) -> Variable:
    """Return numbers drawn evenly, of variance `2 / (inputs + outputs)`."""
    return _variable(_scaled(1.0, "fan_avg", "uniform"), shape, name)


def he_normal(shape: Shape, name: str | None = None, **kwargs: Any) -> Variable:
    """Return normal numbers of variance `2 / inputs`."""
    return _variable(_scaled(2.0, "fan_in", "untruncated_normal"), shape, name)


def he_uniform(shape: Shape, name: str | None = None, **kwargs: Any) -> Variable:
    """Return numbers drawn evenly, of variance `2 / inputs`."""
    return _variable(_scaled(2.0, "fan_in", "uniform"), shape, name)


def orthogonal(shape: Shape, scale: float = 1.1, name: str | None = None) -> Variable:
    """Return an orthogonal matrix, times `scale`."""
    return _variable(initializers.Orthogonal(scale), shape, name)


def identity(shape: Shape, scale: float = 1, name: str | None = None) -> Variable:
    """Return the identity matrix, times `scale`."""
    return _variable(initializers.Identity(scale), shape, name)


def zero(shape: Shape, name: str | None = None) -> Variable:
    """Return zeros."""
    return _variable(initializers.Zeros(), shape, name)


def one(shape: Shape, name: str | None = None) -> Variable:
    """Return ones."""
    return _variable(initializers.Ones(), shape, name)


_KNOWN: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        uniform, normal, lecun_uniform, glorot_normal, glorot_uniform, he_normal, he_uniform,
        orthogonal, identity, zero, one,
    )
}  # fmt: skip


def get(identifier: Any, **kwargs: Any) -> Callable[..., Any]:
    """Return the function of a name; what can be called is returned as it is.

    Raises:
        ValueError: for an unknown name.
    """
    if callable(identifier):
        return identifier
    if identifier not in _KNOWN:
        raise ValueError(f"Invalid initialization: {identifier!r}. Known: {', '.join(_KNOWN)}.")
    return _KNOWN[identifier]


def get_fans(shape: Shape, dim_ordering: str = "th") -> tuple[float, float]:
    """Return how many inputs and outputs an entry of a weight of this shape has."""
    sizes = tuple(shape)
    if len(sizes) == 2:
        return sizes[0], sizes[1]
    places = 1
    for n in sizes[2:] if dim_ordering == "th" else sizes[:-2]:
        places *= n
    if len(sizes) in (4, 5):
        pair = (sizes[1], sizes[0]) if dim_ordering == "th" else (sizes[-2], sizes[-1])
        return pair[0] * places, pair[1] * places
    whole = 1
    for n in sizes:
        whole *= n
    return whole**0.5, whole**0.5
