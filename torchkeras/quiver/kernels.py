"""The weights that make one of a layer's maps or units."""

from typing import Any

import torch
from torch import nn

from torchkeras import layers

MAX_VALUES = 65536

_NAMES = ("pointwise_kernel", "kernel", "weight", "embeddings")
_TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)


def has_kernel(module: nn.Module | None) -> bool:
    """Tell whether `kernel` has something to show of a layer."""
    return _find(module) is not None


def kernel(module: nn.Module | None, index: int) -> dict[str, Any]:
    """Return the weights that make the output number `index` of a layer, as one sees them.

    Raises:
        KeyError: if the layer has no such weights, or not so many outputs.
    """
    found = _find(module)
    if found is None:
        raise KeyError("kernel")
    weight, shape = found  # (outputs, inputs, *spatial)
    if not 0 <= index < weight.shape[0]:
        raise KeyError(index)
    x = weight[index].detach().to("cpu", torch.float32)
    if x.dim() <= 1:
        kind, x = "vector", x.reshape(1, 1, -1)
    elif x.dim() == 2:
        kind, x = "matrix", x[None]
    else:
        kind, x = "kernel", x.reshape(x.shape[0], -1, x.shape[-1])
    count = max(1, min(x.shape[0], MAX_VALUES // max(x[0].numel(), 1)))
    bias = _bias(module, index)
    return {
        "kind": kind,
        "shape": shape,
        "total": x.shape[0],
        "count": count,
        "height": x.shape[1],
        "width": x.shape[2],
        "min": float(x.min()),
        "max": float(x.max()),
        "bias": bias,
        "values": x[:count].flatten()[:MAX_VALUES].tolist(),
    }


def _bias(module: Any, index: int) -> float | None:
    bias = getattr(module, "bias", None)
    if not isinstance(bias, torch.Tensor) or bias.dim() != 1 or index >= len(bias):
        return None
    return float(bias[index].detach())


def _find(module: Any) -> tuple[torch.Tensor, list[int]] | None:
    """Return a layer's weights as (outputs, inputs, *spatial), and their own shape."""
    for name in _NAMES:
        weight = getattr(module, name, None)
        if isinstance(weight, torch.Tensor) and weight.dim() >= 2 and weight.numel():
            break
    else:
        return None
    shape = list(weight.shape)
    if name == "weight":  # torch: (out, in, …), transposed (in, out, …)
        transposed = isinstance(module, nn.modules.conv._ConvTransposeNd)
        return (weight.transpose(0, 1) if transposed else weight), shape
    if name == "embeddings":
        return weight.T, shape  # one unit's value for every token
    if isinstance(module, (layers.DepthwiseConv1D, layers.DepthwiseConv2D)):
        # (…, in, multiplier): output i * multiplier + m
        return weight.movedim((-2, -1), (0, 1)).flatten(0, 1).unsqueeze(1), shape
    if isinstance(module, _TRANSPOSED):  # (…, out, in)
        return weight.movedim((-2, -1), (0, 1)), shape
    if weight.dim() == 2:
        return weight.T, shape
    return weight.movedim((-1, -2), (0, 1)), shape  # (…, in, out)
