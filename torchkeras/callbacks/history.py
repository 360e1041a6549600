"""The record of a `fit`: what it returns."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

from .base import Callback
from .old_keys import OldKeys


class History(Callback):
    """Record the logs of each epoch; `fit` adds one and returns it.

    Attributes:
        history: dict of lists, one entry an epoch: "loss", "accuracy", "val_loss" and so on.
        epoch: the indices of the epochs.

    The model and its history know each other. Here that is a weak reference, so `del model`
    frees the model at once; `history.model` is None after that.

    >>> import torchkeras as keras
    >>> history = keras.callbacks.History()
    >>> callbacks = keras.callbacks.CallbackList([history])
    >>> callbacks.on_train_begin()
    >>> callbacks.on_epoch_end(0, {"loss": 0.5})
    >>> history.history
    {'loss': [0.5]}
    """

    state_names = ("history", "epoch")

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = OldKeys()
        self.epoch: list[int] = []

    @property
    def model(self) -> Any:
        return self._model() if self._model is not None else None

    @model.setter
    def model(self, model: Any) -> None:
        self._model = weakref.ref(model)

    def set_model(self, model: Any) -> None:
        self.model = model

    def __getstate__(self) -> dict[str, Any]:
        # A copy belongs to no model until a copied model takes it.
        return {**self.__dict__, "_model": None}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        # Copies: the lists grow, and the state may be loaded again.
        super().load_state_dict(
            {
                "history": OldKeys((k, list(v)) for k, v in state["history"].items()),
                "epoch": list(state["epoch"]),
            }
        )

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        if not self._restored:
            self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.epoch.append(epoch)
        for name in logs or ():
            self.history.setdefault(name, []).append(logs[name])
