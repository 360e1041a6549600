"""Batches of images, changed at random: those of `ImageDataGenerator.flow`."""

import os
import threading
from collections.abc import Iterator as AnyIterator
from collections.abc import Sequence
from typing import Any

import numpy as np

from torchkeras._base import config
from torchkeras._base.check import one_of, positive_int
from torchkeras.training.data import PyDataset
from torchkeras.utils import array_to_img


class Iterator(PyDataset):
    """Batches by number, and without end by `next`.

    Args:
        n: Number of samples.
        batch_size: Samples a batch.
        shuffle: Whether each pass has a new order.
        seed: What NumPy's generator is seeded with, a number more at each batch.
    """

    endless = True

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None) -> None:
        super().__init__()
        self.n, self.batch_size = n, positive_int("Iterator", "batch_size", batch_size)
        self.shuffle, self.seed = shuffle, seed
        self.batch_index = self.total_batches_seen = 0
        self.lock = threading.Lock()
        self.index_array: np.ndarray | None = None
        self.index_generator = self._flow_index()

    def _set_index_array(self) -> None:
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)

    def _seed_batch(self) -> None:
        if self.seed is not None:
            np.random.seed(self.seed + self.total_batches_seen)

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __getitem__(self, idx: int) -> Any:
        if idx >= len(self):
            raise ValueError(f"{type(self).__name__}: there are {len(self)} batches. Got {idx}.")
        self._seed_batch()
        self.total_batches_seen += 1
        if self.index_array is None:
            self._set_index_array()
        start = self.batch_size * idx
        return self._get_batches_of_transformed_samples(
            self.index_array[start : start + self.batch_size]
        )

    def on_epoch_end(self) -> None:
        """Draw a new order."""
        self._set_index_array()

    def reset(self) -> None:
        """Begin with the first batch again."""
        self.batch_index = 0

    def _flow_index(self) -> AnyIterator[np.ndarray]:
        self.reset()
        while True:
            self._seed_batch()
            if self.batch_index == 0:
                self._set_index_array()
            if not self.n:
                raise StopIteration
            start = self.batch_index * self.batch_size % self.n
            last = self.n <= start + self.batch_size
            self.batch_index = 0 if last else self.batch_index + 1
            self.total_batches_seen += 1
            yield self.index_array[start : start + self.batch_size]

    def __iter__(self) -> "Iterator":
        return self

    def __next__(self) -> Any:
        return self.next()

    def next(self) -> Any:
        """Return the next batch."""
        with self.lock:
            chosen = next(self.index_generator)
        return self._get_batches_of_transformed_samples(chosen)

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must say what a batch is.")

    # A lock and a generator stay here when the object goes to another process.
    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("lock", "index_generator")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.lock, self.index_generator = threading.Lock(), self._flow_index()


def check_subset(owner: str, subset: str | None, validation_split: float) -> tuple[float, float]:
    """Return which share of the samples a subset is."""
    one_of(owner, "subset", subset, ("training", "validation", None))
    if subset is None:
        return 0, 1
    return (0, validation_split) if subset == "validation" else (validation_split, 1)


class Saver:
    """Where changed images are written to, if anywhere."""

    def __init__(self, folder: str | None, prefix: str, ending: str, data_format: str) -> None:
        self.folder, self.prefix, self.ending = folder, prefix, ending
        self.data_format = data_format

    def __call__(self, batch: np.ndarray, indices: Sequence[int]) -> None:
        if not self.folder:
            return
        for index, x in zip(indices, batch, strict=True):
            mark = np.random.randint(10**7)
            name = f"{self.prefix}_{index}_{mark}.{self.ending}"
            image = array_to_img(x, self.data_format, scale=True)
            image.save(os.path.join(self.folder, name))


class NumpyArrayIterator(Iterator):
    """Batches of an array of images; see `ImageDataGenerator.flow`."""

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
        dtype: Any = None,
    ) -> None:
        owner = "NumpyArrayIterator"
        self.dtype = dtype or config.floatx()
        self.data_format = config.standardize_data_format(data_format, owner)
        misc = []
        if isinstance(x, (tuple, list)):
            misc = [np.asarray(part) for part in x[1:]] if len(x) > 1 else []
            if misc and isinstance(x[1], list):
                misc = [np.asarray(part) for part in x[1]]
            x = x[0]
        x = np.asarray(x, self.dtype)
        y = None if y is None else np.asarray(y)
        weights = None if sample_weight is None else np.asarray(sample_weight)
        for name, part in (("y", y), ("sample_weight", weights), *(("x", m) for m in misc)):
            if part is not None and len(part) != len(x):
                raise ValueError(
                    f"{owner}: {name} must be as long as the images. "
                    f"Received: {len(part)} for {len(x)} images."
                )
        if x.ndim != 4:
            raise ValueError(
                f"{owner}: x must have 4 dimensions. Received: an array of shape {x.shape}."
            )
        if subset is not None:
            check_subset(owner, subset, 0)
            edge = int(len(x) * image_data_generator._validation_split)
            if y is not None and not ignore_class_split and y.ndim <= 2:
                left, right = (np.unique(part, axis=0) for part in (y[:edge], y[edge:]))
                if not np.array_equal(left, right):
                    raise ValueError(
                        f"{owner}: training and validation have different classes after the "
                        "split. Shuffle the data before, or pass ignore_class_split=True."
                    )
            chosen = slice(0, edge) if subset == "validation" else slice(edge, None)
            x, misc = x[chosen], [m[chosen] for m in misc]
            y = None if y is None else y[chosen]
            weights = None if weights is None else weights[chosen]
        self.x, self.x_misc, self.y, self.sample_weight = x, misc, y, weights
        self.image_data_generator = image_data_generator
        self._save = Saver(save_to_dir, save_prefix, save_format, self.data_format)
        super().__init__(len(x), batch_size, shuffle, seed)

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        change = self.image_data_generator
        batch = np.zeros((len(index_array), *self.x.shape[1:]), self.dtype)
        for i, j in enumerate(index_array):
            x = self.x[j].astype(self.dtype)
            x = change.apply_transform(x, change.get_random_transform(x.shape))
            batch[i] = change.standardize(x)
        self._save(batch, index_array)
        inputs = [batch, *(m[index_array] for m in self.x_misc)] if self.x_misc else batch
        if self.y is None:
            return (inputs,) if self.x_misc else inputs
        found = (inputs, self.y[index_array])
        if self.sample_weight is not None:
            found += (self.sample_weight[index_array],)
        return found
