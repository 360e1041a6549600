"""The layers and arrays of an `.h5` file of any Keras, as its attributes list them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from torchkeras.saving.h5.reader import Dataset, H5Reader
from torchkeras.saving.legacy.weights import Origin
from torchkeras.saving.safety import ModelFileError

MODEL, OPTIMIZER, TOP = "model_weights", "optimizer_weights", "top_level_model_weights"
FURTHER = "torchkeras_further_weights"  # of layers that are not among `model.layers`
LAYERS, WEIGHTS = "layer_names", "weight_names"


@dataclass(frozen=True)
class FileLayer:
    """The list of one layer's arrays.

    Args:
        name: Name of the layer.
        group: Where the file keeps it.
        names: Names of the arrays.
        datasets: The arrays.
    """

    name: str
    group: str
    names: Sequence[str]
    datasets: Sequence[Dataset]


@dataclass(frozen=True)
class Layout:
    """What a file holds of a model's weights.

    Args:
        origin: Who wrote it.
        layers: Its layers that have weights, in its order.
        top: The weights of the model itself.
        further: The weights of what else the model has, which only we write.
        prefix: What the paths of all of them begin with.
    """

    origin: Origin
    layers: list[FileLayer]
    top: FileLayer | None
    further: FileLayer | None
    prefix: str


def find_root(source: H5Reader) -> str | None:
    """Return the group that lists layers; None if the file is of another layout."""
    for root in ("", MODEL):
        if root and root not in source.groups:
            continue
        for name in (LAYERS, f"{LAYERS}0"):
            if source.attributes.has(root, name):
                return root
        if source.attributes.has(root, "nb_layers"):
            return root
    return None


def read_version(source: H5Reader, root: str, path: str) -> tuple[str | None, str | None]:
    """Return the version of Keras and the backend that a file names."""
    found: list[str | None] = []
    for name in ("keras_version", "backend"):
        text = source.attributes.text(root, name)
        found.append(source.attributes.text("", name) if text is None and root else text)
    version, backend = found
    if version is not None and not re.match(r"\d{1,9}(\.|$)", version):
        raise ModelFileError("keras_version is no version.", path=path, where=root or None)
    return version, backend


def origin_of(version: str | None, backend: str | None) -> Origin:
    """Return who wrote a file; Keras 1 did not always tell."""
    return Origin(int(version.partition(".")[0]) if version else 1, backend)


def read_layout(source: H5Reader, root: str, path: str) -> Layout:
    """Return the layers and arrays that a file lists.

    Raises:
        ModelFileError: if the lists and what is there do not agree.
    """
    origin = origin_of(*read_version(source, root, path))
    prefix = f"{root}/" if root else ""
    names = source.attributes.names(root, LAYERS)
    if names is None:
        return Layout(origin, _read_first_format(source, root, path), None, None, prefix)
    _check_unique(names, LAYERS, path, root)
    layers = [read_group(source, _join(root, name), name, path) for name in names]
    top, further = (
        read_group(source, _join(root, name), name, path)
        if name not in names and _join(root, name) in source.groups
        else None
        for name in (TOP, FURTHER)
    )
    return Layout(origin, [layer for layer in layers if layer.datasets], top, further, prefix)


def read_group(source: H5Reader, group: str, name: str, path: str) -> FileLayer:
    """Return the list of arrays of one group."""
    if group not in source.groups:
        raise ModelFileError(f"there is no group for the layer {name!r}.", path=path, where=group)
    names = source.attributes.names(group, WEIGHTS)
    if names is None:
        raise ModelFileError(f"the attribute {WEIGHTS} is missing.", path=path, where=group)
    _check_unique(names, WEIGHTS, path, group)
    datasets = []
    for weight in names:
        dataset = source.datasets.get(f"{group}/{weight}")
        if dataset is None:
            raise ModelFileError(f"there is no dataset {weight!r}.", path=path, where=group)
        datasets.append(dataset)
    return FileLayer(name, group, names, datasets)


def _read_first_format(source: H5Reader, root: str, path: str) -> list[FileLayer]:
    """Read what was before Keras 1: numbered layers with numbered arrays."""
    layers = []
    for i in range(source.attributes.number(root, "nb_layers") or 0):
        group = _join(root, f"layer_{i}")
        if group not in source.groups:
            raise ModelFileError(f"there is no group layer_{i}.", path=path, where=root or None)
        count = source.attributes.number(group, "nb_params") or 0
        names = []
        while f"{group}/param_{len(names)}" in source.datasets:
            names.append(f"param_{len(names)}")
        if len(names) != count:
            raise ModelFileError(
                f"nb_params is {count}, and there are {len(names)}.", path=path, where=group
            )
        if names:
            arrays = [source.datasets[f"{group}/{name}"] for name in names]
            layers.append(FileLayer(f"layer_{i}", group, names, arrays))
    return layers


def _join(root: str, name: str) -> str:
    return f"{root}/{name}" if root else name


def _check_unique(names: list[str], attribute: str, path: str, where: str) -> None:
    if len(set(names)) != len(names):
        seen: set[str] = set()
        twice = next(n for n in names if n in seen or seen.add(n))  # type: ignore[func-returns-value]
        raise ModelFileError(
            f"{attribute} names {twice[:100]!r} twice.", path=path, where=where or None
        )
