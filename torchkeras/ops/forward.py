"""Derivatives in forward mode."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._matrix import LINALG
from torchkeras.ops._op import op


@op("JVP", module=LINALG, tensors=3)
def jvp(
    fun: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> Any:
    """Return `fun(*primals)` and its derivative in the direction of the tangents.

    Args:
        fun: Function of tensors.
        primals: Where it is evaluated.
        tangents: One for each primal, of its shape.
        has_aux: Whether `fun` returns a pair, the second part of which is only handed through.

    Raises:
        ValueError: if there are not as many tangents as primals.

    >>> import torchkeras as keras
    >>> keras.ops.jvp(lambda x: x * x, (3.0,), (1.0,))
    (tensor(9.), tensor(6.))
    """
    if not isinstance(primals, (list, tuple)) or not isinstance(tangents, (list, tuple)):
        raise TypeError(
            "jvp: primals and tangents must be lists or tuples. "
            f"Received: {type(primals).__name__}, {type(tangents).__name__}."
        )
    if len(primals) != len(tangents):
        raise ValueError(
            "jvp: there must be one tangent for each primal. "
            f"Received: {len(primals)} primals, {len(tangents)} tangents."
        )
    where, along = (tuple(convert_to_tensor(t) for t in ts) for ts in (primals, tangents))
    return torch.func.jvp(fun, where, along, has_aux=has_aux)
