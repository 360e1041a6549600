"""Which weights of an `.h5` file go where: order, names, what is skipped, and what is refused."""

import io
import os
import warnings

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format
from saving import h5_files
from saving.damage import edit_h5, make_h5
from saving.h5_files import rand, weights_file

import torchkeras
from oracle import assert_close
from torchkeras.saving import ModelFileError
from torchkeras.saving.h5.attributes import text_bytes

L = torchkeras.layers


def mlp(k=torchkeras, names=("a", "b", "c"), units=(3, 4, 2)):
    layers = [k.layers.Dense(n, name=name) for n, name in zip(units, names, strict=True)]
    return k.Sequential([k.Input((5,)), *layers])


def layer(name, *shapes, seed=0):
    return {name: [(f"{name}/{i}:0", rand(*s, seed=seed + i)) for i, s in enumerate(shapes)]}


ABC = {
    **layer("a", (5, 3), (3,)),
    **layer("b", (3, 4), (4,), seed=5),
    **layer("c", (4, 2), (2,), seed=9),
}


def arrays(layers):
    return [v for weights in layers.values() for _, v in weights]


def put(tmp_path, layers, version="2.3.1", name="w.h5"):
    path = tmp_path / name
    path.write_bytes(weights_file(layers, version))
    return path


# ------------------------------------------------------------------------------- which is which


def test_order_counts_and_not_names(tmp_path):
    """As in Keras: scripts build their models anew, and names are numbered as it comes."""
    path = put(tmp_path, ABC)
    model = mlp(names=("x", "y", "z"))
    model.load_weights(path)
    assert_close(model.get_weights(), arrays(ABC))
    # The same names in another order: where the shapes allow, still the order.
    square = {**layer("p", (5, 5), (5,)), **layer("q", (5, 5), (5,), seed=3)}
    model = mlp(names=("q", "p"), units=(5, 5))
    model.load_weights(put(tmp_path, square))
    assert_close(model.get_weights(), arrays(square))
    theirs = mlp(keras, names=("q", "p"), units=(5, 5))
    theirs.load_weights(tmp_path / "w.h5")
    assert_close(model.get_weights(), [np.asarray(w) for w in theirs.get_weights()])


def test_names_help_where_the_order_cannot_be(tmp_path):
    path = put(tmp_path, {n: ABC[n] for n in "cab"})
    model = mlp()
    model.load_weights(path)
    assert_close(model.get_weights(), arrays(ABC))


def test_layers_that_moved_into_a_model_within(tmp_path):
    inner = torchkeras.Sequential(
        [torchkeras.Input((5,)), L.Dense(3, name="a"), L.Dense(4, name="b")]
    )
    model = torchkeras.Sequential([torchkeras.Input((5,)), inner, L.Dense(2, name="c")])
    model.load_weights(put(tmp_path, ABC))
    assert_close(model.get_weights(), arrays(ABC))


@pytest.mark.parametrize("seed", range(3))
def test_by_name_as_real_keras(seed, tmp_path):
    """A part of the names in common, in any order."""
    rng = np.random.default_rng(seed)
    path = put(tmp_path, {n: ABC[n] for n in rng.permutation(list("abc"))})
    names = [n if rng.random() < 0.6 else f"other_{n}" for n in "abc"]
    ours, theirs = mlp(names=names), mlp(keras, names=names)
    ours.set_weights([np.asarray(w) for w in theirs.get_weights()])
    ours.load_weights(path, by_name=True)
    theirs.load_weights(path, by_name=True)
    assert_close(ours.get_weights(), [np.asarray(w) for w in theirs.get_weights()])


def test_by_name_into_a_longer_model(tmp_path):
    """Transfer learning: what has no namesake stays as it is."""
    path = put(tmp_path, ABC)
    model = torchkeras.Sequential(
        [torchkeras.Input((5,)), L.Dense(3, name="a"), L.Dense(4, name="b"), L.Dense(9, name="new")]
    )
    before = model.get_weights()[4:]
    model.load_weights(path, by_name=True)
    assert_close(model.get_weights(), [*arrays(ABC)[:4], *before])
    with pytest.raises(ModelFileError, match="the model has no place for: c"):
        model.load_weights(path, by_name=True, strict=True)


@pytest.mark.parametrize("by_name", [False, True])
def test_skip_mismatch(by_name, tmp_path):
    path = put(tmp_path, ABC)
    model = mlp(units=(3, 4, 7))
    before = model.get_weights()
    with pytest.raises(ModelFileError, match=r"c/kernel: file \(4, 2\), model \(4, 7\)") as caught:
        model.load_weights(path, by_name=by_name)
    assert caught.value.where == "c"
    assert_close(model.get_weights(), before)
    with pytest.warns(UserWarning, match="skipped what does not fit.*c/kernel") as seen:
        model.load_weights(path, by_name=by_name, skip_mismatch=True)
    assert len(seen) == 1
    assert_close(model.get_weights(), [*arrays(ABC)[:4], *before[4:]])


