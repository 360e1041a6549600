import keras as reference
import numpy as np
import pytest
import torch
from image_oracle import FORMATS, check_data, data, image

import torchkeras as keras
from oracle import assert_close, check_config, check_layer, clear_names

# Of images of 9 x 12: within, of one side, of both, larger.
SIZES = [(3, 4), (4, 5), (9, 12), (12, 12), (20, 30), (12, 4), (4, 20), (10, 5), (9, 13), (1, 1)]


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_center(size, data_format):
    for shape in ((2, 9, 12, 3), (2, 12, 9, 3), (1, 8, 8, 1)):
        args = {"height": size[0], "width": size[1], "data_format": data_format}
        check_layer("CenterCrop", args, image(*shape, data_format=data_format))


@pytest.mark.parametrize("name", ["CenterCrop", "RandomCrop"])
@pytest.mark.parametrize("dtype", ["uint8", "int32", "float16", "float64"])
def test_dtypes(dtype, name):
    x = image(2, 9, 12, 3, dtype=dtype)
    for size in ((4, 5), (12, 20)):
        for policy in (None, "float16"):
            args = {"height": size[0], "width": size[1]} | (
                {"seed": 1} if name == "RandomCrop" else {}
            )
            check_layer(
                name, args, x, dtype=policy, training=True, grads=False,
                values=name == "CenterCrop",
            )  # fmt: skip


@pytest.mark.parametrize("form", ["xyxy", "yxyx", "xywh", "center_xywh", "rel_xyxy", "rel_xywh"])
def test_center_dicts(form):
    for size in SIZES:
        for batch in (True, False):
            outs = [
                lib.layers.CenterCrop(*size, bounding_box_format=form)(data(batch, form))
                for lib in (keras, reference)
            ]
            # Keras mixes the values of masks where it enlarges.
            larger = size[0] > 9 or size[1] > 12
            check_data(*outs, without=("segmentation_masks",) * larger)


@pytest.mark.parametrize("name", ["CenterCrop", "RandomCrop"])
def test_masks_keep_their_classes(name):
    got = getattr(keras.layers, name)(20, 30, bounding_box_format="xyxy")(data())
    masks = got["segmentation_masks"]
    assert masks.shape == (2, 20, 30, 1)
    assert set(masks.unique().tolist()) <= {0, 1, 2, 3, 4}


def ramp(height: int, width: int) -> torch.Tensor:
    """Images whose two channels are the row and the column of each pixel."""
    rows, columns = torch.arange(float(height)), torch.arange(float(width))
    return torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1)[None]


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_random(size, data_format):
    """What is drawn, cut out by Keras at the same place, is the same image."""
    x = ramp(9, 12)
    images = x.permute(0, 3, 1, 2) if data_format == "channels_first" else x
    ours, theirs = (
        lib.layers.RandomCrop(*size, seed=1, data_format=data_format) for lib in (keras, reference)
    )
    for _ in range(3):
        drawn = ours.get_random_transformation(images)
        top, left = drawn["window"][:2]
        assert 0 <= top <= max(9 - size[0], 0) and 0 <= left <= max(12 - size[1], 0)
        got = ours.transform_images(images, drawn)
        assert_close(got, theirs.transform_images(images, (top, left)))
        single = ours.transform_single_image(images[0], drawn)
        assert_close(single, got[0])


def test_random_covers_all_places():
    layer = keras.layers.RandomCrop(7, 10, seed=0)
    places = {layer.get_random_transformation(ramp(9, 12))["window"][:2] for _ in range(200)}
    assert places == {(i, j) for i in range(3) for j in range(3)}


def test_random_stream():
    x = ramp(40, 40)
    a, b = (keras.layers.RandomCrop(5, 5, seed=7) for _ in range(2))
    first, second = a(x), a(x)
    assert torch.equal(first, b(x)) and torch.equal(second, b(x))
    assert not torch.equal(first, second)
    batch = a(x.expand(3, -1, -1, -1))
    assert torch.equal(batch[0], batch[2])
    keras.utils.set_random_seed(3)
    c = keras.layers.RandomCrop(5, 5)
    keras.utils.set_random_seed(3)
    assert keras.layers.RandomCrop(5, 5).seed == c.seed
    assert [v.path.split("/")[-1] for v in c.variables] == ["seed_generator_state"]


