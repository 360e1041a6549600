"""Any torch function on symbolic tensors becomes a node of a functional model.

In a file the function stands under its public torch name, and a name is only ever looked up in
torch's own namespaces of pure functions.
"""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base import naming
from torchkeras._base.errors import UnsafeModelError
from torchkeras.core import dtypes, nest, symbolic
from torchkeras.core.operation import Operation
from torchkeras.core.registry import OPS

_NAMESPACES = (
    ("torch.Tensor", torch.Tensor),
    ("torch", torch),
    ("torch.nn.functional", F),
    ("torch.special", torch.special),
    ("torch.linalg", torch.linalg),
    ("torch.fft", torch.fft),
)


# Members of torch.Tensor that are no maths: they reach for memory, hooks or Python.
_NOT_MATHS = {
    "apply_", "backward", "data", "data_ptr", "dim_order", "grad", "grad_fn", "is_set_to", "item",
    "map_", "name", "names", "numpy", "pin_memory", "record_stream", "register_hook",
    "register_post_accumulate_grad_hook", "reinforce", "requires_grad", "retain_grad", "set_",
    "share_memory_", "storage", "storage_type", "to_dlpack", "tolist", "untyped_storage",
    "volatile",
}  # fmt: skip


def _is_function(name: str, obj: Any) -> bool:
    """Tell whether a member of a torch namespace is a function that computes new tensors."""
    if name.startswith("_") or isinstance(obj, type) or not callable(obj):
        return False
    if name.endswith("_") or name in _NOT_MATHS:
        return False
    if obj is torch.Tensor.unflatten:  # which torch's lists forget
        return True
    return torch.overrides.is_tensor_method_or_property(obj) or obj in _overridable()


def _overridable() -> set[Any]:
    if not _Overridable.functions:
        found = torch.overrides.get_overridable_functions()
        _Overridable.functions = {f for functions in found.values() for f in functions}
        _Overridable.functions |= {F.hardsigmoid, F.hardswish}  # torch's list forgets these two
    return _Overridable.functions


class _Overridable:
    functions: set[Any] = set()  # noqa: RUF012  # torch's own list, asked for once


def public_name(func: Any) -> str:
    """Return the public torch name of a function.

    Raises:
        ValueError: if it has none: it could not be saved nor found again.
    """
    name = getattr(func, "__name__", "")
    if name == "__get__":  # a property: the getter of a descriptor
        return f"torch.Tensor.{func.__self__.__name__}"
    for prefix, namespace in _NAMESPACES:
        if getattr(namespace, name, None) is func and not name.startswith("_"):
            return f"{prefix}.{name}"
    for prefix, namespace in _NAMESPACES:  # torch.linalg.qr calls itself linalg_qr, and the like
        for public, member in vars(namespace).items():
            if member is func and not public.startswith("_"):
                return f"{prefix}.{public}"
    for prefix, namespace in _NAMESPACES:
        if hasattr(namespace, name):
            return f"{prefix}.{name}"
    raise ValueError(f"{func} is no public function of torch: it cannot be part of a model.")


def find(name: str) -> Any:
    """Return the function of a public torch name, from the closed list of namespaces."""
    prefix, _, last = name.rpartition(".")
    namespace = dict(_NAMESPACES).get(prefix)
    member = getattr(namespace, last, None) if namespace and not last.startswith("_") else None
    if member is None:
        raise UnsafeModelError(f"{name!r} is not a public torch function.")
    if not callable(member) and prefix == "torch.Tensor" and last not in _NOT_MATHS:
        return member.__get__
    if not _is_function(last, member):
        raise UnsafeModelError(f"{name!r} is not a torch function on tensors.")
    if member is torch.Tensor.unflatten:  # the same, which torch.compile can trace
        return torch.unflatten
    return member


@OPS.register(module="torchkeras.ops")
class TorchFunction(Operation):
    """A call of a torch function as a node; parameters that it captures are its own.

    Args:
        function: Public name, for example `"torch.cat"` or `"torch.Tensor.softmax"`.
        name: Default: the function's name, made unique.
    """

    def __init__(self, function: Any, name: str | None = None) -> None:
        self.function = function if isinstance(function, str) else public_name(function)
        super().__init__(name or _node_name(self.function))
        self.call = find(self.function)  # type: ignore[method-assign]

    def __getstate__(self) -> dict[str, Any]:
        # Few of torch's functions can be pickled; the name says which it is.
        return {k: v for k, v in super().__getstate__().items() if k != "call"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.call = find(self.function)  # type: ignore[method-assign]

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """Record a call; dtypes come as their names out of a file."""
        args, kwargs = nest.map_structure(
            lambda x: dtypes.TORCH_DTYPES.get(x, x) if type(x) is str else x, (list(args), kwargs)
        )
        return super().symbolic_call(*args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the public name of the function."""
        return {"name": self.name, "function": self.function}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "TorchFunction":
        """Make the operation of a config."""
        return cls(**config)


def _node_name(function: str) -> str:
    return naming.auto_name(function.rpartition(".")[2].strip("_"))


def record(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Record one call; what `KerasTensor.__torch_function__` does."""
    return TorchFunction(func).symbolic_call(*args, **kwargs)


symbolic._record = record
