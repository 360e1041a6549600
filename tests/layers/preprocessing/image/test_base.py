"""The frame of image layers: what the hooks get, in which order, held to real Keras."""

from typing import Any

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close, check_config, clear_names, tree_map
from torchkeras.layers.preprocessing.image._base import BaseImagePreprocessingLayer as Ours

Theirs = keras.layers.RandomFlip.__mro__[1]
HOOKS = ("images", "labels", "bounding_boxes", "segmentation_masks")


def describe(x: Any) -> Any:
    return tree_map(lambda t: (str(t.dtype), tuple(t.shape)) if hasattr(t, "shape") else t, x)


def logged(base: type, log: list, **members: Any) -> Any:
    """A subclass of `base` that notes what its hooks get, and adds one to images."""

    def draw(self, data, training=True, seed=None):
        log.append(("draw", describe(data), training, seed))
        return {"shift": 1} if training else None

    def hook(name):
        def transform(self, data, transformation, training=True):
            log.append((name, describe(data), transformation, training))
            return data + transformation["shift"] if name == "images" and training else data

        return transform

    members = {f"transform_{n}": hook(n) for n in HOOKS} | members
    return type("Shift", (base,), {"get_random_transformation": draw, **members})


X = np.random.default_rng(0).uniform(size=(2, 4, 5, 3)).astype("float32")
BOXES = {"boxes": np.arange(16.0).reshape(2, 2, 4), "labels": np.array([[1, 2], [3, 4]])}
BATCH = {"images": X, "labels": np.array([1, 2]), "bounding_boxes": BOXES,
         "segmentation_masks": X[..., :1]}  # fmt: skip
DATA = {
    "batch": X,
    "one": X[0],
    "uint8": (X * 255).astype("uint8"),
    "float64": X.astype("float64"),
    "dict": BATCH,
    "dict of one": tree_map(lambda a: a[0:1][0] if a.ndim > 1 else a[:1], BATCH),
    "unknown key": {"images": X, "name": np.ones(3)},
    "boxes of integers": {"images": X, "bounding_boxes": {
        "boxes": np.ones((2, 3, 4), "int32"), "labels": np.ones((2, 3)), "score": np.ones((2, 3))}},
    "masks without channels": {"images": X, "segmentation_masks": X[..., 0]},
    "one-hot labels": {"images": X, "labels": np.eye(2)},
    "one one-hot label": {"images": X[0], "labels": np.eye(2)[0]},
}  # fmt: skip


@pytest.mark.parametrize("key", DATA)
@pytest.mark.parametrize("training", [None, True, False])
@pytest.mark.parametrize("dtype", ["float32", "float16", "mixed_bfloat16"])
def test_hooks(key, training, dtype):
    results = []
    for base in (Ours, Theirs):
        log: list = []
        layer = logged(base, log)(bounding_box_format="xyxy", dtype=dtype)
        kwargs = {} if training is None else {"training": training}
        out = layer(tree_map(lambda a: a.copy(), DATA[key]), **kwargs)
        results.append((log, describe(out), out))
    assert results[0][0] == results[1][0]
    assert results[0][1] == results[1][1]
    assert_close(results[0][2], results[1][2], 1e-2 if dtype != "float32" else 1e-6)


def test_nothing_is_changed_in_place():
    data = {"images": torch.ones(1, 4, 4, 3)}
    layer = logged(Ours, [])()
    out = layer.call(data)
    assert data["images"].max() == 1
    assert out["images"].max() == 2


@pytest.mark.parametrize("in_model", [False, True])
def test_modes(in_model):
    """A call by itself is training, as in Keras, until `eval()`, as in torch."""
    x = torch.zeros(1, 4, 4, 3)
    layer = logged(Ours, [])()
    model = torchkeras.Sequential([torchkeras.Input((4, 4, 3)), layer]) if in_model else layer
    assert model(x).max() == 1
    assert model(x, training=False).max() == 0
    model.eval()
    assert model(x).max() == 0
    assert model(x, training=True).max() == 1
    model.train()
    assert model(x).max() == 1
    assert torch.nn.Sequential(layer).eval()(x).max() == 0


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first", None])
@pytest.mark.parametrize("box_format", ["xyxy", None])
@pytest.mark.parametrize("factor", [None, 0.3, (0.1, 0.5), [0.5, 0.1], -0.3, 1])
def test_arguments(data_format, box_format, factor):
    made = []
    for base in (Ours, Theirs):
        clear_names()
        formats = {"data_format": data_format, "bounding_box_format": box_format}
        made.append(logged(base, [])(factor=factor, name="a", **formats))
    ours, theirs = made
    check_config(ours, theirs)
    assert ours.factor == theirs.factor
    again = type(ours).from_config(ours.get_config())
    assert again.get_config() == ours.get_config()
    assert [v.path for v in ours.variables] == []


@pytest.mark.parametrize("factor", [2.0, "x", (0.1,), (1, 2, 3), (1.5, 2), -1.1])
def test_bad_factor(factor):
    for base in (Ours, Theirs):
        with pytest.raises(ValueError, match=r"factor.*\[-1, 1\]"):
            logged(base, [])(factor=factor)


def test_own_factor_is_in_the_config():
    def make(base):
        def init(self, factor=0.2, **kwargs):
            base.__init__(self, factor=factor, **kwargs)

        return logged(base, [], __init__=init)

    assert make(Ours)(0.4).get_config()["factor"] == (-0.4, 0.4)


