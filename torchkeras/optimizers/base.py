"""Optimizer: Keras's protocol on a torch optimizer, with all that the methods have in common."""

import difflib
import functools
import inspect
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypedDict

import torch
from torch.optim import optimizer as _torch

from torchkeras._base import naming, scope
from torchkeras._base.check import received
from torchkeras.core.configurable import Configurable
from torchkeras.core.serialize import deserialize_keras_object
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.core.variable import Variable
from torchkeras.optimizers.clip import clip_by_global_norm, clip_by_norm, clip_by_value
from torchkeras.optimizers.plan import Batch, Plan, Tensors, dense_strides, fit, make_plan
from torchkeras.optimizers.rate import Rate
from torchkeras.optimizers.state import OptimizerState

# As in state.py: torch's wrapper would import torch._dynamo.
_torch_add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)


class Options(TypedDict, total=False):
    """The arguments that all optimizers share; `Optimizer` describes them."""

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


def with_options(init: Callable[..., None]) -> Callable[..., None]:
    """Show the shared arguments in the signature of an `__init__` that ends with `**options`."""
    own = inspect.signature(init)
    shared = inspect.signature(Optimizer.__init__).parameters.values()
    given = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
    more = [
        p.replace(kind=p.KEYWORD_ONLY)
        for p in shared
        if p.name not in own.parameters and p.kind is not p.VAR_KEYWORD
    ]
    rest = [p for p in shared if p.kind is p.VAR_KEYWORD]
    init.__signature__ = own.replace(parameters=[*given, *more, *rest])  # type: ignore[attr-defined]
    return init


