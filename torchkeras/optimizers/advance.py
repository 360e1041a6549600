"""What one step does, in order: unscale, accumulate, clip, decay, update, average, constrain."""

from typing import Any

import torch

from torchkeras.optimizers.clip import clip_by_global_norm, clip_by_norm, clip_by_value
from torchkeras.optimizers.groups import Groups
from torchkeras.optimizers.plan import Batch, Plan, Tensors, fit


class Advance(Groups):
    """The part of an optimizer that goes from gradients to new variables."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    _fuses_decay = False  # weight decay is part of `_update`
    _per_variable = False  # a user's update_step takes one variable at a time

    def _advance(self, plan: Plan, grads: Tensors, every: Plan) -> None:
        """Do one step; `every` is the plan of all variables asked for, without a gradient too."""
        count = self._iterations.item()
        self._refresh_rate(count)  # by calls, as Keras's schedules count, not by updates
        if (
            not plan.plain
            or self.use_ema
            or self.gradient_accumulation_steps
            or self.loss_scale_factor
            or self.clipnorm
            or self.clipvalue
            or self.global_clipnorm
        ):
            self._advance_with_options(plan, grads, every, count)
        else:
            self._update_all(plan, grads, count)
        self._iterations.add_(1)

    def _advance_with_options(self, plan: Plan, grads: Tensors, every: Plan, count: int) -> None:
        if self.loss_scale_factor:
            n = plan.count  # what is to be a value is no gradient of the loss
            grads = [
                *(torch._foreach_div(grads[:n], self.loss_scale_factor) if n else ()),
                *grads[n:],
            ]
        iteration, updates = count, True
        if self.gradient_accumulation_steps:
            iteration, done = divmod(count, self.gradient_accumulation_steps)
            updates = done == self.gradient_accumulation_steps - 1
            grads = self._accumulated(plan, grads, updates)
        if updates:
            n = plan.count
            if plan.overwritten:
                torch._foreach_copy_(plan.overwritten, grads[n:])
            if n:
                self._update_all(plan, self._clipped(grads[:n]), iteration)
        if self.use_ema:
            self._average(every, iteration)
        for p in plan.constrained:
            p.copy_(p.constraint(p))

    def _accumulated(self, plan: Plan, grads: Tensors, updates: bool) -> Tensors:
        """Add to the accumulators; at the update return the means and start at zero again."""
        n, sums = plan.count, plan.accumulators
        if not updates:
            if n:
                torch._foreach_add_(sums[:n], grads[:n])
            if plan.overwritten:
                torch._foreach_maximum_(sums[n:], grads[n:])
            return grads
        mean, largest = [], []
        if n:
            mean = torch._foreach_add(grads[:n], sums[:n])
            torch._foreach_div_(mean, self.gradient_accumulation_steps)
        if plan.overwritten:
            largest = torch._foreach_maximum(grads[n:], sums[n:])
        torch._foreach_zero_(self._plan().accumulators)
        return [*mean, *largest]

    def _clipped(self, grads: Tensors) -> Tensors:
        if self.clipnorm is not None and self.clipnorm > 0:
            return clip_by_norm(grads, self.clipnorm)
        if self.global_clipnorm is not None and self.global_clipnorm > 0:
            return clip_by_global_norm(grads, self.global_clipnorm)
        if self.clipvalue is not None and self.clipvalue > 0:
            return clip_by_value(grads, self.clipvalue)
        return grads

    def _average(self, plan: Plan, iteration: int) -> None:
        variables, averages = plan.averaged
        if not variables:
            return
        if iteration == 0:
            torch._foreach_copy_(averages, variables)
        else:
            torch._foreach_lerp_(averages, variables, 1 - self.ema_momentum)
        every = self.ema_overwrite_frequency
        if every and (iteration + 1) % every == 0:
            torch._foreach_copy_(variables, averages)

    def _update_all(self, plan: Plan, grads: Tensors, iteration: int) -> None:
        """Update the variables of a plan from gradients that are ready to use."""
        self._prepare(iteration + 1)
        for batch in plan.batches:
            group = batch.group
            rate, decay = self._rate_of(group), self._decay_of(batch)
            own = grads[batch.start : batch.stop] if len(plan.batches) > 1 else grads
            if decay and not (self._fuses_decay and batch.decayed is None):
                decayed = batch.params if batch.decayed is None else batch.decayed
                if decayed:
                    torch._foreach_mul_(decayed, 1 - decay * rate)
                decay = 0.0
            if self._per_variable:
                self._update_each(batch, own, rate)
            elif batch.dense:
                self._update(batch, batch.params, own, rate, decay, iteration + 1)
            else:
                dense = [torch.empty_like(p, requires_grad=False).copy_(p) for p in batch.params]
                self._update(batch, dense, own, rate, decay, iteration + 1)
                torch._foreach_copy_(batch.params, dense)

    def _decay_of(self, batch: Batch) -> float:
        """Return the weight decay of a batch, 0 for none."""
        return float(batch.group["weight_decay"] or 0.0)

    def _prepare(self, step: int) -> None:
        """Do what a method does once a step, before its batches."""

    def _update(
        self, batch: Batch, params: Tensors, grads: Tensors, rate: float, decay: float, step: int
    ) -> None:
        """Do the method's mathematics, in place, on lists of tensors.

        Args:
            batch: Gives the slots.
            params: Variables.
            grads: Gradients in the same order; not to be changed.
            rate: Learning rate.
            decay: Weight decay, not 0 only for a method that fuses it.
            step: Number of this update, from 1.
        """
        raise NotImplementedError(f"{type(self).__name__} must override `update_step()`.")

    def _update_each(self, batch: Batch, grads: Tensors, rate: float) -> None:
        first = batch.group is self.param_groups[0] and self._rate is not None
        learning_rate = self._rate if first else torch.tensor(rate)
        for g, v in zip(grads, batch.params, strict=True):
            self.update_step(g, v, learning_rate)

    def update_step(
        self, gradient: torch.Tensor, variable: torch.Tensor, learning_rate: Any
    ) -> None:
        """Update one variable. A class of your own writes this.

        Args:
            gradient: Its gradient, clipped and accumulated.
            variable: The variable, to be changed with `assign`, `assign_add`, `assign_sub`.
            learning_rate: Rate of this step.
        """
        plan = self._plan((self._get_variable_index(variable),))
        batch = plan.batches[0]
        step = int(self.iterations) + 1
        with torch.no_grad():
            grads = fit(plan, [gradient])
            self._update(batch, batch.params, grads, float(learning_rate), 0.0, step)
