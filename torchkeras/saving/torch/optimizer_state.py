"""An optimizer's `state_dict` out of a file: it fits, or all is as before."""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from torchkeras.saving.safety import ModelFileError
from torchkeras.saving.weights import Rules


@contextmanager
def optimizer_state(model: Any, state: Any, rules: Rules, path: str) -> Iterator[None]:
    """Set an optimizer's state; if the block fails, or the state does not fit, it is as before."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or (state is None and not rules.require_optimizer):
        yield
        return
    before = copy.deepcopy(optimizer.state_dict()) if optimizer.built else None
    problem = "the model's is not built" if before is None else _misfit(optimizer, state)
    if problem is None:
        try:
            optimizer.load_state_dict(state)
        except Exception as e:  # torch tells of each misfit in another way
            problem = str(e) or type(e).__name__
            optimizer.load_state_dict(before)
    if problem is not None:
        if rules.require_optimizer:
            raise ModelFileError(f"optimizer state: {problem}.", path=path, where="optimizer")
        warnings.warn(f"{path}: optimizer state not restored: {problem}.", stacklevel=5)
    try:
        yield
    except BaseException:
        if before is not None:
            optimizer.load_state_dict(before)
        raise


def _misfit(optimizer: Any, state: Any) -> str | None:
    """Say in what a state differs from an optimizer's own, as far as its kinds of values go."""
    if state is None:
        return "the file has none"
    own = optimizer.state_dict()
    if not isinstance(state, dict) or set(state) != set(own):
        return f"it is not one of {type(optimizer).__name__}"
    if not _alike(state["param_groups"], own["param_groups"]):
        return "its param groups are not those of the model's optimizer"
    loose, own_loose = state.get("variables", []), own.get("variables", [])
    if not _alike(loose, own_loose) or any(
        a.shape != b.shape for a, b in zip(loose, own_loose, strict=True)
    ):
        return "its variables are not those of the model's optimizer"
    slots = state["state"]
    if not isinstance(slots, dict) or not all(isinstance(v, dict) for v in slots.values()):
        return "its slots are no dicts"
    return None


def _alike(found: Any, own: Any) -> bool:
    """Tell whether a value is of the kind of another, in all its parts."""
    if isinstance(own, dict):
        same = isinstance(found, dict) and set(found) == set(own)
        return same and all(
            found[k] == v if k == "params" else _alike(found[k], v) for k, v in own.items()
        )
    if isinstance(own, (list, tuple)):
        same = isinstance(found, (list, tuple)) and len(found) == len(own)
        return same and all(map(_alike, found, own))
    if isinstance(own, torch.Tensor):
        return isinstance(found, torch.Tensor)
    numbers = (int, float, bool, type(None))
    return isinstance(found, numbers) if isinstance(own, numbers) else type(found) is type(own)
