"""Images: files, arrays, other sizes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from torchkeras._base.check import received
from torchkeras.core.tensor import convert_to_numpy
from torchkeras.ops.image import resize
from torchkeras.utils import array_to_img as array_to_img
from torchkeras.utils import img_to_array as img_to_array
from torchkeras.utils import load_img as load_img
from torchkeras.utils import save_img as save_img


def smart_resize(
    x: Any,
    size: Sequence[int],
    interpolation: str = "bilinear",
    data_format: str = "channels_last",
    **kwargs: Any,
) -> Any:
    """Resize images without distortion: the longer side is cut to the proportions of `size`.

    Args:
        x: Image `(height, width, channels)`, or a batch of them.
        size: Height and width.
        interpolation: `"bilinear"`, `"nearest"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`.
        data_format: `"channels_last"` or `"channels_first"`.
        kwargs: `backend_module`, as Keras takes it, without effect.

    Returns:
        An array for an array, else a tensor.

    Raises:
        ValueError: for another number of dimensions, `size` or interpolation.

    >>> import numpy as np, torchkeras as keras
    >>> keras.preprocessing.image.smart_resize(np.zeros((6, 9, 3)), (4, 4)).shape
    (4, 4, 3)
    """
    kwargs.pop("backend_module", None)
    if kwargs:
        raise TypeError(f"smart_resize: unknown arguments. Received: {sorted(kwargs)}.")
    if isinstance(size, int) or len(size) != 2:
        raise ValueError(f"smart_resize: size must be height and width. {received('size', size)}")
    y = resize(
        x, size, interpolation=interpolation, crop_to_aspect_ratio=True, data_format=data_format
    )
    return convert_to_numpy(y) if isinstance(x, np.ndarray) else y
