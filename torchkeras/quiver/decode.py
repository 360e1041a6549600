"""Images that strangers made, decoded within limits: the one place that opens them."""

import contextlib
import io
import os
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from .._base.optional import require

FORMATS = {
    ".bmp": "BMP",
    ".gif": "GIF",
    ".jpeg": "JPEG",
    ".jpg": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
}
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
ORIENTATION = 0x0112  # the tag of EXIF
# Its values, as `PIL.Image.Transpose` calls what puts the picture upright.
UPRIGHT = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
MAX_FRAMES = 1000  # of an animation, whose first one is shown
# One picture at a time: of the largest that is allowed, several would fill the memory.
_one = threading.Lock()


class ImageError(ValueError):
    """A file that is no image, or one beyond the limits."""


def image_format(name: str) -> str | None:
    """Return the format that a file's name promises, or None if it names no image.

    >>> image_format("a.JPG"), image_format("a.svg")
    ('JPEG', None)
    """
    return FORMATS.get(os.path.splitext(name)[1].lower())


def size(file: BinaryIO, name: str, max_pixels: float) -> tuple[int, int]:
    """Return the width and height of an upright picture, from its header alone."""
    with _opened(file, name, max_pixels) as image:
        width, height = image.size
        return (height, width) if _orientation(image) >= 5 else (width, height)


def load(data: bytes, name: str, max_pixels: float, draft: int | None = None) -> Any:
    """Return a picture, upright, in one of the modes L, LA, RGB and RGBA.

    Args:
        data: The file.
        name: Its name, whose extension says the format.
        max_pixels: Width times height at most.
        draft: A size that the picture will be scaled down to: a JPEG is decoded faster then.

    Raises:
        ImageError: if it is no image of that format, damaged or too large.
    """
    with _one, _opened(io.BytesIO(data), name, max_pixels) as image:
        if getattr(image, "n_frames", 1) > MAX_FRAMES:
            raise ImageError(f"{name!r}: an animation may have {MAX_FRAMES} frames at most.")
        turn = UPRIGHT.get(_orientation(image))
        if draft is not None:
            image.draft(None, (draft, draft))
        image.load()
        picture = _eight_bits(image)
        if turn is not None:
            picture = picture.transpose(require("PIL.Image", "quiver").Transpose[turn])
        picture.info = {}  # where it was taken is nobody's business
        return picture


def to_array(image: Any, height: int | None, width: int | None, channels: int) -> np.ndarray:
    """Return a picture as float32 `(height, width, channels)` of 0 to 255, scaled bilinearly."""
    if channels not in MODES:
        raise ValueError(
            f"Quiver: a picture can be given as 1, 3 or 4 channels. Received: channels={channels}."
        )
    image = image.convert(MODES[channels])
    wanted = (width or image.width, height or image.height)
    if wanted != image.size:
        image = image.resize(wanted, require("PIL.Image", "quiver").Resampling.BILINEAR)
    array = np.asarray(image, dtype=np.float32)
    return array[..., None] if channels == 1 else array


def to_png(image: Any, size: int | None = None) -> bytes:
    """Return a picture as PNG, scaled down to fit `size` x `size`."""
    if size is not None and max(image.size) > size:
        image = image.copy()
        image.thumbnail((size, size))
    out = io.BytesIO()
    image.save(out, format="PNG", compress_level=3)
    return out.getvalue()


@contextlib.contextmanager
def _opened(file: BinaryIO, name: str, max_pixels: float) -> Iterator[Any]:
    """Open a picture of the format that its name promises; all that goes wrong is `ImageError`."""
    kind = image_format(name)
    if kind is None:
        raise ImageError(f"{name!r}: the name of an image ends in {', '.join(FORMATS)}.")
    pillow = require("PIL.Image", "quiver")
    try:
        if kind == "WEBP":  # its decoder takes memory when it is opened
            _check(_webp_size(file.read(30)), name, max_pixels)
            file.seek(0)
        with pillow.open(file, formats=[kind]) as image:
            _check(image.size, name, max_pixels)
            yield image
    except ImageError:
        raise
    except (pillow.DecompressionBombError, pillow.DecompressionBombWarning) as e:
        raise ImageError(_too_large(name, max_pixels)) from e
    except Exception as e:  # Pillow's plugins raise what they like on damaged files
        raise ImageError(f"{name!r}: this is no {kind} image, or a damaged one.") from e


def _check(size: tuple[int, int], name: str, max_pixels: float) -> None:
    if size[0] * size[1] > max_pixels:
        raise ImageError(_too_large(name, max_pixels))


def _too_large(name: str, max_pixels: float) -> str:
    return f"{name!r}: an image may have {max_pixels / 1e6:g} million pixels at most."


def _webp_size(head: bytes) -> tuple[int, int]:
    """Read the size out of the first 30 bytes of a WebP file (RFC 9649, sections 2.5 to 2.7)."""

    def number(start: int, stop: int) -> int:
        return int.from_bytes(head[start:stop], "little")

    if len(head) < 30 or head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        raise ValueError("no WebP header")
    if head[12:16] == b"VP8X":
        return number(24, 27) + 1, number(27, 30) + 1
    if head[12:16] == b"VP8L":
        bits = number(21, 25)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return number(26, 28) & 0x3FFF, number(28, 30) & 0x3FFF


def _orientation(image: Any) -> int:
    """Return the orientation that EXIF tells; 1 is upright, and what unreadable EXIF means."""
    if "exif" not in image.info:  # asking a PNG for it would decode the picture
        return 1
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:
        return 1
    return value if value in UPRIGHT else 1


def _eight_bits(image: Any) -> Any:
    """Turn palettes, bits, CMYK and 16-bit greys into one of L, LA, RGB and RGBA."""
    if image.mode in ("L", "LA", "RGB", "RGBA"):
        return image.copy()
    if image.mode.startswith("I"):
        grey = np.clip(np.asarray(image), 0, 65535) / 257
        return require("PIL.Image", "quiver").fromarray(np.rint(grey).astype(np.uint8))
    if image.mode == "1":
        return image.convert("L")
    clear = image.mode in ("PA", "La", "RGBa") or "transparency" in image.info
    return image.convert("RGBA" if clear else "RGB")
