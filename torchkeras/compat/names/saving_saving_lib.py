"""`keras.src.saving.saving_lib`, whose functions also take open files: scikeras pickles so."""

import os
import tempfile
from pathlib import Path
from typing import IO, Any

from torchkeras.saving import api
from torchkeras.saving.api import load_weights as load_weights_only
from torchkeras.saving.api import save_weights as save_weights_only


def save_model(model: Any, filepath: str | os.PathLike[str] | IO[bytes], **kwargs: Any) -> None:
    """Write a model as `.keras` to a path or an open file."""
    if not hasattr(filepath, "write"):
        api.save_model(model, filepath, **kwargs)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        api.save_model(model, path)
        filepath.write(path.read_bytes())


def load_model(filepath: str | os.PathLike[str] | IO[bytes], *args: Any, **kwargs: Any) -> Any:
    """Read a model from a path or an open file."""
    if not hasattr(filepath, "read"):
        return api.load_model(filepath, *args, **kwargs)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        path.write_bytes(filepath.read())
        return api.load_model(path, *args, **kwargs)
