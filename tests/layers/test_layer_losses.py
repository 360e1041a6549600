"""Losses that layers add, and when they are cleared."""

import pytest
import torch
from same_source import X, check_same, d, err

CASES = []


def case(f):
    CASES.append(f)
    return f


@case
def losses(k):
    class L(k.layers.Layer):
        def __init__(self, f=1.0, **kw):
            super().__init__(**kw)
            self.f = f

        def call(self, x):
            self.add_loss(self.f * k.ops.mean(x))
            return x + 1

    class Outer(k.layers.Layer):
        def __init__(self, **kw):
            super().__init__(**kw)
            self.l1 = L(2.0)
            self.d = k.layers.Dense(
                2, kernel_regularizer="l2", kernel_initializer="ones", activity_regularizer="l1"
            )
            self.l2 = L(3.0)

        def call(self, x):
            self.add_loss([k.ops.sum(x), k.ops.max(x)])
            return self.l2(self.d(self.l1(x)))

    o = Outer()
    r = [o.losses]
    for i in range(3):
        o(X(2, 3) + i)
        r.append([float(x) for x in o.losses])
    r.append([float(x) for x in o.l1.losses])
    o.l1(X(2, 3))
    r.append([round(float(x), 4) for x in o.l1.losses])
    r.append(len(o.losses))
    return [d([round(float(y), 4) for y in x] if isinstance(x, list) else x) for x in r]


@case
def losses_twice_in_call(k):
    class L(k.layers.Layer):
        def call(self, x):
            self.add_loss(k.ops.mean(x))
            return x + 1

    class Outer(k.layers.Layer):
        def __init__(self, **kw):
            super().__init__(**kw)
            self.layer = L()

        def call(self, x):
            return self.layer(self.layer(x))

    o = Outer()
    r = []
    for _ in range(3):
        o(X(2, 3))
        r.append([round(float(x), 4) for x in o.losses])
    return r


@case
def losses_models(k):
    class L(k.layers.Layer):
        def call(self, x):
            self.add_loss(k.ops.mean(x))
            return x + 1

    r = []
    i = k.Input((3,))
    m = k.Model(i, L()(L()(i)))
    s = k.Sequential([L(), k.layers.ActivityRegularization(l1=0.5), L()])
    for mm in (m, s):
        for _ in range(3):
            mm(X(2, 3))
            r.append([round(float(x), 4) for x in mm.losses])
    shared = L()
    m = k.Model(i, shared(shared(i)))
    for _ in range(2):
        m(X(2, 3))
        r.append([round(float(x), 4) for x in m.losses])
    return r


@case
def add_loss_outside(k):
    layer = k.layers.Dense(2)
    layer.build((None, 2))
    r = [err(layer.add_loss, torch.tensor(1.0))]
    r.append(len(layer.losses))
    layer(X(2, 2))
    r.append(len(layer.losses))
    r.append(err(layer.add_loss, lambda: 1.0))
    return r


@case
def activity(k):
    class L(k.layers.Layer):
        def call(self, x):
            return x * 2

    layer = L(activity_regularizer="l2")
    r = []
    for _ in range(3):
        layer(X(2, 3))
        r.append([round(float(x), 4) for x in layer.losses])
    l2 = L(activity_regularizer=k.regularizers.L1(0.1))
    l2(X(2, 3))
    r.append(d(l2.losses))
    0

    class M(k.layers.Layer):
        def call(self, x):
            return [x, x * 2]

    m = M(activity_regularizer="l1")
    m(X(4, 3))
    r.append([round(float(x), 4) for x in m.losses])
    return r


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("f", CASES, ids=lambda f: f.__name__)
def test_like_keras(f):
    check_same(f)
