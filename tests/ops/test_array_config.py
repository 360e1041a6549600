"""Models of array ops: the same names, modules and configs, read by both libraries."""

import inspect

import keras as reference
import numpy as np
import pytest
import torch
from array_cases import NAMES

import torchkeras as keras
from oracle import clear_names, normalise_config

REDUCTIONS = [*NAMES["reduction"][:3], *NAMES["nan"]]
EDGES = np.array([0.2, 0.5], "float32")
ORDER = np.array([[[2], [0], [1]]] * 2)

CASES = [
    *[(n, lambda x, y, f: f(x)) for n in "ravel fliplr flipud view sort argsort trace".split()],  # noqa: SIM905
    *[(n, lambda x, y, f: f(x, axis=1, keepdims=True)) for n in [*REDUCTIONS, "median"]],
    *[(n, lambda x, y, f: f(x, axis=1)) for n in ("cumsum", "cumprod", "nancumsum", "nancumprod")],
    *[(n, lambda x, y, f: f(x, 0.5, axis=1)) for n in ("quantile", "nanquantile", "percentile")],
    *[(n, lambda x, y, f: f(x, y)) for n in ("outer", "inner", "kron", "cross", "append")],
    *[(n, lambda x, y, f: f([x, y])) for n in ("hstack", "vstack", "dstack")],
    *[(n, lambda x, y, f: f(x, 3)[1]) for n in ("hsplit", "dsplit", "array_split")],
    ("array_split", lambda x, y, f: f(x, 2, axis=-1)[0]),
    ("average", lambda x, y, f: f(x, axis=1)),
    ("broadcast_to", lambda x, y, f: f(x, (4, 2, 3, 3))),
    ("count_nonzero", lambda x, y, f: f(x)),
    ("diff", lambda x, y, f: f(x, n=2, axis=1)),
    ("dot", lambda x, y, f: f(x, y[0])),
    ("digitize", lambda x, y, f: f(x, EDGES)),
    ("einsum", lambda x, y, f: f("abc,adc->bd", x, y)),
    ("histogram", lambda x, y, f: f(f.keras_ravel(x), bins=4)[0]),
    ("moveaxis", lambda x, y, f: f(x, (0, 1), (1, 2))),
    ("nanmedian", lambda x, y, f: f(x, axis=(0, 1))),
    ("nanpercentile", lambda x, y, f: f(x, 50, axis=1, method="nearest")),
    ("nonzero", lambda x, y, f: f(x)[0]),
    ("pad", lambda x, y, f: f(x, ((0, 0), (1, 1), (1, 0)), mode="reflect")),
    ("pad", lambda x, y, f: f(x, ((0, 0), (1, 1), (1, 0)), constant_values=2)),
    ("roll", lambda x, y, f: f(x, 1, axis=1)),
    ("rot90", lambda x, y, f: f(x, 3, axes=(1, 2))),
    ("searchsorted", lambda x, y, f: f(EDGES, x, side="right")),
    ("select", lambda x, y, f: f([x > 0.5, y > 0.5], [x, y], 2.0)),
    ("swapaxes", lambda x, y, f: f(x, 1, 2)),
    ("take_along_axis", lambda x, y, f: f(x, ORDER, axis=1)),
    ("tensordot", lambda x, y, f: f(x, y, axes=[[1, 2], [1, 2]])),
    ("trapezoid", lambda x, y, f: f(x, dx=0.5, axis=1)),
    ("unique", lambda x, y, f: f(x, size=4)),
    ("unravel_index", lambda x, y, f: f(f.keras_cast(x * 20, "int32"), (5, 4))[1]),
    ("bincount", lambda x, y, f: f(f.keras_cast(f.keras_ravel(x) * 5, "int32"), minlength=6)),
    ("vsplit", lambda x, y, f: f(x, 2)[1]),
    ("corrcoef", lambda x, y, f: f(x[0])),
    ("correlate", lambda x, y, f: f(x[0, 0], y[1, 0], mode="full")),
    ("vdot", lambda x, y, f: f(x[0, 0], y[0, 1])),
]
# Keras's torch backend answers otherwise, or not in a model: tests of these ops tell.
DIFFERENT = {"count_nonzero", "cross", "histogram", "nonzero"}


def build(lib, name, use):
    clear_names()
    x, y = (lib.Input(batch_shape=(2, 3, 3), name=n) for n in "xy")

    def function(*args, **kwargs):
        return getattr(lib.ops, name)(*args, **kwargs)

    function.keras_ravel, function.keras_cast = lib.ops.ravel, lib.ops.cast
    return lib.Model([x, y], use(x, y, function), name="m")


@pytest.mark.parametrize(("name", "use"), CASES, ids=[f"{n}{i}" for i, (n, _) in enumerate(CASES)])
@pytest.mark.filterwarnings("ignore")
def test_config_and_exchange(name, use):
    models = [build(lib, name, use) for lib in (keras, reference)]
    configs = [normalise_config(m.get_config()) for m in models]
    assert configs[0] == configs[1]
    data = [torch.rand(2, 3, 3, generator=torch.Generator().manual_seed(i)) for i in range(2)]
    want = models[0](data)
    for lib in (keras, reference):
        model = lib.Model.from_config(configs[0])
        if lib is keras or name not in DIFFERENT:
            got = model(data)
            torch.testing.assert_close(
                got, want, rtol=1e-5, atol=1e-6, equal_nan=True, check_dtype=False
            )


def test_signatures():
    for name in [n for names in NAMES.values() for n in names]:
        a, b = (
            [(p.name, p.default) for p in inspect.signature(getattr(m, name)).parameters.values()]
            for m in (keras.ops, reference.ops)
        )
        assert a == b, name
        assert getattr(keras.ops.numpy, name) is getattr(keras.ops, name)
