"""From the arguments of `quantize` to a configuration, and from that to a policy."""

from typing import Any

from torchkeras._base.check import received
from torchkeras.core.quantized_policy import CALIBRATED, MODES
from torchkeras.quantizers.calibration_config import AWQConfig, CalibrationConfig, GPTQConfig
from torchkeras.quantizers.config import (
    Float8QuantizationConfig,
    Int4QuantizationConfig,
    Int8QuantizationConfig,
    QuantizationConfig,
)

_DEFAULTS = {
    "int8": Int8QuantizationConfig,
    "int4": Int4QuantizationConfig,
    "float8": Float8QuantizationConfig,
}
_CONFIGS = {"gptq": GPTQConfig, "awq": AWQConfig}


def resolve(mode: Any, config: Any) -> QuantizationConfig:
    """Return the configuration that the arguments of `quantize` stand for.

    Raises:
        ValueError: for an unknown mode, no mode at all, one that the configuration contradicts, or
            one that needs a configuration.
    """
    if config is not None and not isinstance(config, QuantizationConfig):
        raise ValueError(
            "quantize: config must be an instance of `QuantizationConfig`. "
            f"{received('config', config)}"
        )
    if mode is None and config is None:
        raise ValueError(
            "quantize: give either `mode` or `config`. Received: mode=None, config=None."
        )
    if mode is not None and not (isinstance(mode, str) and mode in MODES):
        raise ValueError(
            f"Invalid quantization mode. Expected one of {MODES}. {received('mode', mode)}"
        )
    if config is None:
        if mode in CALIBRATED:
            raise ValueError(
                f"quantize: mode {mode!r} needs a `{_CONFIGS[mode].__name__}` in `config`. "
                "Received: config=None."
            )
        return _DEFAULTS[mode]()
    if mode is not None and config.mode != mode:
        raise ValueError(
            f"quantize: contradictory arguments. Received: mode={mode!r}, a config with "
            f"mode={config.mode!r}."
        )
    kind = _CONFIGS.get(config.mode)
    if kind is not None and not isinstance(config, kind):
        raise ValueError(
            f"quantize: mode {config.mode!r} needs a `{kind.__name__}` in `config`. "
            f"Received: a {type(config).__name__}."
        )
    return config


def policy_name(config: QuantizationConfig) -> str:
    """Return the first part of the policy's name: `"int8"`, `"int4/128"`, `"gptq/4/128"`."""
    if isinstance(config, CalibrationConfig):
        return config.dtype_policy_string()
    if config.mode == "int4":
        block_size = getattr(config, "block_size", None)
        return f"int4/{-1 if block_size is None else block_size}"
    return config.mode
