"""GPTQ: weights rounded one input after the other, later ones making good earlier errors.

"GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers",
https://arxiv.org/abs/2210.17323. Matrices have a row for each output, a column for each input.
"""

from typing import NamedTuple

import torch

# Columns whose errors reach the columns after them in one product (the paper's lazy updates).
_BLOCK = 128


class Rounded(NamedTuple):
    """A matrix in few bits: `(numbers - zero[:, index]) * scale[:, index]`."""

    numbers: torch.Tensor
    scale: torch.Tensor
    zero: torch.Tensor
    index: torch.Tensor

    def floats(self) -> torch.Tensor:
        """Return the floats that the numbers stand for."""
        return decode(self.numbers, self.scale, self.zero, self.index)


def decode(
    numbers: torch.Tensor, scale: torch.Tensor, zero: torch.Tensor, index: torch.Tensor
) -> torch.Tensor:
    """Return `(numbers - zero[:, index]) * scale[:, index]` in the dtype of the scale."""
    return (numbers.to(scale.dtype) - zero.to(scale.dtype)[:, index]) * scale[:, index]


def group_count(inputs: int, group_size: int) -> int:
    """Return how many groups there are; the last one may be smaller."""
    return 1 if group_size == -1 else -(-inputs // group_size)


def group_parameters(
    matrix: torch.Tensor,
    bits: int,
    group_size: int = -1,
    symmetric: bool = False,
    per_channel: bool = True,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the scales and zero points, of shape `(outputs, groups)`, for a matrix.

    Args:
        matrix: Of shape `(outputs, inputs)`.
        bits: Numbers go from 0 to `2**bits - 1`.
        group_size: Inputs that share a scale; -1: all.
        symmetric: Whether the zero point is the middle number.
        per_channel: Whether each output has a scale of its own.
    """
    size = matrix.shape[1] if group_size == -1 else group_size
    groups = matrix.split(size, 1)
    low = torch.stack([g.amin(1) for g in groups], 1)
    high = torch.stack([g.amax(1) for g in groups], 1)
    if not per_channel:
        low, high = low.amin(0).expand_as(low), high.amax(0).expand_as(high)
    if symmetric:
        high = torch.maximum(low.abs(), high)
        scale, _ = _affine(-high, high, bits)
        return scale, torch.full_like(scale, 2 ** (bits - 1))
    scale, zero = _affine(low, high, bits)
    # The zero point is kept in a byte: groups far above or below zero take zero into their range.
    outside = (zero < 0) | (zero > 255)
    wide = _affine(low.clamp(max=0), high.clamp(min=0), bits)
    return torch.where(outside, wide[0], scale), torch.where(outside, wide[1], zero)


def _affine(low: torch.Tensor, high: torch.Tensor, bits: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return scale and zero point of a range; one without extent is widened by 1 at both ends."""
    flat = low == high
    low, high = torch.where(flat, low - 1, low), torch.where(flat, high + 1, high)
    scale = (high - low) / (2**bits - 1)
    return scale, torch.round(-low / scale)


def nearest(
    matrix: torch.Tensor,
    bits: int,
    group_size: int = -1,
    symmetric: bool = False,
    per_channel: bool = True,
) -> Rounded:
    """Return a matrix rounded without regard to the inputs; arguments as in `group_parameters`."""
    scale, zero = group_parameters(matrix, bits, group_size, symmetric, per_channel)
    index = _index(matrix, group_size)
    numbers = torch.round(matrix / scale[:, index]) + zero[:, index]
    return Rounded(numbers.clamp(0, 2**bits - 1), scale, zero, index)


def gptq(
    matrix: torch.Tensor,
    hessian: torch.Tensor,
    bits: int,
    group_size: int = -1,
    symmetric: bool = False,
    per_channel: bool = True,
    damping: float = 0.01,
    activation_order: bool = False,
) -> Rounded:
    """Return a matrix rounded so that the outputs for the seen inputs change little.

    Args:
        matrix: Of shape `(outputs, inputs)`.
        hessian: `x.T @ x` of the inputs, up to a factor.
        bits, group_size, symmetric, per_channel: See `group_parameters`. The groups are those of
            the matrix as it is, whatever the order of the inputs.
        damping: Share of the mean that is added to the Hessian's diagonal.
        activation_order: Whether the inputs with the largest sums of squares come first, when all
            others can still make good their errors.
    """
    inputs, largest = matrix.shape[1], 2**bits - 1
    scale, zero = group_parameters(matrix, bits, group_size, symmetric, per_channel)
    index = _index(matrix, group_size)
    diagonal = hessian.diagonal()
    order = torch.arange(inputs, device=matrix.device)
    if activation_order:
        order = torch.argsort(diagonal, descending=True, stable=True)
    factor = _inverse_factor(hessian[order][:, order], damping).to(matrix.dtype)
    rest, numbers = matrix[:, order].clone(), torch.empty_like(matrix)
    groups = index[order].tolist()
    for start in range(0, inputs, _BLOCK):
        stop = min(start + _BLOCK, inputs)
        errors = torch.empty_like(rest[:, start:stop])
        for j in range(start, stop):
            column, s, z = rest[:, j], scale[:, groups[j]], zero[:, groups[j]]
            number = (torch.round(column / s) + z).clamp(0, largest)
            numbers[:, j] = number
            error = (column - (number - z) * s) / factor[j, j]
            rest[:, j + 1 : stop] -= torch.outer(error, factor[j, j + 1 : stop])
            errors[:, j - start] = error
        rest[:, stop:] -= errors @ factor[start:stop, stop:]
    back = torch.argsort(order)
    return Rounded(numbers[:, back], scale, zero, index)


def _index(matrix: torch.Tensor, group_size: int) -> torch.Tensor:
    """Return the group of each input."""
    inputs = torch.arange(matrix.shape[1], device=matrix.device)
    return torch.zeros_like(inputs) if group_size == -1 else inputs // group_size


def _inverse_factor(hessian: torch.Tensor, damping: float) -> torch.Tensor:
    """Return the upper Cholesky factor of the inverse; damped more where that is needed."""
    hessian = hessian.double()
    diagonal = hessian.diagonal()
    # An input that has always been zero: its weights are just rounded.
    diagonal = torch.where(diagonal == 0, 1, diagonal)
    share = damping
    while True:
        damped = hessian.clone()
        damped.diagonal().copy_(diagonal + share * diagonal.mean())
        lower, failed = torch.linalg.cholesky_ex(damped)
        if not failed:
            inverse = torch.cholesky_inverse(lower)
            upper, failed = torch.linalg.cholesky_ex(inverse, upper=True)
            if not failed:
                return upper
        if not share < 1e6:
            raise ValueError("GPTQ: the calibration data gives inputs that are not finite.")
        share = max(10 * share, 1e-6)
