"""The forms that GPTQ and AWQ give to weights: which variables, how they are written and read."""

from dataclasses import dataclass
from typing import Any

import torch

from torchkeras.core.variable import Variable
from torchkeras.layers.adapters.attach import stored_weight
from torchkeras.layers.adapters.modes import Mode
from torchkeras.quantizers.awq import awq
from torchkeras.quantizers.gptq import decode, gptq, group_count, nearest
from torchkeras.quantizers.int4 import pack_int4, unpack_int4


@dataclass
class Statistics:
    """What a layer's inputs were like: `x.T @ x`, and the largest absolute values."""

    hessian: torch.Tensor
    largest: torch.Tensor

    @staticmethod
    def of(layer: Any) -> "Statistics":
        """Return the statistics of no inputs yet."""
        inputs = layer._calibrated_shape(layer._target_shape(layer._target))[1]
        zeros = torch.zeros(inputs, device=stored_weight(layer, layer._target).device)
        return Statistics(torch.zeros(inputs, inputs, device=zeros.device), zeros)

    def add(self, rows: torch.Tensor) -> None:
        """Take in a matrix whose rows are inputs."""
        rows = rows.float()
        self.hessian += rows.t() @ rows
        self.largest = torch.maximum(self.largest, rows.abs().amax(0))


class Calibrated(Mode):
    """Unsigned numbers, a row for each output, and a scale and zero point for groups of inputs.

    4-bit numbers lie two in a byte, along the outputs; others in a byte each. A layer tells how
    its weight looks as a matrix of `(outputs, inputs)`.
    """

    scaled = False  # whether there is a number for each input, too, that its weights were times

    def build(self, layer: Any, name: str, shape: tuple[int, ...]) -> Variable:
        """Create the variables; `g_idx` tells the group of each input."""
        rows, columns = layer._calibrated_shape(shape)
        stored = -(-rows // 2) if weight_bits(layer) == 4 else rows
        weight = layer._state_variable(name, (stored, columns), "uint8")
        dtype, table = layer.variable_dtype, (rows, group_count(columns, group_size(layer)))
        layer._state_variable(f"{name}_scale", table, dtype, "ones")
        layer._state_variable(layer._zero_name, table, "uint8")
        if self.scaled:
            layer._state_variable("awq_scales", (columns,), dtype, "ones")
        layer._state_variable("g_idx", (columns,), "float32")
        layer._note_rows(self, rows)
        return weight

    def encode(self, layer: Any, name: str, value: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return the variables' values; without statistics of inputs, numbers are just rounded."""
        matrix = layer._to_calibrated(value)
        if matrix.dtype.itemsize < 4:  # errors are too small for 16 bits
            matrix = matrix.float()
        rounded, *scales = self.rounded(layer, matrix, layer.__dict__.get("_statistics"))
        numbers = rounded.numbers.to(torch.uint8)
        if weight_bits(layer) == 4:
            numbers = pack_int4(numbers.view(torch.int8), 0)[0].view(torch.uint8)
        tables = rounded.scale.to(value.dtype), rounded.zero.to(torch.uint8)
        return (numbers, *tables, *(s.to(value.dtype) for s in scales), rounded.index.float())

    def rounded(self, layer: Any, matrix: torch.Tensor, statistics: Any) -> tuple[Any, ...]:
        """Return the matrix in few bits, and the scales of the inputs if there are any."""
        raise NotImplementedError

    def pairs(self, layer: Any, name: str, encoded: Any) -> list[tuple[Variable, torch.Tensor]]:
        """Return the variables with their values."""
        names = [f"{name}_scale", layer._zero_name, "g_idx"]
        names[2:2] = ["awq_scales"] if self.scaled else []
        variables = [stored_weight(layer, name), *(getattr(layer, n) for n in names)]
        return list(zip(variables, encoded, strict=True))

    def decode(self, layer: Any, name: str) -> torch.Tensor:
        """Return the float weight."""
        scale, zero = getattr(layer, f"{name}_scale"), getattr(layer, layer._zero_name)
        matrix = decode(self._unpacked(layer, name), scale, zero, layer.g_idx.long())
        if self.scaled:
            matrix = matrix / layer.awq_scales
        return layer._from_calibrated(matrix)

    def numbers(self, layer: Any, name: str) -> torch.Tensor:
        """Return the numbers as they are kept, one in a byte."""
        return self._unpacked(layer, name)

    def _unpacked(self, layer: Any, name: str) -> torch.Tensor:
        numbers = stored_weight(layer, name)
        if weight_bits(layer) != 4:
            return numbers
        return unpack_int4(numbers, getattr(layer, f"{name}_scale").shape[0], 0, "uint8")

    def completed(self, layer: Any, store: Any) -> Any:
        """Return a file's entries; zero points, which Keras 3.15 leaves out, are put in."""
        own = layer._stored_variables()
        if len(store) != len(own) - 1:
            return store
        if not getattr(layer.quantization_config, "symmetric", False):
            raise ValueError(
                f"Layer {layer.name!r}: the file has no zero points, which Keras 3.15 does not "
                f"write; only weights of a symmetric GPTQ can be read without. "
                f"Received: {len(store)} variables instead of {len(own)}."
            )
        place = next(i for i, v in enumerate(own) if v.name == layer._zero_name)
        values = [store[str(i)] for i in range(len(store))]
        middle = torch.full_like(own[place], 2 ** (weight_bits(layer) - 1), requires_grad=False)
        values.insert(place, middle)
        return {str(i): value for i, value in enumerate(values)}


class GPTQ(Calibrated):
    """Rounded with regard to the inputs that samples of data gave."""

    def rounded(self, layer: Any, matrix: torch.Tensor, statistics: Any) -> tuple[Any, ...]:
        """Return the matrix in few bits."""
        bits, size, config = weight_bits(layer), group_size(layer), layer.quantization_config
        options = {
            "symmetric": getattr(config, "symmetric", False),
            "per_channel": getattr(config, "per_channel", True),
        }
        if statistics is None:
            return (nearest(matrix, bits, size, **options),)
        return (
            gptq(
                matrix,
                statistics.hessian,
                bits,
                size,
                damping=config.hessian_damping,
                activation_order=config.activation_order,
                **options,
            ),
        )


class AWQ(Calibrated):
    """Rounded after the weights of large inputs were made larger."""

    scaled = True

    def rounded(self, layer: Any, matrix: torch.Tensor, statistics: Any) -> tuple[Any, ...]:
        """Return the matrix in few bits, and what its columns were multiplied with."""
        bits, size = weight_bits(layer), group_size(layer)
        if statistics is None:
            scales = layer.awq_scales.detach().to(matrix.dtype)
            return nearest(matrix * scales, bits, size), scales
        points = layer.quantization_config.num_grid_points
        return awq(matrix, statistics.hessian, statistics.largest, bits, size, points)


def weight_bits(layer: Any) -> int:
    """Return the bits of a weight."""
    return _number(layer, "weight_bits")


def group_size(layer: Any) -> int:
    """Return how many inputs share a scale; -1: all."""
    return _number(layer, "group_size")


def _number(layer: Any, name: str) -> int:
    found = getattr(layer.quantization_config, name, None)
    return getattr(layer._policy, name) if found is None else found
