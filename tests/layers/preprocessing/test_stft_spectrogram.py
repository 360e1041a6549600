"""STFTSpectrogram against real Keras."""

import itertools

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close, check_layer, clear_names, rand

MODES = ["log", "magnitude", "psd", "real", "imag", "angle", "stft"]


def chirp(samples=4000, rate=8000.0):
    """A tone that rises from 200 to 2000 Hz, and a lower one that falls, under a little noise."""
    t = np.arange(samples) / rate
    length = samples / rate
    rising = np.sin(2 * np.pi * (200 + 900 * t / length) * t)
    falling = 0.5 * np.sin(2 * np.pi * (900 - 300 * t / length) * t)
    noise = 0.01 * np.random.default_rng(0).normal(size=(samples, 2))
    return (np.stack([rising, falling], 1) + noise).astype("float32")[None]


def both_formats(x, args):
    return x.transpose(0, 2, 1) if args.get("data_format") == "channels_first" else x


@pytest.mark.parametrize("args", [
    {},
    {"frame_length": 64, "frame_step": 16, "window": "hamming", "scaling": "spectrum"},
    {"frame_length": 50, "fft_length": 128, "window": None, "scaling": None},
    {"frame_length": 32, "padding": "same", "periodic": True},
    {"frame_length": 31, "fft_length": 64, "frame_step": 31, "window": "blackman"},
    {"frame_length": 40, "window": "parzen", "scaling": "density"},
    {"frame_length": 32, "data_format": "channels_first"},
    {"frame_length": 32, "data_format": "channels_first", "padding": "same", "expand_dims": True},
    {"frame_length": 32, "expand_dims": True, "trainable": False},
    {"frame_length": 4, "window": [0.5, 1.0, 1.0, 0.25], "scaling": "spectrum"},
])  # fmt: skip
@pytest.mark.parametrize("mode", ["log", "stft", "psd"])
def test_chirp(args, mode):
    # Gradients of logarithms of next to nothing are held to the scale of the largest.
    check_layer("STFTSpectrogram", {"mode": mode, **args}, both_formats(chirp(600), args),
                atol=1e-5, rtol=1e-4)  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("padding", "expand_dims", "data_format"), [
    *itertools.product(["valid", "same"], [False, True], ["channels_last", "channels_first"])
])  # fmt: skip
def test_modes(mode, padding, expand_dims, data_format):
    args = {"mode": mode, "padding": padding, "expand_dims": expand_dims,
            "data_format": data_format, "frame_length": 12, "frame_step": 5}  # fmt: skip
    # An angle jumps where the imaginary part is nothing; its first and last bins are that.
    x = both_formats(rand(2, 37, 3), args)
    if mode != "angle":
        check_layer("STFTSpectrogram", args, x, rtol=1e-4, atol=1e-5)
        return
    ours, theirs = (lib.layers.STFTSpectrogram(**args)(x) for lib in (torchkeras, keras))
    assert ours.shape == theirs.shape
    assert (torch.cos(ours) - torch.cos(theirs)).abs().max() < 1e-5


@pytest.mark.parametrize("args", [
    {}, {"window": "hamming"}, {"window": None}, {"window": "hann", "periodic": True},
    {"scaling": "spectrum"}, {"scaling": None}, {"frame_length": 100}, {"frame_length": 7},
    {"frame_length": 6, "fft_length": 30}, {"window": np.arange(256.0)},
    {"frame_length": 9, "fft_length": 9}, {"frame_length": 9, "fft_length": 11},
])  # fmt: skip
@pytest.mark.filterwarnings("ignore:.*power of two")
def test_first_kernels(args):
    layers = [lib.layers.STFTSpectrogram(**args) for lib in (torchkeras, keras)]
    for layer in layers:
        layer.build((None, 600, 1))
    # Keras computes its kernels in 32 bits.
    assert_close(layers[0].get_weights(), layers[1].get_weights(), 1e-4, 1e-4)


@pytest.mark.parametrize("dtype", ["float16", "mixed_float16"])
def test_narrow(dtype):
    args = {"mode": "magnitude", "frame_length": 16}
    check_layer("STFTSpectrogram", args, rand(2, 40, 2), dtype=dtype, rtol=2e-2, atol=1e-2)


def test_wide():
    """Keras's result is of 32 bits only."""
    args = {"mode": "magnitude", "frame_length": 16, "dtype": "float64"}
    ours, theirs = (
        lib.layers.STFTSpectrogram(**args)(rand(2, 40, 2)) for lib in (torchkeras, keras)
    )
    assert ours.dtype == torch.float64
    assert_close(ours, theirs)


def test_peak_is_where_the_tone_is():
    t = np.arange(2000) / 8000.0
    x = np.sin(2 * np.pi * 1000 * t)[None, :, None]
    out = torchkeras.layers.STFTSpectrogram("magnitude", frame_length=256)(x)
    assert out.argmax(-1).unique().tolist() == [32]  # 1000 Hz of 8000 / 256 Hz a bin


