"""Modules under Keras's names, and the finder that makes them."""

import importlib
import importlib.machinery
import sys
import types
from collections.abc import Sequence
from typing import Any

from torchkeras.compat import modules


class AliasModule(types.ModuleType):
    """A module that shows the names of others: old names first, then torchkeras's own.

    Args:
        name: Full name, as scripts import it.
        path: What it is in Keras: `"layers.core"`.
    """

    def __init__(self, name: str, path: str) -> None:
        super().__init__(name)
        found = modules.home(path)
        self.__dict__["_alias"] = (path, modules.sources(found) if found is not None else ())

    def __getattr__(self, name: str) -> Any:
        path, sources = self.__dict__["_alias"]
        if name == "__all__":
            return [n for n in dir(self) if not n.startswith("_")]
        child = f"{path}.{name}" if path else name
        # A module below this one shows old names too, which its namesake in torchkeras lacks.
        if modules.is_listed(child) or modules.is_package(f"{self.__name__}.{name}"):
            return importlib.import_module(f"{self.__name__}.{name}")
        error = None
        for module in [importlib.import_module(source) for source in sources]:
            try:
                return getattr(module, name)
            except AttributeError as e:
                error = e
        if sources and hasattr(module, "__getattr__"):
            raise error  # it tells what to use instead
        hint = "" if name.startswith("__") or not sources else f"; it shows {sources[-1]}."
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}{hint}") from error

    def __dir__(self) -> list[str]:
        names = {n for n in self.__dict__ if n != "_alias"}
        for source in self.__dict__["_alias"][1]:
            module = importlib.import_module(source)
            names.update(getattr(module, "__all__", None) or dir(module))
        return sorted(names)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function that has the module's name: `keras.layers.merge` was both."""
        function = self.__getattr__(self.__name__.rpartition(".")[2])
        if isinstance(function, types.ModuleType):
            raise TypeError("'module' object is not callable")
        return function(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        # Who unpickles a function that refers to `keras` needs the alias as well.
        return _restore, (self.__name__,)


def _restore(name: str) -> types.ModuleType:
    FINDER.roots.add(name.partition(".")[0])
    FINDER.activate()
    return importlib.import_module(name)


class AliasFinder:
    """Finds the modules of the packages in `roots`, before any that are installed."""

    def __init__(self) -> None:
        self.roots: set[str] = set()

    def activate(self) -> None:
        """Put the finder first in line."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec of an alias module."""
        if name.partition(".")[0] not in self.roots:
            return None
        found = modules.split(name)
        if found is None:
            return None
        if modules.home(found[1]) is None:
            raise ModuleNotFoundError(
                f"No module named {name!r} in torchkeras.{modules.nearest(found[1])}", name=name
            )
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """Make the module of a spec."""
        found = modules.split(spec.name)
        return AliasModule(spec.name, found[1])

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing is run: names are looked up when they are asked for."""


FINDER = AliasFinder()
