"""Losses on symbolic tensors: a call becomes a node of the functional model, for `add_loss`."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from torchkeras._base import naming
from torchkeras.core.operation import Operation
from torchkeras.core.registry import LOSSES, OPS
from torchkeras.core.symbolic import KerasTensor

Function = Callable[..., Any]


@OPS.register(module="torchkeras.losses")
class RecordedLoss(Operation):
    """A call of a loss as a node.

    Args:
        loss: Loss, or a loss function or its name.
        arguments: Further arguments of a function.
        name: Default: `loss`, made unique.
    """

    def __init__(
        self, loss: Any, arguments: dict[str, Any] | None = None, name: str | None = None
    ) -> None:
        super().__init__(name or naming.auto_name("loss"))
        self.loss = LOSSES.get(loss)
        self.arguments = arguments or {}

    def call(self, y_true: Any, y_pred: Any, **kwargs: Any) -> Any:
        """Return the loss of real tensors."""
        return self.loss(y_true, y_pred, **self.arguments, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the loss and its arguments."""
        return {
            "name": self.name,
            "loss": LOSSES.serialize(self.loss),
            "arguments": self.arguments,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "RecordedLoss":
        """Make the operation of a config."""
        return cls(**config)


def are_symbols(y_true: Any, y_pred: Any) -> bool:
    """Tell whether a loss is asked of the symbolic tensors of a model that is being made."""
    return type(y_pred) is KerasTensor or type(y_true) is KerasTensor


def loss_function(*aliases: str) -> Callable[[Function], Function]:
    """Register a function of targets and predictions, and let it take symbolic tensors too."""

    def wrap(function: Function) -> Function:
        @functools.wraps(function)
        def call(y_true: Any, y_pred: Any, *args: Any, **kwargs: Any) -> Any:
            if type(y_pred) is KerasTensor or type(y_true) is KerasTensor:
                names = list(inspect.signature(function).parameters)[2:]
                given = dict(zip(names, args, strict=False)) | kwargs
                return RecordedLoss(call, given).symbolic_call(y_true, y_pred)
            return function(y_true, y_pred, *args, **kwargs)

        return LOSSES.register(*aliases)(call)

    return wrap
