"""MixUp and CutMix against real Keras."""

import numpy as np
import pytest
import torch
from pixel_oracle import check_augmentation, images, pair, to_channels_first

import torchkeras
from oracle import assert_close, rand

SHAPES = [
    (4, 9, 12, 3),
    pytest.param((3, 6, 5, 1), marks=pytest.mark.sweep),
    pytest.param((1, 4, 4, 3), marks=pytest.mark.sweep),
]
CASES = [
    ("MixUp", {}),
    ("MixUp", {"alpha": 1.0}),
    ("MixUp", {"alpha": 5.0}),
    ("CutMix", {}),
    ("CutMix", {"factor": (0.3, 0.8)}),
    ("CutMix", {"factor": 0.0}),
    ("CutMix", {"factor": (1.0, 1.0)}),
]


def data(batch: int = 4, classes: int = 3, **more):
    labels = np.eye(classes, dtype="float32")[np.arange(batch) % classes]
    return {"images": torch.tensor(images(batch, 6, 7, 3)), "labels": torch.tensor(labels)} | more


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("name", "args"), CASES)
def test_images(shape, name, args):
    check_augmentation(name, args | {"seed": 3}, images(*shape))


@pytest.mark.parametrize(("name", "args"), CASES)
@pytest.mark.parametrize("labels", ["one-hot", "integers", "two axes"])
def test_labels(name, args, labels):
    ours, theirs = pair(name, args)
    batch = data()
    y = {
        "one-hot": batch["labels"],
        "integers": batch["labels"].long(),
        "two axes": torch.tensor(rand(4, 5)),
    }[labels]
    for source in (ours, theirs):
        drawn = source.get_random_transformation(batch, training=True)
        got, want = (layer.transform_labels(y, drawn, training=True) for layer in (ours, theirs))
        assert_close(got, want)
        assert got.dtype == want.dtype
        assert ours.transform_labels(y, drawn, training=False) is y


def test_labels_of_more_axes():
    """A weight an image, where Keras's broadcasts over the last axes."""
    layer = torchkeras.layers.MixUp()
    y = torch.tensor(rand(4, 2, 3))
    drawn = layer.get_random_transformation(data())
    weight = drawn["mix_weight"].reshape(4, 1, 1)
    want = weight * y + (1 - weight) * y[drawn["permutation_order"]]
    assert_close(layer.transform_labels(y, drawn), want)
    assert_close(layer.transform_labels(y[:, 0, 0], drawn), want[:, 0, 0])


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
def test_class_numbers_are_refused(name):
    layer = getattr(torchkeras.layers, name)()
    with pytest.raises(ValueError, match=f"{name}: class numbers cannot be mixed; give one-hot"):
        layer(data(labels=torch.tensor([0, 1, 2, 0])))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("channels", [1, 4])
def test_masks(data_format, channels):
    """The partner's mask; Keras's MixUp takes single numbers of it, its CutMix adds channels."""
    masks = images(4, 6, 7, channels, low=0, high=3, dtype="int32")
    batch = data(segmentation_masks=masks)
    if data_format == "channels_first":
        batch["images"] = batch["images"].permute(0, 3, 1, 2)
        batch["segmentation_masks"] = masks = to_channels_first(masks)
    masks = torch.tensor(masks).float()
    mixup = torchkeras.layers.MixUp(data_format=data_format)
    drawn = mixup.get_random_transformation(batch)
    weight = drawn["mix_weight"].reshape(4, 1, 1, 1)
    partner = masks[drawn["permutation_order"]]
    want = weight * masks + (1 - weight) * partner
    assert_close(mixup.transform_segmentation_masks(masks, drawn), want)

    cutmix = torchkeras.layers.CutMix((0.5, 1), data_format=data_format)
    drawn = cutmix.get_random_transformation(batch)
    partner = masks[drawn["permutation_order"]]
    want = torch.where(drawn["batch_masks"], partner, masks)
    assert_close(cutmix.transform_segmentation_masks(masks, drawn), want)
    if channels == 1:
        axis = -1 if data_format == "channels_last" else 1
        flat = cutmix.transform_segmentation_masks(masks.squeeze(axis), drawn)
        assert_close(flat, want.squeeze(axis))
    assert cutmix(batch)["segmentation_masks"].shape == masks.shape


