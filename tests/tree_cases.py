"""Structures, and the calls of each function of `keras.tree` on them."""

import itertools
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Iterator
from typing import Any

import torch

Point = namedtuple("Point", ["a", "b"])


class OwnList(list):
    pass


class OwnDict(dict):
    pass


STRUCTURES = [
    1, None, "ab", [], (), {}, [1, [2, 3]], (1, (2, [3])), {"b": 1, "a": [2, {"c": 3}]},
    OrderedDict(b=1, a=2), defaultdict(int, b=1, a=2), deque([1, 2], maxlen=3), Point(1, [2]),
    torch.Size([1, 2]), range(3), {1, 2}, OwnList([1]), OwnDict(a=1), [None, {"x": None}],
    [(1, 2), [3], {"a": 4}], {2: "x", 1: "y"}, [OwnList([1])], Point(Point(1, 2), (3,)),
]  # fmt: skip


def _one(name: str) -> Iterator[Any]:
    """The calls on one structure."""
    for s in STRUCTURES:
        if name == "map_structure":
            yield (lambda v: (v, 0), s), {}
            yield (lambda v: (v, 0), s), {"none_is_leaf": False}
            yield (lambda a, b: (a, b), s, s), {}
        elif name == "map_shape_structure":
            yield (lambda v: ("shape", v), s), {}
        elif name == "pack_sequence_as":
            yield from (((s, list(range(n))), {}) for n in range(6))
            yield (s, "abc"), {}
        elif name == "traverse":
            for down in (True, False):
                yield (lambda x: "T" if isinstance(x, tuple) else None, s), {"top_down": down}
                yield (lambda x: [x] if x == 1 else None, s), {"top_down": down}
                yield (lambda x: None, s, down), {}
        else:
            yield (s,), {}


def _two(name: str) -> Iterator[Any]:
    """The calls on two structures, of one form or not."""
    for a, b in itertools.product(STRUCTURES, repeat=2):
        if name == "map_structure_up_to":
            yield (a, lambda v: ("at", v), b), {}
            yield (a, lambda v, w: (v, w), b, b), {}
        elif name == "map_structure":
            yield (lambda v, w: (v, w), a, b), {}
        else:
            yield (a, b), {}


ROWS = {
    **dict.fromkeys(["assert_same_paths", "assert_same_structure", "map_structure_up_to"], (_two,)),
    **dict.fromkeys(["flatten", "flatten_with_path", "is_nested", "lists_to_tuples"], (_one,)),
    **dict.fromkeys(["map_shape_structure", "pack_sequence_as", "traverse"], (_one,)),
    "map_structure": (_one, _two),
    "MAP_TO_NONE": (),  # what a function may answer, in tests/test_tree.py
}


def calls(name: str) -> Iterator[Any]:
    """Give the positional and the named arguments of each call of a function."""
    for make in ROWS[name]:
        yield from make(name)
