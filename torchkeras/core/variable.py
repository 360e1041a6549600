"""Variable: a torch Parameter with Keras's name, path, constraint and regularizer."""

import inspect
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from torchkeras._base import naming, scope
from torchkeras._base.check import one_of, received
from torchkeras.core import dtypes
from torchkeras.core.registry import INITIALIZERS
from torchkeras.core.tensor import convert_to_numpy, convert_to_tensor, get_device

_AGGREGATIONS = (None, "none", "mean", "sum", "only_first_replica")
_PARAMETER = torch.nn.Parameter.__new__.__code__
_KEPT = (
    "_name", "path", "autocast", "aggregation", "synchronization", "initializer",
    "_trainable", "_learned", "_stamp", "constraint", "regularizer", "overwrite_with_gradient",
    "_layout",
)  # fmt: skip
# What NumPy asks for when torch cannot compute `variable * array` and the like by itself.
_OPERATORS = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.divide: operator.truediv,
    np.floor_divide: operator.floordiv,
    np.remainder: operator.mod,
    np.power: operator.pow,
    np.matmul: operator.matmul,
    np.less: operator.lt,
    np.less_equal: operator.le,
    np.greater: operator.gt,
    np.greater_equal: operator.ge,
    np.equal: operator.eq,
    np.not_equal: operator.ne,
}


def _checked(name: str, allowed: Callable[[Any], bool], what: str, error: type) -> property:
    """Make an attribute of a Variable that takes certain values only."""
    place = f"_{name}"

    def write(self: "Variable", value: Any) -> None:
        if not (allowed(value) or (value is None and error is ValueError)):
            raise error(f"Variable {self.path}: {name} must be {what}. {received(name, value)}")
        self.__dict__[place] = value

    return property(operator.attrgetter(place), write)


