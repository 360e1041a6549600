"""ModelCheckpoint: save the model while it is trained."""

from __future__ import annotations

import math
import os
import string
import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .._base import check
from .._base.messages import say
from ..core.legacy_constructors import takes_old_arguments
from ..saving import formats
from .base import only_if, overridden
from .folder import make_writable
from .monitor import MonitorCallback
from .old_keys import OldKeys, other_name


@takes_old_arguments
class ModelCheckpoint(MonitorCallback):
    """Save the model, or its weights, every epoch or every few batches.

    Args:
        filepath: Path with optional placeholders: "{epoch:02d}-{val_loss:.2f}.keras". Ends in
            ".keras", ".h5", ".hdf5" or ".pt"; with `save_weights_only` in these but ".keras", or
            in ".weights.h5", ".safetensors" or ".npz".
        monitor: Metric that `save_best_only` looks at.
        verbose: 1 prints each saving.
        save_best_only: Save only when the metric is better than ever; NaN never is.
        save_weights_only: `model.save_weights` instead of `model.save`.
        mode: "min", "max" or "auto" (from the metric).
        save_freq: "epoch", or a number of batches (counted across epochs); then "{batch}" may
            stand in the path, and the `val_` metrics may not.
        initial_value_threshold: Value that the first best must beat.

    A file is replaced only by a complete new one.

    Raises:
        ValueError: for a path, placeholder or `save_freq` that cannot work.
        OSError: when training begins, if the folder cannot be written.

    >>> import torchkeras as keras
    >>> keep = keras.callbacks.ModelCheckpoint("best.keras", save_best_only=True)
    >>> keras.callbacks.ModelCheckpoint("weights.{epoch:02d}.hdf5", save_weights_only=True).filepath
    'weights.{epoch:02d}.hdf5'
    """

    state_names = ("best", "_batches_seen_since_last_saving", "_last_batch_seen", "_epochs_seen")
    _period = 1  # epochs between two savings, of Keras 1 and 2
    _epochs_seen = 0  # since the last

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, baseline=initial_value_threshold)
        if not isinstance(filepath, (str, os.PathLike)):
            raise TypeError(
                f"ModelCheckpoint: filepath must be a path. {check.received('filepath', filepath)}"
            )
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        if save_freq != "epoch":
            try:
                check.positive_int("ModelCheckpoint", "save_freq", save_freq)
            except ValueError as error:
                raise ValueError(
                    "ModelCheckpoint: save_freq must be 'epoch' or a positive integer. "
                    f"{check.received('save_freq', save_freq)}"
                ) from error
        self.save_freq = save_freq
        self._batches_seen_since_last_saving = 0
        self._last_batch_seen: int | None = None
        self._current_epoch = 0
        self._unchecked: list[str] = []
        self._others_log = False
        self._check_suffix()
        self._check_placeholders()

    def _check_suffix(self) -> None:
        what = "weights" if self.save_weights_only else "model"
        endings = formats.with_weights(f"save_{what}")
        if not self.filepath.endswith(endings):
            why = " with save_weights_only=True" if self.save_weights_only else ""
            raise ValueError(
                f"ModelCheckpoint: filepath must end in {', '.join(endings[:-1])} or "
                f"{endings[-1]}{why}. {check.received('filepath', self.filepath)}"
            )

    def _placeholders(self) -> list[tuple[str, str]]:
        """(name, format) of each placeholder in the path."""
        try:
            parts = list(string.Formatter().parse(self.filepath))
        except ValueError as error:
            raise ValueError(
                f"ModelCheckpoint: filepath is no valid pattern: {error}. "
                f"{check.received('filepath', self.filepath)}"
            ) from error
        return [(name, spec or "") for _, name, spec, _ in parts if name is not None]

    def _check_placeholders(self) -> None:
        """What can be known before there is a model."""
        for name, spec in self._placeholders():
            reason = None
            if not name or name.isdigit():
                reason = "placeholders need a name, such as {epoch}"
            elif name == "batch" and self.save_freq == "epoch":
                reason = "{batch} is known only when save_freq is a number"
            elif name.startswith("val_") and self.save_freq != "epoch":
                reason = f"{{{name}}} is not known at a batch, only with save_freq='epoch'"
            else:
                try:
                    format(1 if name in ("epoch", "batch") else 1.0, spec)
                except ValueError as error:
                    reason = f"{{{name}:{spec}}}: {error}"
            if reason:
                raise ValueError(
                    f"ModelCheckpoint: {reason}. {check.received('filepath', self.filepath)}"
                )

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._unchecked = [
            name
            for name, _ in self._placeholders()
            if name not in ("epoch", "batch", "learning_rate")
        ]
        self._check_names(_log_names(self.model))
        # The part of the path before the first placeholder can be tried now.
        folder = os.path.dirname(self.filepath.partition("{")[0])
        make_writable("ModelCheckpoint", folder)
        if "{" not in self.filepath and os.path.isdir(self.filepath):
            raise OSError(
                "ModelCheckpoint: filepath is an existing folder. "
                f"{check.received('filepath', self.filepath)}"
            )

    def take_neighbours(self, callbacks: Sequence[Any]) -> None:
        """See the list of callbacks: one of the user's may add to the logs."""
        self._others_log = any(_may_log(c) for c in callbacks if c is not self)

    def _check_names(self, known: Collection[str]) -> None:
        """Placeholders against the names that the logs will have; none: not known yet."""
        if not known:
            return
        names, self._unchecked = self._unchecked, []
        if not _is_ours(getattr(type(self.model), "test_step", None)):
            names = [name for name in names if not name.startswith("val_")]
        for name in names:
            name_of_today = name.removeprefix("val_")
            if not self._others_log and not {name_of_today, other_name(name_of_today)} & {*known}:
                raise ValueError(
                    f"ModelCheckpoint: there is no metric {name!r} for the path; the metrics are "
                    f"{', '.join(sorted(known))}. {check.received('filepath', self.filepath)}"
                )

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._current_epoch = epoch

    @only_if("_works_in_batches")
    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self._unchecked:
            self._check_names(set(logs or ()))
        if not self._saves_batches:
            return
        last = self._last_batch_seen
        # Several steps in one call advance by more than one; an epoch starts at a lower index.
        self._batches_seen_since_last_saving += (
            batch - last if last is not None and batch > last else batch + 1
        )
        self._last_batch_seen = batch
        if self._batches_seen_since_last_saving >= self.save_freq:
            self._batches_seen_since_last_saving = 0
            self._save(self._current_epoch, batch, logs)

    @property
    def _saves_batches(self) -> bool:
        return self.save_freq != "epoch"

    @property
    def _works_in_batches(self) -> bool:
        return self._saves_batches or bool(self._unchecked)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self.save_best_only:
            self._set_monitor_op()
        if self.save_freq == "epoch":
            self._epochs_seen += 1
            if self._epochs_seen >= self._period:
                self._epochs_seen = 0
                self._save(epoch, None, logs)

    # ----------------------------------------------------------------------------------- saving

    def _save(self, epoch: int, batch: int | None, logs: Mapping[str, Any] | None) -> None:
        logs = logs or {}
        if self.save_best_only and not self._is_best(epoch, logs):
            return
        filepath = self._path(epoch, batch, logs)
        if self.verbose:
            self._say(epoch, f"{self._gain(logs)}saving model to {filepath}")
        folder = os.path.dirname(filepath)
        if folder:
            os.makedirs(folder, exist_ok=True)  # with placeholders, or removed meanwhile
        if os.path.isdir(filepath):
            raise OSError(
                "ModelCheckpoint: filepath is an existing folder. "
                f"{check.received('filepath', filepath)}"
            )
        if self.save_weights_only:
            self.model.save_weights(filepath, overwrite=True)
        else:
            self.model.save(filepath, overwrite=True)
        if self.save_best_only:
            value = self._monitored(logs)
            self.best = self.best if value is None else value
        if self.verbose:
            self._say(epoch, f"finished saving model to {filepath}")

    def _is_best(self, epoch: int, logs: Mapping[str, Any]) -> bool:
        """Whether to save; without the metric, saving too often is the lesser evil."""
        self._set_monitor_op()
        value = self._monitored(logs)
        if value is None:
            warnings.warn(
                f"Can save best model only with {self.monitor} available.",
                stacklevel=2,
            )
            return True
        if self._is_improvement(value, self.best):
            return True
        if self.verbose:
            if math.isnan(value):
                self._say(epoch, f"{self.monitor} is nan, which is never the best")
            else:
                self._say(epoch, f"{self.monitor} did not improve from {self.best:.5f}")
        return False

    def _gain(self, logs: Mapping[str, Any]) -> str:
        value = self._monitored(logs) if self.save_best_only else None
        if value is None:
            return ""
        best = None if self.best is None else f"{self.best:.5f}"
        return f"{self.monitor} improved from {best} to {value:.5f}, "

    @staticmethod
    def _say(epoch: int, text: str) -> None:
        say(f"\nEpoch {epoch + 1}: {text}")

    def _path(self, epoch: int, batch: int | None, logs: Mapping[str, Any]) -> str:
        values = OldKeys((name, logs[name]) for name in logs)
        values["epoch"] = epoch + 1
        if batch is not None:
            values["batch"] = batch + 1
        try:
            return self.filepath.format_map(values)
        except KeyError as error:
            raise KeyError(
                f"ModelCheckpoint: filepath {self.filepath!r} has the placeholder {error}, which "
                f"is not among the logs: {', '.join(sorted(values))}."
            ) from error


def _log_names(model: Any) -> set[str]:
    """Names that the logs of `model` will have; empty if it cannot tell yet."""
    steps = (getattr(type(model), name, None) for name in ("train_step", "test_step"))
    metrics = getattr(model, "metrics", None)
    if not metrics or not all(_is_ours(step) for step in steps):
        return set()
    if not all(getattr(metric, "built", True) for metric in metrics):
        return set()  # a compiled metric gets its names with the first batch
    return set(model.get_metrics_result())


def _is_ours(thing: Any) -> bool:
    return getattr(thing, "__module__", "").partition(".")[0] == __name__.partition(".")[0]


def _may_log(callback: Any) -> bool:
    """Whether `callback` runs code of the user at the end of an epoch."""
    hook = overridden(callback, "on_epoch_end")
    return hook is not None and not _is_ours(hook)
