"""Casts of inputs and of variables under dtype policies."""

import numpy as np
import pytest
import torch
from same_source import X, check_same, err

import torchkeras

CASES = []


def case(f):
    CASES.append(f)
    return f


@case
def dtypes(k):
    seen = []

    class D(k.layers.Layer):
        def build(self, s):
            self.w = self.add_weight(shape=(2,), initializer="ones", name="w")
            self.n = self.add_weight(shape=(2,), initializer="ones", name="n", autocast=False)
            self.i = self.add_weight(
                shape=(), dtype="int32", initializer="zeros", trainable=False, name="i"
            )

        def call(self, x, y=None):
            seen.append(
                (
                    str(x.dtype),
                    str(k.ops.add(self.w, 0.0).dtype),
                    str(k.ops.convert_to_tensor(self.w).dtype),
                    str(k.ops.convert_to_tensor(self.n).dtype),
                    str(k.ops.convert_to_tensor(self.i).dtype),
                    None if y is None else str(y.dtype),
                )
            )
            return k.ops.cast(x, self.compute_dtype) * self.w

    class Outer(k.layers.Layer):
        def __init__(self, i, **kw):
            super().__init__(**kw)
            self.i = D(dtype=i)
            self.e = D()

        def build(self, s):
            self.w = self.add_weight(shape=(2,), initializer="ones", name="w")

        def call(self, x):
            seen.append(str(k.ops.convert_to_tensor(self.w).dtype))
            o = self.e(self.i(x))
            seen.append(str(k.ops.convert_to_tensor(self.w).dtype))
            return o

    r = []
    ins = [
        X(1, 2),
        X(1, 2).double(),
        X(1, 2).half(),
        torch.ones(1, 2, dtype=torch.int32),
        np.ones((1, 2)),
        np.ones((1, 2), "float32"),
        np.ones((1, 2), "int64"),
        torch.ones(1, 2, dtype=torch.bool),
    ]
    for p in (
        "float32",
        "float64",
        "float16",
        "bfloat16",
        "mixed_float16",
        "mixed_bfloat16",
        k.DTypePolicy("mixed_float16"),
    ):
        for ac in (True, False):
            layer = D(dtype=p, autocast=ac)
            r.append(
                [
                    layer.dtype,
                    layer.compute_dtype,
                    layer.variable_dtype,
                    layer.input_dtype,
                    layer.dtype_policy.name,
                ]
            )
            for x in ins:
                for _ in range(3):
                    seen.clear()
                    e = err(layer, x)
                    r.append((str(p)[:20], ac, str(x.dtype), list(seen), e[0], e[1]))
            seen.clear()
            e = err(layer, ins[1], ins[2])
            r.append((list(seen), e[0]))
            seen.clear()
            e = err(layer, ins[0], y=ins[6])
            r.append((list(seen), e[0]))
            r.append([(v.name, str(v.dtype).replace("torch.", "")) for v in layer.weights])
    for a, b in (
        ("mixed_float16", "float32"),
        ("float32", "mixed_float16"),
        ("mixed_bfloat16", "float64"),
        ("float64", "float16"),
    ):
        layer = Outer(b, dtype=a)
        for x in ins[:4]:
            for _ in range(3):
                seen.clear()
                e = err(layer, x)
                r.append((a, b, list(map(str, seen)), e[0], e[1]))
    s = k.Sequential(
        [
            k.layers.Dense(2, dtype="mixed_float16"),
            k.layers.Dense(2, dtype="float32"),
            k.layers.BatchNormalization(dtype="mixed_float16"),
        ]
    )
    for _ in range(3):
        r.append(err(s, X(2, 2))[0])
    return r


@case
def lists_dtypes(k):
    class D(k.layers.Layer):
        def call(self, x):
            return [k.ops.add(e, e) for e in (x.values() if isinstance(x, dict) else x)]

    r = []
    for p in ("float32", "mixed_float16"):
        layer = D(dtype=p)
        for x in (
            [X(2).double(), X(2)],
            (X(2), torch.ones(2, dtype=torch.int64)),
            {"a": X(2).half(), "b": np.ones(2)},
            [X(2), X(2)],
        ):
            for _ in range(3):
                r.append(err(layer, x))
    return r


@case
def policy_of_a_built_layer(k):
    r = []
    for policy in (
        "mixed_bfloat16",
        "int8_from_float32",
        "int4_from_float32",
        "float8_from_float32",
        "int8_from_mixed_bfloat16",
        "gptq/4/-1_from_float32",
        "awq/4/-1_from_float32",
    ):
        layer = k.layers.Dense(3, kernel_initializer="ones")
        layer.build((2, 4))

        def change(layer=layer, policy=policy):
            layer.dtype_policy = policy
            kinds = sorted(str(v.dtype).replace("torch.", "") for v in layer.variables)
            return layer.dtype_policy.name, layer.quantization_mode, kinds, layer(X(2, 4))

        r.append(err(change))
    return r


@case
def policy_of_a_layer_with_a_map(k):
    policies = k.dtype_policies.DTypePolicyMap()
    layer = k.layers.Dense(2, dtype=policies, name="one")
    layer.build((None, 4))
    r = []
    for name in ("mixed_bfloat16", "float16"):
        layer.dtype_policy = name
        r.append([type(layer.dtype_policy).__name__, layer.compute_dtype, policies["one"].name])
    return r


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("f", CASES, ids=lambda f: f.__name__)
def test_like_keras(f):
    check_same(f)


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
def test_assignments_in_call(dtype):
    """Keras on torch forgets them in mixed precision; on JAX they count, as here."""

    class Counting(torchkeras.layers.Layer):
        def build(self, input_shape):
            self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)
            self.scale = self.add_weight(shape=(), initializer="ones")

        def call(self, x):
            self.calls.assign_add(1.0)
            self.scale.assign(self.scale * 2)
            return x * self.scale

    layer = Counting(dtype=dtype)
    for _ in range(3):
        out = layer(torch.ones(2))
    assert (float(layer.calls), float(layer.scale)) == (3.0, 8.0)
    assert out.tolist() == [8.0, 8.0]
    assert str(out.dtype)[6:] == layer.compute_dtype
