"""`OrderedEnqueuer` and `GeneratorEnqueuer`: batches made ahead by threads."""

import random
import threading
from collections.abc import Iterator
from queue import Full, Queue
from typing import Any

from torchkeras._base.check import positive_int

_WAIT = 0.05  # seconds between looks whether to stop
_END = object()


class SequenceEnqueuer:
    """Base of both: a thread that fills a queue.

    Args:
        sequence: What gives the batches.
        use_multiprocessing: Accepted; threads do the work.
    """

    def __init__(self, sequence: Any, use_multiprocessing: bool = False, **kwargs: Any) -> None:
        self.sequence, self.use_multiprocessing = sequence, use_multiprocessing
        self.queue: Queue[Any] | None = None
        self.stop_signal: threading.Event | None = None
        self.run_thread: threading.Thread | None = None

    def is_running(self) -> bool:
        """Tell whether batches are being made."""
        return self.stop_signal is not None and not self.stop_signal.is_set()

    def start(self, workers: int = 1, max_queue_size: int = 10) -> None:
        """Begin to make batches."""
        self.queue = Queue(positive_int("start", "max_queue_size", max_queue_size))
        self.stop_signal = threading.Event()
        arguments = (self.queue, self.stop_signal)
        self.run_thread = threading.Thread(target=self._fill, args=arguments, daemon=True)
        self.run_thread.start()

    def _batches(self) -> Iterator[Any]:
        return iter(self.sequence)

    def _fill(self, queue: "Queue[Any]", stop: threading.Event) -> None:
        def put(entry: Any) -> None:
            while not stop.is_set():
                try:
                    queue.put(entry, timeout=_WAIT)
                    return
                except Full:
                    continue

        try:
            for batch in self._batches():
                put((batch, None))
                if stop.is_set():
                    return
            put((_END, None))
        except Exception as error:
            put((None, error))

    def get(self) -> Iterator[Any]:
        """Yield the batches; an error of the thread is raised here."""
        while self.is_running():
            batch, error = self.queue.get()
            if error is not None:
                self.stop()
                raise error
            if batch is _END:
                return
            yield batch

    def stop(self, timeout: float | None = None) -> None:
        """End the thread."""
        if self.stop_signal is not None:
            self.stop_signal.set()
        if self.run_thread is not None:
            self.run_thread.join(timeout)


class OrderedEnqueuer(SequenceEnqueuer):
    """Batches of a `Sequence` in order, pass after pass.

    >>> from torchkeras.utils import Sequence
    >>> class Numbers(Sequence):
    ...     def __len__(self): return 3
    ...     def __getitem__(self, i): return i
    >>> feed = OrderedEnqueuer(Numbers())
    >>> feed.start()
    >>> got = feed.get()
    >>> [next(got) for _ in range(4)]
    [0, 1, 2, 0]
    >>> feed.stop()
    """

    def __init__(
        self, sequence: Any, use_multiprocessing: bool = False, shuffle: bool = False
    ) -> None:
        super().__init__(sequence, use_multiprocessing)
        self.shuffle = shuffle

    def _batches(self) -> Iterator[Any]:
        while True:
            order = list(range(len(self.sequence)))
            if self.shuffle:
                random.shuffle(order)
            for index in order:
                yield self.sequence[index]
            self.sequence.on_epoch_end()


class GeneratorEnqueuer(SequenceEnqueuer):
    """Batches of a generator, until it ends."""
