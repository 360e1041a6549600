"""What `keras.constraints` had."""

import torch

from torchkeras.constraints import Constraint
from torchkeras.constraints import MaxNorm as maxnorm
from torchkeras.constraints import NonNeg as nonneg
from torchkeras.constraints import UnitNorm as unitnorm
from torchkeras.core.registry import CONSTRAINTS


@CONSTRAINTS.register("radial_constraint")
class RadialConstraint(Constraint):
    """Make a square kernel the same everywhere on a ring around its middle.

    Args: none. A ring takes the value that the kernel has on its diagonal.

    Raises:
        ValueError: for a kernel that is not square, or has not four dimensions.

    >>> w = torch.arange(9.0).reshape(3, 3, 1, 1)
    >>> RadialConstraint()(w)[..., 0, 0]
    tensor([[4., 4., 4.], [4., 0., 4.], [4., 4., 4.]])
    """

    def __call__(self, w: torch.Tensor) -> torch.Tensor:
        """Return the kernel with equal rings."""
        if w.ndim != 4 or w.shape[0] != w.shape[1]:
            raise ValueError(
                "RadialConstraint: the weight must be a square kernel of four dimensions. "
                f"Received: shape={tuple(w.shape)}."
            )
        size = w.shape[0]
        start = size // 2
        rings = torch.arange(size, device=w.device)
        ring = torch.where(rings < start, size - 1 - rings, rings) - start
        ring = torch.maximum(ring[:, None], ring[None, :])
        # As Keras 2 has it: the middle takes the entry before the middle.
        inner = torch.tensor(start - 1, device=w.device)
        place = torch.where(ring == 0, inner, ring + start - size % 2)
        return w[place, place]


radial_constraint = RadialConstraint
