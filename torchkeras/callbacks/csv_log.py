"""CSVLogger: one line of numbers an epoch."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

import numpy as np

from .._base import check
from .base import Callback
from .folder import make_writable


class CSVLogger(Callback):
    """Write the logs of each epoch to a CSV file.

    The columns are "epoch" and the sorted names of the first epoch, then the `val_` ones if that
    epoch had none; a value that an epoch lacks is "NA". Each line is on the disk's way (flushed)
    when its epoch is over.

    Args:
        filename: The file; its folder is created.
        separator: One character between the columns.
        append: Go on with an existing file instead of replacing it.

    Raises:
        OSError: when training begins, if the file cannot be written.

    >>> import pathlib, tempfile
    >>> import torchkeras as keras
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "log.csv")
    >>> logger = keras.callbacks.CSVLogger(path)
    >>> logger.on_train_begin()
    >>> logger.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.75})
    >>> logger.on_train_end()
    >>> print(path.read_text().strip())
    epoch,loss,val_loss
    0,0.5,0.75
    >>> folder.cleanup()
    """

    state_names = ("keys", "_offset")

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        if not isinstance(filename, (str, os.PathLike)):
            raise TypeError(
                f"CSVLogger: filename must be a path. {check.received('filename', filename)}"
            )
        if not isinstance(separator, str) or len(separator) != 1:
            raise ValueError(
                "CSVLogger: separator must be one character. "
                f"{check.received('separator', separator)}"
            )
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self.keys: list[str] | None = None
        self.writer: Any = None
        self.csv_file: TextIO | None = None
        self._offset = 0
        self._header = True

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        resumed = self._restored and os.path.exists(self.filename)
        if resumed:
            # What was written after the state was taken belongs to epochs that are done again.
            os.truncate(self.filename, min(self._offset, os.path.getsize(self.filename)))
        else:
            self.keys = None
        self._open("a" if resumed or self.append else "w")

    def _open(self, mode: str) -> None:
        make_writable("CSVLogger", os.path.dirname(self.filename))
        try:
            self.csv_file = open(self.filename, mode, newline="", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise OSError(f"CSVLogger: cannot write {self.filename!r}: {error}.") from error
        self._header = self.csv_file.tell() == 0
        self.writer = None

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self.csv_file is None:
            return
        if not os.path.exists(self.filename):  # somebody removed it
            self.csv_file.close()
            self._open("w")
        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
            if not any(key.startswith("val_") for key in self.keys):
                # Validation may come in a later epoch (validation_freq).
                self.keys += [f"val_{key}" for key in self.keys]
        if self.writer is None:
            self.writer = csv.writer(self.csv_file, delimiter=self.sep)
            if self._header:
                self.writer.writerow(["epoch", *self.keys])
        self.writer.writerow(
            [epoch, *(_cell(logs[key]) if key in logs else "NA" for key in self.keys)]
        )
        self.csv_file.flush()
        self._offset = self.csv_file.tell()

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        if self.csv_file is not None:
            self.csv_file.close()
        self.csv_file = self.writer = None

    def on_exception(self, exception: BaseException) -> None:
        self.on_train_end()


def _cell(value: Any) -> Any:
    """A number or string as it is; a vector as `"[1.0, 2.0]"`."""
    if isinstance(value, Iterable) and not isinstance(value, str) and np.ndim(value):
        return f'"[{", ".join(map(str, value))}]"'
    return value
