"""The table of a model's layers, shapes and parameters that `model.summary()` prints."""

import io
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import nn

from torchkeras._base import config
from torchkeras._base.check import received
from torchkeras._base.messages import write
from torchkeras._base.optional import require
from torchkeras.core.graph import Graph
from torchkeras.core.operation import Node
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tracking import Tracked
from torchkeras.layers.core.torch_module import TorchModuleWrapper
from torchkeras.models.from_module import ModuleModel
from torchkeras.models.model import Model
from torchkeras.models.sequential import Sequential

_TITLES = ("Layer (type)", "Output Shape", "Param #")
# Share of the line that a column takes, by the columns there are.
_SHARES = {
    (False, False): (0.46, 0.33, 0.21),
    (True, False): (0.30, 0.26, 0.17, 0.27),
    (False, True): (0.41, 0.31, 0.18, 0.10),
    (True, True): (0.28, 0.23, 0.16, 0.23, 0.10),
}


class _Row(NamedTuple):
    depth: int
    operation: Any
    nodes: list[Node]  # its calls on symbolic tensors
    name: str | None = None  # of what has no name of its own


def summary(
    model: nn.Module,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Print the layers of a model with their output shapes and numbers of parameters.

    Args:
        model: Functional, sequential or subclassed model, built or not.
        line_length: Width of the table; default 80, and 100 with connections.
        positions: Where columns end, as fractions of the line or in characters.
        print_fn: Called with the whole text; default: print it, or log it
            after `config.disable_interactive_logging()`.
        expand_nested: Whether the layers of nested models get lines of their own.
        show_trainable: Whether a column tells which layers are trained.
        layer_range: First and last layer to show, as names or regular expressions.

    Raises:
        ValueError: if `layer_range` is no pair or matches nothing, or `positions` do not rise.
    """
    graph = _graph(model)
    connected = graph is not None and not _is_chain(graph)
    rows = _rows(model, expand_nested)
    if layer_range is not None:
        rows = _cut(rows, layer_range)
    titles = [*_TITLES]
    if connected:
        titles.append("Connected to")
    if show_trainable:
        titles.append("Trainable")
    if line_length is None:
        line_length = 100 if connected else 80
    widths = _widths(line_length, positions, _SHARES[connected, show_trainable])
    lines = [_cells(row, connected, show_trainable) for row in rows]
    to_screen = print_fn is None and config.is_interactive_logging_enabled()
    text = _render(model.name, titles, widths, lines, _totals(model), to_screen)
    if print_fn is None:
        write(text)
    else:
        print_fn(text)


def _graph(model: nn.Module) -> Graph | None:
    """The graph of a functional model; a Sequential has one too, but is listed by its layers."""
    if isinstance(model, Sequential) or not getattr(model, "inputs", None):
        return None
    return Graph(model.inputs, model.outputs)


def _is_chain(graph: Graph) -> bool:
    """Whether each operation only feeds the next one, which is said by the order of the lines."""
    if len(graph.nodes) != len(graph.operations):
        return False
    read = [t.key[0] for node in graph.nodes for t in node.input_tensors]
    return all(len(n.input_tensors) <= 1 for n in graph.nodes) and len(read) == len(set(read))


def _rows(model: nn.Module, expand: bool, depth: int = 0) -> list[_Row]:
    graph = _graph(model)
    operations = graph.operations if graph else [*model.layers, *_torch_modules(model)]
    rows = []
    for operation in operations:
        if graph:
            nodes = [n for n in graph.nodes if n.operation is operation]
        else:
            nodes = list(getattr(operation, "inbound_nodes", ()))
        rows.append(_Row(depth, operation, nodes))
        if expand and isinstance(operation, Model):
            rows += _rows(operation, expand, depth + 1)
        elif isinstance(operation, TorchModuleWrapper) and (
            expand or isinstance(model, ModuleModel)
        ):
            rows += _inside(operation.module, depth + 1, expand)
    return rows


def _torch_modules(model: nn.Module) -> list[nn.Module]:
    """Direct children that no layer shows: they hold parameters that the totals count."""
    known = {id(layer) for layer in model.layers}
    known |= {id(layer.module) for layer in model.layers if isinstance(layer, TorchModuleWrapper)}
    return [
        child
        for child in model.children()
        if id(child) not in known
        and not isinstance(child, Tracked)
        and not hasattr(child, "count_params")
        and _weights(child)
    ]


def _inside(module: nn.Module, depth: int, expand: bool) -> list[_Row]:
    """Lines for the parts of a torch module, under the names that lead to them."""
    rows = []
    for name, child in module.named_children():
        rows.append(_Row(depth, child, [], name))
        if expand:
            rows += _inside(child, depth + 1, expand)
    return rows


def _source(tensor: KerasTensor) -> str:
    history = tensor._keras_history
    return f"{history.operation.name}[{history.node_index}][{history.tensor_index}]"


def _cut(rows: list[_Row], layer_range: Sequence[str]) -> list[_Row]:
    if not isinstance(layer_range, (list, tuple)) or len(layer_range) != 2:
        raise ValueError(
            "summary: layer_range must be the names of the first and the last layer. "
            f"{received('layer_range', layer_range)}"
        )
    names = [row.name or getattr(row.operation, "name", "") for row in rows]
    first, last = ([i for i, n in enumerate(names) if re.match(p, n)] for p in layer_range)
    if not first or not last or first[0] > last[-1]:
        raise ValueError(
            f"summary: layer_range must match layers of the model, in order: {', '.join(names)}. "
            f"{received('layer_range', layer_range)}"
        )
    return rows[first[0] : last[-1] + 1]


def _widths(
    line_length: int, positions: Sequence[float] | None, shares: tuple[float, ...]
) -> list[int]:
    """Characters within each column; borders and padding take three a column, and one."""
    if positions is None:
        room = line_length - 3 * len(shares) - 1
        widths = [int(room * share) for share in shares]
        widths[0] += room - sum(widths)
        return [max(w, 1) for w in widths]
    ends = [int(p * line_length) if p <= 1 else int(p) for p in positions[: len(shares)]]
    edges = [1, *ends]  # the left border
    if len(ends) < len(shares) or any(a >= b for a, b in zip(edges, ends, strict=False)):
        raise ValueError(
            f"summary: positions must be {len(shares)} rising numbers. "
            f"{received('positions', positions)}"
        )
    return [max(b - a - 3, 1) for a, b in zip(edges, ends, strict=False)]


def _cells(row: _Row, connected: bool, show_trainable: bool) -> list[str]:
    operation = row.operation
    kind = type(operation).__name__
    name = row.name or getattr(operation, "name", kind)
    if isinstance(operation, TorchModuleWrapper):
        kind = type(operation.module).__name__
    indent = "   " * row.depth + "└ " if row.depth else ""
    cells = [f"{indent}{name} ({kind})", _shape(row), _count(operation)]
    if connected:
        cells.append(", ".join(_source(t) for n in row.nodes for t in n.input_tensors) or "-")
    if show_trainable:
        weights = _weights(operation)
        trained = getattr(operation, "trainable", any(w.requires_grad for w in weights))
        cells.append("-" if not weights else "Y" if trained else "N")
    return cells


def _shape(row: _Row) -> str:
    """Output shape of the first call, else what the layer makes of the shape it was built for."""
    operation = row.operation
    if row.nodes:
        outputs = row.nodes[0].output_tensors
        shapes = [t.shape for t in outputs if isinstance(t, KerasTensor)]
        return str(shapes[0]) if len(shapes) == 1 else str(shapes)
    built_for = operation.get_build_config() if hasattr(operation, "get_build_config") else None
    if not built_for:
        return "?"
    try:
        if "shapes_dict" in built_for:
            return str(operation.compute_output_shape(**built_for["shapes_dict"]))
        return str(operation.compute_output_shape(built_for["input_shape"]))
    except (ValueError, TypeError, RuntimeError, AttributeError):
        return "?"  # a layer of the user's own that cannot tell


def _count(operation: Any) -> str:
    if not getattr(operation, "built", True):
        return "0 (unbuilt)"
    return f"{sum(w.numel() for w in _weights(operation)):,}"


def _weights(operation: Any) -> list[torch.Tensor]:
    if hasattr(operation, "weights"):
        return operation.weights
    if not isinstance(operation, nn.Module):
        return []
    return [*operation.parameters(), *operation.buffers()]


def _totals(model: nn.Module) -> list[tuple[str, str]]:
    groups = {
        "Trainable params": list(model.trainable_weights),
        "Non-trainable params": list(model.non_trainable_weights),
    }
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and getattr(optimizer, "built", False):
        groups["Optimizer params"] = list(optimizer.variables)
    everything = [v for variables in groups.values() for v in variables]
    groups = {"Total params": everything, **groups}
    return [(title, _amount(variables)) for title, variables in groups.items()]


def _amount(variables: Iterable[torch.Tensor]) -> str:
    numbers = [(v.numel(), v.numel() * v.element_size()) for v in variables]
    count = sum(n for n, _ in numbers)
    size = float(sum(s for _, s in numbers))
    units = iter(("B", "KB", "MB", "GB", "TB"))
    unit = next(units)
    while size >= 1024 and unit != "TB":
        size, unit = size / 1024, next(units)
    return f"{count:,} ({size:.2f} {unit})"


def _render(
    name: str,
    titles: list[str],
    widths: list[int],
    lines: list[list[str]],
    totals: list[tuple[str, str]],
    to_screen: bool,
) -> str:
    box, console, table, text = (require(f"rich.{m}") for m in ("box", "console", "table", "text"))
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8") if to_screen else "utf-8"
    try:
        "┏━└".encode(encoding)
        plain = False
    except UnicodeEncodeError:
        plain = True
    grid = table.Table(
        box=box.ASCII2 if plain else box.HEAVY_HEAD, show_lines=True, header_style="bold"
    )
    for title, width in zip(titles, widths, strict=True):
        justify = {"Param #": "right", "Trainable": "center"}.get(title, "left")
        grid.add_column(title, width=width, justify=justify, overflow="fold")
    for cells in lines:
        cells = [c.replace("└", "-") for c in cells] if plain else cells
        grid.add_row(*(text.Text(c, style=_style(c)) for c in cells))
    out = console.Console(
        file=io.StringIO(),
        width=sum(widths) + 3 * len(widths) + 1,
        force_terminal=to_screen and sys.stdout.isatty(),
        highlight=False,
    )
    out.print(text.Text(f'Model: "{name}"', style="bold"))
    out.print(grid)
    for title, amount in totals:
        out.print(text.Text(f" {title}: {amount}"), soft_wrap=True)
    return out.file.getvalue()


def _style(cell: str) -> str:
    """Numbers stand out on a terminal."""
    return "cyan" if cell[:1].isdigit() or cell[:1] in "([" else ""


# A model prints itself through this room, which stands above it.
Model._print_summary = staticmethod(summary)
