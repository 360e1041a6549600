"""Sums over the processes of `torch.distributed` that train together."""

from typing import Any

import torch


def has_replicas() -> bool:
    """Tell whether there are other processes, whose batches are parts of the whole one."""
    distributed = torch.distributed
    return (
        distributed.is_available()
        and distributed.is_initialized()
        and distributed.get_world_size() > 1
    )


def sum_of_replicas(x: torch.Tensor) -> torch.Tensor:
    """Return the sum of a tensor over all processes; its gradient is summed likewise."""
    return _SumOfReplicas.apply(x)


class _SumOfReplicas(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        """Sum the values."""
        x = x.contiguous().clone()
        torch.distributed.all_reduce(x)
        return x

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        """Sum the gradients."""
        grad = grad.contiguous().clone()
        torch.distributed.all_reduce(grad)
        return grad
