"""Turning the alias on and off."""

import importlib.machinery
import importlib.metadata
import sys
from typing import Any

from torchkeras.compat import children, modules, tensorboard
from torchkeras.compat.alias import FINDER, AliasModule

_said: set[str] = set()
_set_aside: dict[str, Any] = {}


def install(*packages: str, force: bool = False) -> None:
    """Make `import keras` and its kin give torchkeras, in this process and its children.

    Args:
        packages: Names of top-level packages; without any: `keras`, `tf_keras`, `keras_core`,
            `keras_applications`, `keras_preprocessing`, `tensorflow` and `quiver_engine`.
        force: Whether a real package that was already imported is set aside.

    Raises:
        ValueError: for a package that has no alias.
        RuntimeError: if the real package was already imported, and `force` is False.

    >>> import torchkeras
    >>> torchkeras.compat.install("keras_core")
    >>> from keras_core.layers import Dense
    >>> Dense is torchkeras.layers.Dense
    True
    >>> torchkeras.compat.uninstall("keras_core")
    """
    chosen = packages or modules.ROOTS
    for package in chosen:
        if package not in modules.ROOTS:
            raise ValueError(
                f"install: a package must be one of {', '.join(modules.ROOTS)}. "
                f"Received: {package!r}."
            )
    loaded = [p for p in chosen if not isinstance(sys.modules.get(p, _ALIAS), AliasModule)]
    if loaded and not force:
        raise RuntimeError(
            f"install: the real {loaded[0]!r} was already imported in this process. "
            "Call torchkeras.compat.install() before that, or with force=True."
        )
    for package in loaded:
        _set_aside.update(_take(package))
    for package in chosen:
        _tell(package)
    FINDER.roots.update(chosen)
    FINDER.activate()
    if "tensorflow" in chosen:
        tensorboard.tell()
    children.reach(_Inherited(), lambda: bool(FINDER.roots))


def uninstall(*packages: str) -> None:
    """Undo `install`; a package that it set aside is there again."""
    chosen = packages or tuple(FINDER.roots)
    for package in chosen:
        FINDER.roots.discard(package)
        _take(package)
        for name in [n for n in _set_aside if n.partition(".")[0] == package]:
            sys.modules[name] = _set_aside.pop(name)
    if "tensorflow" in chosen:
        tensorboard.forget()


_ALIAS = AliasModule("keras", "")


def _take(package: str) -> dict[str, Any]:
    """Remove a package and all below it from the loaded modules, and return them."""
    names = [n for n in sys.modules if n == package or n.startswith(f"{package}.")]
    return {name: sys.modules.pop(name) for name in names}


def _tell(package: str) -> None:
    """Say once that an installed package is passed by."""
    if package in _said or package in FINDER.roots:
        return
    _said.add(package)
    if importlib.machinery.PathFinder.find_spec(package) is None:
        return
    try:
        version = " " + importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        version = ""
    line = (
        f"torchkeras: {package!r} is torchkeras here; the installed {package}{version} is not used."
    )
    print(line, file=sys.stderr)


# ------------------------------------------------------------------------------- children


class _Inherited:
    """Turns the alias on where it is unpickled: a child does so before it reads its task."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _inherit, tuple(FINDER.roots)


def _inherit(*packages: str) -> None:
    _said.update(packages)  # the parent has told
    install(*packages)
