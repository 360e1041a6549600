"""RandAugment and AugMix against real Keras."""

import copy

import keras
import numpy as np
import pytest
import torch
from pixel_oracle import images, pair, same_data, to_channels_first

import torchkeras
from oracle import assert_close, check_config, rand

RANGES = [(0, 255), pytest.param((0, 1), marks=pytest.mark.sweep)]
FORMATS = ["channels_last", "channels_first"]


@pytest.fixture(autouse=True)
def keras_without_side_effects(monkeypatch):
    """Real Keras changes its inputs in two layers, which its policies suffer from.

    RandomBrightness adds in place to the images, and RandomRotation spoils its matrix, in every
    layer that is tried for a choice.
    """
    for name in ("RandomBrightness", "RandomRotation"):
        cls = getattr(keras.layers, name)

        def on_copies(self, images, transformation, *args, f=cls.transform_images, **kwargs):
            return f(self, images * 1, copy.deepcopy(transformation), *args, **kwargs)

        monkeypatch.setattr(cls, "transform_images", on_copies)


def batch(value_range=(0, 255), data_format="channels_last", count=1):
    x = images(count, 10, 12, 3, low=value_range[0], high=value_range[1])
    return torch.tensor(to_channels_first(x) if data_format == "channels_first" else x)


def check_same(ours, theirs, x, drawn):
    got = ours.transform_images(x, copy.deepcopy(drawn))
    want = theirs.transform_images(x.clone(), copy.deepcopy(drawn))
    # A pixel next to a step (of a histogram, of bits) may fall on its other side.
    scale = 255 if x.max() > 1 else 1
    apart = ((got - want).abs() > 1e-4 * scale).float().mean()
    assert apart < 0.02, f"{apart:.1%} of pixels differ"


AUGMENT = [
    {},
    {"num_ops": 1},
    {"num_ops": 5, "factor": 1.0},
    {"factor": (0.2, 0.6)},
    {"factor": 0.1, "interpolation": "nearest"},
    {"num_ops": 3, "factor": 0.9},
    {"factor": 0.0},
    {"num_ops": 0},
]


@pytest.mark.parametrize("args", AUGMENT)
@pytest.mark.parametrize("value_range", RANGES)
@pytest.mark.parametrize(
    "data_format", ["channels_last", pytest.param("channels_first", marks=pytest.mark.sweep)]
)
def test_rand_augment(args, value_range, data_format):
    if data_format == "channels_first" and args == {}:
        args = {"num_ops": 2}
    args = args | {"value_range": value_range, "data_format": data_format, "seed": 5}
    ours, theirs = pair("RandAugment", args)
    check_config(ours, theirs)
    check_config(type(ours).from_config(theirs.get_config()), theirs)
    x = batch(value_range, data_format)
    wrong = {9} if data_format == "channels_first" else set()  # Keras's AutoContrast
    for i in range(6):
        drawn = theirs.get_random_transformation({"images": x})
        chosen = [(i + 2 * k) % 11 for k in range(ours.num_ops)]
        if not wrong & set(chosen):
            check_same(ours, theirs, x, drawn | {"layer_idxes": torch.tensor(chosen)})
    assert ours(x).shape == x.shape
    assert torch.equal(ours(x, training=False), x)


@pytest.mark.parametrize("index", range(11))
def test_rand_augment_moves_all_that_belongs_together(index):
    ours, theirs = pair("RandAugment", {"num_ops": 1, "bounding_box_format": "xyxy", "seed": 1})
    x = batch(count=2)
    boxes = {"boxes": torch.tensor([[[1.0, 1, 4, 5]]] * 2), "labels": torch.tensor([[1], [0]])}
    masks = torch.tensor(images(2, 10, 12, 1, low=0, high=3, dtype="int32")).float()
    drawn = theirs.get_random_transformation({"images": x}) | {"layer_idxes": torch.tensor([index])}
    for hook, value in (
        ("transform_bounding_boxes", boxes),
        ("transform_segmentation_masks", masks),
        ("transform_labels", torch.eye(2)),
    ):
        got, want = (
            getattr(layer, hook)(copy.deepcopy(value), copy.deepcopy(drawn))
            for layer in (ours, theirs)
        )
        assert_close(got, want, atol=1e-4)


def test_rand_augment_draws():
    layer = torchkeras.layers.RandAugment(num_ops=4, seed=1)
    x = batch(count=3)
    seen = set()
    for _ in range(60):
        drawn = layer.get_random_transformation(x)
        names = [layer._names[i] for i in drawn["layer_idxes"].tolist()]
        assert len(names) == 4 and set(names) == set(drawn["transforms"])
        seen |= set(names)
    assert seen == set(layer._names)
    assert layer.get_random_transformation(x, training=False) is None


MIX = [
    {},
    {"num_chains": 1, "chain_depth": 1},
    {"num_chains": 4, "chain_depth": 2, "alpha": 0.3},
    {"factor": 1.0},
    {"factor": (0.1, 0.4), "all_ops": False},
    {"interpolation": "nearest", "alpha": 3.0},
    {"chain_depth": 5, "factor": 0.05},
    {"chain_depth": 0},
]


