"""The folder of a saved model: for each signature an ONNX file and a `.pt2` program.

saved_model.json     names, shapes, dtypes and structures; sizes and hashes of the other files
serve.onnx           one for each function
serve.pt2
collections.pt       variables that were added by name, if any
"""

import dataclasses
import hashlib
import json
import os
import re
from typing import Any

import torch

from torchkeras._base import files
from torchkeras.core.dtypes import TORCH_DTYPES
from torchkeras.export import onnx_file, program
from torchkeras.export.signature import TensorSpec, leaves
from torchkeras.export.trace import Program
from torchkeras.saving.safety import DEFAULT_LIMITS, ModelFileError, is_plain_component

MANIFEST = "saved_model.json"
COLLECTIONS = "collections.pt"
_FORMAT, _VERSION = "torchkeras.saved_model", 1


@dataclasses.dataclass
class SaveOptions:
    """How `saved_model.save` and `write_out` write.

    Args:
        formats: Which of `"onnx"` and `"torch"` the folder holds for each signature.
        opset_version: Version of ONNX's operator set; default: torch's recommendation.

    Raises:
        ValueError: if no known format is given.
    """

    formats: tuple[str, ...] = ("onnx", "torch")
    opset_version: int | None = None

    def __post_init__(self) -> None:
        if not self.formats or not set(self.formats) <= {"onnx", "torch"}:
            raise ValueError(
                "SaveOptions: formats must hold 'onnx', 'torch' or both. "
                f"Received: formats={self.formats!r}."
            )


def is_saved_model(folder: str) -> bool:
    """Tell whether a folder was written by `write`."""
    try:
        with open(os.path.join(folder, MANIFEST), "rb") as f:
            return json.loads(f.read(1 << 26)).get("format") == _FORMAT
    except (OSError, ValueError, AttributeError):
        return False


def write(
    path: str | os.PathLike[str],
    programs: dict[str, Program],
    signatures: dict[str, str],
    collections: dict[str, list[torch.Tensor]],
    options: SaveOptions,
    verbose: bool = False,
) -> None:
    """Write a folder, in the place of an older one only when all of it is there.

    Args:
        path: The folder.
        programs: The functions by name.
        signatures: Name of a signature -> name of its function.
        collections: Variables by the name of their collection.
        options: Which files.
        verbose: Whether torch's ONNX exporter speaks.

    Raises:
        FileExistsError: if `path` is something else than an older saved model.
    """
    # All translations before the first byte: most of what can fail does so here.
    models = {
        name: onnx_file.translate(p, options.opset_version, verbose)
        for name, p in programs.items()
        if "onnx" in options.formats
    }
    stems = _stems(list(programs))
    with files.atomic_folder(path, is_saved_model) as folder:
        endpoints: dict[str, Any] = {}
        for name, made in programs.items():
            entry = endpoints[name] = {
                "inputs": [dataclasses.asdict(s) for s in made.inputs],
                "outputs": [dataclasses.asdict(s) for s in made.outputs],
                "arguments": made.arguments,
                "result": made.result,
                "files": {},
            }
            stem = os.path.join(folder, stems[name])
            if name in models:
                written = onnx_file.write(models[name], f"{stem}.onnx")
                entry["onnx"] = written[0]
                entry["onnx_data"] = written[1] if len(written) > 1 else None
                entry["files"].update({w: _fingerprint(folder, w) for w in written})
            if "torch" in options.formats:
                entry["torch"] = f"{stems[name]}.pt2"
                program.write(made.exported, f"{stem}.pt2")
                entry["files"][entry["torch"]] = _fingerprint(folder, entry["torch"])
        manifest = {
            "format": _FORMAT,
            "version": _VERSION,
            "torch_version": str(torch.__version__),
            "signatures": signatures,
            "endpoints": endpoints,
        }
        if collections:
            _write_collections(os.path.join(folder, COLLECTIONS), collections)
            manifest["collections"] = _fingerprint(folder, COLLECTIONS)
        text = json.dumps(manifest, indent=1)
        files.atomic_write_bytes(os.path.join(folder, MANIFEST), text.encode())


