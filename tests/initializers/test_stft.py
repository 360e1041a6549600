import keras
import numpy as np
import pytest

from oracle import assert_close, check_config
from torchkeras import initializers as ours

theirs = keras.initializers

WINDOWS = ["hann", "hamming", "blackman", "bartlett", "cosine", "nuttall", "boxcar", "triang", None]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("side", ["real", "imag"])
@pytest.mark.parametrize("scaling", ["density", "spectrum", None])
def test_values_are_keras_s(window, side, scaling):
    for periodic in (False, True):
        args = side, window, scaling, periodic
        mine, real = ours.STFT(*args), theirs.STFT(*args)
        check_config(mine, real)
        for shape in [(8, 1, 5), (8, 1, 9), (64, 1, 33)]:
            # Real Keras computes the angles in 32 bits.
            assert_close(mine(shape), real(shape), rtol=1e-4, atol=3e-5)


def test_windows_given_by_their_values():
    for window in (np.hanning(8), [1.0, 2, 3, 4, 5, 6, 7, 8]):
        for scaling in ("density", "spectrum", None):
            mine, real = (lib.STFT(window=window, scaling=scaling) for lib in (ours, theirs))
            assert_close(mine((8, 1, 5)), real((8, 1, 5)), rtol=1e-4, atol=3e-5)
    again = ours.deserialize(ours.serialize(ours.STFT(window=np.hanning(8))))
    assert_close(again((8, 1, 5)), ours.STFT(window=np.hanning(8))((8, 1, 5)))


def test_every_channel_gets_the_same_kernel():
    # Real Keras answers with one channel, which is not the shape that was asked for.
    out = ours.STFT()((8, 3, 5))
    assert out.shape == (8, 3, 5)
    assert_close(out[:, 1:2], ours.STFT()((8, 1, 5)))


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_types(dtype):
    got, want = ours.STFT()((8, 1, 5), dtype=dtype), theirs.STFT()((8, 1, 5), dtype=dtype)
    assert got.dtype == want.dtype
    assert_close(got, want, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"side": "x"}, "side must be one of 'real', 'imag'"),
        ({"scaling": "x"}, "scaling must be one of 'density', 'spectrum', None"),
        ({"window": "nope"}, "window must be a window of scipy.signal.windows. Received"),
    ],
    ids=str,
)
def test_bad_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        ours.STFT(**kwargs)


def test_bad_shapes():
    for shape in [(8, 5), (8,), (8, 1, 5, 2), (0, 1, 5)]:
        with pytest.raises(ValueError, match="STFT: the shape must be"):
            ours.STFT()(shape)
    for window in (np.ones(4), 3):
        with pytest.raises(ValueError, match="the window must have frame_length=8 values"):
            ours.STFT(window=window)((8, 1, 5))
