"""The state of an optimizer in an `.h5` file, of whichever Keras wrote it.

Keras 3 lists the optimizer's variables in its order. tf.keras names each slot with the weight that
it is for: `Adam/m/dense/kernel:0`, before 2.11 `Adam/dense/kernel/m:0`. Keras 1 and 2 give no
names, but an order: a counter, and one slot after the other of all weights. In Keras 1 these are
sorted by name, and RMSprop and its kin have no counter.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from torchkeras.saving import weights
from torchkeras.saving.allocation import Allocation
from torchkeras.saving.converted import ConvertedSource
from torchkeras.saving.h5.layout import FileLayer, Layout
from torchkeras.saving.h5.reader import Dataset
from torchkeras.saving.h5.weights import Match
from torchkeras.saving.weights import Job, Rules

_GROUP = "optimizer_weights"

# What tf.keras calls a slot -> its name here; where optimizers differ, by class.
_NAMES = {
    "m": "momentum",
    "v": "velocity",
    "vhat": "velocity_hat",
    "u": "norm",
    "rms": "velocity",
    "mg": "average_gradient",
    "accum_grad": "accumulated_grad",
    "accum_var": "accumulated_delta_var",
    **{
        name: name
        for name in (
            "momentum", "velocity", "average_gradient", "accumulator", "accumulated_grad",
            "accumulated_delta_var", "linear", "average",
        )
    },
}  # fmt: skip
_NAMES_OF = {"Adamax": {**_NAMES, "v": "norm"}}

# The order of slots in Keras 1 and 2.
_ORDER = {
    "SGD": ("momentum",),
    "RMSprop": ("velocity",),
    "Adagrad": ("accumulator",),
    "Adadelta": ("accumulated_grad", "accumulated_delta_var"),
    "Adam": ("momentum", "velocity", "velocity_hat"),
    "Adamax": ("momentum", "norm"),
    "Nadam": ("momentum", "velocity"),
}

_Place = tuple[int, int]  # which match, which array of its list


def load(
    optimizer: Any,
    file: FileLayer,
    source: ConvertedSource,
    layout: Layout,
    matches: list[Match],
    rules: Rules,
    path: str,
    allocation: Allocation | None = None,
) -> None:
    """Set the state of a built optimizer from a file; if it does not fit, one warning tells so.

    Raises:
        ModelFileError: if it does not fit and `rules.require_optimizer`.
    """
    variables = {str(i): v for i, v in enumerate(optimizer.variables)}
    if layout.origin.version >= 3:
        found = {str(i): d for i, d in enumerate(file.datasets)}
    else:
        found = _translated(optimizer, file, source, layout, matches)
        rules = replace(rules, cast=True)
        if found is None:  # nothing of it has a place
            found = dict(zip(file.names, file.datasets, strict=True))
        else:
            loose = {"learning_rate", "iteration"}  # the config tells the one; not all counted
            if not any(variables[k].shape for k in found):
                loose = {v.name for v in variables.values()}  # not used before it was saved
            variables = {k: v for k, v in variables.items() if k in found or v.name not in loose}
    job = Job("optimizer", optimizer, found, variables, _GROUP)
    weights.load_jobs(weights.fitting([job], rules, path), source, rules, path, allocation)


def _translated(
    optimizer: Any, file: FileLayer, source: ConvertedSource, layout: Layout, matches: list[Match]
) -> dict[str, Dataset] | None:
    """Return the arrays for an optimizer's variables by their number; None if they are unclear."""
    index = {id(v): str(i) for i, v in enumerate(optimizer.variables)}
    counter, slots = _sorted_out(optimizer, file, layout, matches)
    if slots is None:
        return None
    found: dict[str, Dataset] = {}
    steps = None
    if counter is not None:
        value = source.read(counter).reshape(-1)[0]
        if not 0 <= value < 1 << 62:  # NaN too
            return None
        steps = int(value)
        found[index[id(optimizer.iterations)]] = source.constant(np.asarray(steps), _GROUP)
    for v in optimizer.variables:
        if v.name == "u_product":  # old files have none, or that of another formula
            product = np.asarray(_product(optimizer, steps or 0), "float32")
            found[index[id(v)]] = source.constant(product, _GROUP)
    for name, of in optimizer._slots.items():
        made = _slot(optimizer, slots.get(name, {}), source, matches)
        if made is None:
            return None
        found.update({index[id(of[i])]: d for i, d in made.items() if i in of})
    return found