def test_another_number_of_layers(tmp_path):
    path = put(tmp_path, ABC)
    model = mlp(names=("x", "y"), units=(3, 4))
    with pytest.raises(ModelFileError, match="file has 3 layers with weights, a, b, c; the model"):
        model.load_weights(path)


def test_another_number_of_weights(tmp_path):
    path = put(tmp_path, {**ABC, **layer("c", (4, 2))})
    with pytest.raises(ModelFileError, match="c/bias: missing in the file"):
        mlp().load_weights(path)
    path = put(tmp_path, {**ABC, **layer("c", (4, 2), (2,), (2,))})
    with pytest.raises(ModelFileError, match="c/2: not in the model"):
        mlp().load_weights(path)


# ------------------------------------------------------------------------------- layouts


def test_both_layouts_under_both_names(tmp_path):
    """What the file holds counts, not what it is called."""
    model = mlp()
    model.save_weights(tmp_path / "new.weights.h5")
    model.save_weights(tmp_path / "old.h5")
    values = model.get_weights()
    os.rename(tmp_path / "new.weights.h5", tmp_path / "new.h5")
    os.rename(tmp_path / "old.h5", tmp_path / "old.weights.h5")
    for name in ("new.h5", "old.weights.h5"):
        other = mlp()
        other.load_weights(tmp_path / name)
        assert_close(other.get_weights(), values)
    other.load_weights(tmp_path / "old.weights.h5", by_name=True)
    with pytest.raises(ValueError, match="load_weights: by_name must be False for a file without"):
        other.load_weights(tmp_path / "new.h5", by_name=True)
    with pytest.raises(ModelFileError, match="it holds weights and no model"):
        torchkeras.saving.load_model(tmp_path / "new.h5")
    with pytest.raises(ModelFileError, match="it holds weights and no model"):
        torchkeras.saving.load_model(tmp_path / "old.weights.h5")
    (tmp_path / "none.h5").write_bytes(make_h5(lambda f: f.create_group("x")))
    with pytest.raises(ModelFileError, match="no file of Keras"):
        torchkeras.saving.load_model(tmp_path / "none.h5")


def test_long_lists_are_written_in_parts(tmp_path):
    """More than 64 kB of names do not fit in the header of an HDF5 object."""
    names = [f"layer_{'x' * 240}_{i}" for i in range(270)]
    model = torchkeras.Sequential([torchkeras.Input((1,)), *(L.Dense(1, name=n) for n in names)])
    values = [np.full(w.shape, i, "float32") for i, w in enumerate(model.get_weights())]
    model.set_weights(values)
    path = tmp_path / "w.h5"
    model.save_weights(path)
    with h5py.File(path, "r+") as f:
        assert "layer_names" not in f.attrs and {"layer_names0", "layer_names1"} <= set(f.attrs)
        assert legacy_h5_format.load_attributes_from_hdf5_group(f, "layer_names") == names
    for again in (False, True):
        if again:  # as text of any length, in other parts
            with h5py.File(path, "r+") as f:
                for i, part in enumerate((names[:150], names[150:])):
                    del f.attrs[f"layer_names{i}"]
                    f.attrs.create(f"layer_names{i}", part, dtype=h5py.string_dtype())
        model.set_weights([np.zeros_like(v) for v in values])
        model.load_weights(path)
        assert_close(model.get_weights(), values)


def test_weights_of_one_name_and_within_one_another(tmp_path):
    class Odd(L.Layer):
        def build(self, shape):
            for name in ("w", "w", "v"):
                setattr(self, f"x{len(self.weights)}", self.add_weight(shape=(2,), name=name))

        def call(self, x):
            return x

    def make():
        return torchkeras.Sequential([torchkeras.Input((2,)), Odd(name="odd")])

    model = make()
    model.set_weights([rand(2, seed=i) for i in range(3)])
    model.save_weights(tmp_path / "w.h5")
    other = make()
    other.load_weights(tmp_path / "w.h5")
    assert_close(other.get_weights(), model.get_weights())


def test_wider_floats_of_old_files(tmp_path):
    """Files before Keras 3 do not tell which floats the model had: they are converted."""
    wide = {n: [(w, v.astype("float64")) for w, v in rows] for n, rows in ABC.items()}
    model = mlp()
    model.load_weights(put(tmp_path, wide))
    assert_close(model.get_weights(), arrays(ABC))
    with pytest.raises(ModelFileError, match="float64, model float32; cast=True converts"):
        model.load_weights(put(tmp_path, wide, "3.15.1"))
    model.load_weights(put(tmp_path, wide, "3.15.1"), cast=True)


