"""The rooms of DESIGN.md: who may import whom, and what may be loaded when.

A file imports only from lower rows or from its own package, at module level; an optional
third-party package comes through `_base/optional.py`.
"""

import ast
import sys
from pathlib import Path

import pytest

import torchkeras

ROOT = Path(torchkeras.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

ROWS = [
    {"_base"},
    {"core"},
    {"ops", "random", "tree"},
    {"activations", "initializers", "regularizers", "constraints", "quantizers", "saving"},
    {"layers", "losses", "optimizers", "distribution"},
    {"metrics", "callbacks"},
    {"training"},
    {"models"},
    {
        "utils", "export", "preprocessing", "datasets", "applications", "wrappers", "visualization",
        "distillation",
    },
    {"backend", "config", "dtype_policies", "legacy", "mixed_precision", "version", "__init__"},
    {"compat"},
    {"__main__"},
]  # fmt: skip
ROW = {package: row for row, packages in enumerate(ROWS) for package in packages}
ROW["random"] = 1.5  # some ops draw random numbers; no draw needs an op
ROW["quiver"] = 4.5  # looks at modules through torch's hooks; a callback shows it while training
ROW["utils"] = 7.5  # files, images and downloads, which the others of its row are made with
ROW["saved_model"] = 8.5  # names out of export, which compat offers as tensorflow.saved_model

# What a module may import when it is loaded: the rest waits in `_base/optional.py`.
LIGHT = {"torch", "numpy", "ml_dtypes", "torchkeras", *sys.stdlib_module_names}


def room(path: Path) -> str:
    """`layers/core/dense.py` and `layers/__init__.py` -> `layers`; `tree.py` -> `tree`."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def is_type_checking(node: ast.AST) -> bool:
    test = getattr(node, "test", None)
    return isinstance(node, ast.If) and (
        (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING")
        or (isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING")
    )


def imports(source: str, path: Path):
    """(line, dotted module, inside a function) of each import; TYPE_CHECKING blocks are left out.

    `from torchkeras import ops` counts as `torchkeras.ops`; relative imports are resolved.
    """
    package = ("torchkeras", *path.relative_to(ROOT).parts[:-1])

    def walk(node: ast.AST, inside: bool):
        nodes = node.orelse if is_type_checking(node) else ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, inside
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            if module == "torchkeras":
                for alias in node.names:
                    yield node.lineno, f"torchkeras.{alias.name}", inside
            else:
                yield node.lineno, module, inside
        inside = inside or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in nodes:
            yield from walk(child, inside)

    yield from walk(ast.parse(source), False)


def violations(source: str, path: Path) -> list[str]:
    """What a file's imports do against the rules, one line each."""
    here = room(path)
    found = []
    if here not in ROW:
        return [f"{path.name}: package {here!r} has no row in tests/policy/test_imports.py"]
    for line, module, inside in imports(source, path):
        top, _, rest = module.partition(".")
        where = f"{path.relative_to(ROOT)}:{line}: import {module}"
        if inside:
            found.append(f"{where}: inside a function")
        if top not in LIGHT or module.startswith("torch.utils.tensorboard"):
            found.append(f"{where}: load it through _base/optional.py")
        if top != "torchkeras":
            continue
        there = rest.partition(".")[0] or "__init__"
        if there not in ROW:
            found.append(f"{where}: {there!r} has no row")
        elif there != here and ROW[there] >= ROW[here] and here != "__init__":
            found.append(f"{where}: row {ROW[there]} seen from row {ROW[here]}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_follow_the_rows(path):
    assert violations(path.read_text(), path) == []


def test_every_package_has_a_row():
    packages = {room(p) for p in FILES}
    assert packages <= set(ROW), f"without a row: {sorted(packages - set(ROW))}"


@pytest.mark.parametrize(
    ("where", "source", "rule"),
    [
        ("core/x.py", "from torchkeras.layers import Dense", "row 4 seen from row 1"),
        ("core/x.py", "from torchkeras import models", "row 7 seen from row 1"),
        ("layers/x.py", "from ..losses import mse", "row 4 seen from row 4"),
        ("layers/x.py", "import torchkeras", "row 9 seen from row 4"),
        ("layers/x.py", "def f():\n    import math", "inside a function"),
        ("layers/x.py", "class A:\n    def f(self):\n        from torch import nn", "inside"),
        ("callbacks/x.py", "import h5py", "through _base/optional.py"),
        ("callbacks/x.py", "from torch.utils.tensorboard import SummaryWriter", "optional.py"),
        ("nowhere/x.py", "import math", "has no row"),
        ("layers/x.py", "from torchkeras.nowhere import x", "has no row"),
    ],
)
def test_the_check_sees_violations(where, source, rule):
    assert any(rule in line for line in violations(source, ROOT / where))


@pytest.mark.parametrize(
    ("where", "source"),
    [
        (
            "layers/x.py",
            "from torchkeras.core import tensor\nfrom .layer import Layer\nimport torch",
        ),
        ("layers/core/x.py", "from ..layer import Layer\nfrom torchkeras.layers.layer import L"),
        (
            "core/x.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
            "    from torchkeras.models import Model\nelse:\n    import math",
        ),
        ("__init__.py", "from torchkeras import config as config, layers as layers"),
    ],
)
def test_the_check_passes_what_is_allowed(where, source):
    assert violations(source, ROOT / where) == []
