"""Masks against real Keras; boxes and galleries by what they show."""

import keras
import matplotlib
import numpy as np
import pytest

import torchkeras

matplotlib.use("Agg")
v = torchkeras.visualization
DRAW = np.random.RandomState(0)
IMAGES = (DRAW.rand(2, 20, 30, 3) * 255).astype("float32")
MASKS = DRAW.randint(0, 5, (2, 20, 30, 1))
COLORS = {0: (9, 9, 9), 1: (1, 2, 3), 2: (4, 5, 6), 3: (7, 8, 9), 4: (250, 0, 9), 5: (0, 1, 0)}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"alpha": 0.5},
        {"alpha": 0.0},
        {"alpha": 1.0},
        {"blend": False},
        {"ignore_index": 3},
        {"ignore_index": 0, "blend": False},
        {"color_mapping": COLORS},
        {"color_mapping": COLORS, "blend": False},
    ],
    ids=str,
)
def test_masks_as_real_keras(options):
    got, want = (
        lib.visualization.draw_segmentation_masks(IMAGES, MASKS, num_classes=6, **options)
        for lib in (torchkeras, keras)
    )
    assert got.dtype == "uint8"
    assert np.abs(got.astype(int) - np.asarray(want).astype(int)).max() <= 1  # of rounding


def test_masks_without_a_channel_and_channels_first():
    want = v.draw_segmentation_masks(IMAGES, MASKS)
    np.testing.assert_array_equal(v.draw_segmentation_masks(IMAGES, MASKS[..., 0]), want)
    first = IMAGES.transpose(0, 3, 1, 2)
    got = v.draw_segmentation_masks(first, MASKS[..., 0], data_format="channels_first")
    np.testing.assert_array_equal(got.transpose(0, 2, 3, 1), want)


def test_boxes():
    images = np.zeros((1, 20, 30, 3), "uint8")
    boxes = {"boxes": [[[5, 4, 15, 12], [0, 0, 3, 3]]], "labels": [[1, -1]]}
    boxes = {k: np.array(x) for k, x in boxes.items()}
    out = v.draw_bounding_boxes(images, boxes, "xyxy", color=(255, 0, 0), line_thickness=1)
    rows, columns = np.nonzero(out[0, ..., 0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 12, 5, 15)
    assert out[0, 8, 10].tolist() == [0, 0, 0] and not out[..., 1:].any()
    same = {**boxes, "boxes": np.array([[[5, 4, 10, 8], [0, 0, 3, 3]]])}
    again = v.draw_bounding_boxes(images, same, "xywh", color=(255, 0, 0), line_thickness=1)
    np.testing.assert_array_equal(again, out)
    named = {**boxes, "confidences": np.array([[0.5, 0.1]])}
    written = v.draw_bounding_boxes(images, named, "xyxy", {1: "cat"}, (255, 0, 0))
    assert written[..., 0].astype(bool).sum() > out[..., 0].astype(bool).sum()
    first = v.draw_bounding_boxes(
        images.transpose(0, 3, 1, 2), boxes, "xyxy", color=(255, 0, 0), line_thickness=1,
        data_format="channels_first",
    )  # fmt: skip
    np.testing.assert_array_equal(first.transpose(0, 2, 3, 1), out)


@pytest.mark.parametrize(
    ("options", "grid"), [({}, (2, 3)), ({"rows": 1}, (1, 5)), ({"cols": 2}, (3, 2))], ids=str
)
def test_gallery(options, grid):
    plt = matplotlib.pyplot
    images = DRAW.rand(5, 4, 4, 3)
    v.plot_image_gallery(images, y_true=[0] * 5, y_pred=[1] * 5, label_map={0: "a", 1: "b"},
                         value_range=(0, 1), show=False, **options)  # fmt: skip
    figure = plt.gcf()
    assert figure.axes[0].get_gridspec().get_geometry() == grid
    assert figure.axes[0].get_title() == "true: a\npredicted: b"
    shown = np.asarray(figure.axes[1].images[0].get_array())
    np.testing.assert_array_equal(shown, (images[1].astype("float32") * 255).astype("uint8"))
    plt.close(figure)


def test_galleries_in_files(tmp_path):
    boxes = {"boxes": np.array([[[5, 4, 15, 12]]] * 2), "labels": np.array([[1]] * 2)}
    v.plot_bounding_box_gallery(IMAGES, "xyxy", y_true=boxes, y_pred=boxes, legend=True,
                                class_mapping={1: "cat"}, path=tmp_path / "a.png")  # fmt: skip
    v.plot_segmentation_mask_gallery(IMAGES, 5, y_true=MASKS, y_pred=MASKS,
                                     path=tmp_path / "b.png")  # fmt: skip
    assert all((tmp_path / n).read_bytes()[1:4] == b"PNG" for n in ("a.png", "b.png"))
    assert not matplotlib.pyplot.get_fignums()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: v.draw_segmentation_masks(IMAGES[0], MASKS), ValueError, "4 dimensions"),
        (lambda: v.draw_segmentation_masks(IMAGES, MASKS * 1.0), TypeError, "whole numbers"),
        (lambda: v.draw_segmentation_masks(IMAGES, MASKS, 3), ValueError, "below num_classes=3"),
        (lambda: v.draw_segmentation_masks(IMAGES, MASKS[:1]), ValueError, "the same sizes"),
        (lambda: v.draw_segmentation_masks(IMAGES, MASKS, alpha=2), ValueError, "alpha must be"),
        (lambda: v.draw_bounding_boxes(IMAGES, [], "xyxy"), TypeError, "must be a dict"),
        (lambda: v.draw_bounding_boxes(IMAGES, {}, "xyxy"), ValueError, "must have the keys"),
        (lambda: v.plot_image_gallery(IMAGES, [0, 1]), ValueError, "label_map must be given"),
        (lambda: v.plot_image_gallery(IMAGES, path="x", show=True), ValueError, "only one of"),
        (lambda: v.plot_image_gallery(IMAGES[0]), ValueError, "4 dimensions"),
        (lambda: v.plot_bounding_box_gallery(IMAGES, "xyxy", legend=True, legend_handles=[1]),
         ValueError, "only one of legend"),
    ],
)  # fmt: skip
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
