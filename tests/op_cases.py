"""Every op of Keras with its calls: the table behind the sweep of ops.

`CALLS` holds the rows that `call_oracle` compares, `ELEMENTWISE` and `ARRAYS` those of the two
older sweeps. A row is named by the path below `keras.ops`; what follows a slash tells rows of one
op apart.
"""

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import array_cases
from op_rows import arrays, elementwise, functions, image, layers, moving, nn, numbers, reduction
from op_rows.values import Row

CALLS: dict[str, Row] = {
    name: row
    for module in (arrays, functions, image, layers, moving, nn, numbers, reduction)
    for name, row in module.ROWS.items()
}
ELEMENTWISE = tuple(elementwise.MAKERS)
ARRAYS = tuple(name for names in array_cases.NAMES.values() for name in names)
SWEPT = {name.partition("/")[0] for name in (*CALLS, *ELEMENTWISE, *ARRAYS)}

# Names of keras.ops with no row, and where they are tested instead.
ELSEWHERE: dict[str, str] = {}


def public(module: ModuleType, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give the paths of all functions of a namespace and of those below it."""
    for name in dir(module):
        found = getattr(module, name)
        if name.startswith("_"):
            continue
        if inspect.ismodule(found):
            if found.__name__.startswith(module.__name__.partition(".")[0]):
                yield from public(found, f"{prefix}{name}.")
        elif callable(found):
            yield prefix + name, found


def functions_of(module: ModuleType) -> list[list[str]]:
    """Return the paths of each function of a namespace; one function may have several."""
    by_object: dict[int, list[str]] = {}
    for path, found in public(module):
        by_object.setdefault(id(found), []).append(path)
    return list(by_object.values())
