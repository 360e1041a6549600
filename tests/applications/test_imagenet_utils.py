"""Images before, class names after: equal to real Keras."""

import json

import keras as real
import numpy as np
import pytest

import torchkeras as keras
from torchkeras.applications import imagenet_utils

MODULES = [n for n in dir(real.applications) if n[0].islower() and n != "imagenet_utils"]


def images(dtype, data_format, rank):
    shape = (6, 5, 3) if data_format == "channels_last" else (3, 6, 5)
    shape = shape if rank == 3 else (2, *shape)
    return np.random.default_rng(0).uniform(0, 255, shape).astype(dtype)


@pytest.mark.parametrize("rank", [3, 4])
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
def test_arrays_and_tensors_as_keras(mode, data_format, dtype, rank):
    x = images(dtype, data_format, rank)
    options = {"data_format": data_format, "mode": mode}
    want = real.applications.imagenet_utils.preprocess_input(x.copy(), **options)
    got = imagenet_utils.preprocess_input(x.copy(), **options)
    assert got.dtype == want.dtype
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6)
    tensor = imagenet_utils.preprocess_input(keras.ops.convert_to_tensor(x), **options)
    np.testing.assert_allclose(tensor, want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
def test_symbols(mode, data_format):
    x = images("float32", data_format, 4)
    symbol = keras.Input(x.shape[1:])
    options = {"data_format": data_format, "mode": mode}
    model = keras.Model(symbol, imagenet_utils.preprocess_input(symbol, **options))
    want = imagenet_utils.preprocess_input(x.copy(), **options)
    np.testing.assert_allclose(model.predict(x, verbose=0), want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("module", MODULES)
def test_each_family_has_its_mode(module):
    x = images("float32", "channels_last", 4)
    want = getattr(real.applications, module).preprocess_input(x.copy())
    got = getattr(keras.applications, module).preprocess_input(x.copy())
    np.testing.assert_allclose(got, want, rtol=1e-6)


@pytest.mark.parametrize("options", [{"mode": "other"}, {"data_format": "other"}])
def test_refuses_other_words(options):
    x = images("float32", "channels_last", 4)
    with pytest.raises(ValueError, match=next(iter(options))):
        real.applications.imagenet_utils.preprocess_input(x, **options)
    with pytest.raises(ValueError, match=f"{next(iter(options))} must be"):
        imagenet_utils.preprocess_input(x, **options)


def test_decodes_with_the_file_of_the_cache(tmp_path, monkeypatch):
    path = tmp_path / "imagenet_class_index.json"
    path.write_text(json.dumps({str(i): [f"n{i:08d}", f"class_{i}"] for i in range(1000)}))
    asked = []

    def get_file(*args, **options):
        asked.append((args, options))
        return str(path)

    monkeypatch.setattr(imagenet_utils, "get_file", get_file)
    monkeypatch.setattr(imagenet_utils, "_index", None)
    scores = np.zeros((2, 1000), "float32")
    scores[0, [7, 3]] = 0.75, 0.25
    scores[1, 999] = 1
    found = keras.applications.vgg16.decode_predictions(scores, top=2)
    assert found[0] == [("n00000007", "class_7", 0.75), ("n00000003", "class_3", 0.25)]
    assert found[1][0] == ("n00000999", "class_999", 1.0)
    imagenet_utils.decode_predictions(keras.ops.convert_to_tensor(scores))
    assert len(asked) == 1
    assert asked[0][1]["cache_subdir"] == "models"


def test_decodes_1000_classes_only():
    with pytest.raises(ValueError, match="expects a batch of predictions"):
        imagenet_utils.decode_predictions(np.zeros((2, 10)))
