"""Programs as ONNX files: made through torch's exporter, checked by ONNX's own checker."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from torchkeras._base import files
from torchkeras._base.optional import require
from torchkeras.export import _decompose
from torchkeras.export._quiet import quiet
from torchkeras.export.trace import Program
from torchkeras.saving.safety import ModelFileError, UnsafeModelError

_EXTRA = "onnx"
_LARGEST = 1 << 30  # bytes of weights inside the file; a protobuf ends at 2 GiB
_DOMAINS = {"", "ai.onnx", "ai.onnx.ml", "com.microsoft"}  # and pkg.…: functions in the file


def translate(program: Program, opset_version: int | None = None, verbose: bool = False) -> Any:
    """Return a program as a model of `onnx_ir`, with the names of its inputs and outputs.

    Args:
        program: The program.
        opset_version: Version of ONNX's operator set; default: torch's recommendation.
        verbose: Whether torch's exporter prints what it does.

    Raises:
        ImportError: if onnx or onnxscript are not installed.
        ValueError: if ONNX has no words for a part of it.
    """
    require("onnx", _EXTRA)
    require("onnxscript", _EXTRA)
    export = require("torch.onnx").export
    try:
        with contextlib.nullcontext() if verbose else quiet():
            made = export(
                _decompose.for_onnx(program.exported),
                dynamo=True,
                verbose=verbose,
                opset_version=opset_version,
                custom_translation_table=_decompose.translations(),
            )
    except Exception as e:
        reason = str(e.__cause__ or e).strip().split("\n\n")[0].replace("\n", " ")[:600]
        raise ValueError(
            f"export: torch.onnx cannot translate this model: {reason} The other formats may "
            "still do: format='torch'."
        ) from e
    _rename(made.model, program)
    _purge(made.model)
    return made.model


def _graphs(model: Any) -> Iterator[Any]:
    """Yield the graph, and those of its functions."""
    yield model.graph
    for function in model.functions.values():
        yield function.graph


def _rename(model: Any, program: Program) -> None:
    """Give inputs, outputs and open sizes the names that users know."""
    graph = model.graph
    inputs, outputs = list(graph.inputs), list(graph.outputs)
    if len(inputs) != len(program.inputs) or len(outputs) != len(program.outputs):
        raise ValueError("export: torch.onnx has dropped an input or output.")
    wanted: dict[str, Any] = {}
    for value, spec in zip(inputs + outputs, program.inputs + program.outputs, strict=True):
        name = spec.name or ""
        while name in wanted:  # an output is called as an input is
            name += "_out"
        wanted[name] = value
    for value in _values(graph):
        if value.name in wanted:
            value.name = f"{value.name}__inner"
    for name, initializer in list(graph.initializers.items()):
        if name in wanted:
            graph.initializers.pop(name)
            initializer.name = f"{name}__inner"
            graph.initializers[initializer.name] = initializer
    for name, value in wanted.items():
        value.name = name
    _name_sizes(model, program)


def _values(graph: Any) -> Iterator[Any]:
    for node in graph.all_nodes():
        yield from node.outputs


def _name_sizes(model: Any, program: Program) -> None:
    """Call open sizes `batch` and `x_1` (axis 1 of input x) instead of torch's symbols."""
    ir = require("onnx_ir", _EXTRA)
    names: dict[str, str] = {}
    for value, spec in zip(model.graph.inputs, program.inputs, strict=True):
        for axis, size in enumerate(value.shape or ()):
            if isinstance(size, ir.SymbolicDim) and size.value is not None:
                new = "batch" if axis == 0 else f"{spec.name}_{axis}"
                if new not in names.values():
                    names.setdefault(size.value, new)
    values = [*model.graph.inputs, *_values(model.graph)]
    for value in values:
        if value.shape is None:
            continue
        value.shape = ir.Shape(  # a new one: those of a converted opset cannot be changed
            names.get(s.value, s) if isinstance(s, ir.SymbolicDim) else s for s in value.shape
        )


