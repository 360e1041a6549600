"""What a file format is to the rest: suffixes, and what can be written to and read from it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torchkeras.saving.safety import DEFAULT_LIMITS, LoadLimits
from torchkeras.saving.weights import Rules


@dataclass(frozen=True)
class SaveOptions:
    """How a model or its weights are written.

    Args:
        zipped: Whether a `.keras` model is a zip file; False makes it a folder.
        include_optimizer: Whether the optimizer's state goes into the file.
        max_shard_size: Largest size of one weights file in GB; None: all in one.
        extra: What else a caller stored beside the model, as the epoch.
        skip: Objects that are left out, with all that only they lead to.
    """

    zipped: bool = True
    include_optimizer: bool = True
    max_shard_size: float | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    skip: tuple[Any, ...] = ()


@dataclass(frozen=True)
class LoadOptions:
    """How a model or its weights are read.

    Args:
        custom_objects: Name -> class or function of the program.
        compile: Whether to restore optimizer, losses and metrics.
        safe_mode: Whether what can run code is refused.
        by_name: Whether layers are matched by their names, not by their order.
        rules: How strictly weights must fit.
        limits: What is accepted of a file.
    """

    custom_objects: dict[str, Any] | None = None
    compile: bool = True
    safe_mode: bool = True
    by_name: bool = False
    rules: Rules = field(default_factory=Rules)
    limits: LoadLimits = DEFAULT_LIMITS


@dataclass(frozen=True)
class Format:
    """One file format. A function that is None says that the format cannot hold that.

    Args:
        suffixes: Ends of a file's name.
        save_model: Writes a model with its architecture: `(model, path, SaveOptions)`.
        load_model: Returns a new model: `(path, LoadOptions)`.
        save_weights: Writes weights alone: `(model, path, SaveOptions)`.
        load_weights: Sets a model's weights: `(model, path, LoadOptions)`.
        sharded: Whether it can spread weights over files of a largest size.
        by_name: Whether its layers carry names that weights can be matched by.
        by_path: Whether weights stand under the paths of their objects, which can be skipped.
    """

    suffixes: tuple[str, ...]
    save_model: Callable[[Any, str, SaveOptions], None] | None = None
    load_model: Callable[[str, LoadOptions], Any] | None = None
    save_weights: Callable[[Any, str, SaveOptions], None] | None = None
    load_weights: Callable[[Any, str, LoadOptions], None] | None = None
    sharded: bool = False
    by_name: bool = False
    by_path: bool = False
