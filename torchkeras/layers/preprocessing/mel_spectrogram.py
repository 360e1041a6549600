"""MelSpectrogram: the power of a signal over time, in bands as wide as an ear hears them."""

import math
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base.check import positive_int, received
from torchkeras.core import dtypes
from torchkeras.core.registry import LAYERS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.core.tensor import shape as shape_of
from torchkeras.layers.layer import Layer

_WINDOWS = {"hann": torch.hann_window, "hamming": torch.hamming_window}


@LAYERS.register()
class MelSpectrogram(Layer):
    """Mel spectrogram of audio: `(..., samples) -> (..., num_mel_bins, samples // stride + 1)`.

    The magnitudes of a centred short-time Fourier transform, to the power of `mag_exp`, summed
    up in triangular bands of equal width on the mel scale `1127 log(1 + f / 700)`.

    Args:
        fft_length: Samples of the Fourier transform.
        sequence_stride: Samples from column to column.
        sequence_length: Samples of the window; default `fft_length`, the most it can be.
        window: `"hann"`, `"hamming"`, `sequence_length` values, or None.
        sampling_rate: Samples a second.
        num_mel_bins: How many bands there are.
        min_freq: Lower edge of the lowest band in Hz.
        max_freq: Upper edge of the highest band; default half of the sampling rate.
        power_to_db: Whether the result is in decibels, `10 log10(power / ref_power)`.
        top_db: Decibels below the largest value at which the result is cut off.
        mag_exp: Exponent of the magnitude: 1 for magnitude, 2 for power.
        min_power: Least power (and reference) of which a logarithm is taken.
        ref_power: Power of 0 dB.

    Raises:
        ValueError: for an argument out of its range.

    >>> import torch, torchkeras as keras
    >>> keras.layers.MelSpectrogram(num_mel_bins=64)(torch.ones(2, 16000)).shape
    torch.Size([2, 64, 32])
    """

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: Any = "hann",
        sampling_rate: int = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **kwargs: Any,
    ) -> None:
        owner = "MelSpectrogram"
        for name, value in (
            ("fft_length", fft_length),
            ("sequence_stride", sequence_stride),
            ("num_mel_bins", num_mel_bins),
        ):
            positive_int(owner, name, value)
        length = sequence_length or fft_length
        if not 1 <= length <= fft_length:
            raise ValueError(
                f"{owner}: sequence_length must be from 1 to fft_length={fft_length}. "
                f"{received('sequence_length', sequence_length)}"
            )
        if isinstance(window, str) and window not in _WINDOWS:
            raise ValueError(
                f"{owner}: window must be 'hann', 'hamming', the values of a window, or None. "
                f"{received('window', window)}"
            )
        if not isinstance(window, (str, type(None))) and shape_of(window) != (length,):
            raise ValueError(
                f"{owner}: window must have sequence_length={length} values. "
                f"Received: a window of shape {shape_of(window)}."
            )
        if sampling_rate <= 0:
            raise ValueError(
                f"{owner}: sampling_rate must be above 0. "
                f"{received('sampling_rate', sampling_rate)}"
            )
        super().__init__(**kwargs)
        self.fft_length = fft_length
        self.sequence_stride = sequence_stride
        self.sequence_length = length
        self.window = window
        self.sampling_rate = sampling_rate
        self.num_mel_bins = num_mel_bins
        self.min_freq = min_freq
        self.max_freq = max_freq or int(sampling_rate / 2)
        self.power_to_db = power_to_db
        self.top_db = top_db
        self.mag_exp = mag_exp
        self.min_power = min_power
        self.ref_power = ref_power
        self.__dict__["_constants"] = {}

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Make the spectrogram of a tensor, an array or a list of samples."""
        if isinstance(inputs, (list, tuple)):
            inputs = convert_to_tensor(inputs)
        return super().__call__(inputs, *args, **kwargs)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the spectrogram."""
        dtype = self._policy.torch_compute_dtype
        # Fourier transforms need 32 bits.
        wide = dtype if dtype is torch.float64 else torch.float32
        window, weights = self._window_and_weights(wide, inputs.device)
        x = inputs.to(wide)
        spectrum = torch.stft(
            x.reshape(-1, x.shape[-1]),
            n_fft=self.fft_length,
            hop_length=self.sequence_stride,
            win_length=self.sequence_length,
            window=window,
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )
        if self.mag_exp == 2:
            power = spectrum.real.square() + spectrum.imag.square()
        else:
            power = spectrum.abs().pow(self.mag_exp)
        mel = torch.matmul(weights, power)
        mel = mel.reshape(*x.shape[:-1], *mel.shape[1:])
        return (self._decibels(mel) if self.power_to_db else mel).to(dtype)

    def _decibels(self, power: torch.Tensor) -> torch.Tensor:
        reference = 10 * math.log10(max(abs(self.ref_power), self.min_power))
        decibels = 10 * power.clamp_min(self.min_power).log10() - reference
        return torch.maximum(decibels, decibels.max() - self.top_db)

    def _window_and_weights(
        self, dtype: torch.dtype, device: torch.device
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the window and the bands' weights, made once a dtype and device."""
        key = (dtype, device)
        if key not in self._constants:
            if isinstance(self.window, str):
                window = _WINDOWS[self.window](self.sequence_length, dtype=dtype)
            elif self.window is None:
                window = torch.ones(self.sequence_length, dtype=dtype)
            else:
                window = convert_to_tensor(self.window)
            edges = (float(self.min_freq), float(self.max_freq))
            bins = self.fft_length // 2 + 1
            weights = _mel_weights(self.num_mel_bins, bins, self.sampling_rate, *edges, dtype)
            made = window.to(device=device, dtype=dtype), weights.T.contiguous().to(device)
            if torch.compiler.is_compiling():  # a traced tensor is no constant
                return made
            self._constants[key] = made
        return self._constants[key]

    def linear_to_mel_weight_matrix(
        self,
        num_mel_bins: int = 20,
        num_spectrogram_bins: int = 129,
        sampling_rate: float = 8000,
        lower_edge_hertz: float = 125.0,
        upper_edge_hertz: float = 3800.0,
        dtype: Any = "float32",
    ) -> torch.Tensor:
        """Return the matrix that sums up linear frequency bins in mel bands.

        Args:
            num_mel_bins: How many bands there are.
            num_spectrogram_bins: How many bins there are, from 0 Hz to half the sampling rate.
            sampling_rate: Samples a second.
            lower_edge_hertz: Lower edge of the lowest band.
            upper_edge_hertz: Upper edge of the highest band.
            dtype: Dtype of the matrix.

        Returns:
            A matrix of shape `(num_spectrogram_bins, num_mel_bins)`.
        """
        wanted = dtypes.torch_dtype(dtype)
        edges = (lower_edge_hertz, upper_edge_hertz)
        wide = wanted if wanted is torch.float64 else torch.float32
        weights = _mel_weights(num_mel_bins, num_spectrogram_bins, sampling_rate, *edges, wide)
        return weights.to(wanted)

    def _config_overrides(self) -> dict[str, Any]:
        window = self.window
        if hasattr(window, "tolist"):  # Keras cannot read an array again
            window = window.tolist()
        return {**super()._config_overrides(), "window": window}

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the spectrogram."""
        *batch, samples = input_shape
        if samples is not None:
            samples = (samples - self.fft_length % 2) // self.sequence_stride + 1
        return (*batch, self.num_mel_bins, samples)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_constants": {}}


def _even(start: torch.Tensor, stop: torch.Tensor, count: int) -> torch.Tensor:
    """Return `count` numbers from start to stop, rounded as Keras rounds them."""
    return start + (stop - start) * (torch.arange(count).to(start) / max(count - 1, 1))


def _mel_weights(
    bands: int, bins: int, rate: float, lower: float, upper: float, dtype: torch.dtype
) -> torch.Tensor:
    """Return triangles of height 1 over the frequencies of the bins; 0 Hz is in none of them.

    A bin next to the foot of a triangle has a weight of next to nothing, all of which is rounding:
    to be that of Keras, also in decibels, each step is Keras's, in the same dtype.
    """
    frequencies = torch.tensor([0.0, rate / 2, lower, upper], dtype=dtype)
    start, stop = frequencies[0], frequencies[1]
    at = _mel(_even(start, stop, bins)[1:])[:, None]
    low, high = _mel(frequencies[2:]).unbind()
    edges = _even(low, high, bands + 2)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    triangles = torch.minimum((at - left) / (centre - left), (right - at) / (right - centre))
    return F.pad(triangles.clamp_min(0), (0, 0, 1, 0))


def _mel(frequency: torch.Tensor) -> torch.Tensor:
    return 1127 * torch.log(1 + frequency / 700)
