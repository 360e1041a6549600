"""`TimedThread`: something that is done again and again beside a training."""

import threading
from typing import Any

from torchkeras._base.check import received


class TimedThread:
    """Call `on_interval()`, which a subclass writes, in a thread: at once and after each interval.

    It may be a callback at the same time. As a context manager it starts and stops itself.

    Args:
        interval: Seconds between two calls.
        **kwargs: Arguments of `threading.Thread`, of which `daemon` is True by default.

    Raises:
        ValueError: if `interval` is no positive number.

    >>> class Tick(TimedThread):
    ...     def on_interval(self):
    ...         print("tick")
    ...         self.stop()
    >>> tick = Tick(0.01)
    >>> tick.start(); tick.thread.join()
    tick
    """

    def __init__(self, interval: float, **kwargs: Any) -> None:
        if not isinstance(interval, (int, float)) or not interval > 0:
            raise ValueError(
                "TimedThread: interval must be a positive number of seconds. "
                f"{received('interval', interval)}"
            )
        self.interval = interval
        self.daemon = kwargs.pop("daemon", True)
        self.thread_kwargs = kwargs
        self.thread: threading.Thread | None = None
        self.thread_stop_event: threading.Event | None = None

    def start(self) -> None:
        """Begin, unless it runs already."""
        if self.is_alive():
            return
        self.thread_stop_event = threading.Event()
        self.thread = threading.Thread(
            target=self._repeat,
            args=(self.thread_stop_event,),
            daemon=self.daemon,
            **self.thread_kwargs,
        )
        self.thread.start()

    def _repeat(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            self.on_interval()
            stopped.wait(self.interval)

    def stop(self) -> None:
        """Make no further call; one that goes on comes to its end."""
        if self.thread_stop_event is not None:
            self.thread_stop_event.set()

    def is_alive(self) -> bool:
        """Tell whether the thread runs."""
        return self.thread is not None and self.thread.is_alive()

    def on_interval(self) -> None:
        """Do what is to be done; a subclass writes it."""
        raise NotImplementedError(f"{type(self).__name__}: write on_interval().")

    def __enter__(self) -> "TimedThread":
        self.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self.stop()