def _purge(model: Any) -> None:
    """Forget traces of the machine that it was made on, and what nothing uses."""
    results = list(model.graph.outputs)
    for name, value in list(model.graph.initializers.items()):
        if not value.uses() and all(value is not r for r in results):
            del model.graph.initializers[name]
    for graph in _graphs(model):
        graph.metadata_props.clear()
        for node in graph.all_nodes():
            node.metadata_props.clear()
            node.doc_string = None
            for value in node.outputs:
                value.metadata_props.clear()
        for value in [*graph.inputs, *graph.initializers.values()]:
            value.metadata_props.clear()
    model.doc_string = None


def write(model: Any, path: str | os.PathLike[str]) -> list[str]:
    """Write a model and check it; return the names of the files, weights of over 1 GiB apart.

    Raises:
        ValueError: if ONNX's checker finds fault with it.
    """
    onnx, ir = require("onnx", _EXTRA), require("onnx_ir", _EXTRA)
    path = os.fspath(path)
    size = sum(v.const_value.nbytes for v in model.graph.initializers.values() if v.const_value)
    if size <= _LARGEST:
        proto = ir.serde.serialize_model(model)
        _check(onnx, proto, path)
        files.atomic_write_bytes(path, proto.SerializeToString())
        return [os.path.basename(path)]
    data = os.path.basename(path) + ".data"
    kept = {name: v.const_value for name, v in model.graph.initializers.items()}
    with files.atomic_path(os.path.join(os.path.dirname(path), data)) as weights:
        place = os.path.basename(weights)
        model = ir.external_data.unload_from_model(model, os.path.dirname(weights), place)
        proto = ir.serde.serialize_model(model)
        for tensor in proto.graph.initializer:
            for entry in tensor.external_data:
                if entry.key == "location":
                    entry.value = data
    for name, value in kept.items():
        model.graph.initializers[name].const_value = value
    files.atomic_write_bytes(path, proto.SerializeToString())
    _check(onnx, path, path)
    return [os.path.basename(path), data]


def _check(onnx: Any, model: Any, path: str) -> None:
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as e:
        raise ModelFileError(f"ONNX's checker refuses it: {e}", path=path) from e


def open_session(path: str | os.PathLike[str], data: str | None = None) -> Any:
    """Return a session of onnxruntime for a file whose every part lies in its folder.

    Args:
        path: The file.
        data: The only name of another file, beside it, that it may take weights from.

    Raises:
        ModelFileError: if it is damaged.
        UnsafeModelError: if it refers to another file, or needs operators of strangers.
    """
    onnx, runtime = require("onnx", _EXTRA), require("onnxruntime", _EXTRA)
    path = os.fspath(path)
    with files.open_regular(path) as file:
        content = file.read()
    try:
        proto = onnx.load_model_from_string(content)
    except Exception as e:  # protobuf's DecodeError, by either of its implementations
        raise ModelFileError("damaged, or no ONNX file.", path=path) from e
    _check_references(onnx, proto, path, data)
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    providers = ["CPUExecutionProvider"]
    try:
        if data is None:
            onnx.checker.check_model(proto)
            return runtime.InferenceSession(content, options, providers=providers)
        beside = os.path.join(os.path.dirname(path), data)
        files.open_regular(beside).close()
        if os.path.islink(beside) or os.stat(beside).st_nlink != 1:
            raise UnsafeModelError("its weights are a link to another file.", path=beside)
        onnx.checker.check_model(path)
        return runtime.InferenceSession(path, options, providers=providers)
    except (ModelFileError, OSError):
        raise
    except Exception as e:  # the checker's, or any of onnxruntime's
        raise ModelFileError(f"onnxruntime cannot run it: {e}", path=path) from e


def _check_references(onnx: Any, proto: Any, path: str, data: str | None) -> None:
    """Refuse operators of unknown libraries, and weights of other files than `data`."""
    for entry in proto.opset_import:
        if entry.domain not in _DOMAINS and not entry.domain.startswith("pkg."):
            raise UnsafeModelError(f"operators of {entry.domain!r} are not known.", path=path)
    pending: list[Any] = [proto]
    while pending:
        message = pending.pop()
        if isinstance(message, onnx.TensorProto):
            for entry in message.external_data:
                if entry.key == "location" and (data is None or entry.value != data):
                    raise UnsafeModelError(
                        f"it takes weights from another file, {entry.value!r}.",
                        path=path,
                        where=message.name,
                    )
            continue
        for field, value in message.ListFields():
            if field.message_type is not None:
                pending += value if field.is_repeated else [value]
