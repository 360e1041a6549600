"""InputSpec: what is refused."""

import pytest
import torch
from same_source import X, check_same, err

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
