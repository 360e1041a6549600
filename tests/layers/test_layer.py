"""A layer's state: weights, nesting, trainable flags, names."""

import numpy as np
import pytest
import torch
from same_source import X, check_same, d, err

CASES = []


def case(f):
    CASES.append(f)
    return f


@case
def add_weight_all(k):
    class L(k.layers.Layer):
        def build(self, s):
            self.a = self.add_weight(shape=(s[-1], 2), name="a")
            self.b = self.add_weight(shape=(2,), initializer="ones")
            self.c = self.add_weight(shape=())
            self.d = self.add_weight((2,), "zeros", "int32", trainable=False, name="dd")
            self.e = self.add_weight(shape=(3,), trainable=False, name="e")
            self.f = self.add_weight(shape=(3,), name="e")
            self.add_weight(shape=(3,), name="unassigned")
            self.g = self.add_weight(
                shape=(1,),
                dtype="float64",
                initializer=k.initializers.Constant(2.0),
                regularizer="l2",
                constraint="non_neg",
                name="g",
            )
            self.h = self.add_weight(
                shape=(1,),
                initializer=lambda shape, dtype=None: torch.full(shape, 3.0),
                aggregation="mean",
                name="h",
            )

        def call(self, x):
            return x @ self.a + self.b + self.c

    layer = L(name="lay")
    layer(X(2, 3))
    return [
        layer.weights,
        layer.trainable_weights,
        layer.non_trainable_weights,
        layer.variables,
        layer.trainable_variables,
        layer.non_trainable_variables,
        layer.count_params(),
        [w.shape for w in layer.get_weights()],
        layer.g.regularizer is not None,
        layer.g.constraint is not None,
        layer.h.aggregation,
        float(layer.g.numpy()[0]),
        layer.losses and float(layer.losses[0]),
    ]


@case
def nested(k):
    class In(k.layers.Layer):
        def __init__(self, u, **kw):
            super().__init__(**kw)
            self.u = u
            self.dense = k.layers.Dense(u)

        def build(self, s):
            self.dense.build(s)
            self.w = self.add_weight(shape=(1,), name="w")

        def call(self, x):
            return self.dense(x) + self.w

    class Out(k.layers.Layer):
        def __init__(self, **kw):
            super().__init__(**kw)
            self.ls = [In(2), In(3)]
            self.dd = {"z": k.layers.Dense(1, name="zz"), "a": k.layers.BatchNormalization()}
            self.t = (k.layers.Dense(2), k.layers.Dense(3))
            self.v = k.Variable(np.ones(2, "float32"), name="v")
            self.own = self.add_weight(shape=(2,), name="own")
            self.vl = [k.Variable(1.0, name="x1"), k.Variable(2.0, trainable=False, name="x2")]

        def call(self, x):
            y = self.ls[1](self.ls[0](x))
            y = self.dd["a"](y)
            y = self.dd["z"](y)
            return self.t[0](y) + self.v

    o = Out()
    o(X(2, 3))
    n = [
        [v.path for v in o.weights],
        [v.path for v in o.trainable_weights],
        [v.path for v in o.non_trainable_weights],
        [v.path for v in o.variables],
    ]
    o.trainable = False
    n += [
        [v.path for v in o.trainable_weights],
        o.ls[0].trainable,
        o.dd["z"].trainable,
        len(o.non_trainable_weights),
        o.v.trainable,
    ]
    o.trainable = True
    o.ls[0].trainable = False
    n += [[v.path for v in o.trainable_weights], [v.path for v in o.non_trainable_weights]]
    n.append([type(o.ls).__name__ in ("list", "TrackedList"), isinstance(o.t, tuple), len(o.ls)])
    return n


@case
def trainable_ctor(k):
    class L(k.layers.Layer):
        def build(self, s):
            self.a = self.add_weight(shape=(2,), name="a")
            self.b = self.add_weight(shape=(2,), trainable=False, name="b")

        def call(self, x):
            return x + self.a

    layer = L(trainable=False)
    layer(X(2, 2))
    r = [d(layer.weights), d(layer.trainable_weights), d(layer.non_trainable_weights)]
    layer.trainable = True
    r += [d(layer.weights), d(layer.trainable_weights)]
    l2 = L()
    r += [l2.trainable_weights, l2.weights]
    l2.trainable = False
    l2(X(2, 2))
    r += [d(l2.trainable_weights), l2.get_config()]
    return r


