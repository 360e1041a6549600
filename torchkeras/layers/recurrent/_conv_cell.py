"""The cell of the convolutional LSTM layers, for any rank."""

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras._base import check, config
from torchkeras._base.check import received
from torchkeras.layers.recurrent.cells import ForgetBias, GatedCell
from torchkeras.ops import _window
from torchkeras.ops.convolution import CONVOLVE


class ConvLSTMCell(GatedCell):
    """One step of LSTM in which both products are convolutions.

    That of the state keeps its size: stride 1, `"same"` padding, no dilation.
    """

    gates = 4

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        unit_forget_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        owner = f"ConvLSTM{rank}D"
        filters = check.positive_int(owner, "filters", filters)
        kernel_size = check.ntuple(owner, "kernel_size", kernel_size, rank)
        strides = check.ntuple(owner, "strides", strides, rank)
        dilation_rate = check.ntuple(owner, "dilation_rate", dilation_rate, rank)
        padding = check.one_of(owner, "padding", str(padding).lower(), ("valid", "same"))
        data_format = config.standardize_data_format(data_format, owner)
        if max(strides) > 1 and max(dilation_rate) > 1:
            raise ValueError(
                f"{owner}: strides > 1 and dilation_rate > 1 exclude each other. "
                f"Received: strides={strides}, dilation_rate={dilation_rate}."
            )
        super().__init__(filters, **kwargs)
        self.rank = rank
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.data_format = data_format
        self.dilation_rate = dilation_rate
        self.unit_forget_bias = unit_forget_bias
        self._owner = owner
        self._channels_last = last = data_format == "channels_last"
        self._channel_axis = -1 if last else -rank - 1
        self._step_ndim = rank + 2
        self._to_torch, self._to_keras = _window.to_torch(rank), _window.to_keras(rank)
        # As in the Conv layers: a view of the kernel is what torch's convolution reads.
        self._to_oihw = (rank + 1, rank, *range(rank))
        self._memory = (rank + 1, *range(rank), rank) if last else self._to_oihw
        self._windows = tuple(
            d * (k - 1) + 1 for k, d in zip(kernel_size, dilation_rate, strict=True)
        )
        self._ones = (1,) * rank
        self._spatial: tuple[int | None, ...] | None = None  # of the state, since the build

    # ------------------------------------------------------------------ state

    @property
    def thins_in_a_loop(self) -> str | None:
        """Each gate has its own factors, whatever is dropped."""
        return "dropout" if self.dropout or self.recurrent_dropout else None

    @property
    def state_size(self) -> list[int]:
        """Keras's sign for states that are images: their size depends on the inputs'."""
        return [-1, -1]

    def state_shape(self, step_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of both states for the shape of one step's input."""
        shape = _window.checked_shape(self._owner, step_shape, self.rank)
        spatial, _ = _window.split(shape, self._channels_last)
        spatial = _window.output_sizes(
            self._owner, shape, spatial, self._windows, self.strides, self.padding
        )
        return _window.join(shape[0], spatial, self.filters, self._channels_last)

    def get_initial_state(self, batch_size: int | None = None) -> list[torch.Tensor]:
        """Return zeros of the shape that the cell was built for, one for each state."""
        if self._spatial is None or None in self._spatial:
            raise ValueError(
                f"{self._owner}: the states' size is known once the layer is built for inputs of "
                f"known size. {received('size', self._spatial)}"
            )
        shape = _window.join(batch_size, self._spatial, self.filters, self._channels_last)
        zeros = self.kernel.new_zeros(shape)
        return [zeros, zeros]

    # ------------------------------------------------------------------ weights

    def build(self, input_shape: Any) -> None:
        """Create the kernels of both convolutions and the bias."""
        state = self.state_shape(input_shape)
        self._spatial, _ = _window.split(state, self._channels_last)
        channels = input_shape[self._channel_axis]
        if channels is None:
            raise ValueError(
                f"{self._owner}: the channels of the inputs must be known. "
                f"{received('input_shape', input_shape)}"
            )
        width = 4 * self.filters
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*self.kernel_size, channels, width),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            order=self._memory,
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=(*self.kernel_size, self.filters, width),
            initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
            order=self._memory,
        )
        self.bias = None
        if self.use_bias:
            start = self.bias_initializer
            self.bias = self.add_weight(
                name="bias",
                shape=(width,),
                initializer=ForgetBias(start, self.filters) if self.unit_forget_bias else start,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    # ------------------------------------------------------------------ one step

    def project(self, inputs: torch.Tensor, training: bool = False) -> torch.Tensor:
        """Convolve the inputs of one step, or those of many at once."""
        kernel, bias, factors = self.kernel, self.bias, self._input_factors(inputs, training)
        if inputs.dtype is not kernel.dtype:
            inputs = inputs.to(kernel.dtype)
        leading = inputs.shape[: inputs.ndim - self.rank - 1]
        if factors is None:
            y = self.input_conv(inputs.flatten(0, len(leading) - 1), kernel, bias)
        else:
            biases = [None] * 4 if bias is None else bias.chunk(4)
            parts = [
                self.input_conv((inputs * f).flatten(0, len(leading) - 1), k, b)
                for f, k, b in zip(factors, kernel.chunk(4, -1), biases, strict=True)
            ]
            y = torch.cat(parts, self._channel_axis)
        return y.unflatten(0, leading)

    def advance(self, projected: torch.Tensor, states: Any, training: bool) -> tuple[Any, list]:
        """Add the part of the state, and open and close the gates."""
        h, kernel, axis = states[0], self.recurrent_kernel, self._channel_axis
        if training and 0 < self.recurrent_dropout < 1:
            parts = zip(self.get_recurrent_dropout_mask(h), kernel.chunk(4, -1), strict=True)
            z = torch.cat([self.recurrent_conv(h * m, k) for m, k in parts], axis)
        else:
            z = self.recurrent_conv(h, kernel)
        i, f, g, o = z.add_(projected).chunk(4, axis)
        gate, activation = self._gate, self._activation
        c = torch.addcmul(gate(f) * states[1], gate(i), activation(g))
        output = gate(o) * activation(c)
        return output, [output, c]

    def call(self, inputs: torch.Tensor, states: Any, training: bool = False) -> tuple[Any, Any]:
        """Return the output and the new states."""
        return self._step(inputs, states, training)

    def input_conv(
        self, x: torch.Tensor, w: torch.Tensor, b: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Convolve inputs with a kernel, as the layer's arguments say."""
        same = self.padding == "same"
        return self._convolve(x, w, b, self._windows, self.strides, self.dilation_rate, same)

    def recurrent_conv(self, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        """Convolve a state with a kernel; its size stays."""
        return self._convolve(x, w, None, self.kernel_size, self._ones, self._ones, True)

    def _convolve(
        self,
        x: torch.Tensor,
        kernel: torch.Tensor,
        bias: torch.Tensor | None,
        windows: tuple[int, ...],
        strides: tuple[int, ...],
        dilation: tuple[int, ...],
        same: bool,
    ) -> torch.Tensor:
        if self._channels_last:
            x = x.permute(self._to_torch)
        padding: Sequence[int] = (0,) * self.rank
        if same:
            padding, more = _window.same_padding(x.shape[2:], windows, strides)
            if 1 in more:
                x = torch.constant_pad_nd(x, _window.around([(0, n) for n in more], False))
        y = CONVOLVE[self.rank](
            x, kernel.permute(self._to_oihw), bias, strides, padding, dilation, 1
        )
        return y.permute(self._to_keras) if self._channels_last else y
