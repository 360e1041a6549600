"""The entry: a config of any Keras to one of Keras 3."""

from typing import Any

from torchkeras.saving.legacy.config import era as eras
from torchkeras.saving.legacy.config.common import plain, refuse
from torchkeras.saving.legacy.config.layer import translate
from torchkeras.saving.legacy.config.model import model


def modernize(config: Any, keras_version: Any = None, backend: Any = None) -> Any:
    """Return the config of a model (or layer) in the form of Keras 3.

    Configs of Keras 3 come back as they are. Of others, names of modules are labels that nothing
    is imported by, and what they mean silently is written out: `hard_sigmoid` becomes
    `hard_sigmoid_legacy`, an unsaid `reset_after` becomes False.

    Args:
        config: A parsed config: JSON, YAML, or the attribute of an HDF5 file. Not changed.
        keras_version: Version that wrote it; default: what the config says or looks like.
        backend: Its backend, if that is known.

    Raises:
        ModelFileError: for a malformed config, or one that no layer of today can compute;
            `.where` tells the place.
        UnsafeModelError: for Python code in it.

    >>> old = {"class_name": "Dense", "config": {"output_dim": 3, "init": "zero", "name": "d"}}
    >>> modernize(old)["config"]["units"]
    3
    """
    era = eras.find(config, keras_version, backend)
    if era is None:
        return config
    try:
        if isinstance(config, list) and config:  # the layers of a Sequential model
            config = {"class_name": "Sequential", "config": config}
        if not isinstance(config, dict):
            raise refuse(f"a dict is needed. Received: {type(config).__name__}.", "")
        return model(plain(config), era, "", translate)
    except RecursionError as e:
        raise refuse("nested too deep.", "") from e
