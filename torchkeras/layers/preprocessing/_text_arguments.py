"""Arguments of the text layers: their checks, and the data that `adapt` takes."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
import torch

from torchkeras._base.check import received
from torchkeras._base.errors import UnsafeModelError


def checked_salt(owner: str, salt: Any) -> list[int] | None:
    """Return a salt as a list of two whole numbers, or None."""
    if salt is None:
        return None
    if isinstance(salt, int) and not isinstance(salt, bool):
        return [salt, salt]
    entries = salt if isinstance(salt, (list, tuple)) else ()
    if len(entries) == 2 and all(isinstance(s, int) and not isinstance(s, bool) for s in entries):
        return list(entries)
    raise ValueError(
        f"{owner}: salt must be an integer or a tuple of 2 integers. {received('salt', salt)}"
    )


def checked_max_tokens(owner: str, max_tokens: Any, pad: bool) -> int | None:
    """Return `max_tokens` if it is a whole number above 1, or None where nothing is padded."""
    if max_tokens is None:
        if pad:
            raise ValueError(
                f"{owner}: max_tokens must be set if pad_to_max_tokens is True. "
                "Received: max_tokens=None."
            )
        return None
    if isinstance(max_tokens, bool) or not isinstance(max_tokens, (int, np.integer)):
        raise ValueError(
            f"{owner}: max_tokens must be None or an integer greater than 1. "
            f"{received('max_tokens', max_tokens)}"
        )
    if max_tokens <= 1:
        raise ValueError(
            f"{owner}: if set, max_tokens must be greater than 1. "
            f"{received('max_tokens', max_tokens)}"
        )
    return int(max_tokens)


def refuse_sparse(owner: str, **flags: Any) -> None:
    """Refuse results that only TensorFlow has."""
    for name, value in flags.items():
        if value:
            raise ValueError(
                f"{owner}: {name}=True can only be used with the TensorFlow backend. "
                f"Received: {name}={value}."
            )


def given_vocabulary(layer: Any) -> list[Any] | None:
    """Return the vocabulary that a layer was made with, for its config; None for a file's."""
    given = layer.bound_arguments()["vocabulary"]
    return None if given is None or is_path(given) else plain(given)


def given_weights(layer: Any) -> list[float] | None:
    """Return the weights that a layer was made with, for its config."""
    given = layer.bound_arguments()["idf_weights"]
    return None if given is None else plain(given)


def plain(value: Any) -> Any:
    """Return an array, tensor or tuple as a list, as a config holds it."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
    return value.tolist() if hasattr(value, "tolist") else list(value)


def refuse_path(owner: str, config: Mapping[str, Any]) -> None:
    """Refuse a config whose vocabulary is the name of a file: a file never names another one."""
    if is_path(config.get("vocabulary")):
        raise UnsafeModelError(
            f"{owner}: a config may hold a vocabulary, but not name a file with one. Read it with "
            "set_vocabulary(path)."
        )


def is_path(vocabulary: Any) -> bool:
    """Tell whether a vocabulary is given as the name of a file."""
    return isinstance(vocabulary, (str, bytes)) or hasattr(vocabulary, "__fspath__")


def text_batches(owner: str, data: Any, steps: int | None) -> Iterator[Any]:
    """Yield the batches of what is given to `adapt`: arrays, or lists of tokens."""
    if isinstance(data, (str, bytes, list, tuple)) or hasattr(data, "shape"):
        listed = isinstance(data, (list, tuple)) and len(data) > 0
        if not listed or not (hasattr(data[0], "shape") or _is_pair(data[0])):
            yield data
            return
    if isinstance(data, Mapping) or not isinstance(data, Iterable):
        raise TypeError(
            f"{owner}: adapt() takes an array, a list of tokens or an iterable of batches. "
            f"{received('data', data)}"
        )
    for batch in islice(iter(data), steps):
        yield batch[0] if _is_pair(batch) else batch


def _is_pair(batch: Any) -> bool:
    """Tell a batch `(x, y)` from a list or tuple of tokens."""
    return isinstance(batch, (list, tuple)) and any(hasattr(e, "shape") for e in batch)
