"""`keras.preprocessing.image` of Keras 1 and 2."""

from typing import Any

from torchkeras.compat.preprocessing.affine import apply_affine_transform as apply_affine_transform
from torchkeras.compat.preprocessing.affine import apply_channel_shift as apply_channel_shift
from torchkeras.compat.preprocessing.affine import flip_axis as flip_axis
from torchkeras.compat.preprocessing.affine import (
    transform_matrix_offset_center as transform_matrix_offset_center,
)
from torchkeras.compat.preprocessing.dataframe import DataFrameIterator as DataFrameIterator
from torchkeras.compat.preprocessing.files import DirectoryIterator as DirectoryIterator
from torchkeras.compat.preprocessing.generator import ImageDataGenerator as ImageDataGenerator
from torchkeras.compat.preprocessing.iterators import Iterator as Iterator
from torchkeras.compat.preprocessing.iterators import NumpyArrayIterator as NumpyArrayIterator
from torchkeras.compat.preprocessing.random_images import (
    apply_brightness_shift as apply_brightness_shift,
)
from torchkeras.compat.preprocessing.random_images import list_pictures as list_pictures
from torchkeras.compat.preprocessing.random_images import random_brightness as random_brightness
from torchkeras.compat.preprocessing.random_images import (
    random_channel_shift as random_channel_shift,
)
from torchkeras.compat.preprocessing.random_images import random_rotation as random_rotation
from torchkeras.compat.preprocessing.random_images import random_shear as random_shear
from torchkeras.compat.preprocessing.random_images import random_shift as random_shift
from torchkeras.compat.preprocessing.random_images import random_zoom as random_zoom
from torchkeras.utils import load_img as _load_img


def load_img(
    path: Any,
    grayscale: bool = False,
    color_mode: str = "rgb",
    target_size: Any = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """Read an image file as an image of Pillow; `grayscale=True` is Keras 1's colour mode."""
    if isinstance(grayscale, str):  # today's order
        grayscale, color_mode = False, grayscale
    mode = "grayscale" if grayscale else color_mode
    return _load_img(path, mode, target_size, interpolation, keep_aspect_ratio)
