"""Functional models of ops: the same class names, modules and configs, read by both libraries."""

import keras as reference
import pytest
import torch

import torchkeras as keras
from oracle import clear_names, normalise_config

UNARY = """arcsinh arccosh arctanh exp2 sinc cbrt deg2rad rad2deg i0 fabs real conj angle
trunc nan_to_num isneginf isposinf isreal signbit array copy tril triu negative absolute
square sign conjugate exp expm1 log log1p log2 log10 sqrt reciprocal sin cos tan arcsin
arccos arctan sinh cosh tanh floor ceil isnan isinf isfinite logical_not rsqrt erf round
relu relu6 sigmoid softplus softsign silu selu softmax log_softmax gelu elu leaky_relu
transpose squeeze flip zeros_like ones_like stop_gradient sum mean var std max min prod all
any argmax argmin cumsum logsumexp""".split()  # noqa: SIM905
BINARY = """logaddexp logaddexp2 nextafter fmod fmax fmin divide_no_nan add subtract
multiply power mod floor_divide maximum minimum true_divide divide arctan2 equal not_equal
less less_equal greater greater_equal logical_and logical_or logical_xor""".split()  # noqa: SIM905
REDUCTIONS = "sum mean var std max min prod all any argmax argmin logsumexp".split()  # noqa: SIM905

CASES = [
    *[(n, lambda x, y, f: f(x)) for n in UNARY],
    *[(n, lambda x, y, f: f(x, y)) for n in [*BINARY, "matmul"]],
    *[(n, lambda x, y, f: f(x, 2.0)) for n in BINARY],
    *[(n, lambda x, y, f: f(2, x)) for n in BINARY],
    *[(n, lambda x, y, f: f(x, axis=-1, keepdims=True)) for n in REDUCTIONS],
    ("reshape", lambda x, y, f: f(x, (-1, 3))),
    ("transpose", lambda x, y, f: f(x, (0, 2, 1))),
    ("expand_dims", lambda x, y, f: f(x, 1)),
    ("expand_dims", lambda x, y, f: f(x, (1, 2))),
    ("concatenate", lambda x, y, f: f([x, y], axis=-1)),
    ("stack", lambda x, y, f: f([x, y], axis=1)),
    ("split", lambda x, y, f: f(x, 3, axis=-1)[0]),
    ("split", lambda x, y, f: f(x, [1], axis=1)[1]),
    ("tile", lambda x, y, f: f(x, (1, 2, 1))),
    ("repeat", lambda x, y, f: f(x, 2, axis=1)),
    ("take", lambda x, y, f: f(x, 1, axis=1)),
    ("take", lambda x, y, f: f(x, [0, 1], axis=1)),
    ("cast", lambda x, y, f: f(x, "float16")),
    ("clip", lambda x, y, f: f(x, 0.0, 1.0)),
    ("where", lambda x, y, f: f(x > 0, x, y)),
    ("where", lambda x, y, f: f(x > 0, x, 0.0)),
    ("one_hot", lambda x, y, f: f(x, 4)),
    ("softmax", lambda x, y, f: f(x, axis=1)),
    ("gelu", lambda x, y, f: f(x, approximate=False)),
    ("elu", lambda x, y, f: f(x, alpha=0.5)),
    ("leaky_relu", lambda x, y, f: f(x, negative_slope=0.1)),
    ("round", lambda x, y, f: f(x, decimals=2)),
    ("cumsum", lambda x, y, f: f(x, axis=1)),
    ("flip", lambda x, y, f: f(x, axis=1)),
    ("squeeze", lambda x, y, f: f(x[:, :1], axis=1)),
    ("get_item", lambda x, y, f: f(x, (slice(None), 0))),
    ("get_item", lambda x, y, f: x[:, 0]),
    ("get_item", lambda x, y, f: x[0, 1]),
    ("max", lambda x, y, f: f(x, axis=1, initial=0.0)),
    ("zeros_like", lambda x, y, f: f(x, dtype="int32")),
    ("hypot", lambda x, y, f: f(x, y)),
    ("heaviside", lambda x, y, f: f(x, y)),
    ("isclose", lambda x, y, f: f(x, y, atol=0.1, equal_nan=True)),
    ("isclose", lambda x, y, f: f(x, 1.0)),
    ("allclose", lambda x, y, f: f(x, y, rtol=0.1)),
    ("isin", lambda x, y, f: f(x, [1.0, 2.0], invert=True)),
    ("isin", lambda x, y, f: f(x, y)),
    ("nan_to_num", lambda x, y, f: f(x, nan=1.0, posinf=2.0)),
    ("full_like", lambda x, y, f: f(x, 2)),
    ("full_like", lambda x, y, f: f(x, y, dtype="int32")),
    ("full", lambda x, y, f: f((2, 3), x[0][0][0])),
    ("meshgrid", lambda x, y, f: f(x[0][0], y[0][1])[1]),
    ("meshgrid", lambda x, y, f: f(x[0][0], y[0][1], indexing="ij")[0]),
    ("linspace", lambda x, y, f: f(x, y, num=4)),
    ("logspace", lambda x, y, f: f(x, y, 4, base=2)),
    ("geomspace", lambda x, y, f: f(x, y, 4)),
    ("diag", lambda x, y, f: f(x[0], k=1)),
    ("diagflat", lambda x, y, f: f(x[0])),
    ("diagonal", lambda x, y, f: f(x, 1, 1, 2)),
    ("tril", lambda x, y, f: f(x, k=-1)),
    ("triu", lambda x, y, f: f(x, k=1)),
    ("vander", lambda x, y, f: f(x[0][0], N=2, increasing=True)),
    ("add", lambda x, y, f: abs(1 - x) ** 2 @ (-x / y)),
]


@pytest.mark.parametrize(("name", "use"), CASES, ids=[f"{n}{i}" for i, (n, _) in enumerate(CASES)])
@pytest.mark.filterwarnings("ignore")
def test_config_and_exchange(name, use):
    models = []
    for lib in (keras, reference):
        clear_names()
        x, y = lib.Input((3, 3), name="x"), lib.Input((3, 3), name="y")
        models.append(lib.Model([x, y], use(x, y, getattr(lib.ops, name)), name="m"))
    configs = [normalise_config(m.get_config()) for m in models]
    assert configs[0] == configs[1]
    data = [torch.rand(2, 3, 3) + 0.1, torch.rand(2, 3, 3) + 0.1]
    want = models[1](data)
    for lib in (keras, reference):
        got = lib.Model.from_config(configs[0])(data)
        torch.testing.assert_close(got, want, rtol=1e-5, atol=1e-6, equal_nan=True)


def test_a_list_is_no_tuple_of_indices():
    x = keras.Input((3, 3))
    model = keras.Model(x, x[[1, 0, 1]])
    data = torch.rand(2, 3, 3)
    for m in (model, keras.Model.from_config(model.get_config())):
        assert torch.equal(m(data), data[[1, 0, 1]])
