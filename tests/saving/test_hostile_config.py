"""Bad configs in every container: `.keras`, folder, `.h5`, JSON, YAML and `from_config`."""

import base64
import copy
import importlib
import json
import marshal
import pkgutil
import random
import zipfile
from pathlib import Path

import keras
import pytest
from saving.containers import CONFIGS, add_config, add_text
from saving.damage import edit_config, rezip
from saving.hostile import MFE, UME

import torchkeras
from torchkeras.core import registry, serialize

SOURCELESS = ("model_from_json", "model_from_yaml", "from_config", "json file", "yaml file")
GOLDEN = Path(__file__).parents[1] / "golden" / "accepted_names.json"


def layer(class_name, module="keras.layers", **config):
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


def put_layer(entry):
    return lambda c: c["config"]["layers"].insert(2, entry)


def set_field(name, value, index=1):
    def change(c):
        c["config"]["layers"][index]["config"][name] = value

    return change


def set_compiled(slot, value):
    def change(c):
        c["compile_config"][slot] = value

    return change


def code(canary):
    """Bytecode that makes a file, as Keras stores lambdas."""
    raw = marshal.dumps(compile(f"open({str(canary)!r}, 'w')", "x", "exec"))
    inner = {"code": base64.b64encode(raw).decode(), "defaults": None, "closure": None}
    return {"class_name": "__lambda__", "config": inner}


@pytest.mark.safety("C1")
def test_c1_bytecode(through, tmp_path):
    canary = tmp_path / "canary"
    bad = code(canary)
    through.every = True  # few cases, and the oldest hole
    for field in ("function", "output_shape", "mask"):
        config = {"function": {"module": "builtins", "class_name": "function", "config": "relu"}}
        entry = layer("Lambda", name="x", **{**config, field: bad})
        add_config(through, f"lambda {field}", put_layer(entry), UME, "layers[2]")
    old = layer("Lambda", name="x", function=[bad["config"]["code"], None, None],
                function_type="lambda")  # fmt: skip
    add_config(through, "Keras 2's lambda", put_layer(old), MFE, "layers[2]")
    for slot in ("activation", "kernel_initializer", "kernel_regularizer", "bias_constraint"):
        place = f"layers[1].config.{slot}"
        add_config(through, slot, set_field(slot, bad), UME, place)
    # A loader looks before it makes anything; Dense.from_config knows no argument of that name.
    deep = set_field("note", [[{"x": [bad]}]])
    add_config(through, "deep", deep, UME, "layers[1]", leave_out=("from_config",))
    for slot in ("loss", "optimizer", "metrics"):
        value = [bad] if slot == "metrics" else bad
        add_config(through, slot, set_compiled(slot, value), UME, leave_out=("from_config",))
    for safe_mode in (True, False):
        add_config(through, f"safe_mode={safe_mode}", set_field("activation", bad), UME,
                   safe_mode=safe_mode)  # fmt: skip
    through.run()
    assert not canary.exists()


DANGEROUS = [
    ("os", "system"), ("builtins", "eval"), ("builtins", "exec"), ("builtins", "open"),
    ("subprocess", "Popen"), ("importlib", "import_module"), ("torch", "load"), ("pickle", "loads"),
    ("torch.utils.data", "DataLoader"), ("keras.utils", "get_file"),
    ("torchkeras.utils", "get_file"),
    ("keras.config", "enable_unsafe_deserialization"), ("keras.saving", "load_model"),
    ("torchkeras.core.serialize", "deserialize_keras_object"), ("torchkeras.saving.text", "json"),
]  # fmt: skip


@pytest.mark.safety("C2")
def test_c2_foreign_functions(through):
    through.some = 1
    for module, name in DANGEROUS:
        function = {
            "module": module, "class_name": "function", "config": name, "registered_name": name,
        }  # fmt: skip
        klass = {"module": module, "class_name": name, "config": {}, "registered_name": name}
        for form, entry in (("function", function), ("class", klass)):
            label = f"{form} {module}.{name}"
            for slot in ("activation", "kernel_initializer"):
                change = set_field(slot, entry)
                add_config(through, f"{label} {slot}", change, UME, f"layers[1].config.{slot}")
            add_config(through, f"{label} layer", put_layer(entry), UME, "layers[2]")
            for slot in ("loss", "optimizer", "metrics"):
                change = set_compiled(slot, [entry] if slot == "metrics" else entry)
                add_config(through, f"{label} {slot}", change, UME, slot.removesuffix("s"),
                           leave_out=SOURCELESS[:3])  # fmt: skip
    through.run()


