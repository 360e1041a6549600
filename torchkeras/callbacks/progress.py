"""The progress bar: live in a terminal or a notebook, plain lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from .._base import check, config
from .._base.messages import write
from ..core.legacy_constructors import takes_old_arguments
from .base import Callback

_BOLD, _GREEN, _GREY, _RESET, _CLEAR = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m", "\x1b[K"


def is_notebook() -> bool:
    """Whether the output goes to a Jupyter cell: no terminal, but it understands `\\r`."""
    return "ipykernel" in sys.modules and hasattr(sys.stdout, "session")


def is_interactive() -> bool:
    """Whether progress is shown on a standard output that can redraw a line."""
    if not config.is_interactive_logging_enabled():
        return False
    isatty = getattr(sys.stdout, "isatty", None)
    return is_notebook() or (isatty is not None and isatty())


def resolve_verbose(verbose: int | str) -> int:
    """0, 1 or 2; "auto" is 1 where the bar can be redrawn and 2 elsewhere."""
    if verbose == "auto":
        return 1 if is_interactive() else 2
    if isinstance(verbose, bool):
        return int(verbose)
    return check.one_of("verbose", "verbose", verbose, (0, 1, 2, "auto"))


class Progbar:
    """A progress bar like Keras's: `57/57 ━━━━━━━━━━ 1s 3ms/step - loss: 0.1234`.

    In a terminal or notebook the line is redrawn at most once in `interval` seconds, and cut to
    the width of the terminal. Elsewhere only the finished line is written, without colours.

    Args:
        target: Number of steps, or None if unknown.
        width: Characters of the bar.
        verbose: 0 (silent), 1 (bar) or 2 (one line at the end).
        interval: Seconds between two drawings.
        stateful_metrics: Names shown as they come. All others are averaged over the steps;
            the last drawing shows what was given last.
        stateless_metrics: Names to average, if that list is shorter; excludes the former.
        unit_name: Word for one step.

    >>> import torchkeras as keras
    >>> bar = keras.utils.Progbar(2, verbose=2)
    >>> bar.update(1, [("loss", 1.0)])
    >>> bar.update(2, [("loss", 0.5)])
    2/2 - 0s - ...s/step - loss: 0.5000
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError(
                "Progbar: give stateful_metrics or stateless_metrics, not both. "
                f"Received: stateful_metrics={stateful_metrics}, "
                f"stateless_metrics={stateless_metrics}."
            )
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self.stateful_metrics = set(stateful_metrics or ())
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self.live = verbose == 1 and is_interactive()
        self._sums: dict[str, tuple[float, int]] = {}  # name -> sum of values times steps, steps
        self._shown: dict[str, float] = {}
        self._seen = 0
        self._start = self._now()
        self._first_step_end: float | None = None
        self._next_draw = 0.0
        self._step_seconds: float | None = None
        self._line_length = 0
        self._open_line = False

    @staticmethod
    def _now() -> float:
        return time.time()

    def add(self, n: int, values: Sequence[tuple[str, Any]] | None = None) -> None:
        """Advance by `n` steps."""
        self.update(self._seen + n, values)

    def update(
        self,
        current: int,
        values: Iterable[tuple[str, Any]] | None = None,
        finalize: bool | None = None,
    ) -> None:
        """Go to step `current`.

        Args:
            values: (name, value of the last step) pairs.
            finalize: Whether this is the last call. Default: `current` has reached the target.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        self._take(current, values or (), finalize)
        now = self._now()
        if self._first_step_end is None and current > 0:
            self._first_step_end = now
        self._seen = current
        if self.verbose == 0:
            return
        if finalize:
            self._finish(now)
        elif self.live and now >= self._next_draw:
            self._redraw(now)

    def advance(self, current: int) -> bool:
        """Go to step `current` without values; True if it is time to draw (call `update`)."""
        now = self._now()
        self._seen = current
        if self._first_step_end is None:
            self._first_step_end = now
        return self.live and now >= self._next_draw

    def hold_step_time(self) -> None:
        """Keep the time a step takes: what comes now (validation) is no step."""
        self._step_seconds = self._seconds_per_step(self._now())

    def interrupt(self) -> None:
        """End a line that is being redrawn, so that the next output starts on its own."""
        if self._open_line:
            write("\n")
            self._open_line = False

    # ----------------------------------------------------------------------------------- values

    def _is_stateful(self, name: str) -> bool:
        if self.stateless_metrics is not None:
            return name not in self.stateless_metrics
        return name in self.stateful_metrics

    def _take(self, current: int, values: Iterable[tuple[str, Any]], finalize: bool) -> None:
        steps = max(current - self._seen, 1)
        for name, value in values:
            number = _number(value)
            if finalize or self._is_stateful(name):
                self._shown[name] = number
                continue
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = (total + number * steps, count + steps)
            self._shown[name] = self._sums[name][0] / self._sums[name][1]

    # ---------------------------------------------------------------------------------- drawing

    def _seconds_per_step(self, now: float) -> float:
        """Mean time of a step, without the first one (which builds and warms up)."""
        if self._step_seconds is not None:
            return self._step_seconds
        if self._seen > 1 and self._first_step_end is not None and now > self._first_step_end:
            return (now - self._first_step_end) / (self._seen - 1)
        return (now - self._start) / self._seen if self._seen else 0.0

    def _speed(self, now: float) -> str:
        seconds = self._seconds_per_step(now)
        if seconds >= 1 or seconds == 0:
            return f"{seconds:.0f}s/{self.unit_name}"
        if seconds >= 1e-3:
            return f"{seconds * 1e3:.0f}ms/{self.unit_name}"
        return f"{seconds * 1e6:.0f}us/{self.unit_name}"

    def _metrics(self) -> str:
        return "".join(f" - {name}: {_format(value)}" for name, value in self._shown.items())

    def _counter(self) -> str:
        if self.target is None:
            return f"{self._seen:>7d}/Unknown"
        return f"{self._seen:>{len(str(self.target))}d}/{self.target}"

    def _line(self, now: float, clock: str, colour: bool) -> str:
        """The bar with its numbers; `clock` is the time left, or the whole time at the end."""
        bold, green, grey, reset = (_BOLD, _GREEN, _GREY, _RESET) if colour else ("",) * 4
        bar = ""
        if self.target is not None:
            done = int(self.width * min(self._seen / max(self.target, 1), 1))
            full, rest = _glyphs(colour)
            bar = f" {green}{full * done}{reset}{grey}{rest * (self.width - done)}{reset}"
        counter = f"{bold}{self._counter()}{reset}"
        return f"{counter}{bar} {bold}{clock}{reset} {self._speed(now)}{self._metrics()}"

    def _redraw(self, now: float) -> None:
        self._next_draw = now + self.interval
        if self.target is None:
            seconds = now - self._start
        else:
            seconds = self._seconds_per_step(now) * (self.target - self._seen)
        clock = _clock(seconds)
        plain = self._line(now, clock, colour=False)
        columns = shutil.get_terminal_size().columns
        if not is_notebook() and len(plain) >= columns:
            # A line that wraps cannot be drawn over; a cut one must not end inside a colour.
            text, length = plain[: columns - 1], columns - 1
        else:
            text, length = self._line(now, clock, colour=True), len(plain)
        write("\r" + text + " " * max(self._line_length - length, 0))
        self._line_length = length
        self._open_line = True

    def _finish(self, now: float) -> None:
        clock = f"{now - self._start:.0f}s"
        if self.verbose == 2:
            steps = self._counter().strip()
            write(f"{steps} - {clock} - {self._speed(now)}{self._metrics()}\n")
            return
        line = self._line(now, clock, colour=self.live)
        clear = " " * self._line_length if is_notebook() else _CLEAR
        write(f"\r{clear}\r{line}\n" if self.live else f"{line}\n")
        self._open_line = False


class _LogsBar(Progbar):
    """A bar for logs, whose values are means over the epoch already."""

    def _is_stateful(self, name: str) -> bool:
        return True


@takes_old_arguments
class ProgbarLogger(Callback):
    """Show the progress of `fit`, `evaluate` and `predict`; `verbose` of the run says how.

    The metrics of a batch are read only when a line is drawn, which is at most 20 times a second
    in a terminal, and once an epoch where the output is no terminal.

    >>> import torchkeras as keras
    >>> keras.callbacks.CallbackList(add_progbar=True, verbose=1).callbacks
    [<torchkeras.callbacks.progress.ProgbarLogger object at ...>]
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0
        self.target: int | None = None
        self.verbose = 1
        self.epochs = 1
        self.progbar: _LogsBar | None = None
        self._in_fit = False

    def set_params(self, params: dict[str, Any] | None) -> None:
        super().set_params(params)
        params = params or {}
        self.verbose = resolve_verbose(params.get("verbose", 1))
        self.epochs = params.get("epochs", 1) or 1
        self.target = params.get("steps")

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._in_fit = True

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._reset()
        if self.verbose and self.epochs > 1:
            write(f"Epoch {epoch + 1}/{self.epochs}\n")

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._advance(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._finish(logs)

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        if self._in_fit:
            if self.progbar is not None:
                self.progbar.hold_step_time()
        else:
            self._reset()

    def on_test_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        if not self._in_fit:
            self._advance(batch, logs)

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        if not self._in_fit:
            self._finish(logs)

    def on_predict_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._reset()

    def on_predict_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._advance(batch, None)

    def on_predict_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self._finish(None)

    def on_exception(self, exception: BaseException) -> None:
        self._in_fit = False
        if self.progbar is not None:
            self.progbar.interrupt()

    def _reset(self) -> None:
        self.seen = 0
        self.progbar = _LogsBar(self.target, verbose=self.verbose)

    def _advance(self, batch: int, logs: Mapping[str, Any] | None) -> None:
        self.seen = batch + 1
        bar = self.progbar
        if bar is not None and bar.advance(self.seen):
            bar.update(self.seen, _pairs(logs), finalize=False)

    def _finish(self, logs: Mapping[str, Any] | None) -> None:
        bar = self.progbar
        if bar is None:
            return
        if bar.target is None:
            # The next epoch of a generator is expected to have as many steps.
            self.target = bar.target = self.seen
        bar.update(self.seen, _pairs(logs), finalize=True)


def _pairs(logs: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    return [(name, logs[name]) for name in logs] if logs else []


def _number(value: Any) -> float:
    """A shown value: of an array, its mean."""
    if isinstance(value, (float, int)):
        return value
    if isinstance(value, torch.Tensor):
        return value.detach().double().mean().item()
    return float(np.mean(np.asarray(value, dtype="float64")))


def _format(value: float) -> str:
    return f"{value:.4f}" if abs(value) > 1e-3 or value != value else f"{value:.4e}"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    if whole > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    if whole > 60:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole}s"


def _glyphs(colour: bool) -> tuple[str, str]:
    """The signs of the done and the open part of the bar."""
    try:
        "━".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return "=", "."
    return "━", "━" if colour else " "
