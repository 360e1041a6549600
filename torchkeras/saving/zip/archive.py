"""The `.keras` archive: config, metadata, weights and assets of a model in one zip file."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, Protocol

from torchkeras._base.files import atomic_writer, open_regular
from torchkeras.core import serialize, stateful
from torchkeras.core.sharing import ObjectSharingScope
from torchkeras.saving import text, weights
from torchkeras.saving.allocation import Allocation
from torchkeras.saving.format import LoadOptions, SaveOptions
from torchkeras.saving.h5.reader import H5Reader
from torchkeras.saving.safety import ModelFileError
from torchkeras.saving.stores import H5Sink
from torchkeras.saving.zip.reader import ZipReader
from torchkeras.saving.zip.writer import ZipWriter

CONFIG, METADATA, WEIGHTS, ASSETS = "config.json", "metadata.json", "model.weights.h5", "assets"
_KERAS_VERSION = "3.15.1"  # whose format this is


# ------------------------------------------------------------------------------- writing


def save_model(model: Any, path: str, options: SaveOptions) -> None:
    """Write a model to a `.keras` file, which takes the place of the old one only when complete.

    Raises:
        OSError: if it cannot be written; then the old file is as it was, as with any exception.
    """
    metadata, config = describe(model)
    with atomic_writer(path) as out:
        archive = ZipWriter(out)
        archive.add(METADATA, metadata)
        archive.add(CONFIG, config)
        with archive.open(WEIGHTS) as region, H5Sink(out=region) as sink:
            weights.save_state(model, sink)
            sink.close()
        for name, content in collect_assets(model):
            archive.add(name, content)
        archive.close()


def describe(model: Any) -> tuple[bytes, bytes]:
    """Return the content of `metadata.json` and `config.json`."""
    saved_at = time.strftime("%Y-%m-%d@%H:%M:%S")
    metadata = {"keras_version": _KERAS_VERSION, "date_saved": saved_at}
    return text.dump_json(metadata, "metadata"), config_of(model)


def config_of(model: Any) -> bytes:
    """Return a model's config; what it holds in several places is one object there too."""
    with ObjectSharingScope():
        return text.dump_json(serialize.serialize_keras_object(model), "config")


def _has_own(obj: Any, method: str) -> bool:
    found = getattr(type(obj), method, None)
    return found is not None and not getattr(found, "_standard", False)


def collect_assets(model: Any) -> list[tuple[str, bytes]]:
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


class Members(Protocol):
    """The files that a model is made of: those of an archive, or of a folder."""

    members: Mapping[str, Any]

    def verify(self) -> None:
        """Check the content of all as far as it can be."""

    def read(self, name: str, limit: int) -> bytes:
        """Return a file's content if it is not longer than `limit`."""

    def open(self, name: str) -> BinaryIO:
        """Open a file."""


def load_model(path: str, options: LoadOptions) -> Any:
    """Return the model of a `.keras` file."""
    with open_regular(path) as file:
        return load_members(ZipReader(file, path, options.limits), path, options)


def load_weights(model: Any, path: str, options: LoadOptions) -> None:
    """Set a model's weights from those in a `.keras` file."""
    with open_regular(path) as file:
        load_member_weights(model, ZipReader(file, path, options.limits), path, options)


def check_members(members: Members, path: str) -> None:
    """Check that a model's files are all there, and no others, before anything is made of them."""
    for name in members.members:
        if name.partition("/")[0] not in (CONFIG, METADATA, WEIGHTS, ASSETS):
            raise ModelFileError(
                "an unknown member; a saved model has config.json, metadata.json, "
                "model.weights.h5 and assets/.",
                path=path,
                where=name,
            )
    for name in (CONFIG, METADATA, WEIGHTS):
        if name not in members.members:
            raise ModelFileError(f"missing member {name}.", path=path)
    members.verify()


def load_members(members: Members, path: str, options: LoadOptions) -> Any:
    """Return the model that files describe."""
    limits = options.limits
    check_members(members, path)
    metadata = text.parse_json(
        members.read(METADATA, limits.metadata_bytes), path, METADATA, limits
    )
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    raw = members.read(CONFIG, limits.config_bytes)
    config = text.parse_json(raw, path, CONFIG, limits)
    with (
        members.open(WEIGHTS) as content,
        H5Reader(content, path, WEIGHTS, limits) as source,
    ):
        size = sum(d.nbytes for d in source.datasets.values())
        text.check_config(config, path)
        if not options.compile:
            config.pop("compile_config", None)
        with Allocation(size + limits.slack_bytes, weights_follow=True) as allocation:
            model = text.model_from_config(
                config, options.custom_objects, options.safe_mode, path, version
            )
            weights.load_state(model, source, options.rules, path, allocation)
    load_assets(model, members, path)
    return model


def load_member_weights(model: Any, members: Members, path: str, options: LoadOptions) -> None:
    """Set a model's weights from those in files."""
    check_members(members, path)
    with (
        members.open(WEIGHTS) as content,
        H5Reader(content, path, WEIGHTS, options.limits) as source,
    ):
        weights.load_state(model, source, options.rules, path)


def load_assets(model: Any, members: Members, path: str) -> None:
    """Hand each object its files, in a folder that is made for it and removed again.

    The names are those of `ZipReader`: plain components, which cannot leave the folder.
    """
    for at, obj in stateful.walk(model):
        if not _has_own(obj, "load_assets"):
            continue
        prefix = f"{ASSETS}/{at}/" if at else f"{ASSETS}/"
        with _folder() as folder:
            for name, member in members.members.items():
                if not name.startswith(prefix) or member.is_folder:
                    continue
                target = os.path.join(folder, *name[len(prefix) :].split("/"))
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with open(target, "xb") as f:
                    f.write(members.read(name, member.size))
            obj.load_assets(folder)
