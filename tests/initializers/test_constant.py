import keras
import numpy as np
import pytest
import torch

from oracle import assert_close, check_config
from torchkeras import initializers as ours

theirs = keras.initializers

CASES = [
    ("Zeros", {}),
    ("Ones", {}),
    ("Constant", {}),
    ("Constant", {"value": 3.7}),
    ("Constant", {"value": -2}),
    ("Constant", {"value": True}),
    ("Constant", {"value": np.float32(2)}),
]
SHAPES = [(), (3,), (0, 2), (2, 3), (2, 1, 4)]


@pytest.mark.parametrize(("name", "kwargs"), CASES, ids=str)
@pytest.mark.parametrize(
    "dtype", [None, "float16", "bfloat16", "float64", "int32", "bool", "uint8"]
)
def test_values_are_keras_s(name, kwargs, dtype):
    mine, real = getattr(ours, name)(**kwargs), getattr(theirs, name)(**kwargs)
    check_config(mine, real)
    if dtype == "uint8" and kwargs.get("value") == -2:
        return  # wraps around in either library, differently on different machines
    for shape in SHAPES:
        got, want = mine(shape, dtype=dtype), real(shape, dtype=dtype)
        assert got.dtype == want.dtype
        assert_close(got, want, rtol=0, atol=0)


@pytest.mark.parametrize("gain", [1.0, 2, -0.5])
@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2), (1, 1)])
def test_identity(gain, shape):
    for dtype in (None, "float16", "float64"):
        got, want = (lib.Identity(gain)(shape, dtype=dtype) for lib in (ours, theirs))
        assert got.dtype == want.dtype
        assert_close(got, want, rtol=0, atol=0)


def test_identity_keeps_what_real_keras_loses():
    check_config(ours.Identity(), theirs.Identity())
    assert ours.Identity(2.0).clone().gain == 2.0
    assert theirs.Identity.from_config(ours.Identity(2.0).get_config()).gain == 2.0
    assert ours.Identity()((2, 2), dtype="int32").dtype == torch.int32


@pytest.mark.parametrize("shape", [(2,), (2, 2, 2), ()])
def test_identity_needs_a_matrix(shape):
    with pytest.raises(ValueError, match="Identity: the shape must have 2 dimensions"):
        ours.Identity()(shape)


def test_constant_arrays():
    value = np.arange(4.0).reshape(2, 2)
    for v in (value, [1.0, 2.0], torch.tensor([[3.0], [4.0]])):
        assert_close(ours.Constant(v)((2, 2)), theirs.Constant(v)((2, 2)))
    made = ours.Constant(value)((2, 2), dtype="float64")
    made[0, 0] = 9
    assert value[0, 0] == 0, "the value given is not to be written to"
    with pytest.raises(ValueError, match=r"Constant: value must broadcast to shape=\(2, 3\)"):
        ours.Constant(value)((2, 3))
    again = ours.deserialize(ours.serialize(ours.Constant(value)))
    assert_close(again((2, 2)), value.astype("float32"))
    assert ours.serialize(ours.Constant(value)) == theirs.serialize(theirs.Constant(value))
    assert_close(ours.deserialize(theirs.serialize(theirs.Constant(value)))((2, 2)), value, 1e-6)
