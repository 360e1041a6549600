import itertools

import numpy as np
import pytest
import torch
from op_check import check
from ops_oracle import check_op

import torchkeras as keras
from oracle import rand

LENGTHS = [(8, 4, 8), (8, 3, 8), (8, 3, 10), (7, 2, 12), (6, 5, 7)]
GRID = list(itertools.product(LENGTHS, ("hann", "hamming", None), (True, False)))


@pytest.mark.parametrize("args", [(4, 2), (1, 1), (10, 3), (3, 5)])
def test_extract_sequences(args):
    for x in (rand(2, 3, 10), rand(10), np.arange(10)):
        check("extract_sequences", x, *args, grads=x.dtype.kind == "f", symbols=x.ndim > 1)


@pytest.mark.parametrize(("lengths", "window", "center"), GRID)
def test_stft(lengths, window, center):
    for shape in ((20,), (2, 21), (2, 2, 30)):
        check("stft", rand(*shape), *lengths, window, center, symbols=len(shape) > 1)
    assert check_op("stft", rand(2, 20).astype("float64"), *lengths, window, center)


@pytest.mark.parametrize(("lengths", "window", "center"), GRID)
def test_istft(lengths, window, center):
    fft = lengths[-1]
    for shape in ((5,), (2, 7), (2, 2, 6)):
        pair = tuple(rand(*shape, fft // 2 + 1, seed=i) for i in (0, 1))
        for length in (None, 11, 100):
            # Keras fails on windows that are not in the middle of the transform.
            assert check_op("istft", pair, *lengths, length, window, center) or lengths[0] == 7


def test_there_and_back():
    x = torch.tensor(rand(2, 40))
    for lengths in ((8, 4, 8), (8, 2, 8)):
        back = keras.ops.istft(keras.ops.stft(x, *lengths), *lengths)
        torch.testing.assert_close(back, x)


def test_windows_and_symbols():
    assert check_op("stft", rand(20), 6, 2, 8, np.arange(6, dtype="float32"))
    x = keras.KerasTensor((None, None))
    assert [y.shape for y in keras.ops.stft(x, 8, 3, 10)] == [(None, None, 6)] * 2
    y = keras.ops.istft(
        (keras.KerasTensor((None, 7, 6)), keras.KerasTensor((None, 7, 6))), 8, 3, 10
    )
    assert y.shape == (None, 18)


@pytest.mark.parametrize(
    ("name", "args", "message"),
    [
        ("stft", (20, 8, 3, 7), "fft_length must be at least"),
        ("stft", (20, 8, 0, 8), "sequence_stride must be"),
        ("stft", (4, 8, 3, 8), "the signal is too short"),
        ("stft", (20, 8, 3, 8, "box"), "window must be one of"),
        ("stft", (20, 8, 3, 8, [1.0, 2.0]), "sequence_length=8 values"),
        ("extract_sequences", (3, 4, 1), "at least one sequence long"),
        ("extract_sequences", (3, 0, 1), "sequence_length must be"),
    ],
)
def test_bad_arguments(name, args, message):
    for make in (torch.ones, lambda n: keras.KerasTensor((None, n))):
        with pytest.raises(ValueError, match=message):
            getattr(keras.ops, name)(make(args[0]), *args[1:])
