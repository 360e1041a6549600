"""The shared arguments: errors, names, input tensors."""

import inspect

import keras as real
import pytest
import torch

import torchkeras as keras

NAMES = ["VGG16", "MobileNet", "MobileNetV3Small", "EfficientNetB0", "ConvNeXtTiny", "NASNetLarge"]
WRONG = [
    ({"weights": "bad"}, "`weights` argument should be either"),
    ({"weights": "imagenet", "classes": 10}, "`classes` should be 1000"),
    ({"input_shape": (8, 8, 3)}, "Input size must be at least"),
]
WRONG_MOST = [
    ({"weights": "imagenet", "input_shape": (100, 100, 3)}, "`input_shape` should be"),
    (
        {"weights": "imagenet", "include_top": False, "input_shape": (100, 100, 5)},
        "must have 3 channels",
    ),
    ({"input_shape": (100, 3), "include_top": False}, "tuple of three integers"),
    ({"input_shape": (None, None, 3)}, "static `input_shape`"),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("options", "match"), WRONG)
def test_refuses_what_keras_refuses(name, options, match):
    options = {"weights": None, **options}
    with pytest.raises(ValueError, match=match):
        getattr(real.applications, name)(**options)
    with pytest.raises(ValueError, match=match):
        getattr(keras.applications, name)(**options)


@pytest.mark.parametrize("name", [n for n in NAMES if "V3" not in n])
@pytest.mark.parametrize(("options", "match"), WRONG_MOST)
def test_refuses_shapes_that_keras_refuses(name, options, match):
    options = {"weights": None, **options}
    with pytest.raises(ValueError, match=match):
        getattr(real.applications, name)(**options)
    with pytest.raises(ValueError, match=match):
        getattr(keras.applications, name)(**options)


@pytest.mark.parametrize(
    ("name", "options", "match"),
    [
        ("MobileNet", {"alpha": 0.4}, "alpha can be one of"),
        ("MobileNet", {"depth_multiplier": 2}, "depth multiplier must be 1"),
        ("MobileNetV2", {"alpha": 0.4}, "alpha must be one of"),
        ("MobileNetV3Large", {"alpha": 0.5}, "alpha must be one of"),
        ("VGG16", {"classifier_activation": "relu"}, "Only `None` and `softmax`"),
    ],
)
def test_refuses_what_no_weights_exist_for(name, options, match):
    with keras.device("meta"), pytest.raises(ValueError, match=match):
        getattr(keras.applications, name)(**options)


def test_warns_of_odd_channels():
    with keras.device("meta"), pytest.warns(UserWarning, match="1 or 3 input channels"):
        keras.applications.VGG16(weights=None, include_top=False, input_shape=(64, 64, 5))


@pytest.mark.parametrize("name", ["VGG16", "MobileNetV2", "ResNet50"])
def test_starts_from_a_symbolic_tensor(name):
    with keras.device("meta"):
        source = keras.Input((96, 96, 3), name="source")
        x = keras.layers.Rescaling(2.0, name="before")(source)
        model = getattr(keras.applications, name)(
            weights=None, include_top=False, input_tensor=x, input_shape=(96, 96, 3)
        )
    assert [layer.name for layer in model.layers[:2]] == ["source", "before"]
    assert model.input_shape == (None, 96, 96, 3)


@pytest.mark.parametrize("name", [n for n in dir(real.applications) if n[0].isupper()])
def test_signature_is_keras_own(name):
    theirs = inspect.signature(getattr(real.applications, name)).parameters
    ours = inspect.signature(getattr(keras.applications, name)).parameters
    assert [(p.name, p.default) for p in ours.values()] == [
        (p.name, p.default) for p in theirs.values()
    ]


def test_channels_first_shapes():
    keras.config.set_image_data_format("channels_first")
    try:
        with torch.device("meta"), keras.device("meta"):
            for name in ("MobileNetV2", "ResNet50", "DenseNet121", "EfficientNetB0"):
                model = getattr(keras.applications, name)(
                    weights=None, include_top=False, input_shape=(3, 64, 64)
                )
                assert model.output_shape[2:] == (2, 2)
    finally:
        keras.config.set_image_data_format("channels_last")
