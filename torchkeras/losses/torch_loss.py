"""torch's own loss modules as losses."""

import copy
import inspect
from typing import Any

import torch
from torch import nn

from torchkeras._base import naming
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.losses.base import Loss
from torchkeras.losses.reduction import get_mask, reduce_weighted

_REDUCTIONS = {"mean": "sum_over_batch_size", "sum": "sum", "none": "none"}
_CLASS_INDICES = (nn.CrossEntropyLoss, nn.NLLLoss, nn.MultiMarginLoss)


def is_torch_loss(loss: Any) -> bool:
    """Tell whether `loss` is a loss module of torch, or its class."""
    base = nn.modules.loss._Loss
    return issubclass(loss, base) if inspect.isclass(loss) else isinstance(loss, base)


class TorchLoss(Loss):
    """A module of `torch.nn`, called as `module(outputs, targets)`.

    Labels `(batch, 1)` become `(batch,)` where the module takes class indices; other targets get
    the dtype of the outputs. Sample weights and masks weight the module's single values.

    Args:
        module: For example `torch.nn.CrossEntropyLoss()`.
        name: Default: the class name in snake case.

    >>> loss = TorchLoss(nn.MSELoss())
    >>> loss(torch.zeros(2, 1), torch.tensor([[1.0], [3.0]]), sample_weight=[1.0, 0.0])
    tensor(0.5000)
    """

    def __init__(self, module: nn.Module, name: str | None = None) -> None:
        reduction = _REDUCTIONS.get(getattr(module, "reduction", "mean"), "sum_over_batch_size")
        super().__init__(name or naming.to_snake_case(type(module).__name__), reduction)
        self.module = module

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> torch.Tensor:
        """Return the module's value, or its weighted single values reduced as it says."""
        mask = get_mask(y_pred)
        y_pred = convert_to_tensor(y_pred)
        y_true = self._targets(convert_to_tensor(y_true).to(y_pred.device), y_pred)
        if sample_weight is None and mask is None:
            return self.module(y_pred, y_true)
        single = copy.copy(self.module)
        single.reduction = "none"
        values = single(y_pred, y_true)
        if sample_weight is not None:
            sample_weight = self._float(sample_weight, y_pred.device)
        rank = max(1, *(w.ndim for w in (sample_weight, mask) if w is not None))
        if values.ndim > rank:
            values = values.flatten(rank).mean(-1)
        return reduce_weighted(values, sample_weight, mask, self.reduction)

    def _targets(self, y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
        if isinstance(self.module, _CLASS_INDICES):
            if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1 != y_pred.shape[-1]:
                y_true = y_true.squeeze(-1)
            if y_true.ndim < y_pred.ndim:
                return y_true.long()
        return y_true.to(y_pred.dtype)
