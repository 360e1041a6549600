"""What the viewer shows a model: the images of a folder, uploads, and arrays given from Python.

The listing is made once. An entry is found by its id or by its exact name; no text of a request
ever becomes part of a path.
"""

import itertools
import os
import threading
import unicodedata
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from .. import tree
from ..core.tensor import convert_to_numpy
from . import decode
from .pictures import Drawing, File, Thumbnails, Upload, too_many_bytes

MAX_ITEMS = 2000
MAX_THUMBNAILS = 32 << 20  # bytes


class Item:
    """An image or a sample.

    Attributes: `id` ("i0", "i1", …, never used again), `name` (unique in its gallery), `source`
    ("folder", "upload" or "sample"), `kind` ("image" or "array"), `width` and `height` of the
    upright picture (None if there is none), `sample` (for arrays: what goes to the model as it
    is, with a batch axis of 1; for images None).
    """

    def __init__(
        self,
        id: str,
        name: str,
        source: Literal["folder", "upload", "sample"],
        size: tuple[int, int] | None,
        picture: Callable[[int | None], Any],
        sample: Any = None,
    ) -> None:
        self.id = id
        self.name = name
        self.source = source
        self.kind: Literal["image", "array"] = "array" if source == "sample" else "image"
        self.width, self.height = size or (None, None)
        self.sample = sample
        self._picture = picture

    def array(self, height: int | None, width: int | None, channels: int) -> np.ndarray:
        """Return the picture as float32 `(height, width, channels)` of 0 to 255.

        Args:
            height, width: What it is scaled to, bilinearly; None: its own.
            channels: 1 (grey), 3 (RGB) or 4 (RGBA).

        Raises:
            KeyError: if the file is no longer what it was when it was listed.
            ValueError: if it is no image, damaged or too large.
        """
        return decode.to_array(self._picture(None), height, width, channels)

    def png(self, size: int | None = None) -> bytes:
        """Return the picture as PNG, scaled down to fit `size` x `size`."""
        return decode.to_png(self._picture(size), size)

    def entry(self) -> dict[str, Any]:
        """Return what `/api/images` tells."""
        keys = ("id", "name", "width", "height", "source", "kind")
        return {key: getattr(self, key) for key in keys}


