"""What all colour and mixing layers share: modes, data, ranges, files, training."""

import copy
import json

import keras
import numpy as np
import pytest
import torch
from pixel_oracle import images, pair, same_data
from sklearn.datasets import load_digits, load_sample_images

import torchkeras
from oracle import assert_close, check_config, dtype_of

# Name -> arguments with every one of them given.
ARGS = {
    "AutoContrast": {},
    "Equalization": {"bins": 64},
    "ContrastLimitedAdaptiveHistogramEqualization": {"clip_limit": 3.0, "tile_grid_size": (2, 2)},
    "Solarization": {"addition_factor": 0.2, "threshold_factor": (0.1, 0.5), "seed": 1},
    "RandomBrightness": {"factor": 0.2, "seed": 1},
    "RandomContrast": {"factor": 0.4, "seed": 1},
    "RandomColorDegeneration": {"factor": 0.5, "seed": 1},
    "RandomColorJitter": {
        "brightness_factor": 0.1,
        "contrast_factor": 0.2,
        "saturation_factor": 0.3,
        "hue_factor": 0.1,
        "seed": 1,
    },
    "RandomGaussianBlur": {"factor": 0.8, "kernel_size": 3, "sigma": 0.7, "seed": 1},
    "RandomGrayscale": {"factor": 0.5},
    "RandomHue": {"factor": 0.3, "seed": 1},
    "RandomInvert": {"factor": 0.7, "seed": 1},
    "RandomPosterization": {"factor": 4, "seed": 1},
    "RandomSaturation": {"factor": 0.4, "seed": 1},
    "RandomSharpness": {"factor": 0.9, "seed": 1},
    "MixUp": {"alpha": 0.3, "seed": 1},
    "CutMix": {"factor": 0.7, "seed": 1},
    "RandAugment": {"num_ops": 1, "factor": 0.3, "seed": 1},
    "AugMix": {"num_chains": 2, "chain_depth": 2, "factor": 0.2, "seed": 1},
}
NO_RANGE = {"RandomGrayscale", "MixUp", "CutMix"}
RANGED = [name for name in ARGS if name not in NO_RANGE]
ALWAYS = {"AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization"}


def make(name: str, lib=torchkeras, **kwargs):
    return getattr(lib.layers, name)(**copy.deepcopy(ARGS[name]) | kwargs)


@pytest.mark.parametrize("name", ARGS)
def test_config(name):
    ours, theirs = pair(name, ARGS[name])
    check_config(ours, theirs)
    for cls, source in ((type(ours), theirs), (type(theirs), ours)):
        config = json.loads(json.dumps(source.get_config()))
        check_config(cls.from_config(config), theirs)
    assert dtype_of(ours(images(2, 8, 8, 3))) == "float32"


@pytest.mark.parametrize("name", ARGS)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_modes(name, data_format):
    """A call by itself is training; at inference images stay, but where Keras changes them."""
    layer = make(name, data_format=data_format)
    shape = (3, 8, 9, 3) if data_format == "channels_last" else (3, 3, 8, 9)
    x = torch.tensor(images(*shape, low=10, high=200))
    before = x.clone()
    outs = [layer(x), layer(x, training=True), layer(x, training=False), layer(x[0])]
    assert torch.equal(x, before)
    assert [o.shape for o in outs] == [x.shape, x.shape, x.shape, x.shape[1:]]
    assert not all(torch.equal(layer(x), x) for _ in range(10))
    assert torch.equal(outs[2], x) == (name not in ALWAYS)
    layer.eval()
    assert layer(x).shape == x.shape


@pytest.mark.parametrize("name", ARGS)
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_symbols(name, dtype):
    """Shapes and dtypes on symbols, bare and in dicts, are real Keras's, and the real ones."""
    described = []
    for lib in (torchkeras, keras):
        layer = make(name, lib)
        out = layer(lib.KerasTensor((None, 8, 9, 3), dtype))
        described.append((tuple(out.shape), out.dtype))
    if name not in {"Equalization", "ContrastLimitedAdaptiveHistogramEqualization"}:
        assert described[0] == described[1]
    real = make(name)(torch.tensor(images(2, 8, 9, 3, dtype=dtype)))
    assert described[0] == ((None, 8, 9, 3), dtype_of(real))
    inputs = {
        "images": torchkeras.Input((8, 9, 3), dtype=dtype),
        "labels": torchkeras.Input((4,), dtype="int32"),
    }
    out = make(name)(inputs)
    assert (tuple(out["images"].shape), out["images"].dtype) == described[0]
    assert tuple(out["labels"].shape) == (None, 4)
    model = torchkeras.Model(inputs, {k: torchkeras.layers.Identity()(v) for k, v in out.items()})
    x = {"images": images(2, 8, 9, 3, dtype=dtype), "labels": np.ones((2, 4), "int32")}
    assert same_data(model(x)["labels"].float(), np.ones((2, 4), "float32"))


