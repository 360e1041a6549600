"""The `.weights.h5` file: all weights of a model, and its optimizer's, under their paths."""

from typing import Any

from torchkeras._base.files import atomic_write_bytes, open_regular
from torchkeras.saving import weights
from torchkeras.saving.format import LoadOptions, SaveOptions
from torchkeras.saving.h5_reader import H5Reader
from torchkeras.saving.stores import H5Sink


def save_weights(model: Any, path: str, options: SaveOptions) -> None:
    """Write a model's weights to one file."""
    with H5Sink(checksums=True) as sink:
        weights.save_state(model, sink)
        content = sink.close()
    atomic_write_bytes(path, content)


def load_weights(model: Any, path: str, options: LoadOptions) -> None:
    """Set a model's weights from a file."""
    with open_regular(path) as file, H5Reader(file, path, limits=options.limits) as source:
        weights.load_state(model, source, options.rules, path)
