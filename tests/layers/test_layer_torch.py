"""A layer is an `nn.Module`: hooks, copies, moves, state dicts, functional calls, threads."""

import copy
import gc
import pickle
import threading

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize, prune

import torchkeras as keras


def built(n=2, **k):
    d = keras.layers.Dense(n, **k)
    x = torch.randn(4, 3)
    for _ in range(3):
        d(x)
    return d, x


def test_hooks():
    log = []
    for when in (0, 3):
        d = keras.layers.Dense(2)
        x = torch.randn(4, 3, requires_grad=True)
        for _ in range(when):
            d(x)
        hs = [
            d.register_forward_hook(lambda m, i, o: log.append("f")),
            d.register_forward_pre_hook(lambda m, i: log.append("p")),
            d.register_full_backward_hook(lambda m, a, b: log.append("b")),
            d.register_full_backward_pre_hook(lambda m, a: log.append("bp")),
        ]
        for _ in range(3):
            log.clear()
            d(x).sum().backward()
            assert log == ["p", "f", "bp", "b"], log
        h = d.register_forward_hook(lambda m, i, o: o * 0)
        assert (d(x) == 0).all()
        h.remove()
        for h in hs:
            h.remove()
        log.clear()
        d(x)
        d(x)
        assert not log and d._fast
        h = nn.modules.module.register_module_forward_hook(lambda m, i, o: log.append("g"))
        d(x)
        assert log
        h.remove()
    m = keras.Sequential([keras.layers.Dense(2), keras.layers.Dense(2)])
    for _ in range(3):
        m(x)
    log.clear()
    m.layers[0].register_forward_hook(lambda *a: log.append(1))
    m(x)
    m(x)
    assert len(log) == 2, log


def test_copies():
    d, x = built(kernel_regularizer="l2")
    for c in (copy.deepcopy(d), pickle.loads(pickle.dumps(d)), copy.deepcopy(copy.deepcopy(d))):
        assert (
            torch.equal(c(x), d(x))
            and c.kernel is not d.kernel
            and c.kernel.regularizer is not None
            and c.name == d.name
        )
        c.set_weights([w + 1 for w in c.get_weights()])
        assert not torch.equal(c(x), d(x))
        assert [v.path for v in c.weights] == [v.path for v in d.weights]
    copy.deepcopy(keras.layers.Dense(2))(x)
    b = keras.layers.BatchNormalization()
    b(x, training=True)
    c = copy.deepcopy(b)
    c(x, training=True)
    assert not torch.equal(c.moving_mean, b.moving_mean)
    assert any(c.moving_mean is q for q in c.weights)


def test_moves():
    for f, dt in (("half", torch.float16), ("double", torch.float64), ("bfloat16", torch.bfloat16)):
        d, x = built()
        getattr(d, f)()
        assert d.kernel.dtype is dt and d.compute_dtype in str(dt)
        y = d(x)
        assert y.dtype is dt, y.dtype
        d(x)
        d.float()
        assert d(x).dtype is torch.float32
    d, x = built()
    d.to(torch.float64)
    assert d(x).dtype is torch.float64
    b = keras.layers.BatchNormalization()
    b(x)
    b.double()
    assert (
        b.moving_mean.dtype is torch.float64
        and b(x).dtype is torch.float64
        and isinstance(b.moving_mean, keras.Variable)
    )
    s = keras.Sequential([keras.layers.Dense(2), keras.layers.BatchNormalization()])
    s(x)
    s(x)
    s.double()
    assert s(x).dtype is torch.float64
    assert s(x.double()).dtype is torch.float64


def test_states():
    d, x = built()
    e, _ = built()
    want = d(x)
    e.load_state_dict(d.state_dict())
    assert torch.equal(e(x), want)
    e, _ = built()
    e.load_state_dict({k: v.clone() for k, v in d.state_dict().items()}, assign=True)
    assert torch.equal(e(x), want)
    assert len(e.weights) == 2
    e.get_weights()
    e.trainable = False
    assert not e.trainable_weights
    e.trainable = True
    assert len(e.trainable_weights) == 2
    b = keras.layers.BatchNormalization()
    b(x)
    b.load_state_dict({k: v + 1 for k, v in b.state_dict().items()}, assign=True)
    b(x)
    b(x, training=True)
    assert len(b.weights) == 4, b.weights
    assert len(b.trainable_weights) == 2
    b.get_weights()
    b.count_params()
    b.set_weights(b.get_weights())
    assert set(d.state_dict()) == {"kernel", "bias"}, d.state_dict().keys()


def test_param():
    d, x = built()
    nn.utils.parametrizations.spectral_norm(d, "kernel")
    d(x).sum().backward()
    assert d.parametrizations.kernel.original.grad is not None

    class Sym(nn.Module):
        def forward(s, w):
            return w * 0

    d, x = built(use_bias=False)
    parametrize.register_parametrization(d, "kernel", Sym())
    assert (d(x) == 0).all()
    assert (d(x) == 0).all()
    parametrize.remove_parametrizations(d, "kernel")
    d(x)
    d, x = built()
    prune.l1_unstructured(d, "kernel", amount=2)
    d(x)
    assert (d.kernel == 0).sum() == 2


