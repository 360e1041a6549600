"""torch's fused recurrent kernels on Keras-shaped weights, in one direction or both, with masks."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

Weights = tuple[torch.Tensor, ...]
States = list[torch.Tensor]  # each (directions, batch, units)

_FAR = 1e4  # where a sigmoid is exactly 0 or 1; fits into float16


class Kernel(NamedTuple):
    """A kernel, and what makes a step of it leave the state as it is.

    `held` is added to a gate's sum in such a step, for each block of `units`. LSTM's carry stays
    what it is, GRU's state as well; all kernels leave a state of zeros as it is.
    """

    function: Callable[..., Any]
    held: tuple[float, ...] | None  # None: what cancels the bias
    steady: bool = False  # whether every state is held, not only zeros


LSTM = Kernel(torch.lstm, (-_FAR, _FAR, 0.0, 0.0))
GRU = Kernel(torch.gru, (0.0, _FAR, 0.0), True)
RNN_TANH = Kernel(torch.rnn_tanh, None)
RNN_RELU = Kernel(torch.rnn_relu, None)


def run(
    kernel: Kernel, x: torch.Tensor, weights: Weights, states: States
) -> tuple[torch.Tensor, States]:
    """Return the outputs `(batch, steps, directions * units)` and the last states."""
    directions = states[0].shape[0]
    if x.shape[2] != weights[0].shape[1]:  # which the kernels on a CPU do not look at
        raise ValueError(
            f"the inputs of a built recurrent layer must have {weights[0].shape[1]} features. "
            f"Received: shape={tuple(x.shape)}."
        )
    out, *last = kernel.function(
        x,
        states if len(states) > 1 else states[0],
        weights,
        len(weights) == 4 * directions,
        1,
        0.0,
        torch.is_grad_enabled(),
        directions == 2,
        True,
    )
    return out, last


def masked(
    kernel: Kernel,
    x: torch.Tensor,
    weights: Weights,
    states: States,
    mask: torch.Tensor,
    *,
    sequences: bool,
    zero_output: bool,
    exact_states: bool,
) -> tuple[torch.Tensor, States]:
    """Run a kernel where masked steps leave the state as it is.

    Such a run is that over the sequence without these steps. So they are moved to its end, and
    outputs are taken from where the kept steps went. The other direction starts with the steps
    that were moved: they get an input that holds its state.

    Args:
        kernel: One of the kernels above.
        x: Inputs `(batch, steps, features)`.
        weights: The kernel's weights.
        states: First states; for two directions zeros, unless the kernel is steady.
        mask: Bools `(batch, steps)`.
        sequences: Whether all outputs are wanted; else `(directions, batch, units)` comes back.
        zero_output: Whether the output of a masked step is zero, not that before it; in two
            directions it is so if, and only if, sequences are wanted.
        exact_states: Whether LSTM's last carry is wanted.
    """
    both = states[0].shape[0] == 2
    counts = mask.cumsum(1)  # of kept steps up to each
    lengths = counts[:, -1]
    # Looking at values costs a wait on an accelerator, and is impossible while compiling.
    known = x.device.type == "cpu" and not torch.compiler.is_compiling()
    right_padded = filled = False
    if known:
        if bool(mask.all()):
            out, states = run(kernel, x, weights, states)
            return out if sequences else states[0], states
        right_padded = not bool((mask[:, 1:] & ~mask[:, :-1]).any())
        filled = bool(lengths.all())
    if not right_padded:
        x = _rows(x, mask.logical_not().byte().argsort(dim=1, stable=True))
    if known:
        x = x[:, : max(1, int(lengths.max()))]
    if known and len(states) == 1 and not torch.is_grad_enabled():
        out, new = _packed(kernel, x, weights, states, lengths.clamp(min=1))
    else:
        if both or (exact_states and len(states) == 2):
            x, weights = _holding(kernel, x, weights, lengths, both)
        out, new = run(kernel, x, weights, states)
        units, at = new[0].shape[2], (lengths - 1).clamp(min=0)
        last = out[torch.arange(len(at), device=x.device), at, :units].unsqueeze(0)
        new[0] = torch.cat((last, new[0][1:])) if both else last
    if not filled:
        some = (lengths > 0).unsqueeze(1)
        new = [torch.where(some, n, s) for n, s in zip(new, states, strict=True)]
    if not sequences:
        if zero_output:
            return torch.where(mask[:, -1:], new[0], 0.0), new
        return new[0] if filled else torch.where(some, new[0], 0.0), new
    out = _rows(out, (counts - 1).clamp(min=0))
    if zero_output:
        out = out.masked_fill_(~mask.unsqueeze(2), 0.0)
    elif not (filled and right_padded):
        out = out.masked_fill_((counts == 0).unsqueeze(2), 0.0)
    return out, new


def _rows(x: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """Return the steps of each sample in this order; a lookup is far quicker than a gather."""
    batch, steps = x.shape[:2]
    first = torch.arange(0, batch * steps, steps, device=x.device)
    return F.embedding(order + first.unsqueeze(1), x.flatten(0, 1))


def _packed(
    kernel: Kernel, x: torch.Tensor, weights: Weights, states: States, lengths: torch.Tensor
) -> tuple[torch.Tensor, States]:
    """Run a kernel of one state on the kept steps alone.

    Quicker than all steps, but for LSTM, and but for the gradients.
    """
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    both = states[0].shape[0] == 2
    data, last = kernel.function(
        packed.data,
        packed.batch_sizes,
        states[0].index_select(1, packed.sorted_indices),
        weights,
        len(weights) == (8 if both else 4),
        1,
        0.0,
        False,
        both,
    )
    out, _ = pad_packed_sequence(packed._replace(data=data), True)
    return out, [last.index_select(1, packed.unsorted_indices)]


def _holding(
    kernel: Kernel, x: torch.Tensor, weights: Weights, lengths: torch.Tensor, both: bool
) -> tuple[torch.Tensor, Weights]:
    """Give the inputs a feature that marks steps behind the end, and the kernels its weights."""
    gone = (torch.arange(x.shape[1], device=x.device) >= lengths.unsqueeze(1)).unsqueeze(2)
    x = torch.cat((x.masked_fill(gone, 0.0), gone.to(x.dtype)), 2)
    new = list(weights)
    n = len(weights) // 2 if both else len(weights)
    for i in range(0, len(weights), n):
        kernel_of_inputs = weights[i]
        rows = kernel_of_inputs.shape[0]
        if kernel.held is not None:
            column = torch.cat(
                [kernel_of_inputs.new_full((rows // len(kernel.held),), v) for v in kernel.held]
            )
        elif n == 4:
            column = -(weights[i + 2] + weights[i + 3])
        else:
            column = kernel_of_inputs.new_zeros(rows)
        new[i] = torch.cat((kernel_of_inputs, column.unsqueeze(1)), 1)
    return x, tuple(new)
