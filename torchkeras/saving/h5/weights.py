"""Weights of an `.h5` file of any Keras into the layers of a model."""

import warnings
from dataclasses import dataclass, replace
from typing import Any

import torch

from torchkeras.saving import weights
from torchkeras.saving.allocation import Allocation
from torchkeras.saving.converted import ConvertedSource
from torchkeras.saving.format import LoadOptions
from torchkeras.saving.h5.layout import FileLayer, Layout
from torchkeras.saving.h5.reader import Dataset
from torchkeras.saving.legacy.order import Part, beside_layers, leaves, parts_of, weights_of
from torchkeras.saving.safety import ModelFileError
from torchkeras.saving.weights import Job, Rules

_LISTED = 5


@dataclass(frozen=True)
class Match:
    """A layer of a file, and that of the model which takes its weights.

    Args:
        file: The layer of the file.
        layer: The layer of the model.
        parts: Which arrays belong to which of the layers in it; None if their number differs.
    """

    file: FileLayer
    layer: Any
    parts: list[Part] | None


def load(
    model: Any,
    source: ConvertedSource,
    layout: Layout,
    options: LoadOptions,
    path: str,
    allocation: Allocation | None = None,
) -> list[Match]:
    """Set the weights of a model's layers from a file.

    With `allocation`, the model was made of the file's own config: its layers have the names that
    the file lists. Otherwise they are matched in their order, or by name if that is asked for.

    Returns:
        Which layer got whose weights.

    Raises:
        ModelFileError: if they do not fit; nothing is changed then.
    """
    rules = options.rules
    if layout.origin.version < 3:
        rules = replace(rules, cast=True)  # these files do not tell which floats the model had
    matches = _match(model, source, layout, options, rules, path, allocation is not None)
    jobs = [_job(match, source) for match in matches]
    if not options.by_name:
        jobs += _jobs_beside(model, layout)
    _tell_of_the_rest(source, layout, jobs, options, path)
    weights.load_jobs(weights.fitting(jobs, rules, path), source, rules, path, allocation)
    return matches


# ------------------------------------------------------------------------------- which is which


def _match(
    model: Any, source: ConvertedSource, layout: Layout, options: LoadOptions, rules: Rules,
    path: str, is_new: bool,
) -> list[Match]:  # fmt: skip
    layers = [layer for layer in _layers(model) if layer.weights]
    named = _by_name(layout, layers)
    if options.by_name:
        return named
    same_names = len(named) == len(layout.layers) == len(layers)
    if is_new and same_names:
        return named
    if len(layout.layers) != len(layers):
        inner = _by_name(layout, [leaf for layer in layers for leaf in leaves(layer)])
        covered = {id(w) for match in inner for w in match.layer.weights}
        if len(inner) == len(layout.layers) and covered == {
            id(w) for layer in layers for w in layer.weights
        }:
            return inner  # one of both had its layers in a model within
        raise ModelFileError(_count_message(model, layout, layers), path=path)
    ordered = [
        _pair(layout, file, layer) for file, layer in zip(layout.layers, layers, strict=True)
    ]
    if same_names and any(weights.problems_of(_job(m, source), rules.cast) for m in ordered):
        return named
    return ordered


def _layers(model: Any) -> list[Any]:
    return list(getattr(model, "layers", ()))


def _by_name(layout: Layout, layers: list[Any]) -> list[Match]:
    table: dict[str, Any] = {}
    for layer in layers:
        table.setdefault(layer.name, layer)
    return [_pair(layout, file, table[file.name]) for file in layout.layers if file.name in table]


def _pair(layout: Layout, file: FileLayer, layer: Any) -> Match:
    shapes = [d.shape for d in file.datasets]
    return Match(file, layer, parts_of(layer, file.names, shapes, layout.origin))


def _count_message(model: Any, layout: Layout, layers: list[Any]) -> str:
    if not getattr(model, "built", True):
        return (
            "the model that its config describes is not built, and the config does not tell the "
            "shape of the input."
        )
    have, want = [f.name for f in layout.layers], [layer.name for layer in layers]
    return (
        f"the file has {len(have)} layers with weights, {_some(have)}; the model has {len(want)}, "
        f"{_some(want)}. load_weights(..., by_name=True) takes those whose names agree."
    )


def _some(names: list[str]) -> str:
    text = ", ".join(name[:40] for name in names[:_LISTED])
    return f"{text}, …" if len(names) > _LISTED else text or "none"


# ------------------------------------------------------------------------------- what is to do


def _job(match: Match, source: ConvertedSource) -> Job:
    file = match.file
    found: list[Dataset | None] = []
    targets: list[torch.Tensor] = []
    for part in match.parts or ():
        arrays = [file.datasets[i] for i in part.arrays]
        made = source.plan(part, arrays, [d.shape for d in arrays], file.group)
        found += made or arrays
        targets += part.variables
    if match.parts is None:
        found, targets = list(file.datasets), weights_of(match.layer)
    return Job(
        match.layer.name,
        match.layer,
        {str(i): d for i, d in enumerate(found) if d is not None},
        {str(i): v for i, v in enumerate(targets)},
        file.group,
    )


def _jobs_beside(model: Any, layout: Layout) -> list[Job]:
    """Return what is to be done for the weights that no layer has."""
    jobs = []
    own, further = beside_layers(model)
    for variables, file in ((own, layout.top), (further, layout.further)):
        if file is None and variables is further:
            continue  # no other Keras keeps them
        found = {str(i): d for i, d in enumerate(file.datasets)} if file is not None else {}
        targets = {str(i): w for i, w in enumerate(variables)}
        if found or targets:
            jobs.append(Job(model.name, model, found, targets, file.group if file else ""))
    return jobs


def _tell_of_the_rest(
    source: ConvertedSource, layout: Layout, jobs: list[Job], options: LoadOptions, path: str
) -> None:
    """Tell of weights that have no place in the model, or that no list of the file names."""
    if options.by_name and not options.rules.strict:
        return  # taking a part is what was asked for
    groups = {job.group for job in jobs}
    rest = [layer.group for layer in layout.layers if layer.group not in groups]
    listed = {d.path for layer in layout.layers for d in layer.datasets}
    for beside in (layout.top, layout.further):
        listed.update(d.path for d in (beside.datasets if beside is not None else ()))
    rest += [d for d in source.datasets if d.startswith(layout.prefix) and d not in listed]
    if rest:
        text = f"the file has weights that the model has no place for: {_some(rest)}."
        if options.rules.strict:
            raise ModelFileError(text, path=path, where=rest[0])
        warnings.warn(f"{path}: {text}", stacklevel=6)
