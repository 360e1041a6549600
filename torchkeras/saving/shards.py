"""Weights spread over several files: `m.weights.json` names `m_00000.weights.h5` and so on."""

import contextlib
import errno
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np

from torchkeras._base.file_sets import replace_set
from torchkeras._base.files import Writer, open_regular
from torchkeras._base.region import Region
from torchkeras.saving import weights
from torchkeras.saving.format import LoadOptions, SaveOptions
from torchkeras.saving.h5.reader import Dataset, H5Reader
from torchkeras.saving.safety import (
    DEFAULT_LIMITS,
    LoadLimits,
    ModelFileError,
    UnsafeModelError,
    is_plain_component,
)
from torchkeras.saving.stores import H5Sink
from torchkeras.saving.text import parse_json

INDEX, SHARD = ".weights.json", ".weights.h5"
_GB = 1 << 30
_TRIES = 20  # while other processes keep replacing the files

_Entry = tuple[str, str | None, dict[str, Any]]  # path and name of an object, and its arrays


# ------------------------------------------------------------------------------- writing


class _Plan:
    """A sink that only notes what is to be written, and puts it into shards."""

    def __init__(self) -> None:
        self.objects: list[_Entry] = []
        self.total = 0

    def put(self, path: str, name: str | None, entries: Mapping[str, Any]) -> None:
        self.objects.append((path, name, dict(entries)))

    def shards(self, largest: float) -> list[list[_Entry]]:
        """Fill one shard after the other, in the order of the model."""
        shards: list[list[_Entry]] = [[]]
        filled = 0
        for path, name, entries in self.objects:
            part: dict[str, Any] = {}
            shards[-1].append((path, name, part))
            for key, value in entries.items():
                size = value.nbytes if hasattr(value, "nbytes") else np.asarray(value).nbytes
                if size > largest:
                    raise ValueError(
                        f"save_weights: max_shard_size must be at least {size / _GB:.3g}, the size "
                        f"of {path}/{key} in GB. Received: max_shard_size={largest / _GB:.3g}."
                    )
                if filled + size > largest:
                    part, filled = {}, 0
                    shards.append([(path, None, part)])
                part[key] = value
                filled += size
                self.total += size
        return shards


def save_weights(model: Any, path: str, options: SaveOptions) -> None:
    """Write a model's weights to files of at most `max_shard_size` GB, and the index.

    The files of an older index stay whole, and named by it, until the new ones are.

    Raises:
        ValueError: if one weight alone is larger.
        OSError: if they cannot be written.
    """
    plan = _Plan()
    weights.save_state(model, plan, options.skip)
    shards = plan.shards((options.max_shard_size or 0) * _GB)
    stem = os.path.basename(os.path.realpath(path)).removesuffix(INDEX)
    names = [f"{stem}_{i:05d}{SHARD}" for i in range(len(shards))]
    if not all(map(is_plain_component, set(stem) - {"."})):  # no control characters
        raise ValueError(
            "save_weights: the name of weights in several files must be plain text. "
            f"Received: filepath={path!r}."
        )

    def write(i: int, out: Writer) -> None:
        with H5Sink(checksums=True, out=Region(out)) as sink:
            for entry in shards[i]:
                sink.put(*entry)
            sink.close()

    def index_of(files: Sequence[str], replaced: Sequence[str]) -> bytes:
        places: dict[str, list[str]] = {}
        for file, shard in zip(files, shards, strict=True):
            for at, _, part in shard:
                if part:
                    places.setdefault(f"/{at}/vars" if at else "/vars", []).append(file)
        metadata: dict[str, Any] = {"total_size": float(plan.total)}
        if replaced:
            metadata["replaces"] = list(replaced)
        content = {"metadata": metadata, "weight_map": places}
        return json.dumps(content, indent=4).encode("ascii")

    replace_set(path, names, SHARD, write, index_of, lambda: _named_by(path))


def _named_by(path: str) -> tuple[set[str], set[str]] | None:
    """Return the files that an index names, and those that its own save was to replace."""
    try:
        with open_regular(path) as file:
            content = parse_json(file.read(), path, "index", DEFAULT_LIMITS)
        names = set().union(*_checked_index(content, path, DEFAULT_LIMITS).values())
        noted = content.get("metadata", {}).get("replaces", ())
        return names, {n for n in noted if isinstance(n, str) and _is_shard(n)}
    except FileNotFoundError:
        return set(), set()
    except (ModelFileError, AttributeError, TypeError):
        return None  # no index of ours, or a broken one


