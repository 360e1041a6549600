"""Strings of all kinds as arrays of `str` objects."""

import numpy as np
import pandas as pd
import pytest
import torch

from torchkeras.core import strings


@pytest.mark.parametrize(
    "x",
    [
        ["a", "é"],
        ("a", "é"),
        ["a", "é".encode()],
        np.array(["a", "é"]),
        np.array(["a", "é".encode()], object),
        np.array([b"a", "é".encode()]),
        np.array([np.str_("a"), np.str_("é")], object),
        np.array(["a", "é"], np.dtypes.StringDType()),
        pd.Series(["a", "é"]),
        pd.Series(["a", "é"], dtype="string"),
        pd.Series(["a", "é"], dtype="category"),
    ],
    ids=["list", "tuple", "mixed", "U", "O", "S", "str_", "T", "series", "string", "category"],
)
def test_every_form_becomes_the_same_array(x):
    out = strings.as_strings(x)
    assert out.dtype == object and out.tolist() == ["a", "é"]
    assert {type(e) for e in out} == {str}
    assert strings.is_string_array(x) != isinstance(x, (list, tuple))


def test_shapes_are_kept_and_nothing_is_copied_needlessly():
    x = np.array([["a"], ["b"]], object)
    assert strings.as_strings(x) is x
    assert strings.as_strings("a").shape == ()
    assert strings.as_strings([["a", "b"]] * 3).shape == (3, 2)
    assert strings.as_strings([np.array(["a", "b"])]).shape == (1, 2)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (["a", 1], r"who: x must be strings. Received: x\[1\]=1"),
        (["a", None], r"x must be strings. Received: x\[1\]=None"),
        (np.array([["a"], [float("nan")]], object), r"Received: x\[1, 0\]=nan"),
        ([["a"], ["a", "b"]], r"these lists have different lengths. Received: x\[0\]=\['a'\]"),
        (np.ones(2), "x must be strings"),
        (torch.ones(2), "x must be strings"),
        (pd.Series(["a", pd.NA], dtype="string"), r"Received: x\[1\]="),
    ],
    ids=["number", "none", "nan", "ragged", "floats", "tensor", "missing"],
)
def test_what_is_no_string(x, message):
    with pytest.raises(ValueError, match=message):
        strings.as_strings(x, "who", "x")


@pytest.mark.parametrize("x", ["a", b"a", np.ones(2), torch.ones(2), None, ["a"], 3])
def test_what_is_no_array_of_strings(x):
    assert not strings.is_string_array(x)


def test_bytes_that_are_no_text_come_back():
    raw = [b"\xff\xfe", "é".encode(), b""]
    assert strings.encode(strings.as_strings(raw).tolist()) == raw


def test_leaves_of_structures():
    numbers = np.ones(2)
    out = strings.string_leaves({"a": ["x", "y"], "b": (numbers, [["z"]])}, "who", "x")
    assert out["a"].tolist() == ["x", "y"]
    assert out["b"][0] is numbers and out["b"][1].shape == (1, 1)
    assert strings.string_leaves([numbers], "who", "x")[0] is numbers