class Optimizer(Rate, OptimizerState, Configurable):
    """Base of all optimizers; itself a `torch.optim.Optimizer` that gets its variables late.

    A subclass of your own writes `build(variables)`, which makes its slots, and
    `update_step(gradient, variable, learning_rate)`.

    Args:
        learning_rate: Number, schedule, or callable that returns a number.
        weight_decay: Share of each variable, times the learning rate, taken off at each step.
        clipnorm: Highest norm of each single gradient.
        clipvalue: Highest absolute value of an entry of a gradient.
        global_clipnorm: Highest norm of all gradients together.
        use_ema: Whether to keep the moving average of the variables.
        ema_momentum: Its momentum: `average = momentum * average + (1 - momentum) * variable`.
        ema_overwrite_frequency: Number of steps after which the variables become their average;
            None: at the end of training (`finalize_variable_values`).
        loss_scale_factor: Factor of the loss (`scale_loss`), taken out of the gradients again.
        gradient_accumulation_steps: Number of calls that make one update, of their mean gradient.
        name: Name; default the class's in snake case.

    Raises:
        ValueError: for an unknown argument, two kinds of clipping, or a value out of range.

    >>> import torch, torchkeras as keras
    >>> layer = torch.nn.Linear(2, 1)
    >>> optimizer = keras.optimizers.Adam(0.01)
    >>> optimizer.build(layer.parameters())
    >>> layer(torch.ones(1, 2)).sum().backward()
    >>> optimizer.step()
    >>> optimizer.iterations
    <Variable path=adam/iteration, shape=(), dtype=int32, value=1>
    """

    _config_root = True
    _per_variable = False  # a user's update_step takes one variable at a time
    _own_apply = False  # a user's apply is what a step goes through
    _fuses_decay = False  # weight decay is part of `_update`

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "_update" in cls.__dict__:
            cls._per_variable = False
        elif "update_step" in cls.__dict__:
            cls._per_variable = True
        if "build" in cls.__dict__:
            cls.build = _with_list(cls.build)  # type: ignore[method-assign]
        if "apply" in cls.__dict__ and not cls.__module__.startswith("torchkeras."):
            cls._own_apply = True

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        owner = type(self).__name__
        if kwargs.pop("decay", None) is not None:
            warnings.warn("Argument `decay` is no longer supported and will be ignored.", stacklevel=2)
        if kwargs:
            raise ValueError(_unknown_argument(type(self), kwargs))
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(f"{owner}: name must be a string without '/'. {received('name', name)}")
        if sum(c is not None for c in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ValueError(
                f"{owner}: only one of clipnorm, clipvalue and global_clipnorm can be set. "
                f"Received: clipnorm={clipnorm}, clipvalue={clipvalue}, "
                f"global_clipnorm={global_clipnorm}."
            )
        if use_ema and not 0 <= ema_momentum <= 1:
            raise ValueError(
                f"{owner}: ema_momentum must be in [0, 1]. {received('ema_momentum', ema_momentum)}"
            )
        if use_ema:
            _at_least(owner, "ema_overwrite_frequency", ema_overwrite_frequency, 1)
        _at_least(owner, "gradient_accumulation_steps", gradient_accumulation_steps, 2)
        self.name = name or naming.auto_name(owner)
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.built = False
        self._trainable_variables: list[torch.Tensor] = []
        self._index: dict[int, int] = {}
        self._names: dict[int, str] = {}
        self._slots: dict[str, dict[int, Variable]] = {}
        self._variables: list[Variable] = []
        self._plans: dict[Any, Plan] = {}
        self._undecayed: set[int] = set()
        self._undecayed_names: list[str] = []
        with scope.scoped(names=(self.name,)):
            self._iterations = Variable(0, dtype="int32", trainable=False, name="iteration")
        self._iterations.data = self._iterations.data.cpu()  # read at each step
        self._variables.append(self._iterations)
        rate = self._init_rate(learning_rate)
        torch.optim.Optimizer.__init__(
            self, [{"params": []}], {"lr": rate, "weight_decay": weight_decay}
        )

    # ------------------------------------------------------------------------- building

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
        known = {id(p) for g in self.param_groups for p in g["params"]}
        first["params"] = [*first["params"], *(p for p in loose if id(p) not in known)]
        for group in groups:
            self._add_group(group)
        self.built = True
        self._extend([p for group in self.param_groups for p in group["params"]])

    def _named(self, entries: Any) -> list[torch.Tensor]:
        """Return the tensors among parameters or pairs, each once, and keep the names."""
        found, names = {}, {}
        for entry in [entries] if isinstance(entries, torch.Tensor) else entries:
            name, p = entry if isinstance(entry, tuple) else (None, entry)
            if not isinstance(p, torch.Tensor):
                raise TypeError(
                    f"{type(self).__name__}: variables must be Variables or torch parameters. "
                    f"{received('variable', p)}"
                )
            found[id(p)] = p
            if name is not None:
                names[id(p)] = name
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
                if (slot.stride(), slot.dtype, slot.device) != (dense_strides(p), p.dtype, p.device):
                    slot.data = torch.empty_like(p, requires_grad=False).copy_(slot.data)
                    changed = True
        if changed:
            self._relink()
        return changed

    # ------------------------------------------------------------------------- weight decay

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
        self._undecayed.update(id(v) for v in var_list or ())
        self._undecayed_names += var_names or ()
        self._plans.clear()

    def _use_weight_decay(self, variable: torch.Tensor) -> bool:
        if id(variable) in self._undecayed:
            return False
        name = self._names.get(id(variable)) or getattr(variable, "name", None) or ""
        return not any(re.search(pattern, name) for pattern in self._undecayed_names)

    # ------------------------------------------------------------------------- a step

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the variables from their `.grad`; variables without one are left as they are.

        Args:
            closure: Called first, with gradients on; its result is returned.
        """
        if (
            self._optimizer_step_pre_hooks
            or self._optimizer_step_post_hooks
            or _torch._global_optimizer_pre_hooks
            or _torch._global_optimizer_post_hooks
            or torch.autograd._profiler_enabled()
        ):
            return _hooked_step(self, closure)
        return self._step(closure)

    # torch would wrap `step` to run hooks and to mark it for the profiler, at 10 µs a call.
    step.hooked = True  # type: ignore[attr-defined]

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        with torch.no_grad():
            plan = self._plans.get(None) or self._plan()
            grads = [p.grad for p in plan.params]
            try:
                usual = [g.stride() for g in grads] == plan.strides
            except (AttributeError, RuntimeError):  # a gradient is None, or sparse
                usual = False
            if not usual:
                plan, grads = self._unusual(plan, grads)
            if not grads:
                return loss
            if self._own_apply:
                self.apply(grads, plan.params)
                return loss
            try:
                self._advance(plan, grads, plan)
            except RuntimeError:
                # The model may have moved to another device or dtype since the last step.
                if not self._follow():
                    raise
                plan = self._plan(tuple(sorted(plan.order)))
                self._advance(plan, grads, plan)
        return loss

    def _unusual(
        self, plan: Plan, grads: Sequence[torch.Tensor | None]
    ) -> tuple[Plan, list[torch.Tensor]]:
        """Return plan and gradients where some are missing, sparse or in another layout."""
        found = {i: g for i, g in zip(plan.order, grads, strict=True) if g is not None}
        missing = [i for i in plan.order if i not in found]
        key = tuple(sorted(found))
        if missing and key not in self._plans:  # once for each set
            self._warn_missing([i for i in missing if self._trainable_variables[i].requires_grad])
        if not found:
            return plan, []
        plan = self._plan(key)
        if [dense_strides(p) for p in plan.params] != plan.strides:
            self._plans.clear()
            plan = self._plan(key)
        return plan, fit(plan, [found[i] for i in plan.order])

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all variables, or set them to zero."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    p.grad = torch.zeros_like(p.grad)

    def apply(
        self,
        grads: Iterable[Any],
        trainable_variables: Iterable[torch.Tensor] | None = None,
    ) -> None:
        """Update variables with the gradients given.

        Args:
            grads: One gradient for each variable; None leaves that variable as it is.
            trainable_variables: Variables; default those of `build`. The first call builds.

        Raises:
            ValueError: for a variable that the optimizer was not built with, another number of
                gradients, a gradient of another shape, or if all gradients are None.
        """
        owner, grads = type(self).__name__, list(grads)
        if not grads:
            return
        if trainable_variables is None:
            if not self.built:
                raise ValueError(
                    f"{owner}: apply(grads) without variables needs a built optimizer; call "
                    "build(trainable_variables) first. Received: built=False."
                )
            variables = self._trainable_variables
        else:
            variables = list(trainable_variables)
            self.build(variables)
        if len(grads) != len(variables):
            raise ValueError(
                f"{owner}: grads must have one entry for each of the {len(variables)} variables. "
                f"Received: {len(grads)} gradients."
            )
        with torch.no_grad():
            found: dict[int, torch.Tensor] = {}
            given = []
            for g, p in zip(grads, variables, strict=True):
                i = self._get_variable_index(p)
                given.append(i)
                if g is not None:
                    g = self._checked(g, p)
                    found[i] = found[i] + g if i in found else g
            if not found:
                raise ValueError(f"{owner}: no gradients provided for any variable.")
            missing = set(given).difference(found)
            if missing:
                self._warn_missing(sorted(missing))
            plan = self._plan(tuple(sorted(found)))
            if [dense_strides(p) for p in plan.params] != plan.strides:
                self._plans.clear()
                plan = self._plan(tuple(sorted(found)))
            every = self._plan(tuple(sorted(set(given)))) if missing else plan
            self._advance(plan, fit(plan, [found[i] for i in plan.order]), every)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, torch.Tensor]]) -> None:
        """Update variables from `(gradient, variable)` pairs; see `apply`."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])

    def _checked(self, grad: Any, p: torch.Tensor) -> torch.Tensor:
        grad = grad.detach() if isinstance(grad, torch.Tensor) else convert_to_tensor(grad)
        if grad.shape != p.shape:
            raise ValueError(
                f"{type(self).__name__}: the gradient's shape must be that of its variable, "
                f"{tuple(p.shape)}. Received: shape={tuple(grad.shape)}."
            )
        return grad

    def _warn_missing(self, indices: Sequence[int]) -> None:
        variables = [self._trainable_variables[i] for i in indices]
        names = [getattr(v, "name", None) or self._label(v) for v in variables]
        if not names:
            return
        warnings.warn(
            f"Gradients do not exist for variables {names} when minimizing the loss. If using "
            "`model.compile()`, did you forget to provide a `loss` argument?",
            stacklevel=4,
        )

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

    # ------------------------------------------------------------------------- how it goes on

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
        if len(self._plans) > 16:
            self._plans.clear()
        self._follow()
        plan = make_plan(
            self._trainable_variables,
            range(len(self._trainable_variables)) if indices is None else indices,
            self.param_groups,
            self._slots,
            self._use_weight_decay,
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

    def _advance(self, plan: Plan, grads: Tensors, every: Plan) -> None:
        """Do one step; `every` is the plan of all variables asked for, without a gradient too."""
        count = self._iterations.item()
        if (
            not plan.plain
            or self.use_ema
            or self.gradient_accumulation_steps
            or self.loss_scale_factor
            or self.clipnorm
            or self.clipvalue
            or self.global_clipnorm
        ):
            self._advance_with_options(plan, grads, every, count)
        else:
            self._update_all(plan, grads, count)
        self._iterations.add_(1)

    def _advance_with_options(self, plan: Plan, grads: Tensors, every: Plan, count: int) -> None:
        if self.loss_scale_factor:
            grads = torch._foreach_div(grads, self.loss_scale_factor)
        iteration, updates = count, True
        if self.gradient_accumulation_steps:
            iteration, done = divmod(count, self.gradient_accumulation_steps)
            updates = done == self.gradient_accumulation_steps - 1
            grads = self._accumulated(plan, grads, updates)
        if updates:
            n = plan.count
            if plan.overwritten:
                torch._foreach_copy_(plan.overwritten, grads[n:])
            if n:
                self._update_all(plan, self._clipped(grads[:n]), iteration)
        if self.use_ema:
            self._average(every, iteration)
        for p in plan.constrained:
            p.copy_(p.constraint(p))

    def _accumulated(self, plan: Plan, grads: Tensors, updates: bool) -> Tensors:
        """Add to the accumulators; at the update return the means and start at zero again."""
        n, sums = plan.count, plan.accumulators
        if not updates:
            if n:
                torch._foreach_add_(sums[:n], grads[:n])
            if plan.overwritten:
                torch._foreach_maximum_(sums[n:], grads[n:])
            return grads
        mean, largest = [], []
        if n:
            mean = torch._foreach_add(grads[:n], sums[:n])
            torch._foreach_div_(mean, self.gradient_accumulation_steps)
        if plan.overwritten:
            largest = torch._foreach_maximum(grads[n:], sums[n:])
        torch._foreach_zero_(self._plan().accumulators)
        return [*mean, *largest]

    def _clipped(self, grads: Tensors) -> Tensors:
        if self.clipnorm is not None and self.clipnorm > 0:
            return clip_by_norm(grads, self.clipnorm)
        if self.global_clipnorm is not None and self.global_clipnorm > 0:
            return clip_by_global_norm(grads, self.global_clipnorm)
        if self.clipvalue is not None and self.clipvalue > 0:
            return clip_by_value(grads, self.clipvalue)
        return grads

    def _average(self, plan: Plan, iteration: int) -> None:
        variables, averages = plan.averaged
        if not variables:
            return
        if iteration == 0:
            torch._foreach_copy_(averages, variables)
        else:
            torch._foreach_lerp_(averages, variables, 1 - self.ema_momentum)
        every = self.ema_overwrite_frequency
        if every and (iteration + 1) % every == 0:
            torch._foreach_copy_(variables, averages)

    def _update_all(self, plan: Plan, grads: Tensors, iteration: int) -> None:
        """Update the variables of a plan from gradients that are ready to use."""
        self._refresh_rate(iteration)
        self._prepare(iteration + 1)
        for batch in plan.batches:
            group = batch.group
            rate, decay = float(group["lr"]), float(group["weight_decay"] or 0.0)
            own = grads[batch.start : batch.stop] if len(plan.batches) > 1 else grads
            if decay and not (self._fuses_decay and batch.decayed is None):
                decayed = batch.params if batch.decayed is None else batch.decayed
                if decayed:
                    torch._foreach_mul_(decayed, 1 - decay * rate)
                decay = 0.0
            if self._per_variable:
                self._update_each(batch, own, rate)
            elif batch.dense:
                self._update(batch, batch.params, own, rate, decay, iteration + 1)
            else:
                dense = [torch.empty_like(p, requires_grad=False).copy_(p) for p in batch.params]
                self._update(batch, dense, own, rate, decay, iteration + 1)
                torch._foreach_copy_(batch.params, dense)

    def _prepare(self, step: int) -> None:
        """Do what a method does once a step, before its batches."""

    def _update(
        self, batch: Batch, params: Tensors, grads: Tensors, rate: float, decay: float, step: int
    ) -> None:
        """Do the method's mathematics, in place, on lists of tensors.

        Args:
            batch: Gives the slots.
            params: Variables.
            grads: Gradients in the same order; not to be changed.
            rate: Learning rate.
            decay: Weight decay, not 0 only for a method that fuses it.
            step: Number of this update, from 1.
        """
        raise NotImplementedError(f"{type(self).__name__} must override `update_step()`.")

    # ------------------------------------------------------------------------- one by one

    def _update_each(self, batch: Batch, grads: Tensors, rate: float) -> None:
        first = batch.group is self.param_groups[0] and self._rate is not None
        learning_rate = self._rate if first else torch.tensor(rate)
        for g, v in zip(grads, batch.params, strict=True):
            self.update_step(g, v, learning_rate)

    def update_step(
        self, gradient: torch.Tensor, variable: torch.Tensor, learning_rate: Any
    ) -> None:
        """Update one variable. A class of your own writes this.

        Args:
            gradient: Its gradient, clipped and accumulated.
            variable: The variable, to be changed with `assign`, `assign_add`, `assign_sub`.
            learning_rate: Rate of this step.
        """
        plan = self._plan((self._get_variable_index(variable),))
        batch = plan.batches[0]
        step = int(self.iterations) + 1
        with torch.no_grad():
            grads = fit(plan, [gradient])
            self._update(batch, batch.params, grads, float(learning_rate), 0.0, step)

    def assign(self, variable: Variable, value: Any) -> None:
        """Set a variable of the model or of the optimizer."""
        with torch.no_grad():
            variable.copy_(convert_to_tensor(value))

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Add to a variable."""
        with torch.no_grad():
            variable.add_(convert_to_tensor(value))

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtract from a variable."""
        with torch.no_grad():
            variable.sub_(convert_to_tensor(value))

    # ------------------------------------------------------------------------- around a step

    @property
    def iterations(self) -> Any:
        """Number of updates so far."""
        if self.gradient_accumulation_steps:
            return self._iterations // self.gradient_accumulation_steps
        return self._iterations

    def scale_loss(self, loss: Any) -> Any:
        """Return the loss times `loss_scale_factor`, to take the gradients of."""
        return loss * self.loss_scale_factor if self.loss_scale_factor else loss

    def finalize_variable_values(self, var_list: Iterable[torch.Tensor]) -> None:
        """Set variables to their moving average, if the optimizer keeps one."""
        if not self.use_ema:
            return
        averages = self._slots.get("average", {})
        with torch.no_grad():
            for v in var_list:
                average = averages.get(self._get_variable_index(v))
                if average is not None:
                    v.copy_(average)

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

    # ------------------------------------------------------------------------- config

    def _config_overrides(self) -> dict[str, Any]:
        rate = self._schedule
        if rate is None:
            self._sync_rate()
            rate = self._rate.item()
        return {"name": self.name, "learning_rate": rate}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> "Optimizer":
        """Make the optimizer of a config; a schedule in it is made too."""
        rate = config.get("learning_rate")
        if isinstance(rate, dict):
            rate = deserialize_keras_object(rate, custom_objects)
            config = {**config, "learning_rate": rate}
        return cls(**config)


_hooked_step = torch.optim.Optimizer.profile_hook_step(Optimizer._step)


def _with_list(build: Callable[..., None]) -> Callable[..., None]:
    """Let a `build` that goes through its variables twice take a generator too."""

    @functools.wraps(build)
    def listed(self: Any, variables: Iterable[Any]) -> None:
        build(self, list(variables))

    return listed


def _at_least(owner: str, name: str, value: Any, least: int) -> None:
    if value is not None and (type(value) is not int or value < least):
        raise ValueError(
            f"{owner}: {name} must be an integer >= {least} or None. {received(name, value)}"
        )


def _unknown_argument(cls: type, arguments: dict[str, Any]) -> str:
    known = [n for n in inspect.signature(cls.__init__).parameters if n not in ("self", "kwargs")]
    hints = []
    for name in arguments:
        near = difflib.get_close_matches(name, known, n=1) or (
            ["learning_rate"] if name == "lr" else []
        )
        hints.append(f"{name!r}" + (f" (did you mean {near[0]!r}?)" if near else ""))
    return f"{cls.__name__}: unknown argument {', '.join(hints)}. Accepted: {', '.join(known)}."
