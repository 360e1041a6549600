"""Configs, weights' names and order, and the files of the weights: equal to real Keras's."""

import json
from pathlib import Path

import pytest
from application_cases import NAMES, digest, forms

import torchkeras as keras
from torchkeras.applications import _weights

KNOWN = json.loads((Path(__file__).parent / "digests.json").read_text())
# One of each family in each run; the others hold the same code with other tables.
QUICK = [
    "VGG16", "ResNet50", "ResNet50V2", "MobileNet", "MobileNetV2", "MobileNetV3Small",
    "EfficientNetB0", "DenseNet121", "InceptionV3", "Xception", "EfficientNetV2B0",
    "ConvNeXtTiny", "InceptionResNetV2", "NASNetMobile",
]  # fmt: skip


def check(name, form):
    keras.utils.clear_session()
    with keras.device("meta"):
        model = getattr(keras.applications, name)(weights=None, **forms(name)[form])
    assert digest(model) == KNOWN[name][form]


def test_every_architecture_is_known():
    classes = {n for n in vars(keras.applications) if n[0].isupper()}
    assert classes == set(NAMES) == set(KNOWN)


@pytest.mark.parametrize("name", QUICK)
def test_features_have_keras_layers(name):
    check(name, "avg")


@pytest.mark.parametrize("name", [n for n in QUICK if n[0] in "VMEC"])
def test_classifier_has_keras_layers(name):
    check(name, "top")


@pytest.mark.sweep
@pytest.mark.parametrize(("name", "form"), [(n, f) for n in NAMES for f in forms(n)])
def test_all_forms_have_keras_layers(name, form):
    check(name, form)


def imagenet(name, monkeypatch, **options):
    """Return what is fetched and loaded for ImageNet's weights."""
    asked = []

    def get_file(fname, origin, cache_subdir, file_hash=None):
        assert cache_subdir == "models"
        asked.append([fname, origin, file_hash])
        return fname

    monkeypatch.setattr(_weights, "get_file", get_file)
    monkeypatch.setattr(keras.Model, "load_weights", lambda self, path: asked.append(path))
    with keras.device("meta"):
        getattr(keras.applications, name)(weights="imagenet", **options)
    return asked


@pytest.mark.filterwarnings("ignore:`input_shape` is undefined")
@pytest.mark.parametrize("name", QUICK)
def test_weights_are_fetched_where_keras_keeps_them(name, monkeypatch):
    (file, *rest), path = imagenet(name, monkeypatch, include_top=False)
    assert [file, *rest] == KNOWN[name]["weights"][1]
    assert path == file


@pytest.mark.sweep
@pytest.mark.filterwarnings("ignore:`input_shape` is undefined")
@pytest.mark.parametrize("name", NAMES)
def test_all_weights_are_fetched_where_keras_keeps_them(name, monkeypatch):
    for include_top, expected in zip((True, False), KNOWN[name]["weights"], strict=True):
        assert imagenet(name, monkeypatch, include_top=include_top)[0] == expected
