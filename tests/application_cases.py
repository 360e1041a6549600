"""The forms of `keras.applications` that are compared with real Keras, and their digests."""

import hashlib
import json
from typing import Any

import numpy as np

SIDES = {"NASNetMobile": 224, "NASNetLarge": 331}  # their cells want one size; others take 96

NAMES = [
    "VGG16", "VGG19", "ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2",
    "ResNet152V2", "MobileNet", "MobileNetV2", "MobileNetV3Small", "MobileNetV3Large",
    *(f"EfficientNetB{i}" for i in range(8)), "DenseNet121", "DenseNet169", "DenseNet201",
    "InceptionV3", "Xception", *(f"EfficientNetV2{v}" for v in ("B0", "B1", "B2", "B3")),
    "EfficientNetV2S", "EfficientNetV2M", "EfficientNetV2L", "ConvNeXtTiny", "ConvNeXtSmall",
    "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtXLarge", "InceptionResNetV2", "NASNetMobile",
    "NASNetLarge",
]  # fmt: skip


def forms(name: str) -> dict[str, dict[str, Any]]:
    """Return the arguments of each form of an architecture."""
    side = SIDES.get(name, 96)
    found: dict[str, dict[str, Any]] = {
        "top": {"classes": 10, "classifier_activation": None},
        "avg": {"include_top": False, "input_shape": (side, side, 3), "pooling": "avg"},
        "max": {
            "include_top": False,
            "input_shape": (side + 12, side + 8, 3),
            "pooling": "max",
            "name": "net",
        },
    }
    if name.startswith("EfficientNetV2"):  # real Keras knows no other name
        del found["max"]["name"]
    if name.startswith("MobileNet"):
        found["narrow"] = {"alpha": 0.5 if "V3" not in name else 0.75, "input_shape": (64, 64, 3)}
    if name.startswith("MobileNetV3"):
        found["minimalistic"] = {"minimalistic": True, "include_preprocessing": False}
    return found


def digest(model: Any) -> list[Any]:
    """Return a model's number of parameters and layers, and the hash of its config and weights."""
    config = json.loads(json.dumps(model.get_config()))
    for layer in config["layers"]:
        for node in layer["inbound_nodes"]:  # Keras writes a dropout's `training=False` of then
            node["kwargs"].pop("training", None)
        if not _has_weights(layer["class_name"]):  # how a layer without weights was built
            layer.pop("build_config", None)
    # NASNet's paths: on TensorFlow, the only place of NASNetMobile, the cell's name is in front.
    short = any(layer["name"] == "stem_conv1" for layer in config["layers"])
    weights = [
        ["/".join(w.path.split("/")[-2:]) if short else w.path, list(w.shape), w.trainable]
        for w in model.weights
    ]
    text = json.dumps([config, weights], sort_keys=True)
    return [
        model.count_params(),
        len(config["layers"]),
        hashlib.sha256(text.encode()).hexdigest()[:24],
    ]


def _has_weights(class_name: str) -> bool:
    return class_name not in ("Rescaling", "CustomScaleLayer")


def drawn(variables: Any) -> list[np.ndarray]:
    """Return values for a network's variables that keep its signals alive, equal in each run."""
    rng = np.random.default_rng(0)
    found = []
    for v in variables:
        shape = tuple(v.shape)
        if len(shape) == 1:  # scales and variances about one, offsets about zero
            centre = 1.0 if v.path.endswith(("gamma", "variance")) else 0.0
            found.append((centre + rng.uniform(-0.1, 0.1, shape)).astype("float32"))
        else:
            depthwise = len(shape) == 4 and shape[-1] == 1
            fan = int(np.prod(shape[:2] if depthwise else shape[:-1]))
            reach = (6 / fan) ** 0.5
            found.append(rng.uniform(-reach, reach, shape).astype("float32"))
    return found


def images(side: int, count: int) -> np.ndarray:
    """Return images of a few coloured tiles each, with noise: values from -1 to 1."""
    rng = np.random.default_rng(1)
    tiles = rng.uniform(-0.8, 0.8, (count, 3, 3, 3)).astype("float32")
    rows = np.arange(side) * 3 // side
    noise = rng.uniform(-0.2, 0.2, (count, side, side, 3)).astype("float32")
    return tiles[:, rows][:, :, rows] + noise