def test_silence():
    """Neither the logarithm nor its gradient is infinite."""
    for mode in ("log", "magnitude"):
        x = torch.zeros(1, 32, 1, requires_grad=True)
        out = torchkeras.layers.STFTSpectrogram(mode, frame_length=16)(x)
        assert_close(out, keras.layers.STFTSpectrogram(mode, frame_length=16)(np.zeros((1, 32, 1))))
        out.sum().backward()
        assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize("shape", [(None, None, 2), (None, 100, 2), (None, 100, None)], ids=str)
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_unknown_sizes(shape, padding):
    args = {"frame_length": 30, "padding": padding, "frame_step": 7}
    ours, theirs = (lib.layers.STFTSpectrogram(**args) for lib in (torchkeras, keras))
    if shape[2] is not None:
        assert ours.compute_output_shape(shape) == tuple(theirs.compute_output_shape(shape))
    assert ours(torchkeras.Input(shape[1:])).shape == ours.compute_output_shape(shape)


@pytest.mark.filterwarnings("ignore:.*power of two")
def test_long_frames_of_unknown_time():
    layer = torchkeras.layers.STFTSpectrogram(frame_length=2600, fft_length=2600)
    assert layer(torchkeras.Input((None, 1))).shape == (None, None, 1301)


@pytest.mark.parametrize("writer", [torchkeras, keras])
@pytest.mark.parametrize("window", ["hann", list(np.arange(1.0, 17.0))], ids=["name", "values"])
def test_file(tmp_path, writer, window):
    reader = keras if writer is torchkeras else torchkeras
    clear_names()
    layer = writer.layers.STFTSpectrogram(frame_length=16, window=window)
    model = writer.Sequential([writer.Input((50, 2)), layer])
    model.save(tmp_path / "m.keras")
    again = reader.saving.load_model(tmp_path / "m.keras")
    x = torch.tensor(rand(2, 50, 2))
    assert_close(again(x), model(x), 1e-4, 1e-5)


def test_window_of_an_array_in_a_file(tmp_path):
    """Keras reads ours; it cannot read its own."""
    layer = torchkeras.layers.STFTSpectrogram(frame_length=4, window=np.arange(1.0, 5.0))
    torchkeras.Sequential([torchkeras.Input((50, 2)), layer]).save(tmp_path / "m.keras")
    x = torch.tensor(rand(2, 50, 2))
    for lib in (keras, torchkeras):
        assert_close(lib.saving.load_model(tmp_path / "m.keras")(x), layer(x), 1e-4, 1e-5)


def test_learns():
    layers = torchkeras.layers
    model = torchkeras.Sequential(
        [layers.STFTSpectrogram(frame_length=16), layers.Flatten(), layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    model.fit(rand(8, 40, 1), rand(8, 1), verbose=0)
    first = torchkeras.layers.STFTSpectrogram(frame_length=16)
    first.build((None, 40, 1))
    assert not np.array_equal(model.layers[0].get_weights()[0], first.get_weights()[0])


def test_warns_of_slow_lengths():
    with pytest.warns(UserWarning, match="power of two is recommended"):
        torchkeras.layers.STFTSpectrogram(fft_length=300)


@pytest.mark.parametrize(("args", "match"), [
    ({"mode": "a"}, "mode must be one of"),
    ({"mode": "LOG"}, "mode must be one of"),
    ({"frame_length": 0}, "frame_length must be a positive integer"),
    ({"frame_step": 0}, "frame_step must be from 1"),
    ({"frame_step": 300}, "frame_step must be from 1"),
    ({"fft_length": 128}, "fft_length must be at least"),
    ({"window": "bad"}, "window must be a window"),
    ({"window": np.ones(25)}, "window must have frame_length=256 values"),
    ({"scaling": "a"}, "scaling must be one of"),
    ({"padding": "causal"}, "padding must be one of"),
    ({"data_format": "a"}, "data_format must be one of"),
])  # fmt: skip
def test_wrong_arguments(args, match):
    with pytest.raises(ValueError):  # noqa: PT011
        keras.layers.STFTSpectrogram(**args).build((1, 600, 1))
    with pytest.raises(ValueError, match=match):
        torchkeras.layers.STFTSpectrogram(**args)


@pytest.mark.parametrize(("x", "error", "match"), [
    (np.ones((1, 600, 1), "int32"), TypeError, "must be float16, float32 or float64"),
    (np.ones((1, 600), "float32"), ValueError, "expected ndim=3"),
])  # fmt: skip
def test_wrong_inputs(x, error, match):
    for lib in (keras, torchkeras):
        with pytest.raises(error, match="ndim" if x.ndim == 2 else None):
            lib.layers.STFTSpectrogram()(x)
    with pytest.raises(error, match=match):
        torchkeras.layers.STFTSpectrogram()(x)
