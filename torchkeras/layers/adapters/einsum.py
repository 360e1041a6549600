"""Adapters of EinsumDense."""

import math
import string
from typing import Any, NamedTuple

import torch

from torchkeras._base.check import received
from torchkeras.layers.adapters.calibrated import Calibrated
from torchkeras.layers.adapters.matrix import MatrixAdapters
from torchkeras.layers.adapters.product import int8_einsum, int8_matmul, straight_through


class Axes(NamedTuple):
    """The letters of an einsum equation, `...` written out."""

    inputs: str
    kernel: str
    outputs: str

    @property
    def equation(self) -> str:
        """The equation of the letters."""
        return f"{self.inputs},{self.kernel}->{self.outputs}"


def read_axes(equation: str, rank: int) -> Axes:
    """Return the letters of an equation whose output has `rank` axes."""
    inputs, rest = equation.replace(" ", "").split(",")
    kernel, outputs = rest.split("->")
    if "..." in equation:
        free = [c for c in string.ascii_letters if c not in equation]
        kept = "".join(free[: rank - len(outputs.replace("...", ""))])
        inputs, outputs = inputs.replace("...", kept), outputs.replace("...", kept)
    return Axes(inputs, kernel, outputs)


class EinsumAdapters(MatrixAdapters):
    """LoRA, int8, int4, float8, GPTQ and AWQ for EinsumDense."""

    _zero_name = "zero_point"

    def _axes(self) -> Axes:
        found = self.__dict__.get("_letters")
        if found is None:
            found = self.__dict__["_letters"] = read_axes(
                self.equation, len(self.full_output_shape)
            )
        return found

    # ------------------------------------------------------------------ products

    def _product(self, x: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
        n = self._contracted
        if not n:
            return torch.einsum(self.equation, x, kernel)
        matrix = kernel.reshape(kernel.shape[:n].numel(), -1)
        y = x.reshape(-1, matrix.shape[0]) @ matrix
        return y.view(*x.shape[: x.ndim - n], *kernel.shape[n:])

    def _low_rank_product(self, x: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        inputs, kernel, outputs = self._axes()
        last = kernel[-1]
        if last not in outputs or last in inputs:
            return self._product(x, a @ b)
        rank = next(c for c in string.ascii_letters if c not in inputs + kernel + outputs)
        between = outputs.replace(last, rank)
        x = torch.einsum(f"{inputs},{kernel[:-1]}{rank}->{between}", x, a)
        return torch.einsum(f"{between},{rank}{last}->{outputs}", x, b)

    def _int8_product(self, x: Any, kernel: Any, scale: Any, quantizer: Any) -> torch.Tensor:
        axes = self._axes()
        numbers, input_scale = quantizer(x.detach(), axis=self._input_axes())
        n = self._contracted
        if n:
            matrix = kernel.reshape(kernel.shape[:n].numel(), -1)
            sums = int8_matmul(numbers.reshape(-1, matrix.shape[0]), matrix)
            sums = sums.view(*x.shape[: x.ndim - n], *kernel.shape[n:])
        else:
            shape = dict(zip(axes.kernel, kernel.shape, strict=True))
            terms = 1
            for axis in axes.kernel:
                terms *= 1 if axis in axes.outputs else shape[axis]
            sums = int8_einsum(axes.equation, terms, numbers, kernel)
        value = sums.to(x.dtype) / (self._over_outputs(axes.inputs, input_scale) * scale)
        decoded = self._weight_scale("kernel", scale)
        return straight_through(x, value, lambda t: self._product(t, kernel.to(t.dtype) / decoded))

    def _input_axes(self) -> tuple[int, ...]:
        inputs, _, outputs = self._axes()
        return tuple(i for i, axis in enumerate(inputs) if axis not in outputs)

    # ------------------------------------------------------------------ scales

    def _over_outputs(self, letters: str, scale: torch.Tensor) -> torch.Tensor:
        """Return a scale whose axes are `letters` with the axes of the output, 1 for others."""
        outputs = self._axes().outputs
        order = [letters.index(a) for a in outputs if a in letters]
        gone = [i for i, a in enumerate(letters) if a not in outputs]
        scale = scale.permute(*order, *gone)
        for _ in gone:
            scale = scale.squeeze(-1)
        return scale[tuple(slice(None) if a in letters else None for a in outputs)]

    def _reduced_axes(self, name: str) -> tuple[int, ...]:
        _, kernel, outputs = self._axes()
        return tuple(i for i, axis in enumerate(kernel) if axis not in outputs)

    def _scale_shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        _, kernel, outputs = self._axes()
        size = dict(zip(kernel, shape, strict=True))
        return tuple(size.get(axis, 1) for axis in outputs)

    def _as_scale(self, name: str, scale: torch.Tensor) -> torch.Tensor:
        return self._over_outputs(self._axes().kernel, scale)

    def _weight_scale(self, name: str, scale: torch.Tensor) -> torch.Tensor:
        """Return a scale over the outputs with the axes of the kernel."""
        _, kernel, outputs = self._axes()
        order = [outputs.index(a) for a in kernel if a in outputs]
        others = [i for i, a in enumerate(outputs) if a not in kernel]
        scale = scale.permute(*order, *others)
        for _ in others:
            scale = scale.squeeze(-1)
        return scale[tuple(slice(None) if a in outputs else None for a in kernel)]

    def _matrix_shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, int]:
        """Return inputs and outputs of the kernel; it is cut into rows as it lies in memory."""
        rows = columns = 1
        for axis in range(len(shape)):
            if axis in self._reduced_axes(name):
                rows *= shape[axis]
            else:
                columns *= shape[axis]
        return rows, columns

    # ------------------------------------------------------------------ GPTQ and AWQ

    def _kernel_axes(self) -> tuple[list[int], list[int]]:
        """Return the kernel's axes that are outputs, and those that are summed over."""
        inputs, kernel, outputs = self._axes()
        kept = [i for i, a in enumerate(kernel) if a in outputs and a not in inputs]
        summed = [i for i, a in enumerate(kernel) if a in inputs and a not in outputs]
        if len(kept) + len(summed) < len(kernel):
            raise NotImplementedError(
                f"EinsumDense: GPTQ and AWQ need a kernel whose axes are either inputs or outputs. "
                f"{received('equation', self.equation)}"
            )
        return kept, summed

    def _calibrated_shape(self, shape: tuple[int, ...]) -> tuple[int, int]:
        kept, summed = self._kernel_axes()
        return math.prod(shape[i] for i in kept), math.prod(shape[i] for i in summed)

    def _to_calibrated(self, kernel: torch.Tensor) -> torch.Tensor:
        kept, summed = self._kernel_axes()
        shape = self._calibrated_shape(tuple(kernel.shape))
        return kernel.permute(*kept, *summed).reshape(shape)

    def _from_calibrated(self, matrix: torch.Tensor) -> torch.Tensor:
        kept, summed = self._kernel_axes()
        shape, order = self._target_shape("kernel"), [*kept, *summed]
        back = [order.index(i) for i in range(len(order))]
        return matrix.reshape([shape[i] for i in order]).permute(back)

    def _input_rows(self, inputs: torch.Tensor) -> torch.Tensor:
        letters, kernel, _ = self._axes()
        summed = [letters.index(kernel[i]) for i in self._kernel_axes()[1]]
        last = list(range(-len(summed), 0))
        columns = math.prod(inputs.shape[i] for i in summed)
        return inputs.movedim(summed, last).reshape(-1, columns)

    def _note_rows(self, mode: Calibrated, rows: int) -> None:
        if not mode.scaled:
            self.gptq_unpacked_column_size = rows
