"""The functions of `keras.quantizers` against real Keras: the same numbers, bit for bit."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close, check_function, rand

OURS, THEIRS = torchkeras.quantizers, keras.quantizers


def same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape
        assert torch.equal(a.float(), b.float())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("axis", [0, -1, (0, 1), None, (), [1]])
@pytest.mark.parametrize("value_range", [(-127, 127), (-8, 7)])
@pytest.mark.parametrize("to_numpy", [False, True])
def test_abs_max(dtype, axis, value_range, to_numpy):
    x = torch.tensor(rand(30, 17, low=-3, high=3)).to(dtype)
    if axis == ():
        x = x.float()
    args = {"axis": axis, "value_range": value_range, "to_numpy": to_numpy}
    same(*(lib.abs_max_quantize(x, **args) for lib in (OURS, THEIRS)))


@pytest.mark.parametrize("epsilon", [1e-7, 1.0])
def test_abs_max_of_zeros_and_arrays(epsilon):
    for x in (np.zeros((2, 3), "float32"), rand(2, 3)):
        args = {"axis": -1, "epsilon": epsilon}
        same(OURS.abs_max_quantize(x, **args), THEIRS.abs_max_quantize(x, **args))


def test_abs_max_symbolic():
    for lib in (torchkeras, keras):
        numbers, scale = lib.quantizers.abs_max_quantize(lib.KerasTensor((2, 3)), axis=-1)
        assert (numbers.dtype, tuple(scale.shape)) == ("int8", (2, 1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("block_size", [1, 2, 7, 30, 64])
@pytest.mark.parametrize("value_range", [(-8, 7), (-127, 127)])
def test_grouped(dtype, block_size, value_range):
    x = torch.tensor(rand(30, 17, low=-3, high=3)).to(dtype)
    x[:, 1], x[:, 2], x[:, 3] = 0, 2.5, torch.linspace(1, 1 + 1e-6, 30)
    args = (x, block_size, value_range)
    same(*(lib.abs_max_quantize_grouped_with_zero_point(*args) for lib in (OURS, THEIRS)))


@pytest.mark.parametrize("block_size", [0, -1, None, 1.5])
def test_grouped_wrong_block(block_size):
    with pytest.raises(ValueError, match="block_size must be a positive integer"):
        OURS.abs_max_quantize_grouped_with_zero_point(rand(4, 3), block_size)


def test_grouped_wrong_rank():
    with pytest.raises(ValueError, match="must be a matrix"):
        OURS.abs_max_quantize_grouped_with_zero_point(rand(4), 2)


@pytest.mark.parametrize("shape", [(5,), (3, 2), (4, 3), (3, 4, 5)])
@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_pack_and_unpack(shape, dtype):
    low, high = (-8, 8) if dtype == "int8" else (0, 16)
    x = rand(*shape, low=low, high=high, dtype="int64").astype(dtype)
    for axis in range(-len(shape), len(shape)):
        results = [lib.pack_int4(x, axis, dtype) for lib in (OURS, THEIRS)]
        assert results[0][1:] == tuple(results[1][1:])
        assert torch.equal(results[0][0], results[1][0])
        back = OURS.unpack_int4(results[0][0], results[0][2], axis, dtype)
        assert np.array_equal(back.numpy(), x) and str(back.dtype).endswith(dtype)


def test_wrong_bytes():
    x = np.zeros((2, 2), "int32")
    for lib in (OURS, THEIRS):
        with pytest.raises(TypeError, match="int8"):
            lib.pack_int4(x)
        with pytest.raises(TypeError, match="int8 or uint8"):
            lib.unpack_int4(x, 2)
        with pytest.raises(ValueError, match="'int8'"):
            lib.pack_int4(x, dtype="int32")
    with pytest.raises(ValueError, match="axis must be one of the 2 axes"):
        OURS.pack_int4(x.astype("int8"), axis=2)


@pytest.mark.parametrize("amax", [3.0, 0.0, np.inf, np.nan, 1e-30])
@pytest.mark.parametrize("margin", [0, 2])
def test_float8_scale(amax, margin):
    values = [torch.tensor(amax), torch.tensor(2.0), 448.0, margin]
    same(*([lib.compute_float8_scale(*values)] for lib in (OURS, THEIRS)))


def test_float8_history():
    for x in (torch.tensor(rand(3, 4)), torch.tensor(rand(3, 4)).bfloat16()):
        history = torch.arange(4.0)
        same(*([lib.compute_float8_amax_history(x, history)] for lib in (OURS, THEIRS)))
        assert torch.equal(history, torch.arange(4.0))


@pytest.mark.parametrize("narrow", ["float8_e4m3fn", "float8_e5m2"])
@pytest.mark.parametrize("compute", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("scale", [0.01, 1.0, 300.0])
def test_float8_round_trip(narrow, compute, scale):
    x = torch.tensor(rand(40, low=-900, high=900))
    got, want = (
        lib.quantize_and_dequantize(x, torch.tensor(scale), narrow, compute)
        for lib in (OURS, THEIRS)
    )
    same([got], [want])


def test_float8_wrong_dtype():
    with pytest.raises(ValueError, match="quantized_dtype must be one of"):
        OURS.quantize_and_dequantize(rand(3), 1.0, "int8", "float32")


@pytest.mark.parametrize("num_bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("narrow_range", [False, True])
@pytest.mark.parametrize("ends", [(-0.7, 0.9), (0.5, 2.0), (-2.0, -0.5), (-1.0, 1.0), (0.0, 6.0)])
def test_fake_quantization(num_bits, narrow_range, ends):
    if num_bits == 1 and narrow_range:
        num_bits = 3
    low, high = (np.array(e, "float32") for e in ends)
    check_function(
        OURS.fake_quant_with_min_max_vars,
        THEIRS.fake_quant_with_min_max_vars,
        rand(5, 7, low=-3, high=3),
        low,
        high,
        num_bits=num_bits,
        narrow_range=narrow_range,
    )


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "int32"])
@pytest.mark.parametrize("ends", [(0.0, 255.0), (-127.1, -0.1)])
def test_fake_quantization_is_computed_in_32_bits(dtype, ends):
    x = torch.tensor(rand(40, low=-130, high=260)).to(getattr(torch, dtype))
    got, want = (lib.fake_quant_with_min_max_vars(x, *ends) for lib in (OURS, THEIRS))
    assert got.dtype == want.dtype == x.dtype
    assert torch.equal(got, want)


def test_fake_quantization_by_channel():
    args = rand(5, 7, low=-3, high=3), rand(7, low=-2, high=0), rand(7, low=0, high=2, seed=1)
    name = "fake_quant_with_min_max_vars"
    check_function(getattr(OURS, name), getattr(THEIRS, name), *args, axis=1)
    got = OURS.fake_quant_with_min_max_vars(args[0].T, *args[1:], axis=0)
    want = THEIRS.fake_quant_with_min_max_vars(*args, axis=1)
    assert_close(got.T, want)
