"""MultiOptimizer: other optimizers for other variables."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core.registry import OPTIMIZERS
from torchkeras.core.serialize import deserialize_keras_object
from torchkeras.core.variable import Variable
from torchkeras.optimizers.base import Optimizer
from torchkeras.optimizers.optimizer_map import OptimizerMap


@OPTIMIZERS.register()
class MultiOptimizer(Optimizer):
    """Gives each variable to one of several optimizers.

    Rates, weight decay, clipping and averages are those of the optimizers in `optimizers`; there
    is no `learning_rate` of all. `param_groups` are all of theirs.

    Args:
        optimizer_map: An `OptimizerMap`, or a function from a variable to its optimizer, which
            may give the same one for several.
        loss_scale_factor: Factor of the loss, taken out of the gradients again.
        name: Name.

    Raises:
        TypeError: for an `optimizer_map` that cannot be called.
        ValueError: at `build`, if a variable gets something that is no optimizer.
        AttributeError: if `learning_rate` is read or set.

    >>> import torch, torchkeras as keras
    >>> by_path = keras.optimizers.OptimizerMap(keras.optimizers.SGD(1.0))
    >>> by_path["0.bias"] = keras.optimizers.SGD(0.0)
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 1))
    >>> optimizer = MultiOptimizer(by_path)
    >>> optimizer.build(model.named_parameters())
    >>> [len(group["params"]) for group in optimizer.param_groups]
    [1, 1]
    """

    _config_root = _wraps = True

    def __init__(
        self,
        optimizer_map: OptimizerMap | Callable[[Any], Optimizer],
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ) -> None:
        if not callable(optimizer_map) or isinstance(optimizer_map, (Optimizer, type)):
            raise TypeError(
                "MultiOptimizer: optimizer_map must be an OptimizerMap or a function from a "
                f"variable to its optimizer. {received('optimizer_map', optimizer_map)}"
            )
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self.optimizer_map = optimizer_map
        self._owners: dict[torch.Tensor, Optimizer] = {}
        self._optimizers: list[Optimizer] = []
        if isinstance(optimizer_map, OptimizerMap):
            self._optimizers = optimizer_map.optimizers
            self._share()

    @property
    def optimizers(self) -> list[Optimizer]:
        """The optimizers: of a map its default last, of a function in the order of first use."""
        return self._optimizers

    @property
    def variables(self) -> list[Variable]:
        """Own variables, then those of each optimizer."""
        return [*self._variables, *(v for o in self._optimizers for v in o.variables)]

    @property
    def learning_rate(self) -> Any:
        """Nothing: each optimizer has its own."""
        raise AttributeError(
            "MultiOptimizer: there is no learning rate of all. Read that of each optimizer in "
            "`optimizers`."
        )

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        raise AttributeError(
            "MultiOptimizer: there is no learning rate of all. Set that of each optimizer in "
            "`optimizers`."
        )

    def _sync_rate(self) -> None:
        """Leave the own rate, which Keras's files hold without use, at zero."""

    # ------------------------------------------------------------------------- variables

    def build(self, variables: Iterable[Any]) -> None:
        """Give out the variables and build the optimizers that get some."""
        if self.built:
            return
        variables = list(variables)
        if isinstance(self.optimizer_map, OptimizerMap):  # entries may have come since
            self._optimizers = self.optimizer_map.optimizers
        shares: dict[Optimizer, list[Any]] = {}
        for v in self._named([e for e in variables if not isinstance(e, dict)]):
            shares.setdefault(self._select(v), []).append(v)
        for group in (e for e in variables if isinstance(e, dict)):
            for optimizer, part in self._split(group).items():
                shares.setdefault(optimizer, []).append(part)
        self._optimizers = list(dict.fromkeys([*self._optimizers, *shares]))
        self.built = True
        for optimizer in self._optimizers:
            optimizer.loss_scale_factor = self.loss_scale_factor
            optimizer.exclude_from_weight_decay(self._undecayed, self._undecayed_names)
            optimizer._names |= self._names
            if optimizer in shares:
                optimizer.build(shares[optimizer])
        self._share()

    def _select(self, variable: torch.Tensor) -> Optimizer:
        if variable not in self._owners:
            choose = self.optimizer_map
            if variable in self._names and isinstance(choose, OptimizerMap):
                chosen = choose[self._names[variable]]
            else:
                chosen = choose(variable)
            if not isinstance(chosen, Optimizer) or chosen._wraps:
                raise ValueError(
                    "MultiOptimizer: optimizer_map must return an optimizer for each variable, "
                    "not a MultiOptimizer or LossScaleOptimizer. "
                    f"Received: {chosen!r} for {self._label(variable)}."
                )
            self._owners[variable] = chosen
        return self._owners[variable]

    def _split(self, group: dict[str, Any]) -> dict[Optimizer, dict[str, Any]]:
        """Return the param group of each optimizer that has a part in this one."""
        parts: dict[Optimizer, list[torch.Tensor]] = {}
        for p in self._named(group["params"]):
            parts.setdefault(self._select(p), []).append(p)
        return {o: {**group, "params": params} for o, params in parts.items()}

    def _share(self) -> None:
        self.param_groups = [group for o in self._optimizers for group in o.param_groups]
        self._trainable_variables = list(self._owners)
        self._index = {id(p): i for i, p in enumerate(self._trainable_variables)}

    @property
    def state(self) -> dict[torch.Tensor, dict[str, Any]]:
        """All optimizers' state of the parameters, as torch keeps it."""
        return defaultdict(dict, {p: s for o in self._optimizers for p, s in o.state.items()})

    @state.setter
    def state(self, value: Any) -> None:
        """Ignore torch's own, which is empty."""

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add torch's param group, each parameter to its optimizer."""
        if not self.__dict__.get("_optimizers"):
            super().add_param_group(param_group)
            return
        for optimizer, part in self._split(param_group).items():
            optimizer.add_param_group(part)
            if self.built and not optimizer.built:
                optimizer.build([])
            if optimizer not in self._optimizers:
                self._optimizers.append(optimizer)
        self._share()

    # ------------------------------------------------------------------------- a step

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        if not self.built:
            self._plan()  # tells what is missing
        if any(p.grad is not None for p in self._owners):
            for optimizer in self._optimizers:
                if optimizer.built:
                    optimizer.step()
            with torch.no_grad():
                self._iterations.add_(1)
        return loss

    def apply(
        self, grads: Iterable[Any], trainable_variables: Iterable[torch.Tensor] | None = None
    ) -> None:
        """Let each optimizer apply the gradients of its variables.

        One that gets None for all of them leaves them as they are.
        """
        grads = list(grads)
        if trainable_variables is not None:
            trainable_variables = list(trainable_variables)
            self.build(trainable_variables)
        variables = (
            self._trainable_variables if trainable_variables is None else trainable_variables
        )
        if not self.built or not grads or len(grads) != len(variables):
            super().apply(grads, trainable_variables)  # tells what is wrong
            return
        parts: dict[Optimizer, list[tuple[Any, torch.Tensor]]] = {}
        for g, v in zip(grads, variables, strict=True):
            owner = self._owners[self._trainable_variables[self._get_variable_index(v)]]
            g = None if g is None else self._checked(g, v)
            parts.setdefault(owner, []).append((g, v))
        if all(g is None for g in grads):
            raise ValueError("MultiOptimizer: no gradients provided for any variable.")
        for optimizer, pairs in parts.items():
            if any(g is not None for g, _ in pairs):
                optimizer.apply_gradients(pairs)
            else:
                optimizer._warn_missing([optimizer._get_variable_index(v) for _, v in pairs])
        with torch.no_grad():
            self._iterations.add_(1)

    def moving_averages(
        self, var_list: Iterable[torch.Tensor]
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return the pairs of all optimizers that keep averages; see `Optimizer`."""
        keeping = [o for o in self._optimizers if o.use_ema]
        if not keeping:
            return super().moving_averages(var_list)
        var_list = list(var_list)
        return [pair for o in keeping for pair in o.moving_averages(var_list)]

    def finalize_variable_values(self, var_list: Iterable[torch.Tensor]) -> None:
        """Set variables to the moving average that their optimizer keeps, if it does."""
        var_list = list(var_list)
        for optimizer in self._optimizers:
            optimizer.finalize_variable_values(var_list)

    def exclude_from_weight_decay(
        self,
        var_list: Iterable[torch.Tensor] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Take variables out of the weight decay of all optimizers."""
        var_list, var_names = list(var_list or ()), list(var_names or ())
        super().exclude_from_weight_decay(var_list, var_names)
        if self.built:
            for optimizer in self._optimizers:
                optimizer.exclude_from_weight_decay(var_list, var_names)

    # ------------------------------------------------------------------------- files

    def state_dict(self) -> dict[str, Any]:
        """Return the optimizers' state dicts as one, with the number of steps."""
        state, groups, loose, first = {}, [], [], 0
        for found in (o.state_dict() for o in self._optimizers):
            state |= {first + i: s for i, s in found["state"].items()}
            groups += [
                {**group, "params": [first + i for i in group["params"]]}
                for group in found["param_groups"]
            ]
            loose.append({k: v for k, v in found.items() if k not in ("state", "param_groups")})
            first += sum(len(group["params"]) for group in found["param_groups"])
        return {
            "state": state,
            "param_groups": groups,
            "optimizers": loose,
            "iteration": self._iterations.item(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` gave.

        Raises:
            ValueError: if the optimizer is not built, or the groups or slots differ.
        """
        if not self.built:
            super().load_state_dict(state_dict)  # tells what is missing
        groups, state = state_dict["param_groups"], state_dict["state"]
        wanted = [len(o.param_groups) for o in self._optimizers]
        loose = state_dict.get("optimizers", ())
        if len(groups) != sum(wanted) or len(loose) != len(wanted):
            raise ValueError(
                f"MultiOptimizer: the state dict must be that of {len(wanted)} optimizers with "
                f"{sum(wanted)} param groups. Received: {len(loose)} optimizers, {len(groups)} "
                "param groups."
            )
        at = first = 0
        for optimizer, n, rest in zip(self._optimizers, wanted, loose, strict=True):
            own, at = groups[at : at + n], at + n
            keys = [i for group in own for i in group["params"]]
            if optimizer.built:
                optimizer.load_state_dict(
                    {
                        "state": {i - first: state[i] for i in keys if i in state},
                        "param_groups": [
                            {**group, "params": [i - first for i in group["params"]]}
                            for group in own
                        ],
                        **rest,
                    }
                )
            first += len(keys)
        self._iterations.assign(state_dict.get("iteration", 0))
        self._share()

    def _config_overrides(self) -> dict[str, Any]:
        return {"name": self.name}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> "MultiOptimizer":
        """Make the optimizer of a config, with its map."""
        chosen = deserialize_keras_object(config["optimizer_map"], custom_objects)
        return cls(**{**config, "optimizer_map": chosen})
