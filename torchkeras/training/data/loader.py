"""Batches from torch's DataLoader, and from torch's Dataset through one."""

from collections.abc import Iterable, Iterator
from typing import Any

from torch.utils.data import DataLoader, Dataset, IterableDataset

from torchkeras._base.check import received
from torchkeras.training.data.class_weight import ClassWeight
from torchkeras.training.data.stream import StreamAdapter


def length(x: Any) -> int | None:
    """Return `len(x)`, or None if it has none or does not know it."""
    try:
        return len(x)
    except TypeError:
        return None


def make_loader(owner: str, dataset: Dataset, batch_size: int, shuffle: bool | str) -> DataLoader:
    """Wrap a torch Dataset of single samples into a DataLoader.

    Raises:
        ValueError: if it is empty, or is to be shuffled and cannot be.
    """
    if isinstance(dataset, IterableDataset):
        return DataLoader(dataset, batch_size=batch_size)
    if shuffle == "batch":
        raise ValueError(
            f"{owner}: shuffle must be True or False when x is a Dataset. "
            f"{received('shuffle', shuffle)}"
        )
    samples = length(dataset)
    if samples is None:
        raise ValueError(
            f"{owner}: a Dataset must have a length (`__len__`), or be an IterableDataset. "
            f"{received('x', dataset)}"
        )
    if samples == 0:
        raise ValueError(f"{owner}: x has 0 samples. {received('x', dataset)}")
    return DataLoader(dataset, batch_size=batch_size, shuffle=shuffle)


def from_workers(loader: DataLoader) -> Iterator[Any]:
    """Read a DataLoader that has worker processes, and end these with the first exception.

    Raises:
        RuntimeError: if a worker died, whatever torch noticed of it first.
    """
    iterator = iter(loader)
    while True:
        try:
            item = next(iterator)
        except StopIteration:
            return
        except Exception as e:
            dead = _dead_workers(iterator, wait=isinstance(e, (OSError, EOFError)))
            if dead or not loader.persistent_workers:
                # Else a dead worker raises again at any later line, and those alive are waited for
                # five seconds each when the traceback that holds them is dropped.
                getattr(iterator, "_shutdown_workers", lambda: None)()
            if not dead or isinstance(e, RuntimeError):
                raise
            # It took with it what waited in its shared memory: torch saw a broken connection.
            raise RuntimeError(
                f"DataLoader worker (pid {dead[0]}) exited unexpectedly. To see why, try with "
                "num_workers=0."
            ) from e
        yield item
        del item


def _dead_workers(iterator: Any, wait: bool) -> list[int]:
    workers = getattr(iterator, "_workers", ())
    if wait:  # a process whose connection broke is about to end
        for worker in workers:
            worker.join(0.5)
    return [worker.pid for worker in workers if worker.exitcode]


class LoaderAdapter(StreamAdapter):
    """Batches from a DataLoader, or anything else that can be iterated again each epoch.

    Its own order, batch size and workers hold; worker processes end with the pass.
    """

    def __init__(
        self,
        loader: Iterable[Any],
        *,
        steps: int | None,
        class_weight: ClassWeight | None,
        owner: str,
        num_samples: int | None = None,
        strings: bool = False,
    ) -> None:
        super().__init__(
            owner=owner,
            kind=type(loader).__name__,
            steps=steps,
            class_weight=class_weight,
            strings=strings,
        )
        self._loader = loader
        count = length(loader)
        if count == 0:
            raise ValueError(f"{owner}: x has 0 batches. {received('x', loader)}")
        if steps is None:
            self.num_batches = count
        self.batch_size = getattr(loader, "batch_size", None)
        # Of a foreign loader nobody knows: samplers repeat and leave out, drop_last drops.
        self.num_samples = num_samples

    def _open(self) -> Iterable[Any]:
        has_workers = isinstance(self._loader, DataLoader) and self._loader.num_workers
        return from_workers(self._loader) if has_workers else self._loader
