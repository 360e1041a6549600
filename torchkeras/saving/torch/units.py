"""The parts of a Keras model and of a torch module that carry weights, in their order."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from torchkeras.core import serialize
from torchkeras.core.tracking import Tracked
from torchkeras.random.seed_generator import SeedGenerator
from torchkeras.saving.torch.rule import Rule
from torchkeras.saving.torch.rules import RULES

_RECURRENT = re.compile(r"(weight|bias)_(ih|hh|hr)_l(\d+)(_reverse)?")
_ATTENTION = ("in_proj_weight", "q_proj_weight")


@dataclass(frozen=True)
class KerasUnit:
    """A layer, or one level of a recurrent one.

    Args:
        path: Name of the layer, as in `state_dict`.
        layer: The layer.
        level: Which of its levels.
        parts: (layer or cell, what torch puts behind its names); two if it is bidirectional.
        rule: How these are written in torch.
        plain: Tensors that are what they are in torch: those of a torch module within a model.
        numbered: Whether torch numbers its names, as in `weight_ih_l0`.
    """

    path: str
    layer: Any
    level: int = 0
    parts: tuple[tuple[Any, str], ...] = ()
    rule: Rule | None = None
    plain: Mapping[str, Tensor] = field(default_factory=dict)
    numbered: bool = False

    @property
    def name(self) -> str:
        """Path, with the number of the level where it is not the first."""
        return _leveled(self.path, self.level)

    @property
    def label(self) -> str:
        """Name and class, for messages."""
        kind = type(self.layer).__name__
        return f"{self.name} ({kind})" if self.name else kind


@dataclass(frozen=True)
class TorchUnit:
    """A module's own tensors, or those of one level of a recurrent one.

    Args:
        prefix: Name of the module.
        level: Which of its levels.
        module: The module, where it is known.
        numbered: Whether its names have the number of the level.
        keys: Name, without the level -> key in the state dict.
    """

    prefix: str
    level: int
    module: Any = None
    numbered: bool = False
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Prefix, with the number of the level where it is not the first."""
        return _leveled(self.prefix, self.level)

    @property
    def label(self) -> str:
        """Name and class, or names of the tensors, for messages."""
        kind = type(self.module).__name__ if self.module is not None else ", ".join(self.keys)
        return f"{self.name} ({kind})" if self.name else kind


def _leveled(name: str, level: int) -> str:
    return f"{name}[{level}]" if level else name


# ------------------------------------------------------------------------------- torch


def torch_units(state: Mapping[str, Tensor], module: nn.Module | None = None) -> list[TorchUnit]:
    """Return the units of a state dict, in its order."""
    modules = dict(module.named_modules()) if module is not None else {}
    found: dict[tuple[str, int], TorchUnit] = {}
    for key in state:
        prefix, _, name = key.rpartition(".")
        owner, _, last = prefix.rpartition(".")
        within = f"{owner}." if owner else ""
        level, numbered = 0, False
        if last == "out_proj" and any(f"{within}{n}" in state for n in _ATTENTION):
            prefix, name = owner, f"out_proj.{name}"
        elif match := _RECURRENT.fullmatch(name):
            kind, part, number, reverse = match.groups()
            level, numbered, name = int(number), True, f"{kind}_{part}{reverse or ''}"
        made = TorchUnit(prefix, level, modules.get(prefix), numbered)
        found.setdefault((prefix, level), made).keys[name] = key
    return list(found.values())


# ------------------------------------------------------------------------------- Keras


def keras_units(target: Any) -> list[KerasUnit]:
    """Return the units of a layer, a model, or a list of them.

    Raises:
        TypeError: if it is none of these.
        ValueError: for a layer that is not built, or has weights that no rule is for.
    """
    if isinstance(target, (list, tuple)) and not isinstance(target, nn.Module):
        return [unit for layer in target for unit in keras_units(layer)]
    if not isinstance(target, nn.Module):
        raise TypeError(f"a layer, a model or a list of layers is needed. Received: {target!r}.")
    if not getattr(target, "built", True):
        raise ValueError(
            f"{target.name} has no weights yet: call it on data, or build(input_shape)."
        )
    path = "" if holds_layers(target) else target.name
    return list(_below(target, path, set()))


