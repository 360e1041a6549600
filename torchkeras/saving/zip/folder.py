"""A model as a folder: the members of a `.keras` archive as files (`zipped=False`)."""

import os
from collections.abc import Callable
from typing import Any

from torchkeras._base.files import Writer, atomic_folder, make_folder_of
from torchkeras._base.region import Region
from torchkeras.saving import weights
from torchkeras.saving.format import LoadOptions, SaveOptions
from torchkeras.saving.safety import ModelFileError
from torchkeras.saving.stores import H5Sink
from torchkeras.saving.zip import archive
from torchkeras.saving.zip.archive import CONFIG, METADATA, WEIGHTS
from torchkeras.saving.zip.folder_reader import FolderReader

_TRIES = 20  # while other processes keep replacing the folder


def save_model(model: Any, path: str, options: SaveOptions) -> None:
    """Write a model to a folder, which takes the place of the old one only when complete.

    Raises:
        FileExistsError: if there is a file of that name, or a folder that holds other things.
        OSError: if it cannot be written; then the old folder is as it was.
    """
    metadata, config = archive.describe(model)
    make_folder_of(path)
    with atomic_folder(path, is_model_folder) as folder:
        for name, content in ((METADATA, metadata), (CONFIG, config)):
            _write(folder, name, content)
        with (
            open(os.path.join(folder, WEIGHTS), "x+b") as file,
            H5Sink(checksums=True, out=Region(Writer(file.fileno(), file.name))) as sink,
        ):
            weights.save_state(model, sink)
            sink.close()
        for name, content in archive.collect_assets(model):
            _write(folder, name, content)


def _write(folder: str, name: str, content: bytes) -> None:
    path = os.path.join(folder, *name.split("/"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "xb") as file:
        file.write(content)


def is_model_folder(path: str) -> bool:
    """Tell whether a folder has a model's files and no others, so that a new one may replace it."""
    names = set(os.listdir(path))
    return {CONFIG, METADATA, WEIGHTS} <= names <= {CONFIG, METADATA, WEIGHTS, archive.ASSETS}


def load_model(path: str, options: LoadOptions) -> Any:
    """Return the model of a folder."""
    return _read(path, options, lambda members: archive.load_members(members, path, options))


def load_weights(model: Any, path: str, options: LoadOptions) -> None:
    """Set a model's weights from those in a folder."""
    _read(
        path,
        options,
        lambda members: archive.load_member_weights(model, members, path, options),
    )


def _read(path: str, options: LoadOptions, action: Callable[[FolderReader], Any]) -> Any:
    """Do something with a folder's files; again, if another save replaces it meanwhile."""
    for attempt in range(_TRIES):
        with FolderReader(path, options.limits) as members:
            try:
                members.scan()
                return action(members)
            except (FileNotFoundError, ModelFileError):
                if attempt == _TRIES - 1 or not members.replaced():
                    raise
    raise AssertionError
