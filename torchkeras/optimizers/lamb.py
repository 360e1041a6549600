"""Lamb: Adam whose step has a length in proportion to the weights'."""

from typing import Any, Unpack

import torch

from torchkeras.core.registry import OPTIMIZERS
from torchkeras.optimizers.adam import bias
from torchkeras.optimizers.arguments import Options, with_options
from torchkeras.optimizers.base import Optimizer
from torchkeras.optimizers.plan import Batch, Tensors


@OPTIMIZERS.register("lamb")
class Lamb(Optimizer):
    """`w -= rate * |w| / |r| * r` with Adam's `r = m_hat / (sqrt(v_hat) + epsilon)`.

    Each variable has a norm of its own; where one is 0, the factor is 1. For large batches
    (https://arxiv.org/abs/1904.00962).

    Args:
        learning_rate: Number, schedule or callable.
        beta_1: Decay of the mean gradient.
        beta_2: Decay of the mean squared gradient.
        epsilon: Small number against division by zero.
        **options: See `Optimizer`.

    >>> w = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
    >>> Lamb(0.1).apply([torch.tensor([1.0, 0.0])], [w])
    >>> w.data
    tensor([2.5000, 4.0000])
    """

    @with_options
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def _add_slots(self, variables: list[torch.Tensor]) -> None:
        self.add_optimizer_variables(variables, ["momentum", "velocity"])

    def _update(
        self, batch: Batch, params: Tensors, grads: Tensors, rate: float, decay: float, step: int
    ) -> None:
        momenta, velocities = batch.slots["momentum"], batch.slots["velocity"]
        torch._foreach_lerp_(momenta, grads, 1 - self.beta_1)
        torch._foreach_mul_(velocities, self.beta_2)
        torch._foreach_addcmul_(velocities, grads, grads, 1 - self.beta_2)
        # m / bias1 / (sqrt(v / bias2) + e) = root / bias1 * m / (sqrt(v) + e * root)
        dtype = params[0].dtype
        root = bias(self.beta_2, step, dtype) ** 0.5
        steps = torch._foreach_sqrt(velocities)
        torch._foreach_add_(steps, self.epsilon * root)
        torch._foreach_reciprocal_(steps)
        torch._foreach_mul_(steps, momenta)
        factor = root / bias(self.beta_1, step, dtype)
        lengths = torch.stack(torch._foreach_norm(steps)) * factor
        weights = torch.stack(torch._foreach_norm(params))
        usable = (weights > 0) & (lengths > 0)
        ratios = torch.where(usable, weights / lengths, 1.0) * (-rate * factor)
        torch._foreach_mul_(steps, list(ratios.unbind()))
        torch._foreach_add_(params, steps)