@pytest.mark.parametrize("name", [n for n in ARGS if n not in {"MixUp", "CutMix", "AugMix"}])
def test_data_that_belong_together(name):
    """Labels stay; boxes and masks do, where no pixel moves."""
    data = {
        "images": torch.tensor(images(2, 8, 8, 3)),
        "labels": torch.tensor([1, 0]),
        "bounding_boxes": {"boxes": torch.ones(2, 1, 4), "labels": torch.zeros(2, 1)},
        "segmentation_masks": torch.ones(2, 8, 8, 1, dtype=torch.int32),
    }
    layer = make(name, bounding_box_format="xyxy")
    one = {k: v[0] for k, v in data.items() if k != "bounding_boxes"}
    one["bounding_boxes"] = {k: v[0] for k, v in data["bounding_boxes"].items()}
    for given in (data, one):
        for training in (True, False):
            out = layer(given, training=training)
            assert out is not given and list(out) == list(given)
            assert out["images"].shape == given["images"].shape
            assert same_data(out["labels"], given["labels"])
            if name != "RandAugment" or not training:
                for key in ("bounding_boxes", "segmentation_masks"):
                    assert same_data(out[key], given[key])
    with pytest.raises(ValueError, match="need a format; give the layer bounding_box_format"):
        make(name)(data)


@pytest.mark.parametrize("name", ARGS)
def test_one_seed_one_stream(name):
    if name in ALWAYS | {"Equalization"}:
        return
    x = torch.tensor(images(4, 8, 8, 3))
    args = {"seed": 3} | ({"factor": 0.5} if name == "RandomGrayscale" else {})
    a, b = make(name, **args), make(name, **args)
    for _ in range(3):
        assert torch.equal(a(x), b(x))


FIRST_DRAWS = {
    "RandomBrightness": ("rgb_delta", {}),
    "RandomContrast": ("contrast_factor", {}),
    "RandomColorDegeneration": ("factor", {}),
    "RandomSaturation": ("factor", {}),
    "RandomSharpness": ("factor", {}),
    "Solarization": ("additions", {}),
    "RandomPosterization": ("shift_factor", {"factor": (1, 8)}),
}


@pytest.mark.parametrize("name", FIRST_DRAWS)
def test_first_draw_is_that_of_keras(name):
    """Where a transformation takes one draw; later draws differ, as docs/differences.md says."""
    key, more = FIRST_DRAWS[name]
    x = torch.zeros(5, 4, 4, 3)
    ours, theirs = (
        make(name, lib, **more).get_random_transformation({"images": x}, training=True)[key]
        for lib in (torchkeras, keras)
    )
    assert_close(ours, theirs)


@pytest.mark.parametrize("name", RANGED)
@pytest.mark.parametrize("value_range", [3, (0, 1, 2), "ab", None, (0, "b")])
def test_bad_value_range(name, value_range):
    with pytest.raises(ValueError, match=f"{name}: value_range must be a list of two numbers"):
        make(name, value_range=value_range)


@pytest.mark.parametrize("name", RANGED)
def test_empty_value_range(name):
    with pytest.raises(ValueError, match=f"{name}: the two numbers of value_range must differ"):
        make(name, value_range=(1, 1))


@pytest.mark.parametrize("name", ARGS)
def test_bad_images(name):
    with pytest.raises(ValueError, match=f"{name}: images must have rank 3 .* or 4"):
        make(name)(torch.zeros(4, 3))
    with pytest.raises(ValueError, match="a dict needs the key 'images'"):
        make(name)({"labels": torch.zeros(4, 3)})


# ---------------------------------------------------------------------------- files, training


