"""Weights of a model to a sink and back: check all, then change all."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch

from torchkeras.core import stateful
from torchkeras.core.dtypes import EXTENSION_DTYPES, is_float, is_int, standardize_dtype
from torchkeras.saving.allocation import Allocation
from torchkeras.saving.h5.reader import Dataset
from torchkeras.saving.legacy.tf_source import adapted
from torchkeras.saving.safety import ModelFileError

_LISTED = 10  # objects that a message names before it says "and n more"


class Sink(Protocol):
    """What weights are written to."""

    def put(self, path: str, name: str | None, entries: Mapping[str, Any]) -> None:
        """Add the arrays of one object."""


class Source(Protocol):
    """What weights are read from."""

    datasets: Mapping[str, Dataset]

    def children(self, group: str) -> Mapping[str, Dataset]:
        """Return the datasets directly in a group, by name."""

    def read(self, dataset: Dataset) -> np.ndarray:
        """Return a dataset's data."""


@dataclass(frozen=True)
class Rules:
    """How strictly a file must fit the model.

    Args:
        skip_mismatch: Whether objects whose weights do not fit are left as they are.
        strict: Whether weights that the model has no place for are an error, not a warning.
        cast: Whether floats may change their width.
        check_finite: Whether NaN and infinity are an error, not a warning.
        require_optimizer: Whether an optimizer state that does not fit is an error.
        skip: Objects that are left as they are, with all that only they lead to.
    """

    skip_mismatch: bool = False
    strict: bool = False
    cast: bool = False
    check_finite: bool = False
    require_optimizer: bool = False
    skip: tuple[Any, ...] = ()


@dataclass
class Job:
    """What is to be done for one object.

    Args:
        path: Its path, for messages.
        obj: The object.
        found: Key -> what a file holds for it.
        targets: Key -> variable; None: only the object's own method knows.
        group: Where the file holds them.
        values: Key -> the data, once they are read.
    """

    path: str
    obj: Any
    found: Mapping[str, Dataset]
    targets: dict[str, torch.Tensor] | None
    group: str
    values: dict[str, np.ndarray] = field(default_factory=dict)


def save_state(root: Any, sink: Sink, skip: Iterable[Any] = ()) -> None:
    """Put the state of `root` and all objects under it, but those in `skip`, into a sink."""
    for path, obj in stateful.walk(root, skip):
        entries: dict[str, Any] = {}
        module = stateful.torch_module(obj)
        if module is not None:
            entries.update(module.state_dict())
        elif hasattr(type(obj), "save_own_variables"):
            obj.save_own_variables(entries)
        else:
            continue
        sink.put(path, getattr(obj, "name", None), entries)


def load_state(
    root: Any, source: Source, rules: Rules, file: str, allocation: Allocation | None = None
) -> None:
    """Set the state of `root` and all objects under it from a source.

    Nothing changes unless all fits. With `allocation`, the objects are new and nobody's yet: each
    is filled as it is read, and what the source lacks is initialised.

    Raises:
        ModelFileError: if the weights do not fit, or cannot be read.
    """
    source = adapted(source, root)
    load_jobs(_plan(root, source, rules, file), source, rules, file, allocation)


def load_jobs(
    jobs: list[Job], source: Source, rules: Rules, file: str, allocation: Allocation | None = None
) -> None:
    """Do the jobs that `fitting` has let pass; see `load_state`."""
    reader = _Reader(source, rules, file)
    if allocation is None:
        for job in jobs:
            job.values = reader.read(job)
        _apply(jobs)
    else:
        for job in jobs:
            job.values = reader.read(job)
            _apply([job])
            job.values = {}
            for v in _variables(job.obj) if job.targets is None else job.targets.values():
                allocation.filled(v)
        allocation.finish()
    reader.warn()


# ------------------------------------------------------------------------------- checks


def _plan(root: Any, source: Source, rules: Rules, file: str) -> list[Job]:
    """Compare the file with the model, without a look at the data."""
    jobs = list(_jobs(root, source, rules.skip))
    _find_by_other_names(root, source, jobs)
    visited = {job.group for job in (*jobs, *(_jobs(root, source) if rules.skip else ()))}
    has_optimizer = any(isinstance(job.obj, torch.optim.Optimizer) for job in jobs)
    jobs = fitting(jobs, rules, file)
    _check_extra(source, visited, has_optimizer, rules, file)
    return jobs


def _jobs(root: Any, source: Source, skip: Iterable[Any] = ()) -> Iterator[Job]:
    for path, obj in stateful.walk(root, skip):
        if stateful.torch_module(obj) is None and not hasattr(type(obj), "load_own_variables"):
            continue
        group = f"{path}/vars" if path else "vars"
        yield Job(path, obj, source.children(group), _targets(obj), group)


