"""Methods with a step size for each weight: RMSprop, Adagrad, Adadelta, Adamax, Nadam."""

from typing import Any, Unpack

import torch

from torchkeras.core.registry import OPTIMIZERS
from torchkeras.optimizers.adam import bias
from torchkeras.optimizers.arguments import Options, with_options
from torchkeras.optimizers.base import Optimizer
from torchkeras.optimizers.plan import Batch, Tensors
from torchkeras.optimizers.state import Constant


@OPTIMIZERS.register("rmsprop")
class RMSprop(Optimizer):
    """Gradients divided by the root of their running mean square (Hinton's lecture 6e).

    `v = rho * v + (1 - rho) * g²; w -= rate * g / sqrt(v + epsilon)`; centered, the square of the
    running mean gradient is taken off `v` there; with momentum, `w` moves by the running sum
    `m = momentum * m + rate * g / sqrt(v + epsilon)`.

    Args:
        learning_rate: Number, schedule or callable.
        rho: Decay of the mean square.
        momentum: Decay of the running sum; 0 for none.
        epsilon: Small number against division by zero.
        centered: Whether the variance divides in place of the mean square.
        **options: See `Optimizer`.

    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> RMSprop(0.1, rho=0.75).apply([torch.tensor([2.0])], [w])
    >>> w.data
    tensor([0.8000])
    """

    @with_options
    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def _add_slots(self, variables: list[torch.Tensor]) -> None:
        self.add_optimizer_variables(variables, "velocity")
        if self.momentum > 0:
            self.add_optimizer_variables(variables, "momentum")
        if self.centered:
            self.add_optimizer_variables(variables, "average_gradient")

    def _update(
        self, batch: Batch, params: Tensors, grads: Tensors, rate: float, decay: float, step: int
    ) -> None:
        velocities = batch.slots["velocity"]
        torch._foreach_mul_(velocities, self.rho)
        torch._foreach_addcmul_(velocities, grads, grads, 1 - self.rho)
        roots = torch._foreach_add(velocities, self.epsilon)
        if self.centered:
            means = batch.slots["average_gradient"]
            torch._foreach_lerp_(means, grads, 1 - self.rho)
            torch._foreach_addcmul_(roots, means, means, -1)
        torch._foreach_sqrt_(roots)
        if self.momentum > 0:
            momenta = batch.slots["momentum"]
            torch._foreach_mul_(momenta, self.momentum)
            torch._foreach_addcdiv_(momenta, grads, roots, rate)
            torch._foreach_sub_(params, momenta)
        else:
            torch._foreach_addcdiv_(params, grads, roots, -rate)


