"""Saving and loading by suffix."""

import os
from collections.abc import Iterable
from typing import Any

from torchkeras._base.files import check_local
from torchkeras._base.legacy import allow
from torchkeras.saving import formats
from torchkeras.saving.format import Format, LoadOptions, SaveOptions
from torchkeras.saving.safety import DEFAULT_LIMITS, LoadLimits
from torchkeras.saving.weights import Rules

_OLD = ("save_format", "signatures", "options", "save_traces")


def save_model(
    model: Any,
    filepath: Any,
    overwrite: bool = True,
    zipped: bool | None = None,
    include_optimizer: bool = True,
    **old: Any,
) -> None:
    """Write a model's architecture, weights and training state to a file.

    The file is complete or it is not there: an old one is replaced in one step at the end.

    Args:
        model: The model.
        filepath: Name whose suffix picks the format: `.keras`, or another one that the error
            for an unknown suffix lists.
        overwrite: Whether an existing file may be replaced.
        zipped: False writes a folder of any name with the files that a `.keras` file is made of,
            in place of one there that holds nothing else.
        include_optimizer: Whether the optimizer's state goes into the file too.
        **old: `save_format`, `signatures`, `options` or `save_traces` of tf.keras, which the
            suffix has taken the place of.

    Raises:
        ValueError: for another suffix, or a config that cannot be stored.
        FileExistsError: if the file exists and `overwrite` is False, or there is a folder with
            other things in it.
        OSError: if it cannot be written.

    >>> import os, tempfile
    >>> import torchkeras as keras
    >>> name = os.path.join(tempfile.mkdtemp(), "m.keras")
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> keras.saving.save_model(model, name)
    >>> keras.saving.load_model(name).output_shape
    (None, 2)
    """
    for name in old:
        if name not in _OLD or not allow(f"save_model({name})", "Leave it out.", TypeError):
            raise TypeError(f"save_model() got an unexpected keyword argument {name!r}")
    path = check_local(filepath, "save_model")
    folder = zipped is False
    found = formats.FOLDER if folder else formats.find("save_model", path, "save_model")
    _check_overwrite("save_model", path, overwrite)
    options = SaveOptions(zipped=zipped is not False, include_optimizer=include_optimizer)
    found.save_model(model, path, options)


def load_model(
    filepath: Any,
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
    *,
    cast: bool = False,
    strict: bool = False,
    check_finite: bool = False,
    require_optimizer: bool = False,
    limits: LoadLimits = DEFAULT_LIMITS,
) -> Any:
    """Return the model of a file, compiled and with its optimizer's state if it was saved so.

    No code of the file is run: it selects among Keras's classes and those that you registered or
    pass here, and no other file or address is opened.

    Args:
        filepath: Name of a file that `save_model` or real Keras wrote; its suffix tells the
            format. Or the folder that `save_model(zipped=False)` wrote.
        custom_objects: Name -> class or function of your own that the file names.
        compile: Whether to restore optimizer, losses and metrics.
        safe_mode: False lets registered classes of yours load what can run code.
        cast: Whether floats of the file may be converted to the model's width.
        strict: Whether weights without a place in the model are an error, not a warning.
        check_finite: Whether NaN and infinity in weights are an error, not a warning.
        require_optimizer: Whether an optimizer state that does not fit is an error.
        limits: What is accepted of a file.

    Raises:
        OSError: if the file cannot be opened.
        ModelFileError: for a damaged or malformed file; `.path` and `.where` tell the place.
        UnsafeModelError: for a file that asks for what is refused.
    """
    path = check_local(filepath, "load_model")
    rules = Rules(False, strict, cast, check_finite, require_optimizer)
    options = LoadOptions(custom_objects, compile, safe_mode, rules=rules, limits=limits)
    return formats.find_existing("load_model", path, "load_model").load_model(path, options)