def _stems(names: list[str]) -> dict[str, str]:
    """Return a file name for each function: its own, if every file system takes it."""
    stems: dict[str, str] = {}
    for i, name in enumerate(names):
        plain = re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", name)
        known = {s.casefold() for s in stems.values()}
        stems[name] = name if plain and name.casefold() not in known else f"function_{i}"
    return stems


def _write_collections(path: str, collections: dict[str, list[torch.Tensor]]) -> None:
    plain = {k: [t.detach().clone() for t in v] for k, v in collections.items()}
    with files.atomic_path(path) as new:
        torch.save(plain, new)


def read_collections(path: str) -> dict[str, list[torch.Tensor]]:
    """Return the collections of variables that a folder holds."""
    try:
        found = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as e:  # torch raises whatever its parts do
        raise ModelFileError("damaged, or no plain tensors.", path=path) from e
    if not isinstance(found, dict) or not all(
        isinstance(k, str)
        and isinstance(v, list)
        and all(type(t) is torch.Tensor and t.layout is torch.strided for t in v)
        for k, v in found.items()
    ):
        raise ModelFileError("collections are lists of tensors.", path=path)
    return found


def _fingerprint(folder: str, name: str) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with files.open_regular(os.path.join(folder, name)) as f:
        while piece := f.read(1 << 20):
            digest.update(piece)
            size += len(piece)
    return {"bytes": size, "sha256": digest.hexdigest()}


# -------------------------------------------------------------------------------------- reading


def read_manifest(path: str) -> dict[str, Any]:
    """Return a folder's manifest, every entry of it checked.

    Raises:
        FileNotFoundError: if there is no such folder, or no manifest in it.
        ModelFileError: if the manifest is not one of ours.
    """
    name = os.path.join(path, MANIFEST)
    if os.path.isdir(path) and not os.path.exists(name):
        hint = ""
        if os.path.exists(os.path.join(path, "saved_model.pb")):
            hint = " It is a SavedModel of TensorFlow, which only TensorFlow runs."
        raise FileNotFoundError(f"{path}: no saved model: it holds no {MANIFEST}.{hint}")
    with files.open_regular(name) as f:
        data = f.read(DEFAULT_LIMITS.config_bytes + 1)
    try:
        manifest = json.loads(data)
        if manifest["format"] != _FORMAT or manifest["version"] != _VERSION:
            raise ValueError(f"format {manifest['format']!r}, version {manifest['version']!r}")
        for key, entry in manifest["endpoints"].items():
            _check_endpoint(key, entry)
        for key, target in manifest["signatures"].items():
            if not isinstance(key, str) or target not in manifest["endpoints"]:
                raise ValueError(f"signature {key!r}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
        raise ModelFileError(f"not a manifest of a saved model: {e}.", path=name) from e
    return manifest


def _check_endpoint(name: str, entry: dict[str, Any]) -> None:
    for side in ("inputs", "outputs"):
        entry[side] = [
            TensorSpec(tuple(s["shape"]), s["dtype"], str(s["name"])) for s in entry[side]
        ]
        if any(s.dtype not in TORCH_DTYPES for s in entry[side]):
            raise ValueError(f"{name}: {side}")
    places = leaves(entry["arguments"])
    if sorted(places) != list(range(len(entry["inputs"]))):
        raise ValueError(f"{name}: arguments")
    for file, mark in entry["files"].items():
        if not is_plain_component(file) or not isinstance(mark["sha256"], str):
            raise ValueError(f"{name}: file {file!r}")
    given = [entry.get(k) for k in ("onnx", "onnx_data", "torch")]
    if not set(given) - {None} or not set(given) - {None} <= set(entry["files"]):
        raise ValueError(f"{name}: files")


def check_file(folder: str, name: str, mark: dict[str, Any]) -> str:
    """Return the name of a file of a folder, which must be what the manifest says.

    Raises:
        ModelFileError: if it was changed or damaged since.
    """
    path = os.path.join(folder, name)
    if os.path.islink(path):
        raise ModelFileError("a file of a saved model is no link.", path=path)
    if _fingerprint(folder, name) != {"bytes": mark.get("bytes"), "sha256": mark["sha256"]}:
        raise ModelFileError("damaged: it is not the file that was written.", path=path)
    return path
