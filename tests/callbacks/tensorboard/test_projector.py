"""Embedding tables for the projector."""

import types

import numpy as np
import pytest

from torchkeras.callbacks.tensorboard.projector import metadata_paths, write_embeddings

TABLE = np.arange(6, dtype="float32").reshape(3, 2) / 7


def layer(name, table=None, layers=()):
    made = types.SimpleNamespace(name=name, layers=list(layers), get_weights=lambda: [table])
    if table is not None:
        made.embeddings = table
    return made


INNER = layer("inner", layers=[layer("deep/emb", TABLE * 2)])
MODEL = layer("model", layers=[layer("dense"), layer("emb", TABLE), INNER, INNER])


def test_metadata_by_layer():
    assert metadata_paths(MODEL, None) == {"emb": None, "deep/emb": None}
    assert metadata_paths(MODEL, "all.tsv") == {"emb": "all.tsv", "deep/emb": "all.tsv"}
    assert metadata_paths(MODEL, {"emb": "e.tsv"}) == {"emb": "e.tsv", "deep/emb": None}


def test_unknown_layer():
    with pytest.raises(ValueError, match=r"there are emb, deep/emb. Received: dense, other\."):
        metadata_paths(MODEL, {"dense": "x", "other": "y"})


def test_files(tmp_path):
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    run = tmp_path / "train"
    (tmp_path / "labels.tsv").write_text("a\nb\nc\n")
    for _ in range(2):  # the second writing replaces the first
        metadata = {"emb": "labels.tsv", "deep/emb": None}
        write_embeddings(MODEL, str(run), str(tmp_path), metadata)
    text = (run / "projector_config.pbtxt").read_text()
    config = text_format.Parse(text, ProjectorConfig())
    first, second = config.embeddings
    assert (first.tensor_name, second.tensor_name) == ("emb", "deep/emb")
    assert list(first.tensor_shape) == [3, 2]
    np.testing.assert_allclose(np.loadtxt(run / first.tensor_path), TABLE, 1e-6)
    np.testing.assert_allclose(np.loadtxt(run / second.tensor_path), TABLE * 2, 1e-6)
    assert (run / first.metadata_path).read_text() == "a\nb\nc\n"
    assert second.metadata_path == ""
