"""Conversion between torch tensors and everything else that holds numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from torchkeras._base import scope
from torchkeras._base.check import received
from torchkeras.core import dtypes

_MPS = torch.backends.mps.is_available()  # once: torch.compile cannot trace the question


class _Device:
    chosen: str | None = None


def get_device() -> str:
    """Return the device of new tensors.

    It is that of the `device` block around us, else the one given to `set_device`, else torch's
    default device if that is none of the CPU's, else the first CUDA or MPS device there is, else
    the CPU.
    """
    if scope.state.device is not None:
        return scope.state.device
    if _Device.chosen is not None:
        return _Device.chosen
    default = torch.empty(0).device  # get_default_device() takes longer, and cannot be compiled
    if default.type != "cpu":
        return str(default)
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if _MPS else "cpu"


def set_device(device: str | torch.device | None) -> None:
    """Set the device of new tensors; None goes back to the automatic choice."""
    if device is None:
        _Device.chosen = None
        return
    name = str(device).lower().replace("gpu", "cuda")
    _Device.chosen = str(torch.device(name))


@contextmanager
def device(device_name: str | torch.device) -> Iterator[None]:
    """Create tensors and variables on a device within a `with` block (torch's own ones too).

    Args:
        device_name: For example `"cpu"`, `"cuda:1"`, or Keras's `"gpu:0"`.

    >>> import torchkeras as keras
    >>> with keras.device("meta"):
    ...     keras.ops.zeros((2,)).device
    device(type='meta')
    """
    where = torch.device(str(device_name).lower().replace("gpu", "cuda"))
    with scope.scoped(device=str(where)), where:
        yield


def is_tensor(x: Any) -> bool:
    """Tell whether `x` is a torch tensor (a Variable is one)."""
    return isinstance(x, torch.Tensor)


def _from_numpy(x: np.ndarray) -> torch.Tensor:
    for name, (extension, bits) in dtypes.EXTENSION_DTYPES.items():
        if x.dtype == extension:
            return torch.from_numpy(x.view(bits).copy()).view(dtypes.TORCH_DTYPES[name])
    if x.dtype.kind not in "biufc":
        raise ValueError(
            f"convert_to_tensor: numbers are accepted, not an array of dtype {x.dtype}. "
            f"{received('x', x)}"
        )
    if x.dtype.byteorder not in "=|" and not x.dtype.isnative:
        x = x.astype(x.dtype.newbyteorder("="))
    if not x.flags.writeable or any(s < 0 for s in x.strides):
        x = x.copy()  # torch has neither read-only memory nor negative strides
    return torch.from_numpy(x)


def scalar(number: float, dtype: torch.dtype, device: Any = None) -> torch.Tensor:
    """Return `torch.tensor` of a number, in a quarter of its time."""
    try:
        return torch.scalar_tensor(number, dtype=dtype, device=device)
    except (RuntimeError, OverflowError):  # beyond the dtype: an infinity, or torch's own error
        return torch.tensor(number, dtype=dtype, device=device)


def convert_to_tensor(
    x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None
) -> torch.Tensor:
    """Return `x` as a torch tensor, the same object if it is one of the right dtype.

    Args:
        x: Tensor, Variable, KerasTensor (returned as it is), array, number, or nested list.
        dtype: Wanted dtype; default: that of `x`; Python floats become `floatx()`, ints int32.
        sparse: Accepted as in Keras; torch keeps the layout of `x`.
        ragged: Accepted as in Keras; True is refused.

    Raises:
        ValueError: if `x` holds no numbers, or a ragged tensor is asked for.

    >>> convert_to_tensor([1.0, 2.0]).dtype
    torch.float32
    """
    if isinstance(x, torch.Tensor):
        if dtype is None:
            cast_to = scope.state.autocast
            if cast_to is not None and getattr(x, "autocast", False) and x.is_floating_point():
                return x.to(cast_to)
            return x
        dtype = dtypes.torch_dtype(dtype)
        return x if x.dtype == dtype else x.to(dtype)
    if ragged:
        raise ValueError(f"convert_to_tensor: torch has no ragged tensors. {received('x', x)}")
    if is_symbolic(x):
        return x if dtype is None else cast(x, dtype)
    wanted = None if dtype is None else dtypes.torch_dtype(dtype)
    out = _convert(x)
    device = get_device()
    if (wanted is None or out.dtype == wanted) and device == "cpu":
        return out
    return out.to(device=device, dtype=wanted)


_STACKED = (torch.Tensor, torch.SymInt, torch.SymFloat)


def _convert(x: Any) -> torch.Tensor:
    if isinstance(x, bool):
        return torch.tensor(x)
    if isinstance(x, int):
        return scalar(x, torch.int32 if -(2**31) <= x < 2**31 else torch.int64)
    if isinstance(x, float):
        return scalar(x, dtypes.torch_dtype(None))
    if type(x) is complex:
        return torch.tensor(x, dtype=torch.complex64)
    if torch.compiler.is_compiling() and isinstance(x, (list, tuple, np.ndarray)):
        return _constant(x)
    if isinstance(x, np.ndarray):
        return _from_numpy(x)
    if isinstance(x, np.generic):
        return _from_numpy(np.asarray(x).copy())
    if isinstance(x, (list, tuple)):
        if any(isinstance(e, _STACKED) for e in x):
            return torch.stack([convert_to_tensor(e) for e in x])
        kinds = set()
        _leaf_types(x, kinds)
        array = _as_array(x)
        out = _from_numpy(array)
        if kinds <= {int, float, bool}:
            if array.dtype.kind == "f":
                return out.to(dtypes.torch_dtype(None))
            if array.dtype == np.int64 and (array.size == 0 or np.abs(array).max() < 2**31):
                return out.to(dtypes.torch_dtype(None) if array.size == 0 else torch.int32)
        return out
    if isinstance(x, (torch.SymInt, torch.SymFloat)):  # a size in a program that is exported
        kind = torch.int64 if isinstance(x, torch.SymInt) else dtypes.torch_dtype(None)
        return torch.scalar_tensor(x, dtype=kind)
    if x is None:
        raise ValueError("convert_to_tensor: None holds no numbers. Received: x=None.")
    if hasattr(x, "__array__"):
        return _from_numpy(as_numpy(x))
    if hasattr(x, "__dlpack__"):
        return torch.from_dlpack(x)
    return _from_numpy(_as_array(x))


def as_numpy(x: Any) -> np.ndarray:
    """Return the values of another library's tensor as an array.

    Raises:
        ValueError: if it has none yet, as in a function that `tf.data` is to map.
    """
    try:
        return np.asarray(x)
    except NotImplementedError as e:
        raise ValueError(
            "a tensor of a TensorFlow graph has no values for torch: call layers and ops on the "
            "batches that come out of a tf.data.Dataset, not in its map(), or put the layer into "
            f"the model. {received('x', x)}"
        ) from e


def _constant(x: Any) -> torch.Tensor:
    """Make a tensor of a list or array while torch.compile traces, which knows little of NumPy."""
    if isinstance(x, np.ndarray):
        return torch.as_tensor(x)
    if any([isinstance(e, torch.Tensor) for e in x]):  # it traces no generators
        return torch.stack([convert_to_tensor(e) for e in x])
    out = torch.tensor(x)
    if out.dtype is torch.int64:
        return out.to(torch.int32)
    return out.to(dtypes.torch_dtype(None)) if out.is_floating_point() else out


def _as_array(x: Any) -> np.ndarray:
    try:
        return np.array(x)
    except (ValueError, TypeError) as e:
        raise ValueError(
            f"convert_to_tensor: not a regular array of numbers. {received('x', x)}"
        ) from e


def _leaf_types(x: Any, found: set[type]) -> None:
    for e in x:
        if isinstance(e, (list, tuple)):
            _leaf_types(e, found)
        else:
            found.add(type(e))


def is_symbolic(x: Any) -> bool:
    """Tell whether `x` is a KerasTensor, without knowing that class here."""
    return getattr(type(x), "_is_symbolic", False)


def convert_to_numpy(x: Any) -> np.ndarray:
    """Return `x` as a numpy array, without a copy where the memory can be shared.

    >>> convert_to_numpy(torch.ones(2))
    array([1., 1.], dtype=float32)
    """
    if isinstance(x, torch.Tensor):
        x = x.detach()
        if x.is_sparse:
            x = x.to_dense()
        if x.device.type != "cpu":
            x = x.cpu()
        extension = dtypes.EXTENSION_DTYPES.get(dtypes.standardize_dtype(x.dtype))
        if extension is not None:
            numpy_dtype, bits = extension
            bits_dtype = torch.uint8 if bits is np.uint8 else torch.uint16
            return x.view(bits_dtype).numpy().view(numpy_dtype)
        return x.resolve_conj().resolve_neg().numpy()
    if isinstance(x, (list, tuple)) and any(isinstance(e, torch.Tensor) for e in x):
        return np.array([convert_to_numpy(e) for e in x])
    return np.array(x)


def cast(x: Any, dtype: Any) -> torch.Tensor:
    """Return `x` with another dtype, the same object if it has that already."""
    dtype = dtypes.torch_dtype(dtype)
    if isinstance(x, torch.Tensor):
        return x if x.dtype == dtype else x.to(dtype)
    if is_symbolic(x):
        return x.to(dtype)
    return convert_to_tensor(x, dtype)


def shape(x: Any) -> tuple[int | None, ...]:
    """Return the shape as a tuple; unknown dimensions of a symbolic tensor are None."""
    return tuple(x.shape if hasattr(x, "shape") else convert_to_tensor(x).shape)
