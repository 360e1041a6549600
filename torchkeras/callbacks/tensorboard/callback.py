"""The TensorBoard callback."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from ..._base import check
from ...core.legacy_constructors import takes_old_arguments
from ..base import Callback, only_if
from ..folder import make_writable
from .graph import layer_graph
from .images import weight_image
from .profile import BatchProfiler, batch_range
from .projector import metadata_paths, write_embeddings
from .writer import RunWriters


@takes_old_arguments
class TensorBoard(Callback):
    """Write metrics, graph, weights and profiles for TensorBoard: `tensorboard --logdir logs`.

    Scalars go to the runs `train` and `validation`: `epoch_loss`, `epoch_learning_rate` over the
    epochs, `batch_loss` over the batches of this fit, `evaluation_loss_vs_iterations` over the
    optimizer's steps. With `update_freq="epoch"` nothing happens in batches.

    Args:
        log_dir: Folder of the event files.
        histogram_freq: Epochs between two histograms of all weights; 0: none.
        write_graph: Write the graph of the layers when training begins.
        write_images: Write the weights as pictures with each histogram.
        write_steps_per_second: Write the speed with each epoch (and batch).
        update_freq: "epoch", "batch" or a number of batches between two batch scalars.
        profile_batch: Batch, or pair (first, last) or "first,last", to profile; 0: none.
        embeddings_freq: Epochs between two writings of the embedding tables; 0: none.
        embeddings_metadata: File with the labels of the table's rows, relative to `log_dir`, or
            dict {layer name: file}.

    `writer` and `validation_writer` are the `SummaryWriter`s, for scalars of your own.

    Raises:
        OSError: when training begins, if the folder cannot be written.

    >>> import torchkeras as keras
    >>> board = keras.callbacks.TensorBoard("logs/run1", histogram_freq=1, update_freq=100)
    """

    state_names = ("_global_train_batch",)

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: int | str | Iterable[int] = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: str | Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        if not isinstance(log_dir, (str, os.PathLike)):
            raise TypeError(
                f"TensorBoard: log_dir must be a path. {check.received('log_dir', log_dir)}"
            )
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = check.non_negative_int(
            "TensorBoard", "histogram_freq", int(histogram_freq or 0)
        )
        self.embeddings_freq = check.non_negative_int(
            "TensorBoard", "embeddings_freq", int(embeddings_freq or 0)
        )
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = _frequency(update_freq)
        self.embeddings_metadata = embeddings_metadata
        self._start_batch, self._stop_batch = batch_range(profile_batch)
        self._writers = RunWriters(self.log_dir)
        self._profiler = BatchProfiler(self.log_dir, self._start_batch, self._stop_batch)
        self._metadata: dict[str, str | None] = {}
        self._global_train_batch = 0
        self._in_fit = False
        self._epoch_start = (0.0, 0)  # time and iterations
        self._batch_start = 0.0

    @property
    def writer(self) -> Any:
        """The `SummaryWriter` of the run `train`."""
        return self._writers["train"]

    @property
    def validation_writer(self) -> Any:
        """The `SummaryWriter` of the run `validation`."""
        return self._writers["validation"]

    # -------------------------------------------------------------------------------------- fit

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._check_folder()
        if self.embeddings_freq:
            self._metadata = metadata_paths(self.model, self.embeddings_metadata)
            paths = {os.path.join(self.log_dir, p) for p in self._metadata.values() if p}
            if missing := sorted(p for p in paths if not os.path.isfile(p)):
                warnings.warn(
                    "TensorBoard: these files of embeddings_metadata do not exist (yet): "
                    f"{', '.join(missing)}",
                    stacklevel=2,
                )
        if not self._restored:
            self._global_train_batch = 0
        self._in_fit = True
        self._profiler = BatchProfiler(self.log_dir, self._start_batch, self._stop_batch)
        if self.write_graph:
            self._write_graph()

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self._in_fit = False
        self._profiler.stop()
        self._writers.close()

    def on_exception(self, exception: BaseException) -> None:
        self.on_train_end()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self.write_steps_per_second:
            self._epoch_start = (time.perf_counter(), self._iterations())

    @property
    def _works_in_batches(self) -> bool:
        return self.update_freq != 0 or self._profiler.pending

    @only_if("_works_in_batches")
    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._global_train_batch += 1
        self._profiler.batch_begin(self._global_train_batch)
        self._batch_start = time.perf_counter()

    @only_if("_works_in_batches")
    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        step = self._global_train_batch
        self._profiler.batch_end(step)
        if not self.update_freq or step % self.update_freq:
            return
        values = {f"batch_{name}": logs[name] for name in logs or ()}
        if self.write_steps_per_second:
            seconds = time.perf_counter() - self._batch_start
            values["batch_steps_per_second"] = 1.0 / max(seconds, 1e-9)
        self._writers.scalars("train", values, step)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        logs = logs or {}
        train = {f"epoch_{k}": logs[k] for k in logs if not k.startswith("val_")}
        validation = {f"epoch_{k[4:]}": logs[k] for k in logs if k.startswith("val_")}
        rate = getattr(getattr(self.model, "optimizer", None), "learning_rate", None)
        if rate is not None:
            train["epoch_learning_rate"] = float(rate)
        if self.write_steps_per_second:
            start, iterations = self._epoch_start
            seconds = time.perf_counter() - start
            train["epoch_steps_per_second"] = (self._iterations() - iterations) / seconds
        self._writers.scalars("train", train, epoch)
        self._writers.scalars("validation", validation, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0 and self._metadata:
            run = os.path.join(self.log_dir, "train")
            write_embeddings(self.model, run, self.log_dir, self._metadata)
        self._writers.flush()

    # --------------------------------------------------------------------------------- evaluate

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        if not self._in_fit:
            self._check_folder()

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        if getattr(self.model, "optimizer", None) is not None:
            values = {f"evaluation_{name}_vs_iterations": logs[name] for name in logs or ()}
            self._writers.scalars("validation", values, self._iterations())
        if not self._in_fit:
            self._writers.close()

    # ---------------------------------------------------------------------------------- helpers

    def _check_folder(self) -> None:
        if "://" not in self.log_dir:  # a bucket is tensorboard's affair
            make_writable("TensorBoard", self.log_dir)

    def _iterations(self) -> int:
        return int(getattr(getattr(self.model, "optimizer", None), "iterations", 0))

    def _write_graph(self) -> None:
        """A model that cannot be written down is trained all the same."""
        try:
            graph = layer_graph(self.model)
        except Exception as error:
            warnings.warn(f"TensorBoard: the graph was not written: {error!r}", stacklevel=2)
            return
        if graph.node:
            self._writers.graph("train", graph)

    def _write_weights(self, epoch: int) -> None:
        for layer in self.model.layers:
            for weight in layer.weights:
                values = weight.numpy()
                self._writers.histogram("train", f"{weight.path}/histogram", values, epoch)
                picture = weight_image(values) if self.write_images else None
                if picture is not None:
                    self._writers.image("train", f"{weight.path}/image", picture, epoch)


def _frequency(update_freq: str | int) -> int:
    """Batches between two writings; 0: only epochs."""
    if update_freq == "epoch":
        return 0
    if update_freq == "batch":
        return 1
    try:
        return check.positive_int("TensorBoard", "update_freq", update_freq)
    except ValueError as error:
        raise ValueError(
            "TensorBoard: update_freq must be 'epoch', 'batch' or a positive integer. "
            f"{check.received('update_freq', update_freq)}"
        ) from error
