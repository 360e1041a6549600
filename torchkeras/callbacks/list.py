"""The container that calls all callbacks of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch

from .base import BATCH_HOOKS, OTHER_HOOKS, Callback, overridden
from .history import History
from .old_keys import OldKeys, Params, Place
from .progress import ProgbarLogger


class CallbackList:
    """A list of callbacks that is called like one.

    Batch hooks are looked up when a run or an epoch begins, and only those that a callback
    really overrides are called. `wants_train_batch_begin`, `wants_train_batch_end` (and
    `_test_`, `_predict_`) say whether there is any, and `wants_train_batch` whether there is
    one of the two, so a loop builds no logs in vain.

    Args:
        callbacks: A callback, a list of callbacks, or None.
        add_history: Append a `History` if there is none.
        add_progbar: Append a `ProgbarLogger` if there is none.
        model: The model of the run.
        **params: What `Callback.params` holds: verbose, epochs, steps.

    Raises:
        TypeError: if an entry is a class, or no callback at all.

    >>> import torchkeras as keras
    >>> callbacks = keras.callbacks.CallbackList([keras.callbacks.TerminateOnNaN()])
    >>> callbacks.wants_train_batch_end, callbacks.wants_test_batch
    (True, False)
    """

    def __init__(
        self,
        callbacks: Callback | Iterable[Callback] | None = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        if callbacks is None:
            callbacks = ()
        elif not isinstance(callbacks, Iterable):
            callbacks = (callbacks,)
        facts = params.pop("facts", None)
        self.callbacks: list[Any] = [_checked(c) for c in callbacks]
        if add_history and not self._has(History):
            self.callbacks.append(History())
        if add_progbar and not self._has(ProgbarLogger):
            self.callbacks.append(ProgbarLogger())
        self.params: dict[str, Any] = {}
        self._model: Any = None
        self._find_hooks()
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(Params(params, facts))

    def _has(self, kind: type) -> bool:
        return any(isinstance(c, kind) for c in self.callbacks)

    @property
    def model(self) -> Any:
        return self._model

    @property
    def history(self) -> History | None:
        """The `History` in the list."""
        return next((c for c in self.callbacks if isinstance(c, History)), None)

    def append(self, callback: Callback) -> None:
        """Add a callback at the end."""
        self.callbacks.append(_checked(callback))
        self._find_hooks()

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params = params if isinstance(params, Params) else Params(params or {})
        self._call("set_params", params)
        self._find_hooks()

    def set_model(self, model: Any) -> None:
        self._model = model
        if (history := self.history) is not None:
            model.history = history
        self._call("set_model", model)
        self._call("take_neighbours", self.callbacks)
        self._find_hooks()

    # ------------------------------------------------------------------------------ dispatching

    def _find_hooks(self) -> None:
        """Collect the batch hooks to call; Keras's names, each with its `wants_` flag."""
        for name in BATCH_HOOKS:
            hooks = [h for c in self._in_turn() if (h := overridden(c, name)) is not None]
            setattr(self, f"_{name}", hooks)
            setattr(self, f"wants_{name[3:]}", bool(hooks))
        self.wants_train_batch = self.wants_train_batch_begin or self.wants_train_batch_end
        self.wants_test_batch = self.wants_test_batch_begin or self.wants_test_batch_end
        self.wants_predict_batch = self.wants_predict_batch_begin or self.wants_predict_batch_end

    def take_run(self, run: Any) -> None:
        """Hand the state of a `fit` to the callbacks that ask for it, before training begins."""
        self._call("take_run", run)

    def _in_turn(self) -> list[Any]:
        """The callbacks in the order of calls: who keeps the others' state comes last."""
        return sorted(self.callbacks, key=lambda c: getattr(c, "_comes_last", False))

    def _call(self, name: str, *args: Any) -> None:
        for callback in self._in_turn():
            hook = getattr(callback, name, None)
            if hook is not None:
                hook(*args)

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        _batch(self._on_train_batch_begin, batch, logs, self.params)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        _batch(self._on_train_batch_end, batch, logs, self.params)

    def on_test_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        _batch(self._on_test_batch_begin, batch, logs, self.params)

    def on_test_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        _batch(self._on_test_batch_end, batch, logs, self.params)

    def on_predict_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        _batch(self._on_predict_batch_begin, batch, logs, self.params)

    def on_predict_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        _batch(self._on_predict_batch_end, batch, logs, self.params)

    # The old names reach the callbacks that use them, and those that use the new ones.
    on_batch_begin = on_train_batch_begin
    on_batch_end = on_train_batch_end

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._call("on_epoch_begin", epoch, _plain(logs))
        self._find_hooks()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._call("on_epoch_end", epoch, _plain(logs))

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._call("on_train_begin", _plain(logs))
        self._find_hooks()
        self.forget_restored()

    def forget_restored(self) -> None:
        """Let the next `on_train_begin` start anew: a restored state has served."""
        for callback in self.callbacks:
            if getattr(callback, "_restored", False):
                callback._restored = False

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self._call("on_train_end", _plain(logs))

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._call("on_test_begin", _plain(logs))
        self._find_hooks()

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self._call("on_test_end", _plain(logs))

    def on_predict_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._call("on_predict_begin", _plain(logs))
        self._find_hooks()

    def on_predict_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self._call("on_predict_end", _plain(logs))

    def on_exception(self, exception: BaseException) -> None:
        """Let all callbacks clean up; what goes wrong there becomes a note of `exception`."""
        for callback in self._in_turn():
            hook = getattr(callback, "on_exception", None)
            if hook is None:
                continue
            try:
                hook(exception)
            except BaseException as error:  # a second Ctrl-C too: the others' files are open
                exception.add_note(f"{type(callback).__name__}.on_exception failed: {error!r}")

    # ------------------------------------------------------------------------------------ state

    def state_dict(self) -> list[dict[str, Any]]:
        """The class name and `state_dict` of each callback, in order."""
        return [
            {"class_name": type(c).__name__, "state": c.state_dict()}
            for c in self.callbacks
            if hasattr(c, "state_dict")
        ]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Give each callback its state: the first of a class gets the first state of that class.

        Callbacks without a state, and states without a callback, are passed over: a resumed run
        may have other loggers than the one that broke off.
        """
        left = list(states)
        for callback in self.callbacks:
            name = type(callback).__name__
            entry = next((s for s in left if s["class_name"] == name), None)
            if entry is not None and hasattr(callback, "load_state_dict"):
                left.remove(entry)
                callback.load_state_dict(entry["state"])


def _batch(
    hooks: list[Callable], batch: int, logs: Mapping[str, Any] | None, params: dict[str, Any]
) -> None:
    if hooks:
        logs = _plain(logs)
        if isinstance(logs, OldKeys):
            logs.place = Place(batch, params)
        for hook in hooks:
            hook(batch, logs)


def _plain(logs: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Tensors of one element in a plain dict become numbers; lazy mappings do that themselves."""
    if logs is None:
        return {}
    if type(logs) is dict and any(isinstance(v, torch.Tensor) for v in logs.values()):
        return {
            k: v.item() if isinstance(v, torch.Tensor) and v.numel() == 1 else v
            for k, v in logs.items()
        }
    return logs


def _checked(callback: Any) -> Any:
    """A callback, or any object with one of its hooks."""
    if isinstance(callback, type):
        raise TypeError(
            f"CallbackList: callbacks must be instances. Received: the class {callback.__name__}; "
            f"write {callback.__name__}()."
        )
    if not any(hasattr(callback, name) for name in (*OTHER_HOOKS, *BATCH_HOOKS)):
        raise TypeError(
            "CallbackList: each callback must be a torchkeras.callbacks.Callback. "
            f"Received: {callback!r} of type {type(callback).__name__}."
        )
    return callback
