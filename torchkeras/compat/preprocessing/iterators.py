"""Batches of images, changed at random: those of `ImageDataGenerator.flow…`."""

import os
import threading
from collections.abc import Iterator as AnyIterator
from collections.abc import Sequence
from typing import Any

import numpy as np

from torchkeras._base import config
from torchkeras._base.check import one_of, positive_int, received
from torchkeras._base.messages import say
from torchkeras.training.data import PyDataset
from torchkeras.utils import array_to_img, img_to_array, load_img

_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff")
_CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}


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


class _Saver:
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
        self._save = _Saver(save_to_dir, save_prefix, save_format, self.data_format)
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


class _FileIterator(Iterator):
    """Batches of image files; a subclass has `filepaths`, `labels`, `sample_weight`."""

    filepaths: list[str]
    classes: Any
    sample_weight: Any = None
    class_mode: str | None
    class_indices: dict[str, int]

    def set_processing_attrs(
        self,
        image_data_generator: Any,
        target_size: Sequence[int],
        color_mode: str,
        data_format: str,
        save_to_dir: str | None,
        save_prefix: str,
        save_format: str,
        subset: str | None,
        interpolation: str,
        keep_aspect_ratio: bool,
    ) -> None:
        """Take the arguments that all iterators over files share."""
        one_of(type(self).__name__, "color_mode", color_mode, _CHANNELS)
        self.image_data_generator = image_data_generator
        self.target_size = tuple(target_size)
        self.color_mode, self.data_format = color_mode, data_format
        self.interpolation, self.keep_aspect_ratio = interpolation, keep_aspect_ratio
        channels = (_CHANNELS[color_mode],)
        last = data_format == "channels_last"
        self.image_shape = self.target_size + channels if last else channels + self.target_size
        self.save_to_dir, self.subset = save_to_dir, subset
        self._save = _Saver(save_to_dir, save_prefix, save_format, data_format)
        share = getattr(image_data_generator, "_validation_split", 0.0)
        self.split = check_subset(type(self).__name__, subset, share)

    @property
    def labels(self) -> Any:
        """What the samples' targets are made of."""
        return self.classes

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        change = self.image_data_generator
        batch = np.zeros((len(index_array), *self.image_shape), self.dtype)
        for i, j in enumerate(index_array):
            image = load_img(
                self.filepaths[j],
                color_mode=self.color_mode,
                target_size=self.target_size,
                interpolation=self.interpolation,
                keep_aspect_ratio=self.keep_aspect_ratio,
            )
            x = img_to_array(image, self.data_format)
            if change:
                x = change.apply_transform(x, change.get_random_transform(x.shape))
                x = change.standardize(x)
            batch[i] = x
        self._save(batch, index_array)
        y = self._targets(batch, index_array)
        if y is None:
            return batch
        if self.sample_weight is None:
            return batch, y
        return batch, y, self.sample_weight[index_array]

    def _targets(self, batch: np.ndarray, chosen: np.ndarray) -> Any:
        mode = self.class_mode
        if mode == "input":
            return batch.copy()
        if mode in ("binary", "sparse"):
            return np.asarray(self.classes)[chosen].astype(self.dtype)
        if mode == "categorical":
            y = np.zeros((len(batch), len(self.class_indices)), self.dtype)
            for i, j in enumerate(chosen):
                y[i, self.classes[j]] = 1
            return y
        if mode == "multi_output":
            return tuple(part[chosen] for part in self.labels)
        return self.labels[chosen] if mode in ("raw", "other") else None


class DirectoryIterator(_FileIterator):
    """Batches of the images in a folder's subfolders; see `flow_from_directory`."""

    def __init__(
        self,
        directory: str,
        image_data_generator: Any,
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = None,
    ) -> None:
        owner = "DirectoryIterator"
        data_format = config.standardize_data_format(data_format, owner)
        self.set_processing_attrs(
            image_data_generator, target_size, color_mode, data_format, save_to_dir, save_prefix,
            save_format, subset, interpolation, keep_aspect_ratio,
        )  # fmt: skip
        modes = ("categorical", "binary", "sparse", "input", None)
        self.class_mode = one_of(owner, "class_mode", class_mode, modes)
        self.directory, self.dtype = directory, dtype or config.floatx()
        if not classes:
            folders = sorted(os.listdir(directory))
            classes = [f for f in folders if os.path.isdir(os.path.join(directory, f))]
        self.num_classes = len(classes)
        self.class_indices = dict(zip(classes, range(len(classes)), strict=True))
        self.filenames: list[str] = []
        numbers: list[int] = []
        for number, name in enumerate(classes):
            found = self._files(name, follow_links)
            self.filenames += found
            numbers += [number] * len(found)
        self.classes = np.array(numbers, "int32")
        self.samples = len(self.filenames)
        self.filepaths = [os.path.join(directory, f) for f in self.filenames]
        say(f"Found {self.samples} images belonging to {self.num_classes} classes.")
        super().__init__(self.samples, batch_size, shuffle, seed)

    def _files(self, name: str, follow_links: bool) -> list[str]:
        top = os.path.join(self.directory, name)
        walk = sorted(os.walk(top, followlinks=follow_links), key=lambda found: found[0])
        found = [
            os.path.join(name, os.path.relpath(os.path.join(root, file), top))
            for root, _, files in walk
            for file in sorted(files)
            if file.lower().endswith(_ENDINGS)
        ]
        first, last = (int(share * len(found)) for share in self.split)
        return found[first:last]

    nb_sample = property(lambda self: self.samples, doc="Keras 1's word for `samples`.")
    nb_class = property(lambda self: self.num_classes, doc="Keras 1's word for `num_classes`.")


