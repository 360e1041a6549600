"""ConvLSTM1D, ConvLSTM2D, ConvLSTM3D: LSTM whose products are convolutions."""

from typing import Any, ClassVar

import torch

from torchkeras.core.registry import LAYERS
from torchkeras.layers.input_spec import InputSpec
from torchkeras.layers.recurrent._conv_cell import ConvLSTMCell
from torchkeras.layers.recurrent._layer import CellLayer, of_cell


class ConvLSTM(CellLayer):
    """The convolutional LSTM of any rank."""

    rank: ClassVar[int]

    filters = of_cell("filters")
    kernel_size = of_cell("kernel_size")
    strides = of_cell("strides")
    padding = of_cell("padding")
    data_format = of_cell("data_format")
    dilation_rate = of_cell("dilation_rate")
    recurrent_activation = of_cell("recurrent_activation")
    unit_forget_bias = of_cell("unit_forget_bias")

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int, ...] = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        cell = ConvLSTMCell(
            self.rank,
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="conv_lstm_cell",
        )
        super().__init__(
            cell,
            activity_regularizer=activity_regularizer,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            **kwargs,
        )
        self._splits = True
        self.input_spec = InputSpec(ndim=self.rank + 3)

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """Return the shape of the output, and those of the states if they are returned."""
        batch, steps, *rest = sequences_shape
        state = self.cell.state_shape((batch, *rest))
        shape = (batch, steps, *state[1:]) if self.return_sequences else state
        return (shape, state, state) if self.return_state else shape

    def _shapes_only(self, sequences: torch.Tensor) -> Any:
        shapes = self.compute_output_shape(tuple(sequences.shape))
        dtype = self._policy.torch_compute_dtype
        if not self.return_state:
            return sequences.new_empty(shapes, dtype=dtype)
        return tuple(sequences.new_empty(shape, dtype=dtype) for shape in shapes)

    def _first_states(self, sequences: torch.Tensor, given: Any) -> Any:
        if given is not None or self.stateful:
            return super()._first_states(sequences, given)
        batch, _, *rest = sequences.shape  # a layer may run on images of any size
        zeros = self.cell.kernel.new_zeros(self.cell.state_shape((batch, *rest)))
        return [zeros, zeros]


@LAYERS.register()
class ConvLSTM1D(ConvLSTM):
    """LSTM over sequences of signals: `z = conv(x, kernel) + conv(h, recurrent_kernel) + bias`.

    The gates are made of `z` as in `LSTMCell`. The inputs of all steps are convolved at once.

    Args:
        filters: Number of output channels.
        kernel_size: Length of the window.
        strides: Steps from one window to the next, in the inputs.
        padding: `"valid"` (none) or `"same"`, for the inputs; the state keeps its size.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        dilation_rate: Distance between the window's elements, in the inputs; not with strides.
        dropout: Share of the inputs dropped while training, the same at all steps; each gate has
            its own.
        recurrent_dropout: Share of the state that is dropped, likewise.
        zero_output_for_mask: Whether a masked step's output is zero, not that of the step before.

    Other arguments are those of `LSTM`.

    Shapes: `(batch, steps, size, channels) -> (batch, new_size, filters)`, with `steps` second for
    `return_sequences`.

    Shi et al., 2015, https://arxiv.org/abs/1506.04214

    >>> import torch, torchkeras as keras
    >>> keras.layers.ConvLSTM1D(4, 3)(torch.ones(2, 5, 8, 3)).shape
    torch.Size([2, 6, 4])
    """

    rank = 1


@LAYERS.register()
class ConvLSTM2D(ConvLSTM):
    """LSTM over sequences of images: `z = conv(x, kernel) + conv(h, recurrent_kernel) + bias`.

    The gates are made of `z` as in `LSTMCell`. The inputs of all steps are convolved at once.

    Args:
        filters: Number of output channels.
        kernel_size: Height and width of the window.
        strides: Pixels from one window to the next, in the inputs.
        padding: `"valid"` (none) or `"same"`, for the inputs; the state keeps its size.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        dilation_rate: Distance between the window's elements, in the inputs; not with strides.
        dropout: Share of the inputs dropped while training, the same at all steps; each gate has
            its own.
        recurrent_dropout: Share of the state that is dropped, likewise.
        zero_output_for_mask: Whether a masked step's output is zero, not that of the step before.

    Other arguments are those of `LSTM`.

    Shapes: `(batch, steps, height, width, channels) -> (batch, new_height, new_width, filters)`,
    with `steps` second for `return_sequences`.

    Shi et al., 2015, https://arxiv.org/abs/1506.04214

    >>> import torch, torchkeras as keras
    >>> layer = keras.layers.ConvLSTM2D(4, 3, padding="same", return_sequences=True)
    >>> layer(torch.ones(2, 5, 8, 8, 3)).shape
    torch.Size([2, 5, 8, 8, 4])
    """

    rank = 2


@LAYERS.register()
class ConvLSTM3D(ConvLSTM):
    """LSTM over sequences of volumes: `z = conv(x, kernel) + conv(h, recurrent_kernel) + bias`.

    The gates are made of `z` as in `LSTMCell`. The inputs of all steps are convolved at once.

    Args:
        filters: Number of output channels.
        kernel_size: Depth, height and width of the window.
        strides: Voxels from one window to the next, in the inputs.
        padding: `"valid"` (none) or `"same"`, for the inputs; the state keeps its size.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        dilation_rate: Distance between the window's elements, in the inputs; not with strides.
        dropout: Share of the inputs dropped while training, the same at all steps; each gate has
            its own.
        recurrent_dropout: Share of the state that is dropped, likewise.
        zero_output_for_mask: Whether a masked step's output is zero, not that of the step before.

    Other arguments are those of `LSTM`.

    Shapes: `(batch, steps, depth, height, width, channels) -> (batch, ..., filters)`, with `steps`
    second for `return_sequences`.

    Shi et al., 2015, https://arxiv.org/abs/1506.04214

    >>> import torch, torchkeras as keras
    >>> keras.layers.ConvLSTM3D(4, 2, strides=2)(torch.ones(1, 3, 4, 4, 4, 2)).shape
    torch.Size([1, 2, 2, 2, 4])
    """

    rank = 3
