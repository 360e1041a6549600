import io
import itertools
import json
import threading

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import torchkeras as keras
from torchkeras import layers
from torchkeras.quiver import engine as module
from torchkeras.quiver.checkpoints import RecordedCheckpoint, WeightsCheckpoint
from torchkeras.quiver.engine import Busy, Engine

PICTURE = np.random.default_rng(0).integers(0, 256, (12, 14, 3)).astype("float32")


class Item:
    """What the engine knows of an image."""

    sample = None

    def __init__(self, id="i0", name="a.png", picture=PICTURE):
        self.id, self.name, self._picture = id, name, picture
        self.height, self.width = picture.shape[:2]

    def array(self, height, width, channels):
        picture = self._picture if channels == 3 else self._picture[..., :channels]
        return picture[: height or None, : width or None]


class Sample(Item):
    def __init__(self, sample, id="i0"):
        super().__init__(id)
        self.sample = sample


def convnet(size=(12, 14, 3)):
    inputs = keras.Input(size, name="picture")
    x = layers.Conv2D(5, 3, activation="relu", name="maps")(inputs)
    x = layers.GlobalAveragePooling2D(name="pooled")(x)
    return keras.Model(inputs, layers.Dense(4, activation="softmax", name="classes")(x), name="net")


def nodes(engine, checkpoint=0):
    return {n["name"]: n for n in engine.graph(checkpoint)["nodes"]}


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def test_session_and_graph_are_plain_json():
    engine = Engine({"net": convnet()}, classes=list("abcd"), top=3)
    session = json.loads(json.dumps(engine.session(), allow_nan=False))
    assert session["title"] == "net"
    assert session["checkpoints"] == [{"id": 0, "label": "net", "explain": True}]
    assert session["outputs"] == [{"index": 0, "name": "classes", "units": 4, "kind": "classes"}]
    assert session["input"] == {"kind": "image", "height": 12, "width": 14, "channels": 3}
    graph = json.loads(json.dumps(engine.graph(0), allow_nan=False))
    found = {n["name"]: n for n in graph["nodes"]}
    assert [n["name"] for n in graph["nodes"]] == ["picture", "maps", "pooled", "classes"]
    assert found["maps"]["shape"] == [None, 10, 12, 5]
    assert found["maps"]["params"] == found["maps"]["trainable"] == 140
    assert [n["view"] for n in graph["nodes"]] == ["maps", "maps", "bars", "bars"]
    assert [n["explain"] for n in graph["nodes"]] == [False, True, False, False]
    order = [n["id"] for n in graph["nodes"]]
    assert graph["edges"] == [list(pair) for pair in itertools.pairwise(order)]


@pytest.mark.parametrize("scale", ["map", "layer"])
def test_tiles_and_values_are_the_activations(scale):
    model = convnet()
    engine = Engine({"net": model}, mean=[1.0, 2.0, 3.0], std=60.0)
    node = nodes(engine)["maps"]["id"]
    x = torch.tensor((PICTURE - np.array([1.0, 2.0, 3.0], "float32")) / np.float32(60))[None]
    expected = model.get_layer("maps")(x)[0].detach().numpy()
    view = engine.view(0, node, Item())
    assert (view["kind"], view["count"], view["height"], view["width"]) == ("maps", 5, 10, 12)
    values = np.frombuffer(engine.values(0, node, Item()), "<f4").reshape(5, 10, 12)
    np.testing.assert_allclose(values, expected.transpose(2, 0, 1), rtol=1e-5, atol=1e-6)
    sheet = pixels(engine.tiles(0, node, Item(), scale))
    assert sheet.shape == (view["rows"] * 10, view["columns"] * 12)
    low, high = values.min(), values.max()
    for i, tile in enumerate(values):
        row, column = divmod(i, view["columns"])
        got = sheet[row * 10 : row * 10 + 10, column * 12 : column * 12 + 12].astype(int)
        if scale == "map":
            low, high = tile.min(), tile.max()
        span = float(high) - float(low)
        wanted = (tile.astype(float) - low) * (255 / span) if span else np.zeros((10, 12))
        assert np.abs(got - np.round(wanted)).max() <= (1 if span else 0)
        stats = view["maps"][i]
        assert stats["min"] == pytest.approx(float(tile.min()))
        assert stats["max"] == pytest.approx(float(tile.max()))
        assert stats["mean"] == pytest.approx(float(tile.mean()), rel=1e-5, abs=1e-7)
        assert stats["dead"] == pytest.approx(float((tile == 0).mean()))
    assert view["stats"]["std"] == pytest.approx(float(values.std()), rel=1e-4)
    one = np.frombuffer(engine.values(0, node, Item(), 2), "<f4").reshape(10, 12)
    np.testing.assert_array_equal(one, values[2])