def save_weights(
    model: Any,
    filepath: Any,
    overwrite: bool = True,
    max_shard_size: float | None = None,
    objects_to_skip: Iterable[Any] | None = None,
) -> None:
    """Write a model's weights (and its optimizer's state) to a file.

    Args:
        model: The model.
        filepath: Name whose suffix picks the format: `.weights.h5`, or another one that the
            error for an unknown suffix lists.
        overwrite: Whether an existing file may be replaced.
        max_shard_size: Largest size of one file in GB (of 1024**3 bytes), for a name that ends in
            `.weights.json`, beside which the files are put (for `.weights.h5` that name is made);
            None: all weights go to one file.
        objects_to_skip: Layers that are left out, with all that only they lead to; for
            `.weights.h5` and `.weights.json`.

    Raises:
        ValueError: for another suffix, or a model that is not built.
        FileExistsError: if the file exists and `overwrite` is False.
        OSError: if it cannot be written.
    """
    path = check_local(filepath, "save_weights")
    if max_shard_size is not None and path.endswith(formats.SINGLE):
        path = path.removesuffix(formats.SINGLE) + formats.SHARDED  # as Keras
    found = formats.find("save_weights", path, "save_weights")
    sharded = isinstance(max_shard_size, (int, float)) and max_shard_size > 0
    if (found.sharded and not sharded) or (max_shard_size is not None and not found.sharded):
        raise ValueError(
            "save_weights: max_shard_size must be a number of GB for '.weights.json', and None "
            f"for other suffixes. Received: filepath={path!r}, max_shard_size={max_shard_size!r}."
        )
    _check_built("save_weights", model)
    _check_overwrite("save_weights", path, overwrite)
    skip = _skipped("save_weights", found, objects_to_skip)
    found.save_weights(model, path, SaveOptions(max_shard_size=max_shard_size, skip=skip))


def load_weights(
    model: Any,
    filepath: Any,
    skip_mismatch: bool = False,
    by_name: bool = False,
    objects_to_skip: Iterable[Any] | None = None,
    *,
    cast: bool = False,
    strict: bool = False,
    check_finite: bool = False,
    require_optimizer: bool = False,
    limits: LoadLimits = DEFAULT_LIMITS,
) -> None:
    """Set a model's weights from a file. If they do not fit, nothing changes.

    Args:
        model: The model.
        filepath: Name of a file with weights; its suffix tells the format.
        skip_mismatch: Whether layers whose weights do not fit are left as they are, with a warning.
        by_name: Whether layers are matched by name, for `.h5` files that Keras 1 and 2 wrote;
            what has no namesake is left as it is.
        objects_to_skip: Layers that are left as they are, with all that only they lead to; for
            `.weights.h5` and `.weights.json`.
        cast: Whether floats of the file may be converted to the model's width.
        strict: Whether weights without a place in the model are an error, not a warning.
        check_finite: Whether NaN and infinity are an error, not a warning.
        require_optimizer: Whether an optimizer state that does not fit is an error.
        limits: What is accepted of a file.

    Raises:
        OSError: if the file cannot be opened.
        ModelFileError: for a damaged file, or weights that do not fit the model.
        UnsafeModelError: for a file that asks for what is refused.
    """
    path = check_local(filepath, "load_weights")
    found = formats.find_existing("load_weights", path, "load_weights")
    if by_name and not found.by_name:
        raise ValueError(
            f"load_weights: by_name must be False for {found.suffixes[0]!r}. "
            "Received: by_name=True."
        )
    _check_built("load_weights", model)
    skip = _skipped("load_weights", found, objects_to_skip)
    rules = Rules(skip_mismatch, strict, cast, check_finite, require_optimizer, skip)
    found.load_weights(model, path, LoadOptions(by_name=by_name, rules=rules, limits=limits))


def _skipped(owner: str, found: Format, objects: Iterable[Any] | None) -> tuple[Any, ...]:
    if objects is None:
        return ()
    if not found.by_path:
        raise ValueError(
            f"{owner}: objects_to_skip must be None but for '.weights.h5' and '.weights.json'. "
            f"Received: a file {found.suffixes[0]!r}."
        )
    return tuple(objects)


def _check_overwrite(owner: str, path: str, overwrite: bool) -> None:
    if not overwrite and os.path.lexists(path):
        raise FileExistsError(17, f"{owner}: the file exists, and overwrite=False", path)


def _check_built(owner: str, model: Any) -> None:
    if not getattr(model, "built", True):
        raise ValueError(
            f"{owner}: the model has not yet been built. Build it first, by calling it on data "
            f"or by build(input_shape). Received: model={getattr(model, 'name', model)!r}."
        )
