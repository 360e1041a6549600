"""The `preprocess_input` of each family."""

from typing import Any

from torchkeras.applications import imagenet_utils


def caffe(x: Any, data_format: str | None = None) -> Any:
    """Return RGB images as BGR, minus the mean of ImageNet."""
    return imagenet_utils.preprocess_input(x, data_format=data_format, mode="caffe")


def tf(x: Any, data_format: str | None = None) -> Any:
    """Return images of 0 to 255 between -1 and 1."""
    return imagenet_utils.preprocess_input(x, data_format=data_format, mode="tf")


def torch(x: Any, data_format: str | None = None) -> Any:
    """Return images of 0 to 255 with ImageNet's mean 0 and deviation 1 in each channel."""
    return imagenet_utils.preprocess_input(x, data_format=data_format, mode="torch")


def unchanged(x: Any, data_format: str | None = None) -> Any:
    """Return images as they are: the model itself holds the preprocessing."""
    return x
