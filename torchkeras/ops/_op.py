"""From a pure torch function to an op of `keras.ops`: eager on tensors, recorded on symbols."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import torch

from torchkeras.core import dtypes
from torchkeras.core.operation import Operation
from torchkeras.core.registry import OPS
from torchkeras.core.symbolic import any_symbolic
from torchkeras.core.tensor import convert_to_tensor

Tensor = torch.Tensor
# Where Keras keeps the classes of its ops: the module names that stand in files.
NUMPY, NN, CORE, MATH = (f"keras.src.ops.{m}" for m in ("numpy", "nn", "core", "math"))


class OpNode(Operation):
    """A recorded op: its tensors are arguments of the call, all else is its configuration.

    Files hold it under the name of Keras's class for the op, with the same configuration.
    """

    function: ClassVar[Callable[..., Any]]
    parameters: ClassVar[dict[str, Any]]  # name -> default of what is no tensor
    settles_dtype: ClassVar[bool] = False  # its files name floatx() where no dtype was given

    def __init__(self, *args: Any, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name)
        given = dict(zip(self.parameters, args, strict=False)) | kwargs
        unknown = set(given) - set(self.parameters)
        if unknown:
            raise TypeError(f"{type(self).__name__}: unknown arguments {sorted(unknown)}.")
        self.arguments = self.parameters | given
        if self.settles_dtype:
            self.arguments["dtype"] = dtypes.standardize_dtype(self.arguments["dtype"])

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Run the op on real tensors."""
        return type(self).function(*args, **kwargs, **self.arguments)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that are no tensors."""
        return {"name": self.name, **self.arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "OpNode":
        """Make the op of a config."""
        return cls(**config)


def op(
    class_name: str | None = None, *, module: str = NUMPY, tensors: int = 1
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function on torch tensors whose first `tensors` parameters are the tensors.

    The function converts its own arguments; it is only called with real ones. On symbols the call
    is recorded as a node of class `class_name` (default: the function's name in CamelCase).
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        name = class_name or "".join(p.title() for p in function.__name__.split("_"))
        signature = inspect.signature(function)
        names = list(signature.parameters)
        defaults = {n: signature.parameters[n].default for n in names[tensors:]}
        variadic = bool(names) and signature.parameters[names[0]].kind is (
            inspect.Parameter.VAR_POSITIONAL
        )
        parameters = {n: None if d is inspect.Parameter.empty else d for n, d in defaults.items()}
        node = type(
            name,
            (OpNode,),
            {
                "function": staticmethod(function),
                "parameters": parameters,
                "__doc__": function.__doc__,
            },
        )
        OPS.register(name=name, module=module)(node)

        @functools.wraps(function)
        def public(*args: Any, **kwargs: Any) -> Any:
            if not (any_symbolic(args) or any_symbolic(kwargs)):
                return function(*args, **kwargs)
            if variadic:
                return node(**kwargs).symbolic_call(*args)
            bound = signature.bind(*args, **kwargs).arguments
            inputs = [bound.pop(n) for n in names[:tensors] if n in bound]
            return node(**bound).symbolic_call(*inputs)

        public.node = node  # type: ignore[attr-defined]
        return public

    return decorate


def to_float(x: Any) -> Tensor:
    """Return a tensor of a floating type: integers become `floatx()` as Keras's unary ops do."""
    x = convert_to_tensor(x)
    if isinstance(x, Tensor) and not (x.is_floating_point() or x.is_complex()):
        return x.to(dtypes.torch_dtype(None))
    return x


def promote(*values: Any) -> tuple[Any, ...]:
    """Return values as tensors of the dtype that Keras computes their mix in.

    Python numbers are weak: they take the dtype of the tensors that they meet.
    """
    first = values[0]
    if type(first) is Tensor and all(type(v) is Tensor and v.dtype is first.dtype for v in values):
        return values
    dtype = common_dtype(*values)
    return tuple(convert_to_tensor(v, dtype) for v in values)


def common_dtype(*values: Any) -> torch.dtype:
    """Return the dtype that Keras computes a mix of values in."""
    kinds = [
        type(v) if isinstance(v, (bool, int, float)) else convert_to_tensor(v).dtype for v in values
    ]
    return dtypes.torch_dtype(dtypes.result_type(*kinds))


def unary(
    function: Callable[[Tensor], Tensor],
    name: str,
    doc: str,
    *,
    class_name: str | None = None,
    module: str = NUMPY,
    floating: bool = False,
) -> Callable[[Any], Any]:
    """Make an elementwise op of one tensor from a row of a table."""

    def eager(x: Any) -> Any:
        return function(to_float(x) if floating else convert_to_tensor(x))

    eager.__name__ = eager.__qualname__ = name
    eager.__doc__ = doc
    slow = op(class_name, module=module)(eager)
    whole = frozenset((torch.float32, torch.float64, torch.float16, torch.bfloat16))

    @functools.wraps(eager)
    def public(x: Any) -> Any:
        if type(x) is Tensor and x.dtype in whole:
            return function(x)
        return slow(x)

    public.node = slow.node  # type: ignore[attr-defined]
    return public


def binary(
    function: Callable[[Tensor, Tensor], Tensor],
    name: str,
    doc: str,
    *,
    class_name: str | None = None,
    module: str = NUMPY,
    prepare: Callable[..., tuple[Any, ...]] = promote,
) -> Callable[[Any, Any], Any]:
    """Make an elementwise op of two tensors from a row of a table."""

    def eager(x1: Any, x2: Any) -> Any:
        return function(*prepare(x1, x2))

    eager.__name__ = eager.__qualname__ = name
    eager.__doc__ = doc
    slow = op(class_name, module=module, tensors=2)(eager)
    direct = prepare is promote

    @functools.wraps(eager)
    def public(x1: Any, x2: Any) -> Any:
        if direct and type(x1) is Tensor and type(x2) is Tensor and x1.dtype is x2.dtype:
            return function(x1, x2)
        return slow(x1, x2)

    public.node = slow.node  # type: ignore[attr-defined]
    return public