def test_predictions_and_labels():
    model = convnet()
    engine = Engine({"net": model}, classes=list("abcd"), top=2, std=255)
    y = model(PICTURE[None] / 255)[0].detach().numpy()
    best = np.argsort(-y)[:2]
    found = engine.predictions(0, Item())["outputs"][0]
    assert [t["index"] for t in found["top"]] == best.tolist()
    assert [t["label"] for t in found["top"]] == ["abcd"[i] for i in best]
    np.testing.assert_allclose([t["value"] for t in found["top"]], y[best], rtol=1e-6)
    bars = engine.view(0, nodes(engine)["classes"]["id"], Item())
    assert bars["kind"] == "bars"
    assert bars["labels"] == list("abcd")
    np.testing.assert_allclose(bars["values"], y, rtol=1e-6)


def layer_cases():
    image = (8, 9, 2)
    yield "depthwise", image, layers.DepthwiseConv2D(3), "maps", (2, 6, 7)
    yield "first", image, layers.Conv2D(3, 2, data_format="channels_first"), "maps", (3, 8, 1)
    yield "volume", (4, 5, 6, 2), layers.Conv3D(3, 2), "maps", (3, 3 * 4, 5)
    yield "line", (9, 4), layers.Conv1D(6, 2), "curves", (6, 1, 8)
    yield "wide", (9, 4), layers.Conv1D(70, 2), "timeline", (1, 8, 70)
    yield "states", (9, 4), layers.LSTM(5), "timeline", (1, 9, 5)
    yield "dense", (7,), layers.Dense(3), "bars", (1, 1, 3)
    yield "scores", (9, 4), layers.MultiHeadAttention(2, 3), "scores", (2, 9, 9)


@pytest.mark.parametrize("case", list(layer_cases()), ids=lambda case: case[0])
def test_kinds(case):
    _, shape, layer, kind, wanted = case
    inputs = keras.Input(shape)
    both = isinstance(layer, layers.MultiHeadAttention)
    model = keras.Model(inputs, layer(inputs, inputs) if both else layer(inputs))
    sample = np.random.default_rng(1).normal(size=(1, *shape)).astype("float32")
    engine = Engine({"m": model}, sample=sample)
    node = nodes(engine)[layer.name]
    assert node["view"] == kind
    view = engine.view(0, node["id"], Sample(sample))
    assert (view["kind"], view["count"], view["height"], view["width"]) == (kind, *wanted)
    values = np.frombuffer(engine.values(0, node["id"], Sample(sample)), "<f4").reshape(wanted)
    y = np.asarray((layer(sample, sample) if both else layer(sample)).detach())[0]
    if kind == "maps":
        first = getattr(layer, "data_format", "") == "channels_first"
        y = y if first else np.moveaxis(y, -1, 0)
        np.testing.assert_allclose(values, y.reshape(wanted), rtol=1e-5, atol=1e-6)
    elif kind == "curves":
        np.testing.assert_allclose(values[:, 0], y.T, rtol=1e-5, atol=1e-6)
    elif kind == "bars":
        np.testing.assert_allclose(values[0, 0], y, rtol=1e-5, atol=1e-6)
    elif kind == "timeline" and y.ndim == 2:
        np.testing.assert_allclose(values[0], y, rtol=1e-5, atol=1e-6)
    elif kind == "timeline":
        np.testing.assert_allclose(values[0, -1], y, rtol=1e-5, atol=1e-6)


