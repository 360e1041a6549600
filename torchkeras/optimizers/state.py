"""What an optimizer keeps: its variables, in Keras's order and in torch's `state_dict`."""

import inspect
import re
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np
import torch

from torchkeras._base import scope
from torchkeras._base.check import received
from torchkeras._base.legacy import warn_user
from torchkeras.core.dtypes import standardize_dtype, torch_dtype
from torchkeras.core.registry import INITIALIZERS
from torchkeras.core.tensor import convert_to_numpy, convert_to_tensor
from torchkeras.core.variable import Variable
from torchkeras.optimizers.rate import Rate

_CONSTANTS = {"zeros": 0.0, "ones": 1.0}

# torch wraps these so that a first call imports torch._dynamo, which takes a second.
_torch_state_dict = inspect.unwrap(torch.optim.Optimizer.state_dict)
_torch_load_state_dict = inspect.unwrap(torch.optim.Optimizer.load_state_dict)


class OptimizerState(Rate, torch.optim.Optimizer):
    """The part of an optimizer that makes, lists, saves and restores its variables.

    Slots (a variable's momentum and the like) are `Variable`s, and in `state[p][name]`, where
    torch users look, the same memory as plain tensors.
    """

    name: str
    built: bool
    _variables: list[Variable]
    _trainable_variables: list[torch.Tensor]
    _index: dict[int, int]
    _names: dict[torch.Tensor, str]
    _iterations: Variable
    _slots: dict[str, dict[int, Variable]]
    _plans: dict[Any, Any]

    @property
    def variables(self) -> list[Variable]:
        """All variables in Keras's order: iteration, learning rate, slots."""
        return list(self._variables)

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str | None = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Make a variable of the optimizer that belongs to no variable of the model.

        Args:
            shape: Its shape.
            initializer: Name, or `(shape, dtype) -> tensor`.
            dtype: Default `floatx()`.
            aggregation: How replicas combine.
            layout: Its sharding layout, kept for `keras.distribution`.
            name: Its name.
        """
        with scope.scoped(names=(self.name,)):
            made = Variable(
                _initializer(initializer), shape=tuple(shape), dtype=dtype, trainable=False,
                aggregation=aggregation, name=name, layout=layout,
            )  # fmt: skip
        if self._trainable_variables and made.device != self._trainable_variables[0].device:
            made.data = made.data.to(self._trainable_variables[0].device)
        self._variables.append(made)
        return made

    def add_variable_from_reference(
        self, reference_variable: torch.Tensor, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Make a variable of the same shape, dtype and layout as one of the model.

        Args:
            reference_variable: Variable of the model.
            name: End of its name; the reference's path comes before it. Default `"var"`.
            initializer: Name, or `(shape, dtype) -> tensor`.
        """
        name = name or "var"
        value = torch.empty_like(reference_variable, requires_grad=False)
        made = _initializer(initializer)(tuple(value.shape), dtype=standardize_dtype(value.dtype))
        value.copy_(convert_to_tensor(made))
        with scope.scoped(names=(self.name,)):
            slot = Variable(
                value,
                trainable=False,
                name=f"{self._label(reference_variable)}_{name}",
                layout=getattr(reference_variable, "_layout", None),
            )
        if slot.device != value.device:
            slot.data = value
        self._variables.append(slot)
        index = self._index.get(id(reference_variable))
        if index is not None:
            self._slots.setdefault(name, {})[index] = slot
            self.state[reference_variable][name] = slot.detach()
            self._plans.clear()
        return slot

    def add_optimizer_variables(
        self,
        trainable_variables: Sequence[torch.Tensor],
        name: str | Sequence[str],
        initializer: Any = "zeros",
    ) -> Any:
        """Make one variable (or several) for each variable of the model.

        Args:
            trainable_variables: Variables of the model. For one that takes its gradient as
                its value, None stands in the result.
            name: End of the names; a list of names makes as many variables of each.
            initializer: One for all names, or one for each.

        Returns:
            A list as long as `trainable_variables`; for a list of names a tuple of such lists.
        """
        names = [name] if isinstance(name, str) else list(name)
        several = isinstance(initializer, (list, tuple))
        initializers = list(initializer) if several else [initializer] * len(names)
        made: tuple[list[Variable | None], ...] = tuple([] for _ in names)
        for variable in trainable_variables:
            for slots, name_, initializer_ in zip(made, names, initializers, strict=True):
                if getattr(variable, "overwrite_with_gradient", False):
                    slots.append(None)
                else:
                    slot = self.add_variable_from_reference(variable, name_, initializer_)
                    slots.append(slot)
        return made[0] if isinstance(name, str) else made

    def _label(self, variable: torch.Tensor) -> str:
        path = self._names.get(variable) or getattr(variable, "path", None)
        if path is None:  # a plain torch parameter has no name
            path = f"variable_{self._index.get(id(variable), '')}".rstrip("_")
        return re.sub(r"[/.]", "_", path)

    def stateless_apply(
        self,
        optimizer_variables: Sequence[torch.Tensor],
        grads: Sequence[Any],
        trainable_variables: Sequence[torch.Tensor],
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Compute a step from values given, and change nothing.

        Args:
            optimizer_variables: Values of `variables`.
            grads: Gradients.
            trainable_variables: Values of the variables that the optimizer was built with.

        Returns:
            New values of the trainable variables, and of the optimizer's.

        Raises:
            ValueError: if the optimizer is not built, or a list has another length.
        """
        owner = type(self).__name__
        if not self.built:
            raise ValueError(
                f"{owner}: stateless_apply() needs a built optimizer; call "
                "build(trainable_variables) first. Received: built=False."
            )
        for name, given, own in (
            ("optimizer_variables", optimizer_variables, self.variables),
            ("trainable_variables", trainable_variables, self._trainable_variables),
        ):
            if len(given) != len(own):
                raise ValueError(
                    f"{owner}: {name} must have {len(own)} entries. Received: {len(given)} entries."
                )
        own = [*self._trainable_variables, *self.variables]
        before = [v.detach().clone() for v in own]
        try:
            with torch.no_grad():
                for v, value in zip(own, [*trainable_variables, *optimizer_variables], strict=True):
                    v.copy_(convert_to_tensor(value))
            self.apply(grads, self._trainable_variables)
            after = [v.detach().clone() for v in own]
        finally:
            with torch.no_grad():
                for v, value in zip(own, before, strict=True):
                    v.copy_(value)
        n = len(self._trainable_variables)
        return after[:n], after[n:]

    # ------------------------------------------------------------------------- Keras's files

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all variables from a list of arrays in the order of `variables`.

        Raises:
            ValueError: if the optimizer is not built, or a shape differs; nothing is set then.
        """
        if not self.built:
            raise ValueError(
                f"{type(self).__name__}: set_weights() needs a built optimizer; call "
                "build(trainable_variables) first. Received: built=False."
            )
        variables = self.variables
        if len(weights) != len(variables):
            raise ValueError(
                f"{type(self).__name__}: weights must be {len(variables)} arrays. "
                f"Received: {len(weights)} arrays."
            )
        self._assign_all(variables, weights)

    def _assign_all(self, variables: Sequence[Variable], values: Sequence[Any]) -> None:
        for variable, value in zip(variables, values, strict=True):
            if tuple(np.shape(value)) != tuple(variable.shape):
                raise ValueError(
                    f"{variable.path}: the value's shape must be {tuple(variable.shape)}. "
                    f"Received: shape={tuple(np.shape(value))}."
                )
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Write all variables into a mapping, under `"0"`, `"1"`, …"""
        for i, variable in enumerate(self.variables):
            store[str(i)] = convert_to_numpy(variable)

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Set all variables from a mapping; one of another number is skipped with a warning."""
        variables = self.variables
        if len(store) != len(variables):
            warn_user(
                f"Skipping variable loading for optimizer {self.name!r}, because it has "
                f"{len(variables)} variables whereas the saved optimizer has {len(store)} "
                "variables.",
                UserWarning,
            )
            return
        self._assign_all(variables, [store[str(i)] for i in range(len(variables))])

    # ------------------------------------------------------------------------- torch's files

    def state_dict(self) -> dict[str, Any]:
        """Return torch's state dict: slots by parameter, param groups, and the step count."""
        found = _torch_state_dict(self)
        found["variables"] = [v.detach() for v in self._loose_variables()]
        for group in found["param_groups"]:  # kept too by tools that know only of the groups
            group["iteration"] = self._iterations.item()
        return found

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` gave, into the variables that there are.

        Raises:
            ValueError: if the optimizer is not built, or the groups or slots differ.
        """
        if not self.built:
            raise ValueError(
                f"{type(self).__name__}: load_state_dict() needs a built optimizer; call "
                "build(variables) first. Received: built=False."
            )
        self._check_state_dict(state_dict)
        _torch_load_state_dict(self, state_dict)
        count = next((g["iteration"] for g in self.param_groups if "iteration" in g), None)
        for group in self.param_groups:
            group.pop("iteration", None)
        for name, of in self._slots.items():
            for index, slot in of.items():
                slot.assign(self.state[self._trainable_variables[index]][name])
        for variable, value in zip(
            self._loose_variables(), state_dict.get("variables", ()), strict=False
        ):
            variable.assign(value)
        if count is not None:
            self._iterations.assign(count)
        self._relink()

    def _loose_variables(self) -> list[Variable]:
        """Return the variables that belong to no parameter; the rate stands in the groups."""
        slots = {id(slot) for of in self._slots.values() for slot in of.values()}
        return [v for v in self._variables if id(v) not in slots and v.name != "learning_rate"]

    def _check_state_dict(self, state_dict: dict[str, Any]) -> None:
        known = {name for name, of in self._slots.items() if of}
        for key, entries in state_dict["state"].items():
            for name, value in entries.items() if isinstance(entries, dict) else ():
                slot = self._slots.get(name, {}).get(key)
                if slot is None or tuple(value.shape) != tuple(slot.shape):
                    raise ValueError(
                        f"{type(self).__name__}: the state of a parameter must be "
                        f"{sorted(known)} in its shape. "
                        f"{received(f'state[{key!r}][{name!r}]', tuple(value.shape))}"
                    )
        wanted = {i for of in self._slots.values() for i in of}
        if not wanted <= set(state_dict["state"]):
            raise ValueError(
                f"{type(self).__name__}: the state dict must hold {len(wanted)} parameters' state. "
                f"Received: that of {len(state_dict['state'])}."
            )

    def _relink(self) -> None:
        """Let `state` show the slots' memory again."""
        for name, of in self._slots.items():
            for index, slot in of.items():
                self.state[self._trainable_variables[index]][name] = slot.detach()
        self._plans.clear()

    def __getstate__(self) -> dict[str, Any]:
        self._sync_rate()
        # A torch scheduler hangs a wrapped `step` on the object: it belongs to that scheduler.
        return {k: v for k, v in self.__dict__.items() if k not in ("step", "_plans")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "_slots" in state:  # a copy, where torch's load_state_dict calls with a part
            self._plans = {}
            self._index = {id(p): i for i, p in enumerate(self._trainable_variables)}
            self._relink()
            if self._rate is not None:  # whose copy counts its versions anew
                self._mark_rate(self.param_groups[0]["lr"])


def _initializer(given: Any) -> Callable[..., torch.Tensor]:
    if isinstance(given, str) and given in _CONSTANTS:
        return Constant(_CONSTANTS[given])
    return INITIALIZERS.get(given) if isinstance(given, (str, dict)) else given


class Constant:
    """An initializer that fills with one value."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> torch.Tensor:
        return torch.full(tuple(shape), self.value, dtype=torch_dtype(dtype))
