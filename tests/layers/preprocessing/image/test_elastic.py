"""RandomElasticTransform against real Keras, whose fields come from torch's global stream."""

import pytest
import torch
from geometry_oracle import check_draws, check_whole_call, fresh, images, masks, pair

import torchkeras
from oracle import LOW_PRECISION, assert_close, check_config, rand
from torchkeras.random import seed_generator

MODES = ["reflect", "constant", "wrap", "nearest", "mirror"]


@pytest.mark.parametrize("scale", [1.0, (0.4, 0.8)])
@pytest.mark.parametrize("fill_mode", MODES)
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_like_keras(scale, fill_mode, interpolation, data_format, monkeypatch):
    args = {"factor": (0.6, 1.0), "scale": scale, "fill_mode": fill_mode, "seed": 3,
            "interpolation": interpolation, "fill_value": 7.0}  # fmt: skip
    ours, theirs = pair("RandomElasticTransform", args, data_format=data_format)
    check_config(ours, theirs)
    check_config(type(theirs).from_config(ours.get_config()), theirs)
    monkeypatch.setattr(seed_generator, "_STRIDE", 1)
    x = images(data_format=data_format)
    drawn = {**check_draws(ours, theirs, x, counters=False), "seed": None}
    for hook, data in (("images", x), ("segmentation_masks", masks(data_format=data_format))):
        outs = []
        for layer in (ours, theirs):
            torch.manual_seed(5)
            outs.append(getattr(layer, f"transform_{hook}")(data, fresh(drawn), training=True))
        assert_close(*outs, 1e-5, 1e-5, hook)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("pixels", ["float32", "uint8"])
@pytest.mark.parametrize("value_range", [(0, 255), (50, 100)])
def test_dtypes_and_range(dtype, pixels, value_range):
    args = {"factor": (1, 1), "scale": (0.5, 0.5), "value_range": value_range}
    ours, theirs = pair("RandomElasticTransform", args, dtype=dtype)
    x = images(dtype=pixels)
    drawn = {**ours.get_random_transformation(x), "seed": None}
    outs = []
    for layer in (ours, theirs):
        torch.manual_seed(5)
        outs.append(layer.transform_images(x, fresh(drawn), training=True))
    assert outs[0].dtype is outs[1].dtype is getattr(torch, dtype)
    # Where coordinates are narrow in Keras, they are not here.
    wide = LOW_PRECISION.get(dtype, 0) * 10 or 1e-5
    assert_close(*outs, wide, wide)
    assert outs[0].min() >= value_range[0]
    assert outs[0].max() <= value_range[1]


def test_masks_are_warped_with_their_images():
    """In Keras by another field, and held to the images' range."""
    x = images(2)
    layer = torchkeras.layers.RandomElasticTransform((1, 1), (1, 1), "nearest", seed=1)
    out = layer({"images": x, "segmentation_masks": x})
    assert not torch.equal(out["images"], x)
    assert torch.equal(out["images"], out["segmentation_masks"])
    narrow = torchkeras.layers.RandomElasticTransform((1, 1), value_range=(0, 1))
    m = torch.full((2, 6, 8, 1), 4)
    assert torch.equal(narrow({"images": x, "segmentation_masks": m})["segmentation_masks"], m)


def test_seeds():
    x = images(2)
    a, b = (torchkeras.layers.RandomElasticTransform((1, 1), seed=7) for _ in range(2))
    first = a(x)
    assert torch.equal(first, b(x))
    assert not torch.equal(first, a(x))


@pytest.mark.parametrize("size", [(10, 20), (20, 10), (7, 7)])
def test_parameters(size):
    ours, theirs = pair("RandomElasticTransform", {})
    for factor in (0.0, 0.3, 1.0):
        got, want = (o.get_elastic_transform_params(*size, factor) for o in (ours, theirs))
        assert got == pytest.approx(want)


def test_whole_call():
    check_whole_call("RandomElasticTransform", {"factor": (1, 1)}, has_boxes=False)


def test_boxes_are_refused():
    layer = torchkeras.layers.RandomElasticTransform(bounding_box_format="xyxy")
    data = {"images": images(1), "bounding_boxes": {"boxes": torch.ones(1, 1, 4),
                                                    "labels": torch.ones(1, 1)}}  # fmt: skip
    with pytest.raises(NotImplementedError, match="define transform_bounding_boxes"):
        layer(data)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"factor": -0.5}, "factor must be a number"),
        ({"scale": 2.0}, r"scale must be a number.*\[0, 1\].*scale=2.0"),
        ({"fill_mode": "edge"}, "fill_mode must be one of 'reflect', .*'mirror'"),
        ({"interpolation": "cubic"}, "interpolation must be one of"),
    ],
)
def test_bad_input(args, message):
    with pytest.raises(ValueError, match=f"RandomElasticTransform: {message}"):
        torchkeras.layers.RandomElasticTransform(**args)


@pytest.mark.parametrize("options", [{"scale": 0}, {"factor": 0}])
def test_nothing_moves(options):
    x = rand(6, 6, 1, low=0, high=255, dtype="int32")
    for seed in range(6):  # some of which choose to warp
        out = torchkeras.layers.RandomElasticTransform(seed=seed, **options)(x)
        assert torch.equal(out, torch.tensor(x).float())
