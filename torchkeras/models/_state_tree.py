"""`Model.get_state_tree`: all variables of a model and its training as nested dicts of values."""

import warnings
from typing import Any

from torchkeras._base.check import one_of, received
from torchkeras.core.tensor import convert_to_numpy, convert_to_tensor


def _groups(model: Any) -> dict[str, list[Any]]:
    optimizer = getattr(model, "optimizer", None)
    return {
        "trainable_variables": model.trainable_variables,
        "non_trainable_variables": model.non_trainable_variables,
        "optimizer_variables": [] if optimizer is None else optimizer.variables,
        "metrics_variables": model.metrics_variables,
    }


def get_state_tree(model: Any, value_format: str) -> dict[str, Any]:
    """Return group -> the parts of the variables' paths, nested -> value."""
    one_of("get_state_tree", "value_format", value_format, ("backend_tensor", "numpy_array"))
    tree: dict[str, Any] = {}
    for group, variables in _groups(model).items():
        tree[group] = {}
        for v in variables:
            *parts, name = v.path.split("/")
            branch = tree[group]
            for part in parts:
                branch = branch.setdefault(part, {})
                if not isinstance(branch, dict):
                    raise _twice(v.path)
            if name in branch:
                raise _twice(v.path)
            branch[name] = v.value if value_format == "backend_tensor" else v.numpy()
    return tree


def _twice(path: str) -> ValueError:
    return ValueError(
        f"get_state_tree: variables must have paths of their own. Received: two of {path!r}."
    )


def set_state_tree(model: Any, tree: dict[str, Any]) -> None:
    """Set the variables for which a tree has values; all are checked before the first is set."""
    groups = _groups(model)
    unknown = [k for k in tree if k not in groups]
    if unknown:
        raise ValueError(
            f"set_state_tree: the groups must be among {list(groups)}. "
            f"{received('state_tree', list(tree))}"
        )
    found: list[tuple[Any, Any]] = []
    for group, branch in tree.items():
        values = dict(_leaves(branch, ()))
        for v in groups[group]:
            if v.path in values:
                value = convert_to_tensor(values.pop(v.path))
                if value.shape != v.shape:
                    raise ValueError(
                        f"set_state_tree: the value of {v.path!r} must have the shape "
                        f"{tuple(v.shape)}. Received: shape={tuple(value.shape)}."
                    )
                found.append((v, value))
        if values:
            warnings.warn(
                f"set_state_tree: the model has no {group} called {sorted(values)}.", stacklevel=3
            )
    for v, value in found:
        v.assign(convert_to_numpy(value))


def _leaves(branch: Any, path: tuple[str, ...]) -> Any:
    if isinstance(branch, dict):
        for name, part in branch.items():
            yield from _leaves(part, (*path, name))
    else:
        yield "/".join(path), branch
