"""Files that layers keep beside their weights, within an `.h5` file; other Kerases lose them."""

import io
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from torchkeras.saving.h5.reader import H5Reader
from torchkeras.saving.h5.writer import LegacySink
from torchkeras.saving.safety import ModelFileError, is_plain_path
from torchkeras.saving.zip import archive

_GROUP = "torchkeras_assets"


@dataclass(frozen=True)
class _Asset:
    size: int
    is_folder: bool = False


class H5Assets:
    """The files in an `.h5` file, as those of an archive.

    Raises:
        ModelFileError: for a name that could lead out of a folder, or what is no file's content.
    """

    def __init__(self, reader: H5Reader, path: str) -> None:
        self._reader = reader
        self.members: dict[str, _Asset] = {}
        for at, dataset in reader.datasets.items():
            if not at.startswith(f"{_GROUP}/"):
                continue
            name = at.removeprefix(f"{_GROUP}/")
            if not is_plain_path(name) or dataset.dtype != "uint8" or len(dataset.shape) != 1:
                raise ModelFileError("no content of a file.", path=path, where=at)
            self.members[f"{archive.ASSETS}/{name}"] = _Asset(dataset.nbytes)

    def read(self, name: str, limit: int) -> bytes:
        """Return a file's content."""
        at = name.replace(archive.ASSETS, _GROUP, 1)
        return self._reader.read(self._reader.datasets[at]).tobytes()

    def verify(self) -> None:
        """Their checksums are looked at when they are read."""

    def open(self, name: str) -> BinaryIO:
        """Open a file."""
        return io.BytesIO(self.read(name, self.members[name].size))


def write(sink: LegacySink, model: Any) -> None:
    """Write the files of a model's layers."""
    files = archive.collect_assets(model)
    if files:
        group = sink.group(_GROUP)
        for name, content in files:
            sink.put_array(
                group, name.removeprefix(f"{archive.ASSETS}/"), np.frombuffer(content, "uint8")
            )


def load(model: Any, reader: H5Reader, path: str) -> None:
    """Hand each layer its files."""
    assets = H5Assets(reader, path)
    if assets.members:
        archive.load_assets(model, assets, path)
