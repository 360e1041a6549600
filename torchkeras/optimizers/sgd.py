"""Stochastic gradient descent."""

from typing import Any, Unpack

import torch

from torchkeras._base.check import fraction
from torchkeras.core.registry import OPTIMIZERS
from torchkeras.optimizers.arguments import Options, with_options
from torchkeras.optimizers.base import Optimizer
from torchkeras.optimizers.plan import Batch, Tensors


@OPTIMIZERS.register("sgd")
class SGD(Optimizer):
    """Gradient descent, with momentum if wanted.

    `w -= rate * g`; with momentum `m = momentum * m - rate * g; w += m`, and with Nesterov's
    `w += momentum * m - rate * g`. The rate is inside `m`: unlike in torch, a change of the rate
    does not act on earlier steps.

    Args:
        learning_rate: Number, schedule or callable.
        momentum: In [0, 1].
        nesterov: Whether to look ahead along the momentum.
        **options: See `Optimizer`.

    >>> import torch
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = SGD(0.1)
    >>> optimizer.apply([torch.tensor([2.0])], [w])
    >>> w.data
    tensor([0.8000])
    """

    @with_options
    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.momentum = fraction(type(self).__name__, "momentum", momentum)
        self.nesterov = nesterov

    def _add_slots(self, variables: list[torch.Tensor]) -> None:
        if self.momentum:
            self.add_optimizer_variables(variables, "momentum")

    def _update(
        self, batch: Batch, params: Tensors, grads: Tensors, rate: float, decay: float, step: int
    ) -> None:
        if not self.momentum or self.nesterov:
            torch._fused_sgd_(
                params, grads, [], weight_decay=0.0, momentum=0.0, lr=rate, dampening=0.0,
                nesterov=False, maximize=False, is_first_step=False,
            )  # fmt: skip
        if self.momentum:
            # torch computes m = momentum * m + (1 - dampening) * g; w -= lr * m.
            torch._fused_sgd_(
                params, grads, batch.slots["momentum"], weight_decay=0.0, momentum=self.momentum,
                lr=-self.momentum if self.nesterov else -1.0, dampening=1.0 + rate,
                nesterov=False, maximize=False, is_first_step=False,
            )  # fmt: skip
