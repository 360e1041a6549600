"""What the optimizers of Keras 1 and 2 had besides: `lr`, `decay`, `weights`, `minimize`."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import torch

from torchkeras._base.legacy import OldAttribute, explain, old_attribute, old_method
from torchkeras.core.tensor import convert_to_numpy


def _rate(self: Any) -> Any:
    return self.learning_rate


def _set_rate(self: Any, value: Any) -> None:
    self.learning_rate = value


class OldOptimizer:
    """Old names of an optimizer."""

    # What nothing stands for: name -> what to do instead.
    _gone_names: ClassVar[dict[str, str]] = {
        "add_slot": "Call add_variable_from_reference() in build().",
        "add_weight": "Call add_variable().",
        "aggregate_gradients": "Leave it out.",
        "compute_gradients": "Use torch.autograd.grad(loss, variables).",
        "get_slot": "Look at variables.",
        "get_slot_names": "Look at variables.",
        "get_state": "Read the values of variables.",
        "gradient_aggregator": "Change the gradients before apply().",
        "gradient_transformers": "Change the gradients before apply().",
        "jit_compile": "Give jit_compile to compile() of the model.",
        "set_state": "Assign to variables.",
        "updates": "What apply() assigns has happened.",
    }

    def __getattr__(self, name: str) -> Any:
        found = getattr(type(self), name, None)
        if isinstance(found, property):
            return found.__get__(self, type(self))  # it had no value: its own error says why
        hint = explain(type(self), name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")

    lr = OldAttribute(_rate, _set_rate, new="Use learning_rate.")

    @old_attribute("Make the optimizer with keras.optimizers.schedules.InverseTimeDecay.")
    def decay(self: Any) -> float:
        """Step `n`, counted from 0, has the rate `learning_rate / (1 + decay * n)`."""
        return self._inverse_decay

    @old_attribute("Make the optimizer with keras.optimizers.schedules.InverseTimeDecay.")
    def initial_decay(self: Any) -> float:
        """Old name of `decay`."""
        return self._inverse_decay

    @old_attribute("Use variables.")
    def weights(self: Any) -> list[Any]:
        """Old name of `variables`."""
        return self.variables

    @old_method("Read the values of variables.")
    def get_weights(self: Any) -> list[Any]:
        """Return the values of all variables, for `set_weights`."""
        return [convert_to_numpy(v) for v in self.variables]

    @old_method("Use torch.autograd.grad(loss, variables).")
    def get_gradients(self: Any, loss: torch.Tensor, params: Iterable[torch.Tensor]) -> list[Any]:
        """Return the gradients of a loss."""
        return _gradients(loss, list(params))

    @old_method("Call loss.backward(), then step().")
    def minimize(
        self: Any,
        loss: Callable[[], torch.Tensor] | torch.Tensor,
        var_list: Any,
        grad_loss: Any = None,
        name: str | None = None,
        tape: Any = None,
    ) -> None:
        """Do one step down a loss, or a function without arguments that computes it."""
        variables = list(var_list() if callable(var_list) else var_list)
        with torch.enable_grad():
            value = loss() if callable(loss) else loss
            grads = _gradients(self.scale_loss(value), variables)
        self.apply(grads, variables)

    @old_method("Call apply(gradients, variables) in a training step of your own.")
    def get_updates(self: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """Do the step that Keras 1 and 2 put into a graph, and return no updates to run.

        Args:
            *args: `(loss, params)` of Keras 2, or `(params, constraints, loss)` of Keras 1.
            **kwargs: The same by name.
        """
        if args and isinstance(args[0], (list, tuple)):
            kwargs |= dict(zip(("params", "constraints", "loss"), args, strict=False))
        else:
            kwargs |= dict(zip(("loss", "params"), args, strict=False))
        params = list(kwargs["params"])
        loss = kwargs["loss"]
        if not isinstance(loss, torch.Tensor):
            raise TypeError(
                "get_updates: the loss must be a tensor that was computed; there is no graph to "
                f"put updates into. Received: loss={loss!r}."
            )
        self.apply(_gradients(loss, params), params)
        return []


def _gradients(loss: torch.Tensor, variables: list[torch.Tensor]) -> list[Any]:
    return list(torch.autograd.grad(loss, variables, allow_unused=True))
