"""`tf.summary`: logs for TensorBoard, in the form that TensorFlow 2 writes."""

import contextlib
import operator
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from torchkeras._base import scope
from torchkeras._base.optional import require
from torchkeras.callbacks.tensorboard.writer import RunWriters
from torchkeras.compat.tensorflow import encodings as encode
from torchkeras.compat.tensorflow.image import convert_image_dtype
from torchkeras.compat.tensorflow.missing import missing
from torchkeras.compat.tensorflow.namespace import Namespace
from torchkeras.core.tensor import convert_to_numpy


class _State(threading.local):
    """What a thread writes to, at which step, and whether."""

    writer: "SummaryWriter | None" = None
    step: Any = None
    records: Any = True


_state = _State()


class SummaryWriter:
    """A log that summaries are written to inside `as_default`.

    Args:
        logdir: Its folder.
        max_queue: Summaries held back at most.
        flush_millis: Milliseconds after which they are written.
        filename_suffix: End of the file's name.

    Raises:
        RuntimeError: by `as_default`, if the log is closed.

    >>> import tempfile
    >>> with SummaryWriter(tempfile.mkdtemp()).as_default(step=1):
    ...     scalar("loss", 0.5)
    True
    """

    def __init__(
        self,
        logdir: Any,
        max_queue: int | None = None,
        flush_millis: int | None = None,
        filename_suffix: str | None = None,
    ) -> None:
        self._log = RunWriters(
            str(logdir),
            max_queue=10 if max_queue is None else int(max_queue),
            flush_secs=120 if flush_millis is None else int(flush_millis) / 1000,
            filename_suffix=".v2" if filename_suffix is None else filename_suffix,
        )
        self._closed = False
        self.init()

    def init(self) -> None:
        """Make the file."""
        self._log[""]

    @contextlib.contextmanager
    def as_default(self, step: Any = None) -> Iterator["SummaryWriter"]:
        """Let the summaries of a block go to this log, at this step if it is given."""
        self._check_open()
        before = _state.writer, _state.step
        _state.writer = self
        if step is not None:
            _state.step = step
        try:
            yield self
            self.flush()
        finally:
            _state.writer = before[0]
            if step is not None:
                _state.step = before[1]

    def set_as_default(self, step: Any = None) -> None:
        """Let all summaries from now on go to this log."""
        self._check_open()
        _state.writer = self
        if step is not None:
            _state.step = step

    def put(self, summary: Any, step: int) -> None:
        """Write TensorBoard's message of some values."""
        self._check_open()
        self._log.summary("", summary, step)

    def flush(self) -> None:
        """Write what is held back."""
        if not self._closed:
            self._log.flush()

    def close(self) -> None:
        """End the log."""
        self.flush()
        self._log.close()
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError(f"SummaryWriter of {self._log.log_dir!r} is already closed.")


class _Nowhere(SummaryWriter):
    """A writer that keeps nothing."""

    def __init__(self) -> None:
        self._closed = True

    def init(self) -> None:
        """Do nothing."""

    def put(self, summary: Any, step: int) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def _check_open(self) -> None:
        """It is never closed."""


