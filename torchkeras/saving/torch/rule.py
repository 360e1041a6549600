"""What a rule is that tells how a layer's weights lie in a torch module."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

Convert = Callable[..., Any]


@dataclass(frozen=True)
class Row:
    """One variable of a layer, and what it is made of in torch.

    Args:
        variable: Its name in the layer.
        names: Names of torch's tensors.
        load: `(layer, *tensors) -> value` of the variable.
        dump: `(layer, value) -> tensors`, a tuple of as many.
    """

    variable: str
    names: tuple[str, ...]
    load: Convert
    dump: Convert


@dataclass(frozen=True)
class Rule:
    """What a class of layers is in torch.

    Args:
        module: Name of the torch module, for messages.
        rows: The variables.
        idle: Names that torch has beside, without an effect on outputs -> their first value.
        obstacle: `(layer, module) -> text` of what makes them compute other numbers, or None; the
            module is None where only a state dict is known.
        own: `(layer) -> {name: variable}`.
    """

    module: str
    rows: tuple[Row, ...]
    idle: Mapping[str, Callable[[], Tensor]]
    obstacle: Callable[[Any, Any], str | None]
    own: Callable[[Any], Mapping[str, Tensor]]

    def names(self, layer: Any) -> list[str]:
        """Return the names of torch's tensors for the variables that a layer has."""
        own = self.own(layer)
        return [name for row in self.rows if row.variable in own for name in row.names]


def variables(layer: Any) -> dict[str, Tensor]:
    """Return a layer's own variables by name."""
    tables = (*layer._parameters.items(), *layer._buffers.items())
    return {name: v for name, v in tables if v is not None}


def row(variable: str, name: str, load: Convert, dump: Convert | None = None) -> Row:
    """Return the row of a variable that is one tensor; `dump` is `load` if that is its inverse."""
    back = dump or load
    return Row(variable, (name,), lambda _, t: load(t), lambda _, v: (back(v),))


def same(t: Tensor) -> Tensor:
    """Return a tensor as it is."""
    return t


def rule(module: str, *rows: Row, obstacle: Any = None, idle: Any = None, own: Any = None) -> Rule:
    """Return the rule of some rows; of the rest, what is left out is nothing."""
    return Rule(module, rows, idle or {}, obstacle or (lambda *_: None), own or variables)


def rows_of(rule: Rule, layer: Any) -> Iterator[tuple[Row, Tensor]]:
    """Yield the rows of the variables that a layer has, with these."""
    own = rule.own(layer)
    return ((row, own[row.variable]) for row in rule.rows if row.variable in own)
