"""A pytest plugin: `keras` is torchkeras, and `keras.src.…` shows what is public in it.

Keras's tests import from the files of its source. Each such name is led to the public name of the
same thing (see names.py), or to what insides.txt says; one that has neither fails when it is used.
"""

import contextlib
import fnmatch
import importlib
import importlib.machinery
import importlib.util
import json
import os
import re
import sys
import types
import unittest
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from operations import operation

import torchkeras
from torchkeras import compat

HERE = Path(__file__).parent
WORK = Path(os.environ["CONFORMANCE_WORK"])
TESTS, SOURCE = WORK / "tests", WORK / "source"
# Helper functions that tests compute their expectation with; of the source itself.
HELPERS = ("keras.src.backend.common.backend_utils",)


def _pairs(file: str) -> Iterator[tuple[str, str]]:
    for line in (HERE / file).read_text().splitlines():
        if line and not line.startswith("#"):
            first, second = line.split(None, 1)
            yield first, second


TABLE: dict[str, dict[str, str]] = json.loads((WORK / "names.json").read_text())
INSIDES = dict(_pairs("insides.txt"))
KNOWN = [(pattern, reason) for reason, pattern in _pairs("known.txt")]


class Inside:
    """What has no public face: it fails when it is used, not when it is imported."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NameError(f"an inside of Keras: {self._name}")

    __iter__ = __call__

    def __bool__(self) -> bool:
        return False  # `backend.SUPPORTS_SPARSE_TENSORS` and its like

    def __getattr__(self, name: str) -> "Inside":
        if name.startswith("__"):
            raise AttributeError(name)
        return Inside(f"{self._name}.{name}")

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        return (object,)


def _follow(path: str) -> Any:
    """Return a thing by its full name: of a module of that name, or an attribute of others."""
    parent, _, last = path.rpartition(".")
    with contextlib.suppress(ImportError, AttributeError, ValueError):
        return getattr(importlib.import_module(parent), last)
    found: Any = importlib.import_module(path.partition(".")[0])
    names = path.split(".")
    for i, name in enumerate(names[1:], 2):
        try:
            found = getattr(found, name)
        except AttributeError:
            found = importlib.import_module(".".join(names[:i]))
    return found


def _first(paths: Sequence[str]) -> Any:
    for path in paths:
        try:
            return _follow(path)
        except (ImportError, AttributeError):
            continue
    return None


class Source(types.ModuleType):
    """A module of Keras's source, seen through what is public."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = self._find(name)
        setattr(self, name, found)
        return found

    def _find(self, name: str) -> Any:
        full = f"{self.__name__}.{name}"
        if full in INSIDES:
            return _follow(INSIDES[full])
        path = TABLE.get(self.__name__, {}).get(name, "")
        kind, home = path[:1], path[1:]
        if kind == "=":
            return importlib.import_module(home)
        if kind == "@" and home != self.__name__:
            return getattr(importlib.import_module(home), name)
        if kind == "@" and home.startswith("keras.src.ops.") and name[0].isupper():
            with contextlib.suppress(AttributeError):
                return operation(SOURCE, home.rpartition(".")[2], name)
        if full in TABLE or _file(full, TESTS):
            return importlib.import_module(full)
        places = [f"torchkeras.{path}"] if path and kind != "@" else []
        if self.__name__.startswith("keras.src.backend"):  # it has the ops once more
            homes = ("backend", "ops", "random", "config", "ops.nn", "ops.numpy")
            places += [f"torchkeras.{home}.{name}" for home in homes]
        found = _first(places)
        return Inside(full) if found is None else found


def _file(name: str, root: Path) -> Path | None:
    path = root.joinpath(*name.split(".")[2:]).with_suffix(".py")
    return path if path.exists() else None


class Finder:
    """Finds the modules of Keras's source; those of its tests are read from their files."""

    def find_spec(
        self, name: str, path: Any = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return a module's spec."""
        if not f"{name}.".startswith("keras.src."):
            return None
        file = _file(name, SOURCE if name in HELPERS else TESTS)
        if file:
            return importlib.util.spec_from_file_location(name, file)
        if name in INSIDES or any(f"{known}.".startswith(f"{name}.") for known in TABLE):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """Make a module."""
        return _follow(INSIDES[spec.name]) if spec.name in INSIDES else Source(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing is run: names are looked up when they are asked for."""


# ------------------------------------------------------------------------------- set up


def _flatten_layers(self: Any, include_self: bool = True, recursive: bool = True) -> list[Any]:
    found = self.modules() if recursive else self.children()
    layers = [m for m in found if isinstance(m, torchkeras.layers.Layer)]
    return [m for m in layers if include_self or m is not self]


def _seed_generators(self: Any) -> list[Any]:
    return [m for m in self.children() if isinstance(m, torchkeras.random.SeedGenerator)]


# Keras's harness counts what a layer has by these.
PRIVATE = {
    "_flatten_layers": _flatten_layers,
    "_seed_generators": property(_seed_generators),
    "torch_params": property(lambda self: {v.path: v for v in self.variables}),
}


def _raises(
    self: unittest.TestCase, kind: Any, expected_regex: Any, *args: Any, **kwargs: Any
) -> Any:
    return self.assertRaises(kind, *args, **kwargs)  # noqa: PT027


compat.install("keras")
for _name in [n for n in sys.modules if f"{n}.".startswith("keras.src.")]:
    del sys.modules[_name]
sys.meta_path.insert(0, Finder())
for _name, _value in PRIVATE.items():
    if not hasattr(torchkeras.layers.Layer, _name):
        setattr(torchkeras.layers.Layer, _name, _value)
unittest.TestCase.assertRaisesRegex = _raises  # type: ignore[method-assign] # our own words


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    yield
    torchkeras.config.set_floatx("float32")
    torchkeras.config.set_dtype_policy("float32")
    torchkeras.config.set_image_data_format("channels_last")


# ------------------------------------------------------------------------------- results

_known: Counter[str] = Counter()
_stale: list[str] = []
_left_out: list[str] = []


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out files that are wholly about something else, or need a package that is not here."""
    if not collection_path.name.endswith("_test.py"):
        return None
    name = str(collection_path.relative_to(TESTS))
    reason = next((r for p, r in KNOWN if p == name), None)
    for package in re.findall(r"^(?:import|from) (\w+)", collection_path.read_text(), re.M):
        if reason is None and importlib.util.find_spec(package) is None:
            reason = f"needs {package}"
    if reason:
        _left_out.append(f"{name}: {reason}")
    return True if reason else None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Iterator[None]:
    """Count a failure that known.txt explains apart from the others."""
    report = (yield).get_result()
    node = item.nodeid.removeprefix("tests/")
    node = node.replace("[", "(").replace("]", ")")  # fnmatch reads brackets its own way
    reason = next((r for p, r in KNOWN if fnmatch.fnmatchcase(node, p)), None)
    if report.when == "call" and reason:
        if report.failed:
            report.outcome, report.wasxfail = "skipped", reason
            _known[reason] += 1
        elif report.passed:
            _stale.append(node)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how many failures each reason explains."""
    for reason, count in sorted(_known.items()):
        terminalreporter.write_line(f"known to fail, {reason}: {count}")
    for file in sorted(set(_left_out)):
        terminalreporter.write_line(f"left out: {file}")
    for node in _stale:
        terminalreporter.write_line(f"in known.txt, and passes: {node}")
