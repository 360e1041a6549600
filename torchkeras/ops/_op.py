"""From a pure torch function to an op of `keras.ops`: eager on tensors, recorded on symbols."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch

from torchkeras._base import config
from torchkeras.core import dtypes, nest, serialize
from torchkeras.core.operation import Operation
from torchkeras.core.registry import OPS
from torchkeras.core.symbolic import KerasTensor, any_symbolic
from torchkeras.core.tensor import convert_to_tensor, scalar

Tensor = torch.Tensor
# Where Keras keeps the classes of its ops: the module names that stand in files.
NUMPY, NN, CORE, MATH = (f"keras.src.ops.{m}" for m in ("numpy", "nn", "core", "math"))


# (Keras's module, name) -> class: by it a pickle finds a class that is no module's attribute.
_CLASSES: dict[tuple[str, str], type["OpNode"]] = {}
_FLOATS = frozenset((torch.float32, torch.float64, torch.float16, torch.bfloat16))
_WHOLE = frozenset((torch.int32, torch.int64))
_NUMBERS = frozenset((int, float))
_NO_SYMBOLS = frozenset((Tensor, int, float, bool, str, type(None)))


# torch computes little in these; what it does not, is computed in the next wider type.
_WIDER = {torch.uint16: torch.int32, torch.uint32: torch.int64, torch.uint64: torch.int64}


def _is_unsigned(x: Any) -> bool:
    return isinstance(x, (Tensor, np.ndarray)) and str(x.dtype).endswith(
        ("uint16", "uint32", "uint64")
    )


def _widened(x: Any) -> Any:
    """Return unsigned integers in a type that torch has all functions for."""
    if not _is_unsigned(x):
        return x
    x = convert_to_tensor(x)
    return x.to(_WIDER[x.dtype])


def _holds_symbol(args: tuple[Any, ...]) -> bool:
    for a in args:  # noqa: SIM110  # a generator costs more than what it asks
        if type(a) not in _NO_SYMBOLS and any_symbolic(a):
            return True
    return False


class OpNode(Operation):
    """A recorded op: its tensors are arguments of the call, all else is its configuration.

    Files hold it under the name of Keras's class for the op, with the same configuration.
    """

    function: ClassVar[Callable[..., Any]]
    parameters: ClassVar[dict[str, Any]]  # name -> default of what is no tensor
    settles_dtype: ClassVar[bool] = False  # its files name floatx() where no dtype was given
    spec: ClassVar[Callable[..., Any] | None] = None  # for shapes that depend on the values

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
        return type(self).function(*args, **{**self.arguments, **kwargs})

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the KerasTensors that a call on these arguments gives."""
        try:
            if self.spec is not None:
                spec = self.spec(*args, **{**self.arguments, **kwargs})
            else:
                spec = super().compute_output_spec(*args, **kwargs)
        except NotImplementedError:
            raise
        except (RuntimeError, IndexError) as e:  # torch's, of shapes that do not go together
            if isinstance(e, IndexError) and "axis" not in self.arguments:
                raise  # of an index, which is what its type says
            raise ValueError(f"{type(self).__name__}: {e}") from e
        self._check_axis([*args, *kwargs.values(), spec])
        return spec

    def _check_axis(self, tensors: list[Any]) -> None:
        """Refuse an axis beyond all inputs and outputs, which some functions let pass on meta."""
        axis = self.arguments.get("axis")
        if axis is None:
            return
        ranks = [t.ndim for t in nest.flatten(tensors) if isinstance(t, KerasTensor)]
        most = max(1, *ranks)  # torch gives a scalar an axis, too
        axes = axis if isinstance(axis, (list, tuple)) else (axis,)
        if any(isinstance(a, int) and not -most <= a < most for a in axes):
            raise ValueError(
                f"{type(self).__name__}: axis must be an axis of the input. Received: axis={axis} "
                f"of {most} dimensions."
            )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that are no tensors."""
        return {"name": self.name, **self.arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "OpNode":
        """Make the op of a config."""
        return cls(**config)

    def __reduce__(self) -> tuple[Any, ...]:
        return _blank, serialize.builtin_config(type(self)), self.__getstate__()


def _blank(module: str, name: str) -> OpNode:
    cls = _CLASSES[module, name]
    return cls.__new__(cls)


def op(
    class_name: str | None = None,
    *,
    module: str = NUMPY,
    tensors: int = 1,
    named: tuple[str, ...] = (),
    extra: tuple[str, ...] = (),
    spec: Callable[..., Any] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function on torch tensors whose first `tensors` parameters are the tensors.

    The function converts its own arguments; it is only called with real ones. On symbols the call
    is recorded as a node of class `class_name` (default: the function's name in CamelCase).
    `named` are later parameters that are tensors too, which files hold among those of the call;
    `extra` are such whose default is in the configuration. `spec` gives the symbolic outputs where
    running the function on meta cannot.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        name = class_name or "".join(p.title() for p in function.__name__.split("_"))
        signature = inspect.signature(function)
        names = list(signature.parameters)
        defaults = {n: signature.parameters[n].default for n in names[tensors:] if n not in named}
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
                "spec": spec and staticmethod(spec),
                "__doc__": function.__doc__,
            },
        )
        OPS.register(name=name, module=module)(node)
        _CLASSES[module, name] = node

        @functools.wraps(function)
        def public(*args: Any, **kwargs: Any) -> Any:
            if not (_holds_symbol(args) or (kwargs and any_symbolic(kwargs))):
                try:
                    return function(*args, **kwargs)
                except NotImplementedError:
                    if not any(_is_unsigned(x) for x in nest.flatten([args, kwargs])):
                        raise
                args, kwargs = nest.map_structure(_widened, (list(args), kwargs))
                return function(*args, **kwargs)
            if variadic:
                return node(**kwargs).symbolic_call(*args)
            bound = signature.bind(*args, **kwargs).arguments
            inputs = [bound.pop(n, signature.parameters[n].default) for n in names[:tensors]]
            others = {n: bound.pop(n, signature.parameters[n].default) for n in named}
            others |= {n: bound.pop(n) for n in extra if bound.get(n) is not None}
            # No configuration holds a symbol: it is an argument of the call wherever it stands.
            others |= {n: bound.pop(n) for n in list(bound) if any_symbolic(bound[n])}
            return node(**bound).symbolic_call(*inputs, **others)

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
    if type(first) is Tensor:
        kind = first.dtype
        for v in values:
            if type(v) is not Tensor or v.dtype is not kind:
                break
        else:
            return values
    return in_dtype(common_dtype(*values), *values)


def in_dtype(dtype: torch.dtype, *values: Any) -> tuple[Tensor, ...]:
    """Return values as tensors of a dtype, numbers on the device of the tensors."""
    if dtype in _FLOATS:  # a number is put into an integer dtype by way of int32
        for v in values:
            if type(v) is Tensor:
                device = v.device
                return tuple(
                    scalar(w, dtype, device) if type(w) in _NUMBERS else convert_to_tensor(w, dtype)
                    for w in values
                )
    return tuple(convert_to_tensor(v, dtype) for v in values)


def common_dtype(*values: Any) -> torch.dtype:
    """Return the dtype that Keras computes a mix of values in."""
    kinds = [
        v.dtype
        if type(v) is Tensor
        else type(v)
        if isinstance(v, (bool, int, float))
        else convert_to_tensor(v).dtype
        for v in values
    ]
    return _common(config.floatx(), *kinds)


@functools.cache
def _common(floatx: str, *kinds: Any) -> torch.dtype:
    # floatx is what a mix of Python floats becomes: a part of the key.
    return dtypes.torch_dtype(dtypes.result_type(*kinds))


def takes_number(kind: torch.dtype, number: Any) -> bool:
    """Tell whether what stands beside a tensor is a Python number that its dtype takes as it is."""
    if kind in _FLOATS:
        return type(number) in _NUMBERS
    return type(number) is int and kind in _WHOLE and -(2**31) <= number < 2**31


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

    @functools.wraps(eager)
    def public(x: Any) -> Any:
        if type(x) is Tensor and x.dtype in _FLOATS:
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
    numbers: str = "",
) -> Callable[[Any, Any], Any]:
    """Make an elementwise op of two tensors from a row of a table.

    `prepare` brings them to one dtype, and leaves two of the same floating type alone. `numbers`
    tells where `function` takes Python numbers beside a tensor: "second" or "both".
    """

    def eager(x1: Any, x2: Any) -> Any:
        return function(*prepare(x1, x2))

    eager.__name__ = eager.__qualname__ = name
    eager.__doc__ = doc
    slow = op(class_name, module=module, tensors=2)(eager)
    direct, one, both = prepare is promote, bool(numbers), numbers == "both"

    @functools.wraps(eager)
    def public(x1: Any, x2: Any) -> Any:
        if type(x1) is Tensor:
            kind = x1.dtype
            if type(x2) is Tensor:
                if x2.dtype is kind and (direct or kind in _FLOATS):
                    try:
                        return function(x1, x2)
                    except NotImplementedError:  # the slow way knows what to do
                        pass
            elif takes_number(kind, x2) and (direct or (one and kind in _FLOATS)):
                return function(x1, x2 if one else scalar(x2, kind, x1.device))
        elif type(x2) is Tensor:
            kind = x2.dtype
            if takes_number(kind, x1) and (direct or (both and kind in _FLOATS)):
                return function(x1 if both else scalar(x1, kind, x2.device), x2)
        return slow(x1, x2)

    public.node = slow.node  # type: ignore[attr-defined]
    return public