def helpers():
    """(module, name) of every function of both public APIs that is no activation."""
    spaces = ("", "utils", "saving", "config", "models", "datasets.mnist", "datasets.imdb",
              "export", "visualization", "random", "tree", "distribution", "backend",
              "applications.resnet", "losses", "metrics", "initializers", "optimizers", "layers",
              "callbacks", "preprocessing.image", "dtype_policies", "regularizers")  # fmt: skip
    for library in (keras, torchkeras):
        for space in spaces:
            target = library
            for part in filter(None, space.split(".")):
                target = getattr(target, part, None)
            for name in dir(target) if target is not None else ():
                value = getattr(target, name)
                if name.startswith("_") or not callable(value) or isinstance(value, type):
                    continue
                if not hasattr(keras.activations, name):
                    yield f"{library.__name__}.{space}".rstrip("."), name


@pytest.mark.safety("C3")
def test_c3_public_helpers(through):
    """No function of the public API but activations can stand where an activation is wanted."""
    found = list(helpers())
    wanted = {"get_file", "load_model", "save_model", "plot_model", "set_random_seed", "load_data"}
    assert wanted <= {name for _, name in found} and len(found) > 250
    if not through.every:
        through.some, found = 1, found[::3]
    for module, name in found:
        entry = {
            "module": module, "class_name": "function", "config": name, "registered_name": name,
        }  # fmt: skip
        add_config(through, f"{module}.{name}", set_field("activation", entry), UME)
    through.run()


def accepted():
    """All that a config can name, as `kind: family.name`, of this library's own."""
    for module in pkgutil.walk_packages(torchkeras.__path__, "torchkeras."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)  # some rooms are entered only when used
    ours = {
        f"{serialize._BUILTINS[obj].kind}: {family}.{name}"
        for (family, name), obj in serialize._TABLE.items()
        if obj.__module__.startswith("torchkeras.")
    }
    for table in vars(registry).values():
        if isinstance(table, registry.Registry):
            ours |= {
                f"{table.kind} by name: {name}"
                for name, obj in table.names.items()
                if obj.__module__.startswith("torchkeras.")
            }
    return sorted(ours)


@pytest.mark.safety("C3")
def test_c3_accepted_names_are_reviewed():
    """A new name that files may select is looked at: can its constructor do any harm?

    After that, tests/golden/make_accepted_names.py writes the list.
    """
    golden = json.loads(GOLDEN.read_text())
    now = accepted()
    new, gone = sorted(set(now) - set(golden)), sorted(set(golden) - set(now))
    assert not new, f"not reviewed: {new}"
    assert not gone, f"files of today could not be read any more: {gone}"
    forbidden = ("get_file", "load_model", "load_weights", "save_model", "plot_model", "unsafe")
    assert not [n for n in now if any(f in n for f in forbidden)]


