"""Configs as text: strict JSON, and what is refused before any object is made of it."""

import json
import math
import time

import pytest

from torchkeras.saving.safety import DEFAULT_LIMITS, LoadLimits, ModelFileError, UnsafeModelError
from torchkeras.saving.text import check_config, dump_json, parse_json


def parse(data, limits=DEFAULT_LIMITS):
    return parse_json(data, "m.keras", "config.json", limits)


def refused(data, match, limits=DEFAULT_LIMITS):
    start = time.process_time()
    with pytest.raises(ModelFileError, match=match) as info:
        parse(data, limits)
    text = str(info.value)
    assert text.startswith("m.keras: config.json: ") and len(text) <= 500 and text.isprintable()
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    "value",
    [{}, [], 5, None, "ü\u2028\U0001f600\\\"", {"a": [1, -2.5e-300, True, {"b": "]}{["}]}, 2**63,
     1e308, 10**300, {"": {"": []}}],
)  # fmt: skip
def test_json_reads_as_python_reads_it(value):
    for ascii_only in (True, False):
        assert parse(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[1,]", b"\xff", b'{"a":1', b"{'a':1}", b"[1] x", b"nul"]
)
def test_not_json(data):
    refused(data, "line 1, column|UTF-8")


def test_other_encodings():
    for encoding in ("utf-16", "utf-32", "utf-8-sig"):
        refused('{"a": 1}'.encode(encoding), "UTF-8|not JSON")
    refused(b'{"a": "\\ud800"}', "lone surrogate")
    refused(b'["\\uDC00\\ud800"]', "lone surrogate")
    assert parse(b'["\\ud83d\\ude00"]') == ["\U0001f600"]


def test_two_readers_must_see_one_model():
    refused(b'{"a": 1, "b": {"c": 1, "c": 2}}', "'c' comes twice")


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000, "0." + "1" * 5000]
)
def test_numbers_beyond_json(number):
    refused(f'{{"a": {number}}}'.encode(), "NaN|Infinity|beyond|characters")


def test_size_and_depth_are_counted_before_parsing():
    refused(b" " * (65 << 20), "over the limit")
    refused(b"[" * 100_000 + b"]" * 100_000, "deeper than 64")
    refused(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "deeper than 64")
    refused(b"[" + b"1," * 1_000_001 + b"1]", "more than 1000000 entries")
    assert parse(b"[" * 64 + b"]" * 64)
    refused(b"[1,2,3]", "entries", LoadLimits(config_nodes=3))


@pytest.mark.parametrize(
    "config", [[], 5, None, "", {}, {"class_name": 1}, {"class_name": None, "config": {}}]
)
def test_config_of_no_model(config):
    with pytest.raises(ModelFileError, match="must be a dict with a class_name"):
        check_config(config, "m.keras")


@pytest.mark.parametrize(
    ("wrap", "place"),
    [
        (lambda code: {"layers": [{}, {"config": {"activation": code}}]},
         "layers[1].config.activation"),
        (lambda code: {"deep": [[{"x": [code]}]]}, "deep[0][0].x[0]"),
    ],
)  # fmt: skip
def test_bytecode_is_refused_wherever_it_stands(wrap, place):
    code = {
        "class_name": "__lambda__",
        "config": {"code": "4wAA", "defaults": None, "closure": None},
    }
    for config in (
        {"class_name": "Sequential", "config": wrap(code)},
        {"class_name": "Sequential", "config": {}, "compile_config": wrap(code)},
    ):
        with pytest.raises(UnsafeModelError, match="bytecode") as info:
            check_config(config, "m.keras")
        assert info.value.where.endswith(place)


@pytest.mark.parametrize("name", ["", ".", "..", "a\nb", "a\x1b[31mb", "n" * 10_000])
def test_names_that_are_no_names(name):
    layer = {"class_name": "Dense", "config": {"name": name}, "registered_name": None}
    with pytest.raises(ModelFileError, match="a name must be"):
        check_config({"class_name": "Sequential", "config": {"layers": [layer]}}, "m.keras")


def test_dump_refuses_what_json_cannot_hold():
    assert json.loads(dump_json({"a": (1, 2.5)}, "config")) == {"a": [1, 2.5]}
    for value in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError, match=r"config\.a\[1\]: a file's config cannot hold NaN"):
            dump_json({"a": [1, value]}, "config")
    loop = []
    loop.append(loop)
    with pytest.raises(ValueError, match="Circular"):
        dump_json(loop, "config")
    with pytest.raises(TypeError):
        dump_json({"a": object()}, "config")