class FileWriter(SummaryWriter):
    """A log as TensorFlow 1 writes it: message by message.

    Args:
        logdir: Its folder.
        graph: Left out, as are the others that are not named here.
        max_queue: Summaries held back at most.
        flush_secs: Seconds after which they are written.
        filename_suffix: End of the file's name.
    """

    def __init__(
        self,
        logdir: Any,
        graph: Any = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        graph_def: Any = None,
        filename_suffix: str | None = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(logdir, max_queue, int(flush_secs * 1000), filename_suffix or "")

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Write a `tf.Summary`, or what it was serialized to."""
        kind = message("Summary")
        summary = kind.FromString(summary) if isinstance(summary, bytes) else summary
        self.put(summary, 0 if global_step is None else _at(global_step))

    def add_graph(self, graph: Any = None, *args: Any, **kwargs: Any) -> None:
        """Do nothing: torch has no graph."""


def create_file_writer(
    logdir: Any,
    max_queue: int | None = None,
    flush_millis: int | None = None,
    filename_suffix: str | None = None,
    name: str | None = None,
    experimental_trackable: bool = False,
) -> SummaryWriter:
    """Return a log in a folder."""
    return SummaryWriter(logdir, max_queue, flush_millis, filename_suffix)


def create_noop_writer() -> SummaryWriter:
    """Return a log that keeps nothing."""
    return _Nowhere()


def flush(writer: SummaryWriter | None = None, name: str | None = None) -> None:
    """Write what a log, or the one in use, holds back."""
    writer = _state.writer if writer is None else writer
    if writer is not None:
        if not isinstance(writer, SummaryWriter):
            raise ValueError(f"tf.summary.flush: no writer. Received: {writer!r}.")
        writer.flush()


# ------------------------------------------------------------------------------- whether and when


@contextlib.contextmanager
def record_if(condition: Any) -> Iterator[None]:
    """Write the summaries of a block only if this, or what it returns, is true."""
    before, _state.records = _state.records, condition
    try:
        yield
    finally:
        _state.records = before


def should_record_summaries() -> bool:
    """Tell whether a summary would be written here."""
    if _state.writer is None:
        return False
    return bool(_state.records() if callable(_state.records) else _state.records)


def _at(step: Any) -> int:
    step = _state.step if step is None else step
    if step is None:
        raise ValueError(
            "No step set. Please specify one either through the `step` argument or through "
            "tf.summary.experimental.set_step()."
        )
    try:
        return operator.index(step)
    except TypeError:
        raise TypeError(f"tf.summary: step must be a whole number. Received: {step!r}.") from None


def _set_step(step: Any) -> None:
    """Set the step of summaries that are given none; a variable is read at each."""
    _state.step = step


@contextlib.contextmanager
def summary_scope(
    name: str, default_name: str = "summary", values: Any = None
) -> Iterator[tuple[str, str]]:
    """Give a summary's tag: its name after the name scopes around."""
    name = name or default_name
    tag = "/".join((*scope.state.names, name))
    inside = "".join(c for c in name if c.isalnum() or c in "_.\\-/")
    with scope.scoped(names=(*scope.state.names, inside)):
        yield tag, scope.current_path() + "/"


def _write_raw_pb(tensor: bytes, step: Any = None, name: str | None = None) -> bool:
    """Write a summary that TensorBoard has made a string of."""
    if not should_record_summaries():
        return False
    _state.writer.put(message("Summary").FromString(bytes(tensor)), _at(step))
    return True


experimental = Namespace(
    "tf.summary.experimental",
    get_step=lambda: _state.step,
    set_step=_set_step,
    summary_scope=summary_scope,
    write_raw_pb=_write_raw_pb,
)

# ------------------------------------------------------------------------------- summaries


def write(tag: str, tensor: Any, step: Any = None, metadata: Any = None, name: Any = None) -> bool:
    """Write a tensor, or what a function returns; False where no log is in use.

    Args:
        tag: Its name.
        tensor: What is written; text as strings or bytes.
        step: When.
        metadata: TensorBoard's message that says which of its plugins shows it.
        name: Not used.

    Raises:
        ValueError: if no step is known.
        TypeError: if the step is no whole number.
    """
    if not should_record_summaries():
        return False
    at = _at(step)
    if isinstance(metadata, bytes):
        metadata = message("SummaryMetadata").FromString(metadata)
    values = _array(tensor() if callable(tensor) else tensor)
    summary = message("Summary")()
    summary.value.add(tag=tag, tensor=make_tensor_proto(values), metadata=metadata)
    _state.writer.put(summary, at)
    return True


def scalar(name: str, data: Any, step: Any = None, description: str | None = None) -> bool:
    """Write a number."""

    def number() -> np.ndarray:
        value = _array(data)
        if value.shape:
            raise ValueError(f"tf.summary.scalar: data must be a number. Got shape {value.shape}.")
        return value.astype("float32")

    return _shown("scalar", name, number, step, description)


def histogram(
    name: str, data: Any, step: Any = None, buckets: int | None = None,
    description: str | None = None,
) -> bool:  # fmt: skip
    """Write how the finite values of a tensor are distributed."""

    def counted() -> np.ndarray:
        return encode.histogram(_array(data), 30 if buckets is None else int(buckets))

    return _shown("histogram", name, counted, step, description)


def image(
    name: str, data: Any, step: Any = None, max_outputs: int = 3, description: str | None = None
) -> bool:
    """Write pictures `(n, height, width, channels)`: whole numbers, or floats of 0 to 1."""

    def files() -> np.ndarray:
        values = torch.as_tensor(_array(data))
        if values.ndim != 4:
            raise ValueError(
                f"tf.summary.image: data must have 4 dimensions. Got shape {tuple(values.shape)}."
            )
        pixels = convert_image_dtype(values, "uint8", saturate=True).numpy()
        height, width = (str(n).encode() for n in pixels.shape[1:3])
        return _bytes([width, height, *(encode.png(p) for p in pixels[:max_outputs])])

    return _shown("image", name, files, step, description)


def audio(
    name: str, data: Any, sample_rate: int, step: Any = None, max_outputs: int = 3,
    encoding: str | None = None, description: str | None = None,
) -> bool:  # fmt: skip
    """Write sounds `(n, time, channels)` of -1 to 1."""
    if encoding not in (None, "wav"):
        raise ValueError(f"tf.summary.audio: encoding must be 'wav'. Received: {encoding!r}.")

    def files() -> np.ndarray:
        values = _array(data)
        if values.ndim != 3:
            raise ValueError(
                f"tf.summary.audio: data must have 3 dimensions. Got shape {values.shape}."
            )
        sounds = [encode.wav(v, int(sample_rate)) for v in values[:max_outputs]]
        return _bytes([part for sound in sounds for part in (sound, b"")]).reshape(-1, 2)

    return _shown("audio", name, files, step, description, encoding=11)  # 11: WAV


def text(name: str, data: Any, step: Any = None, description: str | None = None) -> bool:
    """Write a text, or an array of texts."""

    def strings() -> np.ndarray:
        values = np.asarray(data)
        if values.dtype.kind not in "USO":
            raise TypeError(f"tf.summary.text: data must be text. Got {values.dtype}.")
        return values.astype(object)

    return _shown("text", name, strings, step, description)


def _shown(
    plugin: str, name: str, data: Callable[[], Any], step: Any, description: Any, **more: Any
) -> bool:
    """Write what one of TensorBoard's plugins shows."""
    if _state.writer is None:  # a program without a log pays no import
        return False
    make = require(f"tensorboard.plugins.{plugin}.metadata", "tensorboard").create_summary_metadata
    with summary_scope(name, f"{plugin}_summary") as (tag, _):
        return write(tag, data, step, make(None, description, **more))


def _array(values: Any) -> np.ndarray:
    return values if isinstance(values, np.ndarray) else convert_to_numpy(values)


def _bytes(parts: list[bytes]) -> np.ndarray:
    found = np.empty(len(parts), object)
    found[:] = parts
    return found


def message(name: str) -> Any:
    """Return the class of one of TensorBoard's messages: `Summary`, `SummaryMetadata`, `Event`."""
    file = "event_pb2" if name == "Event" else "summary_pb2"
    return getattr(require(f"tensorboard.compat.proto.{file}", "tensorboard"), name)


def make_tensor_proto(values: Any, dtype: Any = None, shape: Any = None) -> Any:
    """Return values as TensorBoard's message."""
    make = require("tensorboard.util.tensor_util", "tensorboard").make_tensor_proto
    return make(values, dtype=dtype, shape=shape)


def __getattr__(name: str) -> Any:
    raise missing("tf.summary", name)
