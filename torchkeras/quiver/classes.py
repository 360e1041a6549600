"""Names of a model's classes."""

import json
from collections.abc import Sequence

from torchkeras._base import config

_IMAGENET = 1000


def checked(classes: Sequence[str] | None) -> list[str] | None:
    """Return the names as strings.

    Raises:
        TypeError: if they are no sequence of names.
    """
    if classes is None:
        return None
    if isinstance(classes, (str, bytes)) or not hasattr(classes, "__iter__"):
        raise TypeError(
            f"Quiver: classes must be a list of names, one an output. Received: classes={classes!r}"
        )
    return [str(name) for name in classes]


def imagenet(units: int) -> list[str] | None:
    """Return ImageNet's names if a model has as many outputs and Keras's file of them is there.

    The file is the one that `keras.applications…decode_predictions` downloads at its first use;
    the viewer downloads nothing.
    """
    if units != _IMAGENET:
        return None
    try:
        text = (config.home() / "models" / "imagenet_class_index.json").read_text()
        index = json.loads(text)
        return [str(index[str(i)][1]) for i in range(_IMAGENET)]
    except (OSError, ValueError, KeyError, IndexError, TypeError, RuntimeError):
        return None
