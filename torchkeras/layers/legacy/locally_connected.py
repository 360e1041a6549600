"""LocallyConnected1D and 2D: convolutions whose weights are not shared between places."""

import math
from typing import Any, ClassVar

import torch

from torchkeras import activations, constraints, initializers, regularizers
from torchkeras._base import check, config
from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers.input_spec import InputSpec
from torchkeras.layers.layer import Layer


class _LocallyConnected(Layer):
    """Base of both; a class states its `rank`.

    `implementation` says how the kernel is stored: 1 as `(places, inputs of a place, filters)`,
    2 as a matrix of all inputs and all outputs, 3 as that matrix's entries that are used.
    """

    rank: ClassVar[int]

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        implementation: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        owner, rank = type(self).__name__, self.rank
        self.filters = check.positive_int(owner, "filters", filters)
        self.kernel_size = check.ntuple(owner, "kernel_size", kernel_size, rank)
        self.strides = check.ntuple(owner, "strides", strides, rank)
        self.padding = check.one_of(owner, "padding", str(padding).lower(), ("valid", "same"))
        self.implementation = check.one_of(owner, "implementation", implementation, (1, 2, 3))
        if self.padding == "same" and implementation == 1:
            raise ValueError(
                f"{owner}: implementation 1 has padding='valid' alone. "
                f"{received('padding', padding)}"
            )
        self.data_format = config.standardize_data_format(data_format, owner)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self._last = self.data_format == "channels_last"
        self.input_spec = InputSpec(ndim=rank + 2)

    def build(self, input_shape: Any) -> None:
        """Create a kernel for each place, and a bias."""
        spatial = tuple(input_shape[1:-1] if self._last else input_shape[2:])
        channels = input_shape[-1 if self._last else 1]
        if None in spatial or channels is None:
            raise ValueError(
                f"{type(self).__name__}: the size and the channels of the inputs must be known. "
                f"{received('input_shape', input_shape)}"
            )
        self._sources, self._channels, self._targets = spatial, channels, self._output(spatial)
        if min(self._targets) < 1:
            raise ValueError(
                f"{type(self).__name__}: the kernel is larger than the inputs. "
                f"{received('input_shape', input_shape)}"
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=self._kernel_shape(),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(*self._targets, self.filters),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        axis = self.rank + 1 if self._last else 1
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})

    def _output(self, spatial: tuple[int, ...]) -> tuple[int, ...]:
        sizes = zip(spatial, self.kernel_size, self.strides, strict=True)
        if self.padding == "same":
            return tuple(-(-n // s) for n, _, s in sizes)
        return tuple((n - k) // s + 1 for n, k, s in sizes)

    def _kernel_shape(self) -> tuple[int, ...]:
        spatial, places = self._sources, self._targets
        if self.implementation == 1:
            inputs = math.prod(self.kernel_size) * self._channels
            return (math.prod(places), inputs, self.filters)
        if self.implementation == 3:
            used = sum(1 for row in self._windows() for _ in row)
            return (used * self._channels * self.filters,)
        if self._last:
            return (*spatial, self._channels, *places, self.filters)
        return (self._channels, *spatial, self.filters, *places)

    def _windows(self) -> list[list[int]]:
        """Return for each place the (flat) places of the inputs that it sees."""
        before = [k // 2 if self.padding == "same" else 0 for k in self.kernel_size]
        windows = [[0]]
        seen = zip(
            self._sources, self._targets, self.kernel_size, self.strides, before, strict=True
        )
        for size, count, kernel, stride, shift in seen:
            axis = [
                range(max(0, o * stride - shift), min(size, o * stride - shift + kernel))
                for o in range(count)
            ]
            windows = [[w * size + i for w in row for i in own] for row in windows for own in axis]
        return windows

    def _mask(self) -> torch.Tensor:
        """Return which inputs (rows) which outputs (columns) see, flat as the data are."""
        seen = torch.zeros(math.prod(self._sources), math.prod(self._targets), dtype=torch.bool)
        for place, window in enumerate(self._windows()):
            seen[window, place] = True
        c, f = self._channels, self.filters
        if self._last:
            return seen.repeat_interleave(c, 0).repeat_interleave(f, 1)
        return seen.repeat(c, f)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the activation of the products."""
        x = self._from_patches(inputs) if self.implementation == 1 else self._from_all(inputs)
        if not self._last:
            x = x.movedim(-1, 1)
        if self.bias is not None and self._last:
            x = x + self.bias
        elif self.bias is not None:
            # The bias of Keras 2 is read in this order, not transposed: so its files mean it.
            x = x + self.bias.reshape(self.filters, *self._targets)
        return self.activation(x)

    def _from_patches(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `(batch, *places, filters)` by a product for each place."""
        x = inputs.movedim(-1, 1) if self._last else inputs
        for d in range(self.rank):
            x = x.unfold(2 + d, self.kernel_size[d], self.strides[d])
        n = self.rank  # x is (batch, channels, *places, *kernel)
        places, kernel = range(2, 2 + n), range(2 + n, 2 + 2 * n)
        x = x.permute(0, *places, *kernel, 1) if self._last else x.permute(0, *places, 1, *kernel)
        x = x.reshape(x.shape[0], -1, self.kernel.shape[1])
        out = torch.einsum("bpi,pif->bpf", x, self.kernel)
        return out.reshape(-1, *self._targets, self.filters)

    def _from_all(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `(batch, *places, filters)` by one product of all with all."""
        mask = self._mask().to(inputs.device)
        if self.implementation == 2:
            matrix = self.kernel.reshape(mask.shape) * mask
        else:
            entries = mask.t().contiguous()
            matrix = self.kernel.new_zeros(entries.shape).masked_scatter(entries, self.kernel).t()
        out = inputs.reshape(inputs.shape[0], -1) @ matrix
        if self._last:
            return out.reshape(-1, *self._targets, self.filters)
        return out.reshape(-1, self.filters, *self._targets).movedim(1, -1)


@LAYERS.register(module="torchkeras.layers.legacy")
class LocallyConnected1D(_LocallyConnected):
    """A convolution over steps with a kernel of its own for each of them.

    Args:
        filters: Number of output channels.
        kernel_size: Steps that one output sees.
        strides: Steps from one output to the next.
        padding: `"valid"`; `"same"` with the implementations 2 and 3.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.
        activation: Function of the result.
        use_bias: Whether there is a bias, of shape `(steps, filters)`.
        kernel_initializer, bias_initializer: Initializers of the weights.
        kernel_regularizer, bias_regularizer, activity_regularizer: Penalties.
        kernel_constraint, bias_constraint: Constraints after each step.
        implementation: How the kernel is stored: 1, 2 or 3, as in tf.keras.

    Shapes: `(batch, steps, channels) -> (batch, new_steps, filters)`.

    >>> import torch
    >>> LocallyConnected1D(4, 3)(torch.ones(2, 8, 5)).shape
    torch.Size([2, 6, 4])
    """

    rank = 1


@LAYERS.register(module="torchkeras.layers.legacy")
class LocallyConnected2D(_LocallyConnected):
    """A convolution over images with a kernel of its own for each place.

    Args:
        filters: Number of output channels.
        kernel_size: Height and width that one output sees.
        strides: Pixels from one output to the next.
        padding: `"valid"`; `"same"` with the implementations 2 and 3.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.
        activation: Function of the result.
        use_bias: Whether there is a bias, of shape `(rows, columns, filters)`.
        kernel_initializer, bias_initializer: Initializers of the weights.
        kernel_regularizer, bias_regularizer, activity_regularizer: Penalties.
        kernel_constraint, bias_constraint: Constraints after each step.
        implementation: How the kernel is stored: 1, 2 or 3, as in tf.keras.

    Shapes: `(batch, height, width, channels) -> (batch, rows, columns, filters)`.

    >>> import torch
    >>> LocallyConnected2D(4, (3, 2))(torch.ones(2, 8, 8, 3)).shape
    torch.Size([2, 6, 7, 4])
    """

    rank = 2