def holds_layers(target: Any) -> bool:
    """Tell whether names of units are those of layers within, not that of the target itself."""
    return hasattr(target, "layers") or not (
        rule_of(target) or _cells(target) or hasattr(target, "forward_layer")
    )


def rule_of(layer: Any) -> Rule | None:
    """Return the rule of a layer's class, or of that which it comes from."""
    for cls in type(layer).__mro__:
        if serialize.is_builtin(cls):
            return RULES.get(serialize.builtin_config(cls)[1])
    return None


def _cells(layer: Any) -> list[Any]:
    """Return the cells of a recurrent layer that rules are for, one a level."""
    cell = getattr(layer, "cell", None)
    cells = list(getattr(cell, "cells", [cell]))
    return cells if all(rule_of(c) is not None for c in cells) else []


def _below(module: Any, path: str, seen: set[int]) -> Iterator[KerasUnit]:
    if id(module) in seen or isinstance(module, SeedGenerator):
        return
    seen.add(id(module))
    rule = rule_of(module)
    if rule is not None:
        if rule.own(module):
            yield KerasUnit(path, module, parts=((module, ""),), rule=rule)
        return
    forward = getattr(module, "forward_layer", None)
    cells = _cells(module if forward is None else forward)
    if cells and forward is not None:
        yield _both_ways(module, path, cells)
        return
    for i, cell in enumerate(cells):
        yield KerasUnit(path, module, i, ((cell, ""),), rule_of(cell), numbered=True)
    if cells:
        return
    if serialize.is_torch_module(module) and not isinstance(module, Tracked):
        state = module.state_dict(keep_vars=True)
        for unit in torch_units(state, module):
            plain = {name: state[key] for name, key in unit.keys.items()}
            at = ".".join(filter(None, (path, unit.prefix)))
            yield KerasUnit(at, unit.module, unit.level, plain=plain, numbered=unit.numbered)
        return
    if not isinstance(module, Tracked) and (module._parameters or module._buffers):
        raise ValueError(
            f"{path or module.name} ({type(module).__name__}) has weights that no rule is for; a "
            f"map can leave it out. Rules are for {', '.join(RULES)}."
        )
    for name, child in module._modules.items():
        if child is not None:
            yield from _below(child, f"{path}.{name}" if path else name, seen)


def _both_ways(layer: Any, path: str, cells: list[Any]) -> KerasUnit:
    back = _cells(layer.backward_layer)
    if not len(cells) == len(back) == 1 or layer.merge_mode != "concat":
        raise ValueError(
            f"{path} ({type(layer).__name__}): torch's bidirectional modules have one cell a level "
            f"and join the directions. Received: {len(cells)} cells, merge_mode="
            f"{layer.merge_mode!r}."
        )
    parts = (cells[0], ""), (back[0], "_reverse")
    return KerasUnit(path, layer, parts=parts, rule=rule_of(cells[0]), numbered=True)


def named_units(units: Iterable[KerasUnit], name: str) -> list[KerasUnit]:
    """Return the units of a layer by its name or path, with all that are in it."""
    return [
        u for u in units
        if u.path == name or u.path.startswith(f"{name}.") or getattr(u.layer, "name", "") == name
    ]  # fmt: skip


def units_at(units: Iterable[TorchUnit], prefix: str) -> list[TorchUnit]:
    """Return the units of a torch module by its name, with all that are in it."""
    return [
        u for u in units
        if prefix in ("", u.name, u.prefix) or u.prefix.startswith(f"{prefix}.")
    ]  # fmt: skip
