"""The modules of torch.nn whose constructor's arguments are not simply their attributes."""

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import nn

_RNN = ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout",
        "bidirectional", "proj_size")  # fmt: skip

# Classes whose signatures are `*args, **kwargs`: the names of their arguments.
NAMES: dict[type, tuple[str, ...]] = {
    nn.LSTM: _RNN,
    nn.GRU: tuple(n for n in _RNN if n != "proj_size"),
    nn.RNN: (*(n for n in _RNN if n != "proj_size"), "nonlinearity"),
    nn.Identity: (),
}


def _children(module: Any) -> dict[str, Any]:
    return {"modules": list(module._modules.items())}  # their order counts


def _attention(m: nn.MultiheadAttention) -> dict[str, Any]:
    names = ("embed_dim", "num_heads", "dropout", "add_zero_attn", "kdim", "vdim", "batch_first")
    return {
        **{n: getattr(m, n) for n in names},
        "bias": m.in_proj_bias is not None,
        "add_bias_kv": m.bias_k is not None,
    }


def _transformer_layer(m: Any) -> dict[str, Any]:
    activation = m.activation
    for name, function in (("relu", F.relu), ("gelu", F.gelu)):
        activation = name if activation is function else activation
    return {
        "d_model": m.self_attn.embed_dim,
        "nhead": m.self_attn.num_heads,
        "dim_feedforward": m.linear1.out_features,
        "dropout": m.dropout.p,
        "activation": activation,
        "layer_norm_eps": m.norm1.eps,
        "batch_first": m.self_attn.batch_first,
        "norm_first": m.norm_first,
        "bias": m.linear1.bias is not None,
    }


def _encoder(m: nn.TransformerEncoder) -> dict[str, Any]:
    names = ("num_layers", "norm", "enable_nested_tensor", "mask_check")
    return {"encoder_layer": m.layers[0], **{n: getattr(m, n) for n in names}}


def _decoder(m: nn.TransformerDecoder) -> dict[str, Any]:
    return {"decoder_layer": m.layers[0], "num_layers": m.num_layers, "norm": m.norm}


def _transformer(m: nn.Transformer) -> dict[str, Any]:
    return {
        "d_model": m.d_model,
        "nhead": m.nhead,
        "batch_first": m.batch_first,
        "custom_encoder": m.encoder,
        "custom_decoder": m.decoder,
    }


def _adaptive_softmax(m: nn.AdaptiveLogSoftmaxWithLoss) -> dict[str, Any]:
    names = ("in_features", "n_classes", "div_value", "head_bias")
    return {**{n: getattr(m, n) for n in names}, "cutoffs": m.cutoffs[:-1]}


ARGUMENTS: dict[type, Callable[[Any], dict[str, Any]]] = {
    nn.Sequential: _children,
    nn.ModuleDict: _children,
    nn.ModuleList: lambda m: {"modules": list(m)},
    nn.MultiheadAttention: _attention,
    nn.TransformerEncoderLayer: _transformer_layer,
    nn.TransformerDecoderLayer: _transformer_layer,
    nn.TransformerEncoder: _encoder,
    nn.TransformerDecoder: _decoder,
    nn.Transformer: _transformer,
    nn.AdaptiveLogSoftmaxWithLoss: _adaptive_softmax,
}
