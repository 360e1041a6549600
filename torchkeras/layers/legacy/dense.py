"""MaxoutDense and Highway: fully connected layers of Keras 1."""

from typing import Any

import torch

from torchkeras import activations, constraints, initializers, regularizers
from torchkeras._base import check
from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers.input_spec import InputSpec
from torchkeras.layers.layer import Layer


class _Weighted(Layer):
    """Base: a kernel and a bias with their initializers, penalties and constraints."""

    def __init__(
        self,
        *,
        use_bias: bool,
        kernel_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any,
        bias_regularizer: Any,
        kernel_constraint: Any,
        bias_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(ndim=2)

    def _features(self, input_shape: Any) -> int:
        features = input_shape[-1]
        if features is None:
            raise ValueError(
                f"{type(self).__name__}: the last dimension of the inputs must be known. "
                f"{received('input_shape', input_shape)}"
            )
        self.input_spec = InputSpec(ndim=2, axes={-1: features})
        return features

    def _kernel(self, name: str, shape: tuple[int, ...]) -> Any:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )

    def _bias(self, name: str, shape: tuple[int, ...], initializer: Any = None) -> Any:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=initializer or self.bias_initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )


@LAYERS.register(module="torchkeras.layers.legacy")
class MaxoutDense(_Weighted):
    """The largest of several linear layers, for each unit (Keras 1).

    Args:
        units: Size of the output's last dimension.
        nb_feature: How many linear layers there are.
        use_bias: Whether they have biases.
        kernel_initializer: Initializer of the kernel, of shape `(nb_feature, features, units)`.
        bias_initializer: Initializer of the bias, of shape `(nb_feature, units)`.
        kernel_regularizer, bias_regularizer: Penalties on them.
        activity_regularizer: Penalty on the output.
        kernel_constraint, bias_constraint: Their constraints after each step.

    Shapes: `(batch, features) -> (batch, units)`.

    Goodfellow et al., 2013, https://arxiv.org/abs/1302.4389

    >>> import torch
    >>> MaxoutDense(3)(torch.ones(2, 5)).shape
    torch.Size([2, 3])
    """

    def __init__(
        self,
        units: int,
        nb_feature: int = 4,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.units = check.positive_int("MaxoutDense", "units", units)
        self.nb_feature = check.positive_int("MaxoutDense", "nb_feature", nb_feature)

    def build(self, input_shape: Any) -> None:
        """Create the kernel and the bias."""
        features = self._features(input_shape)
        self.kernel = self._kernel("kernel", (self.nb_feature, features, self.units))
        self.bias = None
        if self.use_bias:
            self.bias = self._bias("bias", (self.nb_feature, self.units))

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the largest of the products."""
        x = torch.einsum("bi,kiu->bku", inputs, self.kernel)
        return (x if self.bias is None else x + self.bias).amax(1)


@LAYERS.register(module="torchkeras.layers.legacy")
class Highway(_Weighted):
    """`t * activation(x @ kernel + bias) + (1 - t) * x` with `t = sigmoid(x @ gate + b)`.

    Args:
        activation: Function of the transformed part; None leaves it as it is.
        use_bias: Whether there are biases; that of the gate begins at 1.
        kernel_initializer: Initializer of both kernels, of shape `(features, features)`.
        bias_initializer: Initializer of the bias that is not the gate's.
        kernel_regularizer, bias_regularizer: Penalties on them.
        activity_regularizer: Penalty on the output.
        kernel_constraint, bias_constraint: Their constraints after each step.

    Shapes: `(batch, features) -> (batch, features)`.

    Srivastava et al., 2015, https://arxiv.org/abs/1505.00387

    >>> import torch
    >>> Highway()(torch.ones(2, 5)).shape
    torch.Size([2, 5])
    """

    def __init__(
        self,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.activation = activations.get(activation)

    def build(self, input_shape: Any) -> None:
        """Create the kernels and the biases."""
        features = self._features(input_shape)
        self.kernel = self._kernel("kernel", (features, features))
        self.kernel_carry = self._kernel("kernel_carry", (features, features))
        self.bias = self.bias_carry = None
        if self.use_bias:
            self.bias = self._bias("bias", (features,))
            self.bias_carry = self._bias("bias_carry", (features,), initializers.get("ones"))

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the mixture of the inputs and what is made of them."""
        gate, x = inputs @ self.kernel_carry, inputs @ self.kernel
        if self.bias is not None:
            gate, x = gate + self.bias_carry, x + self.bias
        return torch.lerp(inputs, self.activation(x), torch.sigmoid(gate))