def _product(optimizer: Any, steps: int) -> float:
    """Return what Nadam has multiplied in its steps."""
    value = 1.0
    for step in range(1, min(steps, 1 << 20) + 1):
        value *= optimizer._u(step)
        if value == 0.0:
            break
    return value


def _slot(
    optimizer: Any, given: Mapping[_Place, Dataset], source: ConvertedSource, matches: list[Match]
) -> dict[int, Dataset] | None:
    """Return one slot's arrays by the number of the weight, converted as the weights are."""
    found: dict[int, Dataset] = {}
    for m, match in enumerate(matches):
        for part in match.parts or ():
            arrays = [given.get((m, place)) for place in part.arrays]
            if not any(d is not None for d in arrays):
                continue
            shapes = [match.file.datasets[place].shape for place in part.arrays]
            if any(d is not None and d.shape != s for d, s in zip(arrays, shapes, strict=True)):
                return None
            made = source.plan(part, arrays, shapes, _GROUP)
            if made is None or len(made) != len(part.variables):
                return None
            if _size(shapes) != _size([tuple(v.shape) for v in part.variables]):
                return None  # two biases that became one
            for dataset, variable in zip(made, part.variables, strict=True):
                number = optimizer._index.get(id(variable))
                if dataset is not None and number is not None:
                    found[number] = dataset
    return found


def _size(shapes: list[tuple[int, ...]]) -> int:
    return sum(int(np.prod(shape)) for shape in shapes)


# ------------------------------------------------------------------------------- which is which


def _sorted_out(
    optimizer: Any, file: FileLayer, layout: Layout, matches: list[Match]
) -> tuple[Dataset | None, dict[str, dict[_Place, Dataset]] | None]:
    """Return the counter, and slot -> weight -> array."""
    counter = None
    rest: list[tuple[str, Dataset]] = []
    for name, dataset in zip(file.names, file.datasets, strict=True):
        last = name.partition(":")[0].rpartition("/")[2]
        if dataset.shape == () and not rest:
            counter = counter or dataset  # the next one is Nadam's
        elif last not in ("learning_rate", "current_learning_rate"):
            rest.append((name.partition(":")[0], dataset))
    trained = [
        (m, place)
        for m, match in enumerate(matches)
        for place in sorted(i for part in match.parts or () for i in part.arrays[: part.trained])
    ]
    labels = {place: matches[place[0]].file.names[place[1]].partition(":")[0] for place in trained}
    slots = _by_name(optimizer, rest, labels)
    if slots is None:
        if layout.origin.version == 1:
            trained.sort(key=lambda place: labels[place])
        slots = _by_order(optimizer, rest, trained)
    return counter, slots


def _by_name(
    optimizer: Any, rest: list[tuple[str, Dataset]], labels: dict[_Place, str]
) -> dict[str, dict[_Place, Dataset]] | None:
    """Read tf.keras's names; None if one is not of that kind."""
    table = next(
        (_NAMES_OF[c.__name__] for c in type(optimizer).__mro__ if c.__name__ in _NAMES_OF), _NAMES
    )
    places = {label: place for place, label in labels.items()}
    slots: dict[str, dict[_Place, Dataset]] = {}
    for name, dataset in rest:
        parts = name.split("/")
        for slot, label in ((parts[1:2], parts[2:]), (parts[-1:], parts[1:-1])):
            known = table.get(slot[0]) if slot else None
            place = places.get("/".join(label))
            if known is not None and place is not None:
                slots.setdefault(known, {})[place] = dataset
                break
        else:
            return None
    return slots


def _by_order(
    optimizer: Any, rest: list[tuple[str, Dataset]], trained: list[_Place]
) -> dict[str, dict[_Place, Dataset]] | None:
    """Deal arrays without telling names out to the slots; None if their number does not fit."""
    order = next((_ORDER[c.__name__] for c in type(optimizer).__mro__ if c.__name__ in _ORDER), ())
    arrays = [dataset for _, dataset in rest]
    count = len(trained)
    if not arrays:
        return {}
    if not count or len(arrays) % count or len(arrays) // count > len(order):
        return None
    return {
        slot: dict(zip(trained, arrays[i * count : (i + 1) * count], strict=True))
        for i, slot in enumerate(order[: len(arrays) // count])
    }
