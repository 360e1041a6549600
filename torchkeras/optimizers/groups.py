"""Which variables an optimizer has, in which param groups, and how a step finds them."""

import inspect
import re
from collections.abc import Hashable, Iterable
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.optimizers.plan import Plan, kind, make_plan
from torchkeras.optimizers.state import OptimizerState

# As in state.py: torch's wrapper would import torch._dynamo.
_torch_add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)


class Groups(OptimizerState):
    """The part of an optimizer that takes variables in."""

    use_ema: bool
    gradient_accumulation_steps: int | None
    _per_variable: bool
    _undecayed: list[torch.Tensor]
    _undecayed_names: list[str]

    def build(self, variables: Iterable[Any]) -> None:
        """Take the variables to train and make the slots; a second call does nothing.

        Args:
            variables: Variables or torch parameters, also as `(name, parameter)` pairs or as
                param groups (dicts with `"params"`, and `"lr"` or `"weight_decay"`).
        """
        if self.built:
            return
        variables = list(variables)
        groups = [e for e in variables if isinstance(e, dict)]
        loose = self._named([e for e in variables if not isinstance(e, dict)])
        groups = [{**g, "params": self._named(g["params"])} for g in groups]
        first = self.param_groups[0]
        if groups and not loose and not first["params"]:
            for group in groups:
                group.setdefault("lr", first["lr"])
            first.update(groups.pop(0))  # the same dict: a scheduler may hold it
        known = {id(p) for g in self.param_groups for p in g["params"]}
        first["params"] = [*first["params"], *(p for p in loose if id(p) not in known)]
        for group in groups:
            self._add_group(group)
        self.built = True
        self._extend([p for group in self.param_groups for p in group["params"]])

    def _named(self, entries: Any) -> list[torch.Tensor]:
        """Return the tensors among parameters or pairs, each once, and keep the names."""
        found: dict[int, torch.Tensor] = {}
        names: dict[torch.Tensor, str] = {}
        for entry in [entries] if isinstance(entries, torch.Tensor) else entries:
            name, p = entry if isinstance(entry, tuple) else (None, entry)
            if not isinstance(p, torch.Tensor):
                raise TypeError(
                    f"{type(self).__name__}: variables must be Variables or torch parameters. "
                    f"{received('variable', p)}"
                )
            found[id(p)] = p
            if name is not None:
                names[p] = name
        self._names |= names
        return list(found.values())

    def _add_group(self, group: dict[str, Any]) -> None:
        if self.param_groups:
            group.setdefault("lr", self.param_groups[0]["lr"])
        _torch_add_param_group(self, group)

    def _extend(self, new: list[torch.Tensor]) -> None:
        """Make the slots for variables that come in."""
        self._trainable_variables = [*self._trainable_variables, *new]
        self._index = {id(p): i for i, p in enumerate(self._trainable_variables)}
        if self.use_ema:
            self.add_optimizer_variables(new, "average")
        if self.gradient_accumulation_steps:
            for v in new:  # also for those that take their gradient as value
                self.add_variable_from_reference(v, "gradient_accumulator")
        self._add_slots(new)
        self._plans.clear()

    def _add_slots(self, variables: list[torch.Tensor]) -> None:
        """Make the slots of a method of ours for these variables."""

    def _sort(self, variable: torch.Tensor) -> Hashable:
        """Return what tells the variables apart that the method treats differently."""
        return None

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add torch's param group, with its own `"lr"` and `"weight_decay"` if it has them.

        A learning rate set later keeps the group's ratio to the first one.

        Raises:
            ValueError: if a class of your own has built its slots already.
        """
        if self.built and self._per_variable:
            raise ValueError(
                f"{type(self).__name__}: add_param_group() must come before build(), which makes "
                "the slots. Received: built=True."
            )
        self._add_group({**param_group, "params": self._named(param_group["params"])})
        if self.built:
            self._extend(self.param_groups[-1]["params"])

    def _follow(self) -> bool:
        """Bring slots to the device, dtype and layout of their variables, if those have changed."""
        changed = False
        for of in self._slots.values():
            for i, slot in of.items():
                p = self._trainable_variables[i]
                if (slot.stride(), slot.dtype, slot.device) != kind(p):
                    slot.data = torch.empty_like(p, requires_grad=False).copy_(slot.data)
                    changed = True
        if changed:
            self._relink()
        return changed

    def _get_variable_index(self, variable: torch.Tensor) -> int:
        """Return the place of a variable in the list that the optimizer was built with."""
        index = self._index.get(id(variable))
        if index is None:
            raise ValueError(
                f"{type(self).__name__}: unknown variable. The optimizer takes the variables that "
                "it was built with; make a new optimizer for others. Received: "
                f"{getattr(variable, 'path', type(variable).__name__)}, "
                f"shape={tuple(getattr(variable, 'shape', ()))}."
            )
        return index

    def _plan(self, indices: tuple[int, ...] | None = None) -> Plan:
        """Return the plan of a step of these variables (default all), from the cache if it can."""
        if indices is not None and len(indices) == len(self._trainable_variables):
            indices = None
        if indices in self._plans:
            return self._plans[indices]
        if not self.built:
            raise ValueError(
                f"{type(self).__name__}: step() needs a built optimizer; call build(variables) "
                "first. Received: built=False."
            )
        if len(self._plans) > 64 + len(self._trainable_variables):
            self._plans.clear()
        self._follow()
        plan = make_plan(
            self._trainable_variables,
            range(len(self._trainable_variables)) if indices is None else indices,
            self.param_groups,
            self._slots,
            self._use_weight_decay,
            self._sort,
        )
        if self.gradient_accumulation_steps:
            of = self._slots["gradient_accumulator"]
            plan.accumulators = [of[i].detach() for i in plan.order]
        if self.use_ema:
            of = self._slots.get("average", {})
            kept = [(p, of[i]) for p, i in zip(plan.params, plan.order, strict=True) if i in of]
            plan.averaged = [p for p, _ in kept], [a.detach() for _, a in kept]
        self._plans[indices] = plan
        return plan

    @property
    def weight_decay(self) -> float | None:
        """Weight decay of the first param group; setting it sets that of all."""
        return self.param_groups[0]["weight_decay"]

    @weight_decay.setter
    def weight_decay(self, value: float | None) -> None:
        for group in self.param_groups:
            group["weight_decay"] = value

    def exclude_from_weight_decay(
        self,
        var_list: Iterable[torch.Tensor] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Take variables out of weight decay.

        Args:
            var_list: Variables.
            var_names: Regular expressions; a variable whose name has a match is taken out.
        """
        self._undecayed += var_list or ()
        self._undecayed_names += var_names or ()
        self._plans.clear()

    def _use_weight_decay(self, variable: torch.Tensor) -> bool:
        if any(v is variable for v in self._undecayed):
            return False
        name = self._names.get(variable) or getattr(variable, "name", None) or ""
        return not any(re.search(pattern, name) for pattern in self._undecayed_names)
