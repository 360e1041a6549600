"""CTC: sequences of labels against longer sequences of outputs, without an alignment."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base.check import received
from torchkeras.core.registry import LOSSES
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.losses import labels
from torchkeras.losses.base import FunctionLoss
from torchkeras.losses.recorded import loss_function


@loss_function()
def ctc(y_true: Any, y_pred: Any) -> torch.Tensor:
    """Connectionist temporal classification: `-log` of all alignments' probability.

    Args:
        y_true: Class indices `(batch, labels)`; 0 is the blank, and fills short rows up.
        y_pred: Logits `(batch, steps, classes)`.

    Raises:
        ValueError: for other ranks, or a label that is no class.

    Graves et al. 2006, https://www.cs.toronto.edu/~graves/icml_2006.pdf

    >>> import numpy as np, torchkeras as keras
    >>> keras.losses.ctc(np.array([[1, 2]]), np.zeros((1, 3, 3), "float32"))
    tensor([1.6864])
    """
    y_true, y_pred = convert_to_tensor(y_true), convert_to_tensor(y_pred)
    if y_true.ndim != 2:
        raise ValueError(
            "ctc: y_true must have the shape (batch, labels). "
            f"{received('y_true.shape', tuple(y_true.shape))}"
        )
    if y_pred.ndim != 3 or y_pred.shape[0] != y_true.shape[0]:
        raise ValueError(
            "ctc: y_pred must have the shape (batch, steps, classes). Received: "
            f"y_pred.shape={tuple(y_pred.shape)}, y_true.shape={tuple(y_true.shape)}."
        )
    classes = y_pred.shape[-1]
    ids = labels.class_ids("ctc", y_true, classes)
    if y_pred.is_cpu and labels.no_class(ids, classes).any():  # elsewhere it would wait
        raise labels.bad_class("ctc", y_true, classes)
    steps = torch.full((y_pred.shape[0],), y_pred.shape[1], device=y_pred.device)
    if y_pred.dtype in (torch.float16, torch.bfloat16):  # torch has no kernel for them
        y_pred = y_pred.float()
    return F.ctc_loss(
        F.log_softmax(y_pred, -1).transpose(0, 1),
        ids,
        steps,
        (ids != 0).sum(1),
        blank=0,
        reduction="none",
    )


@LOSSES.register(name="CTC")
class CTC(FunctionLoss):
    """Connectionist temporal classification; see `ctc` for the shapes.

    Args:
        reduction: See `Loss`.
        name: Default `"ctc"`.
        dtype: See `Loss`.

    >>> import numpy as np, torchkeras as keras
    >>> keras.losses.CTC()(np.array([[1, 2]]), np.zeros((1, 3, 3), "float32"))
    tensor(1.6864)
    """

    casts_targets = False

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "ctc",
        dtype: Any = None,
    ) -> None:
        super().__init__(ctc, reduction, name, dtype)
