"""Keras 1's `Merge` and `merge`: by mode, of layers, models or symbolic tensors."""

from collections.abc import Sequence
from typing import Any

from torchkeras import layers, models
from torchkeras._base import legacy
from torchkeras._base.check import received
from torchkeras.core import legacy_names as names
from torchkeras.core.symbolic import KerasTensor


def merge_layer(
    mode: Any = "sum",
    concat_axis: int = -1,
    dot_axes: Any = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: dict[str, Any] | None = None,
    name: str | None = None,
) -> layers.Layer:
    """Return the layer that a mode of `Merge` stands for.

    Raises:
        ValueError: for an unknown mode.

    >>> merge_layer("concat", concat_axis=1)
    <Concatenate name=concatenate, built=False>
    """
    if callable(mode):
        shape = None if callable(output_shape) else output_shape
        return layers.Lambda(mode, shape, mask=output_mask, arguments=arguments, name=name)
    if mode not in names.MERGES:
        raise ValueError(
            f"Merge: mode must be one of {', '.join(map(repr, names.MERGES))} or a function. "
            f"{received('mode', mode)}"
        )
    class_name, fixed = names.MERGES[mode]
    further = {"axis": concat_axis} if mode == "concat" else {}
    if class_name == "Dot":
        further["axes"] = _axes(dot_axes)
    return getattr(layers, class_name)(name=name, **fixed, **further)


def _axes(given: Any) -> Any:
    """Return axes as numbers: Keras 1 took lists of one axis each too."""
    if isinstance(given, (list, tuple)):
        return tuple(a[0] if isinstance(a, (list, tuple)) and len(a) == 1 else a for a in given)
    return given


def merge(
    inputs: Sequence[Any],
    mode: Any = "sum",
    concat_axis: int = -1,
    dot_axes: Any = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: dict[str, Any] | None = None,
    name: str | None = None,
) -> Any:
    """Return several tensors as one.

    Args:
        inputs: Tensors, or layers and models, whose outputs count.
        mode: "sum", "mul", "ave", "max", "concat", "dot", "cos", or a function of the list.
        concat_axis: Axis of "concat".
        dot_axes: Axis or axes of "dot" and "cos".
        output_shape: Kept for a function; its result tells it.
        output_mask: Mask of a function's result.
        arguments: Further arguments of a function.
        name: Name of the layer.

    >>> import torchkeras as keras
    >>> merge([keras.Input((3,)), keras.Input((3,))], mode="concat").shape
    (None, 6)
    """
    layer = merge_layer(
        mode, concat_axis, dot_axes, output_shape, output_mask, arguments, name
    )  # fmt: skip
    _tell("merge", layer, mode)
    return layer([_output(x) for x in inputs])


def Merge(
    layers: Sequence[Any] | None = None,
    mode: Any = "sum",
    concat_axis: int = -1,
    dot_axes: Any = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: dict[str, Any] | None = None,
    node_indices: Any = None,
    tensor_indices: Any = None,
    name: str | None = None,
) -> Any:
    """Return a layer that merges; of layers or models given, the model up to their merged outputs.

    >>> import torchkeras as keras
    >>> branches = [keras.Sequential([keras.Input((n,)), keras.layers.Dense(2)]) for n in (3, 4)]
    >>> keras.Sequential([Merge(branches, mode="concat"), keras.layers.Dense(1)]).input_shape
    [(None, 3), (None, 4)]
    """
    inner = name if layers is None else None
    layer = merge_layer(
        mode, concat_axis, dot_axes, output_shape, output_mask, arguments, inner
    )  # fmt: skip
    _tell("Merge", layer, mode)
    if not layers:
        return layer
    ends = [_output(x) for x in layers]
    inputs = {id(t): t for branch in layers for t in _inputs(branch)}
    return models.Model(list(inputs.values()), layer(ends), name=name)


def _inputs(branch: Any) -> list[KerasTensor]:
    """Return the symbolic inputs that a branch begins with."""
    if isinstance(branch, models.Model):
        return getattr(branch, "inputs", [])
    tensor = branch if isinstance(branch, KerasTensor) else branch.output
    found: list[KerasTensor] = []
    waiting = [tensor]
    while waiting:
        source = waiting.pop()
        before = source._source[0].input_tensors
        if not before:
            found.append(source)
        waiting += before
    return found


def _output(branch: Any) -> Any:
    if isinstance(branch, models.Model):
        if not hasattr(branch, "outputs"):
            raise ValueError(
                f"Merge: the model {branch.name!r} has no input shape; begin it with an Input."
            )
        return branch.outputs[0]
    return branch.output if isinstance(branch, layers.Layer) else branch


def _tell(what: str, layer: Any, mode: Any) -> None:
    new = f"keras.layers.{type(layer).__name__}"
    legacy.allow(f"{what}(mode={mode!r})", f"Write {new}() of a list of tensors.")
