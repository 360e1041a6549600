"""Muon: steps of orthogonal matrices, and Adam for what is no matrix."""

import math
import re
from collections.abc import Hashable, Sequence
from typing import Any, Unpack

import torch

from torchkeras.core.registry import OPTIMIZERS
from torchkeras.optimizers.adam import bias
from torchkeras.optimizers.arguments import Options, with_options
from torchkeras.optimizers.base import Optimizer
from torchkeras.optimizers.plan import Batch, Tensors


@OPTIMIZERS.register("muon")
class Muon(Optimizer):
    """`w -= rate * rms_rate * sqrt(max(rows, columns)) * orthogonal(g + momentum * m)`.

    `m = momentum * m + g`. The momentum is brought near an orthogonal matrix by Newton-Schulz
    iterations `x = a x + (b A + c A A) x` with `A = x x^T`. Variables that are no matrices,
    embeddings, and those in `exclude_layers` get a step of AdamW
    (https://kellerjordan.github.io/posts/muon/, https://arxiv.org/abs/2502.16982).

    Args:
        learning_rate: Number, schedule or callable.
        adam_beta_1, adam_beta_2: Adam's decays.
        adam_weight_decay: Weight decay of what Adam updates; None for none.
        epsilon: Adam's small number against division by zero.
        weight_decay: Weight decay of the matrices; None for none.
        exclude_layers: Regular expressions; what matches a variable's path goes to Adam. Name
            the last layer there.
        exclude_embeddings: Whether variables with "embedding" in the path go to Adam.
        muon_a, muon_b, muon_c: `a`, `b`, `c` above.
        adam_lr_ratio: Adam's rate in units of `learning_rate`.
        momentum: Decay of `m`.
        ns_steps: Number of iterations.
        nesterov: Whether the step looks ahead, as above; else it is that of `m`.
        rms_rate: As above; None for a factor of 1 in place of both it and the root.
        **options: See `Optimizer`.

    >>> w = torch.nn.Parameter(torch.eye(2))
    >>> Muon(0.1, weight_decay=None, rms_rate=None).apply([torch.eye(2)], [w])
    >>> w.shape
    torch.Size([2, 2])
    """

    @with_options
    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        *,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.775,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **options)
        self.adam_beta_1 = adam_beta_1
        self.adam_beta_2 = adam_beta_2
        self.adam_weight_decay = adam_weight_decay
        self.epsilon = epsilon
        self.exclude_layers = list(exclude_layers or ())
        self.exclude_embeddings = exclude_embeddings
        self.muon_a = muon_a
        self.muon_b = muon_b
        self.muon_c = muon_c
        self.adam_lr_ratio = adam_lr_ratio
        self.momentum = momentum
        self.ns_steps = ns_steps
        self.nesterov = nesterov
        self.rms_rate = rms_rate

    def _sort(self, variable: torch.Tensor) -> Hashable:
        """Tell whether Adam takes the variable."""
        path = self._names.get(variable) or getattr(variable, "path", None) or ""
        if variable.ndim != 2 or (self.exclude_embeddings and "embedding" in path.lower()):
            return True
        return any(re.search(pattern, path) for pattern in self.exclude_layers)

    def _add_slots(self, variables: list[torch.Tensor]) -> None:
        for p in variables:
            names = ["momentum", "velocity"] if self._sort(p) else ["momentum"]
            self.add_optimizer_variables([p], names)

    def _decay_of(self, batch: Batch) -> float:
        return float(self.adam_weight_decay or 0.0) if batch.sort else super()._decay_of(batch)

    def _update(
        self, batch: Batch, params: Tensors, grads: Tensors, rate: float, decay: float, step: int
    ) -> None:
        if batch.sort:
            self._adam(batch, params, grads, rate * self.adam_lr_ratio, step)
            return
        momenta = batch.slots["momentum"]
        torch._foreach_mul_(momenta, self.momentum)
        torch._foreach_add_(momenta, grads)
        ahead = momenta
        if self.nesterov:
            ahead = torch._foreach_add(grads, momenta, alpha=self.momentum)
        for p, m in zip(params, ahead, strict=True):
            scale = 1.0 if self.rms_rate is None else self.rms_rate * math.sqrt(max(p.shape))
            p.sub_(self._orthogonal(m), alpha=rate * scale)

    def _orthogonal(self, x: torch.Tensor) -> torch.Tensor:
        """Return a matrix with the singular vectors of `x` and singular values near 1."""
        tall = x.shape[0] > x.shape[1]
        x = x.mT if tall else x
        x = x / (torch.linalg.vector_norm(x) + 1e-7)
        for _ in range(self.ns_steps):
            gram = x @ x.mT
            gram = torch.addmm(gram, gram, gram, beta=self.muon_b, alpha=self.muon_c)
            x = torch.addmm(x, gram, x, beta=self.muon_a)
        return x.mT if tall else x

    def _adam(self, batch: Batch, params: Tensors, grads: Tensors, rate: float, step: int) -> None:
        corrections = [bias(b, step, params[0].dtype) for b in (self.adam_beta_1, self.adam_beta_2)]
        torch._fused_adam_(
            params,
            grads,
            batch.slots["momentum"],
            batch.slots["velocity"],
            [],
            batch.endless,
            lr=rate * corrections[1] ** 0.5 / corrections[0],
            beta1=self.adam_beta_1,
            beta2=self.adam_beta_2,
            weight_decay=0.0,
            eps=self.epsilon,
            amsgrad=False,
            maximize=False,
        )
