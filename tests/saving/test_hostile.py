"""Bad files through the public loaders: an error of the stated kind, and nothing else happens.

Each load runs in a child process (`hostile_child.py`), many to a child. Of each it is asserted
that (a) the error is of the right class and names file and place, in a short printable message;
(b) model, process and file are as before; (c) nothing was imported, no other file opened, nothing
connected, unpickled or started; (d) memory and time stay in proportion to the file.
"""

import base64
import copy
import io
import json
import marshal
import os
import random
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections import Counter
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from saving.damage import (
    edit_config,
    edit_h5,
    flip,
    make_h5,
    patch_central,
    put,
    rezip,
    swap,
    unknown_filter,
    virtual,
)

CHILD = Path(__file__).with_name("hostile_child.py")
P = "layers/dense/vars/0"
MFE, UME, SAME = "ModelFileError", "UnsafeModelError", "same"
SECRET = b"top secret bytes of another file, 48 in number.."


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Good files that real Keras wrote: K (.keras), W (.weights.h5), F (a functional .keras)."""
    folder = tmp_path_factory.mktemp("good")
    L = keras.layers
    model = keras.Sequential(
        [keras.Input((4,)), L.Dense(3, activation="relu", name="dense"), L.Dense(2, name="dense_1")]
    )
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.ones((4, 4)), np.ones((4, 2)), verbose=0)
    model.save(folder / "good.keras")
    model.save_weights(folder / "good.weights.h5")
    i = keras.Input((4,), name="i")
    keras.Model(i, L.Dense(2, name="b")(L.Dense(3, name="a")(i))).save(folder / "graph.keras")
    (folder / "victim.h5").write_bytes((folder / "good.weights.h5").read_bytes())
    (folder / "secret.bin").write_bytes(SECRET)
    return folder


class Child:
    """A process that does jobs; if one of them ends it, the next finds a new one."""

    def __init__(self, cwd=None):
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(cwd or "")])}
        self.process = subprocess.Popen(
            [sys.executable, str(CHILD)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=cwd, env=env,
        )  # fmt: skip

    def do(self, job, timeout=30):
        timer = threading.Timer(timeout, self.process.kill)
        timer.start()
        try:
            print(json.dumps(job), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        return json.loads(line) if line else None

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


def warm_up(child, folder):
    """Load the good file in each way, twice; return the state that each way ends in."""
    text = folder / "good.json"
    with zipfile.ZipFile(folder / "good.keras") as archive:
        text.write_bytes(archive.read("config.json"))
    good = {}
    for kind, path in (
        ("keras", "good.keras"),
        ("weights", "good.weights.h5"),
        ("json", "good.json"),
    ) * 2:
        result = child.do({"id": kind, "kind": kind, "path": str(folder / path), "options": {}})
        assert result is not None and result["error"] is None, result
        good[kind] = result["loaded"]
    return good


@pytest.fixture(scope="session")
def children(files):
    """Where the shared child is kept, with the results of the good files."""
    kept = {}
    yield kept
    if "child" in kept:
        kept["child"].close()


class Batch:
    """Cases of one test, and their judge."""

    def __init__(self, folder, tmp_path, children):
        self.folder, self.tmp_path, self.children = folder, tmp_path, children
        self.jobs, self.expected = [], {}

    def add(self, name, data, expect, kind="keras", where=None, **options):
        """Add a case: content (bytes) or an existing path, and what its load must do."""
        path = data
        if isinstance(data, bytes):
            suffix = {"keras": ".keras", "weights": ".weights.h5", "json": ".json"}[kind]
            path = self.tmp_path / f"{len(self.jobs)}{suffix}"
            path.write_bytes(data)
        job = {"id": name, "kind": kind, "path": str(path), "options": options}
        assert name not in self.expected, name
        self.jobs.append(job)
        self.expected[name] = (expect, where)

    def run(self, cwd=None):
        kept = {} if cwd else self.children
        failures = []
        for job in self.jobs:
            if "child" not in kept:
                kept["child"] = Child(cwd)
                kept["good"] = warm_up(kept["child"], self.folder)
            self.good = kept["good"]
            result = kept["child"].do(job)
            if result is None:
                failures.append(f"{job['id']}: killed the process or took too long")
                del kept["child"]
                continue
            problem = self.judge(job, result)
            if problem:
                failures.append(f"{job['id']}: {problem}")
        if cwd:
            kept["child"].close()
        assert not failures, f"{len(failures)} of {len(self.jobs)}:\n" + "\n".join(failures)
        print(f"{len(self.jobs)} hostile loads as stated")

    def judge(self, job, r):
        expect, where = self.expected[job["id"]]
        size = os.path.getsize(job["path"]) if os.path.isfile(job["path"]) else 0
        watched = [p for p in r["open"] if p != job["path"] and not p.isdigit()]
        if r["import"] or watched or r["danger"]:
            return f"did more than load: {r['import']} {watched} {r['danger']}"
        if not r["unchanged"]:
            return "changed the model, the process or the file"
        if r["grown"] > 3 * size + (64 << 20) or r["seconds"] > 5:
            return f"took {r['grown'] >> 20} MiB and {r['seconds']:.1f} s"
        if r["error"] is None:
            if expect in (SAME, "error or same"):
                return None if r["loaded"] == self.good[job["kind"]] else "loaded other weights"
            return "loaded" if expect != "loads" else None
        if expect == "error or same":
            expect = MFE
        if expect not in r["error"]:
            return f"{r['error'][0]}: {r['message']}"
        text = r["message"]
        name = os.path.basename(job["path"])
        if "OSError" in r["error"]:
            return None
        if len(text) > 500 or not text.isprintable() or SECRET.decode() in text:
            return f"bad message: {text!r}"
        if job["kind"] != "json" and name not in text:
            return f"does not name the file: {text!r}"
        if where and where not in (r["where"] or "") + text:
            return f"does not name {where!r}: {text!r} ({r['where']})"
        return None


@pytest.fixture
def batch(files, tmp_path, children):
    return Batch(files, tmp_path, children)


def members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(i, archive.read(i)) for i in archive.infolist()]


# ------------------------------------------------------------------ A: the archive


def test_a1_cut(batch, files):
    data = (files / "good.keras").read_bytes()
    points = {0, 1, 29, len(data) // 2, len(data) - 22, len(data) - 1}
    for info, content in members(data):
        start = info.header_offset
        points |= {start, start + 30 + len(info.filename), start + 40 + len(content) // 2}
    points |= {data.find(b"PK\x01\x02") + n for n in (0, 20, 60)}
    for n in sorted(points):
        batch.add(f"cut {n}", data[:n], MFE)
    batch.run()


def test_a2_flip(batch, files):
    data = (files / "good.keras").read_bytes()
    rng = random.Random(0)
    points = {rng.randrange(len(data)) for _ in range(150)}
    for info, content in members(data):
        start = info.header_offset
        points |= {start + n for n in (0, 6, 8, 14, 18, 26, 30)}
        points.add(start + 30 + len(info.filename) + len(content) // 2)
    central = data.find(b"PK\x01\x02")
    points |= set(range(central, len(data), 5))
    for n in sorted(points):
        batch.add(f"flip {n}", flip(data, n, n % 8), "error or same")
    batch.run()


def test_a3_to_a10(batch, files, tmp_path):
    K = files / "good.keras"
    data = K.read_bytes()
    other = b'{"class_name": "Sequential", "config": {"layers": []}}'
    with pytest.warns(UserWarning, match="Duplicate"):
        batch.add("a3 duplicate", rezip(K, add=[("config.json", other)]), MFE, where="config.json")
    batch.add("a3 case", rezip(K, add=[("Config.json", other)]), MFE)
    nul = rezip(K, add=[("config.jsonXx", other)]).replace(b"config.jsonXx", b"config.json\0x")
    batch.add("a3 nul", nul, MFE)
    for name in ("config.json", "metadata.json", "model.weights.h5"):
        batch.add(f"a4 {name}", rezip(K, {name: None}), MFE, where=name)
    batch.add("a5", patch_central(data, "config.json", "size", 0xEFFFFFFF), MFE)
    batch.add("a6 config", rezip(K, {"config.json": b" " * (80 << 20)}, method=8), MFE)
    batch.add("a6 asset", rezip(K, add=[("assets/z", bytes(300 << 20))], method=8), MFE)
    for i, name in enumerate(
        ("../../evil", "/abs", "assets/../../evil", "a\\..\\b", "C:x", "n" * 2000)
    ):
        batch.add(f"a7 {i}", rezip(K, add=[(name, b"x")]), MFE)
    link = 0o120777 << 16
    batch.add("a7 link", patch_central(data, "config.json", "attributes", link), MFE)
    batch.add("a7 unknown", rezip(K, add=[("evil.py", b"x")]), MFE, where="evil.py")
    batch.add("a8 encrypted", patch_central(data, "config.json", "flags", 1), MFE)
    batch.add("a8 method", patch_central(data, "config.json", "method", 99), MFE)
    batch.add("a9 prefix", b"#!/bin/sh\n" + data, MFE)
    batch.add("a9 suffix", data + b"X" * 100, MFE)
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        archive.add(K, "m.keras")
    batch.add("a9 tar", tar.getvalue(), MFE)
    batch.add("a9 hdf5", (files / "good.weights.h5").read_bytes(), MFE)
    batch.add("a9 png", b"\x89PNG\r\n\x1a\n" + bytes(99), MFE)
    pipe, folder = tmp_path / "pipe.keras", tmp_path / "folder.keras"
    os.mkfifo(pipe)
    folder.mkdir()
    zero = tmp_path / "zero.keras"
    zero.symlink_to("/dev/zero")
    batch.add("a9 pipe", pipe, MFE)
    batch.add("a9 device", zero, MFE)
    batch.add("a9 folder", folder, "IsADirectoryError")
    batch.add("a9 missing", tmp_path / "nope.keras", "FileNotFoundError")
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        for i in range(20_000):
            archive.writestr(str(i), b"")
    batch.add("a10 members", many.getvalue(), MFE)
    batch.add("a10 offset", patch_central(data, "metadata.json", "header", 98), MFE)
    batch.add("deflated", rezip(K, method=8), SAME)
    batch.run()


# ------------------------------------------------------------------ C: the config


def code(canary):
    """Bytecode that makes a file, as Keras stores lambdas."""
    raw = marshal.dumps(compile(f"open({str(canary)!r}, 'w')", "x", "exec"))
    inner = {"code": base64.b64encode(raw).decode(), "defaults": None, "closure": None}
    return {"class_name": "__lambda__", "config": inner}


def layer(class_name, module="keras.layers", **config):
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


def put_layer(entry):
    return lambda c: c["config"]["layers"].insert(2, entry)


def set_field(name, value, index=1):
    def change(c):
        c["config"]["layers"][index]["config"][name] = value

    return change


def add_config(batch, files, name, change, expect, where=None, **options):
    """Add a case of a changed config in both containers."""
    data = edit_config(files / "good.keras", change)
    batch.add(name, data, expect, where=where, **options)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        text = archive.read("config.json")
    if not options:
        batch.add(f"{name} (json)", text, expect, kind="json", where=where)


def test_c1_bytecode(batch, files, tmp_path):
    canary = tmp_path / "canary"
    bad = code(canary)
    for field in ("function", "output_shape", "mask"):
        config = {"function": {"module": "builtins", "class_name": "function", "config": "relu"}}
        entry = layer("Lambda", name="x", **{**config, field: bad})
        add_config(batch, files, f"lambda {field}", put_layer(entry), UME, "layers[2]")
    add_config(
        batch, files, "activation", set_field("activation", bad), UME, "layers[1].config.activation"
    )
    add_config(batch, files, "deep", set_field("note", [[{"x": [bad]}]]), UME, "layers[1]")

    def loss(c):
        c["compile_config"]["loss"] = bad

    add_config(batch, files, "loss", loss, UME, "compile_config.loss")
    for safe_mode in (True, False):
        add_config(batch, files, f"safe_mode={safe_mode}", loss, UME, safe_mode=safe_mode)
    batch.run()
    assert not canary.exists()


DANGEROUS = [
    ("os", "system"), ("builtins", "eval"), ("builtins", "exec"), ("builtins", "open"),
    ("subprocess", "Popen"), ("importlib", "import_module"), ("torch", "load"), ("pickle", "loads"),
    ("torch.utils.data", "DataLoader"), ("keras.utils", "get_file"),
    ("torchkeras.utils", "get_file"),
    ("keras.config", "enable_unsafe_deserialization"), ("keras.saving", "load_model"),
    ("torchkeras.core.serialize", "deserialize_keras_object"), ("torchkeras.saving.text", "json"),
]  # fmt: skip


def test_c2_foreign_functions(batch, files):
    for module, name in DANGEROUS:
        function = {
            "module": module,
            "class_name": "function",
            "config": name,
            "registered_name": name,
        }
        klass = {"module": module, "class_name": name, "config": {}, "registered_name": name}
        for form, entry in (("function", function), ("class", klass)):
            label = f"{form} {module}.{name}"
            add_config(
                batch,
                files,
                f"{label} activation",
                set_field("activation", entry),
                UME,
                "layers[1]",
            )
            add_config(
                batch,
                files,
                f"{label} initializer",
                set_field("kernel_initializer", entry),
                UME,
                "layers[1]",
            )
            add_config(batch, files, f"{label} layer", put_layer(entry), UME, "layers[2]")
            for slot in ("loss", "optimizer"):

                def change(c, slot=slot, entry=entry):
                    c["compile_config"][slot] = entry

                add_config(
                    batch, files, f"{label} {slot}", change, UME, "compile_config", cast=False
                )
    batch.run()


def test_c3_public_helpers(batch, files):
    """No function of the public API but activations can stand where an activation is wanted."""
    spaces = ("utils", "saving", "config", "models", "datasets.mnist", "datasets.imdb", "export",
              "visualization", "random", "tree", "distribution", "backend", "applications.resnet",
              "losses", "metrics", "initializers", "optimizers")  # fmt: skip
    count = 0
    for space in spaces:
        target = keras
        for part in space.split("."):
            target = getattr(target, part)
        for name in dir(target):
            value = getattr(target, name)
            if name.startswith("_") or not callable(value) or isinstance(value, type):
                continue
            if hasattr(keras.activations, name):
                continue
            entry = {
                "module": f"keras.{space}",
                "class_name": "function",
                "config": name,
                "registered_name": name,
            }
            data = edit_config(files / "good.keras", set_field("activation", entry))
            batch.add(f"{space}.{name}", data, UME)
            count += 1
    assert count > 100
    batch.run()


def test_c4_look_alike_packages(batch, files, tmp_path):
    canary = tmp_path / "canary"
    for package in ("keras_nlp", "keras_hub", "keras_cv", "tf_keras"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(f"open({str(canary)!r}, 'w')")
        for module in (package, f"{package}.layers"):
            entry = layer("Evil", module, name="x")
            add_config(batch, files, module, put_layer(entry), UME, "layers[2]")
    add_config(batch, files, "own", put_layer(layer("Evil", "torchkeras.evil", name="x")), UME)
    batch.run(cwd=tmp_path)
    assert not canary.exists()


def test_c5_pickles_and_places(batch, files):
    pickled = base64.b64encode(b"cos\nsystem\n(S'true'\ntR.").decode()
    for name, entry in {
        "wrapper": layer("TorchModuleWrapper", module=pickled, name="x"),
        "tfsm": layer("TFSMLayer", filepath="folder/x", call_endpoint="serving_default", name="x"),
        "vocabulary": layer("StringLookup", vocabulary="/etc/passwd", name="x"),
        "address": layer("StringLookup", vocabulary="http://127.0.0.1:9/x", name="x"),
        "text": layer("TextVectorization", vocabulary="/etc/passwd", name="x"),
    }.items():
        add_config(batch, files, name, put_layer(entry), MFE, "layers[2]")
    batch.run()


def test_c6_c7_text(batch, files):
    K = files / "good.keras"
    texts = {
        "list": b"[]", "number": b"5", "null": b"null", "text": b'""', "open": b"{", "empty": b"",
        "class": b'{"class_name": 1}', "utf-16": '{"class_name": "Sequential"}'.encode("utf-16"),
        "surrogate": b'{"class_name": "\\ud800"}', "byte": b"\xff", "spaces": b" " * (65 << 20),
        "twice": b'{"class_name": "Sequential", "class_name": "Model", "config": {}}',
        "nan": b'{"class_name": "Sequential", "config": {"name": NaN}}',
        "1e999": b'{"class_name": "Sequential", "config": {"name": 1e999}}',
        "digits": b'{"class_name": "Sequential", "config": {"name": ' + b"9" * 5000 + b"}}",
        "deep": b"[" * 100_000, "deep dicts": b'{"a":' * 100_000,
        "no config": b'{"class_name": "Sequential"}',
        "no model": b'{"class_name": "Zeros", "module": "keras.initializers", "config": {}}',
    }  # fmt: skip
    for name, text in texts.items():
        batch.add(name, rezip(K, {"config.json": text}), MFE)
        batch.add(f"{name} (json)", text, MFE, kind="json")
    for name, text in (("metadata", b"{"), ("metadata size", b" " * (2 << 20))):
        batch.add(name, rezip(K, {"metadata.json": text}), MFE, where="metadata.json")
    batch.run()


def test_c8_values(batch, files):
    for value in (2**40, 2**62, -1, 0, "5", 5.5, True, None, [5], {}):
        add_config(batch, files, f"units {value}", set_field("units", value), MFE, "layers[1]")
    add_config(batch, files, "unknown key", set_field("evil", 1), MFE, "layers[1]")
    add_config(
        batch,
        files,
        "missing key",
        lambda c: c["config"]["layers"][1]["config"].pop("units") and None,
        MFE,
        "layers[1]",
    )
    for name in ("../../x", "a/b", "a\nb", "", "n" * 10_000, "..", 5):
        add_config(
            batch, files, f"name {str(name)[:9]!r}", set_field("name", name), MFE, "layers[1]"
        )

    def twins(c):
        c["config"]["layers"].append(copy.deepcopy(c["config"]["layers"][1]))

    add_config(batch, files, "two of one name", twins, MFE)

    def many(c):
        c["config"]["layers"] += c["config"]["layers"][1:2] * 40_000

    add_config(batch, files, "many layers", many, MFE, "config")
    array = {"class_name": "__numpy__", "config": {"value": [[1, 2], [3]], "dtype": "float32"}}
    add_config(batch, files, "ragged array", set_field("units", array), MFE, "layers[1]")
    wide = layer("Embedding", name="e", input_dim=10**12, output_dim=8)
    add_config(batch, files, "embedding", lambda c: c["config"]["layers"].__setitem__(1, wide), MFE)
    batch.run()


def test_c8_graph(batch, files):
    G = files / "graph.keras"

    def source(value, index=2):
        def change(c):
            c["config"]["layers"][index]["inbound_nodes"][0]["args"][0]["config"][
                "keras_history"
            ] = value

        return change

    def other(key, value):
        return lambda c: c["config"].__setitem__(key, value)

    cases = {
        "missing layer": source(["nope", 0, 0]), "itself": source(["b", 0, 0]),
        "circle": source(["b", 0, 0], 1), "node": source(["a", 5, 0]),
        "tensor": source(["a", 0, 9]),
        "type": source(5), "types": source([None, "x", {}]), "short": source(["a"]),
        "outputs": other("output_layers", [["nope", 0, 0]]),
        "inputs": other("input_layers", 5), "layers": other("layers", {"a": 1}),
        "nodes": lambda c: c["config"]["layers"][1].__setitem__("inbound_nodes", [5]),
        "negative": source(["a", -1, 0]),
    }  # fmt: skip
    for name, change in cases.items():
        batch.add(name, edit_config(G, change), MFE)
    batch.run()


def test_c12_registered_names(batch, files):
    def rename(c):
        c["config"]["layers"][1]["registered_name"] = "Custom>Mine"
        c["config"]["layers"][1]["class_name"] = "Mine"
        c["config"]["layers"][1]["module"] = None

    add_config(batch, files, "unregistered", rename, UME, "register")

    def stranger(c):
        c["config"]["layers"][1]["registered_name"] = "other>Dense"

    add_config(batch, files, "registered name of another", stranger, UME, "layers[1]")
    batch.run()


# ------------------------------------------------------------------ H, W: weights


def add_weights(batch, files, name, change, expect, where=None, **options):
    """Add a case of a changed weights file, alone and inside of an archive."""
    data = change if isinstance(change, bytes) else edit_h5(files / "good.weights.h5", change)
    batch.add(name, data, expect, "weights", where, **options)
    inside = rezip(files / "good.keras", {"model.weights.h5": data})
    batch.add(f"{name} (archive)", inside, expect, "keras", where, **options)


def test_h1_cut(batch, files):
    data = (files / "good.weights.h5").read_bytes()
    for n in (0, 7, 8, 95, 96, 100, len(data) // 2, len(data) - 1):
        add_weights(batch, files, f"cut {n}", data[:n], MFE)
    batch.run()


def test_h1_flip_of_our_own_file(batch, files, tmp_path):
    import torchkeras

    model = torchkeras.saving.load_model(files / "good.keras")
    model.save_weights(tmp_path / "ours.weights.h5")
    data = (tmp_path / "ours.weights.h5").read_bytes()
    batch.add("ours", data, SAME, "weights")
    rng = random.Random(1)
    for n in sorted({rng.randrange(len(data)) for _ in range(200)}):
        batch.add(f"flip {n}", flip(data, n, n % 8), "error or same", "weights")
    batch.run()


def test_h2_to_h9(batch, files):
    secret, victim = str(files / "secret.bin"), str(files / "victim.h5")
    external = {"shape": (4, 3), "dtype": "f4", "external": [(secret, 0, 48)]}
    add_weights(batch, files, "h2", swap(P, **external), UME, P)
    add_weights(batch, files, "h3", virtual(P, victim, P, (4, 3)), UME, P)
    for path in ("layers", "layers/dense", "layers/dense/vars", P):
        for kind, link in {
            "external": h5py.ExternalLink(victim, "/" + path),
            "soft": h5py.SoftLink("/layers/dense_1"),
            "dangling": h5py.ExternalLink("/nowhere.h5", "/a"),
        }.items():
            add_weights(batch, files, f"h4 {kind} {path}", put(path, link), UME, path)
    huge = {"shape": (1 << 20, 1 << 20), "dtype": "f4", "chunks": (512, 512), "compression": "gzip"}
    add_weights(batch, files, "h5 chunked", swap(P, **huge), MFE, P)
    add_weights(
        batch, files, "h5 contiguous", swap(P, shape=(1 << 20, 1 << 20), dtype="f4"), MFE, P
    )
    add_weights(batch, files, "h5 empty", swap(P, shape=(4, 3), dtype="f4"), MFE, P)
    add_weights(batch, files, "h5 text", swap(P, shape=(), dtype="S2000000000"), MFE, P)

    def cycle(f):
        f["layers/dense/loop"] = f["layers"]

    add_weights(batch, files, "h6", cycle, MFE)
    ones = np.ones((4, 3))
    for dtype in ("f2", "f8", "i4", "?"):
        add_weights(batch, files, f"h7 {dtype}", swap(P, data=ones.astype(dtype)), MFE, P[:-2])
    for name, options in {
        "vlen": {"shape": (4, 3), "dtype": h5py.vlen_dtype("f4")},
        "reference": {"shape": (4, 3), "dtype": h5py.ref_dtype},
        "compound": {"data": np.zeros((4, 3), [("a", "f4")])},
        "enum": {"data": np.ones((4, 3), h5py.enum_dtype({"A": 1}))},
        "complex": {"data": ones.astype("c8")}, "bytes": {"data": ones.astype("S1")},
        "null": {"data": h5py.Empty("f4")},
    }.items():  # fmt: skip
        add_weights(batch, files, f"h7 {name}", swap(P, **options), MFE, P)

    def label(f):
        f[P].attrs["dtype"] = "bfloat16"

    add_weights(batch, files, "h7 label", label, MFE, P)
    add_weights(
        batch, files, "h7 group for dataset", lambda f: (f.__delitem__(P), f.create_group(P)), MFE
    )
    add_weights(batch, files, "h7 dataset for group", swap("layers/dense/vars", data=ones), MFE)
    add_weights(batch, files, "h8 filter", unknown_filter(P, (4, 3)), UME, P)
    add_weights(batch, files, "h8 user block", make_h5(lambda f: None, userblock_size=512), MFE)
    big = make_h5(lambda f: f.attrs.create("x", np.zeros(9 << 20)), libver="latest")
    add_weights(batch, files, "h9 attribute", big, MFE)
    batch.run()


def test_h7_big_endian_is_the_same(batch, files):
    def change(f):
        value = f[P][()]
        del f[P]
        f.create_dataset(P, data=value.astype(">f4"))

    add_weights(batch, files, "big endian", change, SAME)
    batch.run()


def test_h10_system_errors(batch, tmp_path):
    folder = tmp_path / "folder.weights.h5"
    folder.mkdir()
    batch.add("folder", folder, "IsADirectoryError", "weights")
    batch.add("missing", tmp_path / "no.weights.h5", "FileNotFoundError", "weights")
    batch.add("empty", b"", MFE, "weights")
    batch.run()


def test_w1_w2(batch, files):
    add_weights(
        batch,
        files,
        "transposed",
        swap(P, data=np.ones((3, 4), "f4")),
        MFE,
        "file (3, 4), model (4, 3)",
    )
    add_weights(
        batch, files, "flat", swap(P, data=np.ones(12, "f4")), MFE, "file (12,), model (4, 3)"
    )
    add_weights(
        batch,
        files,
        "scalar",
        swap("layers/dense_1/vars/1", data=np.ones((1, 2), "f4")),
        MFE,
        "dense_1/bias",
    )
    add_weights(
        batch, files, "no layer", lambda f: f.__delitem__("layers/dense_1"), MFE, "layers/dense_1"
    )
    add_weights(batch, files, "no kernel", lambda f: f.__delitem__(P), MFE, "dense/kernel")
    extra = put("layers/zzz/vars/0", np.ones(2, "f4"))
    add_weights(batch, files, "group strict", extra, MFE, "layers/zzz", strict=True)
    add_weights(batch, files, "third", put("layers/dense/vars/2", np.ones(2, "f4")), MFE, "vars/2")
    batch.run()


def test_w3_w4_load_with_one_warning(files, tmp_path):
    import torchkeras

    def load(change, **options):
        data = edit_h5(files / "good.weights.h5", change)
        path = tmp_path / "m.keras"
        path.write_bytes(rezip(files / "good.keras", {"model.weights.h5": data}))
        return torchkeras.saving.load_model(path, **options)

    def nan(f):
        f[P][0, 0] = np.nan

    def none(f):
        del f["optimizer"]

    def shorter(f):
        del f["optimizer/vars/5"]

    for change, match in (
        (nan, "NaN or infinity in .*dense/kernel"),
        (put("layers/zzz/vars/0", np.ones(2, "f4")), "no place for: layers/zzz"),
        (none, "optimizer state not restored: 0 variables in the file"),
        (shorter, "optimizer state not restored"),
        (swap("optimizer/vars/2", data=np.ones(9, "f4")), "optimizer state not restored"),
    ):
        with pytest.warns(UserWarning, match=match) as seen:
            model = load(change)
        assert len(seen) == 1
        assert model.layers[0].kernel.shape == (4, 3)
    for change in (none, shorter):
        with pytest.raises(torchkeras.saving.ModelFileError, match="optimizer"):
            load(change, require_optimizer=True)
    with pytest.raises(torchkeras.saving.ModelFileError, match="holds NaN"):
        load(nan, check_finite=True)


def test_count_of_cases():
    """The sections that exist for the formats that exist."""
    names = Counter(n.split("_")[1] for n in globals() if n.startswith("test_") and n[6].isdigit())
    assert set(names) >= {
        "a1",
        "a2",
        "a3",
        "c1",
        "c2",
        "c3",
        "c4",
        "c5",
        "c6",
        "c8",
        "h1",
        "h2",
        "w1",
    }
