"""Bring losses, weights, metrics and targets to the outputs that they belong to."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from torchkeras._base import legacy
from torchkeras.core import nest
from torchkeras.training.nodes import leaf_paths


class Output(NamedTuple):
    """One output of a model.

    Attributes:
        path: Where it is in the structure.
        name: The last key there, or for lists that of its layer, if it is known.
        label: What its metrics are called by.
    """

    path: tuple[Any, ...]
    name: str | None
    label: str | None


def outputs_of(y_pred: Any, names: Sequence[str] | None) -> list[Output]:
    """Return the outputs of a structure: dict keys are names, lists take them from `names`."""
    paths = list(_paths(y_pred, ()))
    flat = isinstance(y_pred, (list, tuple)) and all(len(p) == 1 for p in paths)
    if (flat or len(paths) == 1) and names is not None and len(names) == len(paths):
        return [Output(p, n, n) for p, n in zip(paths, names, strict=True)]
    keys = [p[-1] if p and isinstance(p[-1], str) else None for p in paths]
    one_level = all(len(p) == 1 for p in paths)
    if one_level or names is None or len(names) != len(paths):
        return [Output(p, k, k if one_level else None) for p, k in zip(paths, keys, strict=True)]
    layers = dict(zip(leaf_paths(y_pred), names, strict=True))
    return [
        Output(p, layers[p] if k is None else k, layers[p])
        for p, k in zip(paths, keys, strict=True)
    ]


def _paths(x: Any, path: tuple[Any, ...]) -> Any:
    if isinstance(x, dict):
        for key, value in x.items():
            yield from _paths(value, (*path, key))
    elif isinstance(x, (list, tuple)):
        for i, value in enumerate(x):
            yield from _paths(value, (*path, i))
    else:
        yield path


class Matcher:
    """The outputs of a model, and the one way to spread a structure over them.

    Args:
        owner: Who asks, for error messages.
        y_pred: Outputs of a first batch.
        names: Names of the outputs, if the model has them.
    """

    def __init__(self, owner: str, y_pred: Any, names: Sequence[str] | None) -> None:
        self.owner = owner
        self.form = _form(y_pred)
        self.outputs = outputs_of(y_pred, names)
        self.known = {o.name: i for i, o in enumerate(self.outputs) if o.name is not None}
        if names is not None and len(names) == len(self.outputs) and isinstance(y_pred, dict):
            # A functional model's dict of outputs is known by the layers' names as well.
            for (_, i), name in zip(sorted(self.known.items()), list(names), strict=False):
                self.known.setdefault(name, i)
        self._place = {o.path: i for i, o in enumerate(self.outputs)}
        flat = len(self.outputs) > 1 and all(len(o.path) == 1 for o in self.outputs)
        self._keys = [o.path[0] for o in self.outputs] if flat else None
        self._kind = dict if isinstance(y_pred, dict) else (list, tuple)

    def take(self, what: str, given: Any, *, share: bool = False) -> list:
        """Return what `spread` does, quicker for the arrays of a batch in a flat structure."""
        keys = self._keys
        if keys is not None and isinstance(given, self._kind) and len(given) == len(keys):
            try:
                return [given[k] for k in keys]
            except KeyError:
                pass  # other names, or wrong ones
        return self.spread(what, given, share=share)

    def spread_metrics(self, what: str, given: Any) -> list:
        """Return the metrics of each output; in Keras 2 a plain list was for every output.

        One with as many entries as there are outputs has one an output, as in Keras 3.
        """
        if not given:
            return [None] * len(self.outputs)
        plain = isinstance(given, (list, tuple)) and not any(
            isinstance(entry, (list, tuple, dict)) for entry in given
        )
        if plain and len(given) != len(self.outputs) > 1:
            count = len(self.outputs)
            text = f"Write {what}={[[*map(_named, given)]] * count}."
            old = f"compile({what}=…) with one list for {count} outputs"
            if legacy.allow(old.replace("'", ""), text.replace("'", "")):
                return [[_another(m) if i else m for m in given] for i in range(count)]
        return self.spread(what, given, lists=True)

    def spread(self, what: str, given: Any, *, share: bool = False, lists: bool = False) -> list:
        """Return one entry of `given` an output; None where there is none.

        Args:
            what: Name of `given` in error messages.
            given: A structure like the outputs', a dict by output names, a flat list.
            share: Whether a single entry is for all outputs.
            lists: Whether an output's entry may itself be a list.

        Raises:
            ValueError: for names that no output has, or another number of entries.
        """
        found: list[Any] = [None] * len(self.outputs)
        self._given = given
        if len(self.outputs) == 1:
            found[0] = self._only(what, given, lists)
        elif given is not None:
            self._spread(what, given, self.form, (), found, share, lists)
        return found

    def _only(self, what: str, given: Any, lists: bool) -> Any:
        while isinstance(given, dict) and len(given) == 1:
            if what == "loss" and self.known and not given.keys() <= self.known.keys():
                raise self._mismatch(what)
            given = next(iter(given.values()))
        if isinstance(given, (list, tuple)) and not lists and len(given) == 1:
            return self._only(what, given[0], lists)
        if isinstance(given, dict) or (isinstance(given, (list, tuple)) and not lists):
            raise self._mismatch(what)
        return given

    def _spread(
        self, what: str, given: Any, form: Any, path: tuple, found: list, share: bool, lists: bool
    ) -> None:
        if not nest.is_nested(form):
            if isinstance(given, dict) or (isinstance(given, (list, tuple)) and not lists):
                raise self._mismatch(what)
            found[self._place[path]] = given
        elif given is None:
            return
        elif isinstance(given, dict):
            if isinstance(form, dict) and set(given) <= set(form):
                for key, value in given.items():
                    self._spread(what, value, form[key], (*path, key), found, share, lists)
            elif not path and set(given) <= set(self.known):
                for name, value in given.items():
                    found[self.known[name]] = value
            else:
                raise self._mismatch(what)
        elif isinstance(given, (list, tuple)):
            if isinstance(form, (list, tuple)) and len(given) == len(form):
                for i, value in enumerate(given):
                    self._spread(what, value, form[i], (*path, i), found, share, lists)
            elif not path and len(given) == len(found):
                found[:] = given
            else:
                raise self._mismatch(what)
        elif share:
            for p, i in self._place.items():
                if p[: len(path)] == path:
                    found[i] = given
        else:
            raise self._mismatch(what)

    def _mismatch(self, what: str) -> ValueError:
        names = sorted(str(n) for n in self.known)
        accepted = f"the form of the outputs, {_shown(self.form)}"
        if names:
            accepted += f", or be a dict with keys from {names}"
        return ValueError(
            f"{self.owner}: {what} must have {accepted}. "
            f"Received: {what}={_shown(_form(self._given))}."
        )


def _form(x: Any) -> Any:
    """Return a structure with `"*"` in place of arrays; short values stay to be shown."""
    if isinstance(x, dict):
        return {k: _form(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [_form(v) for v in x]
    return "*" if hasattr(x, "shape") else x


def _shown(form: Any) -> str:
    text = str(form).replace("'*'", "*")
    return text if len(text) <= 200 else text[:197] + "..."


def _named(metric: Any) -> str:
    return repr(metric) if isinstance(metric, str) else getattr(metric, "__name__", repr(metric))


def _another(metric: Any) -> Any:
    """Return a metric for one more output: an object with a state serves one only."""
    if hasattr(metric, "get_config") and not isinstance(metric, type):
        return type(metric).from_config(metric.get_config())
    return metric
