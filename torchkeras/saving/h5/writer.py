"""Writes the layout of Keras's `.h5` files: groups of named arrays, listed in attributes."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from torchkeras._base.optional import require
from torchkeras.saving.h5.layout import FURTHER, LAYERS, OPTIMIZER, TOP, WEIGHTS
from torchkeras.saving.h5.reader import CHECKSUM
from torchkeras.saving.legacy.order import beside_layers, weights_of
from torchkeras.saving.safety import is_plain_component
from torchkeras.saving.stores import H5Sink

KERAS_VERSION = "3.15.1"  # whose layout this is
_HEADER_BYTES = 64512  # what fits in the header of an HDF5 object


class LegacySink(H5Sink):
    """An `.h5` file that is being written; see `H5Sink`."""

    def group(self, at: str) -> Any:
        """Return a group, which is made if it is not there yet."""
        return self._file.require_group(at or "/")

    def write_texts(self, at: str, texts: Mapping[str, str]) -> None:
        """Write attributes that are strings, and a checksum of them that only we read."""
        attributes = self.group(at).attrs
        kind = require("h5py").string_dtype()
        for name, text in texts.items():
            attributes.create(name, text, dtype=kind)
        attributes[CHECKSUM] = np.uint32(texts_checksum(texts))

    def write_names(self, at: str, attribute: str, names: Sequence[str]) -> None:
        """Write an attribute that is a list of names; a long one in parts, as Keras does."""
        attributes = self.group(at).attrs
        rows = np.array([name.encode() for name in names]) if names else np.array([], "S1")
        parts = -(-rows.nbytes // _HEADER_BYTES)
        if parts <= 1:
            attributes[attribute] = rows
        else:
            for i, part in enumerate(np.array_split(rows, parts)):
                attributes[f"{attribute}{i}"] = part

    def write_list(self, at: str, names: Sequence[str], values: Sequence[Any]) -> None:
        """Write the list of arrays of one layer; the names may be paths."""
        group = self.group(at)
        names = _distinct(names)
        self.write_names(at, WEIGHTS, names)
        for name, value in zip(names, values, strict=True):
            self.put_array(group, name, value)


def texts_checksum(texts: Mapping[str, str]) -> int:
    """Return the CRC-32 of texts, in the order of their names."""
    return zlib.crc32("\0".join(texts[name] for name in sorted(texts)).encode())


def write_weights(sink: LegacySink, root: str, model: Any) -> None:
    """Write the weights of a model's layers.

    Raises:
        ValueError: for two layers of one name, which the layout cannot hold.
    """
    prefix = f"{root}/" if root else ""
    sink.write_texts(root, {"backend": "torch", "keras_version": KERAS_VERSION})
    names: list[str] = []
    for layer in model.layers:
        if layer.name in (*names, TOP, FURTHER) or not is_plain_component(layer.name):
            raise ValueError(
                f"an .h5 file needs another name for each layer. Received: {layer.name!r} twice; "
                "give names, or save to a .keras file."
            )
        names.append(layer.name)
        weights = weights_of(layer)
        sink.write_list(f"{prefix}{layer.name}", _names_of(layer, weights), weights)
    sink.write_names(root, LAYERS, names)
    own, further = beside_layers(model)
    sink.write_list(f"{prefix}{TOP}", _names_of(model, own), own)
    if further:
        sink.write_list(f"{prefix}{FURTHER}", _names_of(model, further), further)


def write_optimizer(sink: LegacySink, optimizer: Any) -> None:
    """Write the variables of an optimizer."""
    variables = list(optimizer.variables)
    sink.write_list(OPTIMIZER, _names_of(optimizer, variables), variables)


def _names_of(owner: Any, variables: Sequence[Any]) -> list[str]:
    return [
        str(getattr(v, "path", None) or f"{owner.name}/variable_{i}")
        for i, v in enumerate(variables)
    ]


def _distinct(names: Sequence[str]) -> list[str]:
    """Make paths of which none is another's folder."""
    taken: set[str] = set()
    folders: set[str] = set()
    out = []
    for name in names:
        parts = [p if p != "." else "_" for p in name.split("/") if p] or ["variable"]
        stem, n = parts[-1], 0
        while True:
            made = "/".join(parts)
            above = {"/".join(parts[:i]) for i in range(1, len(parts))}
            if made not in taken and made not in folders and not above & taken:
                break
            n += 1
            parts[-1] = f"{stem}_{n}"
            if above & taken:
                parts = [f"{parts[0]}_{n}", *parts[1:]]
        taken.add(made)
        folders |= above
        out.append(made)
    return out
