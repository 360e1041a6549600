"""LambdaCallback: a callback from functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .base import BATCH_HOOKS, LEGACY_HOOKS, OTHER_HOOKS, Callback

_HOOKS = frozenset((*BATCH_HOOKS, *OTHER_HOOKS, *LEGACY_HOOKS.values(), "set_model", "set_params"))


class LambdaCallback(Callback):
    """Make a callback of functions, one for each hook given.

    Args:
        on_epoch_begin, on_epoch_end: functions of (epoch, logs).
        on_train_begin, on_train_end: functions of (logs).
        on_train_batch_begin, on_train_batch_end: functions of (batch, logs).
        **kwargs: any other hook of `Callback`, by name.

    Raises:
        TypeError: for a name that is no hook, or a value that cannot be called.

    >>> import torchkeras as keras
    >>> shout = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(logs))
    >>> shout.on_epoch_end(0, {"loss": 0.5})
    {'loss': 0.5}
    """

    def __init__(
        self,
        on_epoch_begin: Callable | None = None,
        on_epoch_end: Callable | None = None,
        on_train_begin: Callable | None = None,
        on_train_end: Callable | None = None,
        on_train_batch_begin: Callable | None = None,
        on_train_batch_end: Callable | None = None,
        **kwargs: Callable | None,
    ) -> None:
        super().__init__()
        hooks: dict[str, Any] = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for name, hook in hooks.items():
            if name not in _HOOKS:
                raise TypeError(
                    f"LambdaCallback: there is no hook {name!r}; the hooks are "
                    f"{', '.join(sorted(_HOOKS))}. Received: {name}={hook!r}."
                )
            if hook is None:
                continue
            if not callable(hook):
                raise TypeError(
                    f"LambdaCallback: {name} must be a function. Received: {name}={hook!r}."
                )
            setattr(self, name, hook)
