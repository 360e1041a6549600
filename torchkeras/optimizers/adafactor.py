"""Adafactor: mean squares of a matrix's gradient kept by row and by column."""

import math
from collections.abc import Hashable
from typing import Any, Unpack

import torch

from torchkeras.core.registry import OPTIMIZERS
from torchkeras.core.variable import Variable
from torchkeras.optimizers.arguments import Options, with_options
from torchkeras.optimizers.base import Optimizer
from torchkeras.optimizers.plan import Batch, Tensors


@OPTIMIZERS.register("adafactor")
class Adafactor(Optimizer):
    """`w -= max(epsilon_2, rms(w)) * rate * u / max(1, rms(u) / clip_threshold)`.

    `u = g / sqrt(v)`, where `v` is the running mean of `g² + epsilon_1` with the decay
    `1 - t^beta_2_decay`; in variables of two and more axes it is the product of its means over
    the last axis and the last but one (https://arxiv.org/abs/1804.04235).

    Args:
        learning_rate: Number, schedule or callable.
        beta_2_decay: Exponent of the decay, below 0.
        epsilon_1: Small number against division by zero.
        epsilon_2: Smallest scale of a variable.
        clip_threshold: Largest root mean square of a step's `u`.
        relative_step: Whether the rate is at most `1 / sqrt(t)`.
        **options: See `Optimizer`.

    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> Adafactor(0.1).apply([torch.tensor([2.0])], [w])
    >>> w.data
    tensor([0.9000])
    """

    @with_options
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step
        self._factors: dict[int, tuple[Variable, Variable]] = {}

    def _add_slots(self, variables: list[torch.Tensor]) -> None:
        for p in variables:
            if getattr(p, "overwrite_with_gradient", False):
                continue
            label = getattr(p, "name", None) or self._label(p)
            if p.ndim < 2:  # Keras's files have two zeros there
                self._variables += [
                    Variable(0, dtype="int32", trainable=False, name=label) for _ in range(2)
                ]
            else:
                rows = self.add_variable(p.shape[:-1], "zeros", p.dtype, name=label)
                columns = self.add_variable(
                    (*p.shape[:-2], p.shape[-1]), "zeros", p.dtype, name=label
                )
                self._factors[self._index[id(p)]] = rows, columns
            self.add_variable_from_reference(p, "velocity")

    def _sort(self, variable: torch.Tensor) -> Hashable:
        return variable.ndim >= 2

    def _beside(self, batch: Batch) -> tuple[torch.Tensor, list[Tensors]]:
        """Return the roots of the variables' sizes, and their factors, where the variables are."""
        first, factors = batch.params[0], []
        for p in batch.params if batch.sort else ():
            pair = self._factors[self._index[id(p)]]
            for v in pair:
                if v.device != p.device or v.dtype != p.dtype:
                    v.data = v.data.to(p)
            factors.append([v.detach() for v in pair])
        return torch.tensor([math.sqrt(max(p.numel(), 1)) for p in batch.params]).to(first), factors

    def _update(
        self, batch: Batch, params: Tensors, grads: Tensors, rate: float, decay: float, step: int
    ) -> None:
        if batch.beside is None:
            batch.beside = self._beside(batch)
        sizes, factors = batch.beside
        velocities = batch.slots["velocity"]
        share = step**self.beta_2_decay  # of the new square in the mean
        squares = torch._foreach_mul(grads, grads)
        if batch.sort:
            for square, velocity, (rows, columns) in zip(squares, velocities, factors, strict=True):
                rows.lerp_(square.mean(-1).add_(self.epsilon_1), share)
                columns.lerp_(square.mean(-2).add_(self.epsilon_1), share)
                scale = rows / rows.mean(-1, keepdim=True)
                torch.mul(scale.unsqueeze(-1), columns.unsqueeze(-2), out=velocity)
        else:
            torch._foreach_add_(squares, self.epsilon_1)
            torch._foreach_lerp_(velocities, squares, share)
        steps = torch._foreach_rsqrt(velocities)
        torch._foreach_mul_(steps, grads)
        lengths = torch.stack(torch._foreach_norm(steps)) / sizes
        scales = (torch.stack(torch._foreach_norm(params)) / sizes).clamp_(min=self.epsilon_2)
        if self.relative_step:
            rate = min(rate, 1 / math.sqrt(step))
        ratios = scales * -rate / lengths.div_(self.clip_threshold).clamp_(min=1.0)
        torch._foreach_mul_(steps, list(ratios.unbind()))
        torch._foreach_add_(params, steps)
