"""The wording of refusals."""

import numpy as np
import pytest

from torchkeras.training.data import checks


def test_walk_names_the_leaves():
    structure = {"a": [1, (2, None)], "b": {"c": 3}}
    assert list(checks.walk(structure, "x")) == [
        ("x['a'][0]", 1),
        ("x['a'][1][0]", 2),
        ("x['a'][1][1]", None),
        ("x['b']['c']", 3),
    ]
    assert list(checks.walk(None, "y")) == [("y", None)]


def test_describe():
    assert checks.describe(np.ones((2, 3))) == "ndarray of shape (2, 3) and dtype float64"
    assert checks.describe([1, 2]) == "a list of 2 entries"
    assert checks.describe(1.5) == "a float"


def test_check_lengths():
    assert checks.check_lengths("fit", [("x", 3), ("y", 3)]) == 3
    with pytest.raises(ValueError, match="Received: x with 3, y with 4"):
        checks.check_lengths("fit", [("x", 3), ("y", 4)])


def test_a_huge_object_array_is_not_searched_to_its_end(monkeypatch):
    monkeypatch.setattr(checks, "_SEARCHED", 3)
    x = np.array([1, 2, 3, None], object)
    with pytest.raises(ValueError, match="x must hold real numbers, not Python objects"):
        checks.check_numbers("fit", "x", x)


def test_every_refusal_is_one_sentence_string():
    for x in (np.array(["a"]), np.array([None]), np.array([1j]), np.array([1], object)):
        with pytest.raises(ValueError, match=r"\.$") as error:
            checks.check_numbers("fit", "x", x)
        assert len(error.value.args) == 1
