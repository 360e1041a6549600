"""The networks compute what real Keras's compute, with its weights or out of its files."""

import h5py
import keras as real
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

import torchkeras as keras

CASES = [
    ("MobileNetV2", 64, {"alpha": 0.35}),
    ("MobileNetV3Small", 32, {}),
    ("EfficientNetB0", 32, {}),
    ("ResNet50", 32, {"include_top": False, "pooling": "avg"}),
]
HEAVY = [
    ("ResNet50V2", 64, {}),
    ("DenseNet121", 64, {}),
    ("EfficientNetV2B0", 64, {}),
    ("ConvNeXtTiny", 64, {}),
    ("Xception", 96, {}),
    ("InceptionV3", 96, {}),
    ("InceptionResNetV2", 96, {}),
    ("NASNetLarge", 96, {"include_top": False, "pooling": "avg"}),
]


def pair(name, side, options):
    """Return our network and real Keras's, with equal weights, and images."""
    shape = (side, side, 3)
    theirs = getattr(real.applications, name)(weights=None, input_shape=shape, **options)
    ours = getattr(keras.applications, name)(weights=None, input_shape=shape, **options)
    rng = np.random.default_rng(0)
    weights = [w + 0.01 * rng.random(w.shape).astype(w.dtype) for w in theirs.get_weights()]
    theirs.set_weights(weights)
    ours.set_weights(weights)
    return ours, theirs, rng.uniform(0, 255, (2, *shape)).astype("float32")


def close(name, side, options):
    ours, theirs, x = pair(name, side, options)
    got, want = ours.predict(x, verbose=0), theirs.predict(x, verbose=0)
    assert np.abs(got - want).max() <= 1e-5 * max(np.abs(want).max(), 1e-3)


@pytest.mark.parametrize(("name", "side", "options"), CASES, ids=[c[0] for c in CASES])
def test_predicts_what_keras_predicts(name, side, options):
    close(name, side, options)


@pytest.mark.sweep
@pytest.mark.parametrize(("name", "side", "options"), HEAVY, ids=[c[0] for c in HEAVY])
def test_larger_ones_predict_what_keras_predicts(name, side, options):
    close(name, side, options)


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
