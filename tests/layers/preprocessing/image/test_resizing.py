import keras as reference
import numpy as np
import pytest
import torch
from image_oracle import FORMATS, check_data, data, image

import torchkeras as keras
from oracle import assert_close, check_config, check_layer, clear_names

ARGS = [
    {}, {"interpolation": "nearest"}, {"interpolation": "bicubic"}, {"antialias": True},
    {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True, "fill_value": 3.5},
    {"interpolation": "bicubic", "antialias": True}, {"interpolation": "nearest",
    "pad_to_aspect_ratio": True}, {"crop_to_aspect_ratio": True, "antialias": True},
]  # fmt: skip
SIZES = [(4, 5), (12, 9), *(pytest.param(s, marks=pytest.mark.sweep) for s in [(6, 6), (3, 14)])]


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("args", ARGS, ids=str)
@pytest.mark.parametrize("size", SIZES)
def test_against_keras(size, args, data_format):
    kwargs = {"height": size[0], "width": size[1], "data_format": data_format, **args}
    check_layer("Resizing", kwargs, image(2, 7, 8, 3, data_format=data_format))


@pytest.mark.parametrize(
    "dtype",
    ["uint8", "float16", *(pytest.param(d, marks=pytest.mark.sweep) for d in ("int32", "float64"))],
)
def test_dtypes(dtype):
    x = image(2, 7, 8, 3, dtype=dtype)
    for args in ARGS:
        for policy in (None, "float16"):
            kwargs = {"height": 5, "width": 11, **args}
            check_layer("Resizing", kwargs, x, dtype=policy, grads=False, symbolic=False)


def test_one_image():
    for data_format in FORMATS:
        x = image(7, 8, 3, data_format=data_format)
        a, b = (lib.layers.Resizing(5, 6, data_format=data_format)(x) for lib in (keras, reference))
        assert_close(a, b)
        pillow = image(7, 8, 3, dtype="uint8")
        assert keras.layers.Resizing(5, 6)(np.asarray(pillow)).dtype is torch.uint8


@pytest.mark.parametrize("form", ["xyxy", "yxyx", "xywh", "center_xywh", "rel_xyxy", "rel_xywh"])
@pytest.mark.parametrize("args", [{}, *ARGS[4:6]], ids=str)
def test_dicts(args, form):
    for size in [(6, 6), (18, 18), (4, 12), (12, 4), (7, 5), (11, 13), (5, 31)]:
        for batch in (True, False):
            outs = [
                lib.layers.Resizing(*size, bounding_box_format=form, **args)(data(batch, form))
                for lib in (keras, reference)
            ]
            check_data(*outs)


def test_config():
    for args in (*ARGS, {"bounding_box_format": "xyxy"}, {"data_format": "channels_first"}):
        clear_names()
        check_config(*(lib.layers.Resizing(3, 4, **args) for lib in (keras, reference)))


def test_lanczos():
    x = image(2, 7, 8, 3)
    got = keras.layers.Resizing(5, 6, "lanczos3")(x)
    assert_close(got, keras.ops.image.resize(x, (5, 6), "lanczos3"))


def test_in_a_model(tmp_path):
    x = image(4, 9, 11, 3, dtype="uint8")
    for ours, theirs in ((keras, reference), (reference, keras)):
        inputs = ours.Input((None, None, 3))
        outputs = ours.layers.Rescaling(1 / 255)(ours.layers.Resizing(8, 8)(inputs))
        model = ours.Model(inputs, outputs)
        assert model.output_shape == (None, 8, 8, 3)
        model.save(tmp_path / "m.keras")
        loaded = theirs.models.load_model(tmp_path / "m.keras")
        assert_close(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def test_as_map_of_a_dataset(photograph):
    """In a loader's workers a layer is called on one image after the other."""
    layer = keras.layers.Resizing(32, 48, crop_to_aspect_ratio=True)
    images = [layer(photograph[i:, i:]) for i in range(3)]
    assert torch.stack(images).shape == (3, 32, 48, 3)
    assert images[0].dtype is torch.uint8


def test_wrong_arguments():
    make = keras.layers.Resizing
    for bad in (0, -1, 1.5, "4", None):
        with pytest.raises(ValueError, match="height must be a positive integer"):
            make(bad, 4)
        with pytest.raises(ValueError, match="width must be a positive integer"):
            make(4, bad)
    with pytest.raises(ValueError, match="interpolation must be one of 'nearest'"):
        make(4, 4, "area")
    with pytest.raises(ValueError, match="fill_mode must be one of 'constant'"):
        make(4, 4, fill_mode="reflect")
    with pytest.raises(ValueError, match="only one of crop_to_aspect_ratio and pad_to_aspect"):
        make(4, 4, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True)
    with pytest.raises(ValueError, match="data_format must be one of"):
        make(4, 4, data_format="rows")
    with pytest.raises(ValueError, match=r"images must have rank 3 \(one image\) or 4"):
        make(4, 4)(torch.ones(4, 3))
    with pytest.raises(ValueError, match="data with 'bounding_boxes' need a format"):
        make(4, 4)(data())
