"""Functions of graphs, gradients, and loops."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from torchkeras import ops
from torchkeras.compat.keras_backend.state import LearningPhase
from torchkeras.core.operation import Operation
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_numpy, convert_to_tensor
from torchkeras.models import Functional


class Gradient(Operation):
    """The derivative of the sum of one tensor with respect to another, or to a variable.

    Args:
        variable: The variable; None: the second input.
    """

    def __init__(self, variable: torch.Tensor | None = None) -> None:
        super().__init__()
        self.variable = variable

    def call(self, loss: torch.Tensor, x: torch.Tensor | None = None) -> torch.Tensor:
        """Return the derivative; zeros if the loss does not depend on `x`."""
        x = self.variable if x is None else x
        (found,) = torch.autograd.grad(
            loss.sum(), x, retain_graph=True, create_graph=True, allow_unused=True
        )
        return torch.zeros_like(x) if found is None else found

    def compute_output_spec(self, loss: Any, x: Any = None) -> KerasTensor:
        """Return what has the shape of `x`."""
        x = self.variable if x is None else x
        return KerasTensor(tuple(x.shape), dtype=ops.dtype(x) if hasattr(ops, "dtype") else None)


def gradients(loss: Any, variables: Any) -> list[Any]:
    """Return the derivatives of a loss, for each of several variables or tensors.

    Of symbolic tensors they are symbolic: `function` computes them.
    """
    several = variables if isinstance(variables, (list, tuple)) else [variables]
    if isinstance(loss, KerasTensor):
        return [
            Gradient()(loss, v) if isinstance(v, KerasTensor) else Gradient(v)(loss)
            for v in several
        ]
    found = torch.autograd.grad(loss.sum(), list(several), retain_graph=True, allow_unused=True)
    return list(found)


class Function:
    """What `K.function` returns: call it with a list of values.

    Args:
        inputs: Symbolic inputs, `K.learning_phase()` among them if wanted.
        outputs: Symbolic outputs: one, or a list.
        updates: Pairs of a variable and its new symbolic value, set after each call.
    """

    def __init__(self, inputs: Sequence[Any], outputs: Any, updates: Sequence[Any] = ()) -> None:
        self._inputs = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        self._alone = not isinstance(outputs, (list, tuple))
        wanted = [outputs] if self._alone else list(outputs)
        self._updated = [v for v, _ in updates]
        symbols = [x for x in self._inputs if isinstance(x, KerasTensor)]
        results = [*wanted, *(new for _, new in updates)]
        self._at = [i for i, r in enumerate(results) if isinstance(r, KerasTensor)]
        self._results = results
        self._count = len(wanted)
        self._model = Functional(symbols, [results[i] for i in self._at]) if self._at else None

    def __call__(self, inputs: Any) -> Any:
        """Return the outputs as NumPy arrays."""
        values = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        if len(values) != len(self._inputs):
            raise ValueError(
                f"K.function: {len(self._inputs)} inputs are needed. Received: {len(values)}."
            )
        training = False
        tensors = []
        for symbol, value in zip(self._inputs, values, strict=True):
            if isinstance(symbol, LearningPhase):
                training = bool(value)
                continue
            tensor = convert_to_tensor(value, symbol.dtype)
            if tensor.is_floating_point():
                tensor = tensor.detach().requires_grad_()
            tensors.append(tensor)
        results = list(self._results)
        if self._model is not None:
            with torch.enable_grad():
                found = self._model(tensors, training=training)
            found = found if isinstance(found, (list, tuple)) else [found]
            for i, value in zip(self._at, found, strict=True):
                results[i] = value
        for variable, value in zip(self._updated, results[self._count :], strict=True):
            variable.assign(value)
        arrays = [convert_to_numpy(r) for r in results[: self._count]]
        return arrays[0] if self._alone else arrays


def function(
    inputs: Any, outputs: Any, updates: Any = None, name: str | None = None, **kwargs: Any
) -> Function:
    """Return a function that computes symbolic outputs of symbolic inputs.

    >>> import numpy as np
    >>> import torchkeras as keras
    >>> x = keras.Input((3,))
    >>> double = function([x], [x * 2.0])
    >>> double([np.ones((1, 3))])[0]
    array([[2., 2., 2.]], dtype=float32)
    """
    return Function(inputs, outputs, updates or ())


# ------------------------------------------------------------------------------- loops


def map_fn(fn: Callable[[Any], Any], elems: Any, name: str | None = None, dtype: Any = None) -> Any:
    """Return a function's results for each element, stacked."""
    return ops.stack([fn(x) for x in elems])


