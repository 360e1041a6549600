"""AWQ: before rounding, weights of inputs that grow large are made larger, and divided again.

"AWQ: Activation-aware Weight Quantization for LLM Compression and Acceleration",
https://arxiv.org/abs/2306.00978. Matrices have a row for each output, a column for each input.
"""

import torch

from torchkeras.quantizers.gptq import Rounded, nearest


def awq(
    matrix: torch.Tensor,
    hessian: torch.Tensor,
    largest: torch.Tensor,
    bits: int = 4,
    group_size: int = -1,
    points: int = 20,
) -> tuple[Rounded, torch.Tensor]:
    """Return the rounded `matrix * scales`, and the scales, one for each input.

    The scales are `largest**exponent`, divided by the geometric mean of their extremes. Of the
    exponents `0, 1 / points, ..., 1`, that one is taken which changes the outputs least.

    Args:
        matrix: Of shape `(outputs, inputs)`.
        hessian: `x.T @ x` of the inputs, up to a factor.
        largest: Largest absolute value of each input.
        bits, group_size: See `group_parameters`.
        points: Steps of the exponent.
    """
    largest = torch.where(largest > 0, largest, 1).to(matrix.dtype)  # what is never seen stays
    hessian = hessian.to(matrix.dtype)
    best, least = None, float("inf")
    for step in range(points + 1):
        scales = largest ** (step / points)
        scales = scales / (scales.amax() * scales.amin()).sqrt()
        rounded = nearest(matrix * scales, bits, group_size)
        off = rounded.floats() / scales - matrix
        error = ((off @ hessian) * off).sum().item()
        if error < least:
            best, least = (rounded, scales), error
    if best is None:
        raise ValueError("AWQ: the calibration data gives inputs that are not finite.")
    return best
