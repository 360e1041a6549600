"""Geometric augmentation held to real Keras: draws, images, masks, boxes, labels, configs.

    from geometry_oracle import check_geometry

    def test_rotation():
        check_geometry("RandomRotation", {"factor": 0.3})

With the stride of our streams set to Keras's, equal seeds give equal draws. What was drawn is then
applied by both layers (copied before each use: Keras changes transformations in place).
"""

import copy
from typing import Any

import keras
import numpy as np
import torch

import torchkeras
from oracle import LOW_PRECISION, assert_close, check_config, clear_names, rand, tree_map
from torchkeras.random import seed_generator

HEIGHT, WIDTH = 6, 8
BOXES = np.array(
    [[1, 1, 3, 3], [2, 2, 6, 5], [0, 0, 8, 6], [1.5, 1, 4, 4], [5, 0, 5, 4], [0, 0, 0, 0]],
    "float32",
)


def images(batch: int = 3, data_format: str = "channels_last", dtype: str = "float32") -> Any:
    """Images with values in [0, 255]."""
    x = rand(batch, HEIGHT, WIDTH, 3, low=0, high=255, dtype="float32")
    x = np.moveaxis(x, -1, 1) if data_format == "channels_first" else x
    return torch.tensor(np.ascontiguousarray(x)).to(getattr(torch, dtype))


def masks(batch: int = 3, data_format: str = "channels_last", dtype: str = "float32") -> Any:
    """Masks of classes 0 to 4."""
    m = rand(batch, HEIGHT, WIDTH, 1, low=0, high=5, dtype="int32", seed=3)
    m = np.moveaxis(m, -1, 1) if data_format == "channels_first" else m
    return torch.tensor(np.ascontiguousarray(m)).to(getattr(torch, dtype))


def boxes(batch: int = 3, form: str = "xyxy") -> dict[str, Any]:
    """The same boxes for each image, as tensors."""
    made = torchkeras.utils.bounding_boxes.convert_format(
        torch.tensor(BOXES).repeat(batch, 1, 1), "xyxy", form, HEIGHT, WIDTH
    )
    return {
        "boxes": made,
        "labels": torch.arange(6).repeat(batch, 1),
        "score": torch.ones(batch, 6),
    }


def pair(name: str, args: dict, **kwargs: Any) -> tuple[Any, Any]:
    """The layer of both libraries."""
    made = []
    for lib in (torchkeras, keras):
        clear_names()
        made.append(getattr(lib.layers, name)(**copy.deepcopy(args), **kwargs))
    return made[0], made[1]


def fresh(transformation: Any) -> Any:
    """A copy of a transformation."""
    return tree_map(lambda v: v.clone() if isinstance(v, torch.Tensor) else v, transformation)


def _described(transformation: Any) -> Any:
    return {
        k: (v.dtype, tuple(v.shape)) if isinstance(v, torch.Tensor) else v
        for k, v in transformation.items()
        if k != "seed"
    }


def check_draws(ours: Any, theirs: Any, x: Any, counters: bool = True) -> Any:
    """Equal seeds give equal transformations, of one image, and of batches in turn."""
    rounds = [({"seed": 5}, x), ({"seed": 5}, x[0]), ({}, {"images": x})]
    rounds += [({}, x[0]), ({}, x)] if counters else []
    for kwargs, data in rounds:
        got, want = (o.get_random_transformation(data, **kwargs) for o in (ours, theirs))
        assert _described(got) == _described(want)
        got, want = ({k: v for k, v in t.items() if k != "seed"} for t in (got, want))
        narrow = LOW_PRECISION.get(ours.compute_dtype)
        assert_close(got, want, narrow or 1e-5, narrow or 1e-6, "transformation")
    if counters:
        assert_close(ours.generator.state, theirs.generator.state.value)
    assert ours.get_random_transformation(x, training=False) is None
    return want


def _images_and_gradient(layer: Any, x: Any, transformation: Any) -> Any:
    x = x.clone().requires_grad_(x.is_floating_point())
    out = layer.transform_images(x * 1, fresh(transformation), training=True)
    if not x.is_floating_point():
        return {"out": out}
    cotangent = torch.tensor(rand(*out.shape, seed=9)).to(out.dtype)
    return {"out": out, "grad": torch.autograd.grad((out * cotangent).sum(), x)[0]}


