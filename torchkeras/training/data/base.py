"""What every source of batches looks like to the training loop."""

import sys
import warnings
from collections.abc import Iterator
from typing import Any

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
        anew: Whether each epoch begins at the start of the data, also with `steps`: so that an
            evaluation looks at the same samples each time. (A generator has no start to go to.)
    """

    owner: str
    steps: int | None = None
    num_batches: int | None = None
    batch_size: int | None = None
    num_samples: int | None = None
    exhausted: bool = False
    anew: bool = False
    # Whether an epoch without `steps` can be handed out as it is: it has a batch for sure.
    never_empty: bool = False
    # Whether x alone is a bare x, not a tuple of one part, to who sees batches as the source's.
    lone: bool = True

    _epochs: int = 0
    _running: Iterator[Batch] | None = None

    def batches(self) -> Iterator[Batch]:
        """Return the batches of one epoch: tuples of tensors, absent parts None."""
        self._epochs += 1
        self.exhausted = False
        if self.steps is None and self.never_empty:
            return self._pass()
        return _Epoch(self)

    def on_epoch_begin(self) -> None:
        """Tell the source that an epoch begins."""

    def on_epoch_end(self) -> None:
        """Tell the source that an epoch has ended."""

    def _pass(self) -> Iterator[Batch]:
        """Begin a pass over the source. The iterator must not refer to the adapter."""
        raise TypeError(f"{type(self).__name__} does not say how a pass over its data begins.")

    def _note(self, number: int) -> str:
        return f"{self.owner}: raised while reading batch {number} of epoch {self._epochs}."

    def _received(self) -> str:
        return "no data"


class _Epoch:
    """One epoch of an adapter. It is no generator, since those hold what they yield."""

    def __init__(self, adapter: DataAdapter) -> None:
        self.adapter = adapter
        self.count = 0
        self.running = None if adapter.anew else adapter._running

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
                return batch
            self.running = adapter._running = None
        if self.count:
            return None
        self.running = adapter._pass()
        if adapter.steps is not None:
            adapter._running = self.running
        return next(self.running, None)

    def _end(self, adapter: DataAdapter) -> None:
        wanted = adapter.steps
        adapter.exhausted = self.count == 0 or (wanted is not None and self.count < wanted)
        if not adapter.exhausted:
            return
        if self.count == 0 and adapter._epochs == 1:
            raise ValueError(f"{adapter.owner}: x has 0 batches. Received: {adapter._received()}.")
        warn(RAN_OUT)
