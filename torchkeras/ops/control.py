"""Ops that run functions of the user: branches and loops."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from torchkeras.core import infer, nest
from torchkeras.core.dtypes import standardize_dtype
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops import elementwise
from torchkeras.ops._op import CORE, op

Branch = Callable[..., Any]


def symbol_like(x: Any) -> KerasTensor:
    """Return a fresh symbol of the shape and dtype of a tensor, symbol or number."""
    if not isinstance(x, KerasTensor):
        x = convert_to_tensor(x)
    return KerasTensor(x.shape, standardize_dtype(x.dtype))


def run_symbolically(owner: str, fn: Branch, *args: Any) -> Any:
    """Return the symbols that `fn` gives, without running it on memory.

    Raises:
        ValueError: if `fn` reads symbolic tensors other than its arguments.
    """
    outputs = infer.output_spec(fn, args, {})
    if reads_symbols(outputs):
        raise ValueError(
            f"{owner}: the function must get symbolic tensors as its arguments, and not read "
            f"others from outside. Received: {fn}."
        )
    return outputs


def reads_symbols(outputs: Any) -> bool:
    """Tell whether outputs of `infer.output_spec` depend on symbols from outside the function."""
    return any(isinstance(t, KerasTensor) and t._source is not None for t in nest.flatten(outputs))


def _is_meta(x: Any) -> bool:
    return isinstance(x, torch.Tensor) and x.device.type == "meta"


def _alike(a: Any, b: Any) -> bool:
    """Tell whether two branches give the same structure, shapes and dtypes."""

    def same(x: Any, y: Any) -> bool:
        if not (hasattr(x, "shape") and hasattr(y, "shape")):
            return hasattr(x, "shape") == hasattr(y, "shape")
        return tuple(x.shape) == tuple(y.shape) and x.dtype == y.dtype

    return nest.same_structure(a, b) and all(
        same(x, y) for x, y in zip(nest.flatten(a), nest.flatten(b), strict=True)
    )


def _same_outputs(owner: str, outputs: list[Any]) -> Any:
    for other in outputs[1:]:
        if not _alike(outputs[0], other):
            raise ValueError(
                f"{owner}: the branches must give the same structure, shapes and dtypes. "
                f"Received: {outputs[0]} and {other}."
            )
    return outputs[0]


def _cond_spec(pred: Any, true_fn: Branch, false_fn: Branch) -> Any:
    return _same_outputs("cond", [infer.output_spec(f, (), {}) for f in (true_fn, false_fn)])


@op("Cond", module=CORE, tensors=3, spec=_cond_spec)
def _cond(pred: Any, true_fn: Branch, false_fn: Branch) -> Any:
    if _is_meta(pred):
        return _same_outputs("cond", [true_fn(), false_fn()])
    if isinstance(pred, torch.Tensor) and torch.compiler.is_compiling():
        return torch.cond(pred.bool().reshape(()), true_fn, false_fn)
    return true_fn() if pred else false_fn()


def cond(pred: Any, true_fn: Branch, false_fn: Branch) -> Any:
    """Return what one of two functions gives.

    On a symbolic `pred`, functions that read symbolic tensors are both computed and `where`
    chooses; others become one node. Their structures, shapes and dtypes must be equal then.

    Args:
        pred: Scalar that is true or false.
        true_fn: Function without arguments, called if `pred` is true.
        false_fn: Function without arguments, called otherwise.

    >>> import torchkeras as keras
    >>> keras.ops.cond(3 > 2, lambda: "yes", lambda: "no")
    'yes'
    """
    for name, fn in (("true_fn", true_fn), ("false_fn", false_fn)):
        if not callable(fn):
            raise TypeError(f"cond: {name} must be callable. Received: {name}={fn!r}.")
    if isinstance(pred, KerasTensor) and any(
        reads_symbols(infer.output_spec(f, (), {})) for f in (true_fn, false_fn)
    ):
        outputs = [true_fn(), false_fn()]
        _same_outputs("cond", outputs)
        return _select(pred, *outputs)
    return _cond(pred, true_fn, false_fn)


def _select(pred: KerasTensor, a: Any, b: Any) -> Any:
    return nest.map_structure(lambda x, y: x if x is None else elementwise.where(pred, x, y), a, b)


def _switch_spec(index: Any, branches: Sequence[Branch], *operands: Any) -> Any:
    return _same_outputs("switch", [infer.output_spec(b, operands, {}) for b in branches])


@op("Switch", module=CORE, spec=_switch_spec)
def _switch(*args: Any) -> Any:
    index, branches, *operands = args
    if _is_meta(index):
        return _same_outputs("switch", [b(*operands) for b in branches])
    return branches[max(0, min(int(index), len(branches) - 1))](*operands)


def switch(index: Any, branches: Sequence[Branch], *operands: Any) -> Any:
    """Return what the function number `index` gives; an index out of range means the nearest.

    Args:
        index: Integer scalar.
        branches: Functions of the operands.
        *operands: Arguments of the function.

    >>> import torchkeras as keras
    >>> keras.ops.switch(1, [lambda a, b: a + b, lambda a, b: a - b], 2.0, 0.5)
    1.5
    """
    branches = list(branches)
    if not branches or not all(callable(b) for b in branches):
        raise ValueError(
            f"switch: branches must be functions, one or more. Received: branches={branches}."
        )
    if not isinstance(index, KerasTensor):
        return _switch.__wrapped__(index, branches, *operands)
    if any(reads_symbols(infer.output_spec(b, operands, {})) for b in branches):
        outputs = [b(*operands) for b in branches]
        chosen = outputs[-1]
        for i in range(len(outputs) - 2, -1, -1):
            _same_outputs("switch", [chosen, outputs[i]])
            chosen = _select(elementwise.less_equal(index, i), outputs[i], chosen)
        return chosen
    return _switch(index, branches, *operands)


def _while_spec(
    cond: Branch, body: Branch, loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    run_symbolically("while_loop", body, *_as_tuple(loop_vars))
    return nest.map_structure(symbol_like, loop_vars)


def _as_tuple(x: Any) -> tuple[Any, ...]:
    return tuple(x) if isinstance(x, (list, tuple)) else (x,)


@op("WhileLoop", module=CORE, tensors=3, spec=_while_spec)
def while_loop(
    cond: Branch, body: Branch, loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """Run `loop_vars = body(*loop_vars)` while `cond(*loop_vars)` holds, and return them.

    Args:
        cond: Function of the variables that tells whether to go on.
        body: Function of the variables that returns their next values.
        loop_vars: Tuple or list of variables (given one by one), or a single structure.
        maximum_iterations: Number of runs after which the loop ends in any case.

    >>> import torchkeras as keras
    >>> keras.ops.while_loop(lambda i: i < 10, lambda i: i + 3, 0)
    tensor(12, dtype=torch.int32)
    """
    several = isinstance(loop_vars, (list, tuple))
    values = nest.map_structure(convert_to_tensor, _as_tuple(loop_vars))
    if any(_is_meta(v) for v in nest.flatten(values)):
        return values if several else values[0]
    done = 0
    while (maximum_iterations is None or done < maximum_iterations) and cond(*values):
        values = _as_tuple(body(*values))
        done += 1
    return values if several else values[0]


def _fori_spec(lower: Any, upper: Any, body_fun: Branch, init_val: Any) -> Any:
    run_symbolically("fori_loop", body_fun, 0, init_val)
    return nest.map_structure(symbol_like, init_val)


@op("ForiLoop", module=CORE, tensors=4, spec=_fori_spec)
def fori_loop(lower: Any, upper: Any, body_fun: Branch, init_val: Any) -> Any:
    """Run `val = body_fun(i, val)` for each `i` from `lower` to `upper - 1`, and return `val`.

    >>> import torchkeras as keras
    >>> keras.ops.fori_loop(0, 10, lambda i, s: s + i, 0)
    45
    """
    if _is_meta(lower) or _is_meta(upper):
        return init_val
    value = init_val
    for i in range(int(lower), int(upper)):
        value = body_fun(i, value)
    return value
