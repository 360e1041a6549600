"""Draws of whole numbers, and random order."""

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras._base.check import positive_int, received
from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.random.floats import blank, parameter
from torchkeras.random.seed_generator import probing, resolve


def _concrete(owner: str, name: str, value: Any) -> torch.Tensor:
    tensor = convert_to_tensor(value)
    if not isinstance(tensor, torch.Tensor):
        raise TypeError(
            f"{owner}: {name} must hold values, it cannot be symbolic; draw inside a layer's "
            f"call(). {received(name, value)}"
        )
    return tensor


def randint(
    shape: Sequence[int], minval: int, maxval: int, dtype: Any = "int32", seed: Any = None
) -> torch.Tensor:
    """Draw whole numbers, uniformly from `[minval, maxval)`.

    Args:
        shape: Shape of the result.
        minval: Smallest value.
        maxval: One above the largest value.
        dtype: Integer type; None gives `floatx()`, as in Keras.
        seed: As in `normal`.

    Raises:
        ValueError: for a bad shape, dtype or seed, or `minval >= maxval`.

    >>> import torchkeras as keras
    >>> keras.random.randint((5,), 0, 10, seed=0)
    tensor([4, 9, 3, 0, 3], dtype=torch.int32)
    """
    if dtype is not None and not dtypes.is_int(dtype):
        raise ValueError(f"randint: dtype must be an integer type. {received('dtype', dtype)}")
    low, high = int(minval), int(maxval)
    if low != minval or high != maxval or low >= high:
        raise ValueError(
            "randint: minval and maxval must be whole numbers, minval the smaller. "
            f"Received: minval={minval}, maxval={maxval}."
        )
    out, generator = blank("randint", shape, torch.int64, seed)
    return out.random_(low, high, generator=generator).to(dtypes.torch_dtype(dtype))


def categorical(
    logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None
) -> torch.Tensor:
    """Draw class numbers from rows of unnormalised log-probabilities.

    Args:
        logits: Of shape `(batch, classes)`.
        num_samples: Draws a row: `(batch, classes) -> (batch, num_samples)`.
        dtype: Type of the result; None gives `floatx()`, as in Keras.
        seed: As in `normal`.

    Raises:
        ValueError: if `logits` does not have two dimensions.

    >>> import torchkeras as keras
    >>> keras.random.categorical([[0.0, -1e9], [-1e9, 0.0]], 3)
    tensor([[0, 0, 0],
            [1, 1, 1]], dtype=torch.int32)
    """
    logits = _concrete("categorical", "logits", logits)
    positive_int("categorical", "num_samples", num_samples)
    if logits.ndim != 2:
        raise ValueError(
            "categorical: logits must have shape (batch, classes). "
            f"Received: logits of shape {tuple(logits.shape)}."
        )
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    generator = resolve("categorical", seed, logits.device)
    drawn = torch.multinomial(logits.softmax(-1), num_samples, True, generator=generator)
    return drawn.to(dtypes.torch_dtype(dtype))


def binomial(
    shape: Sequence[int], counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None
) -> torch.Tensor:
    """Draw from the binomial distribution.

    Args:
        shape: Shape of the result.
        counts: Number of trials, or a tensor of them that broadcasts to `shape`.
        probabilities: Chance of success in [0, 1], or a tensor that broadcasts to `shape`.
        dtype: Default `floatx()`.
        seed: As in `normal`.

    Raises:
        ValueError: for a bad shape or seed, negative counts, probabilities outside of [0, 1].

    >>> import torchkeras as keras
    >>> keras.random.binomial((3,), 10, 1.0)
    tensor([10., 10., 10.])
    """
    dtype = dtypes.torch_dtype(dtype)
    exact = torch.promote_types(dtype, torch.float32)
    trials = parameter("binomial", "counts", counts, shape, exact)
    chance = parameter("binomial", "probabilities", probabilities, shape, exact)
    if not probing():
        if not bool((trials >= 0).all()):
            raise ValueError(f"binomial: counts must be >= 0. {received('counts', counts)}")
        if not bool(((chance >= 0) & (chance <= 1)).all()):
            raise ValueError(
                "binomial: probabilities must lie in [0, 1]. "
                f"{received('probabilities', probabilities)}"
            )
    generator = resolve("binomial", seed, trials.device)
    return torch.binomial(trials, chance, generator=generator).to(dtype)


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> torch.Tensor:
    """Put the slices along an axis into random order.

    Args:
        x: Tensor or array.
        axis: Axis to shuffle.
        seed: As in `normal`.

    Raises:
        ValueError: if `x` has no such axis.

    >>> import torchkeras as keras
    >>> keras.random.shuffle([1, 2, 3, 4], seed=0)
    tensor([1, 2, 4, 3], dtype=torch.int32)
    """
    x = _concrete("shuffle", "x", x)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(
            f"shuffle: axis must be an axis of x, whose shape is {tuple(x.shape)}. "
            f"{received('axis', axis)}"
        )
    generator = resolve("shuffle", seed, x.device)
    order = torch.randperm(x.shape[axis], generator=generator, device=x.device)
    return x.index_select(axis, order)
