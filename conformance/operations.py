"""Keras's classes of ops, which its tests make by themselves; here functions do their work."""

import ast
import inspect
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import torchkeras
from torchkeras.ops import _op


@cache
def _tree(file: Path) -> list[ast.stmt]:
    return ast.parse(file.read_text()).body


def _parameters(nodes: list[ast.stmt], class_name: str) -> list[str]:
    for node in nodes:
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    return [a.arg for a in method.args.args[1:] + method.args.kwonlyargs]
    return []


def _function_name(nodes: list[ast.stmt], class_name: str) -> str:
    """Return the public function that makes an object of the class."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            names = {n.func.id for n in ast.walk(node)
                     if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}  # fmt: skip
            if class_name in names:
                return node.name
    raise AttributeError(class_name)


def operation(source: Path, module: str, class_name: str) -> type:
    """Return a class whose calls are those of the function behind an op of Keras."""
    nodes = _tree(source / "ops" / f"{module}.py")
    own = _op._CLASSES.get((f"keras.src.ops.{module}", class_name))
    if own is not None:
        return own
    name, parameters = _function_name(nodes, class_name), _parameters(nodes, class_name)
    home: ModuleType = torchkeras.ops.image if module == "image" else torchkeras.ops
    function = getattr(home, name)
    takes = inspect.signature(function).parameters

    class Call:
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            given = dict(zip(parameters, args, strict=False)) | kwargs
            self.kwargs = {k: v for k, v in given.items() if k in takes}

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return function(*args, **self.kwargs, **kwargs)

        symbolic_call = compute_output_spec = __call__

    Call.__name__ = class_name
    return Call
