"""What every source of batches looks like to the training loop."""

import sys
import warnings
from collections.abc import Iterator
from typing import Any

from torchkeras._base import streams

Batch = tuple[Any, Any, Any]

RAN_OUT = (
    "Your input ran out of data; interrupting training. Make sure that your dataset or generator "
    "can generate at least `steps_per_epoch * epochs` batches."
)


def warn(message: str) -> None:
    """Warn at the line of the nearest caller outside this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith("torchkeras."):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)


class DataAdapter:
    """Batches `(x, y, sample_weight)`, epoch by epoch, from one kind of source.

    With `steps`, an epoch is that many batches: the pass over the data goes on in the next epoch
    where it stopped in this one, and begins anew only after its end, as in Keras.

    Attributes:
        num_batches: Batches an epoch (`steps` if given); None if nobody knows.
        batch_size: Samples a batch; None if the source decides.
        num_samples: Samples that a pass gives together; None if unknown.
        exhausted: Whether the last epoch ended before its `steps`, or had no batch at all.
        recording: Whether `position` is to be asked for: then the random streams are noted where
            a pass begins, so that the same pass can be begun again.
        anew: Whether each epoch begins at the start of the data, also with `steps`: so that an
            evaluation looks at the same samples each time. (A generator has no start to go to.)
    """

    owner: str
    steps: int | None = None
    num_batches: int | None = None
    endless = False  # whether a pass begins within an epoch that has no batches left
    batch_size: int | None = None
    num_samples: int | None = None
    exhausted: bool = False
    anew: bool = False
    recording: bool = False
    # Whether an epoch without `steps` can be handed out as it is: it has a batch for sure.
    never_empty: bool = False
    # Whether x alone is a bare x, not a tuple of one part, to who sees batches as the source's.
    lone: bool = True

    # Whether the source can be read only once, so that even a new pass goes on where it is.
    one_way: bool = False

    _epochs: int = 0
    _running: Iterator[Batch] | None = None
    _taken: int = 0  # batches of the running pass
    _opened: Any = None  # the random streams at its beginning
    _told: tuple[tuple[str, Any], ...] = ()  # epoch hooks of the source, with the streams then
    _resumed: Any = None  # an epoch that goes on where a run broke off

    def batches(self) -> Iterator[Batch]:
        """Return the batches of one epoch: tuples of tensors, absent parts None."""
        self.exhausted = False
        if self._resumed is not None:
            epoch, self._resumed = self._resumed, None
            return epoch
        self._epochs += 1
        if self.steps is None and self.never_empty and not self.recording:
            return self._pass()
        return _Epoch(self)

    def on_epoch_begin(self) -> None:
        """Tell the source that an epoch begins."""

    def on_epoch_end(self) -> None:
        """Tell the source that an epoch has ended."""

    def position(self, within: bool) -> dict[str, Any]:
        """Return where the source stands, for `restore`; `recording` must have been on.

        Args:
            within: Whether an epoch is under way.
        """
        goes_on = self.one_way or ((within or self.steps is not None) and not self.anew)
        return {
            "epochs": self._epochs,
            "taken": self._taken if goes_on else 0,
            "opened": self._opened if goes_on and self._taken else None,
            "told": [list(t) for t in self._told],
        }

    def restore(self, position: dict[str, Any], batch: int) -> Batch | None:
        """Bring a fresh adapter of the same source to a position, with the same order to come.

        Batches that were taken then are passed over: without reading them where the source can
        be read from any place, else by reading. The global random streams are moved.

        Args:
            position: What `position` gave.
            batch: Batches of the running epoch that are done; 0 between two epochs.

        Returns:
            The last batch before the position, if one was read.

        Raises:
            ValueError: if the source has fewer batches than it had.
        """
        for name, at in position["told"]:
            streams.restore(at)
            getattr(self, name)()
        self._epochs = position["epochs"]
        taken, last, running = position["taken"], None, None
        if taken:
            streams.restore(position["opened"])
            running = self._pass(taken - 1)
            last = next(running, None)
            if last is None:
                raise ValueError(
                    f"{self.owner}: x must have the batches that it had when the run broke off, "
                    f"{taken}. Received: fewer."
                )
            self._taken, self._opened = taken, position["opened"]
        if self.steps is not None:
            self._running = running
        if batch:
            self._resumed = _Epoch(self, running, batch)
        return last

    def end_epoch(self) -> None:
        """Let the epoch that `restore` went into have no more batches: it was being stopped."""
        self._resumed = iter(()) if self._resumed is not None else None

    def _begin(self) -> Iterator[Batch]:
        """Begin a pass, and note where."""
        if not (self.one_way and self._taken):
            self._taken = 0
            self._opened = streams.capture() if self.recording else None
        return self._pass()

    def _pass(self, skip: int = 0) -> Iterator[Batch]:
        """Begin a pass over the source, without its first batches.

        The iterator must not refer to the adapter.
        """
        raise TypeError(f"{type(self).__name__} does not say how a pass over its data begins.")

    def _note(self, number: int) -> str:
        return f"{self.owner}: raised while reading batch {number} of epoch {self._epochs}."

    def _received(self) -> str:
        return "no data"


class _Epoch:
    """One epoch of an adapter. It is no generator, since those hold what they yield."""

    def __init__(self, adapter: DataAdapter, running: Any = None, count: int = 0) -> None:
        self.adapter = adapter
        self.count = count
        if running is None and not adapter.anew:
            running = adapter._running
        self.running = running

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        adapter = self.adapter
        if adapter is None:
            raise StopIteration
        batch = None
        if self.count != adapter.steps:
            try:
                batch = self._take(adapter)
            except Exception as e:
                e.add_note(adapter._note(self.count))
                raise
        if batch is None:
            self.adapter = None
            self._end(adapter)
            raise StopIteration
        self.count += 1
        return batch

    def _take(self, adapter: DataAdapter) -> Batch | None:
        """Take the next batch; a pass that ended just with the last epoch is begun again."""
        if self.running is not None:
            batch = next(self.running, None)
            if batch is not None:
                adapter._taken += 1
                return batch
            self.running = adapter._running = None
        if self.count and not adapter.endless:
            return None
        self.running = adapter._begin()
        if adapter.steps is not None:
            adapter._running = self.running
        batch = next(self.running, None)
        adapter._taken += batch is not None
        return batch

    def _end(self, adapter: DataAdapter) -> None:
        wanted = adapter.steps
        adapter.exhausted = self.count == 0 or (wanted is not None and self.count < wanted)
        if not adapter.exhausted:
            return
        if self.count == 0 and adapter._epochs == 1:
            raise ValueError(f"{adapter.owner}: x has 0 batches. Received: {adapter._received()}.")
        warn(RAN_OUT)
