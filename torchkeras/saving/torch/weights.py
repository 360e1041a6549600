"""Weights between torch modules and the Keras layers of the same maths; see docs/torch.md."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from torchkeras._base.check import received
from torchkeras.saving.torch.attention import join_projections, split_projections
from torchkeras.saving.torch.rule import rows_of
from torchkeras.saving.torch.units import (
    KerasUnit,
    TorchUnit,
    holds_layers,
    keras_units,
    named_units,
    torch_units,
    units_at,
)

_ATTENTION = "MultiheadAttention"


def from_torch(target: Any, source: Any, map: Mapping[str, str] | None = None) -> dict[str, str]:
    """Set the weights of a layer or model from a torch module or its `state_dict`.

    Layers are matched in their order, or as `map` says; see docs/torch.md for the layouts. All is
    checked before anything changes. Floats are converted to the width of the layer.

    Args:
        target: Layer or model that is built, or a list of layers.
        source: Torch module, or state dict.
        map: Layer's name or path -> torch module's name (`"rnn[1]"` for a second level); then
            only these are set. A name stands for all that is in it.

    Returns:
        Layer -> torch module, as they were matched.

    Raises:
        ValueError: if they do not fit, with the names of both sides.
        TypeError: for a source that is neither.

    >>> import torch, torchkeras as keras
    >>> linear, dense = torch.nn.Linear(3, 2), keras.layers.Dense(2, name="dense")
    >>> dense.build((None, 3))
    >>> keras.saving.from_torch(dense, linear)
    {'dense': ''}
    >>> torch.equal(dense.kernel, linear.weight.T)
    True
    """
    module = source if isinstance(source, nn.Module) else None
    state = _state_of(source, "from_torch")
    pairs = _pairs("from_torch", target, torch_units(state, module), map)
    changes: list[tuple[Tensor, Tensor]] = []
    for ours, theirs in pairs:
        changes += _loaded(ours, theirs, state)
    with torch.no_grad():
        for variable, value in changes:
            variable.copy_(value)
    return {ours.name: theirs.name for ours, theirs in pairs}


def to_torch(
    source: Any, target: nn.Module | None = None, map: Mapping[str, str] | None = None
) -> dict[str, Tensor]:
    """Return the weights of a layer or model as torch modules have them.

    Args:
        source: Layer or model that is built, or a list of layers.
        target: Torch module that gets the weights; it also decides the names. Without one, names
            are those of the layers before torch's (`dense.weight`); of a single layer, torch's.
        map: As for `from_torch`; without a target, layer -> the name to use for it.

    Returns:
        A state dict, of tensors of its own.

    Raises:
        ValueError: if they do not fit, with the names of both sides; then nothing changes.

    >>> import torch, torchkeras as keras
    >>> dense = keras.layers.Dense(2)
    >>> dense.build((None, 3))
    >>> {name: tuple(t.shape) for name, t in keras.saving.to_torch(dense).items()}
    {'weight': (2, 3), 'bias': (2,)}
    """
    found: dict[str, Tensor] = {}
    if target is None:
        for ours, prefix in _prefixes(source, map):
            for name, tensor in _dumped(ours).items():
                name = _numbered(name, ours.level) if ours.numbered else name
                found[f"{prefix}.{name}" if prefix else name] = tensor
        return found
    if not isinstance(target, nn.Module):
        raise TypeError(f"to_torch: target must be a torch module. {received('target', target)}")
    state = target.state_dict()
    for ours, theirs in _pairs("to_torch", source, torch_units(state, target), map):
        _check_names("to_torch", ours, theirs)
        for name, tensor in _dumped(ours).items():
            if name not in theirs.keys:
                continue  # what has no effect on outputs
            key = theirs.keys[name]
            tensor = _shared(tensor, state[key])
            if tensor.shape != state[key].shape:
                raise ValueError(
                    f"to_torch: {ours.label} and {theirs.label} do not fit: {key} has shape "
                    f"{tuple(state[key].shape)}, the layer's would be {tuple(tensor.shape)}."
                )
            found[key] = tensor
    target.load_state_dict(found, strict=False)
    return found


# ------------------------------------------------------------------------------- what goes where


def _state_of(source: Any, owner: str) -> dict[str, Tensor]:
    state = source.state_dict() if isinstance(source, nn.Module) else source
    if not isinstance(state, Mapping):
        raise TypeError(
            f"{owner}: source must be a torch module or a state dict. {received('source', source)}"
        )
    return {k: v for k, v in state.items() if isinstance(v, Tensor)}


def _pairs(
    owner: str, target: Any, theirs: list[TorchUnit], given: Mapping[str, str] | None
) -> list[tuple[KerasUnit, TorchUnit]]:
    """Match the layers with the modules, as a map says or in their order."""
    if given is None:
        return _in_order(owner, keras_units(target), theirs)
    pairs = []
    for name, prefix in given.items():
        (_, layers), modules = _mapped(owner, target, name), units_at(theirs, prefix)
        if not modules:
            known = ", ".join(u.name for u in theirs)
            raise ValueError(f"{owner}: the torch side has no {prefix!r}; it has {known}.")
        pairs += _in_order(owner, layers, modules)
    return pairs


def _mapped(owner: str, target: Any, name: str) -> tuple[str, list[KerasUnit]]:
    """Return the path of a layer, and its units; other layers may be what no rule is for."""
    for path, module in target.named_modules() if isinstance(target, nn.Module) else ():
        if path == name or (path and getattr(module, "name", None) == name):
            inner = holds_layers(module)
            return path, [
                replace(u, path=f"{path}.{u.path}" if inner else path) for u in keras_units(module)
            ]
    units = keras_units(target)
    found = named_units(units, name)
    if not found:
        known = ", ".join(u.name for u in units)
        raise ValueError(f"{owner}: there is no layer {name!r} with weights; there are {known}.")
    return found[0].path, found


def _in_order(
    owner: str, ours: list[KerasUnit], theirs: list[TorchUnit]
) -> list[tuple[KerasUnit, TorchUnit]]:
    if len(ours) != len(theirs):
        raise ValueError(
            f"{owner}: there are {len(ours)} layers with weights, {_listed(ours)}; the torch side "
            f"has {len(theirs)}, {_listed(theirs)}. A map says which is which."
        )
    return list(zip(ours, theirs, strict=True))


def _listed(units: list[Any]) -> str:
    text = ", ".join(u.label for u in units[:12])
    return f"{text}, …" if len(units) > 12 else text or "none"


def _prefixes(source: Any, given: Mapping[str, str] | None) -> Iterator[tuple[KerasUnit, str]]:
    """Yield the units of a model, each with the name of its module."""
    if given is not None:
        for name, prefix in given.items():
            path, units = _mapped("to_torch", source, name)
            for unit in units:
                inner = unit.path.removeprefix(path).lstrip(".")
                yield unit, ".".join(filter(None, (prefix, inner)))
        return
    alone = isinstance(source, nn.Module) and not holds_layers(source)
    for unit in keras_units(source):
        yield unit, "" if alone else unit.path


# ------------------------------------------------------------------------------- values


def _suffixed(names: list[str], suffix: str) -> list[str]:
    return [f"{name}{suffix}" for name in names]


def _check_names(owner: str, ours: KerasUnit, theirs: TorchUnit) -> None:
    """Check that both sides have the same tensors, and compute the same with them."""
    rule = ours.rule
    if rule is None:
        wanted, idle = set(ours.plain), set()
    else:
        wanted = {n for layer, end in ours.parts for n in _suffixed(rule.names(layer), end)}
        idle = set(rule.idle)
        for layer, _ in ours.parts:
            obstacle = rule.obstacle(layer, theirs.module)
            if obstacle:
                raise ValueError(
                    f"{owner}: {ours.label} and {theirs.label} compute different numbers: "
                    f"{obstacle}."
                )
    have = set(theirs.keys)
    if rule is not None and rule.module == _ATTENTION:
        have = set(split_projections(dict.fromkeys(have, torch.empty(3))))
    if wanted - have or have - wanted - idle:
        kind = rule.module if rule is not None else "torch module"
        raise ValueError(
            f"{owner}: {ours.label} and {theirs.label} do not fit: the layer is a {kind} with "
            f"{', '.join(sorted(wanted))}; the other has {', '.join(sorted(have))}."
        )


def _loaded(
    ours: KerasUnit, theirs: TorchUnit, state: Mapping[str, Tensor]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield each variable of a layer with its new value."""
    _check_names("from_torch", ours, theirs)
    tensors = {name: state[key].detach() for name, key in theirs.keys.items()}
    if ours.rule is None:
        yield from ((_fitting(ours.plain[n], t, ours, theirs, n), t) for n, t in tensors.items())
        return
    if ours.rule.module == _ATTENTION:
        tensors = split_projections(tensors)
    for layer, end in ours.parts:
        for row, variable in rows_of(ours.rule, layer):
            names = _suffixed(list(row.names), end)
            try:
                value = row.load(layer, *(tensors[n] for n in names))
            except (RuntimeError, IndexError) as e:  # of a tensor whose shape is another rule's
                shapes = ", ".join(f"{n} {tuple(tensors[n].shape)}" for n in names)
                raise ValueError(
                    f"from_torch: {ours.label} and {theirs.label} do not fit: {row.variable} "
                    f"{tuple(variable.shape)} cannot be made of {shapes}."
                ) from e
            yield _fitting(variable, value, ours, theirs, row.variable), value