def test_torch_module():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 120, 2))
    with pytest.raises(ValueError, match="does not tell the shape of its input"):
        Engine({"m": model})
    engine = Engine({"m": model}, input_shape=(3, 12, 14), std=255)
    assert engine.session()["input"]["height"] == 12
    view = engine.view(0, nodes(engine)["1"]["id"], Item())
    assert (view["kind"], view["count"], view["height"], view["width"]) == ("maps", 4, 10, 12)
    kernel = engine.kernel(0, nodes(engine)["0"]["id"], 2)
    assert (kernel["kind"], kernel["count"], kernel["height"]) == ("kernel", 3, 3)
    np.testing.assert_allclose(kernel["values"], model[0].weight[2].detach().flatten(), rtol=1e-6)
    assert kernel["bias"] == pytest.approx(float(model[0].bias[2].detach()))


@pytest.mark.parametrize(
    ("shape", "layout"),
    [
        ((12, 14, 3), (12, 14, 3)),
        ((12, 14, 1), (12, 14, 1)),
        ((None, None, 3), (None, None, 3)),
        ((12, 14), (12, 14, 1)),
        ((144,), (12, 12, 1)),
        ((3 * 144,), (12, 12, 3)),
    ],
)
def test_pictures_fit_many_inputs(shape, layout):
    inputs = keras.Input(shape)
    model = keras.Model(inputs, inputs * 1.0)
    engine = Engine({"m": model})
    told = engine.session()["input"]
    assert (told["height"], told["width"], told["channels"]) == layout
    given = engine.input.from_item(Item(), model)
    picture = Item().array(*layout)
    np.testing.assert_array_equal(given.numpy().ravel(), picture.ravel())
    np.testing.assert_array_equal(engine.input.picture(given).numpy(), picture)


def test_large_pictures_of_models_of_any_size():
    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, inputs * 1.0)
    asked = []

    class Large(Item):
        def array(self, height, width, channels):
            asked.append((height, width))
            return np.zeros((height, width, channels), "float32")

    Engine({"m": model}).input.from_item(Large(picture=np.zeros((4096, 1000))), model)
    assert asked == [(1024, 250)]


def test_a_model_that_is_not_built():
    model = keras.Sequential([layers.Conv2D(4, 3, name="maps"), layers.Flatten(), layers.Dense(2)])
    engine = Engine({"m": model}, input_shape=(12, 14, 3))
    found = [n["name"] for n in engine.graph(0)["nodes"]]
    assert found[1] == "maps"
    assert len(found) == 4
    assert engine.view(0, nodes(engine)["maps"]["id"], Item())["count"] == 4


def test_a_model_without_classes():
    inputs = keras.Input((12, 14, 3))
    model = keras.Model(inputs, layers.Conv2D(2, 1, activation="softmax", name="parts")(inputs))
    engine = Engine({"m": model})
    assert not nodes(engine)["parts"]["explain"]
    assert engine.predictions(0, Item())["outputs"][0]["top"] == []


