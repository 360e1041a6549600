"""keras.tree against real Keras: results, and that both refuse the same."""

import keras as reference
import numpy as np
import pytest
from tree_cases import ROWS, STRUCTURES, calls

import torchkeras as keras

IDS = [f"s{i}" for i in range(len(STRUCTURES))]


def both(function, *args, **kwargs):
    """What both give, or the class of what both raise."""
    out = []
    for lib in (keras, reference):
        try:
            out.append(("gave", getattr(lib.tree, function)(*args, **kwargs)))
        except (TypeError, ValueError) as e:
            out.append(("raised", type(e)))
    return out


def check(function, *args, **kwargs):
    ours, theirs = both(function, *args, **kwargs)
    assert ours == theirs
    assert type(ours[1]) is type(theirs[1])


@pytest.mark.parametrize("structure", STRUCTURES, ids=IDS)
def test_one_structure(structure):
    check("is_nested", structure)
    check("flatten", structure)
    check("flatten_with_path", structure)
    check("map_structure", lambda v: (v, 0), structure)
    check("map_structure", lambda v: (v, 0), structure, none_is_leaf=False)
    check("lists_to_tuples", structure)
    check("pack_sequence_as", structure, list(range(10)))
    flat = [f"leaf{i}" for i in range(len(reference.tree.flatten(structure)))]
    check("pack_sequence_as", structure, flat)
    check("map_structure", lambda a, b: (a, b), structure, structure)
    check("map_shape_structure", lambda s: ("shape", s), structure)
    for top_down in (True, False):
        seen = []
        for lib in (keras, reference):
            visited = []
            lib.tree.traverse(visited.append, structure, top_down=top_down)
            seen.append(visited)
        assert seen[0] == seen[1]
        check(
            "traverse", lambda x: "T" if isinstance(x, tuple) else None, structure,
            top_down=top_down,
        )  # fmt: skip


@pytest.mark.sweep
@pytest.mark.parametrize("name", [n for n in ROWS if ROWS[n]])
def test_sweep(name, figures):
    with figures("tree", name) as seen:
        for args, kwargs in calls(name):
            check(name, *args, **kwargs)
            seen.cases += 1


@pytest.mark.parametrize("other", STRUCTURES, ids=IDS)
@pytest.mark.parametrize("structure", STRUCTURES, ids=IDS)
def test_two_structures(structure, other):
    check("assert_same_structure", structure, other)
    check("assert_same_paths", structure, other)
    check("map_structure", lambda a, b: (a, b), structure, other)
    check("map_structure_up_to", structure, lambda a: ("at", a), other)


def test_nodes_that_layers_track_are_nodes():
    layer = keras.layers.Layer()
    layer.parts = [1, {"a": keras.layers.Dense(1)}]
    assert keras.tree.flatten(layer.parts)[0] == 1
    assert len(keras.tree.flatten(layer.parts)) == 2


def test_map_to_none():
    def drop(x):
        return keras.tree.MAP_TO_NONE if x == 3 else None

    assert keras.tree.traverse(drop, [1, [3]]) == [1, [None]]
    assert keras.tree.traverse(drop, [1, [3]], top_down=False) == [1, [None]]


def test_array_leaves():
    packed = keras.tree.pack_sequence_as(["a"], [np.ones((2, 2))])
    assert packed[0].shape == (2, 2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda t: t.map_structure(1, [1]), TypeError, "func must be callable"),
        (lambda t: t.map_structure(lambda x: x), ValueError, "at least one structure"),
        (lambda t: t.map_structure(max, [1, 2], [1]), ValueError, "other lengths"),
        (lambda t: t.map_structure(max, {"a": 1}, {"b": 1}), ValueError, "keys"),
        (lambda t: t.map_structure(max, [1], (1,)), ValueError, "list against tuple"),
        (lambda t: t.pack_sequence_as([1, 2], [1]), ValueError, "2 leaves"),
        (lambda t: t.pack_sequence_as([1], 5), TypeError, "not iterable"),
        (lambda t: t.traverse(3, [1]), TypeError, "func must be callable"),
        (lambda t: t.assert_same_structure(1, [1]), ValueError, "a leaf against"),
        (lambda t: t.assert_same_paths([1], [1, 2]), ValueError, "different paths"),
    ],
    ids=lambda v: v if isinstance(v, str) else None,
)
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(keras.tree)


def test_check_types_is_deprecated():
    with pytest.warns(DeprecationWarning, match="no longer has any effect"):
        keras.tree.assert_same_structure([1], [2], check_types=True)