def _fitting(
    variable: Tensor, value: Tensor, ours: KerasUnit, theirs: TorchUnit, name: str
) -> Tensor:
    """Return the variable if the value can be copied into it."""
    if variable.shape != value.shape:
        raise ValueError(
            f"from_torch: {ours.label} and {theirs.label} do not fit: {name} has shape "
            f"{tuple(variable.shape)}, torch's in that layout would have {tuple(value.shape)}."
        )
    if variable.is_floating_point() != value.is_floating_point():
        raise ValueError(
            f"from_torch: {ours.label} and {theirs.label} do not fit: {name} is "
            f"{variable.dtype}, torch's is {value.dtype}."
        )
    return variable


def _dumped(ours: KerasUnit) -> dict[str, Tensor]:
    """Return a layer's weights under torch's names, without the number of a level."""
    rule = ours.rule
    if rule is None:
        return {n: t.detach().clone() for n, t in ours.plain.items()}
    found: dict[str, Tensor] = {}
    for layer, end in ours.parts:
        obstacle = rule.obstacle(layer, None)
        if obstacle:
            raise ValueError(
                f"to_torch: {ours.label} has no torch module of its maths: {obstacle}."
            )
        for row, variable in rows_of(rule, layer):
            try:
                values = row.dump(layer, variable.detach())
            except ValueError as e:
                raise ValueError(f"to_torch: {ours.label}: {e}") from e
            for name, value in zip(_suffixed(list(row.names), end), values, strict=True):
                found[name] = value.clone(memory_format=torch.contiguous_format)
    if rule.module == _ATTENTION:
        found = join_projections(found)
    return found | {name: make() for name, make in rule.idle.items()}


def _shared(tensor: Tensor, like: Tensor) -> Tensor:
    """Return one number for a vector of equal ones, where torch shares it (PReLU)."""
    share = like.shape == (1,) != tensor.shape and tensor.ndim == 1 and tensor.numel()
    return tensor[:1] if share and bool((tensor == tensor[0]).all()) else tensor


def _numbered(name: str, level: int) -> str:
    stem, reverse = name.removesuffix("_reverse"), "_reverse" if name.endswith("_reverse") else ""
    return f"{stem}_l{level}{reverse}"
