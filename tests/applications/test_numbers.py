"""The networks compute what real Keras's compute, with its weights or out of its files."""

import json
from pathlib import Path

import h5py
import keras as real
import numpy as np
import pytest
import torch
from application_cases import NAMES, drawn, images
from keras.src.legacy.saving import legacy_h5_format

import torchkeras as keras

LOGITS = {"classifier_activation": None}
FEATURES = {"include_top": False, "pooling": "avg"}
CASES = [
    ("MobileNetV2", 64, {"alpha": 0.35, **LOGITS}),
    ("MobileNetV3Small", 32, LOGITS),
    ("EfficientNetB0", 32, LOGITS),
    ("ResNet50", 32, FEATURES),
]
SIDES = {"Xception": 96, "InceptionV3": 96, "InceptionResNetV2": 96, "NASNetLarge": 96}
SCALED = ("EfficientNet", "MobileNetV3", "ConvNeXt")  # they take 0 to 255
# The TensorFlow recording is below; without the top; 3 GB for one more width.
NOT_HERE = ("NASNetMobile", "NASNetLarge", "ConvNeXtXLarge")
HEAVY = [
    *((name, SIDES.get(name, 64), LOGITS) for name in NAMES if name not in NOT_HERE),
    ("DenseNet121", 64, FEATURES),
    ("NASNetLarge", 96, FEATURES),
]


@pytest.fixture
def float64():
    """Let both make their layers in float64."""
    for k in (keras, real):
        k.config.set_floatx("float64")
        k.config.set_dtype_policy("float64")
    yield
    for k in (keras, real):
        k.config.set_floatx("float32")
        k.config.set_dtype_policy("float32")


def pair(name, side, options):
    """Return our network and real Keras's, with equal weights, and images.

    Each normalisation is told what it meets, lest the images fade before the last layer. So deep
    a network makes much of the last digit: they are compared in float64, in which real Keras's
    Dense and BatchNormalization still reckon in float32, so 1e-7 a layer is theirs.
    """
    shape = (side, side, 3)
    theirs = getattr(real.applications, name)(weights=None, input_shape=shape, **options)
    ours = getattr(keras.applications, name)(weights=None, input_shape=shape, **options)
    theirs.set_weights(drawn(theirs.weights))
    x = images(side, 8)
    x = 127.5 * (x + 1) if name.startswith(SCALED) else x
    for layer in theirs.layers:
        if isinstance(layer, real.layers.BatchNormalization):
            layer.momentum = 0.0
        if isinstance(layer, real.layers.Dropout):
            layer.rate = 0.0
    with torch.no_grad():
        theirs(x, training=True)
    ours.set_weights(theirs.get_weights())
    return ours, theirs, x[:2]


def difference(name, side, options):
    """Return the largest difference of the predictions, as a share of the largest one."""
    ours, theirs, x = pair(name, side, options)
    got, want = ours.predict(x, verbose=0), theirs.predict(x, verbose=0)
    largest = np.abs(want).max()
    assert np.isfinite(largest)
    # Images that all give the same, or outputs that are all one, would hide a difference.
    assert np.abs(want[0] - want[1]).max() > 1e-2 * largest
    assert want.std() > 1e-2 * largest
    return np.abs(got - want).max() / largest


@pytest.mark.parametrize(("name", "side", "options"), CASES, ids=[c[0] for c in CASES])
def test_predicts_what_keras_predicts(name, side, options, float64):
    assert difference(name, side, options) <= 5e-4


@pytest.mark.sweep
@pytest.mark.parametrize(("name", "side", "options"), HEAVY, ids=[c[0] for c in HEAVY])
def test_all_predict_what_keras_predicts(name, side, options, float64, record_property):
    worst = float(difference(name, side, options))
    row = {"subject": "applications", "name": name, "cases": 1, "worst": worst}
    record_property("compared", row)
    assert worst <= 5e-4


def test_nasnet_mobile_predicts_what_keras_on_tensorflow_predicts():
    want = json.loads((Path(__file__).parent / "digests.json").read_text())["NASNetMobile"]
    model = keras.applications.NASNetMobile(
        weights=None, include_top=False, pooling="avg", input_shape=(224, 224, 3)
    )
    model.set_weights(drawn(model.weights))
    got = model.predict(images(224, 2), verbose=0)[:, ::33].ravel()
    np.testing.assert_allclose(got, want["predicts"], rtol=1e-4, atol=1e-5 * max(want["predicts"]))


@pytest.mark.parametrize("suffix", ["x.weights.h5", "x.h5", "x.keras"])
def test_reads_real_keras_files(tmp_path, suffix):
    options = {"alpha": 0.25, "classes": 4, "input_shape": (32, 32, 3)}
    theirs = real.applications.MobileNet(weights=None, **options)
    path = tmp_path / suffix
    if suffix == "x.h5":  # the form of the files that Keras offers
        with h5py.File(path, "w") as f:
            legacy_h5_format.save_weights_to_hdf5_group(f, theirs)
    elif suffix == "x.keras":
        theirs.save(path)
    else:
        theirs.save_weights(path)
    if suffix == "x.keras":
        ours = keras.models.load_model(path)
    else:
        ours = keras.applications.MobileNet(weights=str(path), **options)
    x = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype("float32")
    np.testing.assert_allclose(
        ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-5, atol=1e-6
    )


def test_own_layers_come_back_from_a_file(tmp_path):
    x = keras.Input((8, 8, 3))
    y = keras.applications.convnext.LayerScale(0.5, 3)(x)
    y = keras.applications.inception_resnet_v2.CustomScaleLayer(0.5)([x, y])
    model = keras.Model(x, y)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    images = np.ones((1, 8, 8, 3), "float32")
    np.testing.assert_allclose(again.predict(images, verbose=0), 1.25 * images)