@pytest.mark.safety("C4")
def test_c4_look_alike_packages(through, tmp_path):
    canary = tmp_path / "canary"
    for package in ("keras_nlp", "keras_hub", "keras_cv", "tf_keras"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(f"open({str(canary)!r}, 'w')")
        for module in (package, f"{package}.layers"):
            entry = layer("Evil", module, name="x")
            add_config(through, module, put_layer(entry), UME, "layers[2]")
    own = tmp_path / "torchkeras" / "evil"
    own.mkdir(parents=True)
    (own / "__init__.py").write_text(f"open({str(canary)!r}, 'w')")
    add_config(through, "own", put_layer(layer("Evil", "torchkeras.evil", name="x")), UME)
    function = {"module": "keras_nlp", "class_name": "function", "config": "f",
                "registered_name": "f"}  # fmt: skip
    add_config(through, "function", set_field("activation", function), UME, "layers[1]")
    through.run(cwd=tmp_path)
    assert not canary.exists()


@pytest.mark.safety("C5")
def test_c5_pickles_and_places(through):
    through.every = True
    pickled = base64.b64encode(b"cos\nsystem\n(S'true'\ntR.").decode()
    tfsm = layer("TFSMLayer", filepath="folder/x", call_endpoint="serving_default", name="x")
    add_config(through, "tfsm", put_layer(tfsm), MFE, "layers[2]", leave_out=("from_config",))
    for name, entry in {
        "wrapper": layer("TorchModuleWrapper", module=pickled, name="x"),
        "vocabulary": layer("StringLookup", vocabulary="/etc/passwd", name="x"),
        "address": layer("StringLookup", vocabulary="http://127.0.0.1:9/x", name="x"),
        "integers": layer("IntegerLookup", vocabulary="/etc/passwd", name="x"),
        "text": layer("TextVectorization", vocabulary="/etc/passwd", name="x"),
        "weights": layer("StringLookup", vocabulary=["a"], idf_weights="/etc/passwd",
                         output_mode="tf_idf", name="x"),
    }.items():  # fmt: skip
        kind = MFE if name == "weights" else UME
        add_config(through, name, put_layer(entry), kind, "layers[2]")
    through.run()


TEXTS = {
    "list": b"[]", "number": b"5", "null": b"null", "text": b'""', "open": b"{", "empty": b"",
    "class": b'{"class_name": 1}', "utf-16": '{"class_name": "Sequential"}'.encode("utf-16"),
    "surrogate": b'{"class_name": "\\ud800"}', "byte": b"\xff", "spaces": b" " * (65 << 20),
    "no config": b'{"class_name": "Sequential"}', "lists": b"[[], []]", "numbers": b"[1, 2]",
    "no model": b'{"class_name": "Zeros", "module": "keras.initializers", "config": {}}',
    "no class": b'{"config": {}}', "true": b"true",
}  # fmt: skip


def through_text(batch, name, text, where=None, **options):
    # HDF5 keeps no text with bytes that are no UTF-8 or NUL, and none this long.
    odd = len(text) > 60_000 or b"\0" in text or not text or text == b"\xff"
    leave_out = {"from_config", *(["h5"] if odd else [])}
    add_text(batch, name, text, MFE, where, leave_out, **options)


@pytest.mark.safety("C6")
def test_c6_texts(through):
    through.every = True
    for name, text in TEXTS.items():
        through.every = name != "spaces"
        through_text(through, name, text)
    K = through.folder / "good.keras"
    for name, text in (("metadata", b"{"), ("metadata size", b" " * (2 << 20))):
        through.add(name, rezip(K, {"metadata.json": text}), MFE, where="metadata.json")
    through.run()


@pytest.mark.safety("C7")
def test_c7_json_that_two_readers_read_in_two_ways(through):
    """Each is named by line and column, by its key, or by the place where it begins."""
    through.every = True
    start = b'{"class_name": "Sequential", "config": {"name": '
    for name, text, where in (
        ("twice", b'{"class_name": "Sequential", "class_name": "Model", "config": {}}', "twice"),
        ("nan", start + b"NaN}}", None),
        ("infinity", start + b"-Infinity}}", None),
        ("1e999", start + b"1e+999}}", None),
        ("digits", start + b"9" * 5000 + b"}}", "5000 characters"),
        ("open", b'{\n"a": 1,\n "b" 2}', "line 3"),
        ("deep", b"[" * 50_000, None),
        ("deep dicts", b'{"a":' * 10_000, None),
        ("deep and closed", b"[" * 5_000 + b"]" * 5_000, None),
    ):
        # YAML has no NaN and no numbers but `.nan`: there it is a word where a name is wanted.
        through_text(through, name, text, where)
    through.run()


@pytest.mark.safety("C8")
def test_c8_values(through):
    for value in (2**40, 2**62, -1, 0, "5", 5.5, True, None, [5], {}):
        # from_config outside of a loader has no limit: who calls it made the config
        leave_out = ("from_config",) if value in (2**40, 2**62) else ()
        add_config(through, f"units {value}", set_field("units", value), MFE, "layers[1]",
                   leave_out)  # fmt: skip
    add_config(through, "unknown key", set_field("evil", 1), MFE, "layers[1]")

    def missing(c):
        del c["config"]["layers"][1]["config"]["units"]

    add_config(through, "missing key", missing, MFE, "layers[1]")
    for name in ("../../x", "a/b", "a\nb", "", "n" * 10_000, "..", 5, "a\0b", "a\x1b[31m"):
        leave_out = {"\0": ("h5",), "": ("from_config",)}.get(
            "\0" if "\0" in str(name) else name, ()
        )
        add_config(through, f"name {str(name)[:9]!r}", set_field("name", name), MFE, "layers[1]",
                   leave_out)  # fmt: skip

    def twins(c):
        c["config"]["layers"].append(copy.deepcopy(c["config"]["layers"][1]))

    add_config(through, "two of one name", twins, MFE)
    array = {"class_name": "__numpy__", "config": {"value": [[1, 2], [3]], "dtype": "float32"}}
    add_config(through, "ragged array", set_field("units", array), MFE, "layers[1]")
    wide = layer("Embedding", name="e", input_dim=10**12, output_dim=8)

    def embedding(c):
        c["config"]["layers"][1] = wide

    add_config(through, "embedding", embedding, MFE, leave_out=("from_config",))
    for at, value in (("config", 5), ("config", None), ("class_name", None), ("class_name", [])):

        def change(c, at=at, value=value):
            c["config"]["layers"][1][at] = value

        add_config(through, f"{at} {value}", change, MFE, "layers[1]", ("h5",))
    through.run()


@pytest.mark.safety("C8")
@pytest.mark.parametrize(
    "container",
    [
        c if c == "keras" else pytest.param(c, marks=pytest.mark.sweep)
        for c in CONFIGS
        if c != "from_config"
    ],
)
def test_c8_many_layers(batch, container):
    def many(c):
        c["config"]["layers"] += c["config"]["layers"][1:2] * 100_000

    others = set(CONFIGS) - {container}
    add_config(batch, "many layers", many, MFE, "config", others)
    batch.run()


@pytest.mark.safety("C8")
def test_c8_graph(batch, files):
    G = files / "graph.keras"

    def source(value, index=2):
        def change(c):
            node = c["config"]["layers"][index]["inbound_nodes"][0]
            node["args"][0]["config"]["keras_history"] = value

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
        "negative": source(["a", -1, 0]), "huge": source(["a", 2**70, 0]),
    }  # fmt: skip
    for name, change in cases.items():
        batch.add(name, edit_config(G, change), MFE)
    batch.run()


