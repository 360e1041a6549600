"""Word pairs and windows of Keras 1 and 2."""

import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from torchkeras._base.check import received
from torchkeras.training.data import PyDataset

_GAMMA = 0.577  # Euler's constant, as far as Keras takes it


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> np.ndarray:
    """Return with which probability the word of each rank is drawn, by Zipf's law.

    Args:
        size: Number of words.
        sampling_factor: That of word2vec.

    >>> make_sampling_table(3).round(4).tolist()
    [0.0032, 0.0032, 0.0055]
    """
    rank = np.arange(size)
    rank[:1] = 1
    inverse = rank * (np.log(rank) + _GAMMA) + 0.5 - 1.0 / (12.0 * rank)
    f = sampling_factor * inverse
    return np.minimum(1.0, f / np.sqrt(f))


def skipgrams(
    sequence: Sequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Return pairs of words that stand near one another (1), and pairs drawn at random (0).

    Args:
        sequence: Numbers of words; 0 is none.
        vocabulary_size: The largest number + 1.
        window_size: How far words of a pair are apart at most.
        negative_samples: Random pairs for each true one.
        shuffle: Whether the pairs are put in a random order.
        categorical: Whether labels are `[0, 1]` and `[1, 0]`.
        sampling_table: Probability of each word to be taken.
        seed: Of the order.
    """
    couples, labels = [], []
    for i, word in enumerate(sequence):
        if not word:
            continue
        if sampling_table is not None and sampling_table[word] < random.random():
            continue
        first, last = max(0, i - window_size), min(len(sequence), i + window_size + 1)
        for j in range(first, last):
            if j != i and sequence[j]:
                couples.append([word, sequence[j]])
                labels.append([0, 1] if categorical else 1)
    if negative_samples > 0:
        count = int(len(labels) * negative_samples)
        words = [c[0] for c in couples]
        random.shuffle(words)
        couples += [
            [words[i % len(words)], random.randint(1, vocabulary_size - 1)] for i in range(count)
        ]
        labels += [[1, 0] if categorical else 0] * count
    if shuffle:
        if seed is None:
            seed = random.randint(0, int(10e6))
        for found in (couples, labels):
            random.seed(seed)
            random.shuffle(found)
    return couples, labels


class TimeseriesGenerator(PyDataset):
    """Windows over a time series and what follows each, in batches.

    Args:
        data: Array whose first axis is time.
        targets: As long.
        length: Steps that a window spans.
        sampling_rate: Steps from one entry of a window to the next.
        stride: Steps from one window to the next.
        start_index: First step that is used.
        end_index: Last step that is used.
        shuffle: Whether windows are drawn at random.
        reverse: Whether windows run backwards.
        batch_size: Windows a batch.

    >>> x, y = TimeseriesGenerator(np.arange(6), np.arange(6), length=2, batch_size=8)[0]
    >>> x.tolist(), y.tolist()
    ([[0, 1], [1, 2], [2, 3], [3, 4]], [2, 3, 4, 5])
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
    ) -> None:
        super().__init__()
        if len(data) != len(targets):
            raise ValueError(
                "TimeseriesGenerator: data and targets must be equally long. "
                f"Received: {len(data)} and {len(targets)}."
            )
        self.data, self.targets = data, targets
        self.length, self.sampling_rate, self.stride = length, sampling_rate, stride
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle, self.reverse, self.batch_size = shuffle, reverse, batch_size
        if self.start_index > self.end_index:
            raise ValueError(
                "TimeseriesGenerator: start_index + length must not be above end_index. "
                f"Received: {self.start_index} > {self.end_index}."
            )

    def __len__(self) -> int:
        span = self.end_index - self.start_index + self.batch_size * self.stride
        return span // (self.batch_size * self.stride)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if self.shuffle:
            rows = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            i = self.start_index + self.batch_size * self.stride * index
            end = min(i + self.batch_size * self.stride, self.end_index + 1)
            rows = np.arange(i, end, self.stride)
        x = np.array([self.data[row - self.length : row : self.sampling_rate] for row in rows])
        y = np.array([self.targets[row] for row in rows])
        return (x[:, ::-1, ...], y) if self.reverse else (x, y)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, with the data as JSON."""
        found = {}
        for name in ("data", "targets"):
            values = getattr(self, name)
            values = values.tolist() if isinstance(values, np.ndarray) else values
            try:
                found[name] = json.dumps(values)
            except TypeError as e:
                raise TypeError(
                    f"TimeseriesGenerator: {name} is no JSON. {received(name, values)}"
                ) from e
        names = ("length", "sampling_rate", "stride", "start_index", "end_index", "shuffle",
                 "reverse", "batch_size")  # fmt: skip
        return {**found, **{n: getattr(self, n) for n in names}}

    def to_json(self, **kwargs: Any) -> str:
        """Return class name and config as JSON."""
        config = {"class_name": type(self).__name__, "config": self.get_config()}
        return json.dumps(config, **kwargs)
