import pytest
import torch

from torchkeras.training.match import Matcher, outputs_of

T = torch.zeros(2, 1)


def test_names_and_places_of_outputs():
    assert outputs_of(T, None) == [((), None, None)]
    assert outputs_of(T, ["a"]) == [((), "a", "a")]
    assert outputs_of([T, T], ["a", "b"]) == [((0,), "a", "a"), ((1,), "b", "b")]
    assert outputs_of([T, T], None) == [((0,), None, None), ((1,), None, None)]
    assert outputs_of({"b": T, "a": T}, ["x", "y"]) == [(("b",), "b", "b"), (("a",), "a", "a")]
    nested = {"y": T, "x": [T, {"q": T}]}
    assert outputs_of(nested, ["a", "b", "c"]) == [
        (("y",), "y", "c"), (("x", 0), "a", "a"), (("x", 1, "q"), "q", "b"),
    ]  # fmt: skip
    assert [o.label for o in outputs_of(nested, None)] == [None] * 3


def spread(y_pred, given, names=None, **how):
    return Matcher("owner", y_pred, names).spread("what", given, **how)


def test_one_output():
    for given in (5, [5], {"a": 5}, [[5]], {"x": [5]}):
        assert spread(T, given) == [5]
        assert spread([T], given) == [5]
    assert spread(T, [5, 6], lists=True) == [[5, 6]]
    assert spread(T, None) == [None]


def test_several_outputs():
    pair = [T, T]
    assert spread(pair, [5, 6]) == [5, 6]
    assert spread(pair, (5, None)) == [5, None]
    assert spread(pair, {"b": 6}, ["a", "b"]) == [None, 6]
    assert spread(pair, None) == [None, None]
    assert spread(pair, 5, share=True) == [5, 5]
    assert spread(pair, [[5, 6], 7], lists=True) == [[5, 6], 7]
    assert spread({"b": T, "a": T}, {"a": 5, "b": 6}) == [6, 5]
    assert spread({"b": T, "a": T}, [6, 5]) == [6, 5]
    # the layers' names of a functional model, which go with the keys in sorted order
    assert spread({"q": T, "p": T}, {"of_p": 5}, ["of_p", "of_q"]) == [None, 5]
    nested = {"x": [T, {"q": T}], "y": T}
    assert spread(nested, {"x": [1, {"q": 2}], "y": 3}) == [1, 2, 3]
    assert spread(nested, [1, 2, 3]) == [1, 2, 3]
    assert spread(nested, {"x": 1, "y": 3}, share=True) == [1, 1, 3]
    assert spread(nested, {"q": 2}) == [None, 2, None]


@pytest.mark.parametrize(
    ("y_pred", "given", "shown"),
    [
        ([T, T], 5, "what=5"),
        ([T, T], [5], r"what=\[5\]"),
        ([T, T], [[5, 6], 7], r"what=\[\[5, 6\], 7\]"),
        ([T, T], {"c": 5}, "what={'c': 5}"),
        ([T, T], T, r"what=\*"),
        (T, [5, 6], r"what=\[5, 6\]"),
        (T, {"a": 5, "b": 6}, "what={'a': 5, 'b': 6}"),
        ({"a": T, "b": T}, {"a": 5, "c": 6}, r"a dict with keys from \['a', 'b'\]. Received"),
        ({"x": [T, T]}, {"x": [5]}, r"the form of the outputs, {'x': \[\*, \*\]}"),
        ([T, T], list(range(500)), r"\.\.\."),
    ],
)
def test_what_does_not_fit(y_pred, given, shown):
    with pytest.raises(ValueError, match=shown) as caught:
        spread(y_pred, given)
    assert str(caught.value).startswith("owner: what must have the form of the outputs")
    assert len(str(caught.value)) < 500


def test_take_is_a_quick_spread():
    for y_pred, given in (
        ([T, T], [5, 6]),
        ([T, T], (5, 6)),
        ([T, T], {"b": 6, "a": 5}),
        ({"b": T, "a": T}, {"a": 5, "b": 6}),
        ({"b": T, "a": T}, [5, 6]),
        ({"b": T, "a": T}, {"a": 5}),
        ({"q": T, "p": T}, {"a": 5, "b": 6}),
        ({"x": [T, T]}, {"x": [5, 6]}),
        (T, [5]),
        ([T, T], None),
    ):
        matcher = Matcher("owner", y_pred, ["a", "b"])
        assert matcher.take("what", given) == matcher.spread("what", given)
    assert Matcher("owner", [T, T], None).take("what", 5, share=True) == [5, 5]
    with pytest.raises(ValueError, match="owner: what"):
        Matcher("owner", {"a": T, "b": T}, None).take("what", {"a": 5, "c": 6})