NASTY = [
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**70, -(2**63), 0.5, -0.0, 1e308, 1e-308, "", "x",
    "..",
    "/etc/passwd", "http://127.0.0.1:9/", "a\x00b", "\x1b[31m", "\u202e", "relu" * 100, "__class__",
    [], {}, [[]], [None], [1, 2, 3], {"class_name": "Dense"}, {"class_name": "Dense", "config": {}},
    {"class_name": "__tensor__", "config": {"value": [1.0], "dtype": "float32"}},
    {"class_name": "__numpy__", "config": {"value": 5, "dtype": "int64"}},
    {"class_name": "__slice__", "config": {}}, {"class_name": "__bytes__", "config": {"value": 1}},
    {"class_name": "KerasTensor", "config": {}}, {"class_name": "function", "config": "relu"},
    {"class_name": "Sequential", "config": {"layers": []}, "module": "keras"},
]  # fmt: skip


def places(node, at=()):
    """The paths to all nodes of a config."""
    if at:
        yield at
    entries = enumerate(node) if isinstance(node, list) else ()
    entries = node.items() if isinstance(node, dict) else entries
    for key, value in entries:
        yield from places(value, (*at, key))


@pytest.mark.safety("C8")
@pytest.mark.parametrize("name", ["good", "graph"])
@pytest.mark.parametrize("count", [60, pytest.param(3000, marks=pytest.mark.sweep)])
def test_c8_any_value_anywhere(batch, files, name, count):
    """A random part of a config becomes a nasty value: an error of ours, or a model."""
    rng = random.Random(count)
    with zipfile.ZipFile(files / f"{name}.keras") as archive:
        good = json.loads(archive.read("config.json"))
    # With jit_compile torch loads its compiler, as asked for.
    everywhere = [at for at in places(good) if at[-1] != "jit_compile"]
    for n in range(count):
        config = copy.deepcopy(good)
        for _ in range(rng.choice((1, 1, 2))):
            *path, last = rng.choice(everywhere)
            node = config
            try:
                for key in path:
                    node = node[key]
                node[last] = copy.deepcopy(rng.choice(NASTY))
            except (TypeError, KeyError, IndexError):
                continue  # the first change took the place of the second away
        text = json.dumps(config).encode()
        batch.add(f"{n}", rezip(files / f"{name}.keras", {"config.json": text}), "error or loads")
    batch.run()


