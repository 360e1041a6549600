"""Loss scaling that finds its factor by itself."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core.registry import OPTIMIZERS
from torchkeras.core.serialize import deserialize_keras_object
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.core.variable import Variable
from torchkeras.optimizers.arguments import NOT_NONE, Options
from torchkeras.optimizers.base import Optimizer
from torchkeras.optimizers.state import Constant

# Files of older versions hold all shared arguments, which had to have these values.
_IDLE = dict.fromkeys(Options.__annotations__) | NOT_NONE | {"dynamic": True}


@OPTIMIZERS.register("lossscaleoptimizer")
class LossScaleOptimizer(Optimizer):
    """Scales the loss up against underflow of float16 gradients, by a factor that adapts.

    A step whose gradients are not all finite is left out and halves the factor; after
    `dynamic_growth_steps` good steps in a row it doubles (https://arxiv.org/abs/1710.03740).

    Args:
        inner_optimizer: The optimizer that updates; its `loss_scale_factor` becomes None.
        initial_scale: First factor.
        dynamic_growth_steps: Number of good steps before the factor doubles.
        name: Name.

    Raises:
        ValueError: for an argument that belongs to the inner optimizer.

    >>> import torch, torchkeras as keras
    >>> optimizer = LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=8.0)
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer.build([w])
    >>> optimizer.scale_loss(w.sum()).backward()
    >>> w.grad, optimizer.step(), w.data
    (tensor([8.]), None, tensor([0.9000]))
    """

    _config_root = _wraps = True
    config_skip = frozenset({"kwargs"})

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs = {k: v for k, v in kwargs.items() if k not in _IDLE or v != _IDLE[k]}
        if kwargs:
            raise ValueError(
                f"LossScaleOptimizer: {', '.join(kwargs)} must be set on the inner_optimizer. "
                f"Received: {', '.join(f'{k}={v!r}' for k, v in kwargs.items())}."
            )
        if not isinstance(inner_optimizer, Optimizer):
            raise TypeError(
                "LossScaleOptimizer: inner_optimizer must be an optimizer. "
                f"{received('inner_optimizer', inner_optimizer)}"
            )
        super().__init__(0.0, name=name)
        self.inner_optimizer = inner_optimizer
        inner_optimizer.loss_scale_factor = None  # one factor is enough
        self.initial_scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps
        self.step_counter = self.add_variable((), "zeros", "int32", name="step_counter")
        self.dynamic_scale = self.add_variable(
            (), Constant(initial_scale), "float32", name="dynamic_scale"
        )
        for v in (self.step_counter, self.dynamic_scale):
            v.data = v.data.cpu()  # read at each step
        self._share()

    def _share(self) -> None:
        inner = self.inner_optimizer
        self.param_groups, self.state = inner.param_groups, inner.state
        self._trainable_variables, self.built = inner._trainable_variables, inner.built

    def build(self, variables: Iterable[Any]) -> None:
        """Build the inner optimizer."""
        self.inner_optimizer.build(variables)
        self._share()

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add torch's param group to the inner optimizer."""
        if "inner_optimizer" in self.__dict__:
            self.inner_optimizer.add_param_group(param_group)
            self._share()
        else:
            super().add_param_group(param_group)

    @property
    def variables(self) -> list[Variable]:
        """Own variables, then those of the inner optimizer."""
        return [*self._variables, *self.inner_optimizer.variables]

    @property
    def learning_rate(self) -> Any:
        """The rate of the inner optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    def _sync_rate(self) -> None:
        """Leave the own rate, which Keras's files hold without use, at zero."""

    @property
    def iterations(self) -> Any:
        """Number of updates of the inner optimizer; a step left out does not count."""
        return self.inner_optimizer.iterations

    def scale_loss(self, loss: Any) -> Any:
        """Return the loss times the factor."""
        return self.inner_optimizer.scale_loss(loss) * self.dynamic_scale.item()

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        have = [p for p in self._trainable_variables if p.grad is not None]
        self.apply([p.grad for p in have], have)
        return loss

    def apply(
        self, grads: Iterable[Any], trainable_variables: Iterable[torch.Tensor] | None = None
    ) -> None:
        """Take the factor out of the gradients and let the inner optimizer apply them.

        If they are not all finite, nothing is updated but the factor.
        """
        grads = list(grads)
        if trainable_variables is not None:
            trainable_variables = list(trainable_variables)
            self.build(trainable_variables)
        variables = (
            self._trainable_variables if trainable_variables is None else trainable_variables
        )
        with torch.no_grad():
            scaled = [
                i
                for i, (g, v) in enumerate(zip(grads, variables, strict=False))
                if g is not None and not getattr(v, "overwrite_with_gradient", False)
            ]
            if not scaled:
                self.inner_optimizer.apply(grads, trainable_variables)
                return
            given = [convert_to_tensor(grads[i]).detach() for i in scaled]
            unscaled = torch._foreach_div(given, self.dynamic_scale.item())
            for i, g in zip(scaled, unscaled, strict=True):
                grads[i] = g
            if _all_finite(unscaled):
                self.inner_optimizer.apply(grads, trainable_variables)
                self.step_counter.add_(1)
                if self.step_counter.item() >= self.dynamic_growth_steps:
                    self.step_counter.zero_()
                    self.dynamic_scale.mul_(2)
            else:
                self.step_counter.zero_()
                self.dynamic_scale.div_(2)

    def moving_averages(
        self, var_list: Iterable[torch.Tensor]
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return the averages that the inner optimizer keeps."""
        return self.inner_optimizer.moving_averages(var_list)

    def finalize_variable_values(self, var_list: Iterable[torch.Tensor]) -> None:
        """Set variables to the moving average that the inner optimizer keeps, if it does."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def exclude_from_weight_decay(
        self,
        var_list: Iterable[torch.Tensor] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Take variables out of the inner optimizer's weight decay."""
        self.inner_optimizer.exclude_from_weight_decay(var_list, var_names)

    def state_dict(self) -> dict[str, Any]:
        """Return the inner optimizer's state dict, with the factor in it."""
        scale = {v.name: v.item() for v in (self.step_counter, self.dynamic_scale)}
        return {**self.inner_optimizer.state_dict(), "loss_scale": scale}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` gave."""
        self.inner_optimizer.load_state_dict(state_dict)
        self._share()
        for v in (self.step_counter, self.dynamic_scale):
            if v.name in state_dict.get("loss_scale", {}):
                v.assign(state_dict["loss_scale"][v.name])

    def _config_overrides(self) -> dict[str, Any]:
        return {"name": self.name}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> "LossScaleOptimizer":
        """Make the optimizer of a config, with its inner one."""
        inner = deserialize_keras_object(config["inner_optimizer"], custom_objects)
        return cls(**{**config, "inner_optimizer": inner})


def _all_finite(tensors: Sequence[torch.Tensor]) -> bool:
    # The largest absolute value, unlike the usual norm, cannot overflow by itself.
    filled = [t for t in tensors if t.numel()]
    if not filled:
        return True
    largest = torch._foreach_norm(filled, float("inf"))
    return bool(torch.stack([x.to(largest[0]) for x in largest]).isfinite().all())
