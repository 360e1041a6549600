"""What is wrong with labels that a kernel refused: value, position and what is allowed."""

import torch

# nll_loss skips labels equal to its ignore_index; no label means this one.
NO_CLASS = -(2**61)


def class_ids(owner: str, labels: torch.Tensor, num_classes: int) -> torch.Tensor:
    """Return labels as int64; float labels must be whole numbers.

    Raises:
        ValueError: for 0.5, NaN and the like, which a cast would turn into some class.
    """
    if labels.dtype is torch.int64:
        return labels
    ids = labels.long()
    if labels.is_floating_point() and not torch.equal(ids.to(labels.dtype), labels):
        raise bad_class(owner, labels, num_classes)
    return ids


def best(x: torch.Tensor, axis: int = -1) -> torch.Tensor:
    """Return where the largest entry is; torch's `argmax` takes no bools."""
    return (x.byte() if x.dtype is torch.bool else x).argmax(axis)


def no_class(
    labels: torch.Tensor, num_classes: int, ignore_class: int | None = None
) -> torch.Tensor:
    """Tell which labels are no class index."""
    bad = ~((labels >= 0) & (labels < num_classes))
    if labels.is_floating_point():
        bad |= labels != labels.floor()
    return bad if ignore_class is None else bad & (labels != ignore_class)


def no_probability(labels: torch.Tensor) -> torch.Tensor:
    """Tell which labels are outside of [0, 1]."""
    return ~((labels >= 0) & (labels <= 1))


def bad_class(
    owner: str,
    labels: torch.Tensor,
    num_classes: int,
    ignore_class: int | None = None,
    start: int = 0,
) -> ValueError:
    """Return the error for the first label that is no class index; `labels` begin at `start`."""
    allowed = f"integers in [0, {num_classes}) for {num_classes} classes"
    return _error(owner, labels, no_class(labels, num_classes, ignore_class), allowed, start)


def bad_probability(owner: str, labels: torch.Tensor, start: int = 0) -> ValueError:
    """Return the error for the first label outside of [0, 1]; `labels` begin at `start`."""
    return _error(owner, labels, no_probability(labels), "in [0, 1]", start)


def _error(
    owner: str, labels: torch.Tensor, bad: torch.Tensor, allowed: str, start: int
) -> ValueError:
    found = bad.nonzero()
    if len(found) == 0:
        return ValueError(f"{owner}: labels must be {allowed}.")
    position = tuple(found[0].tolist())
    value = labels[position].item()
    if position:
        position = (position[0] + start, *position[1:])
    where = position[0] if len(position) == 1 else position
    return ValueError(
        f"{owner}: labels must be {allowed}. Received: label {value} at position {where}."
    )


def different_shapes(
    owner: str, y_true: torch.Tensor, y_pred: torch.Tensor, hint: str = ""
) -> ValueError:
    """Return the error for targets and outputs that do not fit together."""
    return ValueError(
        f"{owner}: y_true and y_pred must have the same shape{hint}. Received: "
        f"y_true.shape={tuple(y_true.shape)}, y_pred.shape={tuple(y_pred.shape)}."
    )