def test_models_of_several_inputs_take_samples():
    a, b = keras.Input((6, 6, 1), name="left"), keras.Input((3,), name="right")
    x = layers.Concatenate()([layers.Flatten()(a), b])
    model = keras.Model([a, b], layers.Dense(2)(x))
    sample = [np.ones((1, 6, 6, 1), "float32"), np.ones((1, 3), "float32")]
    engine = Engine({"m": model}, sample=sample)
    assert engine.session()["input"]["kind"] == "array"
    assert not engine.session()["uploads"]
    y = engine.predictions(0, Sample(sample))["outputs"][0]["top"]
    expected = model(sample)[0].detach().numpy()
    np.testing.assert_allclose(sorted(t["value"] for t in y), sorted(expected), rtol=1e-5)
    with pytest.raises(ValueError, match="takes no pictures"):
        engine.predictions(0, Item("i7"))
    assert {n["name"] for n in engine.graph(0)["nodes"]} >= {"left", "right"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": ["a", "b"]}, "2 names for 4 classes"),
        ({"classes": "abcd"}, "classes must be a list"),
        ({"top": 0}, "top must be a positive integer"),
        ({"mean": [1, 2]}, "one number a channel"),
        ({"std": 0}, "std must not be 0"),
        ({"input_shape": (0, 3)}, "input_shape must be"),
    ],
)
def test_wrong_arguments(change, message):
    with pytest.raises((ValueError, TypeError), match=message):
        Engine({"net": convnet()}, **change)


def test_unknown_places():
    engine = Engine({"net": convnet()})
    node = nodes(engine)["maps"]["id"]
    for ask in (
        lambda: engine.view(7, node, Item()),
        lambda: engine.view(0, "n99", Item()),
        lambda: engine.values(0, node, Item(), 5),
        lambda: engine.values(0, node, Item(), -1),
        lambda: engine.kernel(0, nodes(engine)["pooled"]["id"], 0),
        lambda: engine.kernel(0, node, 5),
    ):
        with pytest.raises(KeyError):
            ask()
    with pytest.raises(ValueError, match="no maps"):
        engine.explain(0, nodes(engine)["classes"]["id"], Item())
    with pytest.raises(ValueError, match="scale"):
        engine.tiles(0, node, Item(), "none")


def test_kernels_of_keras_layers():
    inputs = keras.Input((8, 8, 2))
    x = layers.Conv2D(3, 3, name="conv")(inputs)
    x = layers.DepthwiseConv2D(2, depth_multiplier=2, name="depth")(x)
    x = layers.Conv2DTranspose(4, 3, name="transposed")(x)
    x = layers.Dense(5, name="dense")(layers.Flatten()(x))
    model = keras.Model(inputs, x)
    engine = Engine({"m": model}, sample=np.zeros((1, 8, 8, 2), "float32"))
    found = nodes(engine)

    def shown(name, index):
        made = engine.kernel(0, found[name]["id"], index)
        return np.array(made["values"]).reshape(made["count"], made["height"], made["width"])

    weights = {name: model.get_layer(name).get_weights()[0] for name in found if name in
               ("conv", "depth", "transposed", "dense")}  # fmt: skip
    np.testing.assert_allclose(shown("conv", 1), weights["conv"][..., 1].transpose(2, 0, 1))
    np.testing.assert_allclose(shown("depth", 3)[0], weights["depth"][:, :, 1, 1])
    np.testing.assert_allclose(
        shown("transposed", 2), weights["transposed"][:, :, 2].transpose(2, 0, 1)
    )
    np.testing.assert_allclose(shown("dense", 4)[0, 0], weights["dense"][:, 4])


def test_values_that_are_no_numbers():
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, keras.ops.log(inputs - 1.0))
    engine = Engine({"m": model})
    picture = np.arange(16, dtype="float32").reshape(4, 4, 1)
    item = Item(picture=picture)
    node = nodes(engine)["log"]["id"]
    view = json.loads(json.dumps(engine.view(0, node, item), allow_nan=False))
    assert view["stats"]["nonfinite"] == 2  # the log of -1 and of 0
    sheet = pixels(engine.tiles(0, node, item))
    assert sheet[0, 0] == sheet[0, 1] == 0
    assert sheet.max() == 255


def test_computed_once(monkeypatch):
    engine = Engine({"net": convnet()})
    runs = []
    real = module.Checkpoint.trace
    monkeypatch.setattr(module.Checkpoint, "trace", lambda *a: runs.append(a[1]) or real(*a))
    found = nodes(engine)
    for _ in range(3):
        for node in found.values():
            engine.view(0, node["id"], Item())
        engine.predictions(0, Item())
    assert runs == ["i0"]


