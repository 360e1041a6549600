import json
from pathlib import Path

import numpy as np
import pytest
import torch
from image_oracle import DTYPES, FORMATS, check_image_op, image

import torchkeras as keras
from oracle import assert_close

resize = keras.ops.image.resize
SIZES = [(3, 4), (9, 11), (4, 13), (7, 8)]
SHAPES = [(7, 8, 3), (2, 7, 8, 3)]


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("shape", SHAPES, ids=len)
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
def test_against_keras(interpolation, antialias, shape, data_format):
    for size in SIZES:
        x = image(*shape, data_format=data_format)
        check_image_op("resize", x, size, interpolation, antialias, data_format=data_format)


@pytest.mark.parametrize("dtype", [*DTYPES, "int8", "int16", "int64", "bool"])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
def test_dtypes(interpolation, dtype):
    x = (image(2, 7, 8, 3) > 0.5) * (80 if dtype == "int8" else 1 if dtype == "bool" else 250)
    for size in SIZES:
        for antialias in (False, True):
            check_image_op(
                "resize", x.astype(dtype), size, interpolation, antialias, grads=False,
                symbolic=not antialias,
            )  # fmt: skip


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("way", ["crop_to_aspect_ratio", "pad_to_aspect_ratio"])
@pytest.mark.parametrize("shape", [(7, 12, 3), (2, 12, 7, 3), (2, 6, 6, 3)], ids=str)
def test_proportions(shape, way, data_format):
    for size in [(4, 4), (5, 9), (9, 5), (3, 8), (13, 2), (20, 21)]:
        for fill_value in (0.0, 3.7, 200):
            kwargs = {way: True, "fill_value": fill_value, "data_format": data_format}
            check_image_op("resize", image(*shape, data_format=data_format), size, **kwargs)
            x = image(*shape, data_format=data_format, dtype="uint8")
            check_image_op("resize", x, size, grads=False, **kwargs)


@pytest.mark.parametrize("case", range(16))
def test_lanczos(case):
    """Recorded from Keras on TensorFlow; on torch it has none."""
    row = json.loads(Path(__file__).with_name("lanczos.json").read_text())[case]
    x = np.random.RandomState(0).rand(*row["shape"]).astype("float32")
    got = resize(x, row["size"], row["interpolation"], antialias=row["antialias"])
    assert_close(got, np.array(row["output"], "float32"), 1e-5, 1e-5)
    first = resize(
        x.transpose(2, 0, 1), row["size"], row["interpolation"], row["antialias"],
        data_format="channels_first",
    )  # fmt: skip
    assert_close(first.permute(1, 2, 0), got)
    symbol = resize(keras.KerasTensor((None, *row["shape"])), row["size"], row["interpolation"])
    assert symbol.shape == (None, *got.shape)


def test_lanczos_after_inference_mode():
    x = torch.rand(5, 6, 1, dtype=torch.float64, requires_grad=True)
    with torch.inference_mode():
        resize(x, (17, 19), "lanczos3")
    resize(x, (17, 19), "lanczos3").sum().backward()
    assert x.grad.shape == x.shape


def test_lanczos_of_integers():
    x = (np.random.default_rng(0).uniform(size=(6, 6, 3)) > 0.5) * np.uint8(255)
    got = resize(x, (9, 9), "lanczos5")
    exact = resize(x.astype("float64"), (9, 9), "lanczos5")
    assert got.dtype is torch.uint8
    assert torch.equal(got, exact.round().clamp(0, 255).to(torch.uint8))


def test_integers_saturate():
    """Keras wraps around: white next to black."""
    x = torch.tensor([[120, 120, -120, -120] * 2] * 8, dtype=torch.int8)[..., None]
    assert resize(x, (16, 16), "bicubic").int().max() == 127
    got = resize(x.to(torch.uint8), (8, 4), pad_to_aspect_ratio=True, fill_value=-1)
    assert got[0, 0, 0] == 0


def test_photograph(photograph):
    for interpolation in ("nearest", "bilinear", "bicubic"):
        for dtype in ("uint8", "float32"):
            check_image_op(
                "resize", photograph.astype(dtype), (224, 224), interpolation, True,
                crop_to_aspect_ratio=True, grads=False,
            )  # fmt: skip


def test_forms_of_size():
    x = torch.rand(7, 8, 3)
    want = resize(x, (4, 5))
    for size in ([4, 5], np.array([4, 5]), torch.tensor([4, 5]), (4.0, 5)):
        assert torch.equal(resize(x, size), want)


def test_channels_last_stays_so_in_memory():
    assert resize(torch.rand(2, 7, 8, 3), (4, 5)).is_contiguous()


def test_wrong_arguments():
    x = torch.ones(2, 4, 4, 3)
    with pytest.raises(ValueError, match="interpolation must be one of 'nearest'"):
        resize(x, (2, 2), "area")
    with pytest.raises(ValueError, match="fill_mode must be one of 'constant'"):
        resize(x, (2, 2), pad_to_aspect_ratio=True, fill_mode="reflect")
    with pytest.raises(ValueError, match="only one of crop_to_aspect_ratio and pad_to_aspect"):
        resize(x, (2, 2), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True)
    for size in (4, None, (4,), (4, 4, 4), (0, 3), (-1, 3), (2.5, 3), "ab"):
        with pytest.raises(ValueError, match="size must be"):
            resize(x, size)
    for bad in (x[0, 0], x[None]):
        with pytest.raises(ValueError, match="images must have 3 dimensions"):
            resize(bad, (2, 2))
    with pytest.raises(ValueError, match="data_format must be one of"):
        resize(x, (2, 2), data_format="rows")
