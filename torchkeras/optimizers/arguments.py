"""The arguments that all optimizers share: their defaults, checks and place in the signatures."""

import difflib
import inspect
from collections.abc import Callable
from typing import Any, TypedDict

from torchkeras._base.check import received
from torchkeras._base.legacy import warn_user


class Options(TypedDict, total=False):
    """The arguments that all optimizers share; `Optimizer` describes them."""

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


NOT_NONE = {"use_ema": False, "ema_momentum": 0.99}


def with_options(init: Callable[..., None]) -> Callable[..., None]:
    """Show the shared arguments in the signature of an `__init__` that ends with `**options`."""
    own = inspect.signature(init).parameters
    shared = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=NOT_NONE.get(name), annotation=kind
        )
        for name, kind in Options.__annotations__.items()
        if name not in own
    ]
    given = [p for p in own.values() if p.kind is not p.VAR_KEYWORD]
    rest = inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD, annotation=Any)
    init.__signature__ = inspect.Signature([*given, *shared, rest])  # type: ignore[attr-defined]
    return init


def check_options(cls: type, options: Options, unknown: dict[str, Any]) -> None:
    """Refuse what no optimizer takes.

    Raises:
        ValueError: for an unknown argument, two kinds of clipping, or a value out of range.
    """
    owner = cls.__name__
    if unknown.pop("decay", None) is not None:
        warn_user("Argument `decay` is no longer supported and will be ignored.", UserWarning)
    if unknown:
        raise ValueError(_unknown_argument(cls, unknown))
    name = options["name"]
    if name is not None and (not isinstance(name, str) or "/" in name):
        raise ValueError(f"{owner}: name must be a string without '/'. {received('name', name)}")
    clips = {n: options[n] for n in ("clipnorm", "clipvalue", "global_clipnorm")}
    if sum(limit is not None for limit in clips.values()) > 1:
        given = ", ".join(f"{n}={limit}" for n, limit in clips.items())
        raise ValueError(
            f"{owner}: only one of clipnorm, clipvalue and global_clipnorm can be set. "
            f"Received: {given}."
        )
    if options["use_ema"]:
        momentum = options["ema_momentum"]
        if not 0 <= momentum <= 1:
            raise ValueError(
                f"{owner}: ema_momentum must be in [0, 1]. {received('ema_momentum', momentum)}"
            )
        _at_least(owner, "ema_overwrite_frequency", options["ema_overwrite_frequency"], 1)
    _at_least(owner, "gradient_accumulation_steps", options["gradient_accumulation_steps"], 2)


def _at_least(owner: str, name: str, value: Any, least: int) -> None:
    if value is not None and (type(value) is not int or value < least):
        raise ValueError(
            f"{owner}: {name} must be an integer >= {least} or None. {received(name, value)}"
        )


def _unknown_argument(cls: type, arguments: dict[str, Any]) -> str:
    skip = ("self", "kwargs", "options")
    known = [n for n in inspect.signature(cls.__init__).parameters if n not in skip]  # type: ignore[misc]
    hints = []
    for name in arguments:
        near = ["learning_rate"] if name == "lr" else difflib.get_close_matches(name, known, n=1)
        hints.append(f"{name!r}" + (f" (did you mean {near[0]!r}?)" if near else ""))
    return (
        f"{cls.__name__}: unknown argument {', '.join(hints)}. Accepted: {', '.join(known)}. "
        f"Received: {', '.join(f'{n}={v!r}' for n, v in arguments.items())}."
    )
