"""What Dense and EinsumDense share when their kernel is in few bits."""

from typing import Any, ClassVar

import torch

from torchkeras.layers.adapters import calibrated, modes
from torchkeras.layers.adapters.product import Float8Gradient, Float8Input, straight_through
from torchkeras.layers.adapters.quantized import Quantizable


class MatrixAdapters(Quantizable):
    """Adapters of layers that return `activation(product(inputs, kernel) + bias)`.

    A family states the product of floats, that of int8 numbers, and the product with `a @ b`.
    """

    _lora_method = "_lora_call"
    _modes: ClassVar[dict[str, modes.Mode]] = {
        "int8": modes.Int8(),
        "int4": modes.Int4(),
        "float8": modes.Float8(),
        "gptq": calibrated.GPTQ(),
        "awq": calibrated.AWQ(),
    }
    _zero_name = "kernel_zero"  # of the zero points that GPTQ and AWQ find

    def _product(self, x: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def _int8_product(self, x: Any, kernel: Any, scale: Any, quantizer: Any) -> torch.Tensor:
        """Return the product with `kernel / scale`, computed with int8 inputs."""
        raise NotImplementedError

    def _low_rank_product(self, x: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    # ------------------------------------------------------------------ calls

    def _lora_call(self, inputs: torch.Tensor) -> torch.Tensor:
        inputs = self._floats(inputs)
        return self._finished(inputs, self._product(inputs, self._kernel))

    def _int8_call(self, inputs: torch.Tensor) -> torch.Tensor:
        inputs, kernel, scale = self._floats(inputs), self._kernel, self.kernel_scale
        quantizer = self.inputs_quantizer
        if quantizer is None:
            y = self._product(inputs, kernel.to(inputs.dtype)) / scale
        else:
            y = self._int8_product(inputs, kernel, scale, quantizer)
        return self._finished(inputs, y)

    def _int4_call(self, inputs: torch.Tensor) -> torch.Tensor:
        inputs = self._floats(inputs)
        quantizer = self.inputs_quantizer
        if modes.block_size(self) is None:
            y = self._int4_product(inputs, quantizer)
        else:
            kernel = self._modes["int4"].decode(self, "kernel")
            y = self._product(inputs, kernel.to(inputs.dtype))
        return self._finished(inputs, y)

    def _int4_product(self, inputs: torch.Tensor, quantizer: Any) -> torch.Tensor:
        """Return the product with a kernel without blocks; its columns may mix outputs."""
        kernel = self._modes["int4"].decode(self, "kernel")
        if quantizer is None:
            return self._product(inputs, kernel)
        numbers, scale = quantizer(inputs, axis=self._input_axes())
        value = self._product(numbers.to(inputs.dtype) / scale, kernel)
        return straight_through(inputs, value, lambda x: self._product(x, kernel))

    def _input_axes(self) -> Any:
        """Return the axes of the inputs that are summed over."""
        return -1

    def _gptq_call(self, inputs: torch.Tensor) -> torch.Tensor:
        return self._decoded_call(inputs)

    def _awq_call(self, inputs: torch.Tensor) -> torch.Tensor:
        return self._decoded_call(inputs)

    def _decoded_call(self, inputs: torch.Tensor) -> torch.Tensor:
        inputs = self._floats(inputs)
        kernel = self._mode().decode(self, "kernel")
        return self._finished(inputs, self._product(inputs, kernel.to(inputs.dtype)))

    def _float8_call(self, inputs: torch.Tensor, training: bool | None = None) -> torch.Tensor:
        if self.lora_enabled:
            raise NotImplementedError("Currently, float8 products don't support LoRA.")
        x, kernel, training = self._floats(inputs), self.kernel, bool(training)
        x = Float8Input.apply(x, self.inputs_scale, self.inputs_amax_history, training)
        kernel = Float8Input.apply(kernel, self.kernel_scale, self.kernel_amax_history, training)
        y = self._product(x, kernel)
        y = Float8Gradient.apply(y, self.outputs_grad_scale, self.outputs_grad_amax_history)
        if self.bias is not None:
            y = y + self.bias.to(torch.bfloat16).to(y.dtype)
        return y if self._activation is None else self._activation(y)

    # ------------------------------------------------------------------ parts

    def _floats(self, inputs: torch.Tensor) -> torch.Tensor:
        dtype = self._policy.torch_compute_dtype
        return inputs if inputs.dtype is dtype else inputs.to(dtype)

    def _finished(self, inputs: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Add what the update, the bias and the activation make of a product."""
        if self.lora_enabled:
            a, b, share = self._factors()
            y = torch.add(y, self._low_rank_product(inputs, a, b), alpha=share)
        if self.bias is not None:
            y = y + self.bias
        return y if self._activation is None else self._activation(y)

    # ------------------------------------------------------------------ the kernel as a matrix

    def _matrix_shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, int]:
        return shape[0], shape[1]

    def _int4_axes(self, name: str) -> Any:
        return 0

    def _int4_form(self, name: str, matrix: torch.Tensor) -> torch.Tensor:
        """Return the form of a matrix that a quantizer of the user's sees, and back again."""
        return matrix

    def _to_matrix(self, name: str, value: torch.Tensor) -> torch.Tensor:
        return value.reshape(self._matrix_shape(name, tuple(value.shape)))

    def _from_matrix(self, name: str, matrix: torch.Tensor) -> torch.Tensor:
        return matrix.reshape(self._target_shape(name))

    def _packed_shape(self, name: str, rows: int, columns: int) -> tuple[int, int]:
        return rows, -(-columns // 2)

    def _pack(self, name: str, numbers: torch.Tensor) -> torch.Tensor:
        return modes.pack(numbers, 1)

    def _unpack(self, name: str, packed: torch.Tensor) -> torch.Tensor:
        columns = self._matrix_shape(name, self._target_shape(name))[1]
        return modes.unpack(packed, columns, 1)

    def _block_shape(self, name: str, blocks: int, columns: int) -> tuple[int, int]:
        return blocks, columns

    def _to_table(self, name: str, table: torch.Tensor) -> torch.Tensor:
        return table

    def _zero_dtype(self, name: str) -> str:
        return "int8"

    # ------------------------------------------------------------------ GPTQ and AWQ

    def _calibrated_shape(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Return the numbers of outputs and inputs of a kernel."""
        return shape[1], shape[0]

    def _to_calibrated(self, kernel: torch.Tensor) -> torch.Tensor:
        """Return the kernel as a matrix with a row for each output."""
        return kernel.t()

    def _from_calibrated(self, matrix: torch.Tensor) -> torch.Tensor:
        return matrix.t()

    def _input_rows(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs as a matrix with a column for each input of the kernel's matrix."""
        return inputs.reshape(-1, inputs.shape[-1])

    def _note_rows(self, mode: calibrated.Calibrated, rows: int) -> None:
        """Remember what the config has to tell of the kernel's matrix."""
