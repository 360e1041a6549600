"""Lion: steps of one size, in the direction of a mean gradient's signs."""

from typing import Any, Unpack

import torch

from torchkeras._base.check import received
from torchkeras.core.registry import OPTIMIZERS
from torchkeras.optimizers.arguments import Options, with_options
from torchkeras.optimizers.base import Optimizer
from torchkeras.optimizers.plan import Batch, Tensors


@OPTIMIZERS.register("lion")
class Lion(Optimizer):
    """`w -= rate * sign(b1 * m + (1 - b1) * g); m = b2 * m + (1 - b2) * g`.

    It keeps half of what Adam keeps, and wants a smaller rate and a larger weight decay
    (https://arxiv.org/abs/2302.06675).

    Args:
        learning_rate: Number, schedule or callable.
        beta_1: Share of `m` in the step, in (0, 1].
        beta_2: Decay of `m`.
        **options: See `Optimizer`.

    Raises:
        ValueError: for a `beta_1` outside of (0, 1].

    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> Lion(0.1).apply([torch.tensor([2.0])], [w])
    >>> w.data
    tensor([0.9000])
    """

    @with_options
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **options: Unpack[Options],
    ) -> None:
        if not 0 < beta_1 <= 1:
            raise ValueError(
                "Lion: beta_1 must be in (0, 1], or the optimizer is SignSGD. "
                f"{received('beta_1', beta_1)}"
            )
        super().__init__(learning_rate, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def _add_slots(self, variables: list[torch.Tensor]) -> None:
        self.add_optimizer_variables(variables, "momentum")

    def _update(
        self, batch: Batch, params: Tensors, grads: Tensors, rate: float, decay: float, step: int
    ) -> None:
        momenta = batch.slots["momentum"]
        directions = torch._foreach_lerp(momenta, grads, 1 - self.beta_1)
        torch._foreach_sign_(directions)
        torch._foreach_add_(params, directions, alpha=-rate)
        torch._foreach_lerp_(momenta, grads, 1 - self.beta_2)
