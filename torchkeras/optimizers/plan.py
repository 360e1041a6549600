"""Which variables one step updates, arranged as the lists that torch's kernels take."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch

Tensors = list[torch.Tensor]


class Batch:
    """Variables of one param group, device, dtype and sort: what one kernel call updates.

    `slots` holds, by name, the optimizer's tensors of these variables in the same order;
    `decayed` the variables that weight decay is for, or None if that is all of them; `sort` is
    what the method tells its variables apart by, None in most methods. `beside` is what the method
    keeps from step to step for these variables, None at first.
    """

    __slots__ = (
        "beside", "decayed", "dense", "endless", "group", "params", "slots", "sort", "start",
        "stop",
    )  # fmt: skip

    def __init__(
        self,
        group: dict[str, Any],
        params: Tensors,
        slots: dict[str, Tensors],
        decayed: Tensors | None,
        start: int,
        sort: Hashable = None,
    ) -> None:
        self.group = group
        self.sort = sort
        self.beside: Any = None
        self.params = params
        self.slots = slots
        self.decayed = decayed
        self.start = start
        self.stop = start + len(params)
        # Slots are dense. For a variable with gaps in memory the kernels get a dense copy.
        self.dense = all(dense_strides(p) == p.stride() for p in params)
        # torch's Adam kernels correct their bias by a step count of each tensor. At step infinity
        # there is nothing to correct: we pass the corrected rate, as Keras's formula is written.
        self.endless = [torch.tensor(float("inf"), device=p.device) for p in params[:1]] * len(
            params
        )


class Plan:
    """All that one step touches: the batches, and the lists for the options of the base class.

    `params` is flat: first the batches' variables, then those that take their gradient as value
    (`overwritten`). `order` gives the index of each in the optimizer's list of variables.
    """

    __slots__ = (
        "accumulators", "averaged", "batches", "constrained", "count", "kinds", "order",
        "overwritten", "params", "plain", "strides",
    )  # fmt: skip

    def __init__(self, batches: list[Batch], overwritten: Tensors, order: list[int]) -> None:
        self.batches = batches
        self.overwritten = overwritten
        self.order = order
        self.params = [p for b in batches for p in b.params] + overwritten
        self.count = len(self.params) - len(overwritten)
        self.kinds = [kind(p) for p in self.params]
        self.strides = [strides for strides, _, _ in self.kinds]
        self.constrained = [p for p in self.params if getattr(p, "constraint", None) is not None]
        self.plain = not (overwritten or self.constrained)
        self.accumulators: Tensors = []
        self.averaged: tuple[Tensors, Tensors] = ([], [])


def make_plan(
    variables: Sequence[torch.Tensor],
    indices: Sequence[int],
    groups: Sequence[dict[str, Any]],
    slots: dict[str, dict[int, torch.Tensor]],
    decays: Callable[[torch.Tensor], bool],
    sort: Callable[[torch.Tensor], Hashable] = lambda p: None,
) -> Plan:
    """Arrange the variables of these indices by param group, device, dtype and sort."""
    group_of = {id(p): group for group in groups for p in group["params"]}
    overwritten, together = [], {}
    for i in indices:
        p = variables[i]
        if getattr(p, "overwrite_with_gradient", False):
            overwritten.append(i)
        else:
            key = (id(group_of[id(p)]), p.device, p.dtype, sort(p))
            together.setdefault(key, []).append(i)
    batches, order = [], []
    for key, members in together.items():
        params = [variables[i] for i in members]
        decayed = [p for p in params if decays(p)]
        batch = Batch(
            group_of[id(params[0])],
            params,
            {
                name: [of[i].detach() for i in members]
                for name, of in slots.items()
                if all(i in of for i in members)
            },
            None if len(decayed) == len(params) else decayed,
            len(order),
            key[-1],
        )
        batches.append(batch)
        order += members
    return Plan(batches, [variables[i] for i in overwritten], order + overwritten)


def dense_strides(x: torch.Tensor) -> tuple[int, ...]:
    """Return the strides of a tensor like `x`: its own, if its memory has no gaps or overlaps."""
    return torch.empty_like(x, device="meta").stride()


def kind(x: torch.Tensor) -> tuple[tuple[int, ...], torch.dtype, torch.device]:
    """Return what a slot of `x` has in common with it."""
    return dense_strides(x), x.dtype, x.device


def fits(plan: Plan, grads: Sequence[torch.Tensor]) -> bool:
    """Tell whether gradients go into the kernels as they are; of dtype and device only the first
    is asked, as autograd gives gradients those of their variables.

    Raises:
        AttributeError, RuntimeError: for a gradient that is None, or that is sparse.
    """
    _, dtype, device = plan.kinds[0]
    return (
        [g.stride() for g in grads] == plan.strides
        and grads[0].dtype is dtype
        and grads[0].device == device
    )


def fit(plan: Plan, grads: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Return gradients with the device, dtype and layout of their variables' slots.

    torch's fused kernels run along the memory of all their tensors: other strides are not an
    error there but wrong numbers.
    """
    fitted = []
    for g, p, wanted in zip(grads, plan.params, plan.kinds, strict=True):
        if g.layout != torch.strided:
            g = g.to_dense()
        if (g.stride(), g.dtype, g.device) != wanted:
            g = torch.empty_like(p, requires_grad=False).copy_(g)
        fitted.append(g)
    return fitted
