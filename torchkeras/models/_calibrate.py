"""GPTQ and AWQ of a model: block after block, with the inputs that samples of data give it."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from torchkeras._base import scope
from torchkeras._base.check import received
from torchkeras.layers.adapters.calibrated import Statistics
from torchkeras.layers.layer import Layer
from torchkeras.quantizers.samples import samples

_CALLER = 7  # frames from a warning to the line that calls `quantize`
_KEYS = ("pre_block_layers", "sequential_blocks")


def structure(model: Any, config: Any) -> tuple[list[Any], list[Any]]:
    """Return the layers before the blocks, and the blocks.

    Raises:
        ValueError: if neither the configuration nor the model states any blocks.
        TypeError: for something else than a dict of lists of layers.
    """
    found = config.quantization_layer_structure
    if found is None:
        found = model.get_quantization_layer_structure(config.mode)
    form = "{'pre_block_layers': [...], 'sequential_blocks': [...]}"
    if found is None:
        raise ValueError(
            f"quantize: mode {config.mode!r} needs to know the blocks of the model, {form}; give "
            "`quantization_layer_structure` in the config, or override the model's "
            "`get_quantization_layer_structure`. Received: None from both."
        )
    lists = [found.get(key, []) for key in _KEYS] if isinstance(found, dict) else [None]
    if not all(
        isinstance(layers, (list, tuple)) and all(isinstance(x, Layer) for x in layers)
        for layers in lists
    ):
        raise TypeError(
            f"quantize: quantization_layer_structure must be {form}, lists of layers. "
            f"{received('quantization_layer_structure', found)}"
        )
    before, blocks = map(list, lists)
    if not blocks:
        raise ValueError(
            "quantize: quantization_layer_structure must have at least one layer in "
            f"'sequential_blocks'. {received('quantization_layer_structure', found)}"
        )
    return before, blocks


def calibrated(blocks: list[Any], layers: list[Any]) -> list[list[Any]]:
    """Return which of the layers each block holds; a layer that several share is the first's."""
    left, found = {id(x) for x in layers}, []
    for block in blocks:
        found.append([x for x in block._walk() if id(x) in left])
        left -= {id(x) for x in found[-1]}
    return found


@torch.no_grad()
def calibrate(
    blocks: list[Any], run_first: list[Any], config: Any, layers: list[list[Any]]
) -> None:
    """Quantize the layers of each block by what runs through them.

    A block sees what the blocks before it return once they are quantized.
    """
    values: list[Any] = samples(
        type(config).__name__,
        config.dataset,
        config.tokenizer,
        config.num_samples,
        config.sequence_length,
    )
    kept = config.from_config(config.get_config())  # a layer keeps neither data nor other layers
    device = next((v.device for block in blocks for v in block.variables), None)
    values = [x.to(device) for x in values]
    with scope.scoped(training=False):
        for layer in run_first:
            values = [_result(layer(x)) for x in values]
        for block, inside in zip(blocks, layers, strict=True):
            with _watched(inside):
                for x in values:
                    block(x)
                for layer in inside:
                    _quantize(layer, kept)
            values = [_result(block(x)) for x in values]


def _quantize(layer: Any, config: Any) -> None:
    if layer.__dict__["_statistics"].largest.any():
        layer.quantize(config=config, type_check=False)  # its type has been checked
    else:
        warnings.warn(
            f"Layer {layer.name!r} stays as it is: no samples reach it.", stacklevel=_CALLER
        )


def _result(outputs: Any) -> Any:
    """Return what goes to the next layer."""
    return outputs[0] if isinstance(outputs, (list, tuple)) else outputs


@contextmanager
def _watched(layers: list[Any]) -> Iterator[None]:
    """Let layers gather the statistics of their inputs."""
    hooks = []
    try:
        for layer in layers:
            layer.__dict__["_statistics"] = Statistics.of(layer)
            hooks.append(layer.register_forward_pre_hook(_note, with_kwargs=True))
        yield
    finally:
        for hook in hooks:
            hook.remove()
        for layer in layers:
            layer.__dict__.pop("_statistics", None)


def _note(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    inputs = args[0] if args else kwargs["inputs"]
    layer.__dict__["_statistics"].add(layer._input_rows(inputs))
