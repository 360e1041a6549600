"""Configs as YAML, written so that every reader sees the same, and read strictly.

Of YAML's types only those of JSON are read. Tags make objects, aliases make small files large, and
words such as `no`, `010` and `12:30` are numbers to one reader and text to another: all refused.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from torchkeras._base.check import received
from torchkeras._base.optional import require
from torchkeras.saving.allocation import Allocation
from torchkeras.saving.safety import DEFAULT_LIMITS, LoadLimits, ModelFileError
from torchkeras.saving.text import dump_json, has_surrogate, model_from_config

_TUPLE = "tag:yaml.org,2002:python/tuple"  # as the Keras of before 2021 wrote it
_PREFIX = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+][0-9]+)?")
_PLAIN_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST_NUMBER = 400
_WORDS = {"null": None, "~": None, "": None, "true": True, "false": False}


def model_from_yaml(
    yaml_string: str | bytes,
    custom_objects: dict[str, Any] | None = None,
    *,
    safe_mode: bool = True,
    limits: LoadLimits = DEFAULT_LIMITS,
) -> Any:
    """Return a new model, with fresh weights, of the architecture that `to_yaml` wrote.

    Args:
        yaml_string: The text. Of YAML's tags only `!!python/tuple` is read, which old files have.
        custom_objects: Name -> class or function of your own that the config names.
        safe_mode: False lets layers load what can run code; the config itself never can.
        limits: What is accepted.

    Raises:
        ModelFileError: for a malformed config, or one that two readers could understand in two
            ways.
        UnsafeModelError: for a class that is neither Keras's nor yours, and for bytecode.

    >>> import torchkeras as keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> keras.models.model_from_yaml(model.to_yaml()).count_params()
    8
    """
    if not isinstance(yaml_string, (str, bytes)):
        raise TypeError(
            f"model_from_yaml: the text of a config is needed. "
            f"{received('yaml_string', yaml_string)}"
        )
    data = yaml_string
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")  # which the reader then refuses
    config = parse_yaml(data, None, "config", limits)
    with Allocation(limits.parameters, weights_follow=False):
        return model_from_config(config, custom_objects, safe_mode, path=None)


def dump_yaml(config: Any, what: str, **kwargs: Any) -> str:
    """Return a config as YAML; `kwargs` go to `yaml.dump`.

    Text stands in quotes unless it is a word that no reader takes for anything else.

    Raises:
        ValueError: for NaN and infinity.
        TypeError: for an object that has no JSON form.
    """
    yaml = require("yaml")

    class Dumper(yaml.SafeDumper):  # type: ignore[name-defined, misc]
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        resolved = dumper.resolve(yaml.ScalarNode, value, (True, False))
        plain = _PLAIN_WORD.fullmatch(value) and resolved == f"{_PREFIX}str"
        plain = plain and value.lower() not in ("y", "n", "nan", "inf")
        return dumper.represent_scalar(f"{_PREFIX}str", value, style=None if plain else '"')

    Dumper.add_representer(str, text)
    options = {"default_flow_style": False, "sort_keys": False, "allow_unicode": True, **kwargs}
    return yaml.dump(json.loads(dump_json(config, what)), Dumper=Dumper, **options)


# ------------------------------------------------------------------------------- reading


def parse_yaml(data: bytes, path: str | None, where: str, limits: LoadLimits) -> Any:
    """Return the value of a YAML text, made of the types that JSON has."""
    if len(data) > limits.config_bytes:
        message = f"{len(data)} bytes are over the limit of {limits.config_bytes}."
        raise ModelFileError(message, path=path, where=where)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as e:
        raise ModelFileError("not UTF-8.", path=path, where=where) from e
    yaml = require("yaml")
    try:
        value = _Reader(yaml, text, path, where, limits).document()
    except yaml.YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        at = f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        problem = getattr(e, "problem", None) or getattr(e, "reason", None) or "malformed"
        raise ModelFileError(f"not YAML: {problem}{at}.", path=path, where=where) from e
    if has_surrogate(value):
        raise ModelFileError("the text holds a lone surrogate.", path=path, where=where)
    return value


class _Reader:
    """Makes a value of the parser's events, which are plain data: nothing is constructed."""

    def __init__(
        self, yaml: Any, text: str, path: str | None, where: str, limits: LoadLimits
    ) -> None:
        self._yaml, self._path, self._where, self._limits = yaml, path, where, limits
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is ten times faster
        self._resolver = yaml.resolver.Resolver()
        self._events: Iterator[Any] = yaml.parse(text, Loader=loader)
        self._nodes = 0

    def _refuse(self, message: str, event: Any, at: str = "") -> NoReturn:
        mark = event.start_mark
        place = ": ".join(part for part in (self._where, at) if part)
        raise ModelFileError(
            f"{message} (line {mark.line + 1}, column {mark.column + 1}).",
            path=self._path,
            where=place,
        )

    def document(self) -> Any:
        """Return the value of the only document."""
        yaml, value, found = self._yaml, None, False
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if found:
                    self._refuse("a second document", event)
                value, found = self._value(next(self._events), "", 0), True
        return value

    def _value(self, event: Any, at: str, depth: int) -> Any:
        yaml = self._yaml
        self._nodes += 1
        if self._nodes > self._limits.config_nodes:
            self._refuse(f"more than {self._limits.config_nodes} entries", event)
        if isinstance(event, yaml.AliasEvent):
            self._refuse("an alias (*name) is refused; write the value again", event, at)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, at)
        if depth >= self._limits.config_depth:
            self._refuse(f"nested deeper than {self._limits.config_depth}", event)
        if isinstance(event, yaml.SequenceStartEvent):
            if event.tag not in (None, _TUPLE):
                self._refuse_tag(event, at)
            return self._sequence(at, depth, plain=event.tag == _TUPLE)
        if event.tag is not None:
            self._refuse_tag(event, at)
        return self._mapping(at, depth)

    def _refuse_tag(self, event: Any, at: str) -> NoReturn:
        tag = event.tag.replace(_PREFIX, "!!")
        self._refuse(f"the tag {tag[:60]!r} is refused; a config has plain data alone", event, at)

    def _sequence(self, at: str, depth: int, plain: bool) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), self._yaml.SequenceEndEvent):
            if plain and isinstance(event, self._yaml.MappingStartEvent):
                self._refuse("a tuple holds plain data alone", event, f"{at}[{len(items)}]")
            items.append(self._value(event, f"{at}[{len(items)}]", depth + 1))
        return items

    def _mapping(self, at: str, depth: int) -> dict[str, Any]:
        table: dict[str, Any] = {}
        while not isinstance(event := next(self._events), self._yaml.MappingEndEvent):
            key = self._value(event, at, depth + 1)
            if not isinstance(key, str):
                self._refuse(f"the key {str(key)[:40]!r} is no text; quote it", event, at)
            if key in table:
                self._refuse(f"the key {key[:40]!r} comes twice", event, at)
            inside = f"{at}.{key}" if at else key
            table[key] = self._value(next(self._events), inside, depth + 1)
        return table

    def _scalar(self, event: Any, at: str) -> Any:
        text = event.value
        if event.tag is not None:
            self._refuse_tag(event, at)
        if not event.implicit[0]:  # in quotes, or a block
            return text
        # The rules of PyYAML, which wrote the files there are, tell what a plain word is.
        kind = self._resolver.resolve(self._yaml.ScalarNode, text, (True, False))
        kind = kind.removeprefix(_PREFIX)
        if kind == "str":
            return text
        if len(text) > _LONGEST_NUMBER:
            self._refuse(f"a number of {len(text)} characters", event, at)
        if kind == "int" and _INTEGER.fullmatch(text):
            return int(text)
        if kind == "float" and _FLOAT.fullmatch(text):
            value = float(text)
            if value - value == 0:
                return value
            self._refuse(f"the number {text[:40]} is beyond any double", event, at)
        if kind in ("null", "bool") and text.lower() in _WORDS:
            return _WORDS[text.lower()]
        if kind == "float":
            self._refuse(f"{text[:40]!r} is no JSON number", event, at)
        message = f"{text[:40]!r} means one thing to one reader and another to the next; quote it"
        return self._refuse(message, event, at)
