"""StatelessScope: variables read and written beside their memory."""

from collections.abc import Iterable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from torchkeras._base import scope
from torchkeras._base.check import received
from torchkeras.core import nest
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.core.variable import Variable

_VALUES = ("data", "T", "mT", "H", "mH", "real", "imag")


class StatelessScope(TorchFunctionMode):
    """Give variables other values within a `with` block, and keep all updates out of them.

    Every torch function, op and layer reads a variable's value from the scope. An update goes
    there as well, whether by `assign` or by a torch function in place. Gradients reach the given
    values, so that a layer becomes a pure function of its weights.

    Args:
        state_mapping: `(variable, value)` pairs.
        collect_losses: Whether losses that layers add go to `losses` of the scope.
        initialize_variables: Kept as Keras does; variables have their memory at once here.

    Raises:
        ValueError: for a key that is no Variable, or a value of another shape.

    >>> import torch, torchkeras as keras
    >>> v = keras.Variable([1.0, 2.0], name="v")
    >>> with keras.StatelessScope([(v, torch.ones(2))]) as scope:
    ...     _ = v.assign(v + 4)
    >>> scope.get_current_value(v), v.numpy()
    (tensor([5., 5.]), array([1., 2.], dtype=float32))
    """

    def __init__(
        self,
        state_mapping: Iterable[tuple[Variable, Any]] | None = None,
        collect_losses: bool = False,
        initialize_variables: bool = True,
    ) -> None:
        super().__init__()
        self.collect_losses = collect_losses
        self.initialize_variables = initialize_variables
        self.losses: list[Any] = []
        self.state_mapping: dict[int, torch.Tensor] = {}
        # A copy that a torch function may write on, and the count of writes that it had then.
        self._copies: dict[int, tuple[torch.Tensor, int]] = {}
        self._owned: set[int] = set()  # variables whose value here is a copy already
        self._variables: list[Variable] = []  # keeps their ids their own
        for variable, value in state_mapping or ():
            if not isinstance(variable, Variable):
                raise ValueError(
                    "StatelessScope: the first of each pair in state_mapping must be a Variable. "
                    f"{received('variable', variable)}"
                )
            value = convert_to_tensor(value, variable.dtype)
            if value.shape != variable.shape:
                raise ValueError(
                    f"StatelessScope: the value of {variable.path} must have the shape "
                    f"{tuple(variable.shape)}. Received: shape={tuple(value.shape)}."
                )
            self.write(variable, value)

    def write(self, variable: Variable, value: torch.Tensor) -> None:
        """Set a variable's value in the scope."""
        self._variables.append(variable)
        self._copies.pop(id(variable), None)
        self._owned.discard(id(variable))
        self.state_mapping[id(variable)] = value

    def read(self, variable: Variable) -> torch.Tensor:
        """Return a variable's value in the scope; one without is the variable itself."""
        value = self.state_mapping.get(id(variable))
        if value is not None:
            return value
        copy = self._copies.get(id(variable))
        return variable if copy is None else copy[0]

    def add_update(self, update: tuple[Variable, Any]) -> None:
        """Set a variable's value, from a `(variable, value)` pair."""
        variable, value = update
        self.write(variable, convert_to_tensor(value, variable.dtype))

    def add_loss(self, loss: Any) -> None:
        """Note a loss."""
        self.losses.append(loss)

    def get_current_value(self, variable: Variable) -> torch.Tensor | None:
        """Return a variable's value in the scope, or None if it was neither given nor updated."""
        if id(variable) in self.state_mapping:
            return self.state_mapping[id(variable)]
        copy, writes = self._copies.get(id(variable), (None, 0))
        return copy if copy is not None and copy._version > writes else None

    def _for_call(self, variable: Any, in_place: bool) -> Any:
        """Return what a torch function gets for a variable: no memory but the scope's to write on.

        Functions that do not say so (batch_norm) write as well, on what is not trained.
        """
        key = id(variable)
        value = self.state_mapping.get(key)
        if variable.requires_grad and not in_place:
            return variable if value is None else value
        if value is not None:
            if key not in self._owned:
                self.write(variable, value.clone())
                self._owned.add(key)
        elif key not in self._copies:
            with torch._C.DisableTorchFunction():
                copy = variable.as_subclass(torch.Tensor).detach().clone()
            self._variables.append(variable)
            self._copies[key] = (copy, copy._version)
        return self.read(variable)

    def __enter__(self) -> "StatelessScope":
        self._before = scope.state.stateless
        scope.state.stateless = self
        super().__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        scope.state.stateless = self._before

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "__get__":  # of a property: a few give the values
            name = getattr(func.__self__, "__name__", "")
            known = name in _VALUES
        else:
            known = True
        if scope.state.stateless is not self or not known:
            return func(*args, **kwargs)
        in_place = name == "data" or (name.endswith("_") and not name.endswith("__"))
        args, kwargs = nest.map_structure(
            lambda x: self._for_call(x, in_place) if isinstance(x, Variable) else x,
            (list(args), kwargs),
        )
        return func(*args, **kwargs)


class SymbolicScope:
    """Mark a `with` block as the symbolic stage, for code that asks `in_symbolic_scope`.

    >>> import torchkeras as keras
    >>> with keras.SymbolicScope():
    ...     keras.Input((2,)).shape
    (None, 2)
    """

    def __enter__(self) -> "SymbolicScope":
        self._before = scope.state.symbolic
        scope.state.symbolic = True
        return self

    def __exit__(self, *exc: object) -> None:
        scope.state.symbolic = self._before
