"""A model's state under torch's names, to a file and back: check all, then change all."""

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn.parameter import UninitializedTensorMixin

from torchkeras.core.tensor import convert_to_numpy
from torchkeras.random.seed_generator import SeedGenerator
from torchkeras.saving import names, weights
from torchkeras.saving.allocation import Allocation
from torchkeras.saving.h5.reader import Dataset
from torchkeras.saving.safety import ModelFileError
from torchkeras.saving.weights import Job, Rules

_EXTRA = "_extra_state"  # ends the names of what torch modules keep beside tensors
_LISTED = 10


@dataclass(frozen=True)
class Entry:
    """A tensor of a file that is not read yet.

    Args:
        shape: Its shape.
        dtype: Keras's name of its dtype; `"raw2"` for values of two bytes of an unknown type.
        read: Returns it.
    """

    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], np.ndarray]


def entry_of(tensor: torch.Tensor) -> Entry:
    """Return the entry of a tensor that is in memory."""
    return Entry(tuple(tensor.shape), dtype_name(tensor.dtype), lambda: convert_to_numpy(tensor))


def dtype_name(dtype: torch.dtype) -> str:
    """Return Keras's name of a dtype; those that Keras does not know have torch's."""
    return str(dtype).removeprefix("torch.")


Own = tuple[str, Any, Mapping[str, Entry]]  # path, object, key -> array


class NamedSource:
    """The tensors of a file under their names, and what the model's objects keep beside them.

    Args:
        entries: Name -> tensor.
        file: Name of the file, for messages.
    """

    def __init__(self, entries: Mapping[str, Entry], file: str) -> None:
        self._entries, self._file = dict(entries), file
        self.datasets: dict[str, Dataset] = {}

    def dataset(self, name: str, target: torch.Tensor | None = None) -> Dataset:
        """Return what is known of a tensor; bytes of no type are of that of the target."""
        entry = self._entries[name]
        dtype = entry.dtype
        if target is not None and dtype == f"raw{target.itemsize}":
            wanted = dtype_name(target.dtype)
            dtype = wanted if wanted.startswith(("bfloat", "float8")) else dtype
        if dtype.startswith("raw"):
            raise ModelFileError("its data have no type.", path=self._file, where=name)
        self.datasets[name] = Dataset(name, entry.shape, dtype, 0)
        return self.datasets[name]

    def group(self, at: str, entries: Mapping[str, Entry]) -> dict[str, Dataset]:
        """Take in the arrays of one object, by its keys."""
        self._entries |= {f"{at}/{key}": entry for key, entry in entries.items()}
        return {key: self.dataset(f"{at}/{key}") for key in entries}

    def children(self, group: str) -> Mapping[str, Dataset]:
        """Return nothing: there are no groups."""
        return {}

    def read(self, dataset: Dataset) -> np.ndarray:
        """Return a tensor's data."""
        value = self._entries[dataset.path].read()
        if value.dtype.kind == "V":
            like = torch.empty(0, dtype=getattr(torch, dataset.dtype))
            value = value.view(convert_to_numpy(like).dtype)
        return value


def tensors_of(model: Any, owner: str) -> dict[str, torch.Tensor]:
    """Return a model's `state_dict`, on the CPU.

    Raises:
        ValueError: for a module that keeps anything but tensors.
    """
    found = {}
    for name, value in model.state_dict().items():
        if name.endswith(_EXTRA) and value is None:
            continue
        if not isinstance(value, torch.Tensor):
            raise ValueError(
                f"{owner}: this format holds tensors only. Received: {name} of type "
                f"{type(value).__name__}."
            )
        found[name] = value.detach().cpu()
    return found


def check_no_optimizer(model: Any, rules: Rules, file: str) -> None:
    """Tell of the optimizer's state, where it is required, that a format cannot hold.

    Raises:
        ModelFileError: if it is required.
    """
    if rules.require_optimizer and getattr(model, "optimizer", None) is not None:
        raise ModelFileError("optimizer state: the file has none.", path=file)


def load(
    model: Any,
    entries: Mapping[str, Entry],
    rules: Rules,
    file: str,
    allocation: Allocation | None = None,
    own: Iterable[Own] = (),
) -> None:
    """Set a model's state from tensors under torch's names; if they do not fit, nothing changes.

    Args:
        model: The model.
        entries: Name -> tensor.
        rules: How strictly they must fit.
        file: Name of the file, for messages.
        allocation: That of a new model, which is filled at once.
        own: Objects that load themselves from arrays of the file, if all fits.

    Raises:
        ModelFileError: if they do not fit, or cannot be read.
    """
    source = NamedSource(entries, file)
    targets = _targets(model, file)
    found = names.match(entries, targets)
    for name in _not_needed(model, targets, found):
        del targets[name]
    used = set(found.values())
    rest = [n for n in entries if n not in used and not n.endswith(_EXTRA)]
    jobs = _jobs(model, targets, found, source)
    try:
        jobs = weights.fitting(jobs, rules, file)
    except ModelFileError as e:
        if not rest:
            raise
        message = f"{e.message} The model has no place for {_listing(rest)}"
        raise ModelFileError(message, path=file, where=e.where) from None
    _tell_of_the_rest(rest, rules, file)
    jobs += [Job(at, obj, source.group(at, store), None, at) for at, obj, store in own]
    weights.load_jobs(jobs, source, rules, file, allocation)


def _targets(model: Any, file: str) -> dict[str, torch.Tensor]:
    targets = {}
    for name, value in model.state_dict(keep_vars=True).items():
        if isinstance(value, UninitializedTensorMixin):
            raise ModelFileError(
                "the model has parameters that wait for their shape: call it on data first.",
                path=file,
                where=name,
            )
        if isinstance(value, torch.Tensor):
            targets[name] = value
    return targets


def _not_needed(
    model: Any, targets: Mapping[str, torch.Tensor], found: Mapping[str, str]
) -> list[str]:
    """Return the names that a file may lack: second names of a tensor, and random states."""
    given = {id(targets[name]) for name in found}
    seeds = {id(m.state) for m in model.modules() if isinstance(m, SeedGenerator)}
    return [n for n, v in targets.items() if n not in found and id(v) in given | seeds]


def _jobs(
    model: Any,
    targets: Mapping[str, torch.Tensor],
    found: Mapping[str, str],
    source: NamedSource,
) -> list[Job]:
    """Return one job for the tensors of each layer: it is skipped as a whole or not at all."""
    jobs: dict[str, Job] = {}
    for name, target in targets.items():
        owner, _, last = name.rpartition(".")
        job = jobs.setdefault(owner, Job(owner, model, {}, {}, owner))
        job.targets[last] = target
        if name in found:
            job.found[last] = source.dataset(found[name], target)
    return list(jobs.values())


def _tell_of_the_rest(rest: list[str], rules: Rules, file: str) -> None:
    if not rest:
        return
    text = f"the model has no place for {_listing(rest)}"
    if rules.strict:
        raise ModelFileError(text, path=file, where=rest[0])
    warnings.warn(f"{file}: {text}", stacklevel=6)


def _listing(items: list[str]) -> str:
    more = f", and {len(items) - _LISTED} more" if len(items) > _LISTED else ""
    return f"{', '.join(items[:_LISTED])}{more}."