def _find_by_other_names(root: Any, source: Source, jobs: list[Job]) -> None:
    """Look for what a file lacks under the other attributes that lead to an object.

    Another class may have written it, or a Keras before 3.15, which did not look into lists in
    lists: what is in them stands under the model's `layers`.
    """
    lacking = {id(job.obj): job for job in jobs if job.targets != {} and not job.found}
    if not lacking or not source.datasets:
        return
    places = {
        "/".join(parts[:n])
        for p in source.datasets
        for parts in [p.split("/")]
        for n in range(1, len(parts))
    }
    for path, obj in stateful.names(root, places):
        job, group = lacking.get(id(obj)), f"{path}/vars"
        if job is not None and not job.found and source.children(group):
            job.found, job.group = source.children(group), group


def fitting(jobs: list[Job], rules: Rules, file: str) -> list[Job]:
    """Return the jobs whose data fit their variables; the others are an error, if not skipped.

    Raises:
        ModelFileError: if one does not fit and the rules do not skip it.
    """
    fit, misfits = [], []
    for job in jobs:
        optimizer = isinstance(job.obj, torch.optim.Optimizer)
        if optimizer and job.targets and _is_unused(job):
            job.targets = {k: v for k, v in job.targets.items() if k in job.found}
        problems = problems_of(job, rules.cast)
        if not problems:
            fit.append(job)
        elif optimizer and not rules.require_optimizer:
            _warn_optimizer(job, problems)
        else:
            misfits.append((job.group, problems))
    if misfits:
        text = _listing([p for _, problems in misfits for p in problems])
        if not rules.skip_mismatch:
            raise ModelFileError(
                f"the weights do not fit the model: {text}", path=file, where=misfits[0][0]
            )
        warnings.warn(f"{file}: skipped what does not fit the model: {text}", stacklevel=5)
    return fit


def _targets(obj: Any) -> dict[str, torch.Tensor] | None:
    module = stateful.torch_module(obj)
    if module is not None:
        return dict(module.state_dict(keep_vars=True))
    if stateful.is_standard(obj):
        return {str(i): v for i, v in enumerate(obj._stored_variables())}
    if isinstance(obj, torch.optim.Optimizer) and not getattr(obj, "_loads_itself", False):
        return {str(i): v for i, v in enumerate(obj.variables)}
    return None


def _is_unused(job: Job) -> bool:
    """Tell whether a file's optimizer was not built: a counter, perhaps a rate, and no slots."""
    found = job.found
    return bool(found) and set(found) <= {"0", "1"} and not any(d.shape for d in found.values())


def _label(job: Job, key: str) -> str:
    """Name a weight as a user knows it: `dense/kernel`."""
    target = (job.targets or {}).get(key)
    name = getattr(target, "path", None)
    return name or f"{job.path}/{key}"


def problems_of(job: Job, cast: bool) -> list[str]:
    """Say in what a file's entries differ from an object's variables."""
    if job.targets is None:
        return []
    if job.targets and not job.found:
        return [f"{job.path or 'the model'}: {len(job.targets)} weights are missing in the file"]
    if job.found and not job.targets:
        built = "" if getattr(job.obj, "built", True) else " and is not built"
        return [f"{job.path}: the file has {len(job.found)} weights, the model has none{built}"]
    problems = [f"{_label(job, k)}: missing in the file" for k in job.targets if k not in job.found]
    problems += [f"{job.group}/{k}: not in the model" for k in job.found if k not in job.targets]
    for key, target in job.targets.items():
        dataset = job.found.get(key)
        if dataset is None:
            continue
        dtype = standardize_dtype(target.dtype)
        if dataset.shape != tuple(target.shape):
            problems.append(
                f"{_label(job, key)}: file {dataset.shape}, model {tuple(target.shape)}"
            )
        elif not _converts(dataset.dtype, dtype, cast):
            hint = "; cast=True converts" if is_float(dataset.dtype) and is_float(dtype) else ""
            problems.append(f"{_label(job, key)}: file {dataset.dtype}, model {dtype}{hint}")
    return problems


def _converts(have: str, want: str, cast: bool) -> bool:
    # Whole numbers keep their value in any width that holds them; that is checked with the data.
    return (
        have == want
        or (is_int(have) and is_int(want))
        or (cast and is_float(have) and is_float(want))
    )


def _warn_optimizer(job: Job, problems: list[str]) -> None:
    if not job.found and not getattr(job.obj, "built", True):
        return  # there is no state to lose
    warnings.warn(
        f"optimizer state not restored: {len(job.found)} variables in the file, "
        f"{len(job.targets or ())} in the model's {type(job.obj).__name__}; {_listing(problems)}",
        stacklevel=5,
    )


