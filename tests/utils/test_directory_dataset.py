"""Directory datasets against recordings of real Keras, and in `fit`."""

import json
import wave
from pathlib import Path

import numpy as np
import pytest
import torch
from directory_cases import answers, make

import torchkeras
from torchkeras.utils import sound

GOLDEN = Path(__file__).parents[1] / "golden" / "directory_datasets.json"
WANT = json.loads(GOLDEN.read_text())["answers"]
utils = torchkeras.utils


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def got(root):
    return json.loads(json.dumps(answers(utils, root)))


def same(got, want, where):
    if isinstance(want, list) and want and isinstance(want[0], float):
        # TensorFlow rounds the cubic's weights to a table of 1024 entries.
        atol = 0.15 if where.startswith("bicubic") else 2e-3
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=atol, err_msg=where)
    elif isinstance(want, list):
        assert len(got) == len(want), where
        for i, (a, b) in enumerate(zip(got, want, strict=True)):
            same(a, b, f"{where}[{i}]")
    else:  # as documented, nearest gives float32 as well
        assert got == ("float32" if want == "uint8" else want), where


@pytest.mark.parametrize("name", WANT)
def test_as_real_keras(got, name):
    same(got[name], WANT[name], name)


def test_in_fit(got, root):
    data = utils.image_dataset_from_directory(
        root / "images", image_size=(4, 4), batch_size=4, seed=1, verbose=False
    )
    seen = [y for _, y in data]
    assert [len(y) for y in seen] == [4, 2]
    assert sorted(torch.cat(seen).tolist()) == [0, 0, 1, 1, 1, 2]
    model = torchkeras.Sequential(
        [torchkeras.layers.Flatten(), torchkeras.layers.Dense(3, activation="softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    history = model.fit(data, epochs=2, validation_data=data, verbose=0).history
    assert len(history["val_loss"]) == 2
    assert model.predict(data, verbose=0).shape == (6, 3)


def test_orders(got, root):
    options = {"image_size": (2, 2), "seed": 5, "batch_size": None, "verbose": False}
    first, again = (utils.image_dataset_from_directory(root / "images", **options) for _ in "12")
    orders = [[float(x.sum()) for x, _ in first] for _ in range(3)]
    assert orders == [[float(x.sum()) for x, _ in again] for _ in range(3)]
    assert orders[0] != orders[1] and sorted(orders[0]) == sorted(orders[1])


def test_rates_of_sounds(tmp_path):
    at = np.arange(8000) / 8000
    write_wave(tmp_path / "a.wav", np.sin(2 * np.pi * 440 * at))
    for rate in (4000, 12000, 11025):
        x = sound.read_wav(str(tmp_path / "a.wav"), rate)[:, 0].numpy()
        want = np.sin(2 * np.pi * 440 * np.arange(len(x)) / rate)
        assert len(x) == rate
        assert np.abs(x[100:-100] - want[100:-100]).max() < 2e-3


def write_wave(path, values):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes((values * 32767).astype("<i2").tobytes())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": "x"}, "labels must be"),
        ({"labels": [0, 1]}, "2 labels, 7 files"),
        ({"label_mode": "x"}, "label_mode must be one of"),
        ({"label_mode": "binary"}, "needs exactly 2 classes"),
        ({"class_names": ["a", "z"]}, r"no folder for the classes \['z'\]"),
        ({"class_names": ["a"], "labels": None}, "class_names goes with"),
        ({"validation_split": 0.2}, "go together"),
        ({"subset": "both"}, "go together"),
        ({"validation_split": 0.2, "subset": "both"}, "seed must be given"),
        ({"validation_split": 1.2, "subset": "both", "seed": 1}, "between 0 and 1"),
        ({"validation_split": 0.2, "subset": "x", "seed": 1}, "subset must be one of"),
        ({"validation_split": 0.01, "subset": "validation", "seed": 1}, "no files are left"),
        ({"color_mode": "x"}, "color_mode must be one of"),
        ({"interpolation": "x"}, "interpolation must be one of"),
        ({"batch_size": 0}, "batch_size must be a positive integer"),
        ({"format": "x"}, "format must be one of"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "only one of"),
    ],
    ids=str,
)
def test_bad_input(got, root, options, message):
    with pytest.raises(ValueError, match=message):
        utils.image_dataset_from_directory(root / "images", verbose=False, **options)


def test_bad_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        utils.text_dataset_from_directory(tmp_path / "nothing")
    make(tmp_path)
    with pytest.raises(ValueError, match=r"no files that end in \.wav"):
        utils.audio_dataset_from_directory(tmp_path / "texts")
    (tmp_path / "sounds" / "a" / "bad.wav").write_bytes(b"no sound")
    data = utils.audio_dataset_from_directory(tmp_path / "sounds", verbose=False)
    with pytest.raises(ValueError, match=r"bad.wav: file does not start with RIFF id"):
        list(data)
