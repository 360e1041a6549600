"""Optimizer: Keras's protocol on a torch optimizer, with all that the methods have in common."""

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch.optim import optimizer as _torch

from torchkeras._base import naming, scope
from torchkeras._base.legacy import warn_user
from torchkeras.core.configurable import Configurable, init_parameters
from torchkeras.core.serialize import deserialize_keras_object
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.core.variable import Variable
from torchkeras.optimizers._legacy import OldOptimizer
from torchkeras.optimizers.advance import Advance
from torchkeras.optimizers.arguments import Options, check_options
from torchkeras.optimizers.plan import Plan, fit, fits, kind

# As in state.py: torch's wrapper would import torch._dynamo.
_torch_zero_grad = inspect.unwrap(torch.optim.Optimizer.zero_grad)


class Optimizer(OldOptimizer, Advance, Configurable):
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

    _config_root = _config_base = True
    _own_apply = False  # a user's apply is what a step goes through
    _wraps = False  # it stands around other optimizers, and cannot be one among several

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
        options = Options(
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            loss_scale_factor=loss_scale_factor,
            gradient_accumulation_steps=gradient_accumulation_steps,
            name=name,
        )
        check_options(type(self), options, kwargs)
        for option, value in options.items():
            if option != "weight_decay":  # stands in the param groups
                setattr(self, option, value)
        self.name = name or naming.auto_name(type(self).__name__)
        self.built = False
        self._trainable_variables: list[torch.Tensor] = []
        self._index: dict[int, int] = {}
        self._names: dict[torch.Tensor, str] = {}
        self._slots: dict[str, dict[int, Variable]] = {}
        self._variables: list[Variable] = []
        self._plans: dict[Any, Plan] = {}
        self._undecayed: list[torch.Tensor] = []
        self._undecayed_names: list[str] = []
        with scope.scoped(names=(self.name,)):
            self._iterations = Variable(0, dtype="int32", trainable=False, name="iteration")
        self._iterations.data = self._iterations.data.cpu()  # read at each step
        self._variables.append(self._iterations)
        rate = self._init_rate(learning_rate)
        torch.optim.Optimizer.__init__(
            self, [{"params": []}], {"lr": rate, "weight_decay": weight_decay}
        )

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
                usual = fits(plan, grads)
            except (AttributeError, RuntimeError, IndexError):  # None, sparse, or none at all
                usual = False
            every = plan
            if not usual:
                plan, grads, every = self._unusual(plan, grads)
            if self._own_apply and grads:
                self.apply(grads, plan.params)
            elif grads:
                self._advance(plan, grads, every)
        return loss

    def _unusual(
        self, plan: Plan, grads: Sequence[torch.Tensor | None]
    ) -> tuple[Plan, Sequence[torch.Tensor], Plan]:
        """Return what `_advance` takes where gradients are missing, sparse or laid out apart."""
        found = {i: g for i, g in zip(plan.order, grads, strict=True) if g is not None}
        missing = [i for i in plan.order if i not in found]
        if not found:
            return plan, [], plan
        key = tuple(sorted(found))
        if missing and key not in self._plans:  # once for each set
            self._warn_missing([i for i in missing if self._trainable_variables[i].requires_grad])
        plan, grads = self._fitted(key, found)
        return plan, grads, self._plan()

    def _fitted(
        self, key: tuple[int, ...], found: dict[int, torch.Tensor]
    ) -> tuple[Plan, Sequence[torch.Tensor]]:
        """Return the plan of variables, and their gradients in the layout that it needs."""
        plan = self._plan(key)
        grads = [found[i] for i in plan.order]
        if all(g.layout is torch.strided for g in grads) and fits(plan, grads):
            return plan, grads
        if [kind(p) for p in plan.params] != plan.kinds:
            # The model has moved to another device, dtype or memory format since the last step.
            self._plans.clear()
            plan = self._plan(key)
        return plan, fit(plan, [found[i] for i in plan.order])

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all variables, or set them to zero."""
        if not set_to_none:
            _torch_zero_grad(self, False)
            return
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None

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
            plan, fitted = self._fitted(tuple(sorted(found)), found)
            every = self._plan(tuple(sorted(set(given)))) if missing else plan
            self._advance(plan, fitted, every)

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
        if grad.dtype != p.dtype or grad.device != p.device:
            grad = grad.to(p)
        return grad

    def _warn_missing(self, indices: Sequence[int]) -> None:
        variables = [self._trainable_variables[i] for i in indices]
        names = [getattr(v, "name", None) or self._label(v) for v in variables]
        if not names:
            return
        warn_user(
            f"Gradients do not exist for variables {names} when minimizing the loss. If using "
            "`model.compile()`, did you forget to provide a `loss` argument?",
            UserWarning,
        )

    # ------------------------------------------------------------------------- one by one

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

    def moving_averages(
        self, var_list: Iterable[torch.Tensor]
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return `(variable, its average)` for those of the variables that have one.

        Raises:
            ValueError: if the optimizer keeps no averages.
        """
        if not self.use_ema:
            raise ValueError(
                f"{type(self).__name__}: averages are kept with use_ema=True. "
                "Received: use_ema=False."
            )
        averages = self._slots.get("average", {})
        indexed = ((v, self._index.get(id(v))) for v in var_list)
        return [(v, averages[i]) for v, i in indexed if i in averages]

    def finalize_variable_values(self, var_list: Iterable[torch.Tensor]) -> None:
        """Set variables to their moving average, if the optimizer keeps one."""
        if self.use_ema:
            with torch.no_grad():
                for variable, average in self.moving_averages(var_list):
                    variable.copy_(average)

    # ------------------------------------------------------------------------- config

    def _config_overrides(self) -> dict[str, Any]:
        rate = self._schedule
        if rate is None:
            self._sync_rate()
            rate = self._rate.item()
        return {"name": self.name, "learning_rate": rate}

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal optimizer, ready for JSON."""
        config = super().get_config()
        if self._inverse_decay:
            config["decay"] = self._inverse_decay
        return config

    def _config_value(self, name: str) -> Any:
        # The attribute counts, also where a class of one's own sets it past its arguments.
        return getattr(self, name) if hasattr(self, name) else super()._config_value(name)

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> "Optimizer":
        """Make the optimizer of a config; a schedule in it is made too."""
        rate = config.get("learning_rate")
        if isinstance(rate, dict):
            rate = deserialize_keras_object(rate, custom_objects)
            config = {**config, "learning_rate": rate}
        decay = 0.0
        if "decay" in config and "decay" not in init_parameters(cls):
            decay = config["decay"]
            config = {k: v for k, v in config.items() if k != "decay"}
        made = cls(**config)
        if decay:
            made._inverse_decay = decay
        return made


@torch.optim.Optimizer.profile_hook_step
def _hooked_step(self: Optimizer, closure: Callable[[], Any] | None = None) -> Any:
    return self._step(closure)


def _with_list(build: Callable[..., None]) -> Callable[..., None]:
    """Let a `build` that goes through its variables twice take a generator too."""

    @functools.wraps(build)
    def listed(self: Any, variables: Iterable[Any]) -> None:
        build(self, list(variables))

    return listed
