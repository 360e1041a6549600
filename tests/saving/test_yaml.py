"""Architectures as YAML: what is written survives every reader, and reading is strict."""

import json
import time

import pytest
import yaml

import torchkeras as keras
from torchkeras.saving.safety import DEFAULT_LIMITS, LoadLimits, ModelFileError, UnsafeModelError
from torchkeras.saving.yaml_text import dump_yaml, parse_yaml

TRAPS = [
    "no", "No", "yes", "on", "off", "y", "n", "null", "~", "", " ", "true", "2020-01-01",
    "2020-01-01 10:00:00", "010", "0o10", "0x1f", "0b1", "1_000", "12:30:45", "1e3", "1e-3", "1.5",
    ".5", "1.", "-3", "+3", ".inf", ".nan", "nan", "inf", "=", "<<", "*a", "&a", "!b", "!!str a",
    "a: b", "a #b", "#a", "- a", "? a", "[a]", "{a}", "a,b", "'a'", '"a"', "%a", "@a", "`a", "|",
    ">", "---", "...", "a\nb", "\ta", "a\\b", "\x00", "\x7f", "\x85", "\u2028", "\ufeff", "ü",
    "\U0001f600", "a" * 300, "long text " * 40, "trailing ", "keras.layers",
]  # fmt: skip


def parse(text, limits=DEFAULT_LIMITS):
    data = text if isinstance(text, bytes) else text.encode()
    return parse_yaml(data, "m.yaml", "config", limits)


def refused(text, match, where="config", kind=ModelFileError):
    start = time.process_time()
    with pytest.raises(kind, match=match) as info:
        parse(text)
    assert info.value.where == where
    assert len(str(info.value)) <= 500 and str(info.value).isprintable()
    assert time.process_time() - start < 3


@pytest.mark.safety("C11")
@pytest.mark.parametrize("trap", TRAPS, ids=ascii)
def test_text_stays_text_for_every_reader(trap):
    value = {"name": trap, "list": [trap, {trap: trap}]}
    written = dump_yaml(value, "config")
    assert parse(written) == yaml.safe_load(written) == value


@pytest.mark.parametrize(
    "value",
    [{}, [], {"a": [None, True, False, 0, -5, 2**70, 1.5, 1e-300, 1e300, 1e22, 0.1, -0.0]},
     {"a": {"b": [[], {}, [[1]]]}}],
)  # fmt: skip
def test_types(value):
    written = dump_yaml(value, "config")
    assert parse(written) == value
    assert json.dumps(parse(written)) == json.dumps(value)


def test_dump_takes_the_arguments_of_yaml():
    assert dump_yaml({"b": 1, "a": [1, 2]}, "config") == "b: 1\na:\n- 1\n- 2\n"
    flow = dump_yaml({"b": 1, "a": [1, 2]}, "config", default_flow_style=True, sort_keys=True)
    assert flow == "{a: [1, 2], b: 1}\n"
    with pytest.raises(ValueError, match=r"config\.a: a file's config cannot hold NaN"):
        dump_yaml({"a": float("nan")}, "config")


@pytest.mark.safety("C11")
@pytest.mark.parametrize(
    "word",
    ["no", "Yes", "on", "OFF", "2020-01-01", "010", "0o10", "0x1f", "0b1", "1_000", "12:30:45",
     "=", "1_0.5"],
)  # fmt: skip
def test_words_of_two_meanings(word):
    pattern = "quote it" if word != "1_0.5" else "no JSON number"
    if word == "0o10":  # the same to every reader of YAML 1.1, and no number
        assert parse("a: 0o10") == {"a": "0o10"}
        return
    refused(f"a:\n  b: [1, {word}]", pattern, "config: a.b[1]")
    assert parse(f"a: '{word}'") == {"a": word}


@pytest.mark.safety("C11")
def test_numbers():
    assert parse("[1.0e-05, -1.5E+3, .5, 3., -7, +7, 0]") == [1e-05, -1500.0, 0.5, 3.0, -7, 7, 0]
    assert parse("1e3") == "1e3"  # as PyYAML, which wrote the files there are
    for text in (".inf", "-.inf", ".nan"):
        refused(f"a: {text}", "no JSON number", "config: a")
    refused("a: 1.0e+999", "beyond any double", "config: a")
    refused("a: " + "9" * 5000, "a number of 5000 characters", "config: a")


@pytest.mark.safety("C9")
@pytest.mark.parametrize(
    "text",
    ['a: !!python/object/apply:os.system ["touch canary"]', "a: !!python/name:os.system",
     "a: !!python/module:os x", "a: !!binary aGVsbG8=", "a: !!set {b}", "a: !!omap [b: 1]",
     "a: !mine 1", "a: !!timestamp 2020-01-01", "a: !!str 1", "a: !!python/tuple x",
     "a: !<tag:yaml.org,2002:python/object/new:os.system> []",
     "%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!object/apply:os.system [x]",
     "a: !!python/dict {b: 1}", "!!python/object/apply:os.system {a: 1}: b"],
)  # fmt: skip
def test_tags(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelFileError, match=r"the tag .* is refused"):
        parse(text)
    assert not list(tmp_path.iterdir())


def test_tuples_of_old_files():
    assert parse("a: !!python/tuple [null, 784]") == {"a": [None, 784]}
    assert parse("a: !!python/tuple\n- 1\n- !!python/tuple [2, x]\n") == {"a": [1, [2, "x"]]}
    refused("a: !!python/tuple [{b: 1}]", "plain data", "config: a[0]")


