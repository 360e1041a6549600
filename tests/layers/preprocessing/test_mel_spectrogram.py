"""MelSpectrogram against real Keras."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close, check_config, check_layer, clear_names, rand


def chirp(samples=6000, rate=16000.0):
    """A tone that rises from 300 to 4000 Hz, and its double, under a little noise."""
    t = np.arange(samples) / rate
    phase = 2 * np.pi * (300 + 1850 * t / t[-1]) * t
    noise = 0.01 * np.random.default_rng(0).normal(size=(2, samples))
    return (np.stack([np.sin(phase), 0.3 * np.sin(2 * phase)]) + noise).astype("float32")


ARGS = [
    {},
    {"fft_length": 512, "sequence_stride": 100},
    {"fft_length": 512, "sequence_length": 400, "window": "hamming"},
    {"fft_length": 500, "window": None, "num_mel_bins": 40},
    {"fft_length": 512, "window": np.linspace(0, 1, 512)},
    {"fft_length": 512, "sequence_length": 3, "window": [1.0, 2.0, 1.0]},
    {"num_mel_bins": 20, "min_freq": 0.0, "max_freq": 4000.0},
    {"num_mel_bins": 20, "sampling_rate": 8000, "power_to_db": False, "mag_exp": 1.0},
    {"num_mel_bins": 20, "mag_exp": 3.0, "top_db": 20.0, "ref_power": 2.0},
    {"num_mel_bins": 20, "min_power": 1e-3, "ref_power": 0.0},
    {"num_mel_bins": 20, "min_power": 0.0, "ref_power": -3.0, "top_db": -1.0},
    {"num_mel_bins": 20, "max_freq": 9000.0, "trainable": False, "name": "mel"},
    {"num_mel_bins": 20, "min_freq": 9000.0},
]


@pytest.mark.parametrize("args", ARGS, ids=range(len(ARGS)))
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_chirp(args, rank):
    x = {1: chirp()[0], 2: chirp(), 3: chirp()[None]}[rank]
    clear_names()
    ours, theirs = (lib.layers.MelSpectrogram(**args) for lib in (torchkeras, keras))
    check_config(ours, theirs)
    assert_close(ours(x), theirs(x), 1e-5, 1e-6)
    assert ours.compute_output_shape(x.shape) == tuple(ours(x).shape)
    if rank < 3:
        assert ours.compute_output_shape(x.shape) == tuple(theirs.compute_output_shape(x.shape))


@pytest.mark.parametrize("args", [
    {"fft_length": 64, "num_mel_bins": 8, "sampling_rate": 1000, "sequence_stride": 16},
    {"fft_length": 64, "num_mel_bins": 8, "sampling_rate": 1000, "power_to_db": False},
])  # fmt: skip
@pytest.mark.parametrize("dtype", [None, "float64", "float16", "mixed_float16"])
def test_contract(args, dtype):
    wide = dtype in (None, "float64")
    check_layer("MelSpectrogram", args, rand(3, 200), dtype=dtype, grads=wide,
                rtol=1e-5 if wide else 1e-2, atol=1e-5 if wide else 5e-3)  # fmt: skip


@pytest.mark.parametrize("samples", [513, 1023, 1024, 2047, 2048, 2049, 5000])
@pytest.mark.parametrize("fft_length", [1024, 1000, 1001])
def test_lengths(samples, fft_length):
    args = {"fft_length": fft_length, "sequence_stride": 300}
    x = rand(samples)
    ours, theirs = (lib.layers.MelSpectrogram(**args) for lib in (torchkeras, keras))
    assert tuple(ours(x).shape) == tuple(theirs(x).shape) == ours.compute_output_shape((samples,))


def test_symbols():
    layer = torchkeras.layers.MelSpectrogram(num_mel_bins=8)
    assert layer(torchkeras.Input((6000,))).shape == (None, 8, 12)
    assert layer(torchkeras.Input((None,))).shape == (None, 8, None)


@pytest.mark.parametrize("args", [
    {}, {"num_mel_bins": 40, "num_spectrogram_bins": 257, "sampling_rate": 16000},
    {"lower_edge_hertz": 0.0, "upper_edge_hertz": 4000.0, "dtype": "float64"},
    {"lower_edge_hertz": -1.0, "num_mel_bins": 5},
])  # fmt: skip
def test_weights_of_bands(args):
    got, want = (
        lib.layers.MelSpectrogram().linear_to_mel_weight_matrix(**args)
        for lib in (torchkeras, keras)
    )
    assert str(got.dtype) == f"torch.{args.get('dtype', 'float32')}"
    if "dtype" in args:
        assert_close(got, want, 1e-3, 2e-5)  # Keras computes in 32 bits whatever is asked for
    else:
        np.testing.assert_array_equal(got, want)


def test_kinds_of_inputs():
    ours, theirs = (lib.layers.MelSpectrogram(fft_length=16) for lib in (torchkeras, keras))
    for x in (np.arange(50), [0.5] * 20, rand(50).astype("float64")):
        assert_close(ours(x), theirs(x), 1e-4, 1e-4)


def test_copies_and_devices():
    layer = torchkeras.layers.MelSpectrogram(fft_length=64)
    x = torch.tensor(rand(2, 100))
    want = layer(x)
    assert_close(torchkeras.layers.MelSpectrogram.from_config(layer.get_config())(x), want)
    assert not layer.weights and not layer.state_dict()
    layer.to("meta")
    assert layer(x.to("meta")).shape == want.shape
    assert_close(layer(x), want)


@pytest.mark.parametrize("writer", [torchkeras, keras])
def test_file(tmp_path, writer):
    reader = keras if writer is torchkeras else torchkeras
    layer = writer.layers.MelSpectrogram(fft_length=64, num_mel_bins=8, sampling_rate=1000)
    model = writer.Sequential([writer.Input((200,)), layer])
    model.save(tmp_path / "m.keras")
    x = torch.tensor(rand(2, 200))
    assert_close(reader.saving.load_model(tmp_path / "m.keras")(x), model(x), 1e-4, 1e-5)


@pytest.mark.parametrize(("args", "match"), [
    ({"fft_length": 0}, "fft_length must be a positive integer"),
    ({"sequence_stride": 0}, "sequence_stride must be a positive integer"),
    ({"num_mel_bins": 0}, "num_mel_bins must be a positive integer"),
    ({"sequence_length": 600, "fft_length": 512}, "sequence_length must be from 1"),
    ({"window": "blackman"}, "window must be 'hann'"),
    ({"window": np.ones(10)}, "window must have sequence_length=2048 values"),
    ({"sampling_rate": 0}, "sampling_rate must be above 0"),
])  # fmt: skip
def test_wrong_arguments(args, match):
    with pytest.raises(ValueError, match=match):
        torchkeras.layers.MelSpectrogram(**args)