def check_geometry(
    name: str,
    args: dict,
    *,
    data_format: str = "channels_last",
    dtype: str = "float32",
    pixels: str = "float32",
    form: str = "xyxy",
    has_boxes: bool = True,
    mask_dtype: str = "float32",
    config: bool = True,
    counters: bool = True,
) -> tuple[Any, Any]:
    """Hold our layer to real Keras's.

    Args:
        name: Name below `keras.layers`.
        args: Constructor arguments.
        data_format: Of images and masks.
        dtype: Of the layer.
        pixels: Dtype of the images.
        form: Format of the boxes.
        has_boxes: Whether Keras's layer transforms boxes.
        mask_dtype: Dtype of the masks.
        config: Whether Keras reads its own configs.
        counters: Compare the stream of draws, not only draws from a whole number.
    """
    kwargs = {"data_format": data_format, "dtype": dtype, "bounding_box_format": form}
    ours, theirs = pair(name, {"seed": 11} | args, **kwargs)
    tolerance = LOW_PRECISION.get(dtype, 1e-5)
    if config:
        check_config(ours, theirs)
        check_config(type(theirs).from_config(ours.get_config()), theirs)
    clear_names()
    check_config(type(ours).from_config(theirs.get_config()), ours)
    x = images(data_format=data_format, dtype=pixels)
    if x.is_floating_point():
        x = x.to(getattr(torch, dtype))  # as a call does, before the hooks
    stride, seed_generator._STRIDE = seed_generator._STRIDE, 1
    try:
        drawn = check_draws(ours, theirs, x, counters)
    finally:
        seed_generator._STRIDE = stride
    layers = (ours, theirs)
    got, want = (_images_and_gradient(o, x, drawn) for o in layers)
    assert got["out"].dtype == want["out"].dtype
    assert_close(got, want, tolerance, tolerance, "images")
    one = ours.get_random_transformation(x[1])
    got, want = (o.transform_single_image(x[1].clone(), fresh(one)) for o in layers)
    assert_close(got, want, tolerance, tolerance, "one image")
    m = masks(data_format=data_format, dtype=mask_dtype)
    got, want = (o.transform_segmentation_masks(m.clone(), fresh(drawn)) for o in layers)
    assert got.dtype == want.dtype
    assert_close(got, want, tolerance, tolerance, "masks")
    labels = torch.arange(3)
    assert ours.transform_labels(labels, fresh(drawn)) is labels
    if has_boxes:
        keys = ("boxes", "labels", "score")
        got = ours.transform_bounding_boxes(boxes(form=form), fresh(drawn))
        want = theirs.transform_bounding_boxes(boxes(form=form), fresh(drawn))
        assert_close(*({k: t[k] for k in keys} for t in (got, want)), tolerance, tolerance, "boxes")
    got, want = (o.transform_images(x, None, training=False) for o in layers)
    assert got.dtype == want.dtype
    assert_close(got, want)
    return ours, theirs


def check_whole_call(name: str, args: dict, has_boxes: bool = True) -> None:
    """Call the layer on dicts, of one image and of a batch, in every mode; both data formats."""
    for data_format in ("channels_last", "channels_first"):
        kwargs = {"data_format": data_format, "bounding_box_format": "rel_xywh"}
        ours, theirs = pair(name, {"seed": 4} | args, **kwargs)
        batch = {
            "images": images(data_format=data_format),
            "labels": torch.arange(3),
            "segmentation_masks": masks(data_format=data_format),
            "other": torch.ones(2),
        }
        if has_boxes:
            batch["bounding_boxes"] = boxes(form="rel_xywh")
        single = {k: v[0] if k in ("images", "labels", "segmentation_masks") else v
                  for k, v in batch.items()}  # fmt: skip
        if has_boxes:
            single["bounding_boxes"] = {k: v[0] for k, v in batch["bounding_boxes"].items()}
        for data in (batch, single):
            given = fresh(data)
            out = ours(data, training=True)
            assert_close(data, given)  # nothing in place
            assert _shapes(out) == _shapes(data)
            assert_close(ours(data, training=False), theirs(fresh(data), training=False))
            assert out["other"] is data["other"]
            calls = (ours(data, training=True)["images"] for _ in range(20))
            assert any(not torch.equal(x, data["images"]) for x in calls)


def _shapes(tree: Any) -> Any:
    return tree_map(lambda t: tuple(t.shape), tree)
