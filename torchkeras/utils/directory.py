"""Files of a folder and their labels, as the directory datasets read them."""

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from torchkeras._base.check import one_of, received
from torchkeras._base.messages import write


class Files(NamedTuple):
    """Paths, a label each (or None), and the classes' names (or None)."""

    paths: list[str]
    labels: list[int] | None
    class_names: list[str] | None

    def part(self, start: int | None, end: int | None) -> "Files":
        """Return some of them."""
        labels = None if self.labels is None else self.labels[start:end]
        return Files(self.paths[start:end], labels, self.class_names)


def check_arguments(
    owner: str,
    labels: Any,
    label_mode: str | None,
    class_names: Sequence[str] | None,
    validation_split: float | None,
    subset: str | None,
    shuffle: bool,
    seed: int | None,
) -> None:
    """Refuse arguments that are out of their range or do not go together."""
    if (
        labels not in ("inferred", None)
        if isinstance(labels, str) or labels is None
        else not (
            isinstance(labels, (list, tuple))
            and all(isinstance(n, (int, np.integer)) for n in labels)
        )
    ):
        raise ValueError(
            f'{owner}: labels must be "inferred", None, or a list of integers, one a file. '
            f"{received('labels', labels)}"
        )
    one_of(owner, "label_mode", label_mode, ("int", "categorical", "binary", None))
    if class_names and labels != "inferred":
        raise ValueError(
            f'{owner}: class_names goes with labels="inferred" only. '
            f"{received('class_names', class_names)}"
        )
    if (validation_split is None) != (subset is None):
        raise ValueError(
            f"{owner}: validation_split and subset go together. Received: "
            f"validation_split={validation_split}, subset={subset!r}."
        )
    if validation_split is None:
        return
    if not 0 < validation_split < 1:
        raise ValueError(
            f"{owner}: validation_split must be between 0 and 1. "
            f"{received('validation_split', validation_split)}"
        )
    one_of(owner, "subset", subset, ("training", "validation", "both"))
    if shuffle and seed is None:
        raise ValueError(
            f"{owner}: seed must be given with validation_split and shuffle=True: without it, "
            "training and validation would share files. Received: seed=None."
        )


def index_directory(
    owner: str,
    directory: str | os.PathLike[str],
    labels: Any,
    label_mode: str | None,
    endings: tuple[str, ...],
    class_names: Sequence[str] | None,
    order_seed: int | None,
    follow_links: bool,
    verbose: bool,
) -> Files:
    """Return a folder's files, in order or in that of a seed.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if labels and files, or class names and folders, do not fit together.
    """
    root = os.fspath(directory)
    if not os.path.isdir(root):
        raise FileNotFoundError(f"{owner}: there is no folder {root!r}.")
    names: list[str] | None = None
    if labels == "inferred":
        found = [f.name for f in os.scandir(root) if f.is_dir() and not f.name.startswith(".")]
        names = sorted(found)
        if class_names:
            missing = set(class_names) - set(found)
            if missing:
                raise ValueError(
                    f"{owner}: no folder for the classes {sorted(missing)}. "
                    f"Received: class_names={list(class_names)}, folders {names}."
                )
            names = list(class_names)
        paths, numbers = [], []
        for number, name in enumerate(names):
            here = _walk(os.path.join(root, name), endings, follow_links)
            paths += here
            numbers += [number] * len(here)
    else:
        paths = _walk(root, endings, follow_links)
        numbers = None if labels is None else [int(n) for n in labels]
        if numbers is not None:
            if len(numbers) != len(paths):
                raise ValueError(
                    f"{owner}: labels must have an entry for each file. "
                    f"Received: {len(numbers)} labels, {len(paths)} files in {root!r}."
                )
            names = [str(n) for n in sorted(set(numbers))]
    if not paths:
        raise ValueError(f"{owner}: no files that end in {', '.join(endings)} in {root!r}.")
    if label_mode == "binary" and names is not None and len(names) != 2:
        raise ValueError(
            f'{owner}: label_mode="binary" needs exactly 2 classes. Received: {names}.'
        )
    if verbose:
        classes = "" if names is None else f" belonging to {len(names)} classes"
        write(f"Found {len(paths)} files{classes}.\n")
    if order_seed is not None:
        order = np.arange(len(paths))
        np.random.RandomState(order_seed).shuffle(order)
        paths = [paths[i] for i in order]
        numbers = None if numbers is None else [numbers[i] for i in order]
    return Files(paths, numbers, names)


def _walk(root: str, endings: tuple[str, ...], follow_links: bool) -> list[str]:
    found = []
    for folder, _, files in sorted(os.walk(root, followlinks=follow_links)):
        found += [os.path.join(folder, f) for f in sorted(files) if f.lower().endswith(endings)]
    return found


def encoded(files: Files, label_mode: str | None) -> np.ndarray | None:
    """Return the labels as `label_mode` says."""
    if files.labels is None or label_mode is None:
        return None
    labels = np.asarray(files.labels)
    if label_mode == "int":
        return labels.astype("int32")
    if label_mode == "binary":
        return labels.astype("float32")[:, None]
    return np.eye(len(files.class_names or ()), dtype="float32")[labels]


def subsets(
    owner: str, files: Files, validation_split: float | None, subset: str | None, verbose: bool
) -> list[Files]:
    """Return what is asked for: all files, one part, or both."""
    if validation_split is None:
        return [files]
    count = int(validation_split * len(files.paths))
    edge = len(files.paths) - count
    parts = []
    for name, part in (("training", files.part(0, edge)), ("validation", files.part(edge, None))):
        if subset not in (name, "both"):
            continue
        if verbose:
            write(f"Using {len(part.paths)} files for {name}.\n")
        if not part.paths:
            raise ValueError(
                f"{owner}: no files are left for {name}. "
                f"{received('validation_split', validation_split)}"
            )
        parts.append(part)
    return parts