def foldl(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, name: str | None = None
) -> Any:
    """Combine elements from the first to the last."""
    rest = list(elems)
    total = rest.pop(0) if initializer is None else initializer
    for x in rest:
        total = fn(total, x)
    return total


def foldr(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, name: str | None = None
) -> Any:
    """Combine elements from the last to the first."""
    return foldl(fn, list(elems)[::-1], initializer)


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """Return one of two values, or for each element the one of its condition.

    The expressions may be functions where the condition is a single truth.
    """
    lazy = callable(then_expression) and not isinstance(then_expression, torch.Tensor)
    if lazy:
        return ops.cond(condition, then_expression, else_expression)
    missing = len(then_expression.shape) - len(condition.shape)
    for _ in range(missing):
        condition = ops.expand_dims(condition, -1)
    return ops.where(ops.cast(condition, "bool"), then_expression, else_expression)


def rnn(
    step_function: Callable[[Any, list[Any]], tuple[Any, list[Any]]],
    inputs: Any,
    initial_states: list[Any],
    go_backwards: bool = False,
    mask: Any = None,
    constants: Any = None,
    unroll: bool = False,
    input_length: int | None = None,
    time_major: bool = False,
    zero_output_for_mask: bool = False,
    return_all_outputs: bool = True,
) -> tuple[Any, Any, list[Any]]:
    """Run a step over time.

    Args:
        step_function: `(input, states) -> (output, new states)`; constants are appended to states.
        inputs: `(batch, steps, …)`.
        initial_states: First states.
        go_backwards: Whether to start at the end.
        mask: `(batch, steps)`; a masked step keeps the state and repeats the last output.
        constants: Tensors that each step gets after its states.
        time_major: Whether `inputs` and outputs are `(steps, batch, …)`.
        zero_output_for_mask: Whether a masked step gives zeros.
        return_all_outputs: Whether all outputs are returned, or the last only.

    Returns:
        Last output, outputs, last states.
    """
    x = inputs if time_major else ops.swapaxes(inputs, 0, 1)
    steps = [x[i] for i in range(int(x.shape[0]))]
    keep = None if mask is None else [ops.swapaxes(mask, 0, 1)[i] for i in range(len(steps))]
    order = range(len(steps))[::-1] if go_backwards else range(len(steps))
    states, outputs, last = list(initial_states), [], None
    for i in order:
        output, new = step_function(steps[i], [*states, *(constants or [])])
        if keep is not None:
            valid = ops.cast(keep[i], "bool")
            before = last if last is not None and not zero_output_for_mask else None
            before = ops.zeros_like(output) if before is None else before
            new = [_choose(valid, n, s) for n, s in zip(new, states, strict=True)]
            last = _choose(valid, output, before)
            outputs.append(last)
        else:
            outputs.append(output)
            last = output
        states = list(new)
    found = ops.stack(outputs if return_all_outputs else [last])
    return last, found if time_major else ops.swapaxes(found, 0, 1), states


def _choose(valid: Any, a: Any, b: Any) -> Any:
    for _ in range(len(a.shape) - len(valid.shape)):
        valid = ops.expand_dims(valid, -1)
    return ops.where(valid, a, b)
