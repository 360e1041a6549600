"""What happens when a torch module is called on a symbolic tensor.

A functional model records the functions that the module calls. For a module without weights and
without a mode that is all there is to it. Of another one the record would lose the buffers' names,
the mode and the saving: it must be wrapped in a layer, and an error says so.
"""

import sys
from functools import cache
from types import CodeType

from torch import nn

_CALL: CodeType = nn.Module._call_impl.__code__


def refuse_stateful() -> None:
    """Raise a TypeError if an op is being recorded from within a module that must be wrapped.

    The stack is looked at only while a graph is drawn.
    """
    module = _outermost_module()
    if module is None:
        return
    reason = _reason(module)
    if reason is not None:
        raise TypeError(
            f"{type(module).__name__} was called on a symbolic tensor, but {reason}, which a "
            "functional model must know of. Write keras.layers.TorchModuleWrapper(module)(x) in "
            "place of module(x)."
        )


def _outermost_module() -> nn.Module | None:
    """Return the torch module (no layer) that was called first on this stack, if there is one."""
    found = None
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code is _CALL:
            module = frame.f_locals["self"]
            if _is_foreign(module):
                found = module
            else:
                break  # a layer's call: modules around it are called on real tensors
        frame = frame.f_back  # type: ignore[assignment]
    return found


def _is_foreign(module: nn.Module) -> bool:
    return not hasattr(type(module), "symbolic_call")


def _reason(module: nn.Module) -> str | None:
    for m in _foreign(module):
        for kind, table in (("parameters", m._parameters), ("buffers", m._buffers)):
            if any(t is not None for t in table.values()):
                return f"it has {kind}"
        if _reads_mode(type(m)):
            return f"{type(m).__name__} depends on the training mode"
    return None


def _foreign(module: nn.Module) -> list[nn.Module]:
    """Return a module and those under it that no layer takes care of."""
    found = [module]
    for child in module.children():
        if _is_foreign(child):
            found += _foreign(child)
    return found


@cache
def _reads_mode(cls: type) -> bool:
    """Tell whether a method that a class adds to `nn.Module` reads `self.training`."""
    own = cls.__mro__[: cls.__mro__.index(nn.Module)]
    codes = [getattr(f, "__code__", None) for c in own for f in vars(c).values()]
    return any(code is not None and "training" in code.co_names for code in codes)
