"""Configs, build configs and inferred shapes of users' layers."""

import pytest
from same_source import X, check_same, d, err

CASES = []


def case(f):
    CASES.append(f)
    return f


@case
def configs(k):
    class C(k.layers.Layer):
        def __init__(self, f, **kw):
            super().__init__(**kw)
            self.f = f

        def call(self, x):
            return x

        def get_config(self):
            return {**super().get_config(), "f": self.f}

    class D_(k.layers.Layer):
        def call(self, x):
            return x

    made = [
        C(0.5),
        C(1, activity_regularizer="l2", trainable=False),
        C(2, name="n", dtype="mixed_float16"),
        D_(),
        D_(name="i", dtype="float64"),
        k.layers.Layer(),
        k.layers.Layer(name="i", dtype="float64"),
    ]
    return [layer.get_config() for layer in made] + [
        type(layer).from_config(layer.get_config()).get_config() for layer in made
    ]


@case
def build_configs(k):
    class A(k.layers.Layer):
        def build(self, s):
            self.w = self.add_weight(shape=(s[-1],))

        def call(self, x):
            return x

    class B(k.layers.Layer):
        def build(self, a_shape, b_shape):
            self.w = self.add_weight(shape=(a_shape[-1], b_shape[-1]))

        def call(self, a, b):
            return a

    class C(k.layers.Layer):
        def build(self, s):
            self.w = [self.add_weight(shape=(q[-1],)) for q in s]

        def call(self, x):
            return x[0]

    class D_(k.layers.Layer):
        def build(self, s):
            self.w = [self.add_weight(shape=(s[q][-1],)) for q in s]

        def call(self, x):
            return x["a"]

    class E(k.layers.Layer):
        def call(self, x):
            return x

    r = []
    for layer, a in (
        (A(), (X(2, 3),)),
        (B(), (X(2, 3), X(2, 4))),
        (C(), ([X(2, 3), X(2, 4)],)),
        (D_(), ({"a": X(2, 3), "b": X(2, 4)},)),
        (E(), (X(2, 3),)),
    ):
        r.append(err(layer.get_build_config))
        layer(*a)
        c = layer.get_build_config()
        r.append(c)
        l2 = type(layer)()
        if c:
            l2.build_from_config(c)
            r.append([l2.built, d(l2.weights)])
    layer = A()
    layer.build((None, 5))
    r.append(layer.get_build_config())
    return r


@case
def out_shapes(k):
    class A(k.layers.Layer):
        def call(self, x):
            return k.ops.sum(x, axis=-1)

    class B(k.layers.Layer):
        def call(self, x):
            return k.ops.sum(x, axis=-1)

        def compute_output_shape(self, s):
            return s[:-1]

    class C(k.layers.Layer):
        def call(self, a, b):
            return a, b

    class D_(k.layers.Layer):
        def call(self, x):
            return {"o": x["a"], "p": [x["b"], x["a"]]}

    class E(k.layers.Layer):
        def compute_output_spec(self, x):
            return k.KerasTensor((None, 7), dtype="int32")

        def call(self, x):
            return x

    class F(k.layers.Layer):
        def build(self, s):
            self.d = k.layers.Dense(4)
            self.d.build(s)

        def call(self, x):
            return self.d(x)

    def symbol(*s):
        return k.KerasTensor(s)

    return [
        err(A(), symbol(None, 3)),
        err(B().compute_output_shape, (None, 3)),
        err(B(), symbol(None, 3)),
        err(C(), symbol(None, 3), symbol(2, 4)),
        err(D_(), {"a": symbol(None, 1), "b": symbol(3, 2)}),
        err(E(), symbol(1, 2)),
        err(F(), symbol(None, 3)),
        err(A().compute_output_spec, symbol(None, 3)),
    ]


@case
def dtype_in_a_config(k):
    """A constructor gets the policy's name, as people write it, or the policy."""
    seen = []

    class Own(k.layers.Dense):
        def __init__(self, *args, **kwargs):
            dtype = kwargs["dtype"]
            seen.append(dtype if isinstance(dtype, str) else [type(dtype).__name__, dtype.name])
            super().__init__(*args, **kwargs)

    for dtype in ("bfloat16", "mixed_float16", "int8_from_bfloat16"):
        Own.from_config(k.layers.Dense(2, dtype=dtype).get_config())
    return seen


@case
def trainable_is_a_boolean(k):
    return [
        err(lambda v=v: k.layers.Dense(2, trainable=v).trainable) for v in (True, 1, "no", None)
    ]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("f", CASES, ids=lambda f: f.__name__)
def test_like_keras(f):
    check_same(f)
