"""Batches of files in a folder's subfolders, one for each class: images, texts, sounds."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from torchkeras._base import config
from torchkeras._base.check import ntuple, one_of, positive_int, received
from torchkeras.training.data import PyDataset
from torchkeras.utils import image_resize, sound
from torchkeras.utils.directory import (
    Files,
    check_arguments,
    encoded,
    index_directory,
    subsets,
)
from torchkeras.utils.image_files import load_img

_IMAGES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_COLOURS = ("rgb", "rgba", "grayscale")
_FORMATS = ("tf", "grain")
_THREADS = 4


class DirectoryDataset(PyDataset):
    """Batches of files and their labels, read when they are asked for.

    Args:
        files: Paths, labels, names of the classes.
        read: Returns one file's content.
        join: Makes a batch of contents.
        label_mode: `"int"`, `"categorical"`, `"binary"` or None.
        batch_size: Files a batch; None: one file, without an axis of the batch.
        shuffle: Whether the files come in a new order at each pass.
        seed: Of these orders.
    """

    def __init__(
        self,
        files: Files,
        read: Callable[[str], Any],
        join: Callable[[list[Any]], Any],
        label_mode: str | None,
        batch_size: int | None,
        shuffle: bool,
        seed: int | None,
    ) -> None:
        super().__init__(workers=min(_THREADS, os.cpu_count() or 1))
        self.file_paths = files.paths
        self.class_names = files.class_names
        self._read, self._join = read, join
        self._labels = encoded(files, label_mode)
        self._size, self._shuffle = batch_size, shuffle
        self._draw = np.random.default_rng(seed)
        self._order = np.arange(len(files.paths))
        self._mix()

    def __len__(self) -> int:
        return -(-len(self.file_paths) // (self._size or 1))

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"there are {len(self)} batches. {received('index', index)}")
        index %= len(self)
        if self._size is None:
            chosen = self._order[index]
            x = self._join([self._read(self.file_paths[chosen])])[0]
        else:
            chosen = self._order[index * self._size : (index + 1) * self._size]
            x = self._join([self._read(self.file_paths[i]) for i in chosen])
        if self._labels is None:
            return x
        return x, torch.as_tensor(self._labels[chosen])

    def __iter__(self) -> Iterator[Any]:
        yield from (self[i] for i in range(len(self)))
        self._mix()

    def on_epoch_end(self) -> None:
        """Draw a new order."""
        self._mix()

    def _mix(self) -> None:
        if self._shuffle:
            self._draw.shuffle(self._order)


def image_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: Sequence[int] | int = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Return the images in a folder's subfolders, one for each class, as what `fit` takes.

    The result gives batches `(images, labels)`, or images alone, and has `class_names` and
    `file_paths`. Images are float32 from 0 to 255.

    Args:
        directory: The folder.
        labels: `"inferred"` from the subfolders; None; or a list of integers, one for each file in
            the order of their names.
        label_mode: `"int"`: `(batch,)` int32; `"categorical"`: one-hot rows; `"binary"`:
            `(batch, 1)`; None: no labels.
        class_names: Subfolders in the order of their numbers; None: all, sorted.
        color_mode: `"rgb"`, `"rgba"` or `"grayscale"`.
        batch_size: Images a batch; None: single images.
        image_size: Height and width that they are resized to.
        shuffle: Whether they come in a random order, another one at each pass.
        seed: Of the orders.
        validation_split: Share of the files for validation.
        subset: `"training"`, `"validation"`, or `"both"` for a pair of datasets.
        interpolation: `"bilinear"`, `"nearest"`, `"bicubic"`, `"area"`, `"lanczos3"`,
            `"lanczos5"`, `"gaussian"` or `"mitchellcubic"`.
        follow_links: Whether links to folders are followed.
        crop_to_aspect_ratio: Whether the longer side is cut, so that proportions stay.
        pad_to_aspect_ratio: Whether the shorter side is padded, so that proportions stay.
        data_format: `"channels_last"` or `"channels_first"`; None: the global setting.
        format: Keras's `"tf"` or `"grain"`; here both are the same.
        verbose: Whether to tell how many files were found.

    Raises:
        ValueError: if an argument is out of its range, or files and labels do not fit together.
        FileNotFoundError: if there is no such folder.
        ImportError: without Pillow.
    """
    owner = "image_dataset_from_directory"
    one_of(owner, "color_mode", color_mode, _COLOURS)
    one_of(owner, "interpolation", interpolation, image_resize.INTERPOLATIONS)
    one_of(owner, "format", format, _FORMATS)
    size = ntuple(owner, "image_size", image_size, 2)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError(
            f"{owner}: only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be true."
        )
    first = config.standardize_data_format(data_format, owner) == "channels_first"

    def read(path: str) -> torch.Tensor:
        pixels = np.array(load_img(path, color_mode))
        x = torch.from_numpy(pixels[..., None] if pixels.ndim == 2 else pixels)
        x = x.permute(2, 0, 1)[None].to(torch.float32)
        x = image_resize.fitted(x, size, crop_to_aspect_ratio, pad_to_aspect_ratio)
        x = image_resize.resize(x, size, interpolation)[0]
        return x if first else x.permute(1, 2, 0)

    found = (owner, directory, labels, label_mode, class_names, batch_size, shuffle, seed)
    options = (validation_split, subset, follow_links, verbose)
    return _made(*found, *options, _IMAGES, read, torch.stack)


