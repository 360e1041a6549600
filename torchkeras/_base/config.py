"""Global numeric defaults: float type, fuzz factor and image layout.

As in Keras they start from `keras.json` in `KERAS_HOME` (default `~/.keras`), if it is there.
"""

import json
import os
from pathlib import Path

from torchkeras._base.check import one_of

_FLOATS = ("bfloat16", "float16", "float32", "float64")
_LAYOUTS = ("channels_last", "channels_first")


class _Settings:
    __slots__ = (
        "epsilon", "flash_attention", "floatx", "image_data_format", "interactive_logging",
        "legacy_mode", "max_epochs", "max_steps_per_epoch", "traceback_filtering",
    )  # fmt: skip

    def __init__(self) -> None:
        self.floatx = "float32"
        self.epsilon = 1e-7
        self.image_data_format = "channels_last"
        self.max_epochs: int | None = None
        self.max_steps_per_epoch: int | None = None
        self.flash_attention: bool | None = None
        self.interactive_logging = True
        self.legacy_mode = "auto"
        self.traceback_filtering = True


_settings = _Settings()


def backend() -> str:
    """Return `"torch"`, the only backend."""
    return "torch"


def floatx() -> str:
    """Return the default float type, `"float32"` unless changed.

    >>> import torchkeras as keras
    >>> keras.config.floatx()
    'float32'
    """
    return _settings.floatx


def set_floatx(value: str) -> None:
    """Set the default float type: `"bfloat16"`, `"float16"`, `"float32"` or `"float64"`."""
    _settings.floatx = one_of("set_floatx", "value", value, _FLOATS)


def epsilon() -> float:
    """Return the fuzz factor used in numeric expressions, `1e-7` unless changed."""
    return _settings.epsilon


def set_epsilon(value: float) -> None:
    """Set the fuzz factor used in numeric expressions."""
    _settings.epsilon = float(value)


def image_data_format() -> str:
    """Return the default image layout, `"channels_last"` unless changed."""
    return _settings.image_data_format


def set_image_data_format(data_format: str) -> None:
    """Set the default image layout: `"channels_last"` or `"channels_first"`."""
    _settings.image_data_format = one_of(
        "set_image_data_format", "data_format", str(data_format).lower(), _LAYOUTS
    )


def standardize_data_format(data_format: str | None, owner: str = "data_format") -> str:
    """Resolve `None` to the global layout and refuse anything else unknown."""
    if data_format is None:
        return _settings.image_data_format
    return one_of(owner, "data_format", str(data_format).lower(), _LAYOUTS)


def max_epochs() -> int | None:
    """Return the cap on epochs of any `fit`, or None."""
    return _settings.max_epochs


def set_max_epochs(max_epochs: int | None) -> None:
    """Cap the number of epochs of any `fit`, for quick trials."""
    _settings.max_epochs = max_epochs


def max_steps_per_epoch() -> int | None:
    """Return the cap on steps of any epoch, or None."""
    return _settings.max_steps_per_epoch


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Cap the number of steps of any epoch, for quick trials."""
    _settings.max_steps_per_epoch = max_steps_per_epoch


def enable_flash_attention() -> None:
    """Let attention ops and layers use torch's flash kernel where they can, as is the default."""
    _settings.flash_attention = None


def disable_flash_attention() -> None:
    """Keep attention ops and layers from torch's flash kernel, where nothing demands it."""
    _settings.flash_attention = False


def is_flash_attention_enabled() -> bool | None:
    """Return False if flash attention is disabled, else None: torch chooses.

    >>> import torchkeras as keras
    >>> keras.config.is_flash_attention_enabled()
    """
    return _settings.flash_attention


def enable_interactive_logging() -> None:
    """Show progress on the standard output; so it is unless disabled."""
    _settings.interactive_logging = True


def disable_interactive_logging() -> None:
    """Send what `fit`, callbacks and `summary` show to the logger "torchkeras", at level INFO.

    For jobs that nobody watches: a line an epoch, without a bar that is redrawn. As with any
    logger, such lines appear where a handler of level INFO is set up
    (`logging.basicConfig(level="INFO")`).
    """
    _settings.interactive_logging = False


def is_interactive_logging_enabled() -> bool:
    """Tell whether progress is shown on the standard output."""
    return _settings.interactive_logging


def enable_traceback_filtering() -> None:
    """Accept Keras's setting. torchkeras adds a note to an error, and never cuts its traceback."""
    _settings.traceback_filtering = True


def disable_traceback_filtering() -> None:
    """Accept Keras's setting. torchkeras never cuts a traceback."""
    _settings.traceback_filtering = False


def is_traceback_filtering_enabled() -> bool:
    """Return what was set last; torchkeras never cuts a traceback."""
    return _settings.traceback_filtering


def legacy_mode() -> str:
    """Return what becomes of the forms of older Keras versions, `"auto"` unless changed."""
    return _settings.legacy_mode


def set_legacy_mode(mode: str) -> None:
    """Set what becomes of arguments, methods and attributes of older Keras versions.

    Args:
        mode: `"auto"` takes them, with one `DeprecationWarning` a place that shows the new form;
            `"strict"` makes an error of that; `"off"` does not know them, as Keras 3.

    >>> import torchkeras as keras
    >>> keras.config.set_legacy_mode("strict")
    >>> keras.layers.Dropout(p=0.5)
    Traceback (most recent call last):
    ValueError: Dropout(p) is the form of an older Keras. Write Dropout(rate=0.5).
    >>> keras.config.set_legacy_mode("auto")
    """
    _settings.legacy_mode = one_of("set_legacy_mode", "mode", mode, ("auto", "strict", "off"))


def is_nnx_enabled() -> bool:
    """Return False: NNX is for JAX."""
    return False


def set_backend(backend: str) -> None:
    """Accept `"torch"`, the only backend.

    Raises:
        ValueError: for any other.
    """
    one_of("set_backend", "backend", backend, ("torch",))


def home() -> Path:
    """Return Keras's folder of settings and downloads: `$KERAS_HOME`, or `~/.keras`."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")


def _read_keras_json() -> None:
    try:
        saved = json.loads((home() / "keras.json").read_text())
    except (OSError, ValueError, RuntimeError):
        return  # no file, or not one that we can read: the defaults stand
    if not isinstance(saved, dict):
        return
    for key, setter in (
        ("floatx", set_floatx),
        ("epsilon", set_epsilon),
        ("image_data_format", set_image_data_format),
    ):
        if key in saved:
            setter(saved[key])


_read_keras_json()
