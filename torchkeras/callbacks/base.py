"""The base of all callbacks: Keras's hooks, and the state that an exact resume keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from .old_keys import ValidationData

_MODES = ("train", "test", "predict")
BATCH_HOOKS = tuple(f"on_{mode}_batch_{edge}" for mode in _MODES for edge in ("begin", "end"))
OTHER_HOOKS = (
    *(f"on_{mode}_{edge}" for mode in _MODES for edge in ("begin", "end")),
    "on_epoch_begin",
    "on_epoch_end",
    "on_exception",
)
# The names that Keras 1 gave to the hooks of a training batch.
LEGACY_HOOKS = {
    "on_train_batch_begin": "on_batch_begin",
    "on_train_batch_end": "on_batch_end",
}


class Callback:
    """Base class of callbacks: override the hooks of the moments you want to act at.

    `logs` maps names of metrics to numbers: of the epoch so far in `on_*_batch_end`, with the
    `val_` ones in `on_epoch_end`. The values of a batch leave the device when they are read, so
    a hook that does not look costs nothing. `on_exception` is called, before the exception goes
    on, when training, evaluation or prediction breaks off.

    Attributes:
        model: the model that is trained.
        params: dict with "verbose", "epochs" and "steps".

    A subclass that lists attributes in `state_names` is saved and restored by `state_dict` and
    `load_state_dict`, so that a resumed run goes on as if it had never stopped.

    >>> import torchkeras as keras
    >>> class Count(keras.callbacks.Callback):
    ...     epochs = 0
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         self.epochs += 1
    >>> count = Count()
    >>> keras.callbacks.CallbackList([count]).on_epoch_end(0, {"loss": 0.5})
    >>> count.epochs
    1
    """

    # On the class, so that a subclass need not call `super().__init__()`.
    params: dict[str, Any] | None = None
    state_names: tuple[str, ...] = ()
    _model: Any = None
    _restored = False
    validation_data = ValidationData()

    def __init__(self) -> None:
        self.params = None
        self._model = None

    @property
    def model(self) -> Any:
        return self._model

    @model.setter
    def model(self, model: Any) -> None:
        self._model = model

    def set_params(self, params: dict[str, Any] | None) -> None:
        """Take the parameters of the run."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Take the model of the run."""
        self._model = model

    def state_dict(self) -> dict[str, Any]:
        """What this callback has learned so far, as numbers, strings, lists and tensors."""
        return {name: _portable(getattr(self, name)) for name in self.state_names}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave: the next `on_train_begin` does not start anew."""
        unknown = sorted(set(state) - set(self.state_names))
        if unknown:
            raise ValueError(
                f"{type(self).__name__}: the state has entries that it does not know. "
                f"Received: {', '.join(unknown)}."
            )
        for name, value in state.items():
            setattr(self, name, value)
        self._restored = True

    # ------------------------------------------------------------------------------- the hooks

    def on_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Old name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Old name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Before a training step."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """After a training step; `logs` holds the metrics of the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Before a batch of evaluation or validation."""

    def on_test_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """After a batch of evaluation or validation; `logs` holds the metrics so far."""

    def on_predict_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Before a batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """After a batch of `predict`; `logs["outputs"]` holds what came out."""

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """After an epoch and its validation."""

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Before the first epoch of `fit`."""

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """After the last epoch of `fit`; `logs` are those of the last epoch."""

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Before evaluation or validation."""

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """After evaluation or validation; `logs` holds its metrics."""

    def on_predict_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Before `predict`."""

    def on_predict_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """After `predict`."""

    def on_exception(self, exception: BaseException) -> None:
        """When the run breaks off: close files, give the terminal back."""


def only_if(attribute: str) -> Callable[[Callable], Callable]:
    """Mark a batch hook as needed only where `self.<attribute>` is true.

    The loop builds no logs for hooks that nobody needs. A subclass that overrides the hook is
    always called: the mark stays with the function.
    """

    def mark(hook: Callable) -> Callable:
        hook.only_if = attribute  # type: ignore[attr-defined]
        return hook

    return mark


def overridden(callback: Any, name: str) -> Callable | None:
    """The hook `name` of `callback` if there is something to call, else None.

    Looks at the instance too, where `LambdaCallback` and tests put their functions, and takes
    any object that has the method, not only a `Callback`.
    """
    hook = getattr(callback, name, None)
    if hook is None:
        return None
    function = getattr(hook, "__func__", hook)
    if function is getattr(Callback, name):
        legacy = LEGACY_HOOKS.get(name)
        return overridden(callback, legacy) if legacy else None
    condition = getattr(function, "only_if", None)
    return hook if condition is None or getattr(callback, condition) else None


def _portable(value: Any) -> Any:
    """A value as `torch.save` and `torch.load(weights_only=True)` keep it."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    if isinstance(value, (list, tuple)):
        return [_portable(v) for v in value]
    if isinstance(value, dict):
        return {k: _portable(v) for k, v in value.items()}
    return value