def test_layers_of_one_name_cannot_be_saved(tmp_path):
    class Two(torchkeras.Model):
        def __init__(self):
            super().__init__()
            self.p, self.q = L.Dense(2, name="same"), L.Dense(2, name="same")

        def call(self, x):
            return self.q(self.p(x))

    model = Two()
    model(np.ones((1, 2), "float32"))
    path = tmp_path / "w.h5"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match=r"another name for each layer. Received: 'same'"):
        model.save_weights(path)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["w.h5"]


# ------------------------------------------------------------------------------- refused


def changed(tmp_path, change):
    path = tmp_path / "w.h5"
    path.write_bytes(edit_h5(weights_file(ABC, "2.3.1"), change))
    return path


def rename(attribute, values, at="/"):
    def change(f):
        f[at].attrs[attribute] = values

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (rename("layer_names", [b"a", b"a", b"c"]), "layer_names names 'a' twice"),
        (rename("layer_names", [b"a", b"b", b"../x"]), "no group for the layer '../x'"),
        (rename("layer_names", [b"a", b"b", b"x"]), "no group for the layer 'x'"),
        (rename("layer_names", [b"a", b"b", b"\xff"]), "layer_names is not UTF-8"),
        (rename("layer_names", 3), "layer_names must hold text"),
        (rename("layer_names", b"abc"), "layer_names must be a list of strings"),
        (rename("layer_names", h5py.Empty("S1")), "layer_names is without a shape"),
        (rename("weight_names", [b"b/0:0", b"b/7:0"], "b"), "there is no dataset 'b/7:0'"),
        (rename("weight_names", [b"b/0:0", b"b/0:0"], "b"), "weight_names names 'b/0:0' twice"),
        (lambda f: f["b"].attrs.__delitem__("weight_names"), "attribute weight_names is missing"),
        (rename("keras_version", b"new"), "keras_version is no version"),
        (rename("keras_version", 2), "keras_version must hold text"),
        (lambda f: f.__delitem__("b"), "no group for the layer 'b'"),
    ],
)  # fmt: skip
def test_lists_that_are_wrong(change, message, tmp_path):
    model = mlp()
    before = model.get_weights()
    with pytest.raises(ModelFileError, match=r"w\.h5") as caught:
        model.load_weights(changed(tmp_path, change))
    assert message in str(caught.value)
    assert_close(model.get_weights(), before)


def test_numbers_that_are_wrong_before_keras_1(tmp_path):
    content = h5_files.first_format([[rand(5, 3), rand(3)]])
    path = tmp_path / "w.h5"
    model = torchkeras.Sequential([torchkeras.Input((5,)), L.Dense(3)])
    for attribute, at, value in (("nb_layers", "/", 10**9), ("nb_params", "layer_0", 7)):
        path.write_bytes(edit_h5(content, rename(attribute, value, at)))
        with pytest.raises(ModelFileError, match=r"no group layer_1|nb_params is 7"):
            model.load_weights(path)


def test_what_no_list_names_is_told(tmp_path):
    def extra(f):
        f["stray"] = rand(3)

    path = changed(tmp_path, extra)
    with pytest.warns(UserWarning, match="no place for: stray"):
        mlp().load_weights(path)
    with pytest.raises(ModelFileError, match="no place for: stray"):
        mlp().load_weights(path, strict=True)


def test_nothing_is_said_of_a_file_that_fits(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mlp().load_weights(put(tmp_path, ABC), strict=True)
        mlp().load_weights(put(tmp_path, ABC), by_name=True)


def reference_at(data, start, length):
    """Where, after `start`, a reference to a string of some length in a heap stands."""
    for at in range(start, start + 400):
        if data[at : at + 4] == length.to_bytes(4, "little"):
            heap = int.from_bytes(data[at + 4 : at + 12], "little")
            if data[heap : heap + 4] == b"GCOL":
                return at
    raise AssertionError


def test_one_long_string_many_times(tmp_path):
    """A list whose entries all refer to one string: a small file asks for much memory."""
    size, count = 1 << 20, 2000
    out = io.BytesIO()
    with h5py.File(out, "w") as f:
        f.attrs["long"] = "x" * size
        f.attrs.create("layer_names", ["y"] * count, dtype=h5py.string_dtype())
    data = bytearray(out.getvalue())
    long = reference_at(data, data.find(b"long\0"), size)
    names = reference_at(data, data.find(b"layer_names\0"), 1)
    data[names : names + 16 * count] = data[long : long + 16] * count
    with h5py.File(io.BytesIO(data)) as f:
        address = h5py.h5o.get_info(f.id).addr
    assert text_bytes(io.BytesIO(data), address, b"layer_names") == size * count
    path = tmp_path / "w.h5"
    path.write_bytes(data)
    with pytest.raises(ModelFileError, match="layer_names is over the size limit"):
        mlp().load_weights(path)