@OPTIMIZERS.register("adagrad")
class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of their squares.

    `a += g²; w -= rate * g / sqrt(a + epsilon)` (https://jmlr.org/papers/v12/duchi11a.html)

    Args:
        learning_rate: Number, schedule or callable.
        initial_accumulator_value: First value of `a`.
        epsilon: Small number against division by zero.
        **options: See `Optimizer`.

    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> Adagrad(0.1, initial_accumulator_value=12.0).apply([torch.tensor([2.0])], [w])
    >>> w.data
    tensor([0.9500])
    """

    @with_options
    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def _add_slots(self, variables: list[torch.Tensor]) -> None:
        start = Constant(self.initial_accumulator_value)
        self.add_optimizer_variables(variables, "accumulator", start)

    def _update(
        self, batch: Batch, params: Tensors, grads: Tensors, rate: float, decay: float, step: int
    ) -> None:
        sums, first, p = batch.slots["accumulator"], self.initial_accumulator_value, params[0]
        if p.device.type == "cpu" and p.dtype != torch.float64 and self.epsilon <= 2e-6 * first:
            # torch's kernel divides by sqrt(a) + eps. As a >= first, with this eps that differs
            # from sqrt(a + epsilon) by less than 1e-6 of it.
            torch._fused_adagrad_(
                params, grads, sums, batch.slots.setdefault("one", [torch.ones(())] * len(params)),
                lr=rate, lr_decay=0.0, weight_decay=0.0, eps=0.5 * self.epsilon / first**0.5,
                maximize=False,
            )  # fmt: skip
            return
        torch._foreach_addcmul_(sums, grads, grads)
        roots = torch._foreach_add(sums, self.epsilon)
        torch._foreach_sqrt_(roots)
        torch._foreach_addcdiv_(params, grads, roots, -rate)


@OPTIMIZERS.register("adadelta")
class Adadelta(Optimizer):
    """Steps in the unit of the weights: the ratio of two running mean squares.

    `a = rho * a + (1 - rho) * g²; d = sqrt(x + epsilon) / sqrt(a + epsilon) * g;`
    `x = rho * x + (1 - rho) * d²; w -= rate * d` (https://arxiv.org/abs/1212.5701, where the
    rate is 1)

    Args:
        learning_rate: Number, schedule or callable.
        rho: Decay of the means.
        epsilon: Small number against division by zero; also what the first step grows from.
        **options: See `Optimizer`.

    >>> Adadelta(1.0).rho
    0.95
    """

    @with_options
    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = rho
        self.epsilon = epsilon

    def _add_slots(self, variables: list[torch.Tensor]) -> None:
        self.add_optimizer_variables(variables, ["accumulated_grad", "accumulated_delta_var"])

    def _update(
        self, batch: Batch, params: Tensors, grads: Tensors, rate: float, decay: float, step: int
    ) -> None:
        squares = batch.slots["accumulated_grad"]
        moves = batch.slots["accumulated_delta_var"]
        torch._foreach_mul_(squares, self.rho)
        torch._foreach_addcmul_(squares, grads, grads, 1 - self.rho)
        roots = torch._foreach_add(squares, self.epsilon)
        torch._foreach_sqrt_(roots)
        deltas = torch._foreach_add(moves, self.epsilon)
        torch._foreach_sqrt_(deltas)
        torch._foreach_div_(deltas, roots)
        torch._foreach_mul_(deltas, grads)
        torch._foreach_mul_(moves, self.rho)
        torch._foreach_addcmul_(moves, deltas, deltas, 1 - self.rho)
        torch._foreach_add_(params, deltas, alpha=-rate)


@OPTIMIZERS.register("adamax")
class Adamax(Optimizer):
    """Adam with the largest gradient, slowly forgotten, in place of the mean square.

    `m += (1 - b1) * (g - m); u = max(b2 * u, |g|); w -= rate / (1 - b1^t) * m / (u + epsilon)`
    (https://arxiv.org/abs/1412.6980, section 7)

    Args:
        learning_rate: Number, schedule or callable.
        beta_1: Decay of `m`.
        beta_2: Decay of `u`.
        epsilon: Small number against division by zero.
        **options: See `Optimizer`.

    >>> Adamax(0.002).beta_2
    0.999
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
        self.add_optimizer_variables(variables, ["momentum", "norm"])

    def _update(
        self, batch: Batch, params: Tensors, grads: Tensors, rate: float, decay: float, step: int
    ) -> None:
        momenta, norms = batch.slots["momentum"], batch.slots["norm"]
        torch._foreach_lerp_(momenta, grads, 1 - self.beta_1)
        torch._foreach_mul_(norms, self.beta_2)
        torch._foreach_maximum_(norms, torch._foreach_abs(grads))
        divisors = torch._foreach_add(norms, self.epsilon)
        torch._foreach_addcdiv_(params, momenta, divisors, -rate / (1 - self.beta_1**step))


@OPTIMIZERS.register("nadam")
class Nadam(Optimizer):
    """Adam with Nesterov's look ahead (http://cs229.stanford.edu/proj2015/054_report.pdf).

    With `u_t = b1 * (1 - 0.96^t / 2)` and `U_t` the product of all `u` up to `t`, Adam's corrected
    `m` becomes `u_(t+1) * m / (1 - U_(t+1)) + (1 - u_t) * g / (1 - U_t)`.

    Args:
        learning_rate: Number, schedule or callable.
        beta_1: Decay of the mean gradient.
        beta_2: Decay of the mean squared gradient.
        epsilon: Small number against division by zero.
        **options: See `Optimizer`.

    >>> Nadam(0.002).beta_1
    0.9
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
        self._product: Any = None

    def _add_slots(self, variables: list[torch.Tensor]) -> None:
        self.add_optimizer_variables(variables, ["momentum", "velocity"])
        if self._product is None:
            self._product = self.add_variable((), "ones", name="u_product")
            self._product.data = self._product.data.cpu()  # read at each step

    def _prepare(self, step: int) -> None:
        self._product.mul_(self._u(step))

    def _u(self, step: int) -> float:
        return self.beta_1 * (1 - 0.5 * 0.96**step)

    def _update(
        self, batch: Batch, params: Tensors, grads: Tensors, rate: float, decay: float, step: int
    ) -> None:
        momenta, velocities = batch.slots["momentum"], batch.slots["velocity"]
        torch._foreach_lerp_(momenta, grads, 1 - self.beta_1)
        torch._foreach_mul_(velocities, self.beta_2)
        torch._foreach_addcmul_(velocities, grads, grads, 1 - self.beta_2)
        roots = torch._foreach_sqrt(velocities)
        # The correction of the root goes to the other side: fewer passes over the memory.
        correction = bias(self.beta_2, step, params[0].dtype) ** 0.5
        corrected = rate * correction
        torch._foreach_add_(roots, self.epsilon * correction)
        product, u, ahead = self._product.item(), self._u(step), self._u(step + 1)
        torch._foreach_addcdiv_(params, momenta, roots, -corrected * ahead / (1 - product * ahead))
        torch._foreach_addcdiv_(params, grads, roots, -corrected * (1 - u) / (1 - product))
