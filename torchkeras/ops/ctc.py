"""Connectionist temporal classification: its loss, and the labels that outputs stand for."""

import math
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base import check
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import NN, op, to_float

Tensor = torch.Tensor


def _wide(x: Tensor) -> Tensor:
    """Return 16-bit floats in 32 bits: torch has no kernel for them, and they sum up badly."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


@op("CTCLoss", module=NN, tensors=4)
def ctc_loss(
    target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0
) -> Any:
    """Return `-log` of the probability of all alignments of labels with longer outputs.

    Args:
        target: Labels `(batch, labels)`.
        output: Logits `(batch, steps, classes)`.
        target_length: Number of labels of each sample.
        output_length: Number of steps of each sample.
        mask_index: Class of the blank.

    Raises:
        ValueError: for other ranks or batch sizes.

    Graves et al. 2006, https://www.cs.toronto.edu/~graves/icml_2006.pdf

    >>> import torch, torchkeras as keras
    >>> keras.ops.ctc_loss([[1, 2]], torch.zeros(1, 3, 3), [2], [3])
    tensor([1.6864])
    """
    target, output = convert_to_tensor(target), to_float(output)
    lengths = [convert_to_tensor(n) for n in (output_length, target_length)]
    if target.ndim != 2 or output.ndim != 3 or target.shape[0] != output.shape[0]:
        raise ValueError(
            "ctc_loss: target must have the shape (batch, labels), output (batch, steps, classes). "
            f"Received: target of shape {tuple(target.shape)}, output of shape "
            f"{tuple(output.shape)}."
        )
    log_p = F.log_softmax(_wide(output), -1).transpose(0, 1)
    if output.device.type == "meta":
        return log_p.new_empty(output.shape[0])
    lengths = [n.to(output.device, torch.int64) for n in lengths]
    return F.ctc_loss(log_p, target.long(), *lengths, blank=mask_index, reduction="none")


@op("CTCDecode", module=NN, tensors=2)
def ctc_decode(
    inputs: Any, sequence_lengths: Any, strategy: str = "greedy", beam_width: int = 100,
    top_paths: int = 1, merge_repeated: bool = True, mask_index: int | None = 0,
) -> Any:  # fmt: skip
    """Return the likeliest labels of outputs, and how likely they are.

    Args:
        inputs: Logits `(batch, steps, classes)`.
        sequence_lengths: Number of steps of each sample.
        strategy: `"greedy"` takes the best class of each step, `"beam_search"` sums up all
            alignments of the `beam_width` likeliest beginnings.
        beam_width, top_paths: Number of beginnings kept, and of results; of a beam search only.
        merge_repeated: Whether a class in several steps on end is one label; of greedy only.
        mask_index: Class of the blank; None: the last one.

    Returns:
        Labels `(top_paths, batch, steps)`, filled up with -1, and scores `(batch, top_paths)`:
        log probabilities, or minus the sum of the best logits if greedy.

    Raises:
        ValueError: for an unknown strategy, or more `top_paths` than `beam_width`.

    >>> import torch, torchkeras as keras
    >>> keras.ops.ctc_decode(torch.eye(3)[[1, 1, 0, 2]][None], [4])
    (tensor([[[ 1,  2, -1, -1]]], dtype=torch.int32), tensor([[-4.]]))
    """
    check.one_of("ctc_decode", "strategy", strategy, ("greedy", "beam_search"))
    x = _wide(to_float(inputs))
    if x.ndim != 3:
        raise ValueError(
            "ctc_decode: inputs must have the shape (batch, steps, classes). Received: inputs of "
            f"shape {tuple(x.shape)}."
        )
    lengths = convert_to_tensor(sequence_lengths).to(x.device)
    blank = x.shape[-1] - 1 if mask_index is None else mask_index % x.shape[-1]
    steps = torch.arange(x.shape[1], device=x.device)
    inside = steps < lengths.unsqueeze(-1)
    if strategy == "greedy":
        return _greedy(x, inside, merge_repeated, blank)
    check.positive_int("ctc_decode", "beam_width", beam_width)
    check.positive_int("ctc_decode", "top_paths", top_paths)
    if top_paths > beam_width:
        raise ValueError(
            "ctc_decode: top_paths must not be greater than beam_width. Received: "
            f"top_paths={top_paths}, beam_width={beam_width}."
        )
    if x.device.type == "meta":
        batch, steps_, _ = x.shape
        labels = torch.empty(top_paths, batch, steps_, dtype=torch.int32, device="meta")
        return labels, x.new_empty(batch, top_paths)
    return _beam_search(F.log_softmax(x, -1), inside, beam_width, top_paths, blank)


def _greedy(x: Tensor, inside: Tensor, merge: bool, blank: int) -> tuple[Tensor, Tensor]:
    best, classes = x.max(-1)
    kept = inside & (classes != blank)
    if merge:
        kept[:, 1:] &= classes[:, 1:] != classes[:, :-1]
    labels = torch.where(kept, classes, -1)
    order = torch.argsort(~kept, dim=1, stable=True)  # what is kept comes first
    labels = labels.gather(1, order).to(torch.int32)
    scores = -torch.where(inside, best, 0).sum(1, keepdim=True)
    return labels.unsqueeze(0), scores


def _beam_search(
    log_p: Tensor, inside: Tensor, width: int, top_paths: int, blank: int
) -> tuple[Tensor, Tensor]:
    """Search with a beam of label sequences, all samples of the batch at once.

    A sequence is known by a hash of its labels: where one beam, extended by a label, gives another
    beam, their probabilities are added.
    """
    batch, steps, classes = log_p.shape
    device, none = log_p.device, -math.inf
    # Sorts, sums and comparisons are the same in all beams; the first one is the empty sequence.
    shape = (batch, width)
    at_blank = torch.full(shape, none, dtype=log_p.dtype, device=device)
    at_blank[:, 0] = 0
    at_label = torch.full_like(at_blank, none)
    labels = torch.full((*shape, steps), -1, dtype=torch.int64, device=device)
    length = torch.zeros(shape, dtype=torch.int64, device=device)
    last = torch.full(shape, -1, dtype=torch.int64, device=device)
    code = torch.arange(-width, 0, device=device).expand(shape).clone()  # beams not yet in use
    code[:, 0] = 0
    parent = torch.full(shape, -1, dtype=torch.int64, device=device)
    numbers = torch.arange(classes, device=device)
    for step in range(steps):
        now = log_p[:, step].unsqueeze(1)
        total = torch.logaddexp(at_blank, at_label)
        ends = last >= 0
        again = now.expand(-1, width, -1).gather(2, last.clamp(min=0).unsqueeze(2)).squeeze(2)
        stay_blank = total + now[..., blank]
        stay_label = torch.where(ends, at_label + again, none)
        # Extended: after the same label only those alignments count that end in a blank.
        same = numbers == last.unsqueeze(2)
        more = torch.where(same, at_blank.unsqueeze(2), total.unsqueeze(2)) + now
        more[..., blank] = none
        # (batch, i, j): beam i, extended by the last label of beam j, is beam j.
        meets = (parent.unsqueeze(1) == code.unsqueeze(2)) & ends.unsqueeze(1)
        into = more.gather(2, last.clamp(min=0).unsqueeze(1).expand(-1, width, -1))
        into = torch.where(meets, into, none)
        stay_label = torch.logaddexp(stay_label, torch.logsumexp(into, 1))
        taken = torch.zeros_like(more, dtype=torch.bool)
        taken.scatter_reduce_(
            2, last.clamp(min=0).unsqueeze(1).expand(-1, width, -1), meets, "amax"
        )
        more = more.masked_fill(taken, none)
        stay = torch.logaddexp(stay_blank, stay_label)
        _, chosen = torch.topk(torch.cat((stay, more.flatten(1)), 1), width, dim=1)
        stays = chosen < width
        beam = torch.where(stays, chosen, (chosen - width) // classes)
        label = torch.where(stays, -1, (chosen - width) % classes)

        def pick(t: Tensor, beam: Tensor = beam) -> Tensor:
            return t.gather(1, beam)

        new_label = torch.where(stays, pick(stay_label), more.flatten(1).gather(
            1, (chosen - width).clamp(min=0)))  # fmt: skip
        new = (
            torch.where(stays, pick(stay_blank), none),
            new_label,
            torch.where(stays, pick(length), pick(length) + 1),
            torch.where(stays, pick(last), label),
            torch.where(stays, pick(code), pick(code) * 6364136223846793005 + label + 1),
            torch.where(stays, pick(parent), pick(code)),
        )
        grown = labels.gather(1, beam.unsqueeze(2).expand(-1, -1, steps))
        place = pick(length).clamp(max=steps - 1).unsqueeze(2)
        value = torch.where(stays.unsqueeze(2), grown.gather(2, place), label.unsqueeze(2))
        grown = grown.scatter(2, place, value)
        on = inside[:, step].unsqueeze(1)
        at_blank, at_label, length, last, code, parent = (
            torch.where(on, a, b)
            for a, b in zip(new, (at_blank, at_label, length, last, code, parent), strict=True)
        )
        labels = torch.where(on.unsqueeze(2), grown, labels)
    scores, order = torch.topk(torch.logaddexp(at_blank, at_label), top_paths, dim=1)
    labels = labels.gather(1, order.unsqueeze(2).expand(-1, -1, steps))
    return labels.transpose(0, 1).to(torch.int32), scores
