"""Pipeline against real Keras."""

import json

import keras
import numpy as np
import pytest
import torch
from pixel_oracle import images

import torchkeras
from oracle import assert_close, check_config, clear_names

STEPS = {
    "deterministic": [
        ("RandomBrightness", {"factor": (0.1, 0.1)}),
        ("RandomContrast", {"factor": (0, 0)}),
        ("AutoContrast", {}),
    ],
    "one": [("RandomInvert", {"factor": (1, 1)})],
    "with weights": [("RandomBrightness", {"factor": (0.1, 0.1)}), ("Dense", {"units": 4})],
    "with dropout": [("Dropout", {"rate": 0.0}), ("Flatten", {})],
    "other size": [
        ("CenterCrop", {"height": 3, "width": 4}),
        ("RandomSaturation", {"factor": (0.2, 0.2)}),
    ],
    "pool": [
        ("MaxPooling2D", {}),
        ("Solarization", {}),
        ("Conv2D", {"filters": 2, "kernel_size": 2}),
    ],
    "mask": [("Masking", {}), ("LSTM", {"units": 3})],
    "nested": [("Pipeline", {"layers": []}), ("Rescaling", {"scale": 0.5})],
}


def make(lib, steps: str, **kwargs):
    clear_names()
    layers = []
    for kind, args in STEPS[steps]:
        if kind == "Pipeline":
            args = {"layers": [lib.layers.AutoContrast()]}
        layers.append(getattr(lib.layers, kind)(**args))
    return lib.layers.Pipeline(layers, **kwargs)


def inputs(name: str):
    x = images(3, 6, 8, 3)
    return torch.tensor(x[:, 0] if name == "mask" else x)


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("training", [None, True, False])
def test_outputs(name, training):
    ours, theirs = (make(lib, name) for lib in (torchkeras, keras))
    x = inputs(name)
    if name == "mask":
        x[:, 5:] = 0
    kwargs = {} if training is None else {"training": training}
    theirs(x.clone(), **kwargs), ours(x.clone(), **kwargs)
    for mine, other in zip(ours.layers, theirs.layers, strict=True):
        if not isinstance(mine, torchkeras.layers.Pipeline):
            mine.set_weights([np.array(w) for w in other.get_weights()])
    assert_close(ours(x.clone(), **kwargs), theirs(x.clone(), **kwargs), atol=1e-5)


@pytest.mark.parametrize("name", STEPS)
def test_config(name):
    ours, theirs = (make(lib, name, name="steps") for lib in (torchkeras, keras))
    check_config(ours, theirs)
    config = json.loads(json.dumps(ours.get_config()))
    check_config(torchkeras.layers.Pipeline.from_config(config), theirs)
    check_config(torchkeras.layers.Pipeline.from_config(theirs.get_config()), theirs)
    check_config(ours, keras.layers.Pipeline.from_config(config))


@pytest.mark.parametrize("name", STEPS)
def test_symbols(name):
    described = []
    for lib in (torchkeras, keras):
        shape = tuple(inputs(name).shape[1:])
        out = make(lib, name)(lib.Input(shape))
        described.append((tuple(out.shape), out.dtype))
    assert described[0] == described[1]


@pytest.mark.parametrize("name", ["with weights", "pool", "nested"])
@pytest.mark.parametrize("direction", ["from Keras", "to Keras", "ours"])
def test_keras_files(name, direction, tmp_path):
    source = keras if direction == "from Keras" else torchkeras
    target = keras if direction == "to Keras" else torchkeras
    x = inputs(name)
    model = source.Sequential([source.Input(x.shape[1:]), make(source, name)])
    model.save(tmp_path / "m.keras")
    loaded = target.saving.load_model(tmp_path / "m.keras")
    assert_close(loaded(x, training=False), model(x, training=False), atol=1e-5)


def test_weights_are_those_of_the_layers():
    ours, theirs = (make(lib, "with weights") for lib in (torchkeras, keras))
    for layer in (ours, theirs):
        layer(inputs("with weights"))
    assert [v.path for v in ours.weights] == [v.path for v in theirs.weights]
    assert len(ours.trainable_weights) == 2


def test_dicts():
    layers = torchkeras.layers
    pipeline = layers.Pipeline([layers.RandomInvert((1, 1)), layers.MixUp(seed=1)])
    x = torch.tensor(images(4, 3, 3, 3))
    out = pipeline({"images": x, "labels": torch.eye(4)})
    assert_close(out["labels"].sum(-1), torch.ones(4))
    same = pipeline({"images": x, "labels": torch.eye(4)}, training=False)
    assert torch.equal(same["images"], x)


def test_no_layers():
    """Real Keras fails when it is called."""
    x = torch.ones(2, 3)
    assert torch.equal(torchkeras.layers.Pipeline([])(x), x)


def test_layers_are_listed():
    layers = [torchkeras.layers.Dropout(0.1), torchkeras.layers.Flatten()]
    pipeline = torchkeras.layers.Pipeline(layers)
    assert pipeline.layers == layers
    assert [name for name, _ in pipeline.named_children()]


@pytest.mark.parametrize("layers", [3, [3], "ab", [torch.nn.Linear(2, 2)], None])
def test_bad_layers(layers):
    with pytest.raises(ValueError, match="Pipeline: layers must be a list of layers"):
        torchkeras.layers.Pipeline(layers)


@pytest.mark.parametrize("config", [{"name": "a"}, {"layers": None}, {"layers": 3}])
def test_config_without_layers(config):
    for lib in (keras, torchkeras):
        with pytest.raises(ValueError, match="layers"):
            lib.layers.Pipeline.from_config(config)
