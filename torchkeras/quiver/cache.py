"""Results that are kept while they fit in an amount of memory."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any


class Cache:
    """The results last used, up to `max_bytes` of them, and always the last one."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Any:
        """Return a result, or None."""
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                return None
            self._entries.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, result: Any) -> None:
        """Keep a result; its size is its `nbytes`, or its length."""
        size = result.nbytes if hasattr(result, "nbytes") else len(result)
        with self._lock:
            self._drop(key)
            self._entries[key] = result, size
            self._bytes += size
            while self._bytes > self._max and len(self._entries) > 1:
                self._drop(next(iter(self._entries)))

    def forget(self, applies: Callable[[Any], bool]) -> None:
        """Drop the results whose keys `applies` is true of."""
        with self._lock:
            for key in [k for k in self._entries if applies(k)]:
                self._drop(key)

    def _drop(self, key: Hashable) -> None:
        found = self._entries.pop(key, None)
        if found is not None:
            self._bytes -= found[1]
