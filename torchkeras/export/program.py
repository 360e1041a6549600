"""Programs of `torch.export` in `.pt2` files: written by torch, read only after a full check.

torch's own reader runs what a file says: it unpickles tensors, evaluates expressions of sizes as
Python, imports modules for enumerations, loads shared libraries, and calls any function of `torch`
that a node names. So a file is taken apart here first. It must be an archive of plain tensors and
one graph; the graph may name only tensor operations; sizes must be arithmetic; what is not needed
is left out. Then torch reads the archive that was put together from what passed.

What remains is a program of torch's kernels, with the CPU time and memory that it asks for.
"""

import ast
import io
import json
import math
import os
import re
import zipfile
from typing import Any

import torch

from torchkeras._base import files
from torchkeras._base.optional import require
from torchkeras.export._quiet import quiet
from torchkeras.saving.safety import (
    DEFAULT_LIMITS,
    LoadLimits,
    ModelFileError,
    UnsafeModelError,
)
from torchkeras.saving.zip.reader import ZipReader

_MEMBER = re.compile(
    r"(?P<root>[\w-]+)/(?P<name>models/model\.json|archive_format|archive_version|byteorder"
    r"|(\.data/)?version|\.data/serialization_id|\.format_version|\.storage_alignment"
    r"|data/weights/(weight_\d+|model_weights_config\.json)"
    r"|data/constants/(tensor_\d+|model_constants_config\.json)"
    r"|data/sample_inputs/model\.pt)"
)
_GRAPH = "models/model.json"
_CONFIGS = {
    "data/weights/": "data/weights/model_weights_config.json",
    "data/constants/": "data/constants/model_constants_config.json",
}
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_PLACE = re.compile(r"[^\"'\\\x00-\x1f]{0,1000}")
_OPERATOR = re.compile(
    r"torch\.ops\.(aten|prims)\.(?P<op>\w+)\.\w+"
    r"|torch\.ops\.higher_order\.(scan|cond|while_loop|associative_scan|map_impl)"
    r"|_operator\.(add|sub|mul|floordiv|truediv|mod|pow|neg|pos|abs|eq|ne|lt|le|gt|ge|and_|or_"
    r"|not_|xor|invert|lshift|rshift|getitem)"
    r"|math\.(ceil|floor|trunc|sqrt)"
    r"|torch\.(sym_\w+|_sym_\w+)"
)
_FILE_OPERATORS = {"from_file", "save"}  # those of aten that open files
_ARGUMENTS = {
    "as_none", "as_tensor", "as_tensors", "as_optional_tensor", "as_optional_tensors", "as_int",
    "as_ints", "as_int_lists", "as_float", "as_floats", "as_bool", "as_bools", "as_string",
    "as_strings", "as_sym_int", "as_sym_ints", "as_sym_float", "as_sym_floats", "as_sym_bool",
    "as_sym_bools", "as_scalar_type", "as_memory_format", "as_layout", "as_device", "as_graph",
    "as_nested_tensors", "as_complex", "as_expr", "as_name",
}  # fmt: skip
_REFUSED = {"custom_obj", "token", "loss_output", "gradient_to_parameter"}
_SYMBOL = re.compile(r"[a-z]{1,4}\d{0,9}")
_SIZE_FUNCTIONS = {
    "Symbol", "Integer", "Float", "Rational", "Add", "Mul", "Pow", "Max", "Min", "Mod", "FloorDiv",
    "ModularIndexing", "Where", "PythonMod", "CleanDiv", "CeilToInt", "FloorToInt", "CeilDiv",
    "LShift", "RShift", "PowByNatural", "FloatPow", "FloatTrueDiv", "IntTrueDiv", "TruncToFloat",
    "TruncToInt", "RoundToInt", "RoundDecimal", "ToFloat", "Identity", "floor", "ceiling", "Abs",
    "Eq", "Ne", "Lt", "Le", "Gt", "Ge", "Equality", "Unequality", "StrictLessThan", "LessThan",
    "StrictGreaterThan", "GreaterThan", "And", "Or", "Not", "Piecewise", "ExprCondPair",
}  # fmt: skip
_SIZE_NODES = (
    ast.Expression, ast.Call, ast.Name, ast.Load, ast.Constant, ast.keyword, ast.BinOp, ast.Add,
    ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.UnaryOp, ast.USub, ast.Compare,
    ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Tuple,
)  # fmt: skip
_CONTAINERS = {"builtins.tuple", "builtins.list", "builtins.dict", "collections.OrderedDict", None}


def write(exported: Any, path: str | os.PathLike[str]) -> None:
    """Write a program to a new file, or in the place of one, whole or not at all."""
    export = require("torch.export")
    with files.atomic_writer(path) as out:
        buffered = io.BufferedWriter(out, 1 << 20)
        with quiet():  # it warns of weights that are not contiguous, and keeps all bytes
            export.save(exported, buffered)
        buffered.flush()
        buffered.detach()


