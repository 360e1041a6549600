"""The optimizers of Keras 2 under their old arguments, for scripts that ask for them by name."""

from collections.abc import Callable, Iterable
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core import serialize
from torchkeras.core.tensor import convert_to_numpy
from torchkeras.optimizers import adam, adaptive, base, ftrl, sgd
from torchkeras.optimizers.plan import Batch, Tensors


class Optimizer(base.Optimizer):
    """Base of the optimizers in `keras.optimizers.legacy`, which take `lr` and `decay` too.

    The mathematics and the state are those of the class of the same name in `keras.optimizers`.

    Args:
        *args: Those of that class.
        lr: Old name of `learning_rate`; wins over it.
        decay: Step `n`, counted from 0, has the rate `learning_rate / (1 + decay * n)`.
        **kwargs: Those of that class.

    Raises:
        ValueError: for a negative `decay`, and what that class refuses.

    >>> import torch, torchkeras as keras
    >>> optimizer = keras.optimizers.legacy.SGD(lr=1.0, decay=1.0)
    >>> w = torch.nn.Parameter(torch.tensor([2.0]))
    >>> for _ in range(2):
    ...     optimizer.apply([torch.tensor([1.0])], [w])
    >>> w.data
    tensor([0.5000])
    """

    config_skip = frozenset({"lr"})
    decay = 0.0

    def __init__(self, *args: Any, lr: Any = None, decay: float = 0.0, **kwargs: Any) -> None:
        if not isinstance(decay, (int, float)) or decay < 0:
            raise ValueError(
                f"{type(self).__name__}: decay must be a number that is at least 0. "
                f"{received('decay', decay)}"
            )
        kwargs.pop("is_legacy_optimizer", None)  # a mark in Keras 2's configs
        if lr is not None:
            kwargs["learning_rate"] = lr
            args = args[1:]
        super().__init__(*args, **kwargs)
        self.decay = float(decay)

    def _rate_of(self, group: dict[str, Any]) -> float:
        return super()._rate_of(group) / (1.0 + self.decay * int(self.iterations))

    def _update_each(self, batch: Batch, grads: Tensors, rate: float) -> None:
        for g, v in zip(grads, batch.params, strict=True):
            self.update_step(g, v, torch.tensor(rate))

    @property
    def lr(self) -> Any:
        """Old name of `learning_rate`, before the decay."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        self.learning_rate = value

    @property
    def weights(self) -> list[Any]:
        """Old name of `variables`."""
        return self.variables

    def get_weights(self) -> list[Any]:
        """Return the values of all variables, for `set_weights`."""
        return [convert_to_numpy(v) for v in self.variables]

    def minimize(
        self, loss: Callable[[], torch.Tensor] | torch.Tensor, var_list: Iterable[torch.Tensor]
    ) -> None:
        """Do one step down a loss, or a function without arguments that computes it."""
        variables = list(var_list)
        with torch.enable_grad():
            value = loss() if callable(loss) else loss
            grads = torch.autograd.grad(self.scale_loss(value), variables, allow_unused=True)
        self.apply(grads, variables)


class Adadelta(Optimizer, adaptive.Adadelta):
    """`keras.optimizers.Adadelta` with `lr` and `decay`."""


class Adagrad(Optimizer, adaptive.Adagrad):
    """`keras.optimizers.Adagrad` with `lr` and `decay`."""


class Adam(Optimizer, adam.Adam):
    """`keras.optimizers.Adam` with `lr` and `decay`."""


class Adamax(Optimizer, adaptive.Adamax):
    """`keras.optimizers.Adamax` with `lr` and `decay`."""


class Ftrl(Optimizer, ftrl.Ftrl):
    """`keras.optimizers.Ftrl` with `lr` and `decay`."""


class Nadam(Optimizer, adaptive.Nadam):
    """`keras.optimizers.Nadam` with `lr` and `decay`."""


class RMSprop(Optimizer, adaptive.RMSprop):
    """`keras.optimizers.RMSprop` with `lr` and `decay`."""


class SGD(Optimizer, sgd.SGD):
    """`keras.optimizers.SGD` with `lr` and `decay`."""


for _cls in (Adadelta, Adagrad, Adam, Adamax, Ftrl, Nadam, Optimizer, RMSprop, SGD):
    serialize.add_builtin(_cls, "keras.optimizers.legacy", _cls.__name__, "optimizer")
