"""STFTSpectrogram: short-time Fourier transforms as convolutions with kernels that can learn."""

import warnings
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base.check import one_of, positive_int, received
from torchkeras._base.config import image_data_format
from torchkeras.core.registry import LAYERS
from torchkeras.core.tensor import shape as shape_of
from torchkeras.initializers import STFT
from torchkeras.layers.input_spec import InputSpec
from torchkeras.layers.layer import Layer

_MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")
_DTYPES = (torch.float16, torch.float32, torch.float64)


@LAYERS.register()
class STFTSpectrogram(Layer):
    """Spectrogram of a signal: windowed frames times a Fourier kernel, channel by channel.

    `(batch, time, channels) -> (batch, frames, channels * bins)` with `fft_length // 2 + 1` bins,
    or `(batch, frames, bins, channels)` with `expand_dims`; `"stft"` has twice the bins.

    Args:
        mode: `"log"` of the magnitude, `"magnitude"`, `"psd"` (one-sided power), `"real"`,
            `"imag"`, `"angle"`, or `"stft"`: real and imaginary parts side by side.
        frame_length: Samples a frame.
        frame_step: Samples from frame to frame, at most `frame_length`; default half of it.
        fft_length: At least `frame_length`; default the next power of two.
        window: Name of a window of `scipy.signal.windows`, its values, or None.
        periodic: Whether the window is periodic.
        scaling: `"density"`, `"spectrum"` or None: how the window is scaled.
        padding: `"valid"` or `"same"`.
        expand_dims: Whether the output is a batch of images.
        data_format: `"channels_last"` or `"channels_first"`; default that of the Keras config.

    Raises:
        ValueError: for an argument out of its range.
        TypeError: at a call, for inputs that are not float16, float32 or float64.

    >>> import torch, torchkeras as keras
    >>> keras.layers.STFTSpectrogram(frame_length=8)(torch.ones(1, 20, 2)).shape
    torch.Size([1, 4, 10])
    """

    def __init__(
        self,
        mode: str = "log",
        frame_length: int = 256,
        frame_step: int | None = None,
        fft_length: int | None = None,
        window: Any = "hann",
        periodic: bool = False,
        scaling: str | None = "density",
        padding: str = "valid",
        expand_dims: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        owner = "STFTSpectrogram"
        one_of(owner, "mode", mode, _MODES)
        positive_int(owner, "frame_length", frame_length)
        if frame_step is not None and not 1 <= frame_step <= frame_length:
            raise ValueError(
                f"{owner}: frame_step must be from 1 to frame_length={frame_length}. "
                f"{received('frame_step', frame_step)}"
            )
        if fft_length is not None and fft_length < frame_length:
            raise ValueError(
                f"{owner}: fft_length must be at least frame_length={frame_length}. "
                f"{received('fft_length', fft_length)}"
            )
        if fft_length is not None and fft_length & (fft_length - 1):
            warnings.warn(
                f"{owner}: an fft_length that is a power of two is recommended. "
                f"{received('fft_length', fft_length)}",
                stacklevel=2,
            )
        if not isinstance(window, (str, type(None))) and shape_of(window) != (frame_length,):
            raise ValueError(
                f"{owner}: window must have frame_length={frame_length} values. "
                f"Received: a window of shape {shape_of(window)}."
            )
        one_of(owner, "padding", padding, ("valid", "same"))
        data_format = data_format or image_data_format()
        one_of(owner, "data_format", data_format, ("channels_last", "channels_first"))
        options = {"window": window, "scaling": scaling, "periodic": periodic}
        initializers = {side: STFT(side, **options) for side in ("real", "imag")}  # they check
        super().__init__(**kwargs)
        self.mode = mode
        self.frame_length, self.frame_step, self.fft_length = frame_length, frame_step, fft_length
        self.window, self.periodic, self.scaling = window, periodic, scaling
        self.padding, self.expand_dims, self.data_format = padding, expand_dims, data_format
        self._initializers = initializers
        self._step = frame_step or max(1, frame_length // 2)
        self._fft_length = fft_length or 1 << (frame_length - 1).bit_length()
        self.input_spec = InputSpec(ndim=3)

    def build(self, input_shape: Any) -> None:
        """Create the kernels of the parts that the mode needs."""
        for side in ("real", "imag"):
            if self.mode not in ("real", "imag") or self.mode == side:
                kernel = self.add_weight(
                    name=f"{side}_kernel",
                    shape=(self.frame_length, 1, self._fft_length // 2 + 1),
                    initializer=self._initializers[side],
                    order=(2, 1, 0),
                )
                setattr(self, f"{side}_kernel", kernel)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the spectrogram."""
        if inputs.dtype not in _DTYPES:
            raise TypeError(
                "STFTSpectrogram: inputs must be float16, float32 or float64. "
                f"{received('dtype', inputs.dtype)}"
            )
        x = inputs if self.data_format == "channels_first" else inputs.transpose(1, 2)
        batch, channels, time = x.shape
        x = x.reshape(batch * channels, 1, time)
        if self.padding == "same":
            missing = self._missing(time)
            x = F.pad(x, (missing // 2, missing - missing // 2))
        out = self._spectrum(x)
        out = out.reshape(batch, channels, *out.shape[1:])  # (batch, channels, bins, frames)
        if self.data_format == "channels_first":
            return out.transpose(2, 3) if self.expand_dims else out.flatten(1, 2)
        if self.expand_dims:
            return out.permute(0, 3, 2, 1)
        return out.flatten(1, 2).transpose(1, 2)

    def _missing(self, time: int) -> int:
        """Return how many samples the last frame lacks if each step begins one."""
        frames = -(-time // self._step)
        return max((frames - 1) * self._step + self.frame_length - time, 0)

    def _part(self, x: torch.Tensor, side: str) -> torch.Tensor:
        kernel = getattr(self, f"{side}_kernel")
        return F.conv1d(x, kernel.permute(2, 1, 0), stride=self._step)

    def _spectrum(self, x: torch.Tensor) -> torch.Tensor:
        if self.mode in ("real", "imag"):
            return self._part(x, self.mode)
        real, imag = self._part(x, "real"), self._part(x, "imag")
        if self.mode == "stft":
            return torch.cat([real, imag], 1)
        if self.mode == "angle":
            return torch.atan2(imag, real)
        power = real.square() + imag.square()
        if self.mode == "psd":
            # The bins in between stand for those of negative frequency as well.
            return torch.cat([power[:, :1], 2 * power[:, 1:-1], power[:, -1:]], 1)
        magnitude = power.clamp_min(1e-7).sqrt()
        return magnitude.log() if self.mode == "log" else magnitude

    def _config_overrides(self) -> dict[str, Any]:
        window = self.window
        if hasattr(window, "tolist"):  # Keras cannot read an array again
            window = window.tolist()
        return {**super()._config_overrides(), "window": window}

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the spectrogram."""
        last = self.data_format == "channels_last"
        batch, *rest = input_shape
        time, channels = rest if last else reversed(rest)
        bins = (self._fft_length // 2 + 1) * (2 if self.mode == "stft" else 1)
        frames = None
        if time is not None:
            time += self._missing(time) if self.padding == "same" else 0
            frames = (time - self.frame_length) // self._step + 1
        if self.expand_dims:
            return (batch, frames, bins, channels) if last else (batch, channels, frames, bins)
        width = None if channels is None else channels * bins
        return (batch, frames, width) if last else (batch, width, frames)