def test_random_dicts():
    """Boxes go where their pixels go."""
    for size in SIZES[:-1]:
        layer = keras.layers.RandomCrop(*size, bounding_box_format="xyxy", seed=2)
        boxes = {"boxes": np.array([[[2, 3, 7, 8], [0, 0, 12, 9.0]]]), "labels": np.array([[1, 2]])}
        values = {"images": ramp(9, 12), "bounding_boxes": boxes, "labels": np.array([4])}
        got = layer({**values, "segmentation_masks": ramp(9, 12)}, training=True)
        assert got["images"].shape[1:3] == size and got["labels"].tolist() == [4]
        # On a ramp, the edges of a box are where the pixels' coordinates say.
        image, box = got["images"][0], got["bounding_boxes"]["boxes"][0, 0]
        step_y = (image[-1, 0, 0] - image[0, 0, 0]) / max(size[0] - 1, 1)
        step_x = (image[0, -1, 1] - image[0, 0, 1]) / max(size[1] - 1, 1)
        left, top, right, bottom = box.tolist()
        inside_x, inside_y = 0 < left < right < size[1], 0 < top < bottom < size[0]
        drawn = image[size[0] // 2, size[1] // 2]
        if inside_x and size[1] <= 12:
            assert left + drawn[1] - size[1] // 2 * step_x == pytest.approx(2, abs=1e-4)
        if inside_y and size[0] <= 9:
            assert bottom + drawn[0] - size[0] // 2 * step_y == pytest.approx(8, abs=1e-4)
        assert got["bounding_boxes"]["boxes"][0, 1].tolist() == [0, 0, size[1], size[0]]


def test_random_enlarges_boxes():
    layer = keras.layers.RandomCrop(18, 24, bounding_box_format="xyxy")
    got = layer(data())["bounding_boxes"]
    torch.testing.assert_close(got["boxes"], torch.tensor(data()["bounding_boxes"]["boxes"]) * 2)


def test_boxes_outside_lose_their_label():
    layer = keras.layers.RandomCrop(4, 5, bounding_box_format="xyxy")
    boxes = {
        "boxes": torch.tensor([[[0.0, 0, 2, 2], [5, 5, 7, 7]]]),
        "labels": torch.tensor([[1, 2]]),
    }
    got = layer.transform_bounding_boxes(boxes, {"window": (4, 4, 4, 5), "size": (9, 12)})
    assert got["labels"].tolist() == [[-1, 2]]
    assert got["boxes"][0, 1].tolist() == [1, 1, 3, 3]


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_random_outside_of_training(dtype):
    outs = [
        lib.layers.RandomCrop(4, 5, bounding_box_format="xyxy", seed=1)(
            data(dtype=dtype), training=False
        )
        for lib in (keras, reference)
    ]
    check_data(*outs, without=("segmentation_masks",))  # which Keras cuts all the same
    assert torch.equal(outs[0]["segmentation_masks"], torch.tensor(data()["segmentation_masks"]))


def test_config():
    for args in ({"height": 3, "width": 4}, {"height": 3, "width": 4, "bounding_box_format": "xywh",
                 "data_format": "channels_first", "dtype": "float16"}):  # fmt: skip
        clear_names()
        check_config(*(lib.layers.CenterCrop(**args) for lib in (keras, reference)))
        check_config(*(lib.layers.RandomCrop(**args, seed=5) for lib in (keras, reference)))


def test_in_a_model(tmp_path):
    x = image(4, 9, 11, 3)
    for ours, theirs in ((keras, reference), (reference, keras)):
        inputs = ours.Input((9, 11, 3))
        outputs = ours.layers.CenterCrop(6, 6)(ours.layers.RandomCrop(9, 11, seed=1)(inputs))
        model = ours.Model(inputs, outputs)
        assert model.output_shape == (None, 6, 6, 3)
        model.save(tmp_path / "m.keras")
        loaded = theirs.models.load_model(tmp_path / "m.keras")
        assert_close(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def test_shapes():
    for name in ("CenterCrop", "RandomCrop"):
        layer = getattr(keras.layers, name)(3, 4)
        assert layer.compute_output_shape((None, None, None, 3)) == (None, 3, 4, 3)
        assert layer.compute_output_shape((9, 12, 3)) == (3, 4, 3)
        assert layer(keras.Input((None, None, 3))).shape == (None, 3, 4, 3)


@pytest.mark.parametrize("name", ["CenterCrop", "RandomCrop"])
def test_wrong_arguments(name):
    make = getattr(keras.layers, name)
    for bad in (0, -1, 1.5, "4", None):
        with pytest.raises(ValueError, match=f"{name}: height must be a positive integer"):
            make(bad, 4)
        with pytest.raises(ValueError, match=f"{name}: width must be a positive integer"):
            make(4, bad)
    with pytest.raises(ValueError, match="data_format must be one of"):
        make(4, 4, data_format="rows")
    with pytest.raises(ValueError, match=r"images must have rank 3 \(one image\) or 4"):
        make(4, 4)(torch.ones(4, 3))
    if name == "RandomCrop":
        with pytest.raises(ValueError, match="seed must be an integer"):
            make(4, 4, seed="a")
