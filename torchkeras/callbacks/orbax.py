"""OrbaxCheckpoint: a name of Keras's that has no work to do on torch."""

from __future__ import annotations

import os

from .._base import check
from .base import Callback


class OrbaxCheckpoint(Callback):
    """Refuse, and say what to use instead: Orbax writes the arrays of JAX.

    Args:
        directory, monitor, verbose, save_best_only, mode, save_freq, initial_value_threshold,
            max_to_keep, save_on_background, save_weights_only: As in Keras.

    Raises:
        ValueError: always.

    >>> import torchkeras as keras
    >>> keras.callbacks.OrbaxCheckpoint("ckpt")
    Traceback (most recent call last):
    ValueError: OrbaxCheckpoint: Orbax writes the arrays of JAX, and there are none on torch. ...
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
        max_to_keep: int | None = 1,
        save_on_background: bool = True,
        save_weights_only: bool = False,
    ) -> None:
        raise ValueError(
            "OrbaxCheckpoint: Orbax writes the arrays of JAX, and there are none on torch. Use "
            "BackupAndRestore(backup_dir) to go on with a training that broke off, or "
            "ModelCheckpoint('{epoch}.keras') to keep models. "
            f"{check.received('directory', directory)}"
        )
