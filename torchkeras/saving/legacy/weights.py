"""Weights as Keras 1 and 2, Theano and cuDNN laid them out, made those of today's layers.

Keras 1 kept recurrent gates in arrays of their own and, for "th" image ordering, kernels as
(outputs, inputs, rows, columns). Theano convolves where the others correlate, so its kernels are
mirrored. cuDNN's layers keep each gate's kernel transposed, and two biases.

Everything here runs on meta tensors too: a file is compared with a model before any data are read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

Tensors = list[torch.Tensor]


@dataclass(frozen=True)
class Origin:
    """Who wrote a file.

    Args:
        version: Major version of Keras; files that do not tell are of Keras 1.
        backend: What it ran on, if the file tells.
    """

    version: int
    backend: str | None = None


def convert(layer: Any, weights: Tensors, origin: Origin) -> Tensors:
    """Return the weights of a layer without sub-layers in today's layout.

    Args:
        layer: The layer.
        weights: Its weights in the order of the file.
        origin: Who wrote them.

    Returns:
        `weights` itself where nothing is to be done.
    """
    if origin.version >= 3 or not weights:
        return weights
    for cls in type(layer).__mro__:
        method = _METHODS.get(cls.__name__)
        if method is not None:
            return method(layer, weights, origin)
    return weights


def arrays_in_file(layer: Any, count: int, origin: Origin) -> int:
    """Return how many arrays a file of Keras 1 has for a layer that has `count` weights now."""
    if origin.version == 1 and count:
        for cls in type(layer).__mro__:
            if cls.__name__ in _GATES:
                return count * _GATES[cls.__name__]
    return count


# ------------------------------------------------------------------------------- convolutions


def _mirrored(kernel: torch.Tensor) -> torch.Tensor:
    return kernel.flip(tuple(range(kernel.ndim - 2)))


def _convolution(layer: Any, weights: Tensors, origin: Origin) -> Tensors:
    kernel, *rest = weights
    made = kernel
    size = layer.kernel_size
    if origin.version == 1:
        if kernel.ndim == 4 and len(size) == 1:
            made = _conv1d_kernel(layer, kernel)
        # A file that does not tell its version need not be of Keras 1: the shape has to agree.
        elif layer.data_format == "channels_first" and tuple(kernel.shape[2:]) == size:
            made = kernel.permute(*range(2, kernel.ndim), 1, 0)
    if origin.backend == "theano":
        made = _mirrored(made)
    return weights if made is kernel else [made, *rest]


def _conv1d_kernel(layer: Any, kernel: torch.Tensor) -> torch.Tensor:
    """Keras 1 convolved sequences as images of one column; before 1.1 with inputs first."""
    if tuple(kernel.shape[:2]) != (layer.kernel_size[0], 1) or kernel.shape[3] != layer.filters:
        kernel = kernel.permute(2, 3, 1, 0)
    return kernel.squeeze(1)


def _transposed(layer: Any, weights: Tensors, origin: Origin) -> Tensors:
    kernel, *rest = weights
    made = kernel
    if origin.version == 1 and kernel.ndim == 4:
        if layer.data_format == "channels_last" and kernel.shape[3] == layer.filters:
            made = kernel.permute(0, 1, 3, 2)
        elif layer.data_format == "channels_first" and tuple(kernel.shape[2:]) == layer.kernel_size:
            made = kernel.permute(2, 3, 0, 1)
    # Only this one existed on Theano.
    if origin.backend == "theano" and kernel.ndim == 4:
        made = _mirrored(made)
    return weights if made is kernel else [made, *rest]


def _separable(layer: Any, weights: Tensors, origin: Origin) -> Tensors:
    first = origin.version == 1 and layer.data_format == "channels_first"
    if not first or tuple(weights[0].shape[2:]) != layer.kernel_size:
        return weights
    return [w.permute(2, 3, 1, 0) if w.ndim == 4 else w for w in weights]


# ------------------------------------------------------------------------------- recurrent layers


def _joined(weights: Tensors, order: tuple[int, ...]) -> Tensors:
    """Join arrays that come as kernel, recurrent kernel, bias of one gate after the other."""
    return [torch.cat([weights[3 * gate + part] for gate in order], -1) for part in range(3)]


def _lstm(layer: Any, weights: Tensors, origin: Origin) -> Tensors:
    if origin.version == 1 and len(weights) == 12:
        return _joined(weights, (0, 2, 1, 3))  # i, c, f, o -> i, f, c, o
    if len(weights) == 3 and tuple(weights[2].shape) == (8 * layer.units,):
        kernel, recurrent, bias = weights
        return [*_from_cudnn(kernel, recurrent, 4), torch.add(*bias.chunk(2))]
    return weights


def _gru(layer: Any, weights: Tensors, origin: Origin) -> Tensors:
    if origin.version == 1 and len(weights) == 9:
        return _joined(weights, (0, 1, 2))
    flat = (6 * layer.units,)
    if len(weights) == 3 and layer.reset_after and tuple(weights[2].shape) == flat:
        kernel, recurrent, bias = weights
        return [*_from_cudnn(kernel, recurrent, 3), bias.reshape(2, -1)]
    return weights


def _from_cudnn(kernel: torch.Tensor, recurrent: torch.Tensor, gates: int) -> Tensors:
    # The bytes of a gate's (inputs, units) matrix are those of a (units, inputs) one.
    kernels = [k.reshape(k.shape[1], k.shape[0]).T for k in kernel.chunk(gates, 1)]
    return [torch.cat(kernels, 1), torch.cat([r.T for r in recurrent.chunk(gates, 1)], 1)]


def _conv_lstm(layer: Any, weights: Tensors, origin: Origin) -> Tensors:
    made = weights
    if origin.version == 1 and len(weights) == 12:
        if layer.data_format == "channels_first":
            made = [w.permute(2, 3, 1, 0) if w.ndim == 4 else w for w in made]
        made = _joined(made, (0, 2, 1, 3))
    if origin.backend == "theano":
        made = [_mirrored(w) if w.ndim > 2 else w for w in made]
    return made


_METHODS: dict[str, Callable[[Any, Tensors, Origin], Tensors]] = {
    "Conv1D": _convolution,
    "Conv2D": _convolution,
    "Conv3D": _convolution,
    "Conv2DTranspose": _transposed,
    "SeparableConv2D": _separable,
    "LSTM": _lstm,
    "GRU": _gru,
    "ConvLSTM2D": _conv_lstm,
}

_GATES = {"LSTM": 4, "GRU": 3, "ConvLSTM2D": 4}  # how many arrays Keras 1 has for one of today