@case
def trainable_frozen_sub(k):
    s = k.layers.Dense(2, trainable=False)

    class L(k.layers.Layer):
        def __init__(self):
            super().__init__()
            self.s = s
            self.q = k.layers.Dense(1)

        def call(self, x):
            return self.q(self.s(x))

    layer = L()
    layer(X(2, 2))
    a = [len(layer.trainable_weights), layer.trainable]
    layer.trainable = True
    return [*a, len(layer.trainable_weights), s.trainable]


@case
def weights_errors(k):
    layer = k.layers.Dense(2)
    r = [err(layer.count_params), err(layer.set_weights, [np.ones(2)])]
    layer.build((None, 3))
    b = layer.get_weights()
    r += [
        err(layer.set_weights, [np.ones((3, 2))]),
        err(layer.set_weights, [np.ones((3, 2)), np.ones(3)]),
        err(layer.set_weights, [np.ones((2, 3)), np.ones(2)]),
    ]
    layer.set_weights(b)
    layer.set_weights([np.ones((3, 2)), np.array([1, 2])])
    r.append(d(layer.get_weights()))
    return r


@case
def metrics(k):
    class L(k.layers.Layer):
        def __init__(self):
            super().__init__()
            self.m = k.metrics.Mean(name="mm")
            self.d = k.layers.Dropout(0.5, seed=1)

        def call(self, x):
            self.m.update_state(x)
            return self.d(x)

    layer = L()
    layer(X(2, 3))
    return [
        [v.path for v in layer.variables],
        [v.path for v in layer.weights],
        [v.path for v in layer.non_trainable_variables],
        [v.path for v in layer.metrics_variables] if hasattr(layer, "metrics_variables") else 0,
    ]


@case
def names(k):
    class MyLayer2D(k.layers.Layer):
        def call(self, x):
            return x

    r = [
        MyLayer2D().name,
        MyLayer2D().name,
        MyLayer2D(name="z").name,
        MyLayer2D(name="z").name,
        err(lambda: MyLayer2D(name="a/b")),
        err(lambda: MyLayer2D(name=3)),
        err(lambda: MyLayer2D(foo=1)),
        err(lambda: k.layers.Dense(2, foo=1)),
        err(lambda: MyLayer2D(name="").name),
        err(lambda: MyLayer2D(input_shape=(3,)).name),
        err(lambda: MyLayer2D(input_dim=3).name),
        err(lambda: k.layers.Layer().name),
        err(lambda: k.layers.Layer()(X(2))),
    ]
    r.append(err(lambda: MyLayer2D()()))
    r.append(err(lambda: MyLayer2D()(X(2), X(2))))
    r.append(err(lambda: MyLayer2D()("a")))
    r.append(err(lambda: MyLayer2D()(2)))
    r.append(err(lambda: MyLayer2D()(x=X(2))))
    r.append(err(lambda: MyLayer2D()([1.0, 2.0])))
    r.append(err(lambda: MyLayer2D()(None)))
    return r


@case
def unbuilt_call_state(k):
    r = []

    class M(k.layers.Layer):
        def build(self, s):
            self.w = self.add_weight(shape=s[-1:])
            self.built = True

        def call(self, x):
            return x

    m = M()
    m(X(2, 3))
    r.append(err(m, X(2, 4))[0])

    class Q(k.layers.Layer):
        def __init__(self):
            self.a = 1
            super().__init__()

        def call(self, x):
            return x

    r.append(err(lambda: Q().a))

    class R(k.layers.Layer):
        def __init__(self):
            super().__init__(name="rr")
            self.w = self.add_weight(shape=(2,), name="in_init")

        def call(self, x):
            return x

    q = R()
    r += [d(q.weights), q.built]
    q(X(2))
    r.append(q.built)
    r.append([str(k.layers.Dense(2, name="d"))[:40]])
    return r


@case
def weights_in_subclasses_of_layers_without(k):
    r = []
    for base, arguments in (
        (k.layers.Dropout, (0.5,)),
        (k.layers.ReLU, ()),
        (k.layers.MaxPooling1D, ()),
    ):

        class Scaled(base):
            def build(self, input_shape):
                self.scale = self.add_weight(shape=(1,), initializer="ones", name="scale")
                super().build(input_shape)

            def call(self, inputs):
                return super().call(inputs) * self.scale

        layer = Scaled(*arguments, name="scaled")
        r.append([base(*arguments).built, layer.built, layer(X(1, 2, 1)), layer.weights])
    return r