@pytest.mark.safety("C9", "C10", "C11")
def test_c9_to_c11_yaml(batch, tmp_path):
    """What test_yaml.py shows in detail, through files and the probe."""
    canary = tmp_path / "canary"
    nine = "\n".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9) if i else 'x'}]" for i in range(9)
    )
    good = json.loads((batch.folder / "good.json").read_bytes())
    good["config"]["layers"][1]["config"]["name"] = "NAME"
    named = json.dumps(good)
    cases = {
        "apply": f'a: !!python/object/apply:os.system ["touch {canary}"]',
        "as a name": f'class_name: !!python/object/apply:os.system ["touch {canary}"]',
        "new": "a: !!python/object/new:os.system [x]", "name": "a: !!python/name:os.system",
        "module": "a: !!python/module:os x", "binary": "a: !!binary aGVsbG8=",
        "aliases": nine, "itself": "&a [*a]", "merge": "{<<: {a: 1}}",
        "twice": "a: 1\nb: {c: 1, c: 2}", "documents": "a: 1\n---\nb: 1",
        "deep": "[" * 5000, "deep and closed": "[" * 5000 + "]" * 5000,
        **{f"word {w}": named.replace('"NAME"', w)
           for w in ("no", "2020-01-01", "010", "12:30:45", "1_000", "1", "1.5", "true")},
    }  # fmt: skip
    for name, text in cases.items():
        for kind in ("yaml", "keras"):
            where = "name" if name.startswith("word") else None
            batch.add(f"{name} ({kind})", text.encode(), MFE, kind, where, ".yaml")
    batch.run()
    assert not canary.exists()


@pytest.mark.safety("C12")
def test_c12_registered_names(through):
    through.every = True

    def rename(c):
        c["config"]["layers"][1].update(
            registered_name="Custom>Mine", class_name="Mine", module=None
        )

    add_config(through, "unregistered", rename, UME, "register")

    def stranger(c):
        c["config"]["layers"][1]["registered_name"] = "other>Dense"

    add_config(through, "registered name of another", stranger, UME, "layers[1]")
    through.run()


@pytest.mark.safety("C12")
@pytest.mark.parametrize("how", ["registered", "custom_objects", "scope", "no longer"])
@pytest.mark.parametrize("suffix", [".keras", ".h5", ".json", ".yaml", ".pt"])
def test_c12_the_programs_own_class_loads(tmp_path, monkeypatch, how, suffix):
    class Mine(torchkeras.layers.Dense):
        pass

    for table in ("_CUSTOM", "_CUSTOM_NAMES"):
        monkeypatch.setattr(serialize, table, dict(getattr(serialize, table)))
    torchkeras.saving.register_keras_serializable("shop", "Mine")(Mine)
    model = torchkeras.Sequential([torchkeras.Input((4,)), Mine(2)])
    path = tmp_path / f"m{suffix}"
    model.save(path)
    if how != "registered":
        serialize._CUSTOM.clear()
        serialize._CUSTOM_NAMES.clear()
    load = torchkeras.saving.load_model
    if how == "no longer":
        with pytest.raises(torchkeras.saving.UnsafeModelError, match="regist"):
            load(path)
        return
    if how == "scope":
        with torchkeras.saving.custom_object_scope({"Mine": Mine, "shop>Mine": Mine}):
            loaded = load(path)
    else:
        given = {"Mine": Mine, "shop>Mine": Mine} if how == "custom_objects" else None
        loaded = load(path, custom_objects=given)
    assert type(loaded.layers[0]) is Mine
    if suffix not in (".json", ".yaml"):
        for a, b in zip(loaded.get_weights(), model.get_weights(), strict=True):
            assert (a == b).all()