class Gallery:
    """The entries that can be looked at.

    Args:
        folder: Folder of images (`decode.FORMATS`), or None. Links, and what is no regular file,
            are passed by; of more than `MAX_ITEMS` the first are taken, with a warning.
        samples: Arrays as for `model.predict`, one, or a nest of them; each row is an entry.
        max_uploads: How many uploads are held; the oldest leave.
        max_pixels: Width times height of an image at most.
        max_bytes: Size of a file at most, and a quarter of what all uploads may take.

    Raises:
        FileNotFoundError: if there is no such folder, `NotADirectoryError` if it is a file.
        ValueError: if the arrays of `samples` differ in length or are not numbers.

    Example:

    >>> gallery = Gallery(None, samples=[[[0.0, 1.0], [1.0, 0.0]]])
    Traceback (most recent call last):
    ValueError: Gallery: samples must be arrays with a batch axis. Received an array of shape ().
    >>> gallery = Gallery(None, samples=np.eye(2))
    >>> [item.name for item in gallery.items()], gallery.get("i1").sample.tolist()
    (['sample 0', 'sample 1'], [[0.0, 1.0]])
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None,
        samples: Any = None,
        *,
        max_uploads: int = 32,
        max_pixels: float = 50e6,
        max_bytes: int = 32 << 20,
    ) -> None:
        self.max_uploads = max_uploads
        self.max_pixels = max_pixels
        self.max_bytes = max_bytes
        samples = None if samples is None else _arrays(samples)
        self._items: dict[str, Item] = {}
        self._names: dict[str, str] = {}
        self._uploads: OrderedDict[str, int] = OrderedDict()  # id -> bytes
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._thumbnails = Thumbnails(MAX_THUMBNAILS)
        if folder is not None:
            self._list(os.path.realpath(folder))
        self.sample: Any = None  # the first one
        if samples is not None:
            self._add_samples(samples)

    def items(self) -> list[Item]:
        """Return all entries: the folder's by name, the samples, the uploads as they came."""
        with self._lock:
            return list(self._items.values())

    def get(self, id: str) -> Item:
        """Return the entry of an id, or raise `KeyError`."""
        with self._lock:
            if id not in self._items:
                raise KeyError(f"There is no image {id!r}.")
            return self._items[id]

    def by_name(self, name: str) -> Item:
        """Return the entry of exactly that name, or raise `KeyError`."""
        with self._lock:
            if name not in self._names:
                raise KeyError(f"There is no image {name!r}.")
            return self._items[self._names[name]]

    def png(self, item: Item, size: int) -> bytes:
        """Return `item.png(size)`, which is kept as long as the file stays as it is."""
        source = item._picture
        mark = source.mark() if isinstance(source, File) else None
        return self._thumbnails.get((item.id, size, mark), lambda: item.png(size))

    def add(self, name: str, data: bytes) -> Item:
        """Take an uploaded image, in memory.

        Raises:
            ValueError: if it is no image, not what its name says, damaged or too large.
        """
        name = _plain(name)
        if len(data) > self.max_bytes:
            raise decode.ImageError(too_many_bytes(name, self.max_bytes))
        picture = decode.load(data, name, self.max_pixels)  # all of it: a cut file is told now
        with self._lock:
            stored = Upload(data, name, self.max_pixels)
            item = self._put(name, "upload", picture.size, stored)
            self._uploads[item.id] = len(data)
            while len(self._uploads) > self.max_uploads or (
                len(self._uploads) > 1 and sum(self._uploads.values()) > 4 * self.max_bytes
            ):
                oldest, _ = self._uploads.popitem(last=False)
                del self._names[self._items.pop(oldest).name]
        return item

    def _put(self, name: str, source: Any, size: Any, picture: Any, sample: Any = None) -> Item:
        item = Item(f"i{next(self._numbers)}", self._unique(name), source, size, picture, sample)
        self._items[item.id] = item
        self._names[item.name] = item.id
        return item

    def _unique(self, name: str) -> str:
        stem, extension = os.path.splitext(name)
        for n in itertools.count(2):
            if name not in self._names:
                break
            name = f"{stem} ({n}){extension}"
        return name

    def _list(self, folder: str) -> None:
        with os.scandir(folder) as entries:
            names = sorted(
                e.name
                for e in entries
                if decode.image_format(e.name) and e.is_file(follow_symlinks=False)
            )
        for name in _first(names, "images in the folder"):
            file = File(folder, name, self.max_bytes, self.max_pixels)
            try:
                with file.open() as f:
                    size = decode.size(f, name, self.max_pixels)
            except KeyError:
                continue
            except (OSError, ValueError):
                size = None  # it is listed: whoever asks for it is told what is wrong
            self._put(os.fsencode(name).decode("utf-8", "replace"), "folder", size, file)

    def _add_samples(self, samples: Any) -> None:
        leaves = tree.flatten(samples)
        for n in _first(range(len(leaves[0])), "samples"):
            sample = tree.map_structure(lambda array, n=n: array[n : n + 1], samples)
            row = leaves[0][n]
            size = (row.shape[1], row.shape[0]) if row.ndim >= 2 else None
            self._put(f"sample {n}", "sample", size, Drawing(row), sample)
            if self.sample is None:
                self.sample = sample


def _arrays(samples: Any) -> Any:
    """Return the samples as arrays, of one length."""
    arrays = tree.map_structure(convert_to_numpy, samples)
    leaves = tree.flatten(arrays)
    for leaf in leaves:
        if leaf.dtype.kind not in "biuf":
            raise ValueError(f"Gallery: samples must be numbers. Received: dtype {leaf.dtype}.")
        if leaf.ndim == 0:
            raise ValueError(
                "Gallery: samples must be arrays with a batch axis. Received an array of shape ()."
            )
    lengths = sorted({len(leaf) for leaf in leaves})
    if len(lengths) != 1:
        raise ValueError(
            "Gallery: the arrays of samples must have the same length. "
            f"Received: lengths {', '.join(map(str, lengths)) or 'of no array'}."
        )
    return arrays


def _first(entries: Any, what: str) -> Any:
    if len(entries) > MAX_ITEMS:
        warnings.warn(
            f"Quiver: there are {len(entries)} {what}; the first {MAX_ITEMS} are shown.",
            stacklevel=6,  # where `launch` is called
        )
    return entries[:MAX_ITEMS]


def _plain(name: str) -> str:
    """Return the last part of an upload's name, of at most 100 characters that can be seen."""
    name = name.replace("\\", "/").rpartition("/")[2]
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    stem, extension = os.path.splitext(name.strip())
    return f"{stem[: 100 - len(extension)] or 'image'}{extension[:10]}"
