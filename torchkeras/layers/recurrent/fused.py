"""torch's fused recurrent kernels on Keras-shaped weights, with or without a mask."""

from collections.abc import Callable
from typing import Any

import torch
from torch.nn.utils.rnn import pack_padded_sequence

Weights = tuple[torch.Tensor, ...]
# (inputs, flat weights, first states) -> (outputs, last states)
Kernel = Callable[[torch.Tensor, Weights, list[torch.Tensor]], tuple[torch.Tensor, list]]


def lstm(x: torch.Tensor, weights: Weights, states: Any) -> tuple[torch.Tensor, list]:
    """Run torch's LSTM over `(batch, steps, features)`."""
    h, c = states
    out, h, c = torch.lstm(
        x, (h.unsqueeze(0), c.unsqueeze(0)), weights, len(weights) == 4,
        1, 0.0, torch.is_grad_enabled(), False, True,
    )  # fmt: skip
    return out, [h.squeeze(0), c.squeeze(0)]


def _single(function: Any) -> Kernel:
    def run(x: torch.Tensor, weights: Weights, states: Any) -> tuple[torch.Tensor, list]:
        out, h = function(
            x, states[0].unsqueeze(0), weights, len(weights) == 4,
            1, 0.0, torch.is_grad_enabled(), False, True,
        )  # fmt: skip
        return out, [h.squeeze(0)]

    return run


gru = _single(torch.gru)
rnn_tanh = _single(torch.rnn_tanh)
rnn_relu = _single(torch.rnn_relu)


def masked(
    kernel: Kernel,
    x: torch.Tensor,
    weights: Weights,
    states: list[torch.Tensor],
    mask: torch.Tensor,
    *,
    sequences: bool,
    zero_output: bool,
    exact_states: bool,
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Run a kernel where masked steps leave the state as it is.

    Such a run is that over the sequence without these steps. So they are moved to its end, and
    outputs are taken from where the kept steps went.

    Args:
        kernel: One of the kernels above.
        x: Inputs `(batch, steps, features)`.
        weights: The kernel's weights.
        states: First states.
        mask: Bools `(batch, steps)`.
        sequences: Whether all outputs are wanted.
        zero_output: Whether the output of a masked step is zero, not that before it.
        exact_states: Whether LSTM's last carry is wanted, which takes packed sequences.
    """
    counts = mask.cumsum(1)  # of kept steps up to each
    lengths = counts[:, -1]
    # Looking at values costs a wait on an accelerator, and is impossible while compiling.
    known = x.device.type == "cpu" and not torch.compiler.is_compiling()
    right_padded = False
    if known:
        if bool(mask.all()):
            out, states = kernel(x, weights, states)
            return out if sequences else states[0], states
        right_padded = not bool((mask[:, 1:] & ~mask[:, :-1]).any())
    if not right_padded:
        order = mask.logical_not().byte().argsort(dim=1, stable=True)
        x = x.gather(1, order.unsqueeze(2).expand(-1, -1, x.shape[2]))
    if known:
        x = x[:, : max(1, int(lengths.max()))]
    some = (lengths > 0).unsqueeze(1)
    if len(states) == 2 and exact_states:
        out, new = _packed(kernel, x, weights, states, lengths.clamp(min=1))
        last = new[0]
    else:
        out, new = kernel(x, weights, states)
        at = (lengths - 1).clamp(min=0).reshape(-1, 1, 1).expand(-1, 1, out.shape[2])
        last = out.gather(1, at).squeeze(1)
        new = [last, *new[1:]]
    new = [torch.where(some, n, s) for n, s in zip(new, states, strict=True)]
    if not sequences:
        shown = mask[:, -1:] if zero_output else some
        return torch.where(shown, last, 0.0), new
    at = (counts - 1).clamp(min=0).unsqueeze(2).expand(-1, -1, out.shape[2])
    shown = mask if zero_output else counts > 0
    return torch.where(shown.unsqueeze(2), out.gather(1, at), 0.0), new


def _packed(
    kernel: Kernel, x: torch.Tensor, weights: Weights, states: Any, lengths: torch.Tensor
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Run LSTM over sequences of different lengths, to get the carry at each one's end."""
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    order, back = packed.sorted_indices, packed.unsorted_indices
    h, c = (s.index_select(0, order).unsqueeze(0) for s in states)
    data, h, c = torch.lstm(
        packed.data, packed.batch_sizes, (h, c), weights, len(weights) == 4,
        1, 0.0, torch.is_grad_enabled(), False,
    )  # fmt: skip
    again = torch.nn.utils.rnn.PackedSequence(data, packed.batch_sizes, order, back)
    out, _ = torch.nn.utils.rnn.pad_packed_sequence(again, True, total_length=x.shape[1])
    return out, [s.squeeze(0).index_select(0, back) for s in (h, c)]
