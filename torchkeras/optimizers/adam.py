"""Adam and AdamW."""

from typing import Any, Unpack

import numpy as np
import torch

from torchkeras._base.check import received
from torchkeras.core.registry import OPTIMIZERS
from torchkeras.optimizers.arguments import Options, with_options
from torchkeras.optimizers.base import Optimizer
from torchkeras.optimizers.plan import Batch, Tensors


def bias(beta: float, step: int, dtype: torch.dtype) -> float:
    """Return `1 - beta^step`, for float32 variables with the rounding that Keras's numbers have.

    >>> bias(0.5, 2, torch.float32)
    0.75
    """
    if dtype is torch.float64:
        return 1.0 - beta**step
    return 1.0 - float(np.float32(float(np.float32(beta)) ** step))


@OPTIMIZERS.register("adam")
class Adam(Optimizer):
    """Adam: steps scaled by running means of the gradient and its square.

    `m += (1 - b1) * (g - m); v += (1 - b2) * (g² - v)`;
    `w -= rate * sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + epsilon)`
    (https://arxiv.org/abs/1412.6980; epsilon is the paper's "epsilon hat").

    Args:
        learning_rate: Number, schedule or callable.
        beta_1: Decay of `m`.
        beta_2: Decay of `v`.
        epsilon: Small number against division by zero.
        amsgrad: Whether the largest `v` so far is used (https://openreview.net/forum?id=ryQu7f-RZ).
        **options: See `Optimizer`.

    >>> import torch
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = Adam(0.1)
    >>> optimizer.apply([torch.tensor([2.0])], [w])
    >>> w.data
    tensor([0.9000])
    """

    _fuses_decay = True

    @with_options
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad

    def _add_slots(self, variables: list[torch.Tensor]) -> None:
        self.add_optimizer_variables(variables, ["momentum", "velocity"])
        if self.amsgrad:
            self.add_optimizer_variables(variables, "velocity_hat")

    def _update(
        self, batch: Batch, params: Tensors, grads: Tensors, rate: float, decay: float, step: int
    ) -> None:
        dtype = params[0].dtype
        corrected = rate * bias(self.beta_2, step, dtype) ** 0.5 / bias(self.beta_1, step, dtype)
        slots = batch.slots
        kernel = torch._fused_adamw_ if decay else torch._fused_adam_
        kernel(
            params,
            grads,
            slots["momentum"],
            slots["velocity"],
            slots["velocity_hat"] if self.amsgrad else [],
            batch.endless,
            lr=corrected,
            beta1=self.beta_1,
            beta2=self.beta_2,
            # The kernel takes off lr * weight_decay, with the rate that we have corrected.
            weight_decay=decay * rate / corrected if decay and corrected else 0.0,
            eps=self.epsilon,
            amsgrad=self.amsgrad,
            maximize=False,
        )


@OPTIMIZERS.register("adamw")
class AdamW(Adam):
    """Adam with weight decay that is apart from the gradient (https://arxiv.org/abs/1711.05101).

    `w -= rate * weight_decay * w` before the step of `Adam`.

    Args:
        learning_rate: Number, schedule or callable.
        weight_decay: Number; 0 is plain Adam.
        beta_1: Decay of the mean gradient.
        beta_2: Decay of the mean squared gradient.
        epsilon: Small number against division by zero.
        amsgrad: Whether the largest mean squared gradient so far is used.
        **options: See `Optimizer`.

    Raises:
        ValueError: if `weight_decay` is None.

    >>> AdamW(0.001, weight_decay=0.01).weight_decay
    0.01
    """

    @with_options
    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[Options],
    ) -> None:
        if weight_decay is None:
            raise ValueError(
                f"AdamW: weight_decay must be a number. {received('weight_decay', weight_decay)}"
            )
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **options
        )
