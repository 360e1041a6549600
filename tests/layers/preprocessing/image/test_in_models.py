"""Geometric augmentation in models that are trained and saved, and in torch data sets."""

import keras
import numpy as np
import pytest
import torch
from geometry_oracle import boxes, images, masks

import torchkeras
from oracle import clear_names, normalise_config

LAYERS = {
    "RandomFlip": {},
    "RandomRotation": {"factor": 0.2},
    "RandomZoom": {"height_factor": 0.2},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.1},
    "RandomShear": {"x_factor": (0.0, 0.2), "y_factor": (0.0, 0.1)},
    "RandomPerspective": {},
    "RandomElasticTransform": {},
    "RandomErasing": {},
}


def make(name, lib=torchkeras, **kwargs):
    return getattr(lib.layers, name)(**LAYERS[name], seed=3, **kwargs)


def classifier(lib, name, data_format="channels_last"):
    clear_names()
    shape = (6, 8, 3) if data_format == "channels_last" else (3, 6, 8)
    layers = [lib.Input(shape), make(name, lib, data_format=data_format), lib.layers.Flatten()]
    return lib.Sequential([*layers, lib.layers.Dense(2, activation="softmax")])


@pytest.mark.parametrize("name", LAYERS)
def test_fit_and_save(name, tmp_path):
    x, y = images(8).numpy() / 255, np.arange(8) % 2
    model = classifier(torchkeras, name)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=4, epochs=2, verbose=0)
    want = model.predict(x, verbose=0)
    # Nothing is drawn in predict and evaluate.
    np.testing.assert_array_equal(want, model.predict(x, verbose=0))
    model.save(tmp_path / "ours.keras")
    again = torchkeras.saving.load_model(tmp_path / "ours.keras")
    np.testing.assert_allclose(again.predict(x, verbose=0), want, rtol=1e-6)
    state = model.layers[0].generator.state
    assert state.tolist() == again.layers[0].generator.state.tolist()
    assert state[1] > 0
    theirs = keras.saving.load_model(tmp_path / "ours.keras")
    np.testing.assert_allclose(theirs.predict(x, verbose=0), want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_reads_files_of_keras(name, tmp_path):
    model = classifier(keras, name, "channels_first")
    model.save(tmp_path / "theirs.keras")
    x = images(2, "channels_first").numpy()
    ours = torchkeras.saving.load_model(tmp_path / "theirs.keras")
    np.testing.assert_allclose(ours.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5)
    configs = [normalise_config(m.layers[0].get_config()) for m in (ours, model)]
    assert configs[0] == configs[1]


@pytest.mark.parametrize("name", [*LAYERS, "MaxNumBoundingBoxes"])
def test_symbols(name):
    """On symbols: shapes, dtypes and unknown sizes as in Keras."""
    described = []
    for lib in (torchkeras, keras):
        layer = lib.layers.MaxNumBoundingBoxes(3) if name not in LAYERS else make(name, lib)
        given = [lib.Input((6, 8, 3)), lib.Input((None, None, 3), dtype="uint8"),
                 {"images": lib.Input((6, 8, 3)), "labels": lib.Input((2,))}]  # fmt: skip
        found = []
        for x in given:
            out = layer(x)
            found += [(k, tuple(v.shape), v.dtype) for k, v in out.items()] if isinstance(
                out, dict) else [(tuple(out.shape), out.dtype)]  # fmt: skip
        described.append(found)
    assert described[0] == described[1]


@pytest.mark.parametrize("name", LAYERS)
def test_in_a_data_loader(name):
    layer = make(name, bounding_box_format="xyxy")
    has_boxes = name != "RandomElasticTransform"
    b = boxes(4)

    class Data(torch.utils.data.Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, i):
            item = {
                "images": images(4)[i],
                "segmentation_masks": masks(4)[i],
                "labels": torch.tensor([i]),
            }
            if has_boxes:
                item["bounding_boxes"] = {k: v[i] for k, v in b.items()}
            return layer(item, training=True)

    batch = next(iter(torch.utils.data.DataLoader(Data(), batch_size=4)))
    assert batch["images"].shape == (4, 6, 8, 3)
    assert batch["segmentation_masks"].shape == (4, 6, 8, 1)
    assert batch["labels"].flatten().tolist() == [0, 1, 2, 3]
    if has_boxes:
        assert batch["bounding_boxes"]["boxes"].shape == (4, 6, 4)


@pytest.mark.parametrize("name", LAYERS)
def test_same_seed_same_images(name):
    x = images(2)
    one, two = make(name), make(name)
    first = [one(x) for _ in range(3)]
    for y in first:
        assert torch.equal(y, two(x))
    assert not torch.equal(first[0], first[1]) or not torch.equal(first[1], first[2])


def test_subclass_of_a_layer():
    """A user's subclass draws for itself, and leaves the rest to the layer."""

    def make(lib):
        class Quarter(lib.layers.RandomRotation):
            def get_random_transformation(self, data, training=True, seed=None):
                drawn = super().get_random_transformation(data, training=training, seed=1)
                return {**drawn, "own": True} if drawn else drawn

            def transform_labels(self, labels, transformation, training=True):
                return labels + 1 if training else labels

        return Quarter(0.3)

    data = {"images": images(), "labels": torch.arange(3), "segmentation_masks": images()}
    ours, theirs = (make(lib)(dict(data)) for lib in (torchkeras, keras))
    torch.testing.assert_close(ours["images"], theirs["images"], atol=1e-3, rtol=1e-5)
    assert ours["labels"].tolist() == theirs["labels"].tolist() == [1, 2, 3]


@pytest.mark.sweep
def test_compiles():
    """With a stream of torch's own, as all random layers."""
    layer = torchkeras.layers.RandomZoom(0.2)
    run = torch.compile(lambda x: layer(x, training=True), backend="eager")
    assert run(images()).shape == (3, 6, 8, 3)
