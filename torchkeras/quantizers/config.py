"""How a layer is to be quantized: mode and quantizers."""

from typing import Any

from torchkeras._base.check import received
from torchkeras.core.configurable import Configurable
from torchkeras.core.registry import QUANTIZERS
from torchkeras.quantizers.quantizer import AbsMaxQuantizer

_DEFAULT = "default"


@QUANTIZERS.register()
class QuantizationConfig(Configurable):
    """Base of the configurations that `quantize(config=...)` takes.

    Args:
        weight_quantizer: Quantizer of the weights; None: the mode's own.
        activation_quantizer: Quantizer of the inputs; None: they stay floats.

    >>> import torchkeras as keras
    >>> keras.quantizers.Int8QuantizationConfig().mode
    'int8'
    """

    def __init__(self, weight_quantizer: Any = None, activation_quantizer: Any = None) -> None:
        weight_quantizer = QUANTIZERS.get(weight_quantizer)
        if isinstance(activation_quantizer, str) and activation_quantizer == _DEFAULT:
            activation_quantizer = AbsMaxQuantizer()
        activation_quantizer = QUANTIZERS.get(activation_quantizer)
        if weight_quantizer is not None:
            self._check("weight_quantizer", weight_quantizer, True)
        if activation_quantizer is not None:
            self._check("activation_quantizer", activation_quantizer, False)
        self.weight_quantizer = weight_quantizer
        self.activation_quantizer = activation_quantizer

    def _check(self, what: str, quantizer: Any, stored: bool) -> None:
        """Check that the results of a quantizer fit into the type that keeps them."""
        owner = type(self).__name__
        dtype = getattr(quantizer, "output_dtype", None)
        if stored and dtype != "int8":
            raise ValueError(
                f"{owner}: {what} must have output_dtype='int8'. {received('output_dtype', dtype)}"
            )
        low, high = getattr(quantizer, "value_range", (-128, 127))
        if dtype == "int8" and not -128 <= low <= high <= 127:
            raise ValueError(
                f"{owner}: value_range of {what} must be within [-128, 127]. "
                f"{received('value_range', (low, high))}"
            )

    @property
    def mode(self) -> str:
        """Mode of quantization."""
        raise NotImplementedError("QuantizationConfig: `mode` is defined by its subclasses.")

    @staticmethod
    def weight_quantizer_or_default(config: Any, default: Any) -> Any:
        """Return the weight quantizer of a config, or `default` where there is none."""
        found = None if config is None else config.weight_quantizer
        return default if found is None else found

    @staticmethod
    def activation_quantizer_or_default(config: Any, default: Any) -> Any:
        """Return the input quantizer of a config (None: floats), or `default` without config."""
        return default if config is None else config.activation_quantizer


@QUANTIZERS.register()
class Int8QuantizationConfig(QuantizationConfig):
    """Weights in int8, one scale for each output.

    Args:
        weight_quantizer: Quantizer of the weights; None: `AbsMaxQuantizer` along the inputs.
        activation_quantizer: Quantizer of the inputs; `"default"`: `AbsMaxQuantizer` along the
            last axis; None: they stay floats.

    Raises:
        ValueError: for a quantizer whose results do not fit in int8.

    >>> import torchkeras as keras
    >>> layer = keras.layers.Dense(2)
    >>> layer.build((None, 3))
    >>> layer.quantize("int8", config=keras.quantizers.Int8QuantizationConfig())
    >>> layer.kernel.dtype
    torch.int8
    """

    def __init__(self, weight_quantizer: Any = None, activation_quantizer: Any = _DEFAULT) -> None:
        super().__init__(weight_quantizer, activation_quantizer)

    @property
    def mode(self) -> str:
        """`"int8"`."""
        return "int8"


@QUANTIZERS.register()
class Int4QuantizationConfig(QuantizationConfig):
    """Weights in 4 bits, two in a byte.

    Args:
        weight_quantizer: Quantizer of the weights, with `value_range=(-8, 7)`; only without blocks.
        activation_quantizer: Quantizer of the inputs, only without blocks; `"default"`: none.
        block_size: Inputs that share a scale and a zero point for each output; None or -1: one
            scale for each output.

    Raises:
        ValueError: for quantizers together with blocks, or another block size.

    >>> import torchkeras as keras
    >>> keras.quantizers.Int4QuantizationConfig(block_size=64).block_size
    64
    """

    def __init__(
        self,
        weight_quantizer: Any = None,
        activation_quantizer: Any = _DEFAULT,
        block_size: int | None = 128,
    ) -> None:
        owner = "Int4QuantizationConfig"
        if block_size is not None and (block_size < -1 or block_size == 0):
            raise ValueError(
                f"{owner}: block_size must be None, -1 or a positive integer. "
                f"{received('block_size', block_size)}"
            )
        if isinstance(activation_quantizer, str) and activation_quantizer == _DEFAULT:
            activation_quantizer = None
        own = weight_quantizer is not None or activation_quantizer is not None
        if own and block_size not in (None, -1):
            raise ValueError(
                f"{owner}: quantizers of your own need block_size=-1. "
                f"{received('block_size', block_size)}"
            )
        super().__init__(weight_quantizer, activation_quantizer)
        value_range = getattr(self.weight_quantizer, "value_range", (-8, 7))
        if tuple(value_range) != (-8, 7):
            raise ValueError(
                f"{owner}: weight_quantizer must have value_range=(-8, 7). "
                f"{received('value_range', value_range)}"
            )
        self.block_size = block_size

    @property
    def mode(self) -> str:
        """`"int4"`."""
        return "int4"


@QUANTIZERS.register()
class Float8QuantizationConfig(QuantizationConfig):
    """Products of float8 numbers, in training too; there is nothing to choose.

    >>> import torchkeras as keras
    >>> keras.quantizers.Float8QuantizationConfig().mode
    'float8'
    """

    def __init__(self) -> None:
        super().__init__()

    @property
    def mode(self) -> str:
        """`"float8"`."""
        return "float8"
