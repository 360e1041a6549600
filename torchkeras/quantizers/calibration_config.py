"""Configurations of the methods that look at data: GPTQ and AWQ."""

from typing import Any, Self

from torchkeras._base.check import one_of, positive_int, received
from torchkeras.core.registry import QUANTIZERS
from torchkeras.quantizers.config import QuantizationConfig


class CalibrationConfig(QuantizationConfig):
    """Base: quantization that is fitted to the inputs which samples of data give the layers."""

    _algorithm: str

    def __init__(
        self,
        dataset: Any,
        tokenizer: Any,
        *,
        weight_bits: int,
        num_samples: int,
        sequence_length: int,
        group_size: int,
        quantization_layer_structure: dict[str, Any] | None,
    ) -> None:
        super().__init__()
        owner = type(self).__name__
        self.dataset = dataset
        self.tokenizer = tokenizer
        self.weight_bits = weight_bits
        self.num_samples = positive_int(owner, "num_samples", num_samples)
        self.sequence_length = positive_int(owner, "sequence_length", sequence_length)
        if group_size != -1 and group_size <= 0:
            raise ValueError(
                f"{owner}: group_size must be -1 or a positive integer. "
                f"{received('group_size', group_size)}"
            )
        self.group_size = group_size
        self.quantization_layer_structure = quantization_layer_structure

    @property
    def mode(self) -> str:
        """Mode of quantization."""
        return self._algorithm

    def dtype_policy_string(self) -> str:
        """Return the mode of the policy that the layers get: `"gptq/4/128"`."""
        return f"{self._algorithm}/{self.weight_bits}/{self.group_size}"

    def _config_overrides(self) -> dict[str, Any]:
        # What a calibration ran on is no part of the model.
        return {"dataset": None, "tokenizer": None, "quantization_layer_structure": None}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the configuration of a config, which holds no data."""
        return cls(**{"dataset": None, "tokenizer": None, **config})


@QUANTIZERS.register()
class GPTQConfig(CalibrationConfig):
    """Weights rounded one input after the other, each error made good by those that follow.

    Args:
        dataset: Iterable of samples: token tensors, or strings for the tokenizer.
        tokenizer: Callable from a string to tokens.
        weight_bits: 2, 3, 4 or 8.
        num_samples: Number of samples that are used.
        per_channel: Whether each output has a scale of its own.
        sequence_length: Tokens of a sample.
        hessian_damping: Share of the mean that is added to the Hessian's diagonal.
        group_size: Inputs that share a scale; -1: all.
        symmetric: Whether 0 stands in the middle of the range.
        activation_order: Whether inputs are taken in the order of their size.
        quantization_layer_structure: `{"pre_block_layers": [...], "sequential_blocks": [...]}`;
            default: what the model's `get_quantization_layer_structure` returns.

    See "GPTQ: Accurate Post-Training Quantization", https://arxiv.org/abs/2210.17323.

    >>> import torchkeras as keras
    >>> keras.quantizers.GPTQConfig(["a text"], str.split, weight_bits=3).dtype_policy_string()
    'gptq/3/128'
    """

    _algorithm = "gptq"

    def __init__(
        self,
        dataset: Any,
        tokenizer: Any,
        *,
        weight_bits: int = 4,
        num_samples: int = 128,
        per_channel: bool = True,
        sequence_length: int = 512,
        hessian_damping: float = 0.01,
        group_size: int = 128,
        symmetric: bool = False,
        activation_order: bool = False,
        quantization_layer_structure: dict[str, Any] | None = None,
    ) -> None:
        one_of("GPTQConfig", "weight_bits", weight_bits, (2, 3, 4, 8))
        if not 0 <= hessian_damping <= 1:
            raise ValueError(
                "GPTQConfig: hessian_damping must be a number in [0, 1]. "
                f"{received('hessian_damping', hessian_damping)}"
            )
        super().__init__(
            dataset,
            tokenizer,
            weight_bits=weight_bits,
            num_samples=num_samples,
            sequence_length=sequence_length,
            group_size=group_size,
            quantization_layer_structure=quantization_layer_structure,
        )
        self.per_channel = per_channel
        self.hessian_damping = hessian_damping
        self.symmetric = symmetric
        self.activation_order = activation_order


@QUANTIZERS.register()
class AWQConfig(CalibrationConfig):
    """Weights rounded after those of large inputs were made larger, and their inputs smaller.

    Args:
        dataset: Iterable of samples: token tensors, or strings for the tokenizer.
        tokenizer: Callable from a string to tokens.
        weight_bits: 4.
        num_samples: Number of samples that are used.
        sequence_length: Tokens of a sample.
        group_size: Inputs that share a scale; -1: all.
        num_grid_points: Number of exponents that are tried.
        quantization_layer_structure: `{"pre_block_layers": [...], "sequential_blocks": [...]}`;
            default: what the model's `get_quantization_layer_structure` returns.

    See "AWQ: Activation-aware Weight Quantization", https://arxiv.org/abs/2306.00978.

    >>> import torchkeras as keras
    >>> keras.quantizers.AWQConfig(["a text"], str.split, group_size=64).dtype_policy_string()
    'awq/4/64'
    """

    _algorithm = "awq"

    def __init__(
        self,
        dataset: Any,
        tokenizer: Any,
        *,
        weight_bits: int = 4,
        num_samples: int = 128,
        sequence_length: int = 512,
        group_size: int = 128,
        num_grid_points: int = 20,
        quantization_layer_structure: dict[str, Any] | None = None,
    ) -> None:
        one_of("AWQConfig", "weight_bits", weight_bits, (4,))
        super().__init__(
            dataset,
            tokenizer,
            weight_bits=weight_bits,
            num_samples=num_samples,
            sequence_length=sequence_length,
            group_size=group_size,
            quantization_layer_structure=quantization_layer_structure,
        )
        self.num_grid_points = positive_int("AWQConfig", "num_grid_points", num_grid_points)
