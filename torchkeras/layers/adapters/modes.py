"""The forms in which weights are kept: which variables, and how they are written and read."""

import functools
from typing import Any

import torch

from torchkeras.core.variable import Variable
from torchkeras.quantizers import (
    AbsMaxQuantizer,
    QuantizationConfig,
    abs_max_quantize_grouped_with_zero_point,
    pack_int4,
    unpack_int4,
)
from torchkeras.quantizers.grouped import block_indices


class Mode:
    """One form; it has no state of its own, the layer holds all.

    A layer tells how its weight looks as a matrix of `(inputs, outputs)`: `_to_matrix(name,
    value)` and `_from_matrix(name, matrix)`.
    """

    replaces = True  # whether the float weight goes

    def build(self, layer: Any, name: str, shape: tuple[int, ...]) -> Variable | None:
        """Create the variables of a weight, and return the one that takes its name."""
        raise NotImplementedError

    def encode(self, layer: Any, name: str, value: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return the values of the variables for a float weight."""
        raise NotImplementedError

    def pairs(self, layer: Any, name: str, encoded: Any) -> list[tuple[Variable, torch.Tensor]]:
        """Return each variable with its encoded value."""
        raise NotImplementedError

    def store(self, layer: Any, name: str, encoded: Any) -> None:
        """Set the variables to encoded values."""
        for variable, value in self.pairs(layer, name, encoded):
            variable.assign(value)

    def decode(self, layer: Any, name: str) -> torch.Tensor:
        """Return the float weight that the variables stand for."""
        raise NotImplementedError

    def numbers(self, layer: Any, name: str) -> torch.Tensor:
        """Return the whole numbers of the weight, unpacked."""
        raise NotImplementedError


def weight_quantizer(layer: Any, default: AbsMaxQuantizer) -> Any:
    """Return the quantizer of the layer's weights."""
    return QuantizationConfig.weight_quantizer_or_default(layer.quantization_config, default)


def _numbers(layer: Any, name: str) -> torch.Tensor:
    """The variable itself, whether it is hidden behind the name yet or not."""
    for table in (layer._buffers, layer._parameters):
        for key in (f"_{name}", name):
            if key in table:
                return table[key]
    raise AttributeError(name)


def _check_scale(layer: Any, scale: torch.Tensor, shape: tuple[int, ...]) -> None:
    if tuple(scale.shape) != shape:
        raise ValueError(
            f"{type(layer).__name__}: weight_quantizer must give a scale of shape {shape}. "
            f"Received: shape={tuple(scale.shape)}."
        )


class Int8(Mode):
    """An int8 tensor of the weight's shape, and a scale for each output."""

    def build(self, layer: Any, name: str, shape: tuple[int, ...]) -> Variable:
        """Create `name` and `name_scale`."""
        weight = layer._state_variable(name, shape, "int8")
        scale_shape = layer._scale_shape(name, shape)
        layer._state_variable(f"{name}_scale", scale_shape, layer.variable_dtype, "ones")
        return weight

    def encode(self, layer: Any, name: str, value: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return numbers and scale."""
        default = AbsMaxQuantizer(axis=layer._reduced_axes(name))
        numbers, scale = weight_quantizer(layer, default)(value, to_numpy=True)
        scale = layer._as_scale(name, scale)
        _check_scale(layer, scale, layer._scale_shape(name, tuple(value.shape)))
        return numbers, scale

    def pairs(self, layer: Any, name: str, encoded: Any) -> list[tuple[Variable, torch.Tensor]]:
        """Return the two variables with their values."""
        return [(_numbers(layer, name), encoded[0]), (getattr(layer, f"{name}_scale"), encoded[1])]

    def decode(self, layer: Any, name: str) -> torch.Tensor:
        """Return `numbers / scale`."""
        scale = layer._weight_scale(name, getattr(layer, f"{name}_scale"))
        return _numbers(layer, name).to(scale.dtype) / scale

    def numbers(self, layer: Any, name: str) -> torch.Tensor:
        """Return the int8 variable."""
        return _numbers(layer, name)


class Int4(Mode):
    """Bytes of two numbers each, with a scale for each output, or for blocks of its inputs.

    Blocks have a zero point too, and `g_idx` tells the block of each input.
    """

    def build(self, layer: Any, name: str, shape: tuple[int, ...]) -> Variable:
        """Create `name` and `name_scale`; with blocks also `name_zero` and `g_idx`."""
        rows, columns = layer._matrix_shape(name, shape)
        weight = layer._state_variable(name, layer._packed_shape(name, rows, columns), "int8")
        block = block_size(layer)
        dtype = layer.variable_dtype
        if block is None:
            layer._state_variable(f"{name}_scale", (columns,), dtype, "ones")
            return weight
        table = layer._block_shape(name, -(-rows // block), columns)
        layer._state_variable(f"{name}_scale", table, dtype, "ones")
        layer._state_variable(f"{name}_zero", table, layer._zero_dtype(name))
        if "g_idx" not in layer._buffers:
            layer._state_variable("g_idx", (rows,), "float32")
        return weight

    def encode(self, layer: Any, name: str, value: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return bytes and scale; with blocks also the zero points and the block numbers."""
        matrix = layer._to_matrix(name, value)
        block = block_size(layer)
        if block is not None:
            rows = matrix.shape[0]
            # A block that is not full takes part with zeros, even if it is the only one.
            full = torch.nn.functional.pad(matrix, (0, 0, 0, -rows % block))
            numbers, scale, zero = abs_max_quantize_grouped_with_zero_point(
                full, block, to_numpy=True
            )
            blocks = block_indices(rows, block).float()
            tables = [layer._to_table(name, table) for table in (scale, zero)]
            return (layer._pack(name, numbers[:rows]), *tables, blocks)
        form = functools.partial(layer._int4_form, name)
        default = AbsMaxQuantizer(axis=layer._int4_axes(name), value_range=(-8, 7))
        quantizer = weight_quantizer(layer, default)
        numbers, scale = map(form, quantizer(form(matrix), to_numpy=True))
        _check_scale(layer, scale.squeeze(0), (matrix.shape[1],))
        return layer._pack(name, numbers), scale.squeeze(0)

    def pairs(self, layer: Any, name: str, encoded: Any) -> list[tuple[Variable, torch.Tensor]]:
        """Return the variables with their values."""
        names = (f"{name}_scale", f"{name}_zero", "g_idx")
        others = [getattr(layer, n) for n in names[: len(encoded) - 1]]
        return list(zip([_numbers(layer, name), *others], encoded, strict=True))

    def decode(self, layer: Any, name: str) -> torch.Tensor:
        """Return the float weight."""
        return layer._from_matrix(name, self.decode_matrix(layer, name))

    def decode_matrix(self, layer: Any, name: str) -> torch.Tensor:
        """Return the float weight as a matrix of inputs and outputs."""
        numbers = layer._unpack(name, _numbers(layer, name))
        scale = getattr(layer, f"{name}_scale")
        if block_size(layer) is None:
            return numbers.to(scale.dtype) / scale
        scale, zero = layer._to_table(name, scale), layer._to_table(name, self._zero(layer, name))
        index = layer.g_idx.long()
        return (numbers.to(scale.dtype) - zero[index].to(scale.dtype)) * scale[index]

    def _zero(self, layer: Any, name: str) -> torch.Tensor:
        return getattr(layer, f"{name}_zero")

    def numbers(self, layer: Any, name: str) -> torch.Tensor:
        """Return the numbers in the weight's own shape."""
        return layer._from_matrix(name, layer._unpack(name, _numbers(layer, name)))


# suffix, size (None: a number, else as long as the history), first values
_FLOAT8_STATE = (("scale", None, "ones"), ("amax_history", "length", "zeros"))


class Float8(Mode):
    """The float weight, and a scale and a history for inputs, weight and gradients."""

    replaces = False

    def build(self, layer: Any, name: str, shape: tuple[int, ...]) -> None:
        """Create the scales and histories."""
        length = getattr(layer._policy, "amax_history_length", 1024)
        for part in ("inputs", "kernel", "outputs_grad"):
            for suffix, size, first in _FLOAT8_STATE:
                variable = layer.add_weight(
                    name=f"{part}_{suffix}",
                    shape=() if size is None else (length,),
                    dtype="float32",
                    initializer=first,
                    autocast=False,
                    overwrite_with_gradient=True,
                )
                setattr(layer, variable.name, variable)


def block_size(layer: Any) -> int | None:
    """Return how many inputs share a scale, or None for all."""
    found = getattr(layer.quantization_config, "block_size", None)
    if found is None:
        found = getattr(layer._policy, "block_size", None)
    return None if found in (None, -1) else found


def pack(numbers: torch.Tensor, axis: int) -> torch.Tensor:
    """Return two numbers in each byte along an axis."""
    return pack_int4(numbers, axis)[0]


def unpack(packed: torch.Tensor, length: int, axis: int) -> torch.Tensor:
    """Return the numbers of bytes."""
    return unpack_int4(packed, length, axis)
