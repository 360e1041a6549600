"""Pictures of models: layers as boxes, tensors as arrows, drawn by Graphviz."""

import html
import os
import shutil
from typing import Any

from torchkeras import tree
from torchkeras._base.check import received
from torchkeras._base.optional import require
from torchkeras.core.graph import Graph
from torchkeras.core.operation import Operation
from torchkeras.core.symbolic import KerasTensor
from torchkeras.layers import InputLayer
from torchkeras.models import Model, Sequential

_CELL = '<td bgcolor="white"{span}><font point-size="14">{text}</font></td>'
_TITLE = (
    '<tr><td colspan="{span}" bgcolor="black"><font point-size="16" color="white">{text}'
    "</font></td></tr>"
)
_FLAG = '<td bgcolor="{color}"><font point-size="14" color="white"><b>{text}</b></font></td>'
_TABLE = '<<table border="0" cellborder="1" bgcolor="black" cellpadding="10">{rows}</table>>'
# Formats that are the text itself: no program is needed to make them.
_TEXT = ("dot", "gv", "raw")


def model_to_dot(
    model: Model,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Return a model as a graph of pydot.

    Args:
        model: Model, built.
        show_shapes: Whether boxes tell shapes.
        show_dtype: Whether they tell the output's dtype.
        show_layer_names: Whether they tell the layers' names.
        rankdir: `"TB"` downwards, `"LR"` to the right.
        expand_nested: Whether models inside are drawn with their layers.
        dpi: Dots an inch.
        subgraph: Whether the result is to be put into another graph.
        show_layer_activations: Whether boxes tell activations.
        show_trainable: Whether they tell what is trained.
        splines: How arrows run: `"ortho"`, `"line"`, `"curved"`, ….

    Raises:
        ValueError: for a model that is not built, or an unknown argument.
        ImportError: without pydot.
    """
    kwargs.pop("layer_range", None)
    if kwargs:
        raise ValueError(f"model_to_dot: unknown arguments. Received: {sorted(kwargs)}.")
    if not getattr(model, "built", True):
        raise ValueError(
            "model_to_dot: the model must be built before it is drawn. "
            f"{received('model.name', getattr(model, 'name', model))}"
        )
    pydot = require("pydot", "plot")
    if subgraph:
        dot = pydot.Cluster(graph_name=model.name, style="dashed", label=model.name, labeljust="l")
    else:
        dot = pydot.Dot(rankdir=rankdir, concentrate="true", dpi=str(dpi), splines=splines)
        dot.set_node_defaults(shape="record")
    label = _Labels(
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable
    )
    _draw(pydot, dot, model, label, expand_nested)
    return dot


def plot_model(
    model: Model,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Draw a model into a file, and show it in a notebook.

    Args:
        model: Model, built.
        to_file: File; its ending is the format, such as `.png`, `.svg`, `.pdf`; `.dot` needs no
            Graphviz.
        show_shapes: This and the following: as in `model_to_dot`.

    Raises:
        ValueError: for a model that is not built, or an unknown argument.
        ImportError: without pydot, or without the program `dot` of Graphviz.
    """
    path = os.fspath(to_file)
    kind = os.path.splitext(path)[1][1:].lower() or "png"
    dot = model_to_dot(
        model,
        show_shapes=show_shapes,
        show_dtype=show_dtype,
        show_layer_names=show_layer_names,
        rankdir=rankdir,
        expand_nested=expand_nested,
        dpi=dpi,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
        splines=splines,
        **kwargs,
    )
    if kind in _TEXT:
        with open(path, "w", encoding="utf-8") as f:
            f.write(dot.to_string())
        return None
    if shutil.which("dot") is None:
        raise ImportError(
            f"plot_model: a .{kind} file is drawn by the program `dot`, which is not there: "
            "install Graphviz (https://graphviz.org/download), or write a .dot file."
        )
    dot.write(path if os.path.splitext(path)[1] else f"{path}.png", format=kind)
    if kind in ("pdf", "ps"):
        return None
    try:
        display = require("IPython.display")
    except ImportError:
        return None  # there is no notebook to show it
    return display.SVG(path) if kind == "svg" else display.Image(filename=path)


# ------------------------------------------------------------------------------- the graph


def _draw(pydot: Any, dot: Any, model: Any, label: "_Labels", expand: bool) -> None:
    graph = _graph(model)
    if graph is None:
        dot.add_node(_box(pydot, model, label))
        return
    shown = [op for op in graph.operations if _is_shown(op, model)]
    for operation in shown:
        if expand and _graph(operation) is not None:
            inner = pydot.Cluster(
                graph_name=operation.name, style="dashed", label=operation.name, labeljust="l"
            )
            _draw(pydot, inner, operation, label, expand)
            dot.add_subgraph(inner)
        else:
            dot.add_node(_box(pydot, operation, label))
    drawn = set()
    for node in graph.nodes:
        for index, tensor in enumerate(node.input_tensors):
            if tensor._source is None:
                continue
            parent = tensor._source[0]
            if not _is_shown(parent.operation, model) or not _is_shown(node.operation, model):
                continue
            ends = (
                _name(_last(parent.operation, tensor) if expand else parent.operation),
                _name(_first(node.operation, index) if expand else node.operation),
            )
            if ends not in drawn:
                drawn.add(ends)
                dot.add_edge(pydot.Edge(*ends, penwidth="2"))


def _graph(model: Any) -> Graph | None:
    if not isinstance(model, Model) or not getattr(model, "inputs", None):
        return None
    return Graph(tree.flatten(model.inputs), tree.flatten(model.outputs))


def _is_shown(operation: Any, model: Any) -> bool:
    return not (isinstance(model, Sequential) and isinstance(operation, InputLayer))


def _last(operation: Any, tensor: KerasTensor) -> Operation:
    """Return the layer, inside of models, that a tensor comes out of."""
    graph = _graph(operation)
    if graph is None or tensor._source is None:
        return operation
    inner = graph.outputs[tensor._source[1]]
    return _last(inner._source[0].operation, inner)


def _first(operation: Any, index: int) -> Operation:
    """Return the layer, inside of models, that the input of a number goes into first."""
    graph = _graph(operation)
    if graph is None:
        return operation
    entry = graph.inputs[index]
    if not isinstance(operation, Sequential):
        return entry._source[0].operation
    for inner in graph.nodes:
        for i, tensor in enumerate(inner.input_tensors):
            if tensor.key == entry.key:
                return _first(inner.operation, i)
    return operation


def _name(operation: Any) -> str:
    return str(id(operation))


def _box(pydot: Any, operation: Any, label: "_Labels") -> Any:
    return pydot.Node(
        _name(operation), label=label(operation), fontname="Helvetica", border="0", margin="0"
    )


class _Labels:
    """The text of a box, as a table."""

    def __init__(
        self, shapes: bool, dtype: bool, names: bool, activations: bool, trainable: bool
    ) -> None:
        self.shapes, self.dtype, self.names = shapes, dtype, names
        self.activations, self.trainable = activations, trainable

    def __call__(self, operation: Any) -> str:
        kind = html.escape(type(operation).__name__)
        title = f"<b>{kind}</b>"
        if self.names:
            title = f"<b>{html.escape(operation.name)}</b> ({kind})"
        span = max(1, 2 * self.shapes + self.dtype + self.trainable)
        rows = _TITLE.format(span=span, text=title)
        activation = getattr(operation, "activation", None)
        if self.activations and activation is not None:
            name = html.escape(getattr(activation, "__name__", type(activation).__name__))
            text = f"Activation: <b>{name}</b>"
            wide = _CELL.format(span=f' colspan="{span}"', text=text)
            rows += f"<tr>{wide}</tr>"
        cells = "".join(self._cells(operation))
        return _TABLE.format(rows=rows + (f"<tr>{cells}</tr>" if cells else ""))

    def _cells(self, operation: Any) -> Any:
        if self.shapes:
            ends = ("output",) if isinstance(operation, InputLayer) else ("input", "output")
            for end in ends:
                text = f"{end.capitalize()} shape: <b>{_told(operation, end, 'shape')}</b>"
                yield _CELL.format(span="", text=text)
        if self.dtype:
            text = f"Output dtype: <b>{_told(operation, 'output', 'dtype')}</b>"
            yield _CELL.format(span="", text=text)
        if self.trainable and getattr(operation, "weights", None):
            trained = operation.trainable
            yield _FLAG.format(
                color="forestgreen" if trained else "firebrick",
                text="Trainable" if trained else "Non-trainable",
            )


def _told(operation: Any, end: str, what: str) -> str:
    """Return the shape or dtype of an operation's first call, as text."""
    try:
        tensors = getattr(operation, end)
    except (AttributeError, ValueError, RuntimeError):
        return "?"
    flat = [tuple(t.shape) if what == "shape" else str(t.dtype) for t in tree.flatten(tensors)]
    return html.escape(str(flat[0] if len(flat) == 1 else flat), quote=False)