def test_memory_of_the_cache_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "CACHE_BYTES", 200_000)
    engine = Engine({"net": convnet()})
    node = nodes(engine)["maps"]["id"]
    for i in range(50):
        engine.view(0, node, Item(f"i{i}"))
        engine.tiles(0, node, Item(f"i{i}"))
        assert engine._cache._bytes <= 200_000


def test_too_many_wait(monkeypatch):
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    engine = Engine({"net": convnet()})
    nodes(engine)
    inside, go = threading.Event(), threading.Event()

    def slow(*args):
        inside.set()
        go.wait(10)
        raise ValueError("done")

    monkeypatch.setattr(module.Checkpoint, "trace", slow)
    outcomes = []

    def ask(i):
        try:
            engine.predictions(0, Item(f"i{i}"))
        except (Busy, ValueError) as e:
            outcomes.append(type(e))

    first = threading.Thread(target=ask, args=(0,))
    first.start()
    assert inside.wait(10)
    others = [threading.Thread(target=ask, args=(i,)) for i in range(1, 6)]
    for thread in others:
        thread.start()
    for _ in range(200):
        if outcomes.count(Busy) == 3:
            break
        threading.Event().wait(0.05)
    go.set()
    for thread in (first, *others):
        thread.join(10)
    assert outcomes.count(Busy) == 3
    assert outcomes.count(ValueError) == 3


def test_checkpoints_of_weights_and_records():
    model = convnet()
    twin = keras.models.clone_model(model)
    engine = Engine({"net": model}, live=True)
    assert engine.session()["checkpoints"] == []
    before = model.get_weights()
    first = engine.add(WeightsCheckpoint("start", model, twin))
    recorded = engine.add(
        RecordedCheckpoint(
            "seen", model, {None: torch.zeros(1, 12, 14, 3), "i0": torch.tensor(PICTURE)[None]},
            ["maps"],
        )
    )  # fmt: skip
    y = model(PICTURE[None])[0].detach().numpy()
    model.set_weights([w + 1 for w in before])
    second = engine.add(WeightsCheckpoint("later", model, twin))
    now = model(PICTURE[None])[0].detach().numpy()

    def predicted(number):
        top = engine.predictions(number, Item())["outputs"][0]["top"]
        return [t["value"] for t in sorted(top, key=lambda t: t["index"])]

    np.testing.assert_allclose(predicted(first), y, rtol=1e-5)
    np.testing.assert_allclose(predicted(second), now, rtol=1e-5)
    np.testing.assert_allclose(predicted(recorded), y, rtol=1e-5)
    node = nodes(engine, first)["maps"]["id"]
    assert engine.values(recorded, node, Item()) == engine.values(first, node, Item())
    assert nodes(engine, recorded)["pooled"]["view"] == "none"
    assert nodes(engine, recorded)["pooled"]["shape"] == [None, 5]
    assert engine.explain(first, node, Item())["method"] == "gradcam"
    with pytest.raises(ValueError, match="recorded epoch"):
        engine.explain(recorded, node, Item())
    with pytest.raises(ValueError, match="not there when"):
        engine.view(recorded, node, Item("i5"))
    version = engine.session()["version"]
    engine.remove(first)
    assert [c["id"] for c in engine.session()["checkpoints"]] == [recorded, second]
    assert engine.session()["version"] > version
    with pytest.raises(KeyError):
        engine.predictions(first, Item())


def test_imagenet_names_of_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, layers.Dense(1000)(layers.Flatten()(inputs)))
    assert Engine({"m": model}).session()["classes"] is None
    (tmp_path / "models").mkdir()
    index = {str(i): [f"n{i}", f"thing {i}"] for i in range(1000)}
    (tmp_path / "models" / "imagenet_class_index.json").write_text(json.dumps(index))
    assert Engine({"m": model}).session()["classes"][7] == "thing 7"
