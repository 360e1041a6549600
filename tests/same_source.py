"""One source, two libraries: run a function with `torchkeras` and with real Keras and compare."""

from typing import Any

import keras as reference
import numpy as np
import torch

import torchkeras


def check_same(case: Any) -> None:
    """`case(library)` gives a list; its entries are equal for both libraries."""
    ours, theirs = d(case(torchkeras)), d(case(reference))
    assert len(ours) == len(theirs)
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        assert a == b or str(a) == str(b), f"{case.__name__}[{i}]"


def d(x):
    """Describe a result so that it can be compared between the libraries."""
    if isinstance(x, (list, tuple)):
        return [d(e) for e in x]
    if isinstance(x, dict):
        return {k: d(e) for k, e in x.items()}
    if hasattr(x, "path") and hasattr(x, "trainable"):
        dtype = str(x.dtype).replace("torch.", "")
        return [x.name, x.path, list(x.shape), dtype, x.trainable]
    if isinstance(x, torch.Tensor):
        values = np.round(x.detach().float().numpy(), 4).tolist()
        masked = getattr(x, "_keras_mask", None) is not None
        return [str(x.dtype), list(x.shape), values, masked]
    if isinstance(x, np.ndarray):
        return [str(x.dtype), list(x.shape), np.round(x, 4).tolist()]
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        return ["symbol", list(x.shape), str(x.dtype)]
    return x


def err(f, *args, **kwargs):
    """Return the described result, or the kind of the error."""
    try:
        return d(f(*args, **kwargs))
    except Exception as e:
        return ["error", type(e).__name__]


def X(*shape):
    return torch.linspace(-1, 1, int(np.prod(shape))).reshape(shape)
