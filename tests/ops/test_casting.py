import keras as reference
import numpy as np
import pytest
import torch

import torchkeras as keras
from oracle import assert_close

VALUES = [-1e10, -300.0, -129.0, -1.0, 0.0, 0.5, 127.0, 128.0, 255.0, 256.0, 70000.0]
TARGETS = ["uint8", "int8", "int16", "int32", "int64", "bool", "float16", "bfloat16", "float32"]


SOURCES = ["float32", "float64", "int64", "int32", "uint8", "bool"]
# Keras turns wide integers into the least number there is, whatever they are.
PAIRS = [(s, t) for s in SOURCES for t in TARGETS if not (s in ("int32", "int64") and "float" in t)]


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_saturate_cast(source, target):
    values = np.clip(VALUES, 0, 255) if source == "uint8" else np.clip(VALUES, -(2**31), 2**30)
    x = torch.tensor(values).to(getattr(torch, source))
    if target in ("int32", "int64") and "float" in source:  # what Keras lets overflow is below
        x = x[x.abs() < 2**30]
    got, want = keras.ops.saturate_cast(x, target), reference.ops.saturate_cast(x, target)
    assert got.dtype == want.dtype
    assert_close(got, want)
    symbol = keras.ops.saturate_cast(keras.KerasTensor((None, 3), source), target)
    assert (symbol.shape, symbol.dtype) == ((None, 3), target)


@pytest.mark.parametrize("target", ["uint8", "int8", "int32", "int64", "uint16", "uint32"])
def test_the_ends_are_exact(target):
    info = np.iinfo(target)
    x = torch.tensor([-1e30, 1e30, float("-inf"), float("inf"), float("nan")])
    got = keras.ops.saturate_cast(x, target)
    assert got.tolist() == [info.min, info.max, info.min, info.max, 0]


@pytest.mark.parametrize("target", ["int8", "uint16", "int32", "uint32", "int64", "float16"])
def test_wide_unsigned_integers(target):
    info = np.finfo(target) if target == "float16" else np.iinfo(target)
    for source, most in (("uint64", 2**64 - 1), ("uint32", 2**32 - 1)):
        x = torch.tensor([most, 3], dtype=getattr(torch, source))
        assert keras.ops.saturate_cast(x, target).tolist() == [min(most, int(info.max)), 3]


@pytest.mark.parametrize("value", [torch.ones(2), np.ones(2), torch.ones(1).int()])
def test_dtype(value):
    assert keras.ops.dtype(value) == reference.ops.dtype(value)


def test_dtype_of_other_things():
    assert keras.ops.dtype(keras.KerasTensor((2,), "int8")) == "int8"
    assert keras.ops.dtype(keras.Variable([1.0])) == "float32"
    assert [keras.ops.dtype(v) for v in (1, 1.0, True)] == ["int32", "float32", "bool"]


def test_unknown_dtype():
    with pytest.raises(ValueError, match="not a known dtype"):
        keras.ops.saturate_cast(torch.ones(1), "bad")


def test_sizes_of_an_exported_program():
    class Sizes(torch.nn.Module):
        def forward(self, x):
            n = x.shape[0]
            return keras.ops.cast(n, "float32") * x + keras.ops.convert_to_tensor([n, 1]).sum()

    batch = {0: torch.export.Dim("batch", min=2)}
    program = torch.export.export(Sizes(), (torch.ones(3, 2),), dynamic_shapes=(batch,))
    assert program.module()(torch.ones(5, 2))[0].tolist() == [11, 11]
