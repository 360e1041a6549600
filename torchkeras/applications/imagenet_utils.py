"""Images in the form that ImageNet's weights expect, and their classes' names."""

import json
from typing import Any

import numpy as np
import torch

from torchkeras._base.check import one_of
from torchkeras._base.config import floatx, image_data_format
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_numpy, convert_to_tensor
from torchkeras.ops.arrays import cast, flip
from torchkeras.utils.get_file import get_file

_CLASSES = (
    "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json",
    "c2c37ea517e94d9795004a39431a14cb",
)
_MODES = ("caffe", "tf", "torch")
_BGR_MEAN = (103.939, 116.779, 123.68)
_RGB_MEAN = (0.485, 0.456, 0.406)
_RGB_DEVIATION = (0.229, 0.224, 0.225)

_index: dict[str, list[str]] | None = None


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Return images, of values 0 to 255, as a family of ImageNet weights expects them.

    Args:
        x: Image or batch of images, RGB: NumPy array (a float one is written over), tensor or
            KerasTensor.
        data_format: Place of the channels; None: the global setting.
        mode: `"caffe"`: BGR minus the mean of ImageNet; `"tf"`: from -1 to 1; `"torch"`: from
            0 to 1, minus the mean, over the standard deviation of ImageNet.

    Raises:
        ValueError: for another mode or data format.

    >>> import numpy as np, torchkeras as keras
    >>> x = np.full((1, 2, 2, 3), 255.0)
    >>> keras.applications.imagenet_utils.preprocess_input(x, mode="tf").max()
    np.float64(1.0)
    """
    one_of("preprocess_input", "mode", mode, _MODES)
    if data_format is None:
        data_format = image_data_format()
    one_of("preprocess_input", "data_format", data_format, ("channels_first", "channels_last"))
    if isinstance(x, np.ndarray):
        return _array(x, data_format, mode)
    return _tensor(x, data_format, mode)


def decode_predictions(preds: Any, top: int = 5) -> list[list[tuple[str, str, float]]]:
    """Return the best classes of each sample, as (WordNet id, name, score).

    Args:
        preds: Scores of the 1000 classes of ImageNet, of shape (samples, 1000).
        top: How many.

    Raises:
        ValueError: if the scores have another shape.
    """
    global _index
    preds = convert_to_numpy(preds)
    if preds.ndim != 2 or preds.shape[1] != 1000:
        raise ValueError(
            "`decode_predictions` expects a batch of predictions (i.e. a 2D array of shape "
            f"(samples, 1000)). Received array with shape: {preds.shape}"
        )
    if _index is None:
        address, file_hash = _CLASSES
        name = "imagenet_class_index.json"
        path = get_file(name, address, cache_subdir="models", file_hash=file_hash)
        with open(path, encoding="utf-8") as f:
            _index = json.load(f)
    best = [row.argsort()[-top:][::-1] for row in preds]
    return [
        [(*_index[str(i)], row[i]) for i in chosen] for row, chosen in zip(preds, best, strict=True)
    ]  # type: ignore[misc]


def _array(x: np.ndarray, data_format: str, mode: str) -> np.ndarray:
    if not np.issubdtype(x.dtype, np.floating):
        x = x.astype(floatx(), copy=False)
    if mode == "tf":
        x /= 127.5
        x -= 1.0
        return x
    axis = x.ndim - 3 if data_format == "channels_first" else x.ndim - 1
    shape = [3 if i == axis else 1 for i in range(x.ndim)]
    if mode == "caffe":
        x = np.flip(x, axis)
        x -= np.reshape(np.asarray(_BGR_MEAN, x.dtype), shape)
        return x
    x /= 255.0
    x -= np.reshape(np.asarray(_RGB_MEAN, x.dtype), shape)
    x /= np.reshape(np.asarray(_RGB_DEVIATION, x.dtype), shape)
    return x


def _tensor(x: Any, data_format: str, mode: str) -> Any:
    if not isinstance(x, KerasTensor):
        x = convert_to_tensor(x)
    if "float" not in str(x.dtype):
        x = cast(x, floatx())
    if mode == "tf":
        return x / 127.5 - 1.0
    rank = len(x.shape)
    axis = rank - 3 if data_format == "channels_first" else rank - 1
    shape = [3 if i == axis else 1 for i in range(rank)]

    def along(values: tuple[float, ...]) -> torch.Tensor:
        return cast(convert_to_tensor(np.reshape(values, shape)), x.dtype)

    if mode == "caffe":
        return flip(x, axis=axis) - along(_BGR_MEAN)
    return (x / 255.0 - along(_RGB_MEAN)) / along(_RGB_DEVIATION)