def test_boxes():
    """Boxes of both images, with their labels (which Keras joins along the batch)."""
    boxes = {
        "boxes": torch.tensor(rand(4, 2, 4, low=0, high=6)),
        "labels": torch.arange(8).reshape(4, 2),
    }
    batch = data(bounding_boxes=boxes)
    ours, theirs = pair("MixUp", {"bounding_box_format": "xyxy"})
    drawn = theirs.get_random_transformation(batch)
    want = theirs.transform_bounding_boxes(dict(boxes), drawn)
    got = ours.transform_bounding_boxes(boxes, drawn)
    order = drawn["permutation_order"]
    assert_close(got["boxes"], want["boxes"])
    assert torch.equal(got["labels"], torch.cat([boxes["labels"], boxes["labels"][order]], 1))
    assert ours(batch)["bounding_boxes"]["boxes"].shape == (4, 4, 4)
    assert boxes["boxes"].shape == (4, 2, 4)


def test_cutmix_refuses_boxes():
    boxes = {"boxes": torch.zeros(4, 2, 4), "labels": torch.zeros(4, 2)}
    layer = torchkeras.layers.CutMix(bounding_box_format="xyxy")
    with pytest.raises(NotImplementedError, match="CutMix: bounding boxes cannot be cut"):
        layer(data(bounding_boxes=boxes))
    assert torch.equal(
        layer(data(bounding_boxes=boxes), training=False)["images"], data()["images"]
    )


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_one_image_stays(name, dtype):
    x = torch.tensor(images(5, 6, 3, dtype=dtype))
    ours, theirs = pair(name, {})
    one = {"images": x, "labels": torch.tensor([0.0, 1.0])}
    for training in (True, False):
        got, want = ours(one, training=training), theirs(one, training=training)
        assert_close(got, want)
        assert got["images"].dtype == want["images"].dtype


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
@pytest.mark.parametrize("dtype", ["uint8", "int32"])
def test_integers(name, dtype):
    x = images(3, 6, 7, 3, dtype=dtype)
    check_augmentation(name, {}, x)
    ours, theirs = pair(name, {})
    got, want = (layer(torch.tensor(x), training=False) for layer in (ours, theirs))
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_low_precision(name, dtype):
    """Weights are drawn in float32 (Keras's CutMix cannot draw in float16)."""
    layer = getattr(torchkeras.layers, name)(dtype=dtype)
    out = layer(data())
    assert out["images"].dtype == out["labels"].dtype == getattr(torch, dtype)
    assert torch.allclose(out["labels"].sum(-1).float(), torch.ones(4), atol=2e-2)


def test_mixup_mixes_labels_as_images():
    """Images of one colour tell the weights that they were mixed with."""
    layer = torchkeras.layers.MixUp(1.0, seed=2)
    x = torch.eye(4).reshape(4, 1, 1, 4).expand(4, 3, 3, 4)
    out = layer({"images": x, "labels": torch.eye(4)})
    assert_close(out["images"][:, 1, 1], out["labels"])


def test_cutmix_mixes_labels_by_area():
    layer = torchkeras.layers.CutMix((1, 1), seed=2)
    x = torch.eye(4).reshape(4, 1, 1, 4).expand(4, 64, 64, 4)
    out = layer({"images": x, "labels": torch.eye(4)})
    assert_close(out["images"].mean((1, 2)), out["labels"], atol=0.03)
    assert len({tuple(row) for row in out["labels"].tolist()}) == 4


def test_draws():
    mixup = torchkeras.layers.MixUp(0.2, seed=0)
    drawn = mixup.get_random_transformation(torch.zeros(1000, 1, 1, 3))
    assert sorted(drawn["permutation_order"].tolist()) == list(range(1000))
    weight = drawn["mix_weight"]
    assert abs(weight.mean() - 0.5) < 0.04
    # Var of Beta(a, a) is 1 / (4 (2a + 1)).
    assert abs(weight.var() - 1 / (4 * 1.4)) < 0.02


@pytest.mark.parametrize(
    ("name", "args", "text"),
    [
        ("MixUp", {"alpha": 0}, "alpha must be a number above 0"),
        ("MixUp", {"alpha": -1}, "alpha must be a number above 0"),
        ("MixUp", {"alpha": "a"}, "alpha must be a number above 0"),
        ("MixUp", {"seed": 1.5}, "seed must be an integer"),
        ("CutMix", {"factor": 2}, r"factor must be .* in the range \[0, 1\]"),
        ("CutMix", {"factor": None}, r"factor must be .* in the range \[0, 1\]"),
        ("CutMix", {"data_format": "x"}, "data_format must be one of"),
    ],
)
def test_bad_arguments(name, args, text):
    with pytest.raises(ValueError, match=text):
        getattr(torchkeras.layers, name)(**args)
