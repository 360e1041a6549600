"""Models of image ops: the same names, modules and configs, read by both libraries."""

import inspect

import keras as reference
import numpy as np
import pytest
import torch

import torchkeras as keras
from oracle import clear_names, normalise_config

POINTS = np.array([[0.0, 0], [0, 4], [4, 0], [4, 4]], "float32")
MATRICES = np.array([[0.9, 0.1, -1.03, 0.2, 1.1, 2.04, 0, 0]] * 2, "float32")
ONES = np.ones(2, "float32")

CASES = {
    "resize": lambda f, x: f(x, (4, 5), "bicubic", antialias=True),
    "affine_transform": lambda f, x: f(x, MATRICES, "nearest", "wrap"),
    "map_coordinates": lambda f, x: f(x, np.ones((4, 5), "float32"), 1, "reflect"),
    "elastic_transform": lambda f, x: f(x, alpha=0.0, seed=3),
    "gaussian_blur": lambda f, x: f(x, (3, 5), (1.0, 2.0)),
    "perspective_transform": lambda f, x: f(x, POINTS, POINTS + 1, fill_value=2),
    "rgb_to_hsv": lambda f, x: f(x),
    "hsv_to_rgb": lambda f, x: f(x, data_format="channels_last"),
    "rgb_to_grayscale": lambda f, x: f(x),
    "pad_images": lambda f, x: f(x, 1, 2, target_height=20, target_width=21),
    "crop_images": lambda f, x: f(x, 1, 2, 3, 4),
    "extract_patches": lambda f, x: f(x, 3, padding="same"),
    "extract_patches_3d": lambda f, x: f(x, (1, 2, 3)),
    "scale_and_translate": lambda f, x: f(x, (2, 4, 4, 3), ONES, ONES, (1, 2), "cubic"),
    "sobel_edges": lambda f, x: f(x),
    "ssim": lambda f, x: f(x, 1 - x, filter_size=3),
}
# Keras blurs and cuts other values there: tests of these ops tell.
DIFFERENT = {"gaussian_blur"}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore")
def test_config_and_exchange(name):
    models = []
    for lib in (keras, reference):
        clear_names()
        x = lib.Input(batch_shape=(2, 12, 12, 3), name="x")
        inputs = lib.ops.expand_dims(x, 1) if name == "extract_patches_3d" else x
        y = CASES[name](getattr(lib.ops.image, name), inputs)
        models.append(lib.Model(x, y, name="m"))
    configs = [normalise_config(m.get_config()) for m in models]
    for layer in configs[0]["layers"]:
        if layer["class_name"] == "ExtractPatches":
            layer["config"].pop("name")  # Keras forgets it
    assert configs[0] == configs[1]
    data = torch.rand(2, 12, 12, 3)
    want = models[1](data)
    for lib in (keras, reference):
        got = lib.Model.from_config(configs[0])(data)
        if name not in DIFFERENT:
            torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        keras.Model.from_config(models[0].get_config())(data), models[0](data)
    )


def test_names_and_signatures():
    names = [n for n in dir(reference.ops.image) if not n.startswith("_")]
    assert set(names) == set(CASES)
    for name in names:
        a, b = (
            [(p.name, p.default) for p in inspect.signature(getattr(m, name)).parameters.values()]
            for m in (keras.ops.image, reference.ops.image)
        )
        assert a == b, name
