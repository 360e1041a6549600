"""Weights as `.safetensors`: a table and raw data; the library of that name reads them."""

import json
import os
from collections.abc import Mapping
from functools import partial
from typing import Any, BinaryIO

import numpy as np
import torch

from torchkeras._base.files import atomic_writer, open_regular
from torchkeras._base.optional import require
from torchkeras.core.tensor import convert_to_numpy
from torchkeras.saving import named
from torchkeras.saving.format import LoadOptions, SaveOptions
from torchkeras.saving.h5.reader import crc32
from torchkeras.saving.safety import ModelFileError

_CHECKSUMS = "torchkeras_crc32"  # entry of the metadata: JSON of name -> CRC-32 of the data
_DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64",
    "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8", "U16": "uint16", "U32": "uint32",
    "U64": "uint64", "BOOL": "bool", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2",
}  # fmt: skip
_TRIES = 20  # while other processes keep replacing the file
_KINDS = {dtype: kind for kind, dtype in _DTYPES.items()}


def save_weights(model: Any, path: str, options: SaveOptions) -> None:
    """Write a model's `state_dict`; a tensor with two names goes in once."""
    tensors, aliases = _without_aliases(named.tensors_of(model, "save_weights"))
    arrays = {name: np.ascontiguousarray(convert_to_numpy(t)) for name, t in tensors.items()}
    sums = {name: crc32(array) for name, array in arrays.items()}
    metadata = {"format": "pt", **aliases, _CHECKSUMS: json.dumps(sums)}
    header = _header(tensors, metadata)
    with atomic_writer(path) as out:
        out.write(len(header).to_bytes(8, "little"))
        out.write(header)
        for array in arrays.values():
            out.write(array.reshape(-1).view(np.uint8))


def _header(tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str]) -> bytes:
    """Return the table of a file's tensors, in their order.

    The library could write the file too, but it does so by name and beside it in its own way: a
    kill leaves litter that nobody knows of, and nothing is flushed.
    """
    table: dict[str, Any] = {"__metadata__": metadata}
    at = 0
    for name, t in tensors.items():
        kind = _KINDS.get(named.dtype_name(t.dtype))
        if kind is None:
            raise ValueError(
                f"save_weights: .safetensors has no dtype for {name}. Received: {t.dtype}."
            )
        table[name] = {"dtype": kind, "shape": list(t.shape), "data_offsets": [at, at + t.nbytes]}
        at += t.nbytes
    text = json.dumps(table, separators=(",", ":")).encode()
    return text + b" " * (-len(text) % 8)  # the data are aligned for readers that map them


def _without_aliases(
    tensors: dict[str, torch.Tensor],
) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Return the tensors, each once and the widest numbers first, and second name -> first name.

    That is how `safetensors.torch.save_model` puts tied weights, and `load_model` finds them.
    """
    first: dict[Any, str] = {}
    kept, aliases = {}, {}
    for name, t in tensors.items():
        place = (t.data_ptr(), t.dtype, tuple(t.shape), t.stride())
        if t.numel() and place in first:
            aliases[name] = first[place]
        else:
            first[place] = name
            kept[name] = t
    return dict(sorted(kept.items(), key=lambda item: -item[1].itemsize)), aliases


def load_weights(model: Any, path: str, options: LoadOptions) -> None:
    """Set a model's weights from a file; what is read is decided by what the model has."""
    library = require("safetensors", "safetensors")
    named.check_no_optimizer(model, options.rules, path)
    for attempt in range(_TRIES):
        with open_regular(path) as opened:
            try:
                with library.safe_open(path, framework="pt", device="cpu") as file:
                    entries = _entries(file, path)
                    named.load(model, entries, options.rules, path)
                return
            except (library.SafetensorError, RuntimeError, ModelFileError) as e:
                # The library opens the file by its name, and again for the data.
                if not _was_replaced(opened, path) or attempt == _TRIES - 1:
                    if isinstance(e, ModelFileError):
                        raise
                    raise ModelFileError(f"safetensors cannot read it: {e}", path=path) from e


def _was_replaced(opened: BinaryIO, path: str) -> bool:
    return not os.path.samestat(os.fstat(opened.fileno()), os.stat(path))


def _entries(file: Any, path: str) -> dict[str, named.Entry]:
    try:
        sums = json.loads((file.metadata() or {}).get(_CHECKSUMS, "{}"))
    except ValueError:
        sums = None
    if not isinstance(sums, dict):
        raise ModelFileError("not a table of checksums.", path=path, where=_CHECKSUMS)
    entries = {}
    for name in file.keys():  # noqa: SIM118  # it is no dict
        part = file.get_slice(name)
        kind = part.get_dtype()
        dtype = _DTYPES.get(str(kind), str(kind))
        read = partial(_read, file, name, sums.get(name), path)
        entries[name] = named.Entry(tuple(part.get_shape()), dtype, read)
    return entries


def _read(file: Any, name: str, checksum: int | None, path: str) -> np.ndarray:
    value = convert_to_numpy(file.get_tensor(name))
    if checksum is not None and crc32(value) != checksum:
        raise ModelFileError("damaged: its checksum is wrong.", path=path, where=name)
    return value
