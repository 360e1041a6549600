"""A snapshot: weights and any nested state of a run in one file, read without trust in it.

A zip archive of `metadata.json`, `state.json`, the arrays that the state refers to (`arrays.h5`)
and the weights under Keras's paths (`model.weights.h5`). No part of it is code or a pickle.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from torchkeras._base.files import atomic_writer, open_regular
from torchkeras.saving import text, weights
from torchkeras.saving.h5.reader import H5Reader
from torchkeras.saving.safety import DEFAULT_LIMITS, LoadLimits, ModelFileError
from torchkeras.saving.stores import H5Sink
from torchkeras.saving.zip.reader import ZipReader
from torchkeras.saving.zip.writer import ZipWriter

METADATA, STATE, ARRAYS, WEIGHTS = (
    "metadata.json", "state.json", "arrays.h5", "model.weights.h5"
)  # fmt: skip
FORMAT, VERSION = "torchkeras snapshot", 1
# A long run's history is large, and its size is bounded by that of the file anyway.
# Nothing in it is packed, so nothing may expand.
LIMITS = replace(DEFAULT_LIMITS, config_bytes=1 << 30, config_nodes=10**8, ratio=1)

_MARKS = frozenset({"$array", "$float", "$pairs"})


@dataclass(frozen=True)
class Snapshot:
    """An open snapshot.

    Args:
        path: The file.
        owner: The name that the writer gave to what it belongs to.
        state: The nested state.
        weights: Source of the weights.
    """

    path: str
    owner: str
    state: Any
    weights: H5Reader


def write(path: str, owner: str, state: Any, root: Any) -> None:
    """Write a state and the weights of `root`; the file is complete or it is not there.

    Args:
        path: Name of the file.
        owner: Name of what it belongs to.
        state: Numbers, strings, None, arrays and tensors, nested in lists and dicts.
        root: Model (with its optimizer).

    Raises:
        TypeError: for a state that holds anything else.
        OSError: if it cannot be written; the old file is as it was.
    """
    arrays: dict[str, np.ndarray] = {}
    nested = text.dump_json(_encoded(state, "state", arrays), STATE)
    label = {"format": FORMAT, "version": VERSION, "owner": owner}
    with H5Sink() as sink:
        sink.put("", None, arrays)
        tensors = sink.close()
    with atomic_writer(path) as out:
        archive = ZipWriter(out)
        archive.add(METADATA, text.dump_json(label, METADATA))
        archive.add(STATE, nested)
        archive.add(ARRAYS, tensors)
        with archive.open(WEIGHTS) as region, H5Sink(out=region) as sink:
            weights.save_state(root, sink)
            sink.close()
        archive.close()


def _encoded(value: Any, at: str, arrays: dict[str, np.ndarray]) -> Any:
    """Return a value as JSON, its arrays moved out into a table."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return number if number - number == 0 else {"$float": repr(number)}
    if isinstance(value, (np.ndarray, torch.Tensor)):
        arrays[str(len(arrays))] = value  # type: ignore[assignment]
        return {"$array": len(arrays) - 1}
    if isinstance(value, (list, tuple)):
        return [_encoded(v, f"{at}[{i}]", arrays) for i, v in enumerate(value)]
    if isinstance(value, Mapping):
        if all(isinstance(k, str) for k in value) and not _MARKS.intersection(value):
            return {k: _encoded(v, f"{at}.{k}", arrays) for k, v in value.items()}
        pairs = [[k, v] for k, v in value.items()]
        return {"$pairs": _encoded(pairs, at, arrays)}
    raise TypeError(
        f"{at}: numbers, strings, lists, dicts, arrays and tensors can be kept. "
        f"Received: a {type(value).__name__}."
    )


@contextmanager
def open_snapshot(path: str, limits: LoadLimits = LIMITS) -> Iterator[Snapshot]:
    """Open a snapshot, all of it checked but the weights against a model.

    Raises:
        ModelFileError: for a damaged file, another kind of file, or a newer version.
        OSError: if it cannot be read.
    """
    with ExitStack() as stack:
        file = stack.enter_context(open_regular(path))
        archive = ZipReader(file, path, limits)
        if set(archive.members) != {METADATA, STATE, ARRAYS, WEIGHTS}:
            raise ModelFileError("not a snapshot: it has other members.", path=path)
        archive.verify()
        owner = _owner(archive, path, limits)
        raw = archive.read(STATE, limits.config_bytes)
        nested = text.parse_json(raw, path, STATE, limits)
        tensors = stack.enter_context(H5Reader(archive.open(ARRAYS), path, ARRAYS, limits))
        state = _decoded(nested, tensors, path)
        source = stack.enter_context(H5Reader(archive.open(WEIGHTS), path, WEIGHTS, limits))
        yield Snapshot(path, owner, state, source)


def read_owner(path: str, limits: LoadLimits = LIMITS) -> str:
    """Return what a snapshot belongs to, without a look at the rest."""
    with open_regular(path) as file:
        return _owner(ZipReader(file, path, limits), path, limits)


def _owner(archive: ZipReader, path: str, limits: LoadLimits) -> str:
    raw = archive.read(METADATA, limits.metadata_bytes)
    label = text.parse_json(raw, path, METADATA, limits)
    if not isinstance(label, dict) or label.get("format") != FORMAT:
        raise ModelFileError("not a snapshot.", path=path, where=METADATA)
    version, owner = label.get("version"), label.get("owner")
    if type(version) is not int or version < 1 or not isinstance(owner, str):
        raise ModelFileError("its version or owner is malformed.", path=path, where=METADATA)
    if version > VERSION:
        raise NewerVersionError(
            f"it was written by a newer version of torchkeras: its format is {version}, and up "
            f"to {VERSION} is read.",
            path=path,
            where=METADATA,
        )
    return owner


class NewerVersionError(ModelFileError):
    """A file in a format that a later version of this library wrote."""


def _decoded(node: Any, arrays: H5Reader, path: str) -> Any:
    if isinstance(node, list):
        return [_decoded(v, arrays, path) for v in node]
    if not isinstance(node, dict):
        return node
    if len(node) != 1 or not _MARKS.intersection(node):
        return {k: _decoded(v, arrays, path) for k, v in node.items()}
    ((mark, value),) = node.items()
    if mark == "$array" and type(value) is int:
        dataset = arrays.datasets.get(f"vars/{value}")
        if dataset is not None:
            return arrays.read(dataset)
    elif mark == "$float" and value in ("nan", "inf", "-inf"):
        return float(value)
    elif mark == "$pairs" and isinstance(value, list):
        pairs = _decoded(value, arrays, path)
        if all(isinstance(p, list) and len(p) == 2 and _is_key(p[0]) for p in pairs):
            return dict(pairs)
    raise ModelFileError(f"{mark!r} is malformed.", path=path, where=STATE)


def _is_key(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))