def _is_shard(name: str) -> bool:
    return name.endswith(SHARD) and is_plain_component(name)


# ------------------------------------------------------------------------------- reading


def load_weights(model: Any, path: str, options: LoadOptions) -> None:
    """Set a model's weights from an index and the files that it names."""
    for attempt in range(_TRIES):
        with contextlib.ExitStack() as stack:
            index = stack.enter_context(open_regular(path))
            try:
                raw = index.read(options.limits.config_bytes + 1)
                content = parse_json(raw, path, "index", options.limits)
                places = _checked_index(content, path, options.limits)
                files = _open_shards(places, path, stack)
            except (OSError, ModelFileError):
                if attempt < _TRIES - 1 and _replaced(index, path):
                    continue
                raise
            if attempt < _TRIES - 1 and _replaced(index, path):
                continue  # the files may be of the index that came in between
            source = _Shards(places, files, path, options.limits, stack)
            weights.load_state(model, source, options.rules, path)
            return


def _replaced(index: BinaryIO, path: str) -> bool:
    try:
        now = os.stat(path)
    except FileNotFoundError:
        return True
    then = os.fstat(index.fileno())
    return (now.st_dev, now.st_ino) != (then.st_dev, then.st_ino)


def _checked_index(content: Any, path: str, limits: LoadLimits) -> dict[str, list[str]]:
    """Return path of a group -> the files that it is spread over."""
    places = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(places, dict):
        raise ModelFileError("the index has no weight_map.", path=path)
    found = {}
    for group, names in places.items():
        names = [names] if isinstance(names, str) else names
        if not isinstance(names, list) or not names or len(names) != len({*map(str, names)}):
            message = "a list of different file names is needed."
            raise ModelFileError(message, path=path, where=group)
        for name in names:
            if not isinstance(name, str) or not _is_shard(name):
                raise UnsafeModelError(
                    f"{str(name)[:60]!r} is refused; only files {SHARD!r} beside the index are "
                    "read.",
                    path=path,
                    where=group,
                )
        found[group.removeprefix("/")] = names
    if len(set().union(*found.values())) > limits.members:
        raise ModelFileError(f"over the limit of {limits.members} files.", path=path)
    return found


def _open_shards(
    places: Mapping[str, list[str]], path: str, stack: contextlib.ExitStack
) -> dict[str, BinaryIO]:
    folder = os.path.dirname(os.path.realpath(path))
    files: dict[str, BinaryIO] = {}
    for name in dict.fromkeys(name for names in places.values() for name in names):
        try:
            file = open_regular(os.path.join(folder, name), follow=False)
        except OSError as e:
            if e.errno != errno.ELOOP:
                raise
            raise UnsafeModelError("a link is refused.", path=path, where=name) from e
        files[name] = stack.enter_context(file)
    return files


class _Shards:
    """The datasets of several files as those of one; see `weights.Source`."""

    def __init__(
        self,
        places: Mapping[str, list[str]],
        files: Mapping[str, BinaryIO],
        path: str,
        limits: LoadLimits,
        stack: contextlib.ExitStack,
    ) -> None:
        self.datasets: dict[str, Dataset] = {}
        self._readers: dict[str, H5Reader] = {}
        self._groups: dict[str, dict[str, Dataset]] = {group: {} for group in places}
        for name, file in files.items():
            reader = stack.enter_context(H5Reader(file, path, name, limits))
            for group, names in places.items():
                if name in names and group not in reader.groups:
                    message = "the index names a group that the file does not have."
                    raise ModelFileError(message, path=path, where=f"{name}: {group}")
            for at, dataset in reader.datasets.items():
                group, _, key = at.rpartition("/")
                if name not in places.get(group, ()) or at in self.datasets:
                    message = "the index does not name it here: a file of another save?"
                    raise ModelFileError(message, path=path, where=f"{name}: {at}")
                self.datasets[at] = self._groups[group][key] = dataset
                self._readers[at] = reader

    def children(self, group: str) -> dict[str, Dataset]:
        """Return the datasets directly in a group, by name."""
        return self._groups.get(group, {})

    def read(self, dataset: Dataset) -> np.ndarray:
        """Return a dataset's data."""
        return self._readers[dataset.path].read(dataset)