@pytest.mark.parametrize("args", MIX)
@pytest.mark.parametrize("value_range", RANGES)
@pytest.mark.parametrize("data_format", FORMATS)
def test_aug_mix(args, value_range, data_format):
    args = args | {"value_range": value_range, "data_format": data_format, "seed": 5}
    ours, theirs = pair("AugMix", args)
    check_config(ours, theirs)
    check_config(type(ours).from_config(theirs.get_config()), theirs)
    x = batch(value_range, data_format)
    theirs(x.clone())  # which builds it
    for source in (ours, theirs, theirs, ours):
        drawn = source.get_random_transformation({"images": x})
        names = {step["layer_name"] for chain in drawn["chain_transforms"] for step in chain}
        if data_format == "channels_last" or "auto_contrast" not in names:
            check_same(ours, theirs, x, drawn)
    assert ours(x).shape == x.shape
    assert torch.equal(ours(x, training=False), x)


def test_aug_mix_of_what_belongs_together():
    ours, theirs = pair("AugMix", {"bounding_box_format": "xyxy", "seed": 1})
    x = batch(count=2)
    theirs(x.clone())
    boxes = {"boxes": torch.tensor([[[1.0, 1, 4, 5]]] * 2), "labels": torch.tensor([[1], [0]])}
    masks = torch.tensor(rand(2, 10, 12, 1))
    for source in (ours, theirs):
        drawn = source.get_random_transformation({"images": x})
        got, want = (
            layer.transform_segmentation_masks(masks, copy.deepcopy(drawn))
            for layer in (ours, theirs)
        )
        assert_close(got, want, atol=1e-5)
        assert same_data(ours.transform_bounding_boxes(boxes, drawn), boxes)
        assert ours.transform_labels(masks, drawn) is masks


def test_aug_mix_draws():
    layer = torchkeras.layers.AugMix(num_chains=5, chain_depth=4, all_ops=False, seed=1)
    x = batch(count=2)
    lengths, names = set(), set()
    for _ in range(40):
        drawn = layer.get_random_transformation(x)
        assert_close(drawn["chain_mixing_weights"].sum(), torch.tensor(1.0))
        assert 0 <= drawn["weight_sample"] <= 1
        assert len(drawn["chain_transforms"]) == 5
        for chain in drawn["chain_transforms"]:
            lengths.add(len(chain))
            names |= {step["layer_name"] for step in chain}
    assert lengths >= {3, 4} and max(lengths) == 4
    assert names == {
        "random_shear",
        "random_translation",
        "random_rotation",
        "random_posterization",
        "solarization",
        "auto_contrast",
        "equalization",
    }


@pytest.mark.parametrize("name", ["RandAugment", "AugMix"])
@pytest.mark.parametrize("dtype", ["uint8", "int32"])
def test_integers(name, dtype):
    x = torch.tensor(images(2, 8, 8, 3, dtype=dtype))
    ours, theirs = pair(name, {"seed": 2})
    for training in (True, False):
        got, want = (layer(x.clone(), training=training) for layer in (ours, theirs))
        assert got.dtype == want.dtype and got.shape == want.shape
    np.testing.assert_array_equal(ours(x, training=False), theirs(x, training=False))


@pytest.mark.parametrize("name", ["RandAugment", "AugMix"])
def test_low_precision(name):
    layer = getattr(torchkeras.layers, name)(value_range=(0, 1), dtype="float16", seed=2)
    for _ in range(10):
        out = layer(batch((0, 1), count=2))
        assert out.dtype == torch.float16 and torch.isfinite(out).all()


@pytest.mark.parametrize("name", ["RandAugment", "AugMix"])
def test_seed(name):
    """A seed settles the choices, too (those of Keras's AugMix come from elsewhere)."""
    x = batch(count=2)
    make = getattr(torchkeras.layers, name)
    a, b, c = make(seed=4), make(seed=4), make(seed=5)
    runs = [[layer(x) for _ in range(5)] for layer in (a, b, c)]
    assert all(torch.equal(p, q) for p, q in zip(runs[0], runs[1], strict=True))
    assert not all(torch.equal(p, q) for p, q in zip(runs[0], runs[2], strict=True))


@pytest.mark.parametrize(
    ("name", "args", "text"),
    [
        ("RandAugment", {"factor": 2}, r"factor must be .* in the range \[0, 1\]"),
        ("RandAugment", {"num_ops": -1}, "num_ops must be an integer >= 0"),
        ("RandAugment", {"num_ops": 2.5}, "num_ops must be an integer >= 0"),
        ("RandAugment", {"interpolation": "x"}, "interpolation must be one of"),
        ("RandAugment", {"value_range": 3}, "value_range must be a list of two numbers"),
        ("AugMix", {"factor": -1}, r"factor must be .* in the range \[0, 1\]"),
        ("AugMix", {"num_chains": 0}, "num_chains must be a positive integer"),
        ("AugMix", {"chain_depth": -1}, "chain_depth must be an integer >= 0"),
        ("AugMix", {"alpha": -1}, "alpha must be a number above 0"),
        ("AugMix", {"interpolation": "x"}, "interpolation must be one of"),
    ],
)
def test_bad_arguments(name, args, text):
    with pytest.raises(ValueError, match=f"{name}: {text}"):
        getattr(torchkeras.layers, name)(**args)
