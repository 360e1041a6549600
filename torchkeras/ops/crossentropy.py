"""Cross-entropies of targets and outputs; the losses of these names are made of them."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base import config
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import NN, op, promote, to_float

Tensor = torch.Tensor
_LAST = 2**63  # torch notes a negative dim of softmax as an unsigned number
_NO_CLASS = -(2**61)  # nll_loss skips labels equal to its ignore_index; no label means this one


def is_softmax(y_pred: Tensor, axis: int) -> bool:
    """Tell whether autograd knows that `y_pred` comes from a softmax over the last axis.

    It sums to 1 then; and what dividing by that sum adds to the gradient is the same for all
    classes of a sample, so the softmax's backward takes it away again.
    """
    if torch.compiler.is_compiling():
        return False  # its tracer knows no grad_fn
    fn = y_pred.grad_fn
    if fn is None or type(fn).__name__ != "SoftmaxBackward0" or axis not in (-1, y_pred.ndim - 1):
        return False
    dim = fn._saved_dim
    return dim == y_pred.ndim - 1 or dim >= _LAST


def log_probabilities(y_pred: Tensor, from_logits: bool, axis: int) -> Tensor:
    """Log of class probabilities that sum to 1, clipped to [epsilon, 1 - epsilon]."""
    if from_logits:
        return F.log_softmax(y_pred, axis)
    if not is_softmax(y_pred, axis):
        y_pred = y_pred / y_pred.sum(axis, keepdim=True)
    least = config.epsilon()
    return torch.log(torch.clamp(y_pred, least, 1.0 - least))


def _different_shapes(owner: str, target: Tensor, output: Tensor) -> ValueError:
    return ValueError(
        f"{owner}: target and output must have the same shape. Received: target of shape "
        f"{tuple(target.shape)}, output of shape {tuple(output.shape)}."
    )


@op(module=NN, tensors=2)
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Return `-(target * log(output) + (1 - target) * log(1 - output))` of each entry.

    Raises:
        ValueError: for different shapes.

    >>> import torchkeras as keras
    >>> keras.ops.binary_crossentropy([0.0, 1.0], [0.5, 0.5])
    tensor([0.6931, 0.6931])
    """
    target, output = promote(to_float(target), to_float(output))
    if target.shape != output.shape:
        raise _different_shapes("binary_crossentropy", target, output)
    if from_logits:
        return F.binary_cross_entropy_with_logits(output, target, reduction="none")
    least = config.epsilon()
    p = torch.clamp(output, least, 1.0 - least)
    try:
        return F.binary_cross_entropy(p, target, reduction="none")
    except RuntimeError:  # the kernel refuses NaN, and targets beyond [0, 1]
        return -(target * torch.log(p) + (1.0 - target) * torch.log(1.0 - p))


@op(module=NN, tensors=2)
def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """Return `-sum(target * log(output))` over the classes; the output is made to sum to 1.

    Args:
        target: Shares of the classes, mostly one-hot.
        output: Probabilities, or logits, of the same shape.
        from_logits: Whether the output goes through a softmax first.
        axis: Axis of the classes.

    Raises:
        ValueError: for different shapes.

    >>> import torchkeras as keras
    >>> keras.ops.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])
    tensor([0.6931])
    """
    target, output = promote(to_float(target), to_float(output))
    if target.shape != output.shape or not target.ndim:
        raise _different_shapes("categorical_crossentropy", target, output)
    return -(target * log_probabilities(output, from_logits, axis)).sum(axis)


@op(module=NN, tensors=2)
def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """Return `-log(output[target])`: minus the log probability of the true class.

    Args:
        target: Class numbers, of the output's shape without `axis`, or with 1 there.
        output: Probabilities, or logits.
        from_logits: Whether the output goes through a softmax first.
        axis: Axis of the classes.

    Raises:
        ValueError: for shapes that do not fit, or a number that is no class.

    >>> import torchkeras as keras
    >>> keras.ops.sparse_categorical_crossentropy([1], [[0.5, 0.5]])
    tensor([0.6931])
    """
    owner = "sparse_categorical_crossentropy"
    target, output = convert_to_tensor(target).long(), to_float(output)
    if not output.ndim:
        raise _different_shapes(owner, target, output)
    axis %= output.ndim
    if target.ndim == output.ndim and target.shape[axis] == 1:
        target = target.squeeze(axis)
    if target.shape != (*output.shape[:axis], *output.shape[axis + 1 :]):
        raise ValueError(
            f"{owner}: target must hold one class number for each row of classes. Received: "
            f"target of shape {tuple(target.shape)}, output of shape {tuple(output.shape)}."
        )
    log_p = log_probabilities(output, from_logits, axis).movedim(axis, -1)
    classes = log_p.shape[-1]
    try:
        values = F.nll_loss(
            log_p.reshape(-1, classes),
            target.reshape(-1),
            ignore_index=_NO_CLASS,
            reduction="none",
        )
    except (IndexError, RuntimeError) as e:
        raise ValueError(
            f"{owner}: target must hold integers in [0, {classes}) for {classes} classes. "
            f"Received: {target.min().item()} to {target.max().item()}."
        ) from e
    return values.reshape(target.shape)
