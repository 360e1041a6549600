"""Dropout, from a stream of random bits where torch's own kernel is slow."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch._C._functorch import is_functorch_wrapped_tensor

from torchkeras._base.check import fraction, received
from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.random.seed_generator import resolve


def dropout(
    inputs: Any, rate: float, noise_shape: Sequence[int | None] | None = None, seed: Any = None
) -> torch.Tensor:
    """Set a random part of the values to zero, and scale the others by `1 / (1 - rate)`.

    Args:
        inputs: Tensor or array.
        rate: Share that is dropped, in [0, 1].
        noise_shape: Shape of the decisions, that broadcasts to the inputs' shape; None in it
            stands for the inputs' size. `(None, 1, None)` drops whole steps of a sequence.
        seed: Integer (the same decisions at every call), SeedGenerator, torch.Generator, or None
            for torch's global stream. Inside `torch.compile` it is always the global stream.

    Raises:
        ValueError: for a bad rate, noise shape or seed.

    Srivastava et al., 2014, https://jmlr.org/papers/v15/srivastava14a.html

    >>> import torchkeras as keras
    >>> keras.random.dropout([1.0, 2.0, 3.0, 4.0], 0.5, seed=5)
    tensor([0., 0., 6., 0.])
    """
    x = inputs if isinstance(inputs, torch.Tensor) else convert_to_tensor(inputs)
    fraction("dropout", "rate", rate)
    if not isinstance(x, torch.Tensor):
        raise TypeError(
            "dropout: inputs must hold values, they cannot be symbolic; use the Dropout layer. "
            f"{received('inputs', inputs)}"
        )
    if rate == 0:
        return x
    if not x.is_floating_point() and not x.is_complex():
        return dropout(x.to(dtypes.torch_dtype(None)), rate, noise_shape, seed).to(x.dtype)
    shape = None if noise_shape is None else _noise_shape(x, noise_shape)
    compiled = torch.compiler.is_compiling() or is_functorch_wrapped_tensor(x)
    if compiled or x.is_meta:
        noise = x if shape is None else torch.ones(shape, dtype=x.dtype, device=x.device)
        dropped = F.dropout(noise, rate, True)
        return dropped if shape is None else x * dropped
    real = x.dtype.to_real()
    mask = torch.empty_like(x, dtype=real) if shape is None else x.new_empty(shape, dtype=real)
    if rate == 1:
        return x * mask.zero_()
    generator = resolve("dropout", seed, x.device)
    if x.is_cpu:
        _keep(mask, 1.0 - rate, generator)
    else:
        mask.bernoulli_(1.0 - rate, generator=generator)
    return x * mask.mul_(1.0 / (1.0 - rate))


def _noise_shape(x: torch.Tensor, noise_shape: Sequence[int | None]) -> tuple[int, ...]:
    given = tuple(noise_shape)
    tail = x.shape[x.ndim - len(given) :] if len(given) <= x.ndim else ()
    shape = tuple(n if d is None else d for d, n in zip(given, tail, strict=False))
    if len(shape) != len(given) or any(d not in (1, n) for d, n in zip(shape, tail, strict=True)):
        raise ValueError(
            f"dropout: noise_shape must broadcast to the inputs' shape {tuple(x.shape)}. "
            f"{received('noise_shape', noise_shape)}"
        )
    return shape


def _keep(out: torch.Tensor, share: float, generator: torch.Generator | None) -> None:
    """Fill `out` with ones and zeros, a `share` of ones.

    torch's CPU kernel makes a double of 64 random bits for each decision. Comparing 16 of them
    gives the share to 1/65536 and is several times faster; near 0 and 1, 32 bits do.
    """
    bits, kind = (16, torch.int16) if 1 / 256 <= share <= 255 / 256 else (32, torch.int32)
    words = torch.empty(-(-out.numel() * bits // 64), dtype=torch.int64)
    words.random_(-(2**63), None, generator=generator)
    half = 1 << (bits - 1)
    threshold = min(round(share * 2 * half) - half, half - 1)
    # In the memory order of `out`: the bits have none.
    torch.lt(words.view(kind).as_strided(out.shape, out.stride()), threshold, out=out)
