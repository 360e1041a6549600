"""Steps that say which elements come, in which order, and when they are made."""

import itertools
import threading
from collections.abc import Iterable, Iterator
from queue import Queue
from typing import Any

import numpy as np
import torch

from torchkeras.compat.tensorflow.data.base import AUTOTUNE, INFINITE_CARDINALITY, Base


class Order(Base):
    """The steps that choose and order elements."""

    def shuffle(
        self,
        buffer_size: int,
        seed: int | None = None,
        reshuffle_each_iteration: bool = True,
        name: str | None = None,
    ) -> "Base":
        """Draw the elements from a buffer that is filled as it empties."""
        size = int(buffer_size)
        if size < 1:
            raise ValueError(
                f"Dataset.shuffle: buffer_size must be positive. Received: {buffer_size}."
            )
        start = int(torch.randint(2**31, ())) if seed is None else int(seed)
        state = {"pass": 0}

        def make() -> Iterator[Any]:
            draw = np.random.default_rng((start, state["pass"]))
            state["pass"] += bool(reshuffle_each_iteration)
            buffer: list[Any] = []
            for element in self:
                if len(buffer) < size:
                    buffer.append(element)
                    continue
                i = int(draw.integers(size))
                buffer[i], element = element, buffer[i]
                yield element
            draw.shuffle(order := list(range(len(buffer))))
            yield from (buffer[i] for i in order)

        return self._new(make, self._count)

    def repeat(self, count: int | None = None, name: str | None = None) -> "Base":
        """Begin again at the end: so many times, or for ever."""
        endless = count is None or count < 0

        def make() -> Iterator[Any]:
            for _ in itertools.count() if endless else range(count):
                empty = True
                for element in self:
                    empty = False
                    yield element
                if empty:
                    return

        total = INFINITE_CARDINALITY if endless else self._count * count
        return self._new(make, total if self._count >= 0 else self._count)

    def take(self, count: int, name: str | None = None) -> "Base":
        """Keep the first elements."""
        count = int(count)
        if count < 0:
            return self
        known = min(count, self._count) if self._count >= 0 else self._count
        known = count if known == INFINITE_CARDINALITY else known
        return self._new(lambda: itertools.islice(self, count), known)

    def skip(self, count: int, name: str | None = None) -> "Base":
        """Leave out the first elements."""
        count = int(count)
        known = max(0, self._count - count) if self._count >= 0 else self._count
        return self._new(lambda: itertools.islice(self, count, None), known)

    def shard(self, num_shards: int, index: int, name: str | None = None) -> "Base":
        """Keep every so many-th element."""
        return self._new(lambda: itertools.islice(self, int(index), None, int(num_shards)))

    def concatenate(self, dataset: "Base", name: str | None = None) -> "Base":
        """Put another dataset after this one."""
        counts = (self._count, dataset._count)
        total = sum(counts) if min(counts) >= 0 else min(counts)
        return self._new(lambda: itertools.chain(self, dataset), total)

    def cache(self, filename: str = "", name: str | None = None) -> "Base":
        """Keep the elements in memory after the first complete pass; no file is written."""
        kept: list[Any] = []
        complete = [False]

        def make() -> Iterator[Any]:
            if complete[0]:
                yield from kept
                return
            found = []
            for element in self:
                found.append(element)
                yield element
            kept[:], complete[0] = found, True

        return self._new(make, self._count)

    def prefetch(self, buffer_size: int = AUTOTUNE, name: str | None = None) -> "Base":
        """Make elements in a thread, some ahead of those that are asked for."""
        size = 2 if buffer_size == AUTOTUNE else int(buffer_size)
        return self._new(lambda: _ahead(self, size), self._count) if size else self


def _ahead(source: Iterable[Any], size: int) -> Iterator[Any]:
    """Iterate over what a thread has made ready; its exception comes out where it belongs."""
    queue: Queue[tuple[str, Any]] = Queue(size)
    stop = threading.Event()

    def work() -> None:
        try:
            for element in source:
                if stop.is_set():
                    return
                queue.put(("element", element))
            queue.put(("end", None))
        except BaseException as e:
            queue.put(("error", e))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            kind, value = queue.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        stop.set()
        while not queue.empty():  # lets a thread go that waits for room
            queue.get_nowait()
