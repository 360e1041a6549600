"""Find out that a folder cannot be written before the training, not after its first epoch."""

from __future__ import annotations

import os
import tempfile


def make_writable(owner: str, folder: str) -> None:
    """Create `folder` if need be, and write to it once.

    Permission bits are not asked: they say nothing to root, on a read-only mount or in /proc.

    Raises:
        OSError: that names the folder and the reason.
    """
    folder = folder or os.curdir
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(f"{owner}: cannot write to the folder {folder!r}: {error}.") from error
