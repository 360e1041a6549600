"""Forms of older Keras versions: whether they are taken, and what is said about them."""

import functools
import inspect
import sys
import warnings
from collections.abc import Callable
from typing import Any

from torchkeras._base import config

_said: set[tuple[str, int, str]] = set()


def warn_user(message: str, category: type[Warning] = DeprecationWarning) -> None:
    """Warn at the line outside the library that led here, however deep it did.

    Python forgets which lines it has warned of whenever some library changes the filters, as many
    do for a moment. Of old forms each line is told once all the same, if that is what the filters
    ask for.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("torchkeras."):
        frame, level = frame.f_back, level + 1
    if category is DeprecationWarning and _action(message, frame) == "default":
        place = (frame.f_code.co_filename, frame.f_lineno, message)
        if place in _said:
            return
        _said.add(place)
    warnings.warn(message, category, stacklevel=level)


def _action(message: str, frame: Any) -> str:
    """Return what the filters ask for of a DeprecationWarning at a line."""
    module, line = frame.f_globals.get("__name__", "<string>"), frame.f_lineno
    for action, text, category, where, number in warnings.filters:
        if (
            issubclass(DeprecationWarning, category)
            and _fits(text, message)
            and _fits(where, module)
            and number in (0, line)
        ):
            return action
    return warnings.defaultaction  # type: ignore[attr-defined]


def _fits(pattern: Any, text: str) -> bool:
    # those that Python begins with are plain text
    return pattern is None or (pattern == text if isinstance(pattern, str) else pattern.match(text))


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
    """Return what to do instead of an attribute of older versions that is not there, or nothing.

    That is one of the table `_gone_names` of the class, or one that strict mode refused.
    """
    mode = config.legacy_mode()
    if mode == "off":
        return ""
    found = inspect.getattr_static(owner, name, None) if mode == "strict" else None
    if isinstance(found, (OldMethod, OldAttribute)):
        return f". It is the form of an older Keras. {found.new}"
    new = getattr(owner, "_gone_names", {}).get(name)
    return "" if new is None else f". {new}"


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