def _check_extra(
    source: Source, visited: set[str], has_optimizer: bool, rules: Rules, file: str
) -> None:
    """Tell of weights that no object of the model asked for."""
    extra = []
    for group in dict.fromkeys(path.rpartition("/")[0] for path in source.datasets):
        if group in visited:
            continue
        parts = group.split("/")
        if parts[0] == "optimizer" and not has_optimizer:
            continue  # a compiled model's weights, loaded into one that is not compiled
        if parts[-2:] == ["seed_generator", "vars"]:
            continue  # state of random numbers, which some versions keep and some do not
        extra.append(group.removesuffix("/vars"))
    if extra:
        text = f"the file has weights that the model has no place for: {_listing(extra)}"
        if rules.strict:
            raise ModelFileError(text, path=file, where=extra[0])
        warnings.warn(f"{file}: {text}", stacklevel=5)


def _listing(items: list[str]) -> str:
    more = f", and {len(items) - _LISTED} more" if len(items) > _LISTED else ""
    return ", ".join(items[:_LISTED]) + more + "."


# ------------------------------------------------------------------------------- reading


class _Reader:
    """Reads the arrays of jobs, and looks at their values."""

    def __init__(self, source: Source, rules: Rules, file: str) -> None:
        self._source, self._rules, self._file = source, rules, file
        self._odd: list[str] = []

    def read(self, job: Job) -> dict[str, np.ndarray]:
        values = {}
        for key, dataset in job.found.items():
            value = self._source.read(dataset)
            target = (job.targets or {}).get(key)
            if target is not None and is_int(dataset.dtype):
                self._check_range(value, target, dataset)
            if is_float(dataset.dtype) and not _finite(value):
                self._odd.append(_label(job, key))
                if self._rules.check_finite:
                    raise ModelFileError(
                        f"{_label(job, key)} holds NaN or infinity.",
                        path=self._file,
                        where=dataset.path,
                    )
            values[key] = value
        return values

    def _check_range(self, value: np.ndarray, target: torch.Tensor, dataset: Dataset) -> None:
        name = standardize_dtype(target.dtype)
        if name == dataset.dtype or not value.size:
            return
        bounds = np.iinfo(name)
        if int(value.min()) < bounds.min or int(value.max()) > bounds.max:
            raise ModelFileError(
                f"a value does not fit in the model's {name}.",
                path=self._file,
                where=dataset.path,
            )

    def warn(self) -> None:
        """Tell of NaN and infinity once: a file may be meant to hold them."""
        if self._odd:
            text = f"{self._file}: NaN or infinity in {_listing(self._odd)}"
            warnings.warn(text, stacklevel=4)


def _finite(value: np.ndarray) -> bool:
    tensor = as_tensor(value)
    if tensor.dtype.itemsize == 1:
        tensor = tensor.to(torch.float16)
    # A sum is one pass without a temporary; only if it overflows is each value looked at.
    return bool(torch.isfinite(tensor.sum())) or bool(torch.isfinite(tensor).all())


def as_tensor(value: np.ndarray) -> torch.Tensor:
    """Return an array as a tensor on the same memory, ml_dtypes' types included."""
    for name, (dtype, bits) in EXTENSION_DTYPES.items():
        if value.dtype == dtype:
            return torch.from_numpy(value.view(bits)).view(getattr(torch, name))
    return torch.from_numpy(value)


# ------------------------------------------------------------------------------- writing


def _apply(jobs: list[Job]) -> None:
    """Set all values; if an object's own method refuses its part, all are as before."""
    own = [job for job in jobs if not _is_copied(job)]
    kept = [(v, v.detach().clone()) for job in own for v in _variables(job.obj)]
    try:
        for job in own:
            job.obj.load_own_variables(job.values)
    except BaseException:
        with torch.no_grad():
            for v, value in kept:
                v.copy_(value)
        raise
    copied = [job for job in jobs if _is_copied(job)]
    try:
        _copy(copied)
    except KeyboardInterrupt:
        _copy(copied)  # half of a file's weights would be of no use to anybody
        raise


@torch.no_grad()
def _copy(jobs: list[Job]) -> None:
    for job in jobs:
        for key, target in (job.targets or {}).items():
            target.copy_(as_tensor(job.values[key]))


def _is_copied(job: Job) -> bool:
    """Tell whether values go straight into the variables; an optimizer may keep more than these."""
    if isinstance(job.obj, torch.optim.Optimizer):
        return job.targets is not None and len(job.targets) < len(job.obj.variables)
    return job.targets is not None


def _variables(obj: Any) -> Iterator[torch.Tensor]:
    """Yield the tensors that an object's own method may change."""
    if isinstance(obj, torch.nn.Module):
        yield from obj.parameters()
        yield from obj.buffers()
    else:
        yield from getattr(obj, "variables", ())
