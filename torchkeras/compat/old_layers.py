"""Layers under names that older versions had: classes that make today's layers."""

from typing import Any

from torchkeras import layers
from torchkeras._base import config, legacy
from torchkeras.core import legacy_names as names
from torchkeras.core.legacy_arguments import current_class
from torchkeras.core.legacy_constructors import call_text, today
from torchkeras.core.legacy_positions import POSITIONS

# Where a positional argument is what only Keras 1 had there.
_SIZES = {"1D": 1, "2D": 2, "3D": 3}
_KERAS_1_ONLY = ("Atrous", "TimeDistributedDense")


class OldClass(type):
    """A class that stands for another, which it makes from the arguments of then.

    Objects of that one are its instances, and subclasses of it are ordinary layers.
    """

    _real: type | None = None

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if "_real" not in cls.__dict__:
            return super().__call__(*args, **kwargs)
        args, kwargs, weights = _translated(cls.__name__, cls._real, args, kwargs)
        made = cls._real(*args, **kwargs)  # type: ignore[misc]
        if weights is not None:
            made.__dict__["_weights_to_set"] = weights
        return made

    def __instancecheck__(cls, obj: Any) -> bool:
        real = cls.__dict__.get("_real")
        return isinstance(obj, real) if real is not None else super().__instancecheck__(obj)

    def __subclasscheck__(cls, other: type) -> bool:
        real = cls.__dict__.get("_real")
        return issubclass(other, real) if real is not None else super().__subclasscheck__(other)


def old_class(name: str) -> type:
    """Return the class of an old name.

    >>> old_class("Convolution2D")(64, 3, 3, border_mode="same").kernel_size
    (3, 3)
    """
    real = getattr(layers, current_class(name), None) or getattr(layers.legacy, name)

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        args, kwargs, weights = _translated(name, real, args, kwargs)
        real.__init__(self, *args, **kwargs)
        if weights is not None:
            self.__dict__["_weights_to_set"] = weights

    body = {
        "_real": real, "__init__": __init__, "__module__": __name__, "__doc__": real.__doc__,
    }  # fmt: skip
    return OldClass(name, (real,), body)


def _translated(
    name: str, real: type, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
    era = 1 if _is_keras_1(name, args, kwargs) else 2
    if config.legacy_mode() == "off" or (era == 2 and not _changes(name)):
        return args, kwargs, None
    if era == 1:
        positions = POSITIONS.get(name, ())
        if len(args) > len(positions):
            raise TypeError(f"{name}: there are {len(positions)} arguments. Received: {args}.")
        given = dict(zip(positions, args, strict=False))
        if twice := sorted(given.keys() & kwargs):
            raise TypeError(f"{name}: got several values for {', '.join(twice)}.")
        new, args = today(real, {**given, **kwargs}, 1, name), ()
    else:
        new = today(real, kwargs, 2, name)
    weights = new.pop("weights", None)
    if not legacy.allow(f"{name}", f"Write {call_text(real, args, new)}."):
        return args, kwargs, None
    return args, new, weights


def _changes(name: str) -> bool:
    """Tell whether the name itself says what no argument does."""
    return name not in layers.__dict__ and not name.startswith(("Deconv", "Locally"))


def _is_keras_1(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Tell a call of Keras 1 from one of Keras 2; its own rule refuses what may be both."""
    current = current_class(name)
    renamed = names.ARGUMENTS.get(current, {}).keys() | {p for s in names.KERNEL_SIZES for p in s}
    if name.startswith(_KERAS_1_ONLY) or not renamed.isdisjoint(kwargs):
        return True
    rank = _SIZES.get(name.removesuffix("Transpose")[-2:], 0)
    if rank == 1:
        return len(args) > 2 and isinstance(args[2], str)
    if rank == 0 or len(args) <= rank or not all(type(n) is int for n in args[: rank + 1]):
        return False
    if named := sorted({"padding", "strides", "data_format"} & set(kwargs)):
        raise ValueError(
            f"{name}: sizes of the kernel one by one are the form of Keras 1, {', '.join(named)} "
            f"of Keras 2. Write {current}({args[0]}, {tuple(args[1 : rank + 1])}, ...)."
        )
    return True