@case
def set_attr(k):
    layer = k.layers.Dense(2, kernel_initializer="ones")
    x = X(2, 2)
    r = []
    for _ in range(3):
        layer(x)
    layer.activation = k.activations.relu
    r += [d(layer(x)), d(layer(x))]
    layer.use_bias = False
    r.append(d(layer(x)))
    l2 = k.layers.Dropout(0.5)
    l2(x)
    l2(x)
    l2.rate = 0.0
    r.append(d(l2(x, training=True)))
    layer.input_spec = None
    return r


@case
def structures_of_shapes(k):
    """The shapes of `compute_output_shape` say whether outputs are a tuple or a list."""

    class Many(k.layers.Layer):
        def __init__(self, make):
            super().__init__()
            self.make = make

        def call(self, x):
            raise AssertionError("the shapes are told")

        def compute_output_shape(self, input_shape):
            return self.make(input_shape)

    r = []
    for make in (
        lambda s: (s, s),
        lambda s: [s, s],
        lambda s: (s, [s, (s, s)]),
        lambda s: {"a": s, "b": (s,)},
    ):
        out = Many(make).compute_output_spec(k.KerasTensor((2, 3)))
        r.append([type(out).__name__, str(k.tree.map_structure(lambda t: t.shape, out))])
    return [*r, err(k.layers.Layer().compute_output_shape, (2, 3))]


@case
def build_arguments(k):
    class NoSuffix(k.layers.Layer):
        def build(self, foo_shape, bar):
            pass

        def call(self, foo, bar):
            return foo

    class Other(NoSuffix):
        def build(self, foo_shape, baz_shape):
            pass

    class Some(NoSuffix):
        def build(self, bar_shape):
            self.seen = bar_shape

    some = Some()
    some(X(2, 1), X(2, 2))
    return [err(NoSuffix(), X(2, 1), X(2, 2)), err(Other(), X(2, 1), X(2, 2)), some.seen]


@case
def weights_made_in_call(k):
    class Late(k.layers.Layer):
        def call(self, x):
            self.w = self.add_weight(shape=(), initializer="zeros")
            return x

    class LateModel(k.Model):
        def call(self, x):
            return x + self.add_weight(shape=(), initializer="zeros")

    class InTime(k.layers.Layer):
        def __init__(self):
            super().__init__()
            self.built = True
            self.w = self.add_weight(shape=(), initializer="zeros")

        def call(self, x):
            return x + self.w

    errors = [err(Late(), X(2)), err(Late(), k.KerasTensor((2,))), err(LateModel(), X(2))]
    return [*errors, err(InTime(), X(2))]


@case
def attributes_before_init(k):
    class Early(k.layers.Layer):
        def __init__(self):
            self.flag = True
            self.w = k.Variable(np.ones(2, "float32"))
            self.parts = [k.layers.Dense(1)]
            seen.append(self.flag and len(self.parts))
            super().__init__()

        def call(self, x):
            return self.parts[0](x) * self.w

    class Never(k.layers.Layer):
        def __init__(self):
            self.flag = True

        def call(self, x):
            return x

    seen = []
    layer = Early()
    shape = list(layer(X(3, 2)).shape)
    return [seen, shape, len(layer.weights), len(layer.trainable_weights), err(Never(), X(2))]


@case
def activity_of_no_samples(k):
    layer = k.layers.Activation("linear", activity_regularizer="l2")
    layer(np.ones((0, 5), "float32"))
    return [float(layer.losses[0])]


@case
def rematerialized_call(k):
    plain = k.layers.Dense(2)
    r = [plain.rematerialized_call(plain.call, X(1, 3)) == plain.call]
    activation = k.layers.Activation("relu")
    r.append(d(activation.call(X(3))))
    with k.RematScope("full"):
        twice = k.layers.Dense(2, kernel_initializer="ones")
        twice.build((1, 3))
        again = twice.rematerialized_call(twice.call, X(1, 3))
        r += [again == twice.call, d(again(X(1, 3)))]
    return r


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("f", CASES, ids=lambda f: f.__name__)
def test_like_keras(f):
    check_same(f)
