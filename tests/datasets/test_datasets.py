"""The loaders against those of real Keras, on small files in the published forms."""

import hashlib
import itertools
import os

import keras
import numpy as np
import pytest
from loopback import server
from published import files

import torchkeras
from torchkeras.datasets import _source

NAMES = ("boston_housing", "california_housing", "cifar10", "cifar100", "fashion_mnist", "imdb",
         "mnist", "reuters")  # fmt: skip


PUBLISHED = dict(_source._FILES)


@pytest.fixture(scope="module")
def net():
    with server() as state:
        state.files.update(files())
        yield state


@pytest.fixture(scope="module")
def home(tmp_path_factory, net):
    """A cache that both libraries read: filled by ours, over the network."""
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("home")
    patch.setenv("KERAS_HOME", str(folder))
    patch.setenv(_source.MIRROR, net.address)
    hashes = {n: hashlib.sha256(c).hexdigest() for n, c in net.files.items()}
    known = {n: (base, h and hashes[n]) for n, (base, h) in _source._FILES.items()}
    patch.setattr(_source, "_FILES", known)
    for name in NAMES:  # real Keras must not compare with the hashes of the real files
        module = getattr(keras.datasets, name)
        source = __import__(module.load_data.__module__, fromlist=["get_file"])
        patch.setattr(source, "get_file", from_cache(folder, source.get_file))
    for name in NAMES:
        getattr(torchkeras.datasets, name).load_data()
    for name in ("imdb", "reuters"):
        getattr(torchkeras.datasets, name).get_word_index()
    yield folder
    patch.undo()


def from_cache(folder, get_file):
    def found(fname=None, origin=None, extract=False, cache_subdir="datasets", **kwargs):
        path = os.path.join(folder, cache_subdir, fname)
        assert os.path.exists(path), f"ours did not put {path} there"
        return path

    return found


def same(got, want):
    assert type(got) is type(want) and len(got) == len(want)
    if isinstance(got, tuple):
        for a, b in zip(got, want, strict=True):
            same(a, b)
    elif got.dtype == object:
        assert [list(a) for a in got] == [list(b) for b in want]
    else:
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want)


def both(name, **options):
    got, want = (getattr(lib.datasets, name).load_data(**options) for lib in (torchkeras, keras))
    same(got, want)
    return got


WORDS = [
    {"num_words": 20},
    {"num_words": 20, "skip_top": 5},
    {"maxlen": 8},
    {"seed": 7, "start_char": None},
    {"oov_char": None, "num_words": 15},
    {"index_from": 0, "start_char": None},
    {"index_from": 10, "skip_top": 12, "maxlen": 10},
]
CASES = [
    *((name, {}) for name in NAMES),
    *(("cifar100", {"label_mode": mode}) for mode in ("fine", "coarse")),
    *itertools.product(("imdb", "reuters"), WORDS),
    ("reuters", {"test_split": 0.5}),
    *itertools.product(("boston_housing", "california_housing"),
                       ({"test_split": 0.4}, {"seed": 1}, {"test_split": 0.0})),
    ("california_housing", {"version": "small"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_as_real_keras(home, name, options):
    both(name, **options)


def test_channels_first(home):
    for lib in (torchkeras, keras):
        lib.config.set_image_data_format("channels_first")
    try:
        (x, y), _ = both("cifar100")
    finally:
        for lib in (torchkeras, keras):
            lib.config.set_image_data_format("channels_last")
    assert x.shape == (5, 3, 32, 32) and y.shape == (5, 1)


@pytest.mark.parametrize("name", ["imdb", "reuters"])
def test_word_index(home, name):
    got, want = (getattr(lib.datasets, name).get_word_index() for lib in (torchkeras, keras))
    assert got == want and got["the"] == 1


def test_topics():
    assert torchkeras.datasets.reuters.get_label_names() == keras.datasets.reuters.get_label_names()


def test_keras_1_spelling(home):
    got = torchkeras.datasets.imdb.load_data(nb_words=20)
    same(got, torchkeras.datasets.imdb.load_data(num_words=20))


def test_nothing_is_fetched_twice(home, net, monkeypatch):
    net.asked.clear()
    monkeypatch.setenv(_source.MIRROR, "https://nowhere.invalid")
    for name in NAMES:
        getattr(torchkeras.datasets, name).load_data()
    assert net.asked == []


def test_a_file_that_is_not_the_published_one(home, net, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setitem(net.files, "mnist.npz", b"something else")
    with pytest.raises(ValueError, match="nothing was kept"):
        torchkeras.datasets.mnist.load_data()
    assert list((tmp_path / "datasets").iterdir()) == []
    assert "Downloading data from" in capsys.readouterr().out


def test_hashes_are_those_of_real_keras(monkeypatch):
    """Name, address and hash of each file, as real Keras asks for them."""
    asked = {}

    class Asked(Exception):
        pass

    def note(fname=None, origin=None, file_hash=None, **kwargs):
        asked[origin.rpartition("/")[2]] = (origin.rpartition("/")[0] + "/", file_hash)
        raise Asked

    for name in NAMES:
        module = getattr(keras.datasets, name)
        source = __import__(module.load_data.__module__, fromlist=["get_file"])
        monkeypatch.setattr(source, "get_file", note)
        for function in ("load_data", "get_word_index"):
            if hasattr(module, function):
                with pytest.raises(Asked):
                    getattr(module, function)()
    assert len(asked) == 10  # Fashion-MNIST stops at its first file
    for file, (base, file_hash) in asked.items():
        assert PUBLISHED[file] == (base, file_hash)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("cifar100", {"label_mode": "x"}, "label_mode must be one of"),
        ("california_housing", {"version": "x"}, "version must be one of"),
        ("boston_housing", {"test_split": 1.0}, "test_split must be in"),
        ("imdb", {"maxlen": 1}, "no text is shorter than maxlen=1"),
        ("digits", {"test_split": 2}, "test_split must be in"),
    ],
)
def test_bad_input(home, name, options, message):
    with pytest.raises(ValueError, match=message):
        getattr(torchkeras.datasets, name).load_data(**options)


@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [
        ("digits", (8, 8), 10),
        ("iris", (4,), 3),
        ("wine", (13,), 3),
        ("breast_cancer", (30,), 2),
        ("diabetes", (10,), None),
    ],
)
def test_of_scikit_learn(name, shape, classes):
    module = getattr(torchkeras.datasets, name)
    (x, y), (x_test, y_test) = module.load_data()
    assert x.shape[1:] == x_test.shape[1:] == shape and x.dtype == "float32"
    assert len(x) == len(y) and len(x_test) == len(y_test) == -(-(len(x) + len(x_test)) // 5)
    if classes:
        assert set(y) == set(y_test) == set(range(classes))
    again = module.load_data()
    np.testing.assert_array_equal(again[0][0], x)
    other = module.load_data(test_split=0.5, seed=1)
    assert abs(len(other[0][0]) - len(other[1][0])) <= 1