def model_with(lib, name: str):
    return lib.Sequential(
        [
            lib.Input((8, 8, 3)),
            make(name, lib),
            lib.layers.Flatten(),
            lib.layers.Dense(2),
        ]
    )


@pytest.mark.parametrize("name", ARGS)
@pytest.mark.parametrize("direction", ["from Keras", "to Keras", "ours"])
def test_keras_files(name, direction, tmp_path):
    if name == "Equalization" and direction != "ours":
        return  # real Keras cannot build a model with it: its output is its input
    source = keras if direction == "from Keras" else torchkeras
    target = keras if direction == "to Keras" else torchkeras
    model = model_with(source, name)
    x = images(3, 8, 8, 3)
    if name in {"AugMix", "RandomColorJitter"}:
        model(x, training=True)  # real Keras builds it now
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = target.saving.load_model(path)
    check_config(loaded.layers[0], model.layers[0])
    assert_close(
        loaded(torch.tensor(x), training=False), model(torch.tensor(x), training=False), atol=1e-5
    )
    if direction == "ours":
        for _ in range(2):  # the streams go on from the same place
            assert torch.equal(loaded(x, training=True), model(x, training=True))


def photographs(count: int = 16, size: int = 24):
    """Patches of two photographs, labelled by the photograph."""
    rng = np.random.default_rng(0)
    photos = load_sample_images().images
    labels = np.arange(count) % 2
    patches = []
    for label in labels:
        top, left = rng.integers(0, 400), rng.integers(0, 600)
        patches.append(photos[label][top : top + size, left : left + size])
    return np.stack(patches).astype("float32"), labels


@pytest.mark.parametrize("name", ARGS)
def test_fit_on_photographs(name):
    """As a layer of a model: active in fit, not in predict."""
    torchkeras.utils.set_random_seed(0)
    x, y = photographs()
    model = torchkeras.Sequential(
        [
            torchkeras.Input((24, 24, 3)),
            make(name),
            torchkeras.layers.Conv2D(4, 5, strides=3, activation="relu"),
            torchkeras.layers.GlobalAveragePooling2D(),
            torchkeras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(torchkeras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    history = model.fit(x, y, batch_size=8, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))


def test_augmented_digits_are_learnt():
    """Digits are told apart, whatever their brightness, contrast and sharpness in training."""
    torchkeras.utils.set_random_seed(0)
    digits = load_digits()
    x = (digits.images[..., None] / 16).astype("float32")
    kwargs = {"value_range": (0, 1), "seed": 1}
    layers = torchkeras.layers
    model = torchkeras.Sequential(
        [
            torchkeras.Input((8, 8, 1)),
            layers.RandomBrightness(0.1, **kwargs),
            layers.RandomContrast(0.3, **kwargs),
            layers.RandomSharpness((0.4, 0.6), **kwargs),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    adam = torchkeras.optimizers.Adam(0.01)
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[:1400], digits.target[:1400], batch_size=64, epochs=6, verbose=0)
    assert model.evaluate(x[1400:], digits.target[1400:], verbose=0)[1] > 0.88


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
def test_mixed_digits_are_learnt(name):
    """Images and one-hot labels go through the layer together, batch by batch."""
    torchkeras.utils.set_random_seed(0)
    digits = load_digits()
    x = torch.tensor((digits.images[..., None] / 16).astype("float32"))
    y = torch.nn.functional.one_hot(torch.tensor(digits.target), 10)
    layer = getattr(torchkeras.layers, name)(seed=1)

    def batches():
        for _ in range(7):
            for part in torch.randperm(1400).split(100):
                mixed = layer({"images": x[part], "labels": y[part]}, training=True)
                yield mixed["images"], mixed["labels"]

    model = torchkeras.Sequential(
        [
            torchkeras.Input((8, 8, 1)),
            torchkeras.layers.Conv2D(16, 3, activation="relu"),
            torchkeras.layers.Flatten(),
            torchkeras.layers.Dense(10, activation="softmax"),
        ]
    )
    adam = torchkeras.optimizers.Adam(0.01)
    model.compile(adam, "categorical_crossentropy", metrics=["accuracy"])
    model.fit(batches(), verbose=0)
    assert model.evaluate(x[1400:], y[1400:], verbose=0)[1] > 0.85