class DataFrameIterator(_FileIterator):
    """Batches of the images that a table names; see `flow_from_dataframe`."""

    def __init__(
        self,
        dataframe: Any,
        directory: str | None = None,
        image_data_generator: Any = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = "channels_last",
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = "float32",
        validate_filenames: bool = True,
    ) -> None:
        owner = "DataFrameIterator"
        modes = ("binary", "categorical", "input", "multi_output", "raw", "other", "sparse", None)
        self.class_mode = one_of(owner, "class_mode", class_mode, modes)
        data_format = config.standardize_data_format(data_format, owner)
        self.set_processing_attrs(
            image_data_generator, target_size, color_mode, data_format, save_to_dir, save_prefix,
            save_format, subset, interpolation, keep_aspect_ratio,
        )  # fmt: skip
        self.directory, self.dtype = directory or "", dtype
        df = dataframe.copy()
        if not all(isinstance(v, str) for v in df[x_col]):
            raise TypeError(f"{owner}: the column x_col={x_col!r} must hold strings.")
        if validate_filenames:
            paths = [os.path.join(self.directory, f) for f in df[x_col]]
            there = np.array([os.path.isfile(p) and p.lower().endswith(_ENDINGS) for p in paths])
            if not there.all():
                say(f"{(~there).sum()} of the files are not there or no images; they are left out.")
            df = df[there.astype(bool)]
        by_class = self.class_mode in ("binary", "categorical", "sparse")
        if by_class:
            df, names = _only_classes(df, y_col, classes)
            if self.class_mode == "binary" and len(names) != 2:
                raise ValueError(f"{owner}: class_mode='binary' needs 2 classes. Got {names}.")
            self.class_indices = dict(zip(names, range(len(names)), strict=True))
        first, last = (int(share * len(df)) for share in self.split)
        df = df.iloc[first:last]
        self.filenames = df[x_col].tolist()
        self.samples = len(self.filenames)
        self.filepaths = [os.path.join(self.directory, f) for f in self.filenames]
        if weight_col:
            self.sample_weight = df[weight_col].to_numpy()
        if by_class:
            self.classes = [
                [self.class_indices[v] for v in entry] if isinstance(entry, (list, tuple))
                else self.class_indices[entry]
                for entry in df[y_col]
            ]  # fmt: skip
            found = f" belonging to {len(self.class_indices)} classes"
        else:
            found = ""
            if self.class_mode == "multi_output":
                self.classes = [np.array(df[c].tolist()) for c in y_col]
            elif self.class_mode in ("raw", "other"):
                self.classes = df[y_col].to_numpy()
        say(f"Found {self.samples} validated image filenames{found}.")
        super().__init__(self.samples, batch_size, shuffle, seed)


def _only_classes(df: Any, y_col: str, classes: Sequence[str] | None) -> tuple[Any, list[str]]:
    """Return the rows of these classes, and the classes' names in order."""
    if classes is None:
        entries = df[y_col].tolist()
        flat = [v for e in entries for v in (e if isinstance(e, (list, tuple)) else (e,))]
        return df, sorted(set(flat))
    wanted = list(dict.fromkeys(classes))
    if len(wanted) != len(classes):
        raise ValueError(f"flow_from_dataframe: a class twice. {received('classes', classes)}")

    def kept(entry: Any) -> Any:
        if isinstance(entry, (list, tuple)):
            return [v for v in entry if v in wanted]
        return entry if entry in wanted else None

    df[y_col] = [kept(e) for e in df[y_col]]
    keep = np.array([bool(e) if isinstance(e, list) else e is not None for e in df[y_col]], bool)
    return df[keep], wanted
