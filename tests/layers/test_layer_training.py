"""How the training mode reaches layers."""

import pytest
from same_source import X, check_same, err

CASES = []


def case(f):
    CASES.append(f)
    return f


@case
def training(k):
    seen = []

    class T(k.layers.Layer):
        def call(self, x, training=None):
            seen.append(training)
            return x * 1.0

    class TF(k.layers.Layer):
        def call(self, x, training=False):
            seen.append(training)
            return x * 1.0

    class N(k.layers.Layer):
        def __init__(self):
            super().__init__()
            self.t = T()
            self.tf = TF()

        def call(self, x):
            return self.tf(self.t(x))

    class P(k.layers.Layer):
        def __init__(self):
            super().__init__()
            self.t = T()

        def call(self, x, training=None):
            seen.append(training)
            return self.t(x, training=not training)

    r = []
    for layer in (T(), TF(), N(), P(), k.Sequential([T(), TF()])):
        layer(X(2, 2))
        for i in range(3):
            for kw in ({}, {"training": True}, {"training": False}, {"training": None}):
                seen.clear()
                e = err(layer, X(2, 2), **kw)
                r.append((type(layer).__name__, i, str(kw), list(map(str, seen)), e[0] == "ERR"))
    i = k.Input((2,))
    m = k.Model(i, N()(i))
    m2 = k.Model(i, T()(i, training=True))
    for _ in range(3):
        for kw in ({}, {"training": True}, {"training": False}):
            seen.clear()
            m(X(2, 2), **kw)
            m2(X(2, 2), **kw)
            r.append((str(kw), list(map(str, seen))))
    return r


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("f", CASES, ids=lambda f: f.__name__)
def test_like_keras(f):
    check_same(f)
