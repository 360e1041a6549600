"""Print as JSON which public name stands behind each name in the modules of real Keras.

`{"keras.src.layers.core.dense": {"Dense": "layers.Dense", "ops": "=keras.src.ops", …}, …}`:
a public path, `=` and a module, or `@` and the module that a name without a public face comes from.
"""

import contextlib
import importlib
import json
import pkgutil
import sys
from types import ModuleType

import keras


def public_paths() -> dict[int, str]:
    """Return id of an object -> its shortest path in `keras`."""
    found: dict[int, str] = {}
    modules, seen = [("", keras)], {id(keras)}
    for prefix, module in modules:  # it grows
        for name in dir(module):
            value = getattr(module, name)
            path = f"{prefix}{name}"
            if name.startswith("_") or path == "src":
                continue
            if isinstance(value, ModuleType):
                if value.__name__.startswith("keras") and id(value) not in seen:
                    seen.add(id(value))
                    modules.append((f"{path}.", value))
            elif len(path) < len(found.get(id(value), path + " ")):
                found[id(value)] = path
    return found


def table() -> dict[str, dict[str, str]]:
    """Return module -> name -> public path, for all that can be imported."""
    public = public_paths()
    for info in pkgutil.walk_packages(keras.src.__path__, "keras.src."):
        backend = info.name.removeprefix("keras.src.backend.").partition(".")[0]
        if backend not in ("tensorflow", "jax", "openvino") and not info.name.endswith("_test"):
            with contextlib.suppress(Exception):  # what needs a package that is not there
                importlib.import_module(info.name)
    found: dict[str, dict[str, str]] = {}
    for module_name, module in sorted(sys.modules.items()):
        if f"{module_name}.".startswith("keras.src."):
            found[module_name] = names = {}
            for name, value in vars(module).items():
                home = str(getattr(value, "__module__", ""))
                if isinstance(value, ModuleType):
                    if value.__name__.startswith("keras.src"):
                        names[name] = f"={value.__name__}"
                elif id(value) in public:
                    names[name] = public[id(value)]
                elif home.startswith("keras.src"):
                    names[name] = f"@{home}"
    return found


if __name__ == "__main__":
    json.dump(table(), sys.stdout)
