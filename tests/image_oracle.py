"""Ops and layers on images held to real Keras, and the images that they are given."""

from typing import Any

import keras as reference
import numpy as np
import torch

import torchkeras as keras
from oracle import assert_close, check_function, dtype_of

FORMATS = ["channels_last", "channels_first"]
DTYPES = ["float32", "float64", "float16", "uint8", "int32"]


def image(
    *shape: int, data_format: str = "channels_last", dtype: str = "float32", seed: int = 0
) -> np.ndarray:
    """Random pixels: shape as of channels_last, floats in [0, 1], integers in [0, 255]."""
    x = np.random.default_rng(seed).uniform(0, 1, shape)
    if "int" in dtype:
        x = x * 255
    x = np.moveaxis(x, -1, -3) if data_format == "channels_first" else x
    return np.ascontiguousarray(x).astype(dtype)


def check_image_op(
    name: str, *args: Any, symbolic: bool = True, grads: bool = True, **kwargs: Any
) -> None:
    """Compare an op of `keras.ops.image` on arrays (the first one is the images)."""
    ours, theirs = getattr(keras.ops.image, name), getattr(reference.ops.image, name)
    tolerances = {k: kwargs.pop(k) for k in ("rtol", "atol") if k in kwargs}
    check_function(ours, theirs, *args, grads=grads, **tolerances, **kwargs)
    if symbolic:
        described = [
            _described(lib, fn, args, kwargs, unknown)
            for unknown in (False, True)
            for lib, fn in ((keras, ours), (reference, theirs))
        ]
        assert described[0] == described[1]
        assert described[2] == described[3]
        real = ours(*[torch.tensor(a) if isinstance(a, np.ndarray) else a for a in args], **kwargs)
        assert described[0] == (tuple(real.shape), dtype_of(real))


def _described(lib: Any, fn: Any, args: Any, kwargs: Any, unknown: bool) -> Any:
    """Shape and dtype of the op on symbolic images, the batch size of a batch unknown."""
    x = args[0]
    shape = (None, *x.shape[1:]) if unknown and x.ndim == 4 else x.shape
    out = fn(lib.KerasTensor(shape, str(x.dtype)), *args[1:], **kwargs)
    return tuple(out.shape), dtype_of(out)


def data(batch: bool = True, form: str = "xyxy", dtype: str = "float32") -> dict:
    """Images of 9 x 12 with all that goes with them."""
    rng = np.random.default_rng(0)
    corners = np.array([[1.0, 2, 6, 7], [0, 0, 12, 9], [8, 1, 11, 8], [10, 7, 12, 9]], "float32")
    boxes = np.stack([corners, corners[::-1]])
    boxes = np.asarray(
        reference.utils.bounding_boxes.convert_format(boxes, "xyxy", form, 9, 12).cpu()
    )
    values = {
        "images": image(2, 9, 12, 3, dtype=dtype),
        "labels": np.array([[0.0, 1], [1, 0]], "float32"),
        "bounding_boxes": {"boxes": boxes, "labels": np.array([[1, 2, 3, 4], [5, 6, 7, 8]])},
        "segmentation_masks": rng.integers(0, 5, (2, 9, 12, 1)).astype("uint8"),
    }
    if batch:
        return values
    boxes = {k: v[0] for k, v in values["bounding_boxes"].items()}
    return {
        **{k: v[0] for k, v in values.items() if k != "bounding_boxes"},
        "bounding_boxes": boxes,
    }


def check_data(ours: dict, theirs: dict, without: tuple[str, ...] = ()) -> None:
    """The same dicts: values, shapes and dtypes."""
    assert set(ours) == set(theirs)
    for key in set(theirs) - set(without):
        a, b = ours[key], theirs[key]
        if isinstance(b, dict):
            check_data(a, b)
        else:
            assert (tuple(a.shape), dtype_of(a)) == (tuple(b.shape), dtype_of(b)), key
            assert_close(a, b, 1e-5, 1e-5, key)
