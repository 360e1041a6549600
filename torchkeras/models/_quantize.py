"""`Model.quantize`: the layers of a model that can be quantized, all or some of them."""

import re
import warnings
from collections.abc import Callable
from typing import Any

from torchkeras._base.check import received
from torchkeras.core.quantized_policy import CALIBRATED
from torchkeras.layers.layer import Layer
from torchkeras.models import _calibrate
from torchkeras.quantizers.resolve import resolve


def _filter(filters: Any) -> Callable[[Layer], bool]:
    """Return the function that tells whether a layer is meant."""
    if filters is None:
        return lambda layer: True
    if callable(filters):
        return filters
    patterns = [filters] if isinstance(filters, str) else filters
    if not isinstance(patterns, (list, tuple)) or not all(isinstance(p, str) for p in patterns):
        raise ValueError(
            "quantize: filters must be a regular expression, a list of them, or a function of a "
            f"layer. {received('filters', filters)}"
        )
    return lambda layer: any(re.search(pattern, layer.name) for pattern in patterns)


def quantize(model: Any, mode: Any, config: Any, filters: Any, type_check: bool) -> None:
    """Quantize the layers of a model that can be; warn of those that cannot and are meant."""
    resolved = resolve(mode, config)
    wanted = _filter(filters)
    if not model.built:
        raise ValueError(
            f"Cannot quantize a layer that isn't yet built. Layer {model.name!r} "
            f"(of type {type(model).__name__!r}) is not built yet."
        )
    meant = []
    for layer in model._walk():
        # A layer made of layers is quantized by them.
        if isinstance(layer, Layer) and not _has_layers(layer) and wanted(layer):
            check = getattr(layer, "_check_quantize", None)
            try:
                if check is None:
                    layer.quantize(mode)
                else:
                    check(mode, type_check, config)
                    meant.append(layer)
            except NotImplementedError as e:
                warnings.warn(str(e), stacklevel=3)
    if resolved.mode in CALIBRATED:
        _calibrated(model, meant, resolved)
        return
    for layer in meant:  # all of them can be: nothing is left half done
        layer.quantize(mode, type_check=type_check, config=config)


def _calibrated(model: Any, meant: list[Any], config: Any) -> None:
    run_first, blocks = _calibrate.structure(model, config)
    inside = _calibrate.calibrated(blocks, meant)
    known = {id(layer) for layers in inside for layer in layers}
    for layer in meant:
        if id(layer) not in known:
            warnings.warn(
                f"Layer {layer.name!r} stays as it is: it is in none of the 'sequential_blocks'.",
                stacklevel=4,
            )
    _calibrate.calibrate(blocks, run_first, config, inside)


def _has_layers(layer: Layer) -> bool:
    return any(isinstance(m, Layer) for m in layer._walk() if m is not layer)
