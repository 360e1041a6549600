"""Batches of image files: those of `ImageDataGenerator.flow_from_directory`."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from torchkeras._base import config
from torchkeras._base.check import one_of
from torchkeras._base.messages import say
from torchkeras.compat.preprocessing.iterators import Iterator, Saver, check_subset
from torchkeras.utils import img_to_array, load_img

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff")
_CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}


class FileIterator(Iterator):
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
        self._save = Saver(save_to_dir, save_prefix, save_format, data_format)
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


class DirectoryIterator(FileIterator):
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
            if file.lower().endswith(ENDINGS)
        ]
        first, last = (int(share * len(found)) for share in self.split)
        return found[first:last]

    nb_sample = property(lambda self: self.samples, doc="Keras 1's word for `samples`.")
    nb_class = property(lambda self: self.num_classes, doc="Keras 1's word for `num_classes`.")
