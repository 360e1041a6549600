"""Every call of many kinds of models can be drawn, and hangs in the graph."""

import io
import json

import numpy as np
import pytest
from PIL import Image
from torch import nn

import torchkeras as keras
from torchkeras import layers
from torchkeras.quiver.engine import Engine
from torchkeras.quiver.gallery import Gallery

RANDOM = np.random.default_rng(0)


def application(name, size):
    make = getattr(keras.applications, name)
    return make(weights=None, input_shape=(size, size, 3), classes=10), (size, size, 3), {}


def sequence():
    inputs = keras.Input((7, 4))
    x = layers.TimeDistributed(layers.Dense(3))(inputs)
    x = layers.Bidirectional(layers.GRU(5, return_sequences=True))(x)
    return keras.Model(inputs, layers.Dense(2)(layers.GRU(4)(x))), (7, 4), {}


def video():
    inputs = keras.Input((5, 8, 8, 3))
    x = layers.ConvLSTM2D(4, 3, return_sequences=True)(inputs)
    x = layers.Flatten()(layers.ConvLSTM2D(4, 3)(x))
    return keras.Model(inputs, layers.Dense(2)(x)), (5, 8, 8, 3), {}


def words():
    inputs = keras.Input((5,), dtype="int32")
    x = layers.LSTM(4)(layers.Embedding(9, 8, mask_zero=True)(inputs))
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(x)), None, {}


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.maps = layers.Conv2D(4, 3)
        self.norm = layers.BatchNormalization()
        self.head = layers.Dense(3)

    def call(self, x, training=False):
        x = keras.ops.relu(self.norm(self.maps(x), training=training))
        return {"out": self.head(keras.ops.mean(x, (1, 2)))}


class VisionTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 4, 4)
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        return self.head(self.encoder(x).mean(1)).softmax(-1)


def torch_convnet():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3),
    )  # fmt: skip


def mixed():
    return keras.Sequential(
        [
            keras.Input((10, 10, 3)),
            layers.Conv2D(4, 3, dtype="mixed_float16"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax", dtype="mixed_bfloat16"),
        ]
    )


MODELS = {
    "mobilenet": lambda: application("MobileNetV3Small", 64),
    "convnext": lambda: application("ConvNeXtTiny", 64),
    "sequence": sequence,
    "video": video,
    "words": words,
    "subclassed": lambda: (Subclassed(), (12, 12, 3), {"input_shape": (12, 12, 3)}),
    "vision transformer": lambda: (VisionTransformer(), (3, 16, 16), {}),
    "torch": lambda: (torch_convnet(), (3, 12, 12), {}),
    "wrapped": lambda: (keras.Model.from_module(torch_convnet()), (3, 12, 12), {}),
    "mixed": lambda: (mixed(), (10, 10, 3), {}),
}


@pytest.mark.filterwarnings("ignore:.*nested tensors.*")
@pytest.mark.parametrize("name", MODELS)
def test_every_call(name):
    keras.utils.set_random_seed(0)
    model, shape, options = MODELS[name]()
    samples = (
        np.array([[1, 2, 3, 0, 0]], "int32")
        if shape is None
        else RANDOM.normal(size=(1, *shape)).astype("float32")
    )
    gallery = Gallery(None, samples=samples)
    item = gallery.get("i0")
    engine = Engine({"m": model}, **{"sample": gallery.sample, **options})
    graph = engine.graph(0)
    ids = {n["id"]: n for n in graph["nodes"]}
    edges = graph["edges"]
    assert all(a in ids and b in ids for a, b in edges)
    fed = {b for _, b in edges}
    lost = [n["name"] for i, n in ids.items() if n["kind"] in ("layer", "op") and i not in fed]
    assert not lost, f"nothing leads to {lost}"
    order = list(ids)
    assert all(order.index(a) < order.index(b) for a, b in edges), "topological order"
    assert all(n["parent"] is None or ids[n["parent"]]["kind"] == "group" for n in ids.values())
    for i, node in ids.items():
        assert node["view"] != "none", node
        view = json.loads(json.dumps(engine.view(0, i, item), allow_nan=False))
        size = (view["columns"] * view["width"], view["rows"] * view["height"])
        assert Image.open(io.BytesIO(engine.tiles(0, i, item))).size == size
        assert len(view["maps"]) == view["count"]
        values = np.frombuffer(engine.values(0, i, item), "<f4")
        assert values.size == view["count"] * view["height"] * view["width"]
        assert np.isfinite(values).all()
