"""Two 4-bit numbers in each byte."""

from typing import Any

import torch

from torchkeras._base.check import one_of, received
from torchkeras.core.tensor import convert_to_tensor

_DTYPES = {"int8": torch.int8, "uint8": torch.uint8}


def pack_int4(
    arr: Any, axis: int = 0, dtype: str = "int8"
) -> tuple[torch.Tensor, tuple[int, ...], int]:
    """Return bytes that hold two neighbours along an axis: the first in the low four bits.

    Args:
        arr: Integers of `dtype` in `[-8, 7]` (`[0, 15]` for uint8). An odd length is filled up
            with a zero.
        axis: Axis that is halved.
        dtype: `"int8"` or `"uint8"`.

    Returns:
        The bytes, their shape, and the length of the axis before.

    Raises:
        ValueError: for another dtype.
        TypeError: if `arr` has another dtype than stated.

    >>> import torch, torchkeras as keras
    >>> packed, shape, rows = keras.quantizers.pack_int4(torch.tensor([-3, 2, 1]).to(torch.int8))
    >>> packed, keras.quantizers.unpack_int4(packed, rows)
    (tensor([45,  1], dtype=torch.int8), tensor([-3,  2,  1], dtype=torch.int8))
    """
    wanted = _DTYPES[one_of("pack_int4", "dtype", dtype, _DTYPES)]
    x = convert_to_tensor(arr)
    if x.dtype is not wanted:
        raise TypeError(f"pack_int4: arr must be of dtype {dtype}. {received('dtype', x.dtype)}")
    _check_axis("pack_int4", axis, x)
    x = x.movedim(axis, 0)
    length = x.shape[0]
    if length % 2:
        x = torch.cat([x, x.new_zeros(1, *x.shape[1:])])
    low, high = x[0::2].view(torch.uint8), x[1::2].view(torch.uint8)
    packed = ((low & 15) | (high << 4)).view(wanted).movedim(0, axis).contiguous()
    return packed, tuple(packed.shape), length


def unpack_int4(packed: Any, orig_len: int, axis: int = 0, dtype: str = "int8") -> torch.Tensor:
    """Return the integers that `pack_int4` put into bytes.

    Args:
        packed: The bytes, of dtype int8 or uint8.
        orig_len: Length of the axis before packing.
        axis: Axis that was halved.
        dtype: `"int8"`: results in `[-8, 7]`; `"uint8"`: in `[0, 15]`.

    Raises:
        ValueError: for another dtype.
        TypeError: if `packed` is not made of bytes.

    >>> import torch, torchkeras as keras
    >>> keras.quantizers.unpack_int4(torch.tensor([45, 1], dtype=torch.int8), 3)
    tensor([-3,  2,  1], dtype=torch.int8)
    """
    one_of("unpack_int4", "dtype", dtype, _DTYPES)
    x = convert_to_tensor(packed)
    if x.dtype not in (torch.int8, torch.uint8):
        raise TypeError(
            f"unpack_int4: packed must be of dtype int8 or uint8. {received('dtype', x.dtype)}"
        )
    _check_axis("unpack_int4", axis, x)
    x = x.movedim(axis, 0)
    if dtype == "uint8":
        x = x.view(torch.uint8)
        low, high = x & 15, x >> 4
    else:
        x = x.view(torch.int8)
        low, high = (x << 4) >> 4, x >> 4  # a shift to the right keeps the sign
    pairs = torch.stack([low, high], 1).reshape(-1, *x.shape[1:])
    return pairs[:orig_len].movedim(0, axis)


def _check_axis(owner: str, axis: int, x: torch.Tensor) -> None:
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(
            f"{owner}: axis must be one of the {x.ndim} axes of the tensor. "
            f"{received('axis', axis)}"
        )
