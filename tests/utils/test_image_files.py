"""Image files, arrays and Config against real Keras; split_dataset; inputs of symbols."""

import io

import keras
import numpy as np
import pytest
import torch
from PIL import Image

import torchkeras

PIXELS = np.random.RandomState(0).randint(0, 256, (9, 6, 3)).astype("uint8")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("images") / "a.png"
    Image.fromarray(PIXELS).save(path)
    return path


def both(name, *args, **options):
    got, want = (getattr(lib.utils, name)(*args, **options) for lib in (torchkeras, keras))
    if isinstance(want, Image.Image):
        assert (got.mode, got.size) == (want.mode, want.size)
        got, want = np.asarray(got), np.asarray(want)
    assert got.dtype == want.dtype and got.shape == want.shape
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("mode", ["rgb", "grayscale", "rgba"])
@pytest.mark.parametrize("size", [None, (9, 6), (4, 5), (12, 3)], ids=str)
@pytest.mark.parametrize("keep", [False, True])
def test_load(file, mode, size, keep):
    for method in ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos"):
        both("load_img", file, mode, size, method, keep)


def test_load_from_memory(file):
    both("load_img", io.BytesIO(file.read_bytes()))


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("data_format", [None, "channels_first"])
@pytest.mark.parametrize("scale", [True, False])
def test_arrays(channels, data_format, scale):
    x = np.random.RandomState(1).rand(5, 4, channels) * 255
    x = x.transpose(2, 0, 1) if data_format else x
    both("array_to_img", x, data_format, scale)
    both("array_to_img", x, data_format, scale, "float64")
    image = keras.utils.array_to_img(x, data_format)
    for dtype in (None, "uint8", "float64"):
        both("img_to_array", image, data_format, dtype)


def test_deep_grey_and_constants():
    both("array_to_img", np.full((2, 2, 1), 300.0), scale=False)
    both("array_to_img", np.full((2, 2, 3), 3.0))


@pytest.mark.parametrize(("name", "options"), [("a.png", {}), ("b.bmp", {"scale": False}),
                                               ("c", {"file_format": "png"})], ids=str)  # fmt: skip
def test_save(tmp_path, name, options):
    for lib in (torchkeras, keras):
        lib.utils.save_img(str(tmp_path / f"{lib.__name__}{name}"), PIXELS, **options)
    got, want = (np.asarray(Image.open(tmp_path / f"{n}{name}")) for n in ("torchkeras", "keras"))
    np.testing.assert_array_equal(got, want)


def test_jpeg_without_transparency(tmp_path):
    with pytest.warns(UserWarning, match="JPEG has no transparency"):
        torchkeras.utils.save_img(tmp_path / "a.jpg", np.random.rand(3, 3, 4))


@pytest.mark.parametrize(
    ("name", "args", "error", "message"),
    [
        ("load_img", ("x", "red"), ValueError, "color_mode must be one of"),
        ("load_img", (3,), TypeError, "path must be a path"),
        ("array_to_img", (np.zeros((2, 2)),), ValueError, "3 dimensions"),
        ("array_to_img", (np.zeros((2, 2, 2)),), ValueError, "1, 3 or 4 channels"),
        ("img_to_array", (np.zeros(3),), ValueError, "2 or 3 dimensions"),
        ("split_dataset", (np.zeros(4),), ValueError, "must be given"),
        ("split_dataset", (np.zeros(4), 5), ValueError, "left_size must be a share"),
        ("split_dataset", (np.zeros(4), "a"), TypeError, "left_size must be a number"),
        ("split_dataset", (np.zeros(4), 0.7, 0.5), ValueError, "must not be more than 1"),
        ("split_dataset", (np.zeros(4), 3, 3), ValueError, "not be more than the 4 samples"),
        ("split_dataset", (5, 0.5), TypeError, "must be arrays or a dataset"),
    ],
)
def test_bad_input(name, args, error, message):
    with pytest.raises(error, match=message):
        getattr(torchkeras.utils, name)(*args)


def rows(part):
    return [[np.asarray(e).tolist() for e in row] for row in part]


def test_split():
    split, x = torchkeras.utils.split_dataset, np.arange(10)
    left, right = split(x, left_size=0.8)
    assert rows(left) == [[i] for i in range(8)] and rows(right) == [[8], [9]]
    for options, sizes in (({"right_size": 0.3}, (7, 3)), ({"left_size": 3}, (3, 7)),
                           ({"left_size": 2, "right_size": 4}, (2, 4))):  # fmt: skip
        assert tuple(map(len, split(x, **options))) == sizes
    left, right = split((x, x * 2), 0.5, shuffle=True, seed=1)
    pairs = rows(left) + rows(right)
    assert sorted(pairs) == [[i, 2 * i] for i in range(10)] and pairs != sorted(pairs)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.arange(10)), 4)
    left, right = split(loader, 0.6)
    assert [b[0].tolist() for b in left] == [[0, 1, 2, 3], [4, 5]] and len(right) == 1


def test_config():
    for lib in (torchkeras, keras):
        config = lib.utils.Config(a=1, b="x")
        config.c = [2]
        config["d"] = None
        assert (config.c, config["a"], config.get("z", 3), config.pop("d")) == ([2], 1, 3, None)
        assert config.to_json() == '{"a": 1, "b": "x", "c": [2]}'
        assert list(config.items()) == [("a", 1), ("b", "x"), ("c", [2])] and len(config) == 3
        assert repr(config) == "<Config {'a': 1, 'b': 'x', 'c': [2]}>"
        config.freeze()
        assert config.frozen
        for change in (lambda c=config: setattr(c, "a", 2), lambda c=config: c.pop("a"),
                       lambda c=config: c.update({"a": 2})):  # fmt: skip
            with pytest.raises(ValueError, match="frozen"):
                change()
        config.unfreeze()
        config.a = 5
        assert config.as_dict()["a"] == 5 and "a" in config
        with pytest.raises(AttributeError, match="zz"):
            config.zz


def test_source_inputs():
    a, b = torchkeras.Input((3,)), torchkeras.Input((3,))
    out = torchkeras.layers.Add()([torchkeras.layers.Dense(3)(a), b])
    found = torchkeras.utils.get_source_inputs(out)
    assert found[0] is a and found[1] is b and len(found) == 2


@pytest.mark.parametrize("size", [(4, 4), (3, 8), (12, 5)], ids=str)
def test_smart_resize(size):
    for method in ("bilinear", "nearest"):
        for x in (PIXELS.astype("float32"), np.stack([PIXELS] * 2).astype("float32")):
            got, want = (
                np.asarray(lib.preprocessing.image.smart_resize(x, size, method))
                for lib in (torchkeras, keras)
            )
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-3)
