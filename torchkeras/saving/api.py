"""Saving and loading by suffix."""

import os
from typing import Any

from torchkeras._base.files import atomic_write_bytes, check_local, open_regular
from torchkeras.saving import archive, weights
from torchkeras.saving.h5_reader import H5Reader
from torchkeras.saving.safety import DEFAULT_LIMITS, LoadLimits
from torchkeras.saving.stores import H5Sink

_MODEL_SUFFIXES = (".keras",)
_WEIGHT_SUFFIXES = (".weights.h5",)


def _unknown_suffix(owner: str, path: str, accepted: tuple[str, ...], hint: str = "") -> ValueError:
    listed = ", ".join(repr(s) for s in accepted)
    return ValueError(
        f"{owner}: the file name must end in one of {listed}.{hint} Received: filepath={path!r}."
    )


def _check_overwrite(owner: str, path: str, overwrite: bool) -> None:
    if not overwrite and os.path.lexists(path):
        raise FileExistsError(17, f"{owner}: the file exists, and overwrite=False", path)


def _check_built(owner: str, model: Any) -> None:
    if not getattr(model, "built", True):
        raise ValueError(
            f"{owner}: the model has not yet been built. Build it first, by calling it on data "
            f"or by build(input_shape). Received: model={getattr(model, 'name', model)!r}."
        )


def save_model(
    model: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None
) -> None:
    """Write a model's architecture, weights and training state to a file.

    The file is complete or it is not there: an old one is replaced in one step at the end.

    Args:
        model: The model.
        filepath: Name that ends in `.keras`.
        overwrite: Whether an existing file may be replaced.
        zipped: Only True (a zip file) or None.

    Raises:
        ValueError: for another suffix, or a config that cannot be stored.
        FileExistsError: if the file exists and `overwrite` is False.
        OSError: if it cannot be written.

    >>> import os, tempfile
    >>> import torchkeras as keras
    >>> name = os.path.join(tempfile.mkdtemp(), "m.keras")
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> keras.saving.save_model(model, name)
    >>> keras.saving.load_model(name).output_shape
    (None, 2)
    """
    path = check_local(filepath, "save_model")
    if not path.endswith(_MODEL_SUFFIXES):
        hint = " save_weights() writes '.weights.h5'."
        raise _unknown_suffix("save_model", path, _MODEL_SUFFIXES, hint)
    if zipped is False:
        raise ValueError("save_model: zipped must be True or None. Received: zipped=False.")
    _check_overwrite("save_model", path, overwrite)
    archive.save_archive(model, path)


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
        filepath: Name that ends in `.keras`.
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
    rules = weights.Rules(False, strict, cast, check_finite, require_optimizer)
    if not path.endswith(_MODEL_SUFFIXES):
        raise _unknown_suffix("load_model", path, _MODEL_SUFFIXES)
    return archive.load_archive(path, custom_objects, compile, safe_mode, rules, limits)


def save_weights(
    model: Any, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None
) -> None:
    """Write a model's weights (and its optimizer's state) to a file.

    Args:
        model: The model.
        filepath: Name that ends in `.weights.h5`.
        overwrite: Whether an existing file may be replaced.
        max_shard_size: Only None: all weights go to one file.

    Raises:
        ValueError: for another suffix, or a model that is not built.
        OSError: if it cannot be written.
    """
    path = check_local(filepath, "save_weights")
    if not path.endswith(_WEIGHT_SUFFIXES):
        hint = " save() writes '.keras'."
        raise _unknown_suffix("save_weights", path, _WEIGHT_SUFFIXES, hint)
    if max_shard_size is not None:
        raise ValueError(
            "save_weights: max_shard_size must be None; weights go to one file. "
            f"Received: max_shard_size={max_shard_size}."
        )
    _check_built("save_weights", model)
    _check_overwrite("save_weights", path, overwrite)
    with H5Sink(checksums=True) as sink:
        weights.save_state(model, sink)
        content = sink.close()
    atomic_write_bytes(path, content)


def load_weights(
    model: Any,
    filepath: Any,
    skip_mismatch: bool = False,
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
        filepath: Name that ends in `.weights.h5` or `.keras`.
        skip_mismatch: Whether layers whose weights do not fit are left as they are, with a warning.
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
    rules = weights.Rules(skip_mismatch, strict, cast, check_finite, require_optimizer)
    if not path.endswith(_WEIGHT_SUFFIXES + _MODEL_SUFFIXES):
        accepted = _WEIGHT_SUFFIXES + _MODEL_SUFFIXES
        raise _unknown_suffix("load_weights", path, accepted)
    _check_built("load_weights", model)
    if path.endswith(_MODEL_SUFFIXES):
        archive.load_archive_weights(model, path, rules, limits)
        return
    with open_regular(path) as file, H5Reader(file, path, limits=limits) as source:
        weights.load_state(model, source, rules, path)
