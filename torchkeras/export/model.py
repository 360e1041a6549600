"""`model.export`: a model as a file or folder for inference elsewhere."""

import os
from typing import Any

from torchkeras._base import files
from torchkeras._base.check import received
from torchkeras.export import onnx_file, program
from torchkeras.export.archive import ExportArchive, arguments_of
from torchkeras.export.trace import Program, trace
from torchkeras.models.model import Model

_SUFFIXES = {".onnx": "onnx", ".pt2": "torch", ".xml": "openvino", ".tflite": "litert"}
_FORMATS = ("saved_model", "onnx", "torch")
_ELSEWHERE = {
    "tf_saved_model": "a SavedModel of TensorFlow is written and read by TensorFlow alone. "
    "format='saved_model' writes a folder that torchkeras.saved_model.load reads (ONNX and "
    "torch.export inside); TensorFlow Serving's place is taken by any server of ONNX models",
    "openvino": "OpenVINO reads ONNX: write format='onnx' and give that file to "
    "openvino.convert_model or to its runtime",
    "litert": "LiteRT's converter takes programs of torch.export: write format='torch' and pass "
    "torch.export.load(path) to the litert-torch package",
}
_ELSEWHERE["tf"] = _ELSEWHERE["tf_saved_model"]
_ELSEWHERE["tflite"] = _ELSEWHERE["litert"]


def export_model(
    model: Any,
    filepath: str | os.PathLike[str],
    format: str | None = None,
    verbose: bool | None = None,
    input_signature: Any = None,
    **kwargs: Any,
) -> None:
    """Write what `Model.export` documents."""
    path = files.check_local(filepath, "export")
    if format is None:
        format = _SUFFIXES.get(os.path.splitext(path)[1].lower(), "saved_model")
    if format in _ELSEWHERE:
        raise ValueError(f"export: format={format!r} cannot be written: {_ELSEWHERE[format]}.")
    if format not in _FORMATS:
        raise ValueError(
            f"export: format must be one of {list(_FORMATS)}. {received('format', format)}"
        )
    if format == "torch" and not path.endswith(".pt2"):
        raise ValueError(
            f"export: the name of a torch program ends in '.pt2'. {received('filepath', path)}"
        )
    _WRITERS[format](model, path, bool(verbose), input_signature, **kwargs)
    if verbose and format != "saved_model":
        print(f"Saved artifact at '{path}'.")


def _program(model: Any, input_signature: Any, **options: Any) -> Program:
    arguments = arguments_of(model, input_signature, "export")
    return trace(model, arguments, name=model.name, **options)


def _write_onnx(
    model: Any,
    path: str,
    verbose: bool,
    input_signature: Any,
    opset_version: int | None = None,
) -> None:
    onnx_file.write(
        onnx_file.translate(_program(model, input_signature), opset_version, verbose), path
    )


def _write_torch(
    model: Any, path: str, verbose: bool, input_signature: Any, **options: Any
) -> None:
    known = {
        "strict", "dynamic_shapes", "prefer_deferred_runtime_asserts_over_guards",
        "preserve_module_call_signature",
    }  # fmt: skip
    if set(options) - known:
        raise ValueError(
            f"export: format='torch' takes {sorted(known)}. Received: {sorted(set(options))}."
        )
    if options.get("dynamic_shapes") is not None:
        options["dynamic_shapes"] = _dynamic_shapes(options["dynamic_shapes"])
    program.write(_program(model, input_signature, **options).exported, path)


def _dynamic_shapes(given: Any) -> Any:
    """Return the open sizes of one input, or of each argument, as torch wants them of `*inputs`."""
    if isinstance(given, dict) and all(isinstance(axis, int) for axis in given):
        return ((given,),)
    if isinstance(given, (list, tuple)):
        wrapped = len(given) == 1 and isinstance(given[0], (list, tuple))
        return given if wrapped else (tuple(given),)
    return given


def _write_folder(
    model: Any, path: str, verbose: bool, input_signature: Any, options: Any = None
) -> None:
    archive = ExportArchive()
    archive.track_and_add_endpoint("serve", model, input_signature)
    archive.write_out(path, options=options, verbose=verbose)


_WRITERS = {"onnx": _write_onnx, "torch": _write_torch, "saved_model": _write_folder}

Model._export = staticmethod(export_model)
