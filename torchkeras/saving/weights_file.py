"""The `.weights.h5` file: all weights of a model, and its optimizer's, under their paths."""

from typing import Any

from torchkeras._base.files import atomic_writer, open_regular
from torchkeras._base.region import Region
from torchkeras.saving import weights
from torchkeras.saving.format import LoadOptions, SaveOptions
from torchkeras.saving.h5.model import read_weights
from torchkeras.saving.h5.reader import H5Reader
from torchkeras.saving.stores import H5Sink


def save_weights(model: Any, path: str, options: SaveOptions) -> None:
    """Write a model's weights to one file."""
    with atomic_writer(path) as out, H5Sink(checksums=True, out=Region(out)) as sink:
        weights.save_state(model, sink, options.skip)
        sink.close()


def load_weights(model: Any, path: str, options: LoadOptions) -> None:
    """Set a model's weights from a file; one that Keras 2 wrote under this name is read too."""
    with open_regular(path) as file, H5Reader(file, path, limits=options.limits) as source:
        read_weights(model, source, path, options)
