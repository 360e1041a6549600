"""Sounds of `.wav` files, at the sampling rate and length that is asked for."""

import math
import wave
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F

_ZERO_CROSSINGS = 6  # of the filter, on each side
_ROLLOFF = 0.99  # where it cuts, as a share of the lower rate's half


def read_wav(path: str, sampling_rate: int | None = None) -> torch.Tensor:
    """Return a file's samples from -1 to 1, `(length, channels)`.

    Raises:
        ValueError: if the file is no `.wav` file of whole numbers.
    """
    try:
        with wave.open(path, "rb") as f:
            width, channels, rate = f.getsampwidth(), f.getnchannels(), f.getframerate()
            content = f.readframes(f.getnframes())
    except (wave.Error, EOFError) as e:
        raise ValueError(f"audio_dataset_from_directory: {path}: {e}.") from e
    samples = _numbers(content[: len(content) // (width * channels) * width * channels], width)
    x = torch.from_numpy(samples.reshape(-1, channels))
    return x if sampling_rate in (None, rate) else _resampled(x, rate, sampling_rate)


def _numbers(content: bytes, width: int) -> np.ndarray:
    if width == 1:  # these have no sign
        return (np.frombuffer(content, "u1").astype("float32") - 128) / 128
    if width == 3:  # three bytes as the upper ones of four
        four = np.zeros((len(content) // 3, 4), "u1")
        four[:, 1:] = np.frombuffer(content, "u1").reshape(-1, 3)
        content, width = four.tobytes(), 4
    whole = np.frombuffer(content, f"<i{width}")
    return whole.astype("float32") / np.float32(2 ** (8 * width - 1))


def fitted(x: torch.Tensor, length: int | None) -> torch.Tensor:
    """Return a sound cut to a length, or filled with silence at its end."""
    if length is None:
        return x
    return F.pad(x[:length], (0, 0, 0, max(length - len(x), 0)))


def _resampled(x: torch.Tensor, rate: int, new_rate: int) -> torch.Tensor:
    """Return a sound at another rate: sinc interpolation under a Hann window."""
    common = math.gcd(rate, new_rate)
    old, new = rate // common, new_rate // common
    kernels, reach = _filters(old, new)
    length = -(-len(x) * new // old)
    padded = F.pad(x.T[:, None], (reach, reach + old))
    phases = F.conv1d(padded, kernels, stride=old)  # (channels, new, steps)
    return phases.transpose(1, 2).flatten(1)[:, :length].T


@lru_cache(maxsize=8)
def _filters(old: int, new: int) -> tuple[torch.Tensor, int]:
    """Return one filter for each of the positions between `old` inputs, and its reach."""
    cut = min(old, new) * _ROLLOFF
    reach = math.ceil(_ZERO_CROSSINGS * old / cut)
    inputs = torch.arange(-reach, reach + old, dtype=torch.float64) / old
    outputs = torch.arange(new, dtype=torch.float64) / new
    at = ((inputs - outputs[:, None]) * cut).clamp(-_ZERO_CROSSINGS, _ZERO_CROSSINGS)
    window = torch.cos(at * math.pi / _ZERO_CROSSINGS / 2) ** 2
    return (torch.sinc(at) * window * cut / old)[:, None].to(torch.float32), reach
