"""Processes that `multiprocessing`, and joblib's loky, start have the alias as well.

A child reads a dict of preparations before its task, and passes over keys that it does not know:
an object in it that turns the alias on where it is unpickled is enough.
"""

import importlib.machinery
import multiprocessing.spawn
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

_LOKY = ("joblib.externals.loky.backend.spawn", "loky.backend.spawn")


def reach(inherited: Any, wanted: Callable[[], bool]) -> None:
    """Send an object to all children that are started while it is wanted."""
    _patch(multiprocessing.spawn, inherited, wanted)
    for name in _LOKY:
        if name in sys.modules:
            _patch(sys.modules[name], inherited, wanted)
    if not any(isinstance(f, _LokyFinder) for f in sys.meta_path):
        sys.meta_path.insert(0, _LokyFinder(inherited, wanted))


def _patch(module: types.ModuleType, inherited: Any, wanted: Callable[[], bool]) -> None:
    original = module.get_preparation_data
    if getattr(original, "_torchkeras", False):
        return

    def prepare(*args: Any, **kwargs: Any) -> dict[str, Any]:
        data = original(*args, **kwargs)
        return {"torchkeras": inherited, **data} if wanted() else data

    prepare._torchkeras = True  # type: ignore[attr-defined]
    module.get_preparation_data = prepare  # type: ignore[attr-defined]


class _LokyFinder:
    """Changes loky's module when it is imported; most programs never do."""

    def __init__(self, inherited: Any, wanted: Callable[[], bool]) -> None:
        self._given = inherited, wanted

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return loky's own spec, with a loader that changes the module at the end."""
        if name not in _LOKY:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def exec_module(module: types.ModuleType) -> None:
                load(module)
                _patch(module, *self._given)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
