"""What the convolutions of all families and ranks share: geometry, bias and activation."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from torchkeras import activations, constraints, initializers, regularizers
from torchkeras._base import check, config
from torchkeras._base.check import received
from torchkeras.core.variable import Variable
from torchkeras.layers.input_spec import InputSpec
from torchkeras.layers.layer import Layer
from torchkeras.ops import _window

# The convolution's result belongs to nobody else yet, and no gradient needs it: a ReLU on the
# spot saves the memory, and the first touch of it, of a second tensor.
_IN_PLACE = {torch.relu: torch.relu_}


class ConvND(Layer):
    """Base of the convolutions; a family makes the kernels, a class of it states its `rank`."""

    rank: ClassVar[int]
    writes_absent_regularizer = True
    _paddings: ClassVar[tuple[str, ...]] = ("valid", "same")
    _trim: Any = None  # what a transposed convolution leaves off at the end

    def __init__(
        self,
        kernel_size: Any,
        *,
        strides: Any,
        padding: str,
        data_format: str | None,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        bias_initializer: Any,
        bias_regularizer: Any,
        activity_regularizer: Any,
        bias_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        owner, rank = type(self).__name__, self.rank
        self.kernel_size = check.ntuple(owner, "kernel_size", kernel_size, rank)
        self.strides = check.ntuple(owner, "strides", strides, rank)
        self.dilation_rate = check.ntuple(owner, "dilation_rate", dilation_rate, rank)
        self.padding = check.one_of(owner, "padding", str(padding).lower(), self._paddings)
        self.data_format = config.standardize_data_format(data_format, owner)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.bias_initializer = initializers.get(bias_initializer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.bias_constraint = constraints.get(bias_constraint)
        self._channels_last = self.data_format == "channels_last"
        self._channel_axis = -1 if self._channels_last else 1
        self._to_torch = _window.to_torch(rank)
        self._to_keras = _window.to_keras(rank)
        # HWIO -> OIHW; the kernel lies in memory so that this is a view in the inputs' own layout.
        self._to_oihw = (rank + 1, rank, *range(rank))
        self._memory = (rank + 1, *range(rank), rank) if self._channels_last else self._to_oihw
        self._windows = tuple(
            d * (k - 1) + 1 for k, d in zip(self.kernel_size, self.dilation_rate, strict=True)
        )
        self._padding, self._fill = self._fixed_padding()
        self._resolve_activation()
        self.input_spec = InputSpec(min_ndim=rank + 2)

    # ------------------------------------------------------------------ arguments

    def _refuse_strided_dilation(self) -> None:
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{type(self).__name__}: strides > 1 and dilation_rate > 1 exclude each other. "
                f"Received: strides={self.strides}, dilation_rate={self.dilation_rate}."
            )

    def _fixed_padding(self) -> tuple[Any, Any]:
        """Return the convolution's own padding and the copy's, or None where sizes decide."""
        if self.padding == "valid":
            return (0,) * self.rank, None
        if self.padding == "causal":
            return (0,), _window.around([(self._windows[0] - 1, 0)], self._channels_last)
        if max(self.strides) > 1:
            return None, None
        both, fill = self._same_padding(self._windows)
        return tuple(both), fill

    def _same_padding(self, spatial: Sequence[int]) -> tuple[Any, Any]:
        """Leave to the convolution what is on both sides; the rest, if any, costs a copy."""
        both, more = _window.same_padding(spatial, self._windows, self.strides)
        if 1 not in more:
            return both, None
        return both, _window.around([(0, n) for n in more], self._channels_last)

    def _resolve_activation(self) -> None:
        fields = self.__dict__
        fields["_activation"] = native = activations.native(self.activation)
        fields["_in_place"] = _IN_PLACE.get(native)
        if fields["_in_place"] is not None:
            fields["_activation"] = None

    def _full_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._resolve_activation()  # `layer.activation = ...` ends in a full call
        return super()._full_call(args, kwargs)

    # ------------------------------------------------------------------ building

    def _channels(self, input_shape: Any) -> int:
        """Check the shape that the layer is built for, and return its channels."""
        owner = type(self).__name__
        shape = _window.checked_shape(owner, input_shape, self.rank)
        channels = shape[self._channel_axis]
        if channels is None:
            raise ValueError(
                f"{owner}: the channels of the inputs must be known. "
                f"{received('input_shape', shape)}"
            )
        self.compute_output_shape(shape)
        return channels

    def _add_kernel(self, kind: str, name: str, shape: tuple[int, ...], **options: Any) -> Variable:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=getattr(self, f"{kind}_initializer"),
            regularizer=getattr(self, f"{kind}_regularizer"),
            constraint=getattr(self, f"{kind}_constraint"),
            **options,
        )

    def _finish_build(self, channels: int, filters: int) -> None:
        """Add the bias, and from now on ask for this number of channels."""
        self.bias = self._add_kernel("bias", "bias", (filters,)) if self.use_bias else None
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={self._channel_axis: channels})

    # ------------------------------------------------------------------ the call

    def _padded(self, x: torch.Tensor) -> tuple[torch.Tensor, Any]:
        """Pad what the convolution cannot pad by itself."""
        padding, fill = self._padding, self._fill
        if padding is None:
            shape = x.shape
            padding, fill = self._same_padding(shape[1:-1] if self._channels_last else shape[2:])
        return (x if fill is None else torch.constant_pad_nd(x, fill)), padding

    def _finished(self, y: torch.Tensor) -> torch.Tensor:
        """Activate the fresh result of a convolution, in the order of the layer's dimensions."""
        if self._in_place is not None:
            self._in_place(y)
        if self._trim is not None:
            y = y[self._trim]
        if self._channels_last:
            y = y.permute(self._to_keras)
        return y if self._activation is None else self._activation(y)

    # ------------------------------------------------------------------ shapes

    def _output_channels(self, channels: int | None) -> int | None:
        return self.filters

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the output."""
        owner = type(self).__name__
        shape = _window.checked_shape(owner, input_shape, self.rank)
        spatial, channels = _window.split(shape, self._channels_last)
        spatial = _window.output_sizes(
            owner, shape, spatial, self._windows, self.strides, self.padding
        )
        filters = self._output_channels(channels)
        return _window.join(shape[0], spatial, filters, self._channels_last)
