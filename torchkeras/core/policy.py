"""Dtype policies: which type a layer computes in, and which it keeps its variables in."""

from collections.abc import Callable
from typing import Any

import torch

from torchkeras._base import config
from torchkeras._base.check import received
from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor, is_symbolic

# Set by core.quantized_policy: the policy of a name like "int8_from_float32".
read_quantized: Callable[[str, str], "DTypePolicy"] | None = None
# Set by core.serialize: the policy of a config.
read_config: Callable[[dict[str, Any]], "DTypePolicy"] | None = None


class DTypePolicy:
    """The pair of a compute dtype and a variable dtype.

    Args:
        name: A dtype (`"float32"`), or `"mixed_float16"` / `"mixed_bfloat16"`: compute in the
            16-bit type, keep float32 variables. Default: the global policy's name.

    Raises:
        ValueError: for an unknown name.

    >>> DTypePolicy("mixed_bfloat16").compute_dtype, DTypePolicy("mixed_bfloat16").variable_dtype
    ('bfloat16', 'float32')
    """

    quantization_mode: str | None = None

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = dtype_policy().name
        if not isinstance(name, str):
            raise TypeError(f"DTypePolicy: name must be a string. {received('name', name)}")
        self._name = name
        self._set_dtypes(name)

    def _set_dtypes(self, name: str) -> None:
        if name.startswith("mixed_"):
            if name not in ("mixed_float16", "mixed_bfloat16"):
                raise ValueError(_unknown(name))
            self._compute_dtype, self._variable_dtype = name[len("mixed_") :], "float32"
        else:
            try:
                self._compute_dtype = self._variable_dtype = dtypes.standardize_dtype(name)
            except ValueError:
                raise ValueError(_unknown(name)) from None
        self.torch_compute_dtype: torch.dtype | None = dtypes.TORCH_DTYPES.get(self._compute_dtype)

    @property
    def name(self) -> str:
        """Name of the policy, for example `"mixed_float16"`."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """Dtype of the computation and of a layer's outputs."""
        return self._compute_dtype

    @property
    def variable_dtype(self) -> str:
        """Dtype of the variables that a layer creates."""
        return self._variable_dtype

    def convert_input(self, x: Any, autocast: bool, dtype: Any) -> Any:
        """Return an array or tensor as a tensor, cast to `dtype` if it is a float and may be."""
        if not is_symbolic(x):
            if not isinstance(x, torch.Tensor) and not hasattr(x, "__array__"):
                return x
            x = convert_to_tensor(x)
        cast = autocast and dtypes.is_float(x.dtype)
        return x.to(dtypes.torch_dtype(dtype)) if cast else x

    def get_config(self) -> dict[str, Any]:
        """Return `{"name": name}`."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "DTypePolicy":
        """Make the policy of a config."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f'<{type(self).__name__} "{self.name}">'


class FloatDTypePolicy(DTypePolicy):
    """A DTypePolicy under its older name, which files may hold.

    >>> FloatDTypePolicy("mixed_bfloat16")
    <DTypePolicy "mixed_bfloat16">
    """

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'


def _unknown(name: str) -> str:
    return (
        "DTypePolicy: name must be a dtype, 'mixed_float16' or 'mixed_bfloat16'. "
        f"{received('name', name)}"
    )


class _Global:
    policy: DTypePolicy | None = None


def dtype_policy() -> DTypePolicy:
    """Return the global policy, that of layers made without a `dtype`."""
    return _Global.policy or DTypePolicy(config.floatx())


def set_dtype_policy(policy: Any) -> None:
    """Set the policy of layers made from now on: a name or a DTypePolicy."""
    if policy is None:
        raise ValueError(
            "set_dtype_policy: policy must be a name or a DTypePolicy. Received: policy=None."
        )
    _Global.policy = get(policy)


def reset_dtype_policy() -> None:
    """Let the global policy follow `floatx()` again."""
    _Global.policy = None


def get(identifier: Any) -> DTypePolicy:
    """Return the policy that a name, dtype, config or policy stands for."""
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        if read_config is not None and "class_name" in identifier:
            return read_config(identifier)
        inner = identifier.get("config", identifier)
        return DTypePolicy(inner["name"] if isinstance(inner, dict) else inner)
    if isinstance(identifier, str):
        mode, found, source = identifier.partition("_from_")
        if found and read_quantized is not None:
            return read_quantized(mode, source)
        return DTypePolicy(identifier)
    return DTypePolicy(dtypes.standardize_dtype(identifier))
