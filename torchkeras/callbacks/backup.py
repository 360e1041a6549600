"""BackupAndRestore: a training that was broken off goes on as if it never had been."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from .._base import check
from .._base.lock import FolderLock
from ..core.legacy_constructors import takes_old_arguments
from ..saving import snapshot
from ..saving.safety import ModelFileError
from .base import Callback, only_if
from .folder import make_writable

_BACKUP = re.compile(r"backup-(\d{1,18})\.ckpt")
_UNFINISHED = re.compile(r"\.backup-\d{1,18}\.ckpt\.[0-9a-f]{10}\.tmp")
_FRESH = "To start fresh, delete the backups or give another backup_dir."


@takes_old_arguments
class BackupAndRestore(Callback):
    """Back up the whole training, and go on from there when it is started again.

    A backup is one file, complete or not there: weights, optimizer, epoch and batch, the random
    streams of Python, NumPy and torch, the state of the other callbacks, and the history. The
    run that goes on ends with the weights and the history of one that was never broken off. Its
    file is read without trust: no code, no pickle.

    Args:
        backup_dir: Folder of the backups; one `fit` at a time may use it. Other files in it are
            left alone.
        save_freq: "epoch", or a number of batches, after which to save; False: never.
        double_checkpoint: Keep the last two backups, and go on from the older one if the newer
            cannot be read.
        delete_checkpoint: Remove the backups when training is complete.

    Data are brought to the same place in the same order. Of what cannot be begun at any place (a
    generator, a DataLoader) the batches before are read again and dropped. A generator that
    draws random numbers beside the model's own may differ, as may data whose order is kept in
    an object that was made anew.

    Raises:
        ValueError: for an argument out of its range.
        OSError: when training begins, if the folder cannot be written, or if another process,
            named in the message, trains with it.
        ModelFileError: when training begins, for a backup of another run or model, and if none
            can be read.

    >>> import torchkeras as keras
    >>> keep = keras.callbacks.BackupAndRestore("backup", save_freq=100)
    """

    _comes_last = True  # the others' state is part of the backup

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int | bool = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not backup_dir:
            raise ValueError(
                f"BackupAndRestore: Empty `backup_dir` argument passed. "
                f"{check.received('backup_dir', backup_dir)}"
            )
        if not isinstance(backup_dir, (str, os.PathLike)):
            raise TypeError(
                "BackupAndRestore: backup_dir must be a path. "
                f"{check.received('backup_dir', backup_dir)}"
            )
        if save_freq != "epoch" and save_freq is not False:
            try:
                check.positive_int("BackupAndRestore", "save_freq", save_freq)
            except ValueError as error:
                raise ValueError(
                    "BackupAndRestore: save_freq must be 'epoch', a positive integer or False. "
                    f"{check.received('save_freq', save_freq)}"
                ) from error
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_freq
        self.double_checkpoint = bool(double_checkpoint)
        self.delete_checkpoint = bool(delete_checkpoint)
        self._forget()

    def _forget(self) -> None:
        self._run: Any = None
        self._owner = ""
        self._folder = ""
        self._unread: set[str] = set()
        self._lock: FolderLock | None = None
        self._open: contextlib.ExitStack | None = None
        self._last_saved = 0
        self._began_at = 0
        self._was_complete = False

    # ------------------------------------------------------------------------------ the folder

    def take_run(self, run: Any) -> None:
        """Lock the folder, and bring the run to the newest backup in it, if there is one."""
        self._forget()
        # A later change of the working directory changes nothing.
        self._folder = os.path.abspath(self.backup_dir)
        make_writable("BackupAndRestore", self._folder)
        lock = FolderLock(os.path.join(self._folder, "backup.lock"))
        holder = lock.take()
        if holder is not None:
            raise OSError(
                f"BackupAndRestore: another fit uses the folder {self.backup_dir!r}: process "
                f"{holder['pid']} on host {holder['host']!r}. Give each fit a backup_dir of its "
                "own."
            )
        self._lock = lock
        self._run, self._owner = run, secrets.token_hex(8)
        self._open = contextlib.ExitStack()
        self._remove_unfinished()
        run.record()
        self._restore(run)
        self._last_saved = self._began_at = run.total

    def _backups(self) -> list[tuple[int, str]]:
        """(step, path) of the backups, the newest first: by step, whatever the clock said."""
        with os.scandir(self._folder) as entries:
            found = [(e.path, _BACKUP.fullmatch(e.name)) for e in entries if e.is_file()]
        return sorted(((int(m[1]), path) for path, m in found if m), reverse=True)

    def _remove_unfinished(self) -> None:
        """Remove what killed saves left behind: we hold the lock, so nobody writes them."""
        with os.scandir(self._folder) as entries:
            paths = [e.path for e in entries if _UNFINISHED.fullmatch(e.name)]
        for path in paths:
            with contextlib.suppress(OSError):
                os.unlink(path)

    def _owned(self) -> Iterator[tuple[int, str]]:
        """Yield the backups of this run; another's, and what cannot be read, is not ours."""
        yield from ((step, path) for step, path in self._backups() if self._is_ours(path))

    def _is_ours(self, path: str) -> bool:
        try:
            return path not in self._unread and snapshot.read_owner(path) == self._owner
        except (ModelFileError, OSError):
            return False

    # ------------------------------------------------------------------------------ going on

    def _restore(self, run: Any) -> None:
        backups = self._backups()
        errors: list[Exception] = []
        for _, path in backups:
            with contextlib.ExitStack() as stack:
                try:
                    found = stack.enter_context(snapshot.open_snapshot(path))
                    run.check(found)
                except snapshot.NewerVersionError as error:
                    raise self._refused(error) from error
                except (ModelFileError, OSError) as error:
                    errors.append(error)
                    self._unread.add(path)
                    continue
                self._say_damaged(errors, path)
                try:
                    run.resume(found)
                except ModelFileError as error:
                    raise self._refused(error) from error
                self._owner = found.owner
                self._open = stack.pop_all()
                self._say_nothing_left(run, found.state["place"])
                return
        if errors:
            raise self._refused(errors[0]) from errors[0]

    @staticmethod
    def _say_damaged(errors: list[Exception], path: str) -> None:
        if errors:
            warnings.warn(
                f"BackupAndRestore: {errors[0]} Training goes on from the one before it, {path}.",
                stacklevel=2,
            )

    def _say_nothing_left(self, run: Any, place: dict[str, Any]) -> None:
        """Warn if there is no epoch to train: the run was complete, or is given fewer epochs."""
        self._was_complete = run.finished or run.epoch == run.epochs == place["epochs"]
        if run.finished or run.epoch >= run.epochs:
            reason = "training was stopped there" if run.finished else f"epochs={run.epochs}"
            warnings.warn(
                f"BackupAndRestore: the backup stands after epoch {run.epoch}, and {reason}: "
                f"nothing is left to train. {_FRESH}",
                stacklevel=2,
            )

    def _refused(self, error: Exception) -> Exception:
        """The same error, with what can be done about it."""
        if isinstance(error, ModelFileError):
            message = f"BackupAndRestore cannot go on from this backup. {_FRESH} {error.message}"
            return type(error)(message, path=error.path, where=error.where)
        return error

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        if self._run is None:
            raise ValueError(
                "BackupAndRestore: it works in fit(), which knows where the data stand. "
                "Received: a call of on_train_begin without a run."
            )

    # ------------------------------------------------------------------------------ saving

    @property
    def _saves_batches(self) -> bool:
        return type(self.save_freq) is int

    @only_if("_saves_batches")
    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self._run.total - self._last_saved >= self.save_freq:  # type: ignore[operator]
            self._save()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self.save_freq == "epoch":
            self._save()

    def _save(self) -> None:
        self._close()  # of a resumed run: it has been restored by now
        run = self._run
        path = os.path.join(self._folder, f"backup-{run.total:09d}.ckpt")
        os.makedirs(self._folder, exist_ok=True)
        if os.path.exists(path) and not self._is_ours(path):
            # What could not be read stays, under another name.
            os.replace(path, f"{path}.{secrets.token_hex(4)}.unreadable")
            self._unread.discard(path)
        snapshot.write(path, self._owner, run.state(), run.model)
        self._last_saved = run.total
        self._remove(2 if self.double_checkpoint else 1)

    def _remove(self, keep: int) -> None:
        """Remove the backups of this run but the newest; one that stays is no harm."""
        for _, path in list(self._owned())[keep:]:
            with contextlib.suppress(OSError):
                os.unlink(path)

    # ------------------------------------------------------------------------------ the end

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        trained = self._run.total > self._began_at
        self._close()
        if self.delete_checkpoint and (trained or self._was_complete):
            self._remove(0)
        else:
            self._remove(2 if self.double_checkpoint else 1)
        self._release()
        if self.delete_checkpoint:
            with contextlib.suppress(OSError):  # there are other files in it, or it is a link
                os.rmdir(self._folder)
        self._forget()

    def on_exception(self, exception: BaseException) -> None:
        self._close()
        self._release()
        self._forget()

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None