def read(path: str | os.PathLike[str], limits: LoadLimits = DEFAULT_LIMITS) -> Any:
    """Return the program of a file as a torch module that is called as the function was.

    Raises:
        ModelFileError: if it is damaged, or nothing that `write` makes.
        UnsafeModelError: if it asks for more than computing with tensors.
    """
    path = os.fspath(path)
    export = require("torch.export")
    with files.open_regular(path) as file:
        checked = _Checker(ZipReader(file, path, limits), path, limits).archive()
    try:
        with quiet():
            return export.load(checked).module(check_guards=False)
    except Exception as e:  # torch raises whatever its parts do
        raise ModelFileError(
            f"torch {torch.__version__} cannot read this program: {type(e).__name__}: {e}",
            path=path,
        ) from e


class _Checker:
    """Goes through all that a file holds, and puts what passes into a new archive."""

    def __init__(self, source: ZipReader, path: str, limits: LoadLimits) -> None:
        self.source, self.path, self.limits = source, path, limits
        self.where = ""

    def fail(self, message: str, unsafe: bool = True) -> ModelFileError:
        kind = UnsafeModelError if unsafe else ModelFileError
        return kind(f"{message}.", path=self.path, where=self.where)

    def archive(self) -> io.BytesIO:
        """Return the checked archive."""
        names = self._names()
        self.where = _GRAPH
        replaced = {_GRAPH: self._graph(self._json(names[_GRAPH]))}
        for folder, config in _CONFIGS.items():
            self.where = config
            replaced[config] = self._payloads(self._json(names[config]), names, folder)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, member in names.items():
                size = self.source.members[member].size
                if name in replaced:
                    content = json.dumps(replaced[name]).encode()
                elif name == "data/sample_inputs/model.pt":
                    content = b""  # pickled, and only an example
                else:
                    content = self.source.read(member, size)
                archive.writestr(f"archive/{name}", content)
        out.seek(0)
        return out

    def _names(self) -> dict[str, str]:
        names, roots = {}, set()
        for member in self.source.members:
            self.where = member
            match = _MEMBER.fullmatch(member)
            if match is None:
                raise self.fail("a program holds one graph and plain tensors, not this member")
            roots.add(match["root"])
            names[match["name"]] = member
        self.where = ""
        for needed in (_GRAPH, *_CONFIGS.values()):
            if needed not in names or len(roots) != 1:
                raise self.fail(f"no program of torch.export: missing member {needed}", False)
        return names

    def _json(self, member: str) -> Any:
        data = self.source.read(member, self.limits.config_bytes)
        try:
            content = json.loads(data)
        except (ValueError, RecursionError) as e:
            raise self.fail("not readable as JSON", False) from e
        if not isinstance(content, dict):
            raise self.fail("a JSON object is needed", False)
        return content

    def _payloads(self, config: dict[str, Any], names: dict[str, str], folder: str) -> Any:
        """Check that every tensor is raw numbers in a member of this file, and as many as told."""
        for name, entry in self._dict(config, "config").items():
            member = names.get(folder + str(entry.get("path_name")))
            meta = entry.get("tensor_meta")
            if entry.get("use_pickle") is not False or member is None or not _PLACE.fullmatch(name):
                raise self.fail(f"tensor {name[:80]!r} is not stored as plain numbers")
            try:
                count = math.prod(int(s["as_int"]) for s in meta["sizes"])
                strides = [int(s["as_int"]) for s in meta["strides"]]
            except (TypeError, KeyError, ValueError) as e:
                raise self.fail(f"tensor {name[:80]!r} has no fixed sizes", False) from e
            if count > self.source.members[member].size or (count > 1 and 0 in strides):
                raise self.fail(f"tensor {name[:80]!r} is larger than its data", False)
            self._walk(meta, "tensor_meta")
        return {"config": config["config"]}

    def _dict(self, x: Any, key: str) -> dict[str, Any]:
        value = x.get(key) if isinstance(x, dict) else None
        if not isinstance(value, dict):
            raise self.fail(f"{key!r} is missing or no object", False)
        return value

    # ------------------------------------------------------------------------------- the graph

    def _graph(self, program: dict[str, Any]) -> dict[str, Any]:
        """Return the description of a program with only what is needed to run it."""
        module = self._dict(program, "graph_module")
        calls = module.get("module_call_graph")
        root = [c for c in calls if isinstance(c, dict) and c.get("fqn") == ""] if calls else []
        kept = {
            "graph_module": {
                "graph": self._dict(module, "graph"),
                "signature": self._dict(module, "signature"),
                "module_call_graph": root,
                "metadata": {},
                "treespec_namedtuple_fields": {},
            },
            "opset_version": {"aten": self._dict(program, "opset_version").get("aten")},
            "range_constraints": self._dict(program, "range_constraints"),
            "schema_version": self._dict(program, "schema_version"),
            "verifiers": ["TRAINING"],
            "torch_version": "",
            "guards_code": [],  # Python; the inputs are checked by what the manifest says
        }
        self._walk(kept, "")
        return kept

    def _walk(self, x: Any, key: str, depth: int = 0) -> None:
        """Check every name and string of the graph; forget the notes on nodes."""
        if depth > 4 * self.limits.config_depth:
            raise self.fail("it is nested too deeply", False)
        if isinstance(x, dict):
            if key == "range_constraints":
                for symbol in x:
                    self._size(symbol)
            for name, value in x.items():
                if name in _REFUSED or (name.startswith("as_") and name not in _ARGUMENTS):
                    raise self.fail(f"{name[:80]!r} is not part of computing with tensors")
                if name == "metadata" or name == "custom_obj_values":
                    x[name] = {}
                else:
                    if key in ("tensor_values", "sym_int_values", "sym_bool_values",
                               "sym_float_values"):  # fmt: skip
                        self._match(_IDENTIFIER, name, "name")
                    self._walk(value, name, depth + 1)
        elif isinstance(x, list):
            for value in x:
                self._walk(value, key, depth + 1)
        elif isinstance(x, str):
            self._string(x, key)

    def _string(self, x: str, key: str) -> None:
        if key in ("name", "as_name", "forward_arg_names"):
            if x:
                self._match(_IDENTIFIER, x, key)
        elif key == "expr_str":
            self._size(x)
        elif key == "target":
            match = _OPERATOR.fullmatch(x)
            if match is None or match["op"] in _FILE_OPERATORS:
                raise self.fail(f"{x[:80]!r} is no operation on tensors that is known here")
        elif key in ("in_spec", "out_spec"):
            self._structure(x)
        elif key in ("parameter_name", "buffer_name", "tensor_constant_name", "fqn",
                     "user_input_name"):  # fmt: skip
            self._match(_PLACE, x, key)
        elif key == "type":
            self._match(re.compile(r"[a-z]{1,20}"), x, key)
        elif key not in ("as_string", "as_strings", "torch_version", "verifiers"):
            raise self.fail(f"a string at {key[:80]!r} is not expected")

    def _match(self, pattern: re.Pattern[str], x: str, key: str) -> None:
        if not pattern.fullmatch(x):
            raise self.fail(f"{x[:80]!r} is no {key} that is accepted")

    def _size(self, text: str) -> None:
        """Check that the size of a dimension is arithmetic of numbers and symbols: it is run."""
        try:
            tree = ast.parse(text if len(text) <= 20_000 else "", mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as e:
            raise self.fail(f"{text[:80]!r} is no size") from e
        for node in ast.walk(tree):
            good = isinstance(node, _SIZE_NODES)
            if isinstance(node, ast.Name):
                good = node.id in _SIZE_FUNCTIONS or bool(_SYMBOL.fullmatch(node.id))
            elif isinstance(node, ast.Call):
                good = isinstance(node.func, ast.Name) and node.func.id in _SIZE_FUNCTIONS
            elif isinstance(node, ast.Constant):
                value = node.value
                good = (
                    bool(_SYMBOL.fullmatch(value))
                    if isinstance(value, str)
                    else isinstance(value, (bool, int, float)) and abs(value) < 2**63
                )
            if good and _is_power(node):
                inside = [n for n in ast.walk(node) if n is not node]
                numbers = [n.value for n in inside if isinstance(n, ast.Constant)]
                good = not any(map(_is_power, inside)) and all(
                    isinstance(v, str) or abs(v) <= 64 for v in numbers
                )
            if not good:
                raise self.fail(f"{text[:80]!r} is no size")

    def _structure(self, text: str) -> None:
        """Check that arguments and results are nested lists, tuples and dicts."""
        try:
            version, spec = json.loads(text)
        except (ValueError, TypeError, RecursionError) as e:
            raise self.fail(f"{text[:80]!r} is no structure", False) from e
        pending = [spec]
        while pending:
            spec = pending.pop()
            if (
                version != 1
                or not isinstance(spec, dict)
                or not set(spec) <= {"type", "context", "children_spec"}
                or spec.get("type") not in _CONTAINERS
                or "__enum__" in str(spec.get("context"))
            ):
                raise self.fail("arguments and results are lists, tuples and dicts only")
            pending += spec.get("children_spec") or []


def _is_power(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Pow)
    powers = ("Pow", "PowByNatural", "FloatPow", "LShift")
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in powers
