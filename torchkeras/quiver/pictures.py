"""Where the pictures of a gallery are: files, uploads, drawings of arrays.

Each of these, called, returns a picture of Pillow's; with the size that it will be scaled down
to, or None.
"""

import contextlib
import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import numpy as np

from .._base.optional import require
from . import decode


class File:
    """A file of the folder, opened anew each time: only if it is still a plain file in there."""

    def __init__(self, folder: str, name: str, max_bytes: int, max_pixels: float) -> None:
        self.folder, self.name = folder, name
        self.max_bytes, self.max_pixels = max_bytes, max_pixels

    @contextlib.contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open it, or raise `KeyError` if it is another thing now."""
        path = os.path.join(self.folder, self.name)
        gone = KeyError(f"{self.name!r} is no longer the file that was listed.")
        # Not through a link, and without waiting for the other end of a pipe.
        flags = os.O_RDONLY | sum(
            getattr(os, f, 0) for f in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_BINARY")
        )
        if os.path.realpath(path) != path:
            raise gone
        try:
            descriptor = os.open(path, flags)
        except OSError:
            raise gone from None
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            raise gone
        with os.fdopen(descriptor, "rb") as file:
            if found.st_size > self.max_bytes:
                raise decode.ImageError(too_many_bytes(self.name, self.max_bytes))
            yield file

    def mark(self) -> tuple[int, ...]:
        """Return what changes when the file does."""
        with self.open() as file:
            found = os.fstat(file.fileno())
            return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    def __call__(self, size: int | None) -> Any:
        with self.open() as file:
            data = file.read(self.max_bytes + 1)
        if len(data) > self.max_bytes:  # it grew
            raise decode.ImageError(too_many_bytes(self.name, self.max_bytes))
        return decode.load(data, self.name, self.max_pixels, size)


class Upload:
    """An upload."""

    def __init__(self, data: bytes, name: str, max_pixels: float) -> None:
        self.data, self.name, self.max_pixels = data, name, max_pixels

    def __call__(self, size: int | None) -> Any:
        return decode.load(self.data, self.name, self.max_pixels, size)


class Drawing:
    """The picture of an array: as image or grey map if it has the shape of one, or a curve."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __call__(self, size: int | None) -> Any:
        array = np.nan_to_num(self.array.astype(np.float64))
        if array.size == 0:
            array = np.zeros((1, 1))
        if array.ndim >= 2 and not (array.ndim == 3 and array.shape[-1] in decode.MODES):
            array = array.reshape(len(array), -1)
        if self.array.dtype != np.uint8:
            low, high = array.min(), array.max()
            array = (array - low) / ((high - low) or 1) * 255
        if array.ndim < 2:
            return _curve(array.reshape(-1))
        pixels = np.rint(array).astype(np.uint8)
        if pixels.ndim == 3 and pixels.shape[-1] == 1:
            pixels = pixels[..., 0]
        return require("PIL.Image", "quiver").fromarray(pixels)


def _curve(values: np.ndarray, width: int = 192, height: int = 96) -> Any:
    image = require("PIL.Image", "quiver").new("L", (width, height), 255)
    values = values[:: max(1, len(values) // 4096)]
    x = np.linspace(2, width - 3, max(2, len(values)))
    y = height - 3 - np.resize(values, len(x)) / 255 * (height - 6)
    points = list(zip(x.tolist(), y.tolist(), strict=True))
    require("PIL.ImageDraw", "quiver").Draw(image).line(points, fill=0, width=2)
    return image


class Thumbnails:
    """The pictures that were asked for last, as PNG."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[Any, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Any, make: Callable[[], bytes]) -> bytes:
        """Return what is kept under a key, or make it."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        png = make()
        with self._lock:
            if key not in self._kept:
                self._kept[key] = png
                self._bytes += len(png)
            while self._bytes > self._max_bytes:
                self._bytes -= len(self._kept.popitem(last=False)[1])
        return png


def too_many_bytes(name: str, limit: int) -> str:
    """Say that a file is too large."""
    return f"{name!r}: a file may have {limit / (1 << 20):g} MiB at most."