def test_func():
    d, x = built()
    p = {k: torch.zeros_like(v) for k, v in d.named_parameters()}
    assert (torch.func.functional_call(d, p, (x,)) == 0).all()
    assert not (d(x) == 0).all()
    m = keras.Sequential([keras.layers.Dense(2), keras.layers.BatchNormalization()])
    m(x)
    m(x)
    p = {k: torch.zeros_like(v) for k, v in m.named_parameters()}
    assert (torch.func.functional_call(m, p, (x,)) == 0).all()
    g = torch.func.grad(lambda p: torch.func.functional_call(m, p, (x,)).sum())(
        {k: v.detach() for k, v in m.named_parameters()}
    )
    assert set(g) == set(p)
    m.requires_grad_(False)
    assert not any(p.requires_grad for p in m.parameters())
    m(x)
    m.requires_grad_(True)
    m.share_memory()
    m(x)
    torch.func.vmap(lambda r: d(r[None])[0])(x)


def test_mem():
    for mk in (
        lambda: keras.layers.Dense(8),
        lambda: keras.Sequential(
            [keras.layers.Dense(8), keras.layers.ReLU(), keras.layers.BatchNormalization()]
        ),
        lambda: keras.layers.Dense(8, activity_regularizer="l2"),
        lambda: keras.layers.Dense(8, dtype="mixed_bfloat16"),
    ):
        layer = mk()
        x = torch.randn(64, 64)
        gc.collect()
        gc.freeze()  # only what is new counts
        gc.disable()

        def n():
            return sum(1 for o in gc.get_objects() if isinstance(o, torch.Tensor))

        for _ in range(5):
            layer(x).sum().backward()
        a = n()
        c = len(gc.get_objects())
        for _ in range(50):
            layer(x).sum().backward()
        b = n()
        e = len(gc.get_objects())
        gc.enable()
        gc.unfreeze()
        assert b <= a and e - c < 20, (a, b, c, e)


def test_notes():
    d, x = built(name="bad")
    for _ in range(2):
        try:
            d(torch.randn(4, 5))
        except Exception as e:
            print("   ", type(e).__name__, getattr(e, "__notes__", None), str(e)[:90])

    class B(keras.layers.Layer):
        def call(self, x):
            return x @ torch.ones(7, 2)

    class Outer(keras.layers.Layer):
        def __init__(s):
            super().__init__()
            s.b = B(name="inner")

        def call(s, x):
            return s.b(x)

    o = Outer()
    for _ in range(2):
        try:
            o(x)
        except Exception as e:
            print("   ", type(e).__name__, e.__notes__)


def test_threads():
    class T(keras.layers.Layer):
        def __init__(s):
            super().__init__()
            s.seen = set()
            s.e = None

        def call(s, x, training=None):
            s.seen.add(training)
            return x + 1

    a, b = [keras.Sequential([T(), keras.layers.Dropout(0.5), T()]) for _ in range(2)]
    x = torch.ones(2, 2)
    a(x)
    b(x)
    for m in (a, b):
        for layer in m.layers:
            getattr(layer, "seen", set()).clear()
    bar = threading.Barrier(2)

    def go(m, tr):
        bar.wait()
        for _ in range(2000):
            m(x, training=tr)

    ts = [threading.Thread(target=go, args=z) for z in ((a, True), (b, False))]
    [q.start() for q in ts]
    [q.join() for q in ts]
    assert (
        a.layers[0].seen == {True}
        and a.layers[2].seen == {True}
        and b.layers[0].seen == {False}
        and b.layers[2].seen == {False}
    ), (a.layers[0].seen, b.layers[0].seen)


def test_losses_of_parts():
    class KL(keras.layers.Layer):
        def call(s, x):
            s.add_loss(x.mean())
            return x

    e = keras.Sequential([keras.layers.Dense(2), KL()])
    dec = keras.Sequential([keras.layers.Dense(3, activity_regularizer="l2")])

    class V(keras.Model):
        def __init__(s):
            super().__init__()
            s.e = e
            s.dd = dec

        def call(s, x):
            return s.dd(s.e(x))

    v = V()
    x = torch.randn(4, 3)
    for _ in range(3):
        dec(e(x))
        assert len(v.losses) == 2, len(v.losses)
        v(x)
        assert len(v.losses) == 2

    class Cond(keras.layers.Layer):
        def call(s, x, training=None):
            if training:
                s.add_loss(x.sum())
            return x

    class W(keras.layers.Layer):
        def __init__(s):
            super().__init__()
            s.c = Cond()
            s.k = KL()

        def call(s, x):
            return s.k(s.c(x))

    w = W()
    for _ in range(3):
        w(x)
        assert len(w.losses) == 1
        w(x, training=True)
        assert len(w.losses) == 2

    class Plain(nn.Module):
        def __init__(s):
            super().__init__()
            s.k = KL()
            s.layer = nn.Linear(3, 3)

        def forward(s, x):
            return s.k(s.layer(x))

    class Z(keras.layers.Layer):
        def __init__(s):
            super().__init__()
            s.p = Plain()
            s.q = nn.Parameter(torch.ones(3))

        def call(s, x):
            return s.p(x) * s.q

    z = Z()
    for _ in range(3):
        z(x)
        assert len(z.losses) == 1
    assert len(z.trainable_weights) == 3 and len(z.weights) == 3
    z.trainable = False
    assert not z.trainable_weights
    z.get_weights()
    z.count_params()


@pytest.mark.filterwarnings("ignore")
def test_export_and_trace():
    d, x = built()
    torch.export.export(d, (x,))
    torch.jit.trace(d, x)
