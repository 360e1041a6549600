"""The `.keras` archive: config, metadata, weights and assets of a model in one zip file."""

import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torchkeras._base.files import atomic_writer, open_regular
from torchkeras.core import serialize, stateful
from torchkeras.saving import text, weights
from torchkeras.saving.allocation import Allocation
from torchkeras.saving.format import LoadOptions, SaveOptions
from torchkeras.saving.h5_reader import H5Reader
from torchkeras.saving.safety import LoadLimits, ModelFileError
from torchkeras.saving.stores import H5Sink
from torchkeras.saving.zip_reader import ZipReader

CONFIG, METADATA, WEIGHTS, ASSETS = "config.json", "metadata.json", "model.weights.h5", "assets"
_KERAS_VERSION = "3.15.1"  # whose format this is


# ------------------------------------------------------------------------------- writing


def save_model(model: Any, path: str, options: SaveOptions) -> None:
    """Write a model to a `.keras` file, which takes the place of the old one only when complete.

    Raises:
        OSError: if it cannot be written; then the old file is as it was, as with any exception.
    """
    config = text.dump_json(serialize.serialize_keras_object(model), "config")
    saved_at = time.strftime("%Y-%m-%d@%H:%M:%S")
    metadata = text.dump_json({"keras_version": _KERAS_VERSION, "date_saved": saved_at}, "metadata")
    with H5Sink() as sink:
        weights.save_state(model, sink)
        state = sink.close()
    members: list[tuple[str, Any]] = [(METADATA, metadata), (CONFIG, config), (WEIGHTS, state)]
    members += _collect_assets(model)
    with atomic_writer(path) as out, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members:
            archive.writestr(_member(name), content)  # type: ignore[arg-type]


def _member(name: str) -> zipfile.ZipInfo:
    now = time.localtime()[:6]
    info = zipfile.ZipInfo(name, now if 1980 <= now[0] <= 2107 else (1980, 1, 1, 0, 0, 0))
    info.external_attr = 0o600 << 16
    return info


def _has_own(obj: Any, method: str) -> bool:
    found = getattr(type(obj), method, None)
    return found is not None and not getattr(found, "_standard", False)


def _collect_assets(model: Any) -> list[tuple[str, bytes]]:
    """Let objects write their files into fresh folders, and return these files' content."""
    found = []
    for path, obj in stateful.walk(model):
        if not _has_own(obj, "save_assets"):
            continue
        with _folder() as folder:
            obj.save_assets(folder)
            for name in _files_below(folder):
                with open(os.path.join(folder, name), "rb") as f:
                    member = "/".join((ASSETS, *filter(None, (path,)), *name.split(os.sep)))
                    found.append((member, f.read()))
    return found


def _files_below(folder: str) -> list[str]:
    return sorted(
        os.path.relpath(os.path.join(at, name), folder)
        for at, _, names in os.walk(folder)
        for name in names
    )


@contextmanager
def _folder() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="torchkeras-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# ------------------------------------------------------------------------------- reading


@contextmanager
def open_archive(path: str, limits: LoadLimits) -> Iterator[ZipReader]:
    """Open a `.keras` file, and check all of it before anything is made of its content."""
    with open_regular(path) as file:
        archive = ZipReader(file, path, limits)
        for name in archive.members:
            if name.partition("/")[0] not in (CONFIG, METADATA, WEIGHTS, ASSETS):
                raise ModelFileError(
                    "an unknown member; a .keras file has config.json, metadata.json, "
                    "model.weights.h5 and assets/.",
                    path=path,
                    where=name,
                )
        for name in (CONFIG, METADATA, WEIGHTS):
            if name not in archive.members:
                raise ModelFileError(f"missing member {name}.", path=path)
        archive.verify()
        yield archive


def load_model(path: str, options: LoadOptions) -> Any:
    """Return the model of a `.keras` file."""
    limits = options.limits
    with open_archive(path, limits) as archive:
        text.parse_json(archive.read(METADATA, limits.metadata_bytes), path, METADATA, limits)
        raw = archive.read(CONFIG, limits.config_bytes)
        config = text.parse_json(raw, path, CONFIG, limits)
        with H5Reader(archive.open(WEIGHTS), path, WEIGHTS, limits) as source:
            size = sum(d.nbytes for d in source.datasets.values())
            text.check_config(config, path)
            if not options.compile:
                config.pop("compile_config", None)
            with Allocation(size + limits.slack_bytes, weights_follow=True) as allocation:
                model = text.model_from_config(
                    config, options.custom_objects, options.safe_mode, path
                )
                weights.load_state(model, source, options.rules, path, allocation)
        _load_assets(model, archive, path)
    return model


def load_weights(model: Any, path: str, options: LoadOptions) -> None:
    """Set a model's weights from those in a `.keras` file."""
    with (
        open_archive(path, options.limits) as archive,
        H5Reader(archive.open(WEIGHTS), path, WEIGHTS, options.limits) as source,
    ):
        weights.load_state(model, source, options.rules, path)


def _load_assets(model: Any, archive: ZipReader, path: str) -> None:
    """Hand each object its files, in a folder that is made for it and removed again.

    The names are those of `ZipReader`: plain components, which cannot leave the folder.
    """
    for at, obj in stateful.walk(model):
        if not _has_own(obj, "load_assets"):
            continue
        prefix = f"{ASSETS}/{at}/" if at else f"{ASSETS}/"
        with _folder() as folder:
            for name, member in archive.members.items():
                if not name.startswith(prefix) or member.is_folder:
                    continue
                target = os.path.join(folder, *name[len(prefix) :].split("/"))
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with open(target, "xb") as f:
                    f.write(archive.read(name, member.size))
            obj.load_assets(folder)
