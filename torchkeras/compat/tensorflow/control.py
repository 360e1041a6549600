"""Branches, loops, clipping: what stands in `tf` itself."""

from collections.abc import Callable
from typing import Any

from torchkeras import ops, tree
from torchkeras.compat.tensorflow.arrays import convert_to_tensor
from torchkeras.compat.tensorflow.linalg import global_norm


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any], name=None) -> Any:
    """Call one of two functions."""
    return ops.cond(pred, true_fn, false_fn)


def case(pred_fn_pairs: Any, default: Any = None, exclusive: bool = False, name=None) -> Any:
    """Call the function of the first condition that holds."""
    for pred, fn in pred_fn_pairs:
        if bool(pred):
            return fn()
    if default is None:
        raise ValueError("tf.case: no condition holds, and there is no default.")
    return default()


def while_loop(cond: Any, body: Any, loop_vars: Any, *args: Any, maximum_iterations=None, **kwargs):
    """Repeat a body while a condition holds."""
    loop_vars = tree.map_structure(convert_to_tensor, loop_vars)
    return ops.while_loop(cond, body, loop_vars, maximum_iterations=maximum_iterations)


def map_fn(fn: Callable[[Any], Any], elems: Any, *args: Any, **kwargs: Any) -> Any:
    """Return a function's results for each element, stacked."""
    elems = tree.map_structure(convert_to_tensor, elems)
    count = len(tree.flatten(elems)[0])
    found = [fn(tree.map_structure(lambda t, i=i: t[i], elems)) for i in range(count)]
    return tree.map_structure(lambda *parts: ops.stack(parts), *found)


def scan(fn: Any, elems: Any, initializer: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Return all steps of combining elements."""
    rest = list(convert_to_tensor(elems))
    state = rest.pop(0) if initializer is None else convert_to_tensor(initializer)
    steps = [state] if initializer is None else []
    for x in rest:
        state = fn(state, x)
        steps.append(state)
    return ops.stack(steps)


def foldl(fn: Any, elems: Any, initializer: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Combine elements from the first to the last."""
    return scan(fn, elems, initializer)[-1]


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: Any = None) -> Any:
    """Return the values moved into an interval."""
    return ops.clip(convert_to_tensor(t), clip_value_min, clip_value_max)


def clip_by_norm(t: Any, clip_norm: float, axes: Any = None, name: Any = None) -> Any:
    """Return a tensor scaled to a largest norm."""
    t = convert_to_tensor(t)
    axes = tuple(axes) if isinstance(axes, list) else axes
    norm = ops.sqrt(ops.sum(ops.square(t), axis=axes, keepdims=True))
    return t * clip_norm / ops.maximum(norm, clip_norm)


def clip_by_global_norm(t_list: Any, clip_norm: float, use_norm: Any = None, name: Any = None):
    """Return tensors scaled together to a largest norm, and the norm they had."""
    norm = global_norm(t_list) if use_norm is None else use_norm
    factor = clip_norm / ops.maximum(norm, clip_norm)
    return [None if t is None else t * factor for t in t_list], norm


def group(*inputs: Any, **kwargs: Any) -> None:
    """Do nothing: what is to be run has run."""


def no_op(name: str | None = None) -> None:
    """Do nothing."""


def tf_print(*inputs: Any, output_stream: Any = None, end: str = "\n", sep: str = " ", **kwargs):
    """Print tensors and text."""
    shown = [x.detach().cpu().numpy() if hasattr(x, "detach") else x for x in inputs]
    print(*shown, sep=sep, end=end, file=None if isinstance(output_stream, str) else output_stream)
