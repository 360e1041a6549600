"""Embedding tables for TensorBoard's projector."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..._base.files import atomic_write_bytes
from ..._base.optional import require


def embedding_layers(model: Any) -> Iterator[Any]:
    """All layers of `model`, at any depth, that hold an embedding table."""
    seen: set[int] = set()

    def walk(layers: Any) -> Iterator[Any]:
        for layer in layers:
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            if getattr(layer, "embeddings", None) is not None:
                yield layer
            yield from walk(getattr(layer, "layers", None) or ())

    yield from walk(model.layers)


def metadata_paths(model: Any, metadata: str | Mapping[str, str] | None) -> dict[str, str | None]:
    """The metadata file of each embedding layer, by layer name.

    Raises:
        ValueError: if `metadata` names a layer that has no embeddings.
    """
    names = [layer.name for layer in embedding_layers(model)]
    if metadata is None or isinstance(metadata, (str, os.PathLike)):
        return {name: None if metadata is None else os.fspath(metadata) for name in names}
    unknown = sorted(set(metadata) - set(names))
    if unknown:
        raise ValueError(
            "TensorBoard: embeddings_metadata names layers that have no embeddings; there are "
            f"{', '.join(names) or 'none'}. Received: {', '.join(unknown)}."
        )
    return {name: metadata.get(name) for name in names}


def write_embeddings(
    model: Any, run_dir: str, log_dir: str, metadata: Mapping[str, str | None]
) -> None:
    """Write the tables, and the file that tells the projector of them, into `run_dir`.

    Each call replaces the tables: the projector shows the latest ones. Metadata files, with paths
    relative to `log_dir`, are copied beside them if they exist.
    """
    pb = require("tensorboard.plugins.projector.projector_config_pb2")
    config = pb.ProjectorConfig()
    os.makedirs(run_dir, exist_ok=True)
    for layer in embedding_layers(model):
        table = np.asarray(layer.get_weights()[0], dtype="float32")
        file = f"embedding_{layer.name.replace('/', '_')}.tsv"
        text = io.BytesIO()
        np.savetxt(text, table, fmt="%.7g", delimiter="\t")
        atomic_write_bytes(os.path.join(run_dir, file), text.getvalue())
        entry = config.embeddings.add()
        entry.tensor_name = layer.name
        entry.tensor_path = file
        entry.tensor_shape.extend(table.shape)
        path = metadata.get(layer.name)
        source = None if path is None else os.path.join(log_dir, path)
        if source is not None and os.path.isfile(source):
            # TensorBoard serves nothing from outside the folder of the config file.
            entry.metadata_path = f"metadata_{file.removeprefix('embedding_')}"
            with open(source, "rb") as labels:
                copy = os.path.join(run_dir, entry.metadata_path)
                atomic_write_bytes(copy, labels.read())
    text_format = require("google.protobuf.text_format")
    atomic_write_bytes(
        os.path.join(run_dir, "projector_config.pbtxt"),
        text_format.MessageToString(config).encode(),
    )
