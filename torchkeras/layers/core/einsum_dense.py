"""EinsumDense: a dense layer whose product is given by an einsum equation."""

import re
from typing import Any

import torch

from torchkeras import activations, constraints, initializers, regularizers
from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers.adapters.einsum import EinsumAdapters
from torchkeras.layers.layer import Layer

_FORM = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


@LAYERS.register()
class EinsumDense(EinsumAdapters, Layer):
    """`activation(einsum(equation, inputs, kernel) + bias)`.

    Args:
        equation: `"ab,bc->ac"`: axes of the input, of the kernel, and of the output. `...` stands
            for axes that are kept, at the same end of input and output.
        output_shape: Sizes of the output's axes without the batch; None where the input has them.
        activation: Function of the result.
        bias_axes: Axes of the output that the bias has, for example `"c"`; None for no bias.
        kernel_initializer, bias_initializer: Initializers. Those that scale with the number of
            inputs and outputs take the kernel's axes that the output has for outputs.
        kernel_regularizer, bias_regularizer: Penalties.
        kernel_constraint, bias_constraint: Constraints after each step.
        lora_rank, lora_alpha: See `enable_lora`, which `build` then calls.
        quantization_config: Quantizers of a layer with a dtype such as `"int8_from_float32"`.

    Raises:
        ValueError: for an equation that does not fit the input or `output_shape`.

    >>> import torch, torchkeras as keras
    >>> layer = keras.layers.EinsumDense("abc,cd->abd", (None, 7), bias_axes="d")
    >>> layer(torch.ones(2, 3, 5)).shape
    torch.Size([2, 3, 7])
    """

    config_quiet = frozenset({"gptq_unpacked_column_size"})
    writes_absent_regularizer = True

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: int | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            lora_rank=lora_rank,
            lora_alpha=lora_alpha,
            quantization_config=quantization_config,
            **kwargs,
        )
        self.equation = equation
        if isinstance(output_shape, int):
            output_shape = (output_shape,)
        self.partial_output_shape = tuple(output_shape)
        self.bias_axes = bias_axes
        self.activation = activations.get(activation)
        self._activation = activations.native(self.activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.gptq_unpacked_column_size = gptq_unpacked_column_size

    def _config_overrides(self) -> dict[str, Any]:
        return {**super()._config_overrides(), "output_shape": self.partial_output_shape}

    def _sizes(self, input_shape: Any) -> tuple[tuple[Any, ...], tuple[Any, ...], Any]:
        """Return the shapes of kernel, output and bias."""
        owner = f"EinsumDense {self.equation!r}"
        match = _FORM.fullmatch(self.equation.replace(" ", ""))
        if match is None:
            raise ValueError(
                f"EinsumDense: equation must look like 'ab,bc->ac', '...a,ab->...b' or "
                f"'a...,ab->b...'. {received('equation', self.equation)}"
            )
        left, inputs, right, kernel, _, outputs, _ = match.groups()
        rank = len(input_shape)
        free = rank - len(inputs) if left or right else 0
        if free < 0 or (not left and not right and rank != len(inputs)):
            raise ValueError(f"{owner} does not fit. {received('input_shape', input_shape)}")
        named = input_shape[free:] if left else input_shape[: rank - free]
        kept = input_shape[:free] if left else input_shape[rank - free :]
        size = dict(zip(inputs, named, strict=True))
        given = [None if d == -1 else d for d in self.partial_output_shape]
        # `output_shape` leaves the batch out, which `...` in front stands for.
        names = outputs if left else outputs[1:]
        given = given[len(given) - len(names) :] if left else given[: len(names)]
        if len(given) < len(names):
            given = [None] * (len(names) - len(given)) + given
        wanted = dict(zip(names, given, strict=True))
        result = []
        for axis in outputs:
            known, asked = size.get(axis), wanted.get(axis)
            if asked is not None and known is not None and asked != known:
                raise ValueError(
                    f"{owner}: output_shape gives {asked} for axis {axis!r}, the input has "
                    f"{known}. {received('output_shape', self.partial_output_shape)}"
                )
            result.append(known if asked is None else asked)
        sizes = {**dict(zip(outputs, result, strict=True)), **size}
        kernel_shape = tuple(sizes.get(axis) for axis in kernel)
        if None in kernel_shape:
            raise ValueError(
                f"{owner}: the sizes of the kernel's axes {kernel!r} must be known. "
                f"Received: input_shape={input_shape}, output_shape={self.partial_output_shape}."
            )
        full = (*kept, *result) if left else (*result, *kept)
        bias_shape = None
        if self.bias_axes is not None:
            unknown = [a for a in self.bias_axes if a not in outputs]
            if unknown:
                raise ValueError(
                    f"{owner}: bias_axes must be among the output's axes {outputs!r}. "
                    f"{received('bias_axes', self.bias_axes)}"
                )
            first = min(outputs.index(a) for a in self.bias_axes)
            bias_shape = [sizes[a] if a in self.bias_axes else 1 for a in outputs[first:]] + (
                [1] * free if right else []
            )
        return kernel_shape, full, bias_shape

    def build(self, input_shape: Any) -> None:
        """Create the kernel and the bias."""
        kernel_shape, full, bias_shape = self._sizes(input_shape)
        self.full_output_shape = full
        inputs, rest = self.equation.replace(" ", "").split(",")
        kernel, outputs = rest.split("->")
        contracted = [a for a in kernel if a not in outputs]
        initializer = self.kernel_initializer
        if isinstance(initializer, initializers.VarianceScaling):
            initializer = initializer.along(
                [i for i, a in enumerate(kernel) if a not in outputs],
                [i for i, a in enumerate(kernel) if a in outputs],
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=kernel_shape,
            initializer=initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if bias_shape is not None:
            self.bias = self.add_weight(
                name="bias",
                shape=tuple(bias_shape),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        # One matrix product serves if the kernel's first axes are the input's last ones, and its
        # others the output's last ones.
        n = len(contracted)
        plain = kernel[:n] == inputs[-n:] and outputs == inputs[:-n] + kernel[n:] if n else False
        self._contracted = n if plain else 0

    def call(self, inputs: torch.Tensor, training: bool | None = None) -> torch.Tensor:
        """Return the product, with bias and activation."""
        kernel, bias, n = self.kernel, self.bias, self._contracted
        if inputs.dtype is not kernel.dtype:
            inputs = inputs.to(kernel.dtype)
        if n:
            rows, columns = kernel.shape[:n].numel(), kernel.shape[n:].numel()
            x = inputs.reshape(-1, rows) if n > 1 or inputs.ndim != 2 else inputs
            matrix = kernel.view(rows, columns) if kernel.ndim > 2 else kernel
            if bias is not None and bias.numel() == columns:
                x, bias = torch.addmm(bias.view(-1), x, matrix), None
            else:
                x = x @ matrix
            x = x.view(*inputs.shape[: inputs.ndim - n], *kernel.shape[n:])
        else:
            x = torch.einsum(self.equation, inputs, kernel)
        if bias is not None:
            x = x + bias
        return x if self._activation is None else self._activation(x)

    _same_call = call  # in training and out of it: `training` is for subclasses

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return the output's shape."""
        return self._sizes(input_shape)[1]
