"""Files and tables inside summaries: PNG, WAV, histograms; by NumPy and Python alone."""

import io
import struct
import wave
import zlib

import numpy as np

_COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}  # channels -> PNG's type: grey, with alpha, RGB, with alpha


def png(pixels: np.ndarray) -> bytes:
    """Return an image `(height, width, 1 to 4 channels)` of bytes as a PNG file."""
    height, width, channels = pixels.shape
    if channels not in _COLOURS:
        raise ValueError(f"A picture must have 1 to 4 channels. Received: {channels}.")
    # Each row begins with 0: no filter.
    rows = np.zeros((height, 1 + width * channels), "uint8")
    rows[:, 1:] = pixels.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOURS[channels], 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def wav(samples: np.ndarray, rate: int) -> bytes:
    """Return a sound `(time, channels)` of -1 to 1 as a WAV file of 16 bits."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(samples.shape[1])
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


def histogram(values: np.ndarray, buckets: int) -> np.ndarray:
    """Return rows of (left, right, count); of equal values, all are in the last."""
    flat = values.astype("float64").ravel()
    flat = flat[np.isfinite(flat)]
    found = np.zeros((max(buckets, 0), 3))
    if not flat.size or not len(found):
        return found
    low, high = flat.min(), flat.max()
    if low == high:
        found[:, :2] = low
        found[-1, 2] = flat.size
        return found
    found[:, 2], edges = np.histogram(flat, len(found), (low, high))
    found[:, 0], found[:, 1] = edges[:-1], edges[1:]
    return found
