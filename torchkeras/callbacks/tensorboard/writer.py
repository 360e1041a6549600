"""Event files: one `SummaryWriter` for each run (train, validation), opened when first used."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..._base.optional import require


class RunWriters:
    """The event files below one folder.

    Args:
        log_dir: Folder that gets one sub-folder for each run.
        **options: Of `torch.utils.tensorboard.SummaryWriter`: `filename_suffix` and such.
    """

    def __init__(self, log_dir: str, **options: Any) -> None:
        self.log_dir = log_dir
        self._options = options
        self._writers: dict[str, Any] = {}

    def __getitem__(self, run: str) -> Any:
        """The `torch.utils.tensorboard.SummaryWriter` of a run."""
        writer = self._writers.get(run)
        if writer is None:
            summary_writer = require("torch.utils.tensorboard").SummaryWriter
            writer = summary_writer(os.path.join(self.log_dir, run), **self._options)
            self._writers[run] = writer
        self._keep_folder(run)
        return writer

    def _keep_folder(self, run: str) -> None:
        """Make the folder again if somebody removed it: the file is opened for each writing."""
        folder = os.path.join(self.log_dir, run)
        if not os.path.isdir(folder) and "://" not in folder:
            os.makedirs(folder)

    def _write(self, run: str, what: Callable[[Any], Any]) -> None:
        try:
            what(self[run])
        except FileNotFoundError:
            # The writer's thread met the removed folder, and has died of it: start a new file.
            self._drop(run)
            what(self[run])

    def _drop(self, run: str) -> None:
        with contextlib.suppress(OSError):
            self._writers.pop(run).close()

    def scalars(self, run: str, values: Mapping[str, Any], step: int) -> None:
        """Write all entries of `values` that are single numbers."""
        for tag, value in values.items():
            if np.ndim(value) == 0:
                number = float(value)
                self._write(run, lambda w, t=tag, n=number: w.add_scalar(t, n, step))

    def histogram(self, run: str, tag: str, values: np.ndarray, step: int) -> None:
        """Write the distribution of the finite values."""
        finite = values[np.isfinite(values)]
        if finite.size:
            self._write(run, lambda w: w.add_histogram(tag, finite, step))

    def image(self, run: str, tag: str, image: np.ndarray, step: int) -> None:
        """Write a picture (height, width, channels) with values in [0, 1]."""
        self._write(run, lambda w: w.add_image(tag, image, step, dataformats="HWC"))

    def graph(self, run: str, graph: Any) -> None:
        """Write a `GraphDef`."""
        event = require("tensorboard.compat.proto.event_pb2").Event
        data = graph.SerializeToString()
        self._write(run, lambda w: w.file_writer.add_event(event(graph_def=data)))

    def summary(self, run: str, summary: Any, step: int) -> None:
        """Write a `Summary`, TensorBoard's message of some values."""
        event = require("tensorboard.compat.proto.event_pb2").Event
        self._write(run, lambda w: w.file_writer.add_event(event(summary=summary), step))

    def flush(self) -> None:
        """Bring all to the disk's way."""
        for run, writer in list(self._writers.items()):
            self._keep_folder(run)
            try:
                writer.flush()
            except FileNotFoundError:
                self._drop(run)

    def close(self) -> None:
        """Close all files; the next use opens new ones."""
        for run in list(self._writers):
            self._keep_folder(run)
            with contextlib.suppress(FileNotFoundError):
                self._writers.pop(run).close()
