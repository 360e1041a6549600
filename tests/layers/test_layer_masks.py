"""Masks given by hand and carried by tensors, before and after the quick call is on."""

import re
import warnings

import numpy as np
import pytest
import torch
from same_source import X, check_same, d, err

CASES = []


def case(f):
    CASES.append(f)
    return f


def warned(f, *args, **kwargs):
    with warnings.catch_warnings(record=True) as w:
        warnings.simplefilter("always")
        o = f(*args, **kwargs)
    return o, [re.sub(r" at 0x\w+", "", str(x.message))[:60] for x in w]


@case
def masks(k):
    class No(k.layers.Layer):
        def call(self, x):
            return x * 1.0

    class Yes(k.layers.Layer):
        def __init__(self, **kw):
            super().__init__(**kw)
            self.supports_masking = True

        def call(self, x):
            return x * 1.0

    class Use(k.layers.Layer):
        def __init__(self, **kw):
            super().__init__(**kw)
            self.seen = []

        def call(self, x, mask=None):
            self.seen.append(None if mask is None else d(mask))
            return x * 1.0

    class Comp(k.layers.Layer):
        def compute_mask(self, i, m=None):
            return None if m is None else ~m

        def call(self, x):
            return x * 1.0

    class UseYes(Use):
        def __init__(self, **kw):
            super().__init__(**kw)
            self.supports_masking = True

    r = []
    for C in (No, Yes, Use, Comp, UseYes):
        layer = C(name="m")
        for i in range(3):
            x = X(2, 3)
            o, w = warned(layer, x)
            r.append((C.__name__, i, "plain", d(o)[3], w))
            x = X(2, 3)
            x._keras_mask = torch.tensor([[True, False, True], [True, True, True]])
            o, w = warned(layer, x)
            r.append((C.__name__, i, "carried", d(getattr(o, "_keras_mask", None)), w))
            x = X(2, 3)
            if "mask" in C.call.__code__.co_varnames:
                o, w = warned(
                    layer, x, mask=torch.tensor([[True, False, True], [True, True, True]])
                )
                r.append((C.__name__, i, "given", d(getattr(o, "_keras_mask", None)), w))
        if hasattr(layer, "seen"):
            r.append(layer.seen)
        r.append(layer.supports_masking)
        r.append(err(layer.compute_mask, X(2), torch.tensor([True, False])))
    return r


@case
def masks_multi(k):
    class A(k.layers.Layer):
        def __init__(self):
            super().__init__()
            self.seen = []
            self.supports_masking = True

        def call(self, x, mask=None):
            self.seen.append(d(mask))
            return x[0] + x[1]

        def compute_mask(self, i, m=None):
            return None if m is None else m[0]

    class B(k.layers.Layer):
        def __init__(self):
            super().__init__()
            self.seen = []

        def call(self, q, v, q_mask=None, v_mask=None):
            self.seen.append([d(q_mask), d(v_mask)])
            return q + v

    class C(k.layers.Layer):
        def __init__(self):
            super().__init__()
            self.seen = []

        def call(self, x, mask=None):
            self.seen.append(d(mask))
            return x["a"]

    def m(x, b):
        x._keras_mask = torch.tensor([b, not b])
        return x

    a, b, c = A(), B(), C()
    r = []
    for _i in range(2):
        for xs in (
            [X(2, 1), X(2, 1)],
            [m(X(2, 1), True), X(2, 1)],
            [m(X(2, 1), True), m(X(2, 1), False)],
        ):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                o = a(list(xs))
                r.append(d(getattr(o, "_keras_mask", None)))
                b(xs[0], xs[1])
                b(xs[0], v=xs[1])
                b(q=xs[0], v=xs[1])
                c({"a": xs[0], "b": xs[1]})
                a(tuple(xs))
    return [r, a.seen, b.seen, c.seen]


@case
def masking_chain(k):
    layer = [
        k.layers.Embedding(5, 3, mask_zero=True),
        k.layers.Dropout(0.5),
        k.layers.Dense(2),
        k.layers.LSTM(2),
    ]
    r = []
    s = k.Sequential(layer)
    ids = torch.tensor([[1, 2, 0], [3, 0, 0]])
    for _ in range(3):
        x = ids
        for q in layer[:3]:
            x = q(x)
            r.append(d(getattr(x, "_keras_mask", None)))
    s(ids)
    w = [np.full(v.shape, 0.1 * (i + 1)) for i, v in enumerate(s.get_weights())]
    s.set_weights(w)
    for _ in range(3):
        r.append(d(s(ids)))
    i = k.Input((3,), dtype="int32")
    y = i
    for q in layer:
        y = q(y)
    m = k.Model(i, y)
    r += [d(m(ids)), d(m(ids))]
    return r


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("f", CASES, ids=lambda f: f.__name__)
def test_like_keras(f):
    check_same(f)
