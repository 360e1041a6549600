"""Bad HDF5: as weights file, as whole model, in an archive and in a folder."""

import os
import random
import struct
import subprocess
import sys

import h5py
import numpy as np
import pytest
from saving.containers import OLD, WEIGHTS, P, add_weights
from saving.damage import edit_h5, flip, make_h5, put, swap, unknown_filter, virtual
from saving.hostile import MFE, SAME, UME

import torchkeras

WHOLE = ("h5", "h5 weights")  # the containers of Keras 2's layout
SHAPE = (4, 3)


def at(edit):
    """A change that knows the kernel's path: `at(lambda p: swap(p, …))`."""
    return lambda path: edit(path)


def each_file(test):
    """(name, content, kind, suffix) of the good files of real Keras."""
    for name, kind, suffix in (
        ("good.weights.h5", "weights", ".weights.h5"), ("good.h5", "keras", ".h5"),
    ):  # fmt: skip
        yield name, (test.folder / name).read_bytes(), kind, suffix


@pytest.mark.safety("H1")
def test_h1_cut(batch):
    for name, data, kind, suffix in each_file(batch):
        for n in (0, 7, 8, 95, 96, 100, len(data) // 2, len(data) - 1):
            batch.add(f"{name} {n}", data[:n], MFE, kind, suffix=suffix)
    data = (batch.folder / "good.weights.h5").read_bytes()
    for n in (0, 100, len(data) // 2):
        add_weights(batch, f"cut {n}", data[:n], MFE, only=("keras", "folder"))
    batch.run()


OURS = {
    "m.weights.h5": "weights", "m.h5": "keras", "m.keras": "keras", "folder": "keras",
}  # fmt: skip


def our_file(files, tmp_path, name):
    """A file that we wrote of the good model, and its content."""
    model = torchkeras.saving.load_model(files / "good.keras")
    path = tmp_path / "ours" / name
    path.parent.mkdir()
    if name.startswith("m.weights"):
        model.save_weights(path)
    else:
        model.save(path, zipped=None if "." in name else False)
    inner = path / "model.weights.h5" if path.is_dir() else path
    return inner.read_bytes(), path


@pytest.mark.safety("H1")
@pytest.mark.parametrize(
    "name",
    [n if n == "m.weights.h5" else pytest.param(n, marks=pytest.mark.sweep) for n in OURS],
)
def test_h1_flips_of_our_own_files(batch, files, tmp_path, name):
    """Every dataset is hit, and 200 places by chance (60 of those whose other parts A2 hits)."""
    data, path = our_file(files, tmp_path, name)
    good = torchkeras.saving.load_model(files / "good.keras")
    places = set()
    for v in [*good.variables, *good.optimizer.variables]:
        raw = v.detach().numpy().tobytes()
        start = data.find(raw) if len(raw) > 4 else -1
        if start > 0:
            places |= {start, start + len(raw) // 2, start + len(raw) - 1}
    assert len(places) > 20, "the weights stand in the file as they are"
    rng = random.Random(1)
    places |= {rng.randrange(len(data)) for _ in range(200 if name == "m.weights.h5" else 60)}
    suffix = "".join(path.suffixes) or None
    whole = {p.name: p.read_bytes() for p in path.iterdir()} if path.is_dir() else None
    batch.add("unchanged", whole or data, SAME, OURS[name], suffix=suffix)
    for n in sorted(places):
        bad = flip(data, n, n % 8)
        content = {**whole, "model.weights.h5": bad} if whole else bad
        batch.add(f"flip {n}", content, "error or same", OURS[name], suffix=suffix)
    batch.run()


@pytest.mark.safety("H2", "H3", "H4")
def test_h2_to_h4_other_files(batch):
    batch.every = True
    secret, victim = str(batch.folder / "secret.bin"), str(batch.folder / "victim.h5")
    external = {"shape": SHAPE, "dtype": "f4", "external": [(secret, 0, 48)]}
    add_weights(batch, "h2", at(lambda p: swap(p, **external)), UME, "PATH")
    huge = {**external, "shape": (1 << 20, 1 << 18), "external": [(secret, 0, 1 << 40)]}
    add_weights(batch, "h2 huge", at(lambda p: swap(p, **huge)), UME, "PATH")
    add_weights(batch, "h3", at(lambda p: virtual(p, victim, P, SHAPE)), UME, "PATH")
    add_weights(batch, "h3 itself", at(lambda p: virtual(p, ".", p, SHAPE)), UME, "PATH")
    for depth in range(1, 5):

        def component(path, depth=depth):
            return "/".join(path.split("/")[:depth])

        for kind, link in {
            "external": lambda p: h5py.ExternalLink(victim, "/" + p),
            "soft": lambda p: h5py.SoftLink("/" + p + "_other"),
            "dangling": lambda p: h5py.ExternalLink("/nowhere.h5", "/a"),
            "itself": lambda p: h5py.SoftLink("/" + p),
        }.items():

            def change(path, link=link, component=component):
                return put(component(path), link(component(path)))

            add_weights(batch, f"h4 {kind} {depth}", change, UME)
    for name in ("layer_names", "zzz"):
        link = at(lambda p, n=name: put(f"{p.split('/')[0]}/{n}", h5py.SoftLink("/x")))
        add_weights(batch, f"h4 extra {name}", link, UME)
    batch.run()


@pytest.mark.safety("H5", "H6")
def test_h5_h6_sizes_and_cycles(batch):
    batch.every = True
    huge = {"shape": (1 << 20, 1 << 20), "dtype": "f4"}
    packed = {**huge, "chunks": (512, 512), "compression": "gzip"}
    right = {"shape": SHAPE, "dtype": "f4"}
    for name, options in {
        "chunked": packed, "contiguous": huge, "never written": right,
        "never written in chunks": {**right, "chunks": SHAPE},
        "text": {"shape": (), "dtype": "S2000000000"}, "no rows": {"shape": (0, 3), "dtype": "f4"},
        "can grow": {**right, "maxshape": (None, 3)},
        "huge chunk": {**right, "chunks": (1 << 16, 1 << 12), "maxshape": (None, None)},
    }.items():  # fmt: skip
        change = at(lambda p, o=options: swap(p, **o))
        add_weights(batch, f"h5 {name}", change, MFE, "PATH" if "rows" not in name else None)

    def zeros(path):
        packed = {"data": np.zeros((4096, 4096), "f4"), "chunks": (256, 256), "compression": 9}
        return swap(path, **packed)

    add_weights(batch, "h5 packed zeros", at(zeros), MFE)

    def loop(to):
        def change(path):
            def edit(f):
                parent = path.rpartition("/")[0]
                f[f"{parent}/loop"] = f[to(path)]

            return edit

        return change

    add_weights(batch, "h6 root", loop(lambda p: "/"), MFE)
    add_weights(batch, "h6 group", loop(lambda p: p.split("/")[0]), MFE)
    add_weights(batch, "h6 twice", loop(lambda p: p), MFE)

    def deep(path):
        def edit(f):
            group = f
            for _ in range(200):
                group = group.create_group("g")

        return edit

    add_weights(batch, "h6 deep", deep, MFE)
    batch.run()


@pytest.mark.safety("H7")
def test_h7_types(batch):
    batch.every = True
    ones = np.ones(SHAPE)
    for dtype in ("f2", "f8", "i4", "?", "u1", "i8"):
        add_weights(batch, f"{dtype}", at(lambda p, d=dtype: swap(p, data=ones.astype(d))), MFE)
    for dtype in ("f2", "f8"):
        change = at(lambda p, d=dtype: swap(p, data=ones.astype(d)))
        add_weights(batch, f"{dtype} cast", change, "loads", cast=True)

    def committed(path):
        def edit(f):
            f["kind"] = np.dtype("f4")
            del f[path]
            f.create_dataset(path, SHAPE, dtype=f["kind"], data=ones)

        return edit

    for name, options in {
        "vlen": {"shape": SHAPE, "dtype": h5py.vlen_dtype("f4")},
        "strings": {"shape": SHAPE, "dtype": h5py.string_dtype()},
        "reference": {"shape": SHAPE, "dtype": h5py.ref_dtype},
        "region": {"shape": SHAPE, "dtype": h5py.regionref_dtype},
        "compound": {"data": np.zeros(SHAPE, [("a", "f4")])},
        "enum": {"data": np.ones(SHAPE, h5py.enum_dtype({"A": 1}))},
        "complex": {"data": ones.astype("c8")}, "bytes": {"data": ones.astype("S1")},
        "opaque": {"data": ones.astype("f4").view("V4")}, "null": {"data": h5py.Empty("f4")},
        "long double": {"data": ones.astype(np.longdouble)},
    }.items():  # fmt: skip
        add_weights(batch, name, at(lambda p, o=options: swap(p, **o)), MFE, "PATH")

    def arrays(path):
        def edit(f):
            del f[path]
            f.create_dataset(path, SHAPE, np.dtype(("f4", (2,))))[...] = np.zeros((*SHAPE, 2))

        return edit

    add_weights(batch, "arrays", arrays, MFE, "PATH")
    add_weights(batch, "committed", committed, UME)

    def label(value):
        def change(path):
            def edit(f):
                f[path].attrs["dtype"] = value

            return edit

        return change

    for value in ("bfloat16", "float8_e4m3fn", "int4", "x" * 1000, 5, np.zeros(9)):
        add_weights(batch, f"label {value!r:.20}", label(value), MFE, "PATH",
                    only=("weights.h5", "keras", "folder"))  # fmt: skip

    def no_dataset(path):
        def edit(f):
            del f[path]
            f.create_group(path)

        return edit

    add_weights(batch, "group for dataset", no_dataset, MFE)
    parent = at(lambda p: swap(p.rpartition("/")[0], data=ones))
    add_weights(batch, "dataset for group", parent, MFE)

    def big_endian(path):
        def edit(f):
            value = f[path][()]
            del f[path]
            f.create_dataset(path, data=value.astype(">f4"))

        return edit

    add_weights(batch, "big endian", big_endian, SAME, only=("weights.h5", "keras", "folder", "h5"))
    batch.run()


@pytest.mark.safety("H8")
def test_h8_filters_and_user_blocks(batch):
    batch.every = True
    for number in (32015, 4, 305, 65535):  # a plugin's, szip, one that nobody has
        change = at(lambda p, n=number: unknown_filter(p, SHAPE, n))
        add_weights(batch, f"filter {number}", change, UME, "PATH")
    block = make_h5(lambda f: f.create_group("layers"), userblock_size=512)
    add_weights(batch, "user block", block, UME, "user block")
    good = (batch.folder / "good.weights.h5").read_bytes()
    for size in (512, 1024, 2048, 4096):
        add_weights(batch, f"{size} bytes before", bytes(size) + good, UME)
    batch.run()


def attribute(name, value, at="model_weights"):
    def change(path):
        def edit(f):
            group = f[at] if at else f
            if name in group.attrs:
                del group.attrs[name]
            if value is not None:
                group.attrs[name] = value

        return edit

    return change


@pytest.mark.safety("H9")
def test_h9_attributes(batch):
    batch.every = True
    big = make_h5(lambda f: f.attrs.create("x", np.zeros(13 << 20)), libver="latest")
    add_weights(batch, "100 MB", big, MFE)
    names = np.array(["dense", "dense_1"], "S8")
    for name, value in {
        "10**6 names": np.array([b"n%d" % i for i in range(10**6)]),
        "twice": np.array(["dense", "dense", "dense_1"], "S8"),
        "elsewhere": np.array(["../x", "dense_1"], "S8"),
        "absolute": np.array(["/model_weights/dense", "dense_1"], "S24"),
        "no UTF-8": np.array([b"\xff\xfe", b"dense_1"]),
        "unknown": np.array(["nope", "dense_1"], "S8"),
        "numbers": np.array([1.0, 2.0]),
        "a number": 5,
        "missing": None,
        "two dimensions": names.reshape(1, 2),
        "control": np.array(["a\x1b[31m", "dense_1"], "S8"),
    }.items():
        change = attribute("layer_names", value)
        if name == "10**6 names":
            data = whole_with(batch, "layer_names", value)
            batch.add(name, data, MFE, "keras", suffix=".h5")
            continue
        add_weights(batch, f"layer_names {name}", change, MFE, only=WHOLE)
    for name, value in {
        "twice": np.array(["sequential/dense/kernel"] * 2, "S32"),
        "elsewhere": np.array(["../../optimizer_weights/x", "sequential/dense/bias"], "S32"),
        "a number": 5,
        "missing": None,
        "of another layer": np.array(["sequential/dense_1/kernel"], "S32"),
    }.items():
        change = attribute("weight_names", value, "model_weights/dense")
        add_weights(batch, f"weight_names {name}", change, MFE, only=WHOLE)
    for name, value in {
        "missing": None, "no JSON": "{", "a number": 5, "list": "[1]", "array": np.zeros(3),
        "bytes": np.bytes_(b"\xff"), "empty": "", "null": "null",
    }.items():  # fmt: skip
        change = attribute("model_config", value, "")
        add_weights(batch, f"model_config {name}", change, MFE, only=("h5",))
    for name, value in {"no JSON": "{", "a number": 5, "list": "[1]"}.items():
        change = attribute("training_config", value, "")
        add_weights(batch, f"training_config {name}", change, MFE, only=("h5",))
    batch.run()


def whole_with(batch, name, value):
    """The good whole model with an attribute that is too large for the usual place."""

    def fill(f):
        with h5py.File(batch.folder / "good.h5") as old:
            for at in ("/", "model_weights"):  # groups made anew: an old one holds 64 kB
                group = f.require_group(at)
                for key, text in old[at].attrs.items():
                    group.attrs.create(key, value if key == name else text)
            for key in old["model_weights"]:
                old.copy(f"model_weights/{key}", f["model_weights"])
            old.copy("optimizer_weights", f)

    return make_h5(fill, libver="latest")


@pytest.mark.safety("H10")
def test_h10_system_errors(batch, tmp_path):
    for suffix, kind in ((".weights.h5", "weights"), (".h5", "keras"), (".keras", "keras")):
        folder = tmp_path / f"folder{suffix}"
        folder.mkdir()
        batch.add(f"folder{suffix}", folder, "IsADirectoryError", kind)
        batch.add(f"missing{suffix}", tmp_path / f"no{suffix}", "FileNotFoundError", kind)
        batch.add(f"empty{suffix}", b"", MFE, kind, suffix=suffix)
        below = tmp_path / "file"
        below.write_text("")
        batch.add(f"below{suffix}", below / f"m{suffix}", "NotADirectoryError", kind)
        batch.add(f"long{suffix}", tmp_path / ("n" * 300 + suffix), "OSError", kind)
    batch.run()


@pytest.mark.safety("H10")
@pytest.mark.parametrize("name", ["good.weights.h5", "good.h5", "good.keras"])
def test_h10_no_permission(files, tmp_path, name):
    path = tmp_path / name
    path.write_bytes((files / name).read_bytes())
    path.chmod(0)
    model = torchkeras.saving.load_model(files / "good.keras")
    before = model.get_weights()
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        with pytest.raises(PermissionError):
            model.load_weights(path)
    finally:
        if root:
            os.seteuid(0)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


WRITER = """
import h5py, sys
with h5py.File(sys.argv[1], "r+") as f:
    f["layers/dense/vars/0"][...] = 7
    f.create_group("zzz")
    f.flush() if sys.argv[2] == "flushed" else None
    print("writing", flush=True)
    sys.stdin.read()
"""


@pytest.mark.safety("H10")
@pytest.mark.parametrize("state", ["flushed", "not flushed"])
def test_h10_while_another_process_writes(files, tmp_path, state):
    """The lock of libhdf5 asks for no more than care: an error, or one of the two contents."""
    path = tmp_path / "m.weights.h5"
    path.write_bytes((files / "good.weights.h5").read_bytes())
    model = torchkeras.saving.load_model(files / "good.keras")
    before = model.get_weights()
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path), state], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:  # fmt: skip
        assert writer.stdout.readline() == "writing\n"
        try:
            model.load_weights(path)
        except (OSError, torchkeras.saving.ModelFileError):
            pass
        else:
            before[0] = np.full(SHAPE, 7.0) if (model.get_weights()[0] == 7).all() else before[0]
        writer.stdin.close()
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_the_builders_make_what_they_say(files):
    """Good edits stay good, so a refusal above is for what was changed."""
    data = edit_h5(files / "good.h5", lambda f: None)
    assert struct.unpack_from("<Q", data)[0] and OLD in h5py.File(files / "good.h5")
    assert P in h5py.File(files / "good.weights.h5") and set(WEIGHTS) >= set(WHOLE)
