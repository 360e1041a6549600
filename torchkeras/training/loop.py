"""The one loop that fit, evaluate and predict run on."""

import sys
from collections.abc import Iterator
from typing import Any

from torchkeras._base import config
from torchkeras.training.logs import LazyLogs


class Loop:
    """One pass over an adapter's batches, with the batch hooks of the callbacks around each.

    The caller puts what its step returned into `logs`; it reaches the callbacks after the step.

    Args:
        adapter: Source of the batches.
        callbacks: CallbackList, or None.
        mode: `"train"`, `"test"` or `"predict"`.
        model: The model, asked for `stop_training` (and `stop_evaluating`, `stop_predicting`).
        bundle: Steps between two calls of the hooks (`steps_per_execution`).
    """

    def __init__(
        self, adapter: Any, callbacks: Any, mode: str, model: Any, bundle: int = 1
    ) -> None:
        self.adapter = adapter
        self.logs: Any = None
        self.step = 0
        self._model = model
        self._bundle = bundle
        self._stop = _STOP[mode]
        self._begin = self._end = None
        if callbacks is not None:
            if getattr(callbacks, f"wants_{mode}_batch_begin"):
                self._begin = getattr(callbacks, f"on_{mode}_batch_begin")
            if getattr(callbacks, f"wants_{mode}_batch_end"):
                self._end = getattr(callbacks, f"on_{mode}_batch_end")
        self.hooked = self._begin is not None or self._end is not None

    def __iter__(self) -> Iterator[Any]:
        begin, end, bundle, stop = self._begin, self._end, self._bundle, self._stop
        fields = self._model.__dict__
        limit = config.max_steps_per_epoch()
        pending = False
        if begin is None and end is None:
            for batch in self.adapter.batches():
                yield batch
                del batch  # nothing of this step may live in the next one
                self.step += 1
                if fields[stop] or self.step == limit:
                    break
            return
        for batch in self.adapter.batches():
            if begin is not None and self.step % bundle == 0:
                begin(self.step, None)
            yield batch
            del batch
            self.step += 1
            pending = self.step % bundle != 0
            if end is not None and not pending:
                end(self.step - 1, self.logs)
                if type(self.logs) is LazyLogs and sys.getrefcount(self.logs) > 2:
                    self.logs.read()  # somebody kept them: they must show this moment
            if fields[stop] or self.step == limit:
                break
        if pending and end is not None:
            end(self.step - 1, self.logs)


_STOP = {"train": "stop_training", "test": "stop_evaluating", "predict": "stop_predicting"}
