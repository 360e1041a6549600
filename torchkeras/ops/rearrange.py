"""rearrange: reshape and transpose in einops' notation."""

import math
import re
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op

_JOINED = ".."  # the axes of dots in parentheses, which become one
_PART = re.compile(r"\(([^()]*)\)|(\.\.\.)|([A-Za-z_]\w*|1)")


def _parse(side: str, pattern: str) -> list[list[str]]:
    """Return the axes of each dimension: `"b (h w) ..."` -> `[["b"], ["h", "w"], ["..."]]`."""
    if _PART.sub("", side).strip():
        raise ValueError(
            "rearrange: a side of the pattern has names, 1, '...' and groups in parentheses. "
            f"{received('pattern', pattern)}"
        )
    groups = []
    for inner, dots, name in _PART.findall(side):
        names = [dots or name] if dots or name else inner.replace("...", _JOINED).split()
        groups.append([n for n in names if n != "1"])
    return groups


def _split(pattern: str) -> tuple[list[list[str]], list[list[str]]]:
    sides = pattern.split("->")
    if len(sides) != 2:
        raise ValueError(f"rearrange: the pattern needs one '->'. {received('pattern', pattern)}")
    left, right = (_parse(s, pattern) for s in sides)
    names = [["..." if n == _JOINED else n for g in side for n in g] for side in (left, right)]
    if sorted(names[0]) != sorted(names[1]) or len(set(names[0])) != len(names[0]):
        raise ValueError(
            "rearrange: both sides must have the same names, each once. "
            f"{received('pattern', pattern)}"
        )
    return left, right


def _lengths(
    left: list[list[str]], shape: tuple[int, ...], given: dict[str, int], pattern: str
) -> dict[str, Any]:
    """Return the size of each axis; at most one of a group is left to be found."""
    lengths: dict[str, Any] = dict(given)
    for group, size in zip(left, shape, strict=True):
        unknown = [n for n in group if n not in lengths]
        known = math.prod([lengths[n] for n in group if n in lengths])
        if (
            len(unknown) > 1
            or (unknown and size % max(known, 1))
            or (not unknown and known != size)
        ):
            raise ValueError(
                f"rearrange: the dimension ({' '.join(group)}) of size {size} cannot be divided "
                f"so. Received: pattern={pattern!r}, sizes={given}."
            )
        if unknown:
            lengths[unknown[0]] = size // max(known, 1)
    return lengths


@op("Rearrange", module="keras.src.ops.einops", tensors=2)
def _rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    x = convert_to_tensor(tensor)
    left, right = _split(pattern)
    if ["..."] in left:  # the dots are as many axes of their own as are left
        count = x.ndim - len(left) + 1
        dots = [f".{i}" for i in range(count)]
        at = left.index(["..."])
        left = [*left[:at], *([d] for d in dots), *left[at + 1 :]]
        right = [
            g
            for group in right
            for g in (
                [[d] for d in dots]
                if group == ["..."]
                else [[m for n in group for m in (dots if n == _JOINED else [n])]]
            )
        ]
    if len(left) != x.ndim:
        raise ValueError(
            f"rearrange: the pattern has {len(left)} dimensions, the tensor {x.ndim}. "
            f"Received: pattern={pattern!r}, shape={tuple(x.shape)}."
        )
    lengths = _lengths(left, x.shape, axes_lengths, pattern)
    before = [n for group in left for n in group]
    after = [n for group in right for n in group]
    x = x.reshape([lengths[n] for n in before])
    x = x.permute([before.index(n) for n in after])
    return torch.reshape(x, [math.prod([lengths[n] for n in group]) for group in right])


_rearrange.node.parameters = {}  # the sizes are keywords of the call


def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """Return a tensor with its axes split, moved and joined as a pattern says.

    Args:
        tensor: Tensor.
        pattern: For example `"b (h w) c -> b c h w"`; `...` stands for further axes, 1 for an
            axis of size 1.
        **axes_lengths: Sizes of axes that the pattern splits off.

    Raises:
        ValueError: if the pattern is wrong or does not fit the shape.

    Reference: https://einops.rocks

    >>> import torch, torchkeras as keras
    >>> keras.ops.rearrange(torch.ones(2, 6, 3), "b (h w) c -> b c h w", h=2).shape
    torch.Size([2, 3, 2, 3])
    """
    if not isinstance(pattern, str):
        raise TypeError(f"rearrange: pattern must be a string. {received('pattern', pattern)}")
    unknown = set(axes_lengths) - set(re.findall(r"[A-Za-z_]\w*", pattern))
    if unknown:
        raise ValueError(
            f"rearrange: sizes are given for {sorted(unknown)}, which the pattern has not. "
            f"{received('pattern', pattern)}"
        )
    if isinstance(tensor, KerasTensor):
        return _rearrange.node().symbolic_call(tensor, pattern, **axes_lengths)
    return _rearrange(tensor, pattern, **axes_lengths)
