"""Images as they are drawn: whole numbers from 0 to 255, channels last."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from torchkeras._base import config
from torchkeras.core.tensor import convert_to_numpy


def as_pixels(
    owner: str, images: Any, data_format: str | None, value_range: Sequence[float] = (0, 255)
) -> np.ndarray:
    """Return a batch of images as uint8, channels last.

    Raises:
        ValueError: if they do not have 4 dimensions.
    """
    first = config.standardize_data_format(data_format, owner) == "channels_first"
    x = np.asarray(convert_to_numpy(images))
    if x.ndim != 4:
        raise ValueError(
            f"{owner}: images must have 4 dimensions, those of a batch. "
            f"Received: an array of shape {x.shape}."
        )
    if first:
        x = x.transpose(0, 2, 3, 1)
    low, high = value_range
    if (low, high) != (0, 255):
        x = (x.astype("float32") - low) / (high - low) * 255
    return np.clip(x, 0, 255).astype("uint8")
