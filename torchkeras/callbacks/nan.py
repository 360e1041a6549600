"""TerminateOnNaN: end the training when the loss is no number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .._base.messages import say
from .base import Callback


class TerminateOnNaN(Callback):
    """Stop training as soon as the loss is NaN or infinite.

    Args:
        raise_error: Raise instead of ending the training in order.

    Raises:
        RuntimeError: at that batch, if `raise_error`.

    The loss is read after each batch, which on a GPU waits for the batch to finish.

    >>> import torchkeras as keras
    >>> keras.callbacks.TerminateOnNaN(raise_error=True).on_batch_end(3, {"loss": float("nan")})
    Traceback (most recent call last):
    RuntimeError: TerminateOnNaN: the loss of batch 3 is nan.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        loss = None if logs is None else logs.get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"TerminateOnNaN: the loss of batch {batch} is {loss}.")
        say(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
