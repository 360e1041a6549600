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
        num_samples: Samples of the whole source; None if unknown.
        exhausted: Whether the last epoch ended before its `steps`, or had no batch at all.
    """

    owner: str
    steps: int | None = None
    num_batches: int | None = None
    batch_size: int | None = None
    num_samples: int | None = None
    exhausted: bool = False
    # Whether an epoch without `steps` can be handed out as it is: it has a batch for sure.
    never_empty: bool = False

    _epochs: int = 0
    _running: Iterator[Batch] | None = None

    def batches(self) -> Iterator[Batch]:
        """Return the batches of one epoch: tuples of tensors, absent parts None."""
        self._epochs += 1
        if self.steps is None:
            return self._pass() if self.never_empty else self._one_pass()
        return self._spanning()

    def on_epoch_begin(self) -> None:
        """Tell the source that an epoch begins."""

    def on_epoch_end(self) -> None:
        """Tell the source that an epoch has ended."""

    def _pass(self) -> Iterator[Batch]:
        """Begin a pass over the source. The iterator must not refer to the adapter."""
        raise TypeError(f"{type(self).__name__} does not say how a pass over its data begins.")

    def _one_pass(self) -> Iterator[Batch]:
        count = 0
        running = self._begin()
        while (batch := self._next(running, count)) is not None:
            count += 1
            yield batch
            del batch  # the next one is made without this one in memory
        self._ended(count, complete=count > 0)

    def _spanning(self) -> Iterator[Batch]:
        count = 0
        while count < self.steps:
            batch = self._advance(count)
            if batch is None:
                break
            count += 1
            yield batch
            del batch
        self._ended(count, complete=count == self.steps)

    def _advance(self, count: int) -> Batch | None:
        """Take the next batch; a pass that ended just with the last epoch is begun again."""
        if self._running is not None:
            batch = self._next(self._running, count)
            if batch is not None:
                return batch
            self._running = None
        if count:
            return None
        self._running = self._begin()
        return self._next(self._running, count)

    def _next(self, running: Iterator[Batch], number: int) -> Batch | None:
        try:
            return next(running, None)
        except Exception as e:
            e.add_note(self._note(number))
            raise

    def _begin(self) -> Iterator[Batch]:
        try:
            return self._pass()
        except Exception as e:
            e.add_note(self._note(0))
            raise

    def _note(self, number: int) -> str:
        return f"{self.owner}: raised while reading batch {number} of epoch {self._epochs}."

    def _ended(self, count: int, complete: bool) -> None:
        self.exhausted = not complete
        if complete:
            return
        if count == 0 and self._epochs == 1:
            raise ValueError(f"{self.owner}: x has 0 batches. Received: {self._received()}.")
        warn(RAN_OUT)

    def _received(self) -> str:
        return "no data"
