from collections import namedtuple

import keras as reference
import pytest

from torchkeras.core import nest

TREES = [1, None, [], {}, [1, (2, None)], {"b": [1, (2, 3)], "a": 0}, ({"z": 1, "a": [2]}, [3])]


@pytest.mark.parametrize("tree", TREES, ids=str)
def test_like_keras(tree):
    assert nest.flatten(tree) == reference.tree.flatten(tree)
    assert nest.pack_as(tree, nest.flatten(tree)) == tree
    doubled = nest.map_structure(lambda x: (x or 0) * 2, tree)
    assert doubled == reference.tree.map_structure(lambda x: (x or 0) * 2, tree)
    assert nest.same_structure(tree, doubled)


def test_named_tuples_stay():
    Point = namedtuple("Point", "x y")
    assert nest.map_structure(str, Point(1, 2)) == Point("1", "2")
    assert isinstance(nest.pack_as(Point(0, 0), [1, 2]), Point)


@pytest.mark.parametrize(("structure", "flat"), [([1, 2], [1]), ([1], [1, 2])])
def test_pack_refuses(structure, flat):
    with pytest.raises(ValueError, match="leaves than"):
        nest.pack_as(structure, flat)


@pytest.mark.parametrize(("a", "b"), [([1], [1, 2]), ({"a": 1}, {"b": 1}), ([1], 1)])
def test_map_refuses(a, b):
    assert not nest.same_structure(a, b)
    with pytest.raises(ValueError, match="map_structure"):
        nest.map_structure(max, a, b)
