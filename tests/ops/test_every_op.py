"""Each public function of `keras.ops`, `keras.random` and `keras.tree` is compared in a sweep."""

import inspect

import keras as reference
import pytest
from op_cases import ARRAYS, ELEMENTWISE, ELSEWHERE, SWEPT, functions_of, public
from random_cases import ROWS as RANDOM
from tree_cases import ROWS as TREE

import torchkeras as keras

OPS = functions_of(reference.ops)


def test_every_op_has_a_row():
    """A function may have several names, in namespaces too: one of them has the row."""
    rows = SWEPT | set(ELSEWHERE)
    missing = [paths for paths in OPS if not {p.rpartition(".")[2] for p in paths} & rows
               and not set(paths) & rows]  # fmt: skip
    assert not missing, f"neither swept nor explained: {missing}"
    assert len(OPS) > 300


def test_rows_are_of_ops():
    known = {path for paths in OPS for path in paths}
    assert not (SWEPT | set(ELSEWHERE)) - known
    assert not SWEPT & set(ELSEWHERE)
    assert not set(ELEMENTWISE) & set(ARRAYS)


@pytest.mark.parametrize(("space", "rows"), [("random", RANDOM), ("tree", TREE)])
def test_random_and_tree_have_rows(space, rows):
    names = {path for path, _ in public(getattr(reference, space))}
    assert names == set(rows)


@pytest.mark.parametrize("space", ["ops", "random", "tree"])
def test_ours_are_there_under_every_name(space):
    """Functions that are one object in Keras need not be one here, but all names are there."""
    ours = dict(public(getattr(keras, space)))
    for path, theirs in public(getattr(reference, space)):
        assert path in ours, f"{space}.{path} is missing"
        if not inspect.isclass(theirs):
            a, b = (
                [(p.name, p.default) for p in inspect.signature(f).parameters.values()]
                for f in (ours[path], theirs)
            )
            assert a == b, path
