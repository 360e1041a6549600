"""What a model holds in several places is one object again when it is loaded."""

import json
import zipfile

import keras
import numpy as np
import pytest
from saving.zoo import rand

import torchkeras
from oracle import assert_close, to_numpy
from torchkeras.core.serialize import deserialize_keras_object, serialize_keras_object
from torchkeras.core.sharing import KEY, ObjectSharingScope
from torchkeras.saving.safety import ModelFileError


def wrapped(k):
    """A functional model with a layer of its own that is inside another one of its layers too."""
    a, b = k.Input((4, 2)), k.Input((4, 3, 2))
    shared = k.layers.Dense(3, name="shared")
    return k.Model([a, b], [shared(a), k.layers.TimeDistributed(shared, name="outer")(b)])


DATA = [rand(5, 4, 2), rand(5, 4, 3, 2)]


@pytest.mark.parametrize(
    "pair", [(torchkeras, torchkeras), (torchkeras, keras), (keras, torchkeras)]
)
@pytest.mark.parametrize("zipped", [True, False])
def test_a_layer_inside_another_one(pair, zipped, tmp_path):
    source, target = pair
    model = wrapped(source)
    path = tmp_path / ("m.keras" if zipped else "m")
    model.save(path, zipped=zipped)
    loaded = target.saving.load_model(path)
    assert loaded.get_layer("outer").layer is loaded.get_layer("shared")
    assert len(loaded.weights) == 2
    for ours, theirs in zip(loaded(DATA), model(DATA), strict=True):
        assert_close(to_numpy(ours), to_numpy(theirs), 1e-5, 1e-6)


def test_a_torch_checkpoint(tmp_path):
    model = wrapped(torchkeras)
    model.save(tmp_path / "m.pt")
    loaded = torchkeras.saving.load_model(tmp_path / "m.pt")
    assert loaded.get_layer("outer").layer is loaded.get_layer("shared")
    assert np.array_equal(to_numpy(loaded(DATA)[1]), to_numpy(model(DATA)[1]))


def test_only_what_is_shared_has_a_number(tmp_path):
    layers = torchkeras.layers
    alone = torchkeras.Sequential([torchkeras.Input((3,)), layers.Dense(2), layers.Dense(2)])
    configs = []
    for name, model in (("alone", alone), ("wrapped", wrapped(torchkeras))):
        model.save(tmp_path / f"{name}.keras")
        with zipfile.ZipFile(tmp_path / f"{name}.keras") as archive:
            configs.append(archive.read("config.json").decode())
    assert KEY not in configs[0]
    numbers = [layer[KEY] for layer in json.loads(configs[1])["config"]["layers"] if KEY in layer]
    assert len(numbers) == 1
    assert KEY not in wrapped(torchkeras).to_json()  # as Keras: a config by itself makes two


def test_a_number_of_another_class_is_refused():
    act = torchkeras.layers.ReLU()
    with ObjectSharingScope():
        configs = serialize_keras_object([act, act])
        configs[1] |= {"class_name": "Dense", "config": {"units": 2}}
        with pytest.raises(ModelFileError, match="that of a ReLU, not of a Dense"):
            deserialize_keras_object(configs)
        configs[1][KEY] = "1"
        with pytest.raises(ModelFileError, match="must be an integer"):
            deserialize_keras_object(configs)
