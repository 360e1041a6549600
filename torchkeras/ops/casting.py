"""Tensors as arrays, and their dtypes: ask for one, and change it within its range."""

from typing import Any

import numpy as np
import torch

from torchkeras.core import tensor as _tensor
from torchkeras.core.dtypes import standardize_dtype, torch_dtype
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import CORE, op


def convert_to_numpy(x: Any) -> np.ndarray:
    """Return `x` as a numpy array of its own: later changes of a tensor do not show in it.

    >>> import torch, torchkeras as keras
    >>> keras.ops.convert_to_numpy(torch.ones(2))
    array([1., 1.], dtype=float32)
    """
    array = _tensor.convert_to_numpy(x)  # may share memory
    return array.copy() if isinstance(x, torch.Tensor) and x.device.type == "cpu" else array


def dtype(x: Any) -> str:
    """Return the name of the dtype of a tensor or symbol.

    >>> import torch, torchkeras as keras
    >>> keras.ops.dtype(torch.ones(2))
    'float32'
    """
    return standardize_dtype(x.dtype if hasattr(x, "dtype") else convert_to_tensor(x).dtype)


def _range(dtype: torch.dtype) -> tuple[Any, Any]:
    if dtype is torch.bool:
        return 0, 1
    info = torch.finfo(dtype) if dtype.is_floating_point else torch.iinfo(dtype)
    return info.min, info.max


# torch compares no numbers of these types: they go through the next wider one.
_WIDER = {torch.uint16: torch.int32, torch.uint32: torch.int64}


@op("SaturateCast", module=CORE)
def saturate_cast(x: Any, dtype: Any) -> Any:
    """Return `x` in another dtype, values out of its range held at the nearest end (NaN is 0).

    >>> import torch, torchkeras as keras
    >>> keras.ops.saturate_cast(torch.tensor([-1.0, 300.0]), "uint8")
    tensor([  0, 255], dtype=torch.uint8)
    """
    x, dtype = convert_to_tensor(x), torch_dtype(dtype)
    if x.dtype is dtype or x.dtype is torch.bool or x.is_complex() or dtype.is_complex:
        return x.to(dtype)
    if x.dtype is torch.uint64:  # read as int64, what is beyond that is negative
        signed = x.view(torch.int64)
        above = torch.where(signed < 0, _range(torch.int64)[1], signed)
        x = x.double() if dtype.is_floating_point else above
    x = x.to(_WIDER.get(x.dtype, x.dtype))
    low, high = _range(dtype)
    if not x.is_floating_point():
        least, most = _range(x.dtype)
        return x.clamp(int(max(low, least)), int(min(high, most))).to(dtype)
    if dtype.is_floating_point:
        least, most = _range(x.dtype)
        return x.clamp(max(low, least), min(high, most)).to(dtype)
    # A float type may not hold the end itself, only one number beyond it.
    held = torch.where((x > low) & (x < high), x, 0).to(dtype)
    return torch.where(x >= high, high, torch.where(x <= low, low, held)).to(dtype)
