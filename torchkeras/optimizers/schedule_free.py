"""ScheduleFreeAdamW: an average of the weights in place of a schedule."""

from typing import Any, Unpack

import torch

from torchkeras.core.registry import OPTIMIZERS
from torchkeras.optimizers.adam import bias
from torchkeras.optimizers.arguments import Options, with_options
from torchkeras.optimizers.base import Optimizer
from torchkeras.optimizers.plan import Batch, Tensors


@OPTIMIZERS.register("schedulefreeadamw")
class ScheduleFreeAdamW(Optimizer):
    """`z -= rate * g / (sqrt(v / (1 - b2^t)) + epsilon); w += (z - w) / t`.

    `v` is the mean squared gradient, and the variables `w` are the average of all `z`. The paper
    (https://arxiv.org/abs/2405.15682) takes gradients between `w` and `z`, by `beta_1`; in
    Keras's form of it `beta_1` cancels out.

    Args:
        learning_rate: Number, schedule or callable.
        beta_1: Without effect, as in Keras.
        beta_2: Decay of the mean squared gradient.
        epsilon: Small number against division by zero.
        warmup_steps: Number of steps in which the rate grows from 0.
        **options: See `Optimizer`.

    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> ScheduleFreeAdamW(0.1).apply([torch.tensor([2.0])], [w])
    >>> w.data
    tensor([0.9000])
    """

    @with_options
    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.warmup_steps = warmup_steps

    def _add_slots(self, variables: list[torch.Tensor]) -> None:
        slots, _ = self.add_optimizer_variables(variables, ["momentum", "velocity"])
        with torch.no_grad():
            for slot, variable in zip(slots, variables, strict=True):
                if slot is not None:
                    slot.copy_(variable)

    def _update(
        self, batch: Batch, params: Tensors, grads: Tensors, rate: float, decay: float, step: int
    ) -> None:
        points, velocities = batch.slots["momentum"], batch.slots["velocity"]
        if self.warmup_steps:
            rate *= min(1.0, step / self.warmup_steps)
        root = bias(self.beta_2, step, params[0].dtype) ** 0.5
        torch._foreach_mul_(velocities, self.beta_2)
        # Keras rounds beta_2 to the variables' type first, by which 1 - 0.999 changes visibly.
        share = bias(self.beta_2, 1, params[0].dtype)
        torch._foreach_addcmul_(velocities, grads, grads, share)
        roots = torch._foreach_sqrt(velocities)
        torch._foreach_add_(roots, self.epsilon * root)
        torch._foreach_addcdiv_(points, grads, roots, -rate * root)
        torch._foreach_lerp_(params, points, 1 / step)
