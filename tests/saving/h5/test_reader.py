"""The HDF5 reader: all that Keras writes is read, all else is refused before it is touched."""

import io
import json
import subprocess
import sys

import h5py
import ml_dtypes
import numpy as np
import pytest
from saving.damage import edit_h5, flip, make_h5, put, swap, unknown_filter, virtual

from torchkeras.saving.h5.reader import CHECKSUM, H5Reader
from torchkeras.saving.safety import DEFAULT_LIMITS, LoadLimits, ModelFileError, UnsafeModelError
from torchkeras.saving.stores import H5Sink

P = "layers/dense/vars/0"
KERNEL = np.arange(12, dtype="float32").reshape(4, 3)
SECRET = b"top secret bytes of another file, 48 in number.."


def good(checksums=False):
    with H5Sink(checksums) as sink:
        sink.put("", "model", {})
        sink.put("layers/dense", "dense", {"0": KERNEL, "1": np.ones(3, "float32")})
        sink.put("layers/dense_1", "out", {"0": np.full((3, 2), 2.0, "float32")})
        return bytes(sink.close())


W = good()


def read(data, limits=DEFAULT_LIMITS):
    with H5Reader(io.BytesIO(data), "w.h5", limits=limits) as reader:
        return {path: reader.read(d) for path, d in reader.datasets.items()}


def refused(data, kind=ModelFileError, match=None, limits=DEFAULT_LIMITS):
    with pytest.raises(kind, match=match) as info:
        read(data, limits)
    text = str(info.value)
    assert text.startswith("w.h5") and len(text) <= 500 and text.isprintable()
    assert SECRET.decode() not in text
    return info.value


def same(a, b):
    return a.keys() == b.keys() and all(a[k].tobytes() == b[k].tobytes() for k in a)


def test_layout_of_the_sink():
    with h5py.File(io.BytesIO(W)) as f:
        names = []
        f.visit(names.append)
        assert names == [
            "layers", "layers/dense", "layers/dense/vars", "layers/dense/vars/0",
            "layers/dense/vars/1", "layers/dense_1", "layers/dense_1/vars",
            "layers/dense_1/vars/0", "vars",
        ]  # fmt: skip
        assert f["layers/dense_1/vars"].attrs["name"] == "out"
        assert dict(f[P].attrs) == {}


@pytest.mark.parametrize(
    "dtype",
    ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16",
     "uint32", "uint64", "bool", ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn,
     ml_dtypes.float8_e5m2],
)  # fmt: skip
@pytest.mark.parametrize("checksums", [False, True])
def test_dtypes_and_shapes(dtype, checksums):
    arrays = {
        "0": np.array([[0, 1], [1, 0]]).astype(dtype),
        "1": np.array(1).astype(dtype),
        "2": np.zeros((0, 3)).astype(dtype),
        "3": np.array([[0, 1], [1, 1]]).astype(dtype).T,
    }
    with H5Sink(checksums) as sink:
        sink.put("a", None, arrays)
        data = bytes(sink.close())
    with H5Reader(io.BytesIO(data), "w.h5") as reader:
        found = reader.children("a/vars")
        assert {k: (d.shape, d.dtype) for k, d in found.items()} == {
            k: (a.shape, np.dtype(dtype).name) for k, a in arrays.items()
        }
        for key, array in arrays.items():
            value = reader.read(found[key])
            assert value.dtype == array.dtype and value.tobytes() == array.tobytes()


def test_other_ways_to_store_the_same():
    def change(f):
        del f["layers"]
        g = f.create_group("layers/dense/vars")
        g.create_dataset("big", data=KERNEL.astype(">f4"))
        g.create_dataset("packed", data=KERNEL, compression="gzip", shuffle=True, fletcher32=True)
        g.create_dataset("chunked", data=KERNEL, chunks=(2, 3), maxshape=(None, 3))
        bits = KERNEL.astype(ml_dtypes.bfloat16).view("uint16")
        g.create_dataset("bits", data=bits).attrs["dtype"] = "bfloat16"
        g.create_dataset("fixed", data=bits).attrs.create("dtype", b"bfloat16")
        g.create_dataset("said", data=KERNEL).attrs["dtype"] = "float32"

    values = read(edit_h5(W, change))
    assert len(values) == 6
    for value in values.values():
        assert np.array_equal(value.astype("float32"), KERNEL)
        assert value.dtype.isnative


