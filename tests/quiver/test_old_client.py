import io
import json

import numpy as np
import pytest
from PIL import Image

import torchkeras as keras
from torchkeras import layers
from torchkeras.quiver.engine import Engine
from torchkeras.quiver.gallery import Gallery
from torchkeras.quiver.old_client import OldClient


def test_quivers_own_answers():
    inner = keras.Sequential([layers.Conv2D(2, 3, name="inside")], name="inner")
    inputs = keras.Input((12, 14, 3), name="picture")
    x = layers.Conv2D(3, 3, name="conv")(inputs)
    model = keras.Model(inputs, layers.Add(name="sum")([inner(x), inner(x)]))
    picture = np.random.default_rng(0).integers(0, 256, (1, 12, 14, 3)).astype("float32")
    gallery = Gallery(None, samples=picture)
    engine = Engine({"net": model}, top=2, sample=gallery.sample)
    client = OldClient(engine, gallery)
    config = json.loads(json.dumps(client.model(), allow_nan=False))
    assert config["class_name"] == "Model"
    drawn = {layer["name"]: layer for layer in config["config"]["layers"]}
    assert list(drawn) == ["picture", "conv", "inner", "inner_1", "sum"]
    assert drawn["conv"]["class_name"] == "Conv2D"
    assert drawn["conv"]["config"]["filters"] == 3
    assert drawn["conv"]["inbound_nodes"] == [[["picture", 0, 0, {}]]]
    assert [n[0] for n in drawn["sum"]["inbound_nodes"][0]] == ["inner", "inner_1"]
    assert config["config"]["output_layers"] == [["sum", 0, 0]]
    files = client.layer("inner_1", "sample 0")
    assert files == ["inner_1_0_sample 0.png", "inner_1_1_sample 0.png"]

    inside = next(n for n in engine.graph(0)["nodes"] if n["name"] == "inner")
    expected = np.frombuffer(engine.values(0, inside["id"], gallery.get("i0"), 1), "<f4")
    got = np.asarray(Image.open(io.BytesIO(client.picture(files[1])))).ravel()
    wanted = (expected - expected.min()) * (255 / np.ptp(expected))
    assert np.abs(got - wanted).max() <= 0.51
    with pytest.raises(KeyError):
        client.picture("inner_1_9_sample 0.png")
    with pytest.raises(KeyError):
        client.layer("nothing", "sample 0")
    with pytest.raises(KeyError):
        client.layer("conv", "no such image")


def test_predictions():
    inputs = keras.Input((6,))
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(inputs))
    x = np.random.default_rng(1).normal(size=(2, 6)).astype("float32")
    gallery = Gallery(None, samples=x)
    engine = Engine({"m": model}, classes=list("abc"), top=2, sample=gallery.sample)
    y = model(x).detach().numpy()[1]
    best = np.argsort(-y)[:2]
    ((first, second),) = OldClient(engine, gallery).predictions("sample 1")
    assert [first[:2], second[:2]] == [["", "abc"[i]] for i in best]
    np.testing.assert_allclose([first[2], second[2]], y[best], rtol=1e-6)


def test_a_live_page_without_an_epoch():
    inputs = keras.Input((6,))
    engine = Engine({"m": keras.Model(inputs, inputs * 1.0)}, live=True)
    client = OldClient(engine, Gallery(None, samples=np.zeros((1, 6))))
    for ask in (client.model, lambda: client.predictions("sample 0")):
        with pytest.raises(KeyError, match="nothing to look at yet"):
            ask()
