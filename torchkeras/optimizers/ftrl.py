"""Ftrl: follow the regularized leader, for large and sparse linear models."""

from typing import Any, Unpack

import torch

from torchkeras._base.check import received
from torchkeras.core.registry import OPTIMIZERS
from torchkeras.optimizers.arguments import Options, with_options
from torchkeras.optimizers.base import Optimizer
from torchkeras.optimizers.plan import Batch, Tensors
from torchkeras.optimizers.state import Constant


@OPTIMIZERS.register("ftrl")
class Ftrl(Optimizer):
    """Weights that many small gradients leave at exactly 0.

    `n' = n + g²; z += g + 2 * shrinkage * w - (n'^-p - n^-p) / rate * w; n = n'`;
    `w = (clip(z, -l1, l1) - z) / ((beta + n^-p) / rate + 2 * l2)`, where `beta / rate` is what
    McMahan et al. write (2013, https://research.google.com/pubs/archive/41159.pdf).

    Args:
        learning_rate: Number, schedule or callable.
        learning_rate_power: `p`, at most 0; 0 keeps the rate fixed.
        initial_accumulator_value: First value of `n`, at least 0.
        l1_regularization_strength: `l1`, at least 0.
        l2_regularization_strength: `l2`, at least 0: a stabilization.
        l2_shrinkage_regularization_strength: `shrinkage`, at least 0: a penalty on the weights.
        beta: `beta`.
        **options: See `Optimizer`.

    Raises:
        ValueError: for a number out of its range.

    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> Ftrl(0.1, l1_regularization_strength=100.0).apply([torch.tensor([2.0])], [w])
    >>> w.data
    tensor([0.])
    """

    @with_options
    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **options: Unpack[Options],
    ) -> None:
        for name, value in (
            ("initial_accumulator_value", initial_accumulator_value),
            ("l1_regularization_strength", l1_regularization_strength),
            ("l2_regularization_strength", l2_regularization_strength),
            ("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength),
        ):
            if value < 0:
                raise ValueError(f"Ftrl: {name} must be at least 0. {received(name, value)}")
        if learning_rate_power > 0:
            raise ValueError(
                "Ftrl: learning_rate_power must be at most 0. "
                f"{received('learning_rate_power', learning_rate_power)}"
            )
        super().__init__(learning_rate, **options)
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta

    def _add_slots(self, variables: list[torch.Tensor]) -> None:
        start = Constant(self.initial_accumulator_value)
        self.add_optimizer_variables(variables, ["accumulator", "linear"], [start, "zeros"])

    def _power(self, sums: Tensors) -> Tensors:
        """Return the sums to the power of `-p`."""
        if self.learning_rate_power == -0.5:
            return torch._foreach_sqrt(sums)
        return torch._foreach_pow(sums, -self.learning_rate_power)

    def _update(
        self, batch: Batch, params: Tensors, grads: Tensors, rate: float, decay: float, step: int
    ) -> None:
        if not rate:
            return  # the formula has no limit there: Keras's weights become NaN
        sums, linear = batch.slots["accumulator"], batch.slots["linear"]
        before = self._power(sums)
        torch._foreach_addcmul_(sums, grads, grads)
        after = self._power(sums)
        torch._foreach_add_(linear, grads)
        shrinkage = self.l2_shrinkage_regularization_strength
        if shrinkage:
            torch._foreach_add_(linear, params, alpha=2 * shrinkage)
        torch._foreach_sub_(before, after)
        torch._foreach_addcmul_(linear, before, params, 1 / rate)
        torch._foreach_div_(after, rate)
        torch._foreach_add_(after, 2 * self.l2_regularization_strength + self.beta / rate)
        l1 = self.l1_regularization_strength
        if l1:
            rest = torch._foreach_clamp_max(linear, l1)
            torch._foreach_clamp_min_(rest, -l1)
            torch._foreach_sub_(rest, linear)
        else:
            rest = torch._foreach_neg(linear)
        torch._foreach_div_(rest, after)
        torch._foreach_copy_(params, rest)
