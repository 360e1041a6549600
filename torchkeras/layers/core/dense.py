"""Dense: the fully connected layer."""

from typing import Any

import torch

from torchkeras import activations, constraints, initializers, regularizers
from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.layers.adapters.dense import DenseAdapters
from torchkeras.layers.input_spec import InputSpec
from torchkeras.layers.layer import Layer


@LAYERS.register()
class Dense(DenseAdapters, Layer):
    """Fully connected layer: `activation(inputs @ kernel + bias)`.

    Args:
        units: Size of the output's last dimension.
        activation: Function of the result; None leaves it as it is.
        use_bias: Whether a bias is added.
        kernel_initializer: Initializer of the kernel, of shape `(features, units)`.
        bias_initializer: Initializer of the bias, of shape `(units,)`.
        kernel_regularizer: Penalty on the kernel.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint of the kernel after each step.
        bias_constraint: Constraint of the bias after each step.
        lora_rank, lora_alpha: See `enable_lora`, which `build` then calls.
        quantization_config: Quantizers of a layer with a dtype such as `"int8_from_float32"`.

    Shapes: `(batch, ..., features) -> (batch, ..., units)`.

    Raises:
        ValueError: if `units` is no positive integer, or the input has no last dimension.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Dense(3, activation="relu")(torch.ones(2, 5)).shape
    torch.Size([2, 3])
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            activity_regularizer=activity_regularizer,
            lora_rank=lora_rank,
            lora_alpha=lora_alpha,
            quantization_config=quantization_config,
            **kwargs,
        )
        self.units = check.positive_int("Dense", "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Create the kernel and the bias."""
        features = input_shape[-1]
        if features is None:
            raise ValueError(
                "Dense: the last dimension of the inputs must be known. "
                f"Received: input_shape={input_shape}."
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})

    def call(self, inputs: torch.Tensor, training: bool | None = None) -> torch.Tensor:
        """Return `activation(inputs @ kernel + bias)`."""
        own = self._parameters
        kernel, bias = own.get("kernel"), own.get("bias")
        if kernel is None:  # torch.nn.utils.parametrize puts it elsewhere
            kernel, bias = self.kernel, self.bias
        if inputs.dtype is not kernel.dtype:  # integers, or a mixed policy
            dtype = self._policy.torch_compute_dtype
            inputs, kernel = inputs.to(dtype), kernel.to(dtype)
            bias = None if bias is None else bias.to(dtype)
        if bias is None:
            x = inputs @ kernel
        elif inputs.ndim == 2:
            x = torch.addmm(bias, inputs, kernel)
        else:
            x = torch.nn.functional.linear(inputs, kernel.t(), bias)
        return x if self._activation is None else self._activation(x)

    _same_call = call  # in training and out of it: `training` is for subclasses

    def _refresh(self) -> None:
        self.__dict__["_activation"] = activations.native(self.activation)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return `(..., units)`."""
        return (*input_shape[:-1], self.units)
