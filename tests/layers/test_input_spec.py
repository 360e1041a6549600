"""InputSpec: what is refused."""

import re

import keras
import pytest
import torch
from same_source import X, check_same, err

import torchkeras

CASES = []


def case(f):
    CASES.append(f)
    return f


@case
def input_spec(k):
    S = k.layers.InputSpec
    specs = [
        S(ndim=2),
        S(min_ndim=2),
        S(max_ndim=2),
        S(shape=(None, 3)),
        S(axes={-1: 3}),
        S(dtype="float32"),
        S(ndim=3, axes={1: 2}),
        [S(ndim=2), S(ndim=3)],
        {"a": S(ndim=2)},
        S(shape=(None, 3), optional=True),
        S(axes={0: None}),
        [S(ndim=2, name="a"), S(ndim=2, name="b")],
        S(axes={3: 2}),
    ]
    ins = [
        X(2, 3),
        X(2, 4),
        X(2),
        X(2, 1),
        X(2, 3, 1),
        X(1, 2, 3),
        torch.ones(2, 3, dtype=torch.int32),
        [X(2, 3), X(1, 2, 3)],
        [X(2, 3)],
        {"a": X(2, 3)},
        {"a": X(2, 3), "b": X(2, 3)},
        None,
    ]

    class L(k.layers.Layer):
        def call(self, x):
            return 1 if x is None else k.ops.shape(x)[0] if not isinstance(x, (list, dict)) else 5

    r = []
    for n, s in enumerate(specs):
        for j, x in enumerate(ins):
            layer = L()
            layer.input_spec = s
            a = err(layer, x)
            b = err(layer, x)
            r.append((n, j, a, b))
    r += [[str(s), err(s.get_config)] if isinstance(s, S) else 0 for s in specs[:8]]
    for kw in (
        {"ndim": 2, "shape": (None, 3)},
        {"axes": {0: "a"}},
        {"axes": [1]},
        {"dtype": "foo"},
    ):
        r.append((str(kw), err(lambda kw=kw: S(**kw).ndim)))
    return r


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("f", CASES, ids=lambda f: f.__name__)
def test_like_keras(f):
    check_same(f)


def test_a_shape_is_a_sequence():
    for k in (keras, torchkeras):
        with pytest.raises(
            ValueError, match=r"InputSpec: shape must be|Cannot convert '3' to a shape"
        ):
            k.layers.InputSpec(shape=3)
        assert k.layers.InputSpec(shape=(3,)).ndim == 1


CHECKS = [
    ({"ndim": 2}, "expected ndim=2, found ndim=3. Full shape received: (None, 5, 3)"),
    ({"min_ndim": 4}, "expected min_ndim=4, found ndim=3. Full shape received: (None, 5, 3)"),
    ({"max_ndim": 2}, "expected max_ndim=2, found ndim=3"),
    ({"dtype": "int32"}, "expected dtype=int32, found dtype=float32"),
    ({"axes": {1: 7}}, "axis 1 of input shape to have value 7, but received input with shape"),
    ({"shape": (None, 4, None)}, "expected shape=(None, 4, None), found shape=(None, 5, 3)"),
]


@pytest.mark.parametrize(("args", "words"), CHECKS, ids=[*("".join(a) for a, _ in CHECKS)])
def test_messages_are_those_of_keras(args, words):
    for k in (keras, torchkeras):
        layer = k.layers.Identity(name="lay")
        layer.input_spec = k.layers.InputSpec(**args, name="x")
        with pytest.raises(ValueError, match=re.escape(words)) as e:
            layer(k.Input((5, 3)))
        assert "Input 0 with name" in str(e.value) and "of layer 'lay' is incompat" in str(e.value)
