"""Ctrl-C between two lines of code that belong together: it waits until both have run."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM") if hasattr(signal, name))


class _Whole(threading.local):
    """A block that is done fully or not at all, as far as signals go.

    Within `deferrable`, what Python's handlers of SIGINT and SIGTERM do (raise KeyboardInterrupt)
    comes at the end of the block. Each thread has its own: only the main one is told of signals.
    """

    def __init__(self) -> None:
        self.inside = 0
        self.waiting: list[Callable[[], Any]] = []

    def __enter__(self) -> None:
        self.inside += 1

    def __exit__(self, *exc: object) -> None:
        self.inside -= 1
        if self.waiting and not self.inside:
            waiting, self.waiting = self.waiting, []
            for handle in waiting:
                handle()


whole = _Whole()


@contextmanager
def deferrable() -> Iterator[None]:
    """Let `whole` hold back SIGINT and SIGTERM where Python code handles them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    placed = []
    try:
        for number in _SIGNALS:
            before = signal.getsignal(number)
            if callable(before) and not hasattr(before, "_deferring"):
                handler = _deferring(before)
                signal.signal(number, handler)
                placed.append((number, handler, before))
        yield
    finally:
        for number, handler, before in placed:
            if signal.getsignal(number) is handler:  # else the program has set its own since
                signal.signal(number, before)


def _deferring(handle: Callable[[int, Any], Any]) -> Callable[[int, Any], Any]:
    def handler(number: int, frame: Any) -> Any:
        if whole.inside:
            whole.waiting.append(lambda: handle(number, frame))
            return None
        return handle(number, frame)

    handler._deferring = True  # type: ignore[attr-defined]
    return handler