def text_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Return the `.txt` files in a folder's subfolders, one for each class.

    The result gives batches `(texts, labels)`, or texts alone, the texts as an array of `str`
    objects (torch has no tensors of strings); it has `class_names` and `file_paths`.

    Args:
        directory: The folder.
        labels: As those of `image_dataset_from_directory`.
        label_mode: Likewise.
        class_names: Likewise.
        batch_size: Texts a batch; None: single texts.
        max_length: Bytes after which a text is cut; None: never.
        shuffle: Whether they come in a random order, another one at each pass.
        seed: Of the orders.
        validation_split: Share of the files for validation.
        subset: `"training"`, `"validation"`, or `"both"` for a pair of datasets.
        follow_links: Whether links to folders are followed.
        format: Keras's `"tf"` or `"grain"`; here both are the same.
        verbose: Whether to tell how many files were found.

    Raises:
        ValueError: if an argument is out of its range, or files and labels do not fit together.
        FileNotFoundError: if there is no such folder.
    """
    owner = "text_dataset_from_directory"
    one_of(owner, "format", format, _FORMATS)

    def read(path: str) -> str:
        with open(path, "rb") as f:
            return f.read(-1 if max_length is None else max_length).decode("utf-8", "replace")

    def join(texts: list[str]) -> np.ndarray:
        return np.array(texts, dtype=object)

    found = (owner, directory, labels, label_mode, class_names, batch_size, shuffle, seed)
    options = (validation_split, subset, follow_links, verbose)
    return _made(*found, *options, (".txt",), read, join)


def audio_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    sampling_rate: int | None = None,
    output_sequence_length: int | None = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> Any:
    """Return the `.wav` files in a folder's subfolders, one for each class.

    The result gives batches `(sounds, labels)`, or sounds alone: float32 from -1 to 1 of shape
    `(batch, length, channels)`, shorter ones filled with zeros. It has `class_names` and
    `file_paths`.

    Args:
        directory: The folder.
        labels: As those of `image_dataset_from_directory`.
        label_mode: Likewise.
        class_names: Likewise.
        batch_size: Sounds a batch; None: single sounds.
        sampling_rate: Samples a second that they are converted to; None: as they are.
        output_sequence_length: Length that they are cut or filled to; None: the longest of the
            batch.
        ragged: Whether batches are nested tensors, of different lengths.
        shuffle: Whether they come in a random order, another one at each pass.
        seed: Of the orders.
        validation_split: Share of the files for validation.
        subset: `"training"`, `"validation"`, or `"both"` for a pair of datasets.
        follow_links: Whether links to folders are followed.
        verbose: Whether to tell how many files were found.

    Raises:
        ValueError: if an argument is out of its range, or files and labels do not fit together.
        FileNotFoundError: if there is no such folder.
    """
    owner = "audio_dataset_from_directory"
    for name, value in (
        ("sampling_rate", sampling_rate),
        ("output_sequence_length", output_sequence_length),
    ):
        if value is not None:
            positive_int(owner, name, value)
    if ragged and output_sequence_length is not None:
        raise ValueError(
            f"{owner}: output_sequence_length makes all sounds equally long; ragged=True cannot "
            f"go with it. {received('output_sequence_length', output_sequence_length)}"
        )

    def read(path: str) -> torch.Tensor:
        return sound.fitted(sound.read_wav(path, sampling_rate), output_sequence_length)

    def join(sounds: list[torch.Tensor]) -> torch.Tensor:
        if ragged:
            return torch.nested.nested_tensor(sounds, layout=torch.jagged)
        return torch.nn.utils.rnn.pad_sequence(sounds, batch_first=True)

    found = (owner, directory, labels, label_mode, class_names, batch_size, shuffle, seed)
    options = (validation_split, subset, follow_links, verbose)
    return _made(*found, *options, (".wav",), read, join)


def _made(
    owner: str,
    directory: str | os.PathLike[str],
    labels: Any,
    label_mode: str | None,
    class_names: Sequence[str] | None,
    batch_size: int | None,
    shuffle: bool,
    seed: int | None,
    validation_split: float | None,
    subset: str | None,
    follow_links: bool,
    verbose: bool,
    endings: tuple[str, ...],
    read: Callable[[str], Any],
    join: Callable[[list[Any]], Any],
) -> Any:
    check_arguments(owner, labels, label_mode, class_names, validation_split, subset, shuffle, seed)
    if batch_size is not None:
        positive_int(owner, "batch_size", batch_size)
    if labels is None or label_mode is None:
        labels = label_mode = class_names = None
    if shuffle and seed is None:
        seed = int(np.random.randint(1_000_000))  # follows set_random_seed
    files = index_directory(
        owner,
        directory,
        labels,
        label_mode,
        endings,
        class_names,
        seed if shuffle else None,
        follow_links,
        verbose,
    )
    parts = subsets(owner, files, validation_split, subset, verbose)
    sets = [DirectoryDataset(p, read, join, label_mode, batch_size, shuffle, seed) for p in parts]
    return sets[0] if len(sets) == 1 else sets