@pytest.mark.safety("C10")
def test_aliases_duplicates_documents_depth():
    nine = "\n".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9) if i else 'x'}]" for i in range(9)
    )
    refused(nine, "an alias", "config: a1[0]")
    refused("&a [*a]", "an alias", "config: [0]")
    refused("{<<: {a: 1}}", "quote it")
    refused("a: 1\nb: {c: 1, c: 2}", "'c' comes twice", "config: b")
    refused("a: 1\n---\nb: 1", "a second document")
    refused("1: x", "is no text", "config")
    refused("? [a]\n: b", "is no text", "config")
    refused("[" * 5000 + "]" * 5000, "deeper than 64|not YAML")
    refused("a:\n" + "".join("  " * i + "- \n" for i in range(1, 80)) + "x", ".")
    assert parse("[" * 64 + "]" * 64)
    assert parse("a: &unused [1]") == {"a": [1]}
    with pytest.raises(ModelFileError, match="more than 3 entries"):
        parse("[1, 2, 3]", LoadLimits(config_nodes=3))
    with pytest.raises(ModelFileError, match="over the limit"):
        parse(" " * 100, LoadLimits(config_bytes=99))


@pytest.mark.parametrize(
    "text",
    ["a: b: c", "a: [", "\t- a", "a: \x00", b"\xff", b"\xff\xfea\0", "a: 'b", "%YAML 9.9\n--- a",
     '"\\ud800"', "@a", "a: *b"],
)  # fmt: skip
def test_not_yaml(text):
    refused(text, "not YAML|UTF-8|surrogate|alias", "config: a" if text == "a: *b" else "config")


# ------------------------------------------------------------------ models


def model():
    L = keras.layers
    i = keras.Input((4, 3), name="no")
    x = L.Dense(4, activation="relu", name="2020-01-01")(i)
    x = L.Reshape((2, 8), name="010")(x)
    return keras.Model(i, L.LSTM(2, name="1e3")(x), name="12:30:45")


def test_model_round_trip():
    a = model()
    b = keras.models.model_from_yaml(a.to_yaml())
    assert a.get_config() == b.get_config()
    assert keras.saving.model_from_yaml is keras.models.model_from_yaml
    assert keras.models.model_from_yaml(a.to_yaml(indent=4).encode()).name == "12:30:45"


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".json"])
def test_files(suffix, tmp_path):
    a = model()
    a.compile("sgd", "mse")
    path = tmp_path / f"m{suffix}"
    a.save(path)
    b = keras.saving.load_model(path)
    assert b.get_config() == a.get_config() and b.optimizer.name == "SGD".lower()
    assert keras.saving.load_model(path, compile=False).optimizer is None
    assert [w.shape for w in b.get_weights()] == [w.shape for w in a.get_weights()]
    text = path.read_text()
    assert text == (a.to_json() if suffix == ".json" else a.to_yaml())
    with pytest.raises(ModelFileError, match="more than the limit"):
        keras.saving.load_model(path, limits=LoadLimits(parameters=10))
    with pytest.raises(FileExistsError, match=path.name):
        a.save(path, overwrite=False)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.safety("C11")
def test_type_errors_name_the_field():
    text = model().to_yaml().replace("units: 4", "units: 1e3")
    with pytest.raises(ModelFileError, match="units must be") as info:
        keras.models.model_from_yaml(text)
    assert info.value.where == "config.layers[1]"
    with pytest.raises(TypeError, match="the text of a config is needed"):
        keras.models.model_from_yaml({"a": 1})
    for text in ("", "5", "a: 1"):
        with pytest.raises(ModelFileError, match="must be a dict with a class_name"):
            keras.models.model_from_yaml(text)


def test_bytecode_and_foreign_classes():
    for name, kind in (("__lambda__", UnsafeModelError), ("system", UnsafeModelError)):
        config = json.loads(model().to_json())
        inner = {"module": "os", "class_name": name, "config": {}, "registered_name": name}
        config["config"]["layers"][1]["config"]["activation"] = inner
        with pytest.raises(kind):
            keras.models.model_from_yaml(dump_yaml(config, "config"))


def test_a_file_of_keras_2():
    """As Keras 2.3 wrote it through PyYAML: tuples, and words without quotes."""
    text = """
backend: tensorflow
class_name: Sequential
config:
  layers:
  - class_name: Dense
    config:
      activation: relu
      activity_regularizer: null
      batch_input_shape: !!python/tuple [null, 3]
      bias_constraint: null
      bias_initializer:
        class_name: Zeros
        config: {}
      bias_regularizer: null
      dtype: float32
      kernel_constraint: null
      kernel_initializer:
        class_name: VarianceScaling
        config: {distribution: uniform, mode: fan_avg, scale: 1.0, seed: null}
      kernel_regularizer: null
      name: dense_1
      trainable: true
      units: 2
      use_bias: true
  name: sequential_1
keras_version: 2.3.1
"""
    config = parse(text)
    layer = config["config"]["layers"][0]["config"]
    assert layer["batch_input_shape"] == [None, 3] and config["keras_version"] == "2.3.1"
    loaded = keras.models.model_from_yaml(text)
    assert loaded.input_shape == (None, 3) and loaded.layers[0].activation.__name__ == "relu"
