"""Batches of the images that a table names: those of `ImageDataGenerator.flow_from_dataframe`.

The table is whatever pandas calls a DataFrame; pandas itself is not imported.
"""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from torchkeras._base import config
from torchkeras._base.check import one_of, received
from torchkeras._base.legacy import warn_user
from torchkeras._base.messages import say
from torchkeras.compat.preprocessing.files import ENDINGS, FileIterator

_OWNER = "DataFrameIterator"
_BY_CLASS = ("binary", "categorical", "sparse")
_MODES = (*_BY_CLASS, "input", "multi_output", "raw", "other", None)


class DataFrameIterator(FileIterator):
    """Batches of the images that a table names; see `flow_from_dataframe`."""

    def __init__(
        self,
        dataframe: Any,
        directory: str | None = None,
        image_data_generator: Any = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = "channels_last",
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = "float32",
        validate_filenames: bool = True,
    ) -> None:
        data_format = config.standardize_data_format(data_format, _OWNER)
        self.set_processing_attrs(
            image_data_generator, target_size, color_mode, data_format, save_to_dir, save_prefix,
            save_format, subset, interpolation, keep_aspect_ratio,
        )  # fmt: skip
        self.class_mode = one_of(_OWNER, "class_mode", class_mode, _MODES)
        by_class = class_mode in _BY_CLASS
        self.directory, self.dtype = directory or "", dtype
        df = dataframe.copy()
        _check_table(df, x_col, y_col, weight_col, class_mode, classes)
        if validate_filenames:
            df = _only_images(df, x_col, self.directory)
        if by_class:
            df, names = _only_classes(df, y_col, classes)
            self.class_indices = dict(zip(names, range(len(names)), strict=True))
        first, last = (int(share * len(df)) for share in self.split)
        df = df.iloc[first:last]
        self.filenames = df[x_col].tolist()
        self.samples = len(self.filenames)
        self.filepaths = [os.path.join(self.directory, f) for f in self.filenames]
        if weight_col:
            self.sample_weight = df[weight_col].to_numpy()
        if by_class:
            self.classes = [
                [self.class_indices[v] for v in entry] if isinstance(entry, (list, tuple))
                else self.class_indices[entry]
                for entry in df[y_col]
            ]  # fmt: skip
        elif class_mode == "multi_output":
            self.classes = [np.array(df[c].tolist()) for c in y_col]
        elif class_mode in ("raw", "other"):
            self.classes = df[y_col].to_numpy()
        found = f" belonging to {len(self.class_indices)} classes" if by_class else ""
        say(f"Found {self.samples} validated image filenames{found}.")
        super().__init__(self.samples, batch_size, shuffle, seed)


def _check_table(
    df: Any, x_col: str, y_col: Any, weight_col: str | None, mode: str | None, classes: Any
) -> None:
    """Refuse columns whose values are not what the mode makes targets of."""
    if not all(isinstance(v, str) for v in df[x_col]):
        raise TypeError(f"{_OWNER}: the column x_col={x_col!r} must hold strings.")
    if mode == "multi_output" and not isinstance(y_col, (list, tuple)):
        raise TypeError(f"{_OWNER}: for multi_output y_col must be a list. Received: {y_col!r}.")
    if mode in _BY_CLASS:
        kinds: Any = (str, list, tuple) if mode == "categorical" else str
        if not all(isinstance(v, kinds) for v in df[y_col]):
            also = ", lists or tuples" if mode == "categorical" else ""
            raise TypeError(
                f"{_OWNER}: for class_mode={mode!r} the column y_col={y_col!r} must hold "
                f"strings{also}."
            )
    if mode == "binary":
        names = set(classes or df[y_col])
        if len(names) != 2:
            raise ValueError(
                f"{_OWNER}: class_mode='binary' needs 2 classes. Received: {sorted(names)}."
            )
    if weight_col is not None and df[weight_col].dtype.kind not in "biufc":
        raise TypeError(f"{_OWNER}: the column weight_col={weight_col!r} must hold numbers.")
    if classes is not None and isinstance(classes, str):
        raise ValueError(f"{_OWNER}: classes must be a list. {received('classes', classes)}")
    if mode == "other":
        warn_user('class_mode="other" is the form of an older Keras. Use class_mode="raw".')
    if classes and mode not in _BY_CLASS:
        warn_user(f"{_OWNER}: classes has no effect with class_mode={mode!r}.", UserWarning)


def _only_images(df: Any, x_col: str, directory: str) -> Any:
    """Return the rows whose files are images and are there."""
    paths = [os.path.join(directory, f) for f in df[x_col]]
    there = [os.path.isfile(p) and p.lower().endswith(ENDINGS) for p in paths]
    if not all(there):
        warn_user(
            f"Found {len(there) - sum(there)} invalid image filename(s) in x_col={x_col!r}. "
            "These filename(s) will be ignored.",
            UserWarning,
        )
    return df[np.array(there, bool)]


def _only_classes(df: Any, y_col: str, classes: Sequence[str] | None) -> tuple[Any, list[str]]:
    """Return the rows of these classes, and the classes' names in order."""
    if not classes:
        entries = df[y_col].tolist()
        flat = [v for e in entries for v in (e if isinstance(e, (list, tuple)) else (e,))]
        return df, sorted(set(flat))
    wanted = list(dict.fromkeys(classes))

    def kept(entry: Any) -> Any:
        if isinstance(entry, (list, tuple)):
            return [v for v in entry if v in wanted]
        return entry if entry in wanted else None

    entries = [kept(e) for e in df[y_col]]
    keep = np.array([bool(e) for e in entries], bool)
    return df.assign(**{y_col: entries})[keep], wanted