def test_sink_refuses_what_cannot_be_read():
    with H5Sink() as sink:
        for value in ("text", np.array(["a"]), np.array([None]), np.array([1j])):
            with pytest.raises(TypeError, match="takes arrays of numbers"):
                sink.put(f"p{id(value)}", None, {"0": value})
        for key in ("a/b", "", ".", 5):
            with pytest.raises(ValueError, match="store's key"):
                sink.put(f"q{key}".replace("/", ""), None, {key: np.ones(1)})


@pytest.mark.parametrize("n", [0, 1, 7, 8, 95, 96, 100, len(W) // 2, len(W) - 1])
def test_cut(n):
    refused(W[:n], match="truncated")


def test_wrong_files():
    refused(b"not a file of weights" * 50, match="not an HDF5 file")
    refused(make_h5(lambda f: None, userblock_size=512), match="user block")


# ------------------------------------------------------------------ data outside of the file


def test_external_storage(tmp_path):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(SECRET)
    options = {"shape": (4, 3), "dtype": "f4", "external": [(str(secret), 0, 48)]}
    data = edit_h5(W, swap(P, **options))
    with h5py.File(io.BytesIO(data)) as f:
        assert f[P][()].tobytes() == SECRET  # what happens without the check
    assert refused(data, UnsafeModelError, "another file").where == P


def test_virtual_dataset(tmp_path):
    victim = tmp_path / "victim.h5"
    victim.write_bytes(W)
    data = edit_h5(W, virtual(P, str(victim), P, (4, 3)))
    refused(data, UnsafeModelError, "another file")


@pytest.mark.parametrize("path", ["layers", "layers/dense", "layers/dense/vars", P])
def test_links(path, tmp_path):
    victim = tmp_path / "victim.h5"
    victim.write_bytes(W)
    for link in (
        h5py.ExternalLink(str(victim), "/" + path),
        h5py.ExternalLink("/nowhere/x.h5", "/a"),
        h5py.SoftLink("/layers/dense_1"),
        h5py.SoftLink("/nowhere"),
    ):
        assert refused(edit_h5(W, put(path, link)), UnsafeModelError, "link").where == path


def test_hard_links_and_cycles():
    def cycle(f):
        f["layers/dense/loop"] = f["layers"]

    def twice(f):
        f["layers/dense/vars/2"] = f[P]

    refused(edit_h5(W, cycle), match="two names")
    refused(edit_h5(W, twice), match="two names")


# ------------------------------------------------------------------ more than is stored


@pytest.mark.parametrize(
    "options",
    [
        {"shape": (1 << 20, 1 << 20), "dtype": "f4", "chunks": (512, 512), "compression": "gzip"},
        {"shape": (1 << 20, 1 << 20), "dtype": "f4"},
        {"shape": (4, 3), "dtype": "f4"},
        {"shape": (), "dtype": "S2000000000"},
        {"data": np.zeros(1 << 24, "f4"), "chunks": (1 << 20,), "compression": "gzip"},
        {"shape": (4, 3), "dtype": "f4", "chunks": (1 << 14, 1 << 14), "maxshape": (None, None)},
    ],
)
def test_declares_more_than_it_stores(options):
    refused(edit_h5(W, swap(P, **options)))


def test_limits():
    refused(W, match="more than 3 objects", limits=LoadLimits(h5_objects=3))
    refused(W, match="deeper than 1", limits=LoadLimits(h5_depth=1))
    deep = make_h5(lambda f: f.create_group("/".join("g" * 70)))
    refused(deep, match="deeper than 64")

    def attribute(f):
        f.attrs["name"] = np.zeros(8000)

    refused(edit_h5(W, attribute), match="attributes", limits=LoadLimits(h5_attribute_bytes=9999))
    big = make_h5(lambda f: f.attrs.create("x", np.zeros((65 << 17,))), libver="latest")
    refused(big, match="attributes")


def test_long_text_attribute_is_not_read():
    def change(f):
        f[P].attrs["dtype"] = "x" * 3_000_000

    refused(edit_h5(W, change), match="attributes", limits=LoadLimits(h5_attribute_bytes=1 << 20))


# ------------------------------------------------------------------ types


@pytest.mark.parametrize(
    "options",
    [
        {"data": np.array(["a", "b"], dtype=h5py.string_dtype())},
        {"data": np.array([b"ab", b"c"], dtype="S2")},
        {"data": np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f4")])},
        {"data": np.array([1, 2], dtype=h5py.enum_dtype({"A": 1, "B": 2}))},
        {"data": np.array([1 + 2j], dtype="c8")},
        {"data": h5py.Empty("f4")},
        {"data": np.ones((2, 2), "V2")},
        {"shape": (2,), "dtype": h5py.ref_dtype},
        {"shape": (2,), "dtype": h5py.vlen_dtype("i4")},
    ],
)
def test_types_that_are_no_numbers(options):
    assert refused(edit_h5(W, swap(P, **options))).where == P


@pytest.mark.parametrize(
    "label", ["bfloat16", "float64", "object", "float8_e5m2", "x" * 50, 5, [1]]
)
def test_type_and_label_disagree(label):
    def change(f):
        f[P].attrs["dtype"] = label

    assert refused(edit_h5(W, change), match="dtype").where == P


def test_odd_number_formats():
    def change(f):
        kind = h5py.h5t.IEEE_F32LE.copy()
        kind.set_ebias(100)  # looks like a float32, and means other values
        del f[P]
        space = h5py.h5s.create_simple((4, 3))
        h5py.h5d.create(f["layers/dense/vars"].id, b"0", kind, space).write(
            h5py.h5s.ALL, h5py.h5s.ALL, KERNEL
        )

    refused(edit_h5(W, change), match="not plain numbers")


def test_committed_type():
    def change(f):
        f["layers/kind"] = np.dtype("f4")
        del f[P]
        f.create_dataset(P, data=KERNEL, dtype=f["layers/kind"])

    refused(edit_h5(W, change), UnsafeModelError, "named type")


def test_plugins_are_not_searched():
    assert "32015" in str(refused(edit_h5(W, unknown_filter(P, (4, 3))), UnsafeModelError))


def test_names_that_are_not_text():
    def change(f):
        h5py.h5g.create(f["layers"].id, b"\xff\xfe")

    refused(edit_h5(W, change), match="UTF-8")


# ------------------------------------------------------------------ checksums


def test_checksum_finds_every_flip_in_the_data():
    data = good(checksums=True)
    expected = read(data)
    assert same(expected, read(W))
    starts = [data.find(a.tobytes()) for a in expected.values()]
    for start, array in zip(starts, expected.values(), strict=True):
        for offset in range(start, start + array.nbytes):
            refused(flip(data, offset, offset % 8), match="checksum")
    with h5py.File(io.BytesIO(data)) as f:
        assert f[P].attrs[CHECKSUM].dtype == np.uint32


def test_checksum_of_another_form():
    def change(f):
        f[P].attrs[CHECKSUM] = "1"

    refused(edit_h5(good(checksums=True), change), match=CHECKSUM)


_FLIPS = """
import io, json, sys
import numpy as np
from torchkeras.saving.h5.reader import H5Reader
from torchkeras.saving.safety import ModelFileError
data = open(sys.argv[1], "rb").read()
def read(data):
    with H5Reader(io.BytesIO(data), "w.h5") as r:
        return {p: (d.shape, d.dtype, r.read(d).tobytes()) for p, d in r.datasets.items()}
good = read(data)
for offset in map(int, sys.argv[2].split(",")):
    out = bytearray(data)
    out[offset] ^= 1 << offset % 8
    try:
        found = read(bytes(out))
        # A dataset that has lost its name is missing: the model's loader says so.
        same = all(good[p] == v for p, v in found.items() if p in good)
        result = "same" if same else "changed"
    except ModelFileError:
        result = "refused"
    print(json.dumps([offset, result]), flush=True)
"""


def test_flips_anywhere_never_change_a_value(tmp_path):
    """In a child: whether libhdf5 survives its own structures being damaged is not ours to say."""
    data = good(checksums=True)
    path = tmp_path / "w.h5"
    path.write_bytes(data)
    offsets = sorted(
        {*range(0, 700), *np.random.default_rng(0).integers(0, len(data), 1500).tolist()}
    )
    command = [sys.executable, "-c", _FLIPS, str(path), ",".join(map(str, offsets))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    results = dict(json.loads(line) for line in done.stdout.splitlines())
    assert len(results) == len(offsets)
    assert set(results.values()) == {"same", "refused"}, [
        o for o, r in results.items() if r == "changed"
    ]
