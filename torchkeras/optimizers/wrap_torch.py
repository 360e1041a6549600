"""Torch's own optimizers under Keras's protocol."""

import copy
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any

import numpy as np
import torch

from torchkeras._base.check import received
from torchkeras._base.legacy import warn_user
from torchkeras.core.registry import OPTIMIZERS
from torchkeras.core.tensor import convert_to_numpy, convert_to_tensor
from torchkeras.optimizers.base import Optimizer
from torchkeras.optimizers.plan import Plan, Tensors

_CLASSES = {
    name: cls
    for name, cls in vars(torch.optim).items()
    if inspect.isclass(cls)
    and issubclass(cls, torch.optim.Optimizer)
    and cls is not torch.optim.Optimizer
}


@OPTIMIZERS.register(module="torchkeras.optimizers")
class TorchOptimizer(Optimizer):
    """A torch optimizer where Keras expects one: in `compile`, in callbacks, in files.

    The learning rate, the parameter groups and the state are those of the torch optimizer; its
    variables are the iteration and the rate.

    Args:
        optimizer: A `torch.optim` object, a class of that kind, or a callable that makes an
            object from a list of parameters, as `functools.partial(torch.optim.SGD, lr=0.1)`.
        name: Name.

    Raises:
        TypeError: for anything else.
        ValueError: at `build`, if the object has none of the variables.

    >>> optimizer = TorchOptimizer(lambda params: torch.optim.SGD(params, lr=0.1))
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer.apply([torch.tensor([2.0])], [w])
    >>> w.data, optimizer.learning_rate.item()
    (tensor([0.8000]), 0.1...)
    """

    _config_root = True
    _loads_itself = True  # the entries in a file are not just its variables

    def __init__(
        self,
        optimizer: torch.optim.Optimizer | Callable[[Any], torch.optim.Optimizer],
        name: str | None = None,
    ) -> None:
        if not callable(optimizer) and not isinstance(optimizer, torch.optim.Optimizer):
            raise TypeError(
                "TorchOptimizer: optimizer must be a torch optimizer, its class or a callable that "
                f"makes one. {received('optimizer', optimizer)}"
            )
        super().__init__(0.0, name=name)
        self.optimizer: torch.optim.Optimizer | None = None
        self._make: Callable[[Any], torch.optim.Optimizer] | None = None
        if isinstance(optimizer, torch.optim.Optimizer):
            self._adopt(optimizer)
        else:
            self._make = optimizer

    def _adopt(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer
        self.param_groups, self.state = optimizer.param_groups, optimizer.state
        self._rate_seen = None
        self._sync_rate()

    def build(self, variables: Iterable[Any]) -> None:
        """Make the torch optimizer, or check that it has the variables."""
        if self.built:
            return
        variables = self._named(list(variables))
        if self.optimizer is None:
            self._adopt(self._make(variables))
        has = {id(p) for group in self.param_groups for p in group["params"]}
        mine = [v for v in variables if id(v) in has]
        if not mine:
            raise ValueError(
                f"TorchOptimizer: the {type(self.optimizer).__name__} must hold parameters of the "
                f"model. Received: {len(has)} parameters, none of the model's {len(variables)}."
            )
        self.built = True
        self._extend(mine)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a param group to the torch optimizer."""
        if self.__dict__.get("optimizer") is None:
            super().add_param_group(param_group)
            return
        self.optimizer.add_param_group(param_group)
        if self.built:
            self._extend(self.param_groups[-1]["params"])

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        if self.optimizer is None:
            raise ValueError(
                "TorchOptimizer: step() needs a built optimizer; call build(variables) first. "
                "Received: built=False."
            )
        self._refresh_rate(0)
        result = self.optimizer.step(closure)
        with torch.no_grad():
            self._iterations.add_(1)
        return result

    def _update_all(self, plan: Plan, grads: Tensors, iteration: int) -> None:
        given = {id(p): g for p, g in zip(plan.params, grads, strict=False)}
        every = [p for group in self.param_groups for p in group["params"]]
        before = [p.grad for p in every]
        try:
            for p in every:
                p.grad = given.get(id(p))
            self.optimizer.step()
        finally:
            for p, g in zip(every, before, strict=True):
                p.grad = g

    def apply(
        self, grads: Iterable[Any], trainable_variables: Iterable[torch.Tensor] | None = None
    ) -> None:
        """Update variables with the gradients given, but those that torch's optimizer lacks."""
        grads = list(grads)
        if trainable_variables is not None:
            variables = list(trainable_variables)
            self.build(variables)
            if len(grads) == len(variables):
                kept = [
                    (g, v) for g, v in zip(grads, variables, strict=True) if id(v) in self._index
                ]
                grads, trainable_variables = [g for g, _ in kept], [v for _, v in kept]
        super().apply(grads, trainable_variables)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all variables, or set them to zero."""
        if self.optimizer is not None:
            self.optimizer.zero_grad(set_to_none)

    # ------------------------------------------------------------------------- files

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Write iteration and rate, then torch's state: `"3_exp_avg"` is that of parameter 3.

        `"rates"` has the rate of each param group, as exactly as torch has it.
        """
        super().save_own_variables(store)
        store["rates"] = np.array([float(group["lr"]) for group in self.param_groups])
        for i, p in enumerate(self._trainable_variables):
            for key, value in self.state.get(p, {}).items():
                if isinstance(value, torch.Tensor):
                    store[f"{i}_{key}"] = convert_to_numpy(value)

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Set what `save_own_variables` wrote; what is not for these parameters is skipped."""
        slots = [(*key.partition("_")[::2], key) for key in store if "_" in key]
        count = len(self._trainable_variables)
        if any(not i.isdecimal() or int(i) >= count for i, _, _ in slots):
            warn_user(
                f"Skipping variable loading for optimizer {self.name!r}, because it has {count} "
                "parameters whereas the saved optimizer has others.",
                UserWarning,
            )
            return
        super().load_own_variables({str(i): store[str(i)] for i in range(2) if str(i) in store})
        for index, name, key in slots:
            p = self._trainable_variables[int(index)]
            value = convert_to_tensor(store[key]).detach().clone()
            # A step count stays on the CPU, as torch's optimizers have it.
            self.state[p][name] = value.to(p.device) if value.ndim or p.ndim == 0 else value
        self._sync_rate()
        if len(store.get("rates", ())) == len(self.param_groups):
            for group, rate in zip(self.param_groups, store["rates"], strict=True):
                group["lr"] = float(rate)
            self._sync_rate()

    def state_dict(self) -> dict[str, Any]:
        """Return the torch optimizer's state dict, with the number of steps."""
        found = self.optimizer.state_dict() if self.optimizer is not None else {}
        return {**found, "iteration": self._iterations.item()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` gave, or a torch optimizer's own state dict."""
        if self.optimizer is None:
            raise ValueError(
                "TorchOptimizer: load_state_dict() needs a built optimizer; call build(variables) "
                "first. Received: built=False."
            )
        # torch takes tensors of the right kind as they are: two optimizers would share them.
        self.optimizer.load_state_dict(copy.deepcopy(state_dict))
        self._adopt(self.optimizer)
        self._iterations.assign(state_dict.get("iteration", 0))

    def get_config(self) -> dict[str, Any]:
        """Return the torch class's name and its options, as far as they are plain values."""
        made, options = self.optimizer, {}
        if made is not None:
            cls, options = type(made), {**made.defaults, "lr": float(self.param_groups[0]["lr"])}
        elif isinstance(self._make, functools.partial):
            cls, options = self._make.func, self._make.keywords
        else:
            cls = self._make
        if cls not in _CLASSES.values():
            raise ValueError(
                "TorchOptimizer: only an optimizer of torch.optim can be stored. "
                f"{received('optimizer', cls)}"
            )
        taken = inspect.signature(cls.__init__).parameters
        plain = (bool, int, float, str, list, tuple, type(None))
        options = {k: v for k, v in options.items() if k in taken and isinstance(v, plain)}
        return {"name": self.name, "torch_class": cls.__name__, "options": options}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> "TorchOptimizer":
        """Make the optimizer of a config; torch's own classes only."""
        name = config["torch_class"]
        if name not in _CLASSES:
            raise ValueError(
                f"TorchOptimizer: torch_class must be one of {', '.join(sorted(_CLASSES))}. "
                f"{received('torch_class', name)}"
            )
        return cls(functools.partial(_CLASSES[name], **config["options"]), name=config.get("name"))
