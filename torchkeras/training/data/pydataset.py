"""`PyDataset`: a user's class that gives batches by number, read in parallel on demand."""

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import multiprocessing
from torch.utils.data import DataLoader, Dataset

from torchkeras._base import check, streams
from torchkeras.training.data.base import Batch
from torchkeras.training.data.class_weight import ClassWeight
from torchkeras.training.data.loader import from_workers
from torchkeras.training.data.stream import Converter, StreamAdapter


class PyDataset:
    """Base of data sets that make batch number `index` when asked for it.

    A subclass has `__getitem__(index)`, which returns `(x,)`, `(x, y)` or `(x, y, sample_weight)`
    for a whole batch, and `__len__()`, the number of batches (or `num_batches`, which may be None
    for a data set without end). It may have `on_epoch_begin()` and `on_epoch_end()`.

    Args:
        workers: Threads, or processes, that make batches ahead; below 2 threads: none.
        use_multiprocessing: Whether the workers are processes, each with a copy of the data set.
        max_queue_size: How many batches are made ahead at most.

    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, index):
    ...         x = torch.full((2, 1), float(index))
    ...         return x, x**2
    >>> Squares(workers=2).num_batches
    3
    """

    # On the class too, so that a subclass that forgets super().__init__() works.
    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10
    endless: bool = False  # with a number of steps: begin anew whenever it has been read

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        self.workers = check.non_negative_int("PyDataset", "workers", workers)
        self.use_multiprocessing = bool(use_multiprocessing)
        self.max_queue_size = check.non_negative_int("PyDataset", "max_queue_size", max_queue_size)

    def __getitem__(self, index: int) -> Any:
        """Return batch number `index`."""
        raise NotImplementedError(f"{type(self).__name__} must have a __getitem__ method.")

    @property
    def num_batches(self) -> int | None:
        """Batches an epoch; None for a data set without end."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(
            f"{type(self).__name__} must have a __len__ method or a num_batches property."
        )

    def __iter__(self) -> Iterator[Any]:
        count = self.num_batches
        index = 0
        while count is None or index < count:
            yield self[index]
            index += 1

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch."""


class PyDatasetAdapter(StreamAdapter):
    """Batches of a PyDataset in order of their number, or shuffled; never out of that order."""

    def __init__(
        self,
        dataset: PyDataset,
        *,
        shuffle: bool | str,
        steps: int | None,
        class_weight: ClassWeight | None,
        owner: str,
        strings: bool = False,
    ) -> None:
        super().__init__(
            owner=owner, kind="PyDataset", steps=steps, class_weight=class_weight, strings=strings
        )
        self._strings = strings
        self._dataset, self._shuffle = dataset, bool(shuffle)
        count = dataset.num_batches
        if count is not None and check.non_negative_int(owner, "num_batches of x", count) == 0:
            raise ValueError(f"{owner}: x has 0 batches. {check.received('x', dataset)}")
        if count is None and steps is None:
            raise ValueError(
                f"{owner}: the number of steps must be given when x is a PyDataset without end. "
                "Received: x.num_batches=None."
            )
        if steps is None:
            self.num_batches = count
        self.endless = steps is not None and dataset.endless

    def on_epoch_begin(self) -> None:
        """Tell the data set that an epoch begins."""
        self._tell("on_epoch_begin")

    def on_epoch_end(self) -> None:
        """Tell the data set that an epoch has ended."""
        self._tell("on_epoch_end")

    def _tell(self, hook: str) -> None:
        if self.recording and getattr(type(self._dataset), hook) is not getattr(PyDataset, hook):
            # Usually it puts its samples in a new order then.
            self._told = (*self._told, (hook, streams.capture()))
        getattr(self._dataset, hook)()

    def _pass(self, skip: int = 0) -> Iterator[Batch]:
        return map(self._convert, self._open(skip))

    def _open(self, skip: int = 0) -> Iterable[Any]:
        data = self._dataset
        order = _Order(data.num_batches, self._shuffle, skip)
        if data.use_multiprocessing and data.workers:
            convert = Converter(self.owner, self.kind, strings=self._strings)
            return _from_processes(data, order, convert)
        if data.workers > 1 and data.max_queue_size:
            return _from_threads(data.__getitem__, iter(order), data.workers, data.max_queue_size)
        return map(data.__getitem__, order)


class _Order:
    """The numbers of the batches, as a sampler: the DataLoader asks it anew for each pass."""

    def __init__(self, count: int | None, shuffle: bool, skip: int = 0) -> None:
        self.count, self.shuffle, self.skip = count, shuffle, skip

    def __iter__(self) -> Iterator[int]:
        if self.count is None:
            yield from itertools.count(self.skip)
        elif self.shuffle:
            yield from torch.randperm(self.count, device="cpu").tolist()[self.skip :]
        else:
            yield from range(self.skip, self.count)


def _from_threads(
    read: Callable[[int], Any], order: Iterator[int], workers: int, ahead: int
) -> Iterator[Any]:
    pool = ThreadPoolExecutor(workers, "PyDataset")
    waiting: deque[Any] = deque()
    try:
        for index in order:
            waiting.append(pool.submit(read, index))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


class _Indexed(Dataset):
    """A PyDataset as a torch Dataset whose samples are batches."""

    def __init__(self, dataset: PyDataset) -> None:
        self.dataset = dataset

    def __getitem__(self, index: int) -> Any:
        return self.dataset[index]


def _from_processes(data: PyDataset, order: _Order, convert: Converter) -> Iterable[Any]:
    # A forked process cannot use CUDA, nor may it inherit what CUDA holds: begin from a fresh one.
    fresh = torch.cuda.is_initialized()
    methods = multiprocessing.get_all_start_methods()
    context = ("forkserver" if "forkserver" in methods else "spawn") if fresh else None
    loader = DataLoader(
        _Indexed(data),
        batch_size=None,
        sampler=order,
        num_workers=data.workers,
        prefetch_factor=max(1, -(-data.max_queue_size // data.workers)),
        collate_fn=convert,
        multiprocessing_context=context,
    )
    return from_workers(loader)
