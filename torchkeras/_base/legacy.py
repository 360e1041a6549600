"""Forms of older Keras versions: whether they are taken, and what is said about them."""

import functools
import inspect
import sys
import warnings
from collections.abc import Callable
from typing import Any

from torchkeras._base import config


def warn_user(message: str, category: type[Warning] = DeprecationWarning) -> None:
    """Warn at the line outside the library that led here, however deep it did."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("torchkeras."):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def is_known() -> bool:
    """Tell whether old names are there at all."""
    return config.legacy_mode() != "off"


def allow(old: str, new: str, error: type[Exception] = ValueError) -> bool:
    """Tell whether an old form is taken; it is with a warning, or it is an error that says more.

    Args:
        old: What came: `"Dense(output_dim)"`.
        new: What to do today: `"Write Dense(units=3)."`.
        error: Raised in strict mode.
    """
    mode = config.legacy_mode()
    if mode == "off":
        return False
    message = f"{old} is the form of an older Keras. {new}"
    if mode == "strict":
        raise error(message)
    warn_user(message)
    return True


def explain(owner: type, name: str) -> str:
    """Return what to do instead of an attribute that strict mode refused, or nothing."""
    found = inspect.getattr_static(owner, name, None)
    if config.legacy_mode() != "strict" or not isinstance(found, (OldMethod, OldAttribute)):
        return ""
    return f" It is the form of an older Keras. {found.new}"


def _no_attribute(owner: Any, name: str) -> AttributeError:
    return AttributeError(f"{type(owner).__name__!r} object has no attribute {name!r}")


class OldMethod:
    """A method of older versions; it is not there in the modes that know no old names.

    Args:
        function: The method.
        new: What to do today.
    """

    def __init__(self, function: Callable[..., Any], new: str) -> None:
        self.function = function
        self.new = new
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        if obj is None:
            return self.function
        mode = config.legacy_mode()
        if mode == "off":
            raise _no_attribute(obj, self.name)
        old = f"{type(obj).__name__}.{self.name}()"
        if mode == "strict":
            allow(old, self.new, AttributeError)
        bound = self.function.__get__(obj)

        @functools.wraps(self.function)
        def call(*args: Any, **kwargs: Any) -> Any:
            allow(old, self.new)
            return bound(*args, **kwargs)

        return call


class OldAttribute(property):
    """An attribute of older versions; it is not there in the modes that know no old names."""

    def __init__(
        self,
        fget: Callable[[Any], Any],
        fset: Callable[[Any, Any], None] | None = None,
        *,
        new: str,
    ) -> None:
        super().__init__(fget, fset)
        self.new = new

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        if obj is None:
            return self
        fields = obj.__dict__
        if self.name in fields:  # somebody's own attribute of that name
            return fields[self.name]
        if any(self.name in fields.get(t, ()) for t in ("_parameters", "_buffers", "_modules")):
            raise _no_attribute(obj, self.name)  # torch finds it there
        if sys._getframe(1).f_globals.get("__name__") == "torch.nn.modules.module":
            raise _no_attribute(obj, self.name)  # torch asks whether the name is free: it is
        if not allow(f"{type(obj).__name__}.{self.name}", self.new, AttributeError):
            raise _no_attribute(obj, self.name)
        return super().__get__(obj, owner)

    def __set__(self, obj: Any, value: Any) -> None:
        if self.fset is None or config.legacy_mode() == "off":
            obj.__dict__[self.name] = value
            return
        allow(f"Setting {type(obj).__name__}.{self.name}", self.new, AttributeError)
        super().__set__(obj, value)


def old_keyword(old: str, new: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a function take an argument under its old name."""

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if kwargs and old in kwargs:
                text = f"Write {new}={kwargs[old]!r}."
                if allow(f"{function.__name__}({old})", text, TypeError):
                    kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return call

    return wrap


def old_method(new: str) -> Callable[[Callable[..., Any]], Any]:
    """Mark a method as one of older versions, and say what to call today."""
    return functools.partial(OldMethod, new=new)


def old_attribute(new: str) -> Callable[[Callable[[Any], Any]], Any]:
    """Mark a method as an attribute of older versions, and say what to read today."""
    return functools.partial(OldAttribute, new=new)
