"""Which tensor of a file is which of a model, where the names differ by what wrapped the model."""

import re
from collections.abc import Callable, Iterable, Mapping

_WRAPPERS = ("module", "_orig_mod")  # DataParallel and DDP; torch.compile
_NUMBERED = re.compile(r"^(.*[^_\d])_(\d+)$")


def match(have: Iterable[str], want: Iterable[str]) -> dict[str, str]:
    """Return wanted name -> name in the file, for those that the file has.

    Names are taken as they are if all agree; else `module.` and `_orig_mod.` are left out, and at
    last layers of one kind are counted anew: a model that is made a second time has
    `dense_2.kernel` where its first file has `dense.kernel`. Then all names of the file must fit.

    >>> match(["module.dense.bias"], ["dense.bias"])
    {'dense.bias': 'module.dense.bias'}
    >>> match(["dense_8.bias", "dense_11.bias"], ["dense.bias", "dense_1.bias"])
    {'dense.bias': 'dense_8.bias', 'dense_1.bias': 'dense_11.bias'}
    """
    have, want = list(have), list(want)
    best: dict[str, str] = {}
    for rename in (_same, _unwrapped):
        found = _pairs(rename(have), rename(want))
        if len(found) > len(best):
            best = found
        if len(best) in (len(want), len(have)):
            return best
    counted = _pairs(_counted(_unwrapped(have)), _counted(_unwrapped(want)))
    return counted if len(counted) == len(have) else best


def _pairs(have: Mapping[str, str], want: Mapping[str, str]) -> dict[str, str]:
    names = {new: old for old, new in have.items()}
    if len(names) < len(have) or len(set(want.values())) < len(want):
        return {}  # two names have become one
    return {old: names[new] for old, new in want.items() if new in names}


def _same(names: list[str]) -> dict[str, str]:
    return {name: name for name in names}


def _unwrapped(names: list[str]) -> dict[str, str]:
    """Return name -> name without wrappers: in front of all names, and those of parts compiled."""
    parts = {name: [p for p in name.split(".") if p != "_orig_mod"] for name in names}
    while parts and all(len(p) > 1 and p[0] in _WRAPPERS for p in parts.values()):
        parts = {name: p[1:] for name, p in parts.items()}
    return {name: ".".join(p) for name, p in parts.items()}


def _counted(names: Mapping[str, str]) -> dict[str, str]:
    """Return name -> name with the numbers at the ends of its parts counted from the first."""
    children: dict[tuple[str, ...], set[str]] = {}
    split = {old: tuple(new.split(".")) for old, new in names.items()}
    for parts in split.values():
        for i, part in enumerate(parts):
            children.setdefault(parts[:i], set()).add(part)
    renamed = {group: _renumbered(members) for group, members in children.items()}
    return {
        old: ".".join(renamed[parts[:i]](part) for i, part in enumerate(parts))
        for old, parts in split.items()
    }


def _renumbered(members: set[str]) -> Callable[[str], str]:
    bases: dict[str, list[tuple[int, str]]] = {}
    for name in members:
        found = _NUMBERED.match(name)
        base, number = (found[1], int(found[2])) if found and len(found[2]) < 9 else (name, 0)
        bases.setdefault(base, []).append((number, name))
    table = {
        name: f"{base}_{i}" if i else base
        for base, numbered in bases.items()
        for i, (_, name) in enumerate(sorted(numbered))
    }
    return table.__getitem__