class Variable(torch.nn.Parameter):
    """A tensor that a model owns: a `torch.nn.Parameter` under its Keras name.

    Every torch function takes it and gives back plain tensors.

    Args:
        initializer: Value (array, tensor, number), a callable `(shape, dtype) -> tensor`, or the
            name of an initializer.
        shape: Needed with an initializer that is no value.
        dtype: Default `floatx()` for a callable, else that of the value.
        trainable: Whether an optimizer changes it; equals `requires_grad` for float types.
        autocast: Whether a mixed-precision layer reads it in its compute dtype.
        aggregation: How replicas combine: `"none"`, `"mean"`, `"sum"`, `"only_first_replica"`.
        synchronization: Kept as Keras does; torch has no use for it.
        name: Default `variable`, `variable_1`, ….
        layout: Sharding layout, kept for `keras.distribution`.

    >>> v = Variable([1.0, 2.0], name="w")
    >>> v.assign([3.0, 4.0])
    <Variable path=w, shape=(2,), dtype=float32, value=[3. 4.]>
    >>> (v * 2).sum()
    tensor(14., grad_fn=<SumBackward0>)
    """

    _layout: Any = None
    _stamp: int | None = None  # when a layer first got it; see core.tracking

    # An op on a subclass asks Python each time; without this it costs what it costs a Parameter.
    __torch_function__ = torch._C._disabled_torch_function_impl

    def __new__(
        cls,
        initializer: Any,
        shape: Sequence[int] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str | None = "none",
        synchronization: str | None = "auto",
        name: str | None = None,
        layout: Any = None,
        *,
        order: Sequence[int] | None = None,
    ) -> "Variable":
        name = name or naming.auto_name(cls.__name__)
        if not isinstance(name, str) or "/" in name:
            raise ValueError(
                f"Variable: name must be a string without '/'. Received: name={name!r}."
            )
        one_of("Variable", "aggregation", aggregation, _AGGREGATIONS)
        if isinstance(initializer, str):
            initializer = INITIALIZERS.get(initializer)
        if callable(initializer):
            if shape is None:
                raise ValueError(
                    "Variable: a callable initializer needs a shape. "
                    f"Received: initializer={initializer}, shape=None."
                )
            if None in shape:
                raise ValueError(
                    "Variable: all sizes of a shape must be known; inputs of an open size may have "
                    f"made this one. {received('shape', tuple(shape))}"
                )
            name_ = dtypes.standardize_dtype(dtype)
            loading = scope.state.allocation
            if loading is None:
                value = convert_to_tensor(initializer(tuple(shape), dtype=name_), dtype=name_)
            else:
                first = loading.reserve(initializer, tuple(shape), name_)
                value = convert_to_tensor(first, dtype=name_)
        else:
            value = convert_to_tensor(initializer, dtype)
            if isinstance(initializer, (torch.Tensor, np.ndarray)):
                value = value.detach().clone()  # a variable owns its memory
        device = get_device()
        if device != "cpu":
            value = value.to(device)
        if order is not None:
            value = _reorder(value, order)
        self = _make(cls, value, trainable)
        self._name = name
        self.path = "/".join((*scope.state.names, name))
        self.autocast = bool(autocast)
        self.aggregation = aggregation
        self.synchronization = synchronization
        self.initializer = initializer if callable(initializer) else None
        self.constraint = self.regularizer = None
        self.overwrite_with_gradient = False
        self._layout = layout
        if self.initializer is not None and scope.state.allocation is not None:
            scope.state.allocation.created(self)
        return self

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass  # all is done in __new__, where a tensor subclass gets its memory

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        self._name = value

    @property
    def trainable(self) -> bool:
        """Whether an optimizer changes it: for floats, whether it requires gradients."""
        if self.is_floating_point() or self.is_complex():
            return self.requires_grad
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        if self.is_floating_point() or self.is_complex():
            self.requires_grad_(self._trainable)

    constraint = _checked("constraint", callable, "None or a function", ValueError)
    regularizer = _checked("regularizer", callable, "None or a function", ValueError)
    overwrite_with_gradient = _checked(
        "overwrite_with_gradient", lambda value: isinstance(value, bool), "a bool", TypeError
    )

    @property
    def value(self) -> "Variable":
        """The variable itself: it is its own tensor. (In a StatelessScope, its value there.)"""
        stateless = scope.state.stateless
        return self if stateless is None else stateless.read(self)

    def assign(self, value: Any) -> "Variable":
        """Copy `value` into the variable, in place; shapes must be equal."""
        value = convert_to_tensor(value, None if isinstance(value, torch.Tensor) else self.dtype)
        if value.shape != self.shape:
            raise ValueError(
                f"Variable {self.path}: the value's shape must be {tuple(self.shape)}. "
                f"Received: shape={tuple(value.shape)}."
            )
        return self._change(torch.Tensor.copy_, lambda _, new: new.to(self.dtype), value)

    def assign_add(self, value: Any) -> "Variable":
        """Add `value` in place."""
        return self._change(torch.Tensor.add_, torch.add, _operand(value))

    def assign_sub(self, value: Any) -> "Variable":
        """Subtract `value` in place."""
        return self._change(torch.Tensor.sub_, torch.sub, _operand(value))

    def _change(self, in_place: Any, pure: Any, value: Any) -> "Variable":
        stateless = scope.state.stateless
        if stateless is not None:
            stateless.write(self, pure(stateless.read(self), value))
            return stateless.read(self)
        with torch.no_grad():
            in_place(self, value)
        return self

    def detach(self) -> torch.Tensor:  # type: ignore[override]
        """Return the value as a plain tensor that shares memory, outside of autograd."""
        value = torch.Tensor.detach(self)
        if sys._getframe(1).f_code is _PARAMETER:
            # torch.nn.Parameter(variable), as in parametrizations: it insists on the same type.
            return self.around(value)
        return value

    def numpy(self) -> np.ndarray:  # type: ignore[override]
        """Return a copy of the value as a numpy array: later steps do not change it."""
        return np.array(convert_to_numpy(self))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        value = convert_to_numpy(self)
        if copy is False:
            return np.array(value, dtype, copy=False)
        return np.array(value, dtype)

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Let NumPy's functions compute with the value: `np.mean(v)`, `np.concatenate([v, w])`."""
        return function(*_arrays(args), **_arrays(kwargs))

    def __array_ufunc__(self, function: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        """Let `v * array` give a tensor with gradients, `array * v` and `np.sqrt(v)` an array."""
        if function in _OPERATORS and method == "__call__" and not kwargs and args[0] is self:
            other = convert_to_tensor(np.asarray(args[1])).to(self.device)
            if function is np.matmul:  # torch's takes one dtype only
                other = other.to(self.dtype)
            return _OPERATORS[function](self, other)
        return getattr(function, method)(*_arrays(args), **_arrays(kwargs))

    def __round__(self, ndigits: int | None = None) -> torch.Tensor:
        return torch.round(self, decimals=ndigits or 0)

    def __repr__(self) -> str:  # type: ignore[override]
        text = f"path={self.path}, shape={tuple(self.shape)}, "
        text += f"dtype={dtypes.standardize_dtype(self.dtype)}"
        if self.device.type == "meta":
            return f"<Variable {text}>"
        return f"<Variable {text}, value={convert_to_numpy(self)}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> "Variable":
        if id(self) not in memo:
            value = self.detach().clone(memory_format=torch.preserve_format)
            memo[id(self)] = _rebuild(type(self), value, self._state())
        return memo[id(self)]

    def __reduce_ex__(self, protocol: int) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.detach(), self._state())

    def around(self, value: torch.Tensor) -> "Variable":
        """Return a variable with this one's name and attributes around another tensor."""
        return _rebuild(type(self), value, self._state())

    def _state(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _KEPT} | {"_trainable": self.trainable}


Variable.__init__.__signature__ = inspect.signature(Variable.__new__)  # type: ignore[attr-defined]


def _arrays(x: Any) -> Any:
    """Return arguments of a NumPy function with arrays in place of variables."""
    if isinstance(x, (list, tuple)):
        return type(x)(map(_arrays, x))
    if isinstance(x, dict):
        return {k: _arrays(v) for k, v in x.items()}
    return np.asarray(x) if isinstance(x, Variable) else x


def _operand(value: Any) -> Any:
    return value if isinstance(value, (int, float)) else convert_to_tensor(value)


def _reorder(value: torch.Tensor, order: Sequence[int]) -> torch.Tensor:
    """Lay out memory with the dimensions of `value` in `order`, outermost first."""
    stored = value.permute(*order).contiguous()
    return stored.permute(*sorted(range(len(order)), key=order.__getitem__))


def _make(cls: type[Variable], value: torch.Tensor, trainable: bool) -> Variable:
    differentiable = value.is_floating_point() or value.is_complex()
    with torch.no_grad():
        self = torch.Tensor._make_subclass(cls, value.detach(), bool(trainable) and differentiable)
    self._trainable = bool(trainable)
    self._learned = bool(trainable)  # as created: state variables sit among a module's buffers
    return self


def _rebuild(cls: type[Variable], value: torch.Tensor, state: dict[str, Any]) -> Variable:
    self = _make(cls, value, state["_trainable"])
    for name, entry in state.items():
        setattr(self, name, entry)
    return self
