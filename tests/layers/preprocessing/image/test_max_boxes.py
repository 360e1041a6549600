"""MaxNumBoundingBoxes against real Keras."""

import keras
import pytest
import torch
from geometry_oracle import boxes as some_boxes
from geometry_oracle import images, masks, pair

import torchkeras
from oracle import assert_close, check_config, clear_names


@pytest.mark.parametrize("number", [1, 5, 6, 9])
@pytest.mark.parametrize("fill_value", [-1, -5, 0])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_like_keras(number, fill_value, training, dtype):
    args = {"max_number": number, "fill_value": fill_value}
    ours, theirs = pair("MaxNumBoundingBoxes", args, bounding_box_format="xyxy", dtype=dtype)
    data = {"images": images(), "labels": torch.arange(3), "segmentation_masks": masks(),
            "bounding_boxes": some_boxes()}  # fmt: skip
    one = {k: v[0] for k, v in data.items() if k != "bounding_boxes"}
    one["bounding_boxes"] = {k: v[0] for k, v in data["bounding_boxes"].items()}
    for given in (data, one):
        outs = []
        for layer in (ours, theirs):
            copied = {**given, "bounding_boxes": dict(given["bounding_boxes"])}
            outs.append(layer(copied, training=training))
        assert_close(*outs)
        types = [{k: t.dtype for k, t in o["bounding_boxes"].items()} for o in outs]
        assert types[0] == types[1]
    x = torch.zeros(2, 4, 4, 3, dtype=torch.uint8)
    assert ours(x) is x


@pytest.mark.parametrize("number", [1, 5, 6, 9])
def test_shapes(number):
    ours, theirs = pair("MaxNumBoundingBoxes", {"max_number": number}, bounding_box_format="xyxy")
    boxes = {"boxes": (None, 7, 4), "labels": (None, 7)}
    got, want = (
        o.compute_output_shape({"images": (None, 4, 4, 3), "bounding_boxes": dict(boxes)})
        for o in (ours, theirs)
    )
    assert got["images"] == want["images"]
    for key in ("boxes", "labels"):
        assert tuple(got["bounding_boxes"][key]) == tuple(want["bounding_boxes"][key])
    assert ours.compute_output_shape((None, 4, 4, 3)) == (None, 4, 4, 3)


def test_config():
    """Keras's loses the fill value: it is written only if it is not -1."""
    ours, theirs = pair("MaxNumBoundingBoxes", {"max_number": 3})
    check_config(ours, theirs)
    clear_names()
    check_config(type(ours).from_config(theirs.get_config()), theirs)
    other = torchkeras.layers.MaxNumBoundingBoxes(3, fill_value=0)
    again = torchkeras.layers.MaxNumBoundingBoxes.from_config(other.get_config())
    assert again.fill_value == 0
    assert keras.layers.MaxNumBoundingBoxes.from_config(other.get_config()).fill_value == 0


@pytest.mark.parametrize("number", [0, -1, 2.5, "x", None])
def test_bad_number(number):
    with pytest.raises(ValueError, match="max_number must be a positive integer"):
        torchkeras.layers.MaxNumBoundingBoxes(number)