def test_hooks_of_single_images():
    data = {k: torch.tensor(BATCH[k][0:1][0]) for k in ("images", "labels", "segmentation_masks")}
    boxes = {k: torch.tensor(v[0]) for k, v in BOXES.items()}
    results = []
    for base in (Ours, Theirs):
        log: list = []
        layer = logged(base, log)(bounding_box_format="xyxy")
        outs = [
            layer.transform_single_image(data["images"], {"shift": 1}),
            layer.transform_single_label(data["labels"], {"shift": 1}),
            layer.transform_single_bounding_box(dict(boxes), {"shift": 1}),
            layer.transform_single_segmentation_mask(data["segmentation_masks"], {"shift": 1}),
        ]
        results.append((log, outs))
    assert results[0][0] == results[1][0]
    assert_close(results[0][1], results[1][1])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (X[0, 0], r"images must have rank 3 \(one image\) or 4 .*Received: shape=\(5, 3\)"),
        (X[None], "images must have rank 3"),
        ({"labels": np.ones(3)}, r"a dict needs the key 'images'. Received: keys=\['labels'\]"),
        ({"images": X, "bounding_boxes": BOXES["boxes"]}, "bounding_boxes must be a dict"),
        ({"images": X, "bounding_boxes": {"boxes": BOXES["boxes"]}}, "keys 'boxes' and 'labels'"),
        ({"images": X, "bounding_boxes": {"labels": np.ones((2, 2))}}, "keys 'boxes' and 'labels'"),
        ([[1.0, 2.0]], "are tensors or arrays"),
        ({"images": X, "labels": 3}, "are tensors or arrays"),
    ],
)
def test_bad_data(data, message):
    log: list = []
    with pytest.raises(ValueError, match=message):
        logged(Ours, log)(bounding_box_format="xyxy")(data)
    assert log == []


def test_boxes_without_a_format():
    for base, message in ((Ours, "give the layer bounding_box_format"), (Theirs, "format")):
        with pytest.raises(ValueError, match=message):
            logged(base, [])()({"images": X, "bounding_boxes": dict(BOXES)})


def test_absent_hooks():
    layer = Ours()
    assert layer.get_random_transformation(X) is None
    assert layer.transform_segmentation_masks(X, None, training=False) is X
    for name in ("labels", "bounding_boxes"):
        with pytest.raises(NotImplementedError, match=f"define transform_{name}"):
            getattr(layer, f"transform_{name}")(X, {})
    with pytest.raises(NotImplementedError, match="define transform_images"):
        layer._transform_images(X, {}, "nearest")


RANGES = [((0, 255), (0, 1)), ((-1, 1), (0, 255)), ((0, 1), (0, 1))]


@pytest.mark.parametrize(("old", "new"), RANGES)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_value_range(old, new, dtype):
    x = torch.tensor([0, 1, 7, 255]).to(getattr(torch, dtype))
    got, want = (b()._transform_value_range(x, old, new) for b in (Ours, Theirs))
    assert got.dtype is want.dtype
    assert_close(got, want)


def test_axes():
    last, first = Ours(), Ours(data_format="channels_first")
    assert (last.height_axis, last.width_axis, last.channel_axis) == (-3, -2, -1)
    assert (first.height_axis, first.width_axis, first.channel_axis) == (-2, -1, -3)


def test_hooks_take_arrays():
    """Called by hand, with a transformation of one's own."""
    boxes = {"boxes": np.array([[[1.0, 2, 3, 4]]], "float32"), "labels": np.array([[1]])}
    size = {"input_shape": (1, 8, 8, 3)}
    for name, arguments, transformation in (
        ("RandomFlip", {}, {"flips": np.array([[True]]), **size}),
        ("RandomTranslation", {}, {"translations": np.array([[1.0, 2.0]]), **size}),
        ("RandomZoom", {}, {}),
    ):
        if name == "RandomTranslation":
            arguments = {"height_factor": 0.5, "width_factor": 0.5}
        if name == "RandomZoom":
            arguments = {"height_factor": 0.5}
            zooms = np.array([[0.5]], "float32")
            transformation = {"height_zoom": zooms, "width_zoom": zooms, **size}
        ours, theirs = (
            getattr(lib.layers, name)(
                **arguments, bounding_box_format="xyxy", data_format="channels_last"
            ).transform_bounding_boxes(boxes, transformation)
            for lib in (torchkeras, keras)
        )
        assert_close(ours["boxes"], theirs["boxes"])


def test_hooks_keep_one_image():
    layer = torchkeras.layers.RandomFlip(bounding_box_format="xyxy")
    one = {"boxes": np.array([[1.0, 2, 3, 4]], "float32"), "labels": np.array([1])}
    transformation = {"flips": np.array([[True]]), "input_shape": (8, 8, 3)}
    assert layer.transform_bounding_boxes(one, transformation)["boxes"].tolist() == [[5, 4, 7, 6]]
    mixed = torchkeras.layers.MixUp().transform_images(
        np.eye(2, dtype="float32")[:, None, None], {"mix_weight": 0.25, "permutation_order": [1, 0]}
    )
    assert mixed.flatten().tolist() == [0.25, 0.75, 0.75, 0.25]
