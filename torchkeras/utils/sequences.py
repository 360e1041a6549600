"""Sequences of unequal length made equal, and windows that slide over a time series."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset, Sampler

from torchkeras._base.check import non_negative_int, one_of, positive_int, received
from torchkeras.core.tensor import convert_to_tensor


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Cut or fill sequences to one length: a list of sequences to `(samples, maxlen, ...)`.

    Args:
        sequences: Sequences of numbers, of arrays of one shape, or (with `dtype=object`) strings.
        maxlen: Length of the result; default that of the longest sequence.
        dtype: Dtype of the result.
        padding: `"pre"` or `"post"`: where a short sequence is filled.
        truncating: `"pre"` or `"post"`: where a long one is cut.
        value: What is filled in.

    Raises:
        ValueError: if `sequences` is empty or none of sequences, entries differ in shape, or an
            argument is out of its range.

    >>> import torchkeras as keras
    >>> keras.utils.pad_sequences([[1], [2, 3], [4, 5, 6]])
    array([[0, 0, 1],
           [0, 2, 3],
           [4, 5, 6]], dtype=int32)
    """
    owner = "pad_sequences"
    one_of(owner, "padding", padding, ("pre", "post"))
    one_of(owner, "truncating", truncating, ("pre", "post"))
    if not hasattr(sequences, "__len__"):
        raise ValueError(f"{owner}: sequences must be a list. {received('sequences', sequences)}")
    for entry in sequences:
        if not hasattr(entry, "__len__"):
            raise ValueError(
                f"{owner}: sequences must be a list of sequences. {received('entry', entry)}"
            )
    lengths = [len(s) for s in sequences]
    if not lengths:
        raise ValueError(f"{owner}: at least one sequence is needed. {received('sequences', [])}")
    maxlen = max(lengths) if maxlen is None else non_negative_int(owner, "maxlen", maxlen)
    kind = np.dtype(dtype)
    if isinstance(value, str) and kind.kind not in "OUS":
        raise ValueError(
            f"{owner}: a string cannot fill up dtype {kind}; use dtype=object for strings. "
            f"{received('value', value)}"
        )
    shape = next((np.shape(s)[1:] for s in sequences if len(s)), ())
    out = np.full((len(lengths), maxlen, *shape), value, dtype=kind)
    for i, (sequence, length) in enumerate(zip(sequences, lengths, strict=True)):
        if not length:
            continue
        kept = sequence
        if length > maxlen:
            kept = sequence[length - maxlen :] if truncating == "pre" else sequence[:maxlen]
        kept = np.asarray(kept, dtype=kind)
        if kept.shape[1:] != shape:
            raise ValueError(
                f"{owner}: all entries must have the shape {shape}. "
                f"Received: shape={kept.shape[1:]} at position {i}."
            )
        if padding == "pre":
            out[i, maxlen - len(kept) :] = kept
        else:
            out[i, : len(kept)] = kept
    return out


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> DataLoader:
    """Return windows over a time series: a `DataLoader` of batches of tensors.

    Window `i` has the steps `i, i + r, ..., i + (sequence_length - 1) r` with `r = sampling_rate`.

    Args:
        data: Array or tensor whose first axis is time.
        targets: `targets[i]` belongs to the window that begins at step i; None: windows only.
        sequence_length: Steps of a window.
        sequence_stride: Steps from one window to the next.
        sampling_rate: Steps from one entry of a window to the next.
        batch_size: Windows a batch; None: single windows.
        shuffle: Whether the windows come in a new order at each pass.
        seed: Seed of that order.
        start_index: First step that is used.
        end_index: First step that is used no more.
        format: Keras's `"tf"` or `"grain"`; here both are a torch `DataLoader`.

    Raises:
        ValueError: if an argument is out of its range.

    >>> import numpy as np, torchkeras as keras
    >>> windows = keras.utils.timeseries_dataset_from_array(np.arange(5), np.arange(5) * 10, 3)
    >>> [(x.tolist(), y.tolist()) for x, y in windows]
    [([[0, 1, 2], [1, 2, 3], [2, 3, 4]], [0, 10, 20])]
    """
    owner = "timeseries_dataset_from_array"
    one_of(owner, "format", format, ("tf", "grain"))
    steps = len(data)
    positive_int(owner, "sequence_length", sequence_length)
    for name, value in (("sampling_rate", sampling_rate), ("sequence_stride", sequence_stride)):
        if not 0 < value < steps:
            raise ValueError(
                f"{owner}: {name} must be above 0 and below the length of the data, {steps}. "
                f"{received(name, value)}"
            )
    if start_index is not None and not 0 <= start_index < steps:
        raise ValueError(
            f"{owner}: start_index must be at least 0 and below the length of the data, {steps}. "
            f"{received('start_index', start_index)}"
        )
    begin = start_index or 0
    if end_index is not None and not begin < end_index < steps:
        raise ValueError(
            f"{owner}: end_index must be above start_index={begin} and below the length of the "
            f"data, {steps}. {received('end_index', end_index)}"
        )
    if batch_size is not None:
        positive_int(owner, "batch_size", batch_size)
    stop = (steps if end_index is None else end_index) - (sequence_length - 1) * sampling_rate
    if targets is not None:
        stop = min(stop, len(targets))
    windows = _Windows(
        convert_to_tensor(data),
        None if targets is None else convert_to_tensor(targets),
        torch.arange(begin, max(stop, begin), sequence_stride),
        torch.arange(sequence_length) * sampling_rate,
    )
    order = _Order(len(windows), shuffle, seed)
    sampler = order if batch_size is None else BatchSampler(order, batch_size, drop_last=False)
    return DataLoader(windows, batch_size=None, sampler=sampler)


class _Windows(Dataset):
    """Windows by their number, one or a list of them by one gather."""

    def __init__(
        self,
        data: torch.Tensor,
        targets: torch.Tensor | None,
        starts: torch.Tensor,
        offsets: torch.Tensor,
    ) -> None:
        self.data, self.targets, self.starts, self.offsets = data, targets, starts, offsets

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: Any) -> Any:
        starts = self.starts[index]
        x = self.data[starts[..., None] + self.offsets]
        return x if self.targets is None else (x, self.targets[starts])


class _Order(Sampler):
    """The numbers of the windows, in a new order at each pass if that is asked for."""

    def __init__(self, count: int, shuffle: bool, seed: int | None) -> None:
        self.count, self.shuffle = count, shuffle
        self.generator = None
        if seed is not None:
            self.generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        order: Iterable[int] = range(self.count)
        if self.shuffle:
            order = torch.randperm(self.count, generator=self.generator).tolist()
        return iter(order)
