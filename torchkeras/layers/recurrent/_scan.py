"""The loop over steps as one node of a graph, for `torch.export` with any number of steps."""

from collections.abc import Callable
from typing import Any

import torch
from torch._higher_order_ops.scan import scan


def _own(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return tensors that share no memory, in plain order: scan demands both."""
    return [t.clone(memory_format=torch.contiguous_format) for t in tensors]


def run(
    advance: Callable[[torch.Tensor, Any, bool], tuple[torch.Tensor, list[torch.Tensor]]],
    projected: torch.Tensor,
    states: list[torch.Tensor],
    mask: torch.Tensor | None,
    zero_output: bool,
) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]:
    """Return all outputs, the last one, and the last states, of the steps `(batch, steps, ...)`.

    With a mask, a step that it excludes leaves the output (or makes it zero) and the states.
    """

    def step(carry: list[torch.Tensor], now: Any) -> tuple[list[torch.Tensor], torch.Tensor]:
        before, *old = carry
        output, new = advance(now[0], old, False)
        if mask is not None:
            keep = now[1].reshape(-1, *(1,) * (output.ndim - 1))
            output = torch.where(keep, output, torch.zeros_like(before) if zero_output else before)
            new = [torch.where(keep, n, o) for n, o in zip(new, old, strict=True)]
        return _own([output, *new]), _own([output])[0]

    steps = [projected.transpose(0, 1)]
    if mask is not None:
        steps.append(mask.transpose(0, 1))
    start = _own([torch.zeros_like(states[0]), *states])
    (last, *new), outputs = scan(step, start, steps)
    return outputs.transpose(0, 1), last, new
