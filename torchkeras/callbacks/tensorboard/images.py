"""Weights as pictures."""

from __future__ import annotations

import numpy as np

MAX_SIDE = 2048  # pixels: a browser shows no more, and an event file should stay small


def weight_image(weight: np.ndarray) -> np.ndarray | None:
    """A weight as (height, width, channels) in [0, 1], or None if it has no picture.

    Vectors are columns, matrices lie on their longer side, and kernels of convolutions show one
    tile for each filter: in colour if they read 3 channels, else a row of tiles for each channel.
    """
    weight = np.squeeze(np.asarray(weight))
    if weight.ndim == 0 or weight.ndim > 4 or weight.dtype.kind not in "fiu":
        return None
    picture = _layout(_unit_range(weight.astype("float32")))
    return picture[:MAX_SIDE, :MAX_SIDE]


def _unit_range(values: np.ndarray) -> np.ndarray:
    """Stretch to [0, 1]; what is not finite becomes 0."""
    finite = np.isfinite(values)
    if not finite.any():
        return np.zeros_like(values)
    low, high = values[finite].min(), values[finite].max()
    scale = (high - low) or 1.0
    return np.clip(np.where(finite, (values - low) / scale, 0.0), 0.0, 1.0)


def _layout(values: np.ndarray) -> np.ndarray:
    if values.ndim == 1:
        return values[:, None, None]
    if values.ndim == 2:
        return (values.T if values.shape[0] > values.shape[1] else values)[:, :, None]
    if values.ndim == 3:  # (height, width, filters), or (length, channels, filters)
        values = values[:, :, None, :]
    height, width, channels, filters = values.shape
    if channels == 3:  # filters side by side
        return values.transpose(0, 3, 1, 2).reshape(height, filters * width, 3)
    return values.transpose(2, 0, 3, 1).reshape(channels * height, filters * width, 1)
