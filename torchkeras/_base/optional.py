"""The one importer of packages that are optional or too heavy to load at start."""

import importlib
from types import ModuleType


def require(module: str, extra: str | None = None) -> ModuleType:
    """Import `module`, or say in one line how to install it.

    Args:
        module: Dotted name of a third-party module.
        extra: The extra of this package that brings it; None if it is a core dependency.

    Raises:
        ImportError: if the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as e:
        top = module.partition(".")[0]
        if e.name is not None and e.name.partition(".")[0] != top:
            raise  # installed, but broken inside: its own message says more
        target = f'"torchkeras[{extra}]"' if extra else top
        raise ImportError(f"{top} is needed here: pip install {target}", name=top) from e
